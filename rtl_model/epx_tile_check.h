/* SPDX-License-Identifier: Apache-2.0 */
/* The first law, on one tile: the SystemC tile against the twin, bit for bit.
 *
 * One training step of the twin on real images is the stimulus: at the last step of the first
 * nudged phase the tile gets the layer's wordline vectors, the partial sums of the other row blocks
 * and each neuron's bias, feedback and nudge; then the post states of every phase for its local
 * update. What the twin then holds (sums, states, switches, correlations, registers) is what the
 * tile must produce. */
#ifndef EPX_TILE_CHECK_H
#define EPX_TILE_CHECK_H

#include "epx_dynamics.h"
#include "epx_sc_tile.h"
#include "epx_substrate.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_TILE_CHECK_KINDS = 9 };

typedef struct epx_tile_check_row_t {
  const char *name;
  int64_t compared, differing;
} epx_tile_check_row_t;

typedef struct epx_tile_check_t {
  epx_tile_check_row_t rows[EPX_TILE_CHECK_KINDS];
  int64_t compared, differing;
  char first_difference[160];           /* in words; empty where all agree */
  epx_events_t events, expected_events; /* counted by SystemC, and the closed form */
  uint64_t cycles, expected_cycles;
} epx_tile_check_t;

/* What to check and under which training step. */
typedef struct epx_tile_check_request_t {
  int layer, row_block, column_block; /* a state layer's tile */
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  epx_update_rule_t rule;
  const float *x; /* [images][C][H][W] */
  const uint8_t *labels;
  int images;           /* at most the twin's capacity */
  const char *vcd_path; /* NULL: no waveform */
} epx_tile_check_request_t;

/* Runs the step on the twin (its registers change) and the tile. EPX_OK also where values differ:
 * look at `differing`. EPX_ERR_ARGUMENT for a tile that does not exist. */
EPX_CHECKED epx_status_t epx_tile_check_run(epx_substrate_t *twin,
                                            const epx_tile_check_request_t *request,
                                            epx_tile_check_t *check, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
