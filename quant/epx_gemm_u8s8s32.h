/* SPDX-License-Identifier: Apache-2.0 */
/* Integer matrix product C[m][n] = sum over k of A[m][k] * B[k][n]; A unsigned 8 bit, B signed 8
 * bit, C signed 32 bit, exact.
 *
 * A's rows are gathered, so that one kernel serves matrix products and convolutions: row m is the
 * concatenation of `segments` runs of `run` bytes, run j starting at a + row_offset[m] + j *
 * segment_stride (a 3x3 convolution over a zero-bordered channels-last image has segments = 3, run
 * = 3 * channels, segment_stride = bytes of an image row). run must be a multiple of 4; K =
 * segments * run. Exactness: K <= EPX_GEMM_MAX_K, so that 255 * 128 * K < 2^31.
 *
 * B is packed once by epx_pack_s8. The variants (scalar reference, AVX2, AVX-512 VNNI) give the
 * same bits for every shape; the best one that the processor has is chosen at run time, and the
 * environment variable EPX_CPU=scalar|avx2|avx512 forces a lower one (read once). */
#ifndef EPX_GEMM_U8S8S32_H
#define EPX_GEMM_U8S8S32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_GEMM_MAX_K = 65793 };
enum { EPX_GEMM_N_BLOCK = 16 }; /* columns of one packed panel: B and C are padded to a multiple */

/* Columns rounded up to whole panels: the smallest legal ldc. */
static inline int epx_gemm_padded_n(int n) {
  return (n + EPX_GEMM_N_BLOCK - 1) / EPX_GEMM_N_BLOCK * EPX_GEMM_N_BLOCK;
}

/* Bytes of packed B for k (a multiple of 4) rows and n columns. */
size_t epx_pack_s8_size(int k, int n);

/* Packs b (element [k][n] at b[k * k_stride + n * n_stride]) into `packed` (64-byte aligned):
 * panels of 16 columns; within a panel, groups of 4 rows: byte ((panel * k/4 + k/4) * 16 + n) * 4 +
 * k%4. Missing columns of the last panel are zero. */
void epx_pack_s8(const int8_t *b, int k, int n, ptrdiff_t k_stride, ptrdiff_t n_stride,
                 int8_t *packed);

/* C rows are ldc int32 apart (ldc >= epx_gemm_padded_n(n)); the padded columns are written with
 * zeros. A must be readable for exactly the bytes of its runs, not beyond. Never allocates. */
void epx_gemm_u8s8s32(const uint8_t *a, const int32_t *row_offset, int m, int segments, int run,
                      ptrdiff_t segment_stride, const int8_t *packed, int n, int32_t *c,
                      ptrdiff_t ldc);

/* The variants by name, for tests and benchmarks. `available` tells whether this processor has it.
 */
typedef void epx_gemm_u8s8s32_fn(const uint8_t *a, const int32_t *row_offset, int m, int segments,
                                 int run, ptrdiff_t segment_stride, const int8_t *packed, int n,
                                 int32_t *c, ptrdiff_t ldc);
epx_gemm_u8s8s32_fn epx_gemm_u8s8s32_ref;
epx_gemm_u8s8s32_fn epx_gemm_u8s8s32_avx2;
epx_gemm_u8s8s32_fn epx_gemm_u8s8s32_avx512;

#ifdef __cplusplus
}
#endif
#endif
