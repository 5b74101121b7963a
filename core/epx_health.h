/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a substrate's number formats hold what training puts into them: by set of weights, how
 * many codes are zero or at the end of their format.
 *
 * A health is a look at registers and at the states of the mini-batch that was presented last, not
 * a count over time: a run that was stopped and resumed sees the same numbers. */
#ifndef EPX_HEALTH_H
#define EPX_HEALTH_H

#include <stdint.h>

#include "epx_network.h"

/* `of` numbers, of which `zero` are 0 and `full` at either end of their format. */
typedef struct epx_share_t {
  uint64_t of, zero, full;
} epx_share_t;

typedef struct epx_health_layer_t {
  char name[40];          /* "conv0", "dense0 feedback", "readout" */
  int parameter;          /* layer */
  epx_share_t weights;    /* as the products see them */
  double reach;           /* the largest magnitude of a weight, with the bits kept for updates */
  epx_share_t biases;     /* of 0 where the layer has none */
  epx_share_t velocities; /* optimiser's registers */
  epx_share_t updates;    /* of velocities that are not 0: zero where the weight would not move,
                             rounded to nearest; full is 0 */
  double step;            /* rms of those moves, in units of a weight's last bit */
  epx_share_t states;     /* of the layer; full: at the activation's upper end */
  epx_share_t nudges;     /* of pushes that are not 0: zero where the nudge is; last layer only */
} epx_health_layer_t;

enum { EPX_HEALTH_LAYERS = 2 * EPX_MAX_LAYERS };

typedef struct epx_health_t {
  int layers;
  epx_health_layer_t layer[EPX_HEALTH_LAYERS];
} epx_health_t;

/* A part of a share; 0 where there is nothing. */
static inline double epx_share_part(const epx_share_t *share, uint64_t part) {
  return share->of > 0 ? (double)part / (double)share->of : 0.0;
}

#endif
