/* SPDX-License-Identifier: Apache-2.0 */
/* Sum of a few rows of a byte matrix, each times a factor:
 *
 *   sum[j] = sum over entries i of factor[i] * rows[base + offset[i] + j],   0 <= j < columns
 *
 * with factors of unsigned 8 bit and sums of signed 32 bit, exact. The entries stand for the
 * elements of a sparse vector that are not zero; where most are zero, this beats the dense product
 * of epx_gemm_u8s8s32.h. Entries come in lists, each with a base of its own (a kernel place of a
 * convolution). A list is padded to a multiple of 4 entries by entries with factor 0 whose row may
 * be read (repeat an offset of the list).
 *
 * Only the bytes of the rows named are read, nothing is allocated, and the variants give the same
 * bits; the best one is chosen at run time (epx_cpu.h). */
#ifndef EPX_SPARSE_SUM_H
#define EPX_SPARSE_SUM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_SPARSE_GROUP = 4,      /* entries of a list: a multiple of this */
  EPX_SPARSE_MAX_S8 = 65793, /* entries of all lists: 255 * 128 * this < 2^31 */
  EPX_SPARSE_MAX_U8 = 33025  /* 255 * 255 * this < 2^31 */
};

typedef struct epx_sparse_list_t {
  ptrdiff_t base;
  const int32_t *offset;
  const uint8_t *factor;
  int count; /* a multiple of EPX_SPARSE_GROUP */
} epx_sparse_list_t;

/* Entries that a list of `count` takes with its padding. */
static inline int epx_sparse_padded(int count) {
  return (count + EPX_SPARSE_GROUP - 1) / EPX_SPARSE_GROUP * EPX_SPARSE_GROUP;
}

/* sum[j] = the sum over signed rows; up to EPX_SPARSE_MAX_S8 entries. */
typedef void epx_sparse_sum_u8s8s32_fn(const int8_t *rows, const epx_sparse_list_t *list, int lists,
                                       int columns, int32_t *sum);
epx_sparse_sum_u8s8s32_fn epx_sparse_sum_u8s8s32;

/* sum[j] += scale * the sum over unsigned rows; up to EPX_SPARSE_MAX_U8 entries. The caller answers
 * for scale * sum, and what is added to it, staying within 32 bits. */
typedef void epx_sparse_sum_u8u8s32_fn(const uint8_t *rows, const epx_sparse_list_t *list,
                                       int lists, int columns, int32_t scale, int32_t *sum);
epx_sparse_sum_u8u8s32_fn epx_sparse_sum_u8u8s32;

/* The variants by name, for tests and benchmarks. */
epx_sparse_sum_u8s8s32_fn epx_sparse_sum_u8s8s32_ref;
epx_sparse_sum_u8s8s32_fn epx_sparse_sum_u8s8s32_avx2;
epx_sparse_sum_u8s8s32_fn epx_sparse_sum_u8s8s32_avx512;
epx_sparse_sum_u8u8s32_fn epx_sparse_sum_u8u8s32_ref;
epx_sparse_sum_u8u8s32_fn epx_sparse_sum_u8u8s32_avx2;
epx_sparse_sum_u8u8s32_fn epx_sparse_sum_u8u8s32_avx512;

#ifdef __cplusplus
}
#endif
#endif
