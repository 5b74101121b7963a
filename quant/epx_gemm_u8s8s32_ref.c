/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar integer matrix product: what the vector variants must equal, and what runs elsewhere.
 * One row of C and one panel at a time, in the order in which the panel is packed. */
#include "epx_gemm_u8s8s32.h"

/* sum[n] += the four products of one packed group. */
static inline void epx_add_group(int32_t sum[EPX_GEMM_N_BLOCK], const uint8_t a[4],
                                 const int8_t *group) {
  for (int n = 0; n < EPX_GEMM_N_BLOCK; n++) {
    const int8_t *b = group + 4 * n;
    sum[n] += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  }
}

/* The 16 sums of one row of A (starting at `row`) and one panel. */
static void epx_row_panel(const uint8_t *row, int segments, int run, ptrdiff_t segment_stride,
                          const int8_t *panel, int32_t *c) {
  int32_t sum[EPX_GEMM_N_BLOCK] = {0};
  for (int j = 0; j < segments; j++) {
    const uint8_t *segment = row + j * segment_stride;
    for (int k = 0; k < run; k += 4) {
      epx_add_group(sum, segment + k, panel);
      panel += 4 * EPX_GEMM_N_BLOCK;
    }
  }
  for (int n = 0; n < EPX_GEMM_N_BLOCK; n++) {
    c[n] = sum[n];
  }
}

void epx_gemm_u8s8s32_ref(const uint8_t *a, const int32_t *row_offset, int m, int segments, int run,
                          ptrdiff_t segment_stride, const int8_t *packed, int n, int32_t *c,
                          ptrdiff_t ldc) {
  const ptrdiff_t panel_bytes = (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK;
  const int panels = epx_gemm_padded_n(n) / EPX_GEMM_N_BLOCK;
  for (int row = 0; row < m; row++) {
    for (int panel = 0; panel < panels; panel++) {
      epx_row_panel(a + row_offset[row], segments, run, segment_stride,
                    packed + panel * panel_bytes,
                    c + row * ldc + (ptrdiff_t)panel * EPX_GEMM_N_BLOCK);
    }
  }
}
