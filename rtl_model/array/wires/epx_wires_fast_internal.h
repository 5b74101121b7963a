/* SPDX-License-Identifier: Apache-2.0 */
/* What epx_wires_fast.c sets up and programs, and epx_wires_solve.c iterates with. */
#ifndef EPX_WIRES_FAST_INTERNAL_H
#define EPX_WIRES_FAST_INTERNAL_H

#include "epx_wires_fast.h"
#include "epx_wires_kernel.h"

/* What one thread needs. */
typedef struct epx_wires_scratch_t {
  epx_wires_block_t block;
  double *volts;   /* [inputs][lanes] */
  double *amps[2]; /* [outputs][lanes]: of the newest residual, and the one before */
} epx_wires_scratch_t;

struct epx_wires_fast_t {
  epx_wires_t wires;
  epx_wires_factors_t factors;
  bool programmed;
  double gain;       /* bound on the largest current's error = gain * max|z / u| */
  double full_scale; /* largest sum of a sensed line's conductances */
  int threads;
  epx_wires_scratch_t *scratch; /* [threads] */
  double *memory;               /* all arrays of the above */
};

/* Sets factors.inverse and gain for the programmed cells; gain is infinite where it finds no u. */
void epx_wires_find_bound(epx_wires_fast_t *fast);

#endif
