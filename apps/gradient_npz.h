/* SPDX-License-Identifier: Apache-2.0 */
/* States and gradients of one mini-batch from .npz to .npz, for comparison with other programs.
 *
 * Reads the parameters (`conv0.weight` [out][in][k][k], `dense0.weight` [out][in], `.bias`,
 * `.backward`, `readout.weight`; with or without the prefix `param.`) and the batch (`x`
 * [N][C][H][W] float32 or float64, `y` [N] of any integer type). Writes float64 arrays:
 * `state.step1.N`, `state.free.N`, `state.plus.N`, `state.minus.N` (N from 1; [N][C][H][W], dense
 * [N][units]), `loss.free` [N] and `grad.SET.PARAMETER` of the mini-batch mean loss, SET one of
 * symmetric, one_sided, richardson, bptt (over the nudged steps, from the free state) and
 * equilibrium; with unidirectional connections symmetric_same, symmetric_different, bptt and
 * equilibrium. */
#ifndef GRADIENT_NPZ_H
#define GRADIENT_NPZ_H

#include "epx_experiment.h"
#include "epx_status.h"

typedef struct gradient_npz_t {
  const char *params, *batch, *out; /* paths */
  int equilibrium_steps;            /* of BPTT that stands for the equilibrium gradient */
} gradient_npz_t;

/* Runs the golden model of the experiment's precision. */
EPX_CHECKED epx_status_t gradient_npz_run(const epx_experiment_t *experiment,
                                          const gradient_npz_t *request, epx_error_t *error);

#endif
