/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of a mini-batch that one process holds.
 *
 * A mini-batch of 64 samples over two processes is {n = 32, first = 0, total = 64} in one of them
 * and {n = 32, first = 32, total = 64} in the other; in one process it is {n = 64, first = 0,
 * total = 64}. Updates scale with the total. */
#ifndef EPX_BATCH_H
#define EPX_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "epx_npz.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_batch_t {
  const void *x;         /* [n][C][H][W] */
  epx_dtype_t dtype;     /* of x: EPX_DTYPE_F32 or EPX_DTYPE_F64 */
  const uint8_t *labels; /* [n] */
  int n;                 /* samples held here, 0 or more */
  int first;             /* place of the first of them in the mini-batch */
  int total;             /* samples of the whole mini-batch */
} epx_batch_t;

/* A whole mini-batch of float32 images. */
static inline epx_batch_t epx_batch_f32(const float *x, const uint8_t *labels, int n) {
  const epx_batch_t batch = {x, EPX_DTYPE_F32, labels, n, 0, n};
  return batch;
}

/* A whole mini-batch of float64 images. */
static inline epx_batch_t epx_batch_f64(const double *x, const uint8_t *labels, int n) {
  const epx_batch_t batch = {x, EPX_DTYPE_F64, labels, n, 0, n};
  return batch;
}

/* Element i of x. */
static inline double epx_batch_value(const epx_batch_t *batch, size_t i) {
  return batch->dtype == EPX_DTYPE_F64 ? ((const double *)batch->x)[i]
                                       : (double)((const float *)batch->x)[i];
}

#ifdef __cplusplus
}
#endif
#endif
