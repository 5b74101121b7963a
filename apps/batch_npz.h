/* SPDX-License-Identifier: Apache-2.0 */
/* A mini-batch, and a network's parameters, from .npz files. */
#ifndef BATCH_NPZ_H
#define BATCH_NPZ_H

#include <stdint.h>

#include "epx_network.h"
#include "epx_params.h"

typedef struct batch_npz_t {
  int n;
  float *x;        /* [n][C][H][W] */
  uint8_t *labels; /* [n] */
} batch_npz_t;

/* Arrays `x` and `y` of the file. Errors name the file and the array: a shape or type that does not
 * fit the network, a label out of range, a number that is not finite. */
EPX_CHECKED epx_status_t batch_npz_read(const char *path, const epx_network_t *network,
                                        batch_npz_t *batch, epx_error_t *error);
void batch_npz_clear(batch_npz_t *batch);

/* Parameters under their names, or under those with the prefix `param.` (as in checkpoints). */
EPX_CHECKED epx_status_t params_npz_read(const char *path, epx_params_t *params,
                                         epx_error_t *error);

#endif
