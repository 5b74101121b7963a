/* SPDX-License-Identifier: Apache-2.0 */
/* Packs the signed operand of the 16-bit matrix products into panels of 16 columns. */
#include <assert.h>

#include "epx_gemm_s16.h"

size_t epx_pack_s16_size(int k, int n) {
  assert(k >= 0 && k % 2 == 0 && n >= 0);
  return sizeof(int16_t) * (size_t)k * (size_t)epx_gemm_padded_n(n);
}

void epx_pack_s16(const int16_t *b, int k, int n, ptrdiff_t k_stride, ptrdiff_t n_stride,
                  int16_t *packed) {
  assert(k >= 0 && k % 2 == 0 && n >= 0);
  for (int panel = 0; panel < n; panel += EPX_GEMM_N_BLOCK) {
    for (int group = 0; group < k; group += 2) {
      for (int column = panel; column < panel + EPX_GEMM_N_BLOCK; column++) {
        for (int i = group; i < group + 2; i++) {
          *packed++ = column < n ? b[i * k_stride + column * n_stride] : (int16_t)0;
        }
      }
    }
  }
}
