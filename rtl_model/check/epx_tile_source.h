/* SPDX-License-Identifier: Apache-2.0 */
/* Two sources of a tile's vectors: a training step of the twin, and a generator. The third, a file,
 * is in epx_tile_npz.h. */
#ifndef EPX_TILE_SOURCE_H
#define EPX_TILE_SOURCE_H

#include "epx_tile_vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The training step whose share a tile gets. */
typedef struct epx_tile_step_t {
  epx_tile_place_t place;
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  epx_update_rule_t rule;
  const float *x; /* [images][C][H][W] */
  const uint8_t *labels;
  int images; /* at most the twin's capacity */
} epx_tile_step_t;

/* Runs the step on the twin (its registers change). At the last step of the first nudged phase the
 * tile gets the layer's wordline vectors, the partial sums of the other row blocks and each
 * neuron's bias, feedback and nudge; then the post states of every phase for its local update. What
 * the twin then holds (sums, states, switches, correlations, registers) is what the tile is
 * expected to answer. */
EPX_CHECKED epx_status_t epx_tile_from_twin(epx_substrate_t *twin, const epx_tile_step_t *step,
                                            epx_tile_vectors_t **vectors, epx_error_t *error);

/* A job of `positions` neurons' positions, as many backward positions and correlation terms and an
 * update, drawn from `seed`: codes and registers over the whole of their formats, ends and vectors
 * of zeros more often than chance, vectors repeated within a window (ties in the pool); sums and
 * operands such that neurons reach all states. Partial sums come in where the layer has several row
 * blocks. Nothing is expected: the reference decides. */
EPX_CHECKED epx_status_t epx_tile_random(const epx_tile_setup_t *setup, int positions,
                                         uint64_t seed, epx_tile_vectors_t **vectors,
                                         epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
