/* SPDX-License-Identifier: Apache-2.0 */
/* Packs the signed operand of the integer matrix product into panels of 16 columns. */
#include <assert.h>

#include "epx_gemm_u8s8s32.h"

size_t epx_pack_s8_size(int k, int n) {
  assert(k >= 0 && k % 4 == 0 && n >= 0);
  return (size_t)k * (size_t)epx_gemm_padded_n(n);
}

void epx_pack_s8(const int8_t *b, int k, int n, ptrdiff_t k_stride, ptrdiff_t n_stride,
                 int8_t *packed) {
  assert(k >= 0 && k % 4 == 0 && n >= 0);
  for (int panel = 0; panel < n; panel += EPX_GEMM_N_BLOCK) {
    for (int group = 0; group < k; group += 4) {
      for (int column = panel; column < panel + EPX_GEMM_N_BLOCK; column++) {
        for (int i = group; i < group + 4; i++) {
          *packed++ = column < n ? b[i * k_stride + column * n_stride] : (int8_t)0;
        }
      }
    }
  }
}
