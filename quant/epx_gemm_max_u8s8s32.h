/* SPDX-License-Identifier: Apache-2.0 */
/* Integer matrix product of which only the largest of every four rows is kept: a convolution and
 * its 2x2 max pooling in one, whose sums never leave the registers.
 *
 * A, B and their limits are those of epx_gemm_u8s8s32.h, with 4 * windows rows of A. out, compact
 * [windows][n], is the largest product of rows 4 i to 4 i + 3; switches, likewise compact, which of
 * the four it was, ties to the first. Nothing past column n is written. Never allocates. */
#ifndef EPX_GEMM_MAX_U8S8S32_H
#define EPX_GEMM_MAX_U8S8S32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void epx_gemm_max_u8s8s32_fn(const uint8_t *a, const int32_t *row_offset, int windows,
                                     int segments, int run, ptrdiff_t segment_stride,
                                     const int8_t *packed, int n, int32_t *out, uint8_t *switches);
/* For every processor; slow, as the other levels are faster with product and pooling apart. */
epx_gemm_max_u8s8s32_fn epx_gemm_max_u8s8s32_ref;
epx_gemm_max_u8s8s32_fn epx_gemm_max_u8s8s32_avx512;

#ifdef __cplusplus
}
#endif
#endif
