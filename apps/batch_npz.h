/* SPDX-License-Identifier: Apache-2.0 */
/* A mini-batch, and a network's parameters, from .npz files. */
#ifndef BATCH_NPZ_H
#define BATCH_NPZ_H

#include <stdint.h>

#include "epx_batch.h"
#include "epx_network.h"
#include "epx_params.h"

typedef struct batch_npz_t {
  int n;
  void *x;           /* [n][C][H][W] */
  epx_dtype_t dtype; /* of x, as in the file: EPX_DTYPE_F32 or EPX_DTYPE_F64 */
  uint8_t *labels;   /* [n] */
} batch_npz_t;

/* Arrays `x` and `y` of the file. Errors name the file and the array: a shape or type that does not
 * fit the network, a label out of range, a number that is not finite. */
EPX_CHECKED epx_status_t batch_npz_read(const char *path, const epx_network_t *network,
                                        batch_npz_t *batch, epx_error_t *error);
/* As a substrate takes it. */
static inline epx_batch_t batch_npz_whole(const batch_npz_t *batch) {
  const epx_batch_t whole = {batch->x, batch->dtype, batch->labels, batch->n, 0, batch->n};
  return whole;
}
void batch_npz_clear(batch_npz_t *batch);

/* Parameters under their names, or under those with the prefix `param.` (as in checkpoints). */
EPX_CHECKED epx_status_t params_npz_read(const char *path, epx_params_t *params,
                                         epx_error_t *error);

#endif
