/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar 16-bit products: what the vector variants must equal. Sums are 64 bits throughout. */
#include "epx_gemm_s16.h"

void epx_gemm_s16_ref(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                      ptrdiff_t segment_stride, const int16_t *packed, int n,
                      epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc) {
  const ptrdiff_t panel_size = (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK;
  for (int row = 0; row < m; row++) {
    for (int first = 0; first < epx_gemm_padded_n(n); first += EPX_GEMM_N_BLOCK) {
      const int16_t *b = packed + first / EPX_GEMM_N_BLOCK * panel_size;
      int64_t sum[EPX_GEMM_N_BLOCK] = {0};
      for (int j = 0; j < segments; j++) {
        const uint16_t *from = a + row_offset[row] + j * segment_stride;
        for (int k = 0; k < run; k += 2, b += 2 * EPX_GEMM_N_BLOCK) {
          const int64_t even = sums.is_signed ? (int16_t)from[k] : from[k];
          const int64_t odd = sums.is_signed ? (int16_t)from[k + 1] : from[k + 1];
          for (int i = 0; i < EPX_GEMM_N_BLOCK; i++) {
            sum[i] += even * b[2 * i] + odd * b[2 * i + 1];
          }
        }
      }
      for (int i = 0; i < EPX_GEMM_N_BLOCK; i++) {
        c[row * ldc + first + i] = sum[i];
      }
    }
  }
}
