/* SPDX-License-Identifier: Apache-2.0 */
/* The product with its maximum, put together from the scalar product and the scalar pooling. */
#include "epx_gemm_max_u8s8s32.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_pool.h"

void epx_gemm_max_u8s8s32_ref(const uint8_t *a, const int32_t *row_offset, int windows,
                              int segments, int run, ptrdiff_t segment_stride, const int8_t *packed,
                              int n, int32_t *out, uint8_t *switches) {
  const ptrdiff_t panel_bytes = (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK;
  for (int i = 0; i < windows; i++, row_offset += 4, out += n, switches += n) {
    for (int column = 0; column < n; column += EPX_GEMM_N_BLOCK) {
      const int width = n - column < EPX_GEMM_N_BLOCK ? n - column : EPX_GEMM_N_BLOCK;
      int32_t sum[4 * EPX_GEMM_N_BLOCK];
      epx_gemm_u8s8s32_ref(a, row_offset, 4, segments, run, segment_stride,
                           packed + column / EPX_GEMM_N_BLOCK * panel_bytes, width, sum,
                           EPX_GEMM_N_BLOCK);
      epx_pool_max_s32_ref(sum, 1, EPX_GEMM_N_BLOCK, width, out + column, switches + column);
    }
  }
}
