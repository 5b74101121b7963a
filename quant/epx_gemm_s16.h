/* SPDX-License-Identifier: Apache-2.0 */
/* Integer matrix products of 16-bit operands, for states of 9 to 16 bits: C[m][n] = sum over k of
 * A[m][k] * B[k][n]; A unsigned or signed 16 bit, B signed 16 bit, C signed 64 bit, exact for every
 * K that int holds.
 *
 * Rows of A are gathered as in epx_gemm_u8s8s32.h, with offsets and strides in elements: row m is
 * the concatenation of `segments` runs of `run` elements (a multiple of 2), run j starting at
 * a + row_offset[m] + j * segment_stride. B is packed once by epx_pack_s16.
 *
 * The caller states bounds, max_a >= |a| and max_b >= |b|, on which correctness rests and which
 * choose the sums. One 32-bit lane takes two products a step, at most 2 * max_a * max_b.
 *
 *   direct: max_a <= 32767 (32768 if signed) and at least 16 steps fit 32 bits. 32-bit sums, moved
 *           to 64 bits every floor((2^31 - 1) / (2 max_a max_b)) steps; where K * max_a * max_b <
 *           2^31 that is once, at the end. (15-bit states by 8-bit weights: 256 steps.)
 *   split:  otherwise. The bytes of a are multiplied apart, at half the speed: one step adds at
 * most 2 * 255 * 32768 < 2^24, so that 128 steps fit 32 bits.
 *
 * Variants, dispatch and EPX_CPU are those of epx_gemm_u8s8s32.h. */
#ifndef EPX_GEMM_S16_H
#define EPX_GEMM_S16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_gemm_u8s8s32.h" /* EPX_GEMM_N_BLOCK, epx_gemm_padded_n */

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of packed B for k (a multiple of 2) rows and n columns. */
size_t epx_pack_s16_size(int k, int n);

/* Packs b (element [k][n] at b[k * k_stride + n * n_stride]) into `packed` (64-byte aligned):
 * panels of 16 columns; within a panel, groups of 2 rows: element ((panel * k/2 + k/2) * 16 + n) *
 * 2 + k%2. Missing columns of the last panel are zero. */
void epx_pack_s16(const int16_t *b, int k, int n, ptrdiff_t k_stride, ptrdiff_t n_stride,
                  int16_t *packed);

/* Rows of C are ldc int64 apart (ldc >= epx_gemm_padded_n(n)); padded columns are written with
 * zeros. Only the elements of the runs are read; nothing is allocated. */
void epx_gemm_u16s16s64(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                        ptrdiff_t segment_stride, const int16_t *packed, int n, int max_a,
                        int max_b, int64_t *c, ptrdiff_t ldc);
void epx_gemm_s16s16s64(const int16_t *a, const int32_t *row_offset, int m, int segments, int run,
                        ptrdiff_t segment_stride, const int16_t *packed, int n, int max_a,
                        int max_b, int64_t *c, ptrdiff_t ldc);

/* How the sums are kept; see above. */
typedef struct epx_gemm_s16_sums_t {
  bool is_signed; /* A */
  bool split;
  int period; /* steps of two k between moves to 64 bits */
} epx_gemm_s16_sums_t;
epx_gemm_s16_sums_t epx_gemm_s16_sums(bool is_signed, int max_a, int max_b);

/* The variants by name, for tests and benchmarks; A as bits. */
typedef void epx_gemm_s16_fn(const uint16_t *a, const int32_t *row_offset, int m, int segments,
                             int run, ptrdiff_t segment_stride, const int16_t *packed, int n,
                             epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc);
epx_gemm_s16_fn epx_gemm_s16_ref;
epx_gemm_s16_fn epx_gemm_s16_avx2;
epx_gemm_s16_fn epx_gemm_s16_avx512;

#ifdef __cplusplus
}
#endif
#endif
