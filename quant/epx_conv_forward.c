/* SPDX-License-Identifier: Apache-2.0 */
/* The forward product of a convolution in strips of some windows, which are pooled while they lie
 * in the first-level cache: the products before pooling never reach memory. */
#include <string.h>

#include "epx_conv.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_pool.h"

/* Rows of one strip: some 12 KB, whole windows, whole tiles of the product (6 and 12 rows). */
static int strip_rows(int ld) {
  const int rows = 3072 / ld / 12 * 12;
  return rows > 12 ? rows : 12;
}

size_t epx_conv_forward_workspace_size(const epx_conv_t *c) {
  const int ld = epx_gemm_padded_n(c->units);
  return (size_t)strip_rows(ld) * (size_t)ld * sizeof(int32_t);
}

int epx_conv_row_count(const epx_conv_t *c) {
  return epx_conv_positions(c) * c->pool * c->pool;
}

void epx_conv_rows(const epx_conv_t *c, int32_t *rows) {
  for (int y = 0; y < epx_conv_out_height(c); y++) {
    for (int x = 0; x < epx_conv_out_width(c); x++) {
      for (int p = 0; p < c->pool * c->pool; p++) {
        const int cy = y * c->pool + p / 2, cx = x * c->pool + p % 2;
        *rows++ = c->stride * (cy * epx_conv_pitch(c) + cx * epx_conv_pixel(c));
      }
    }
  }
}

void epx_conv_forward_u8s8s32(const epx_conv_t *c, const uint8_t *image, const int32_t *rows,
                              const int8_t *packed, void *workspace, int32_t *out,
                              uint8_t *switches) {
  int32_t *strip = workspace;
  const int ld = epx_gemm_padded_n(c->units), step = strip_rows(ld);
  const int window = c->pool * c->pool, count = epx_conv_row_count(c);
  for (int m = 0; m < count; m += step) {
    const int height = count - m < step ? count - m : step;
    const size_t neuron = (size_t)(m / window) * (size_t)c->units;
    epx_gemm_u8s8s32(image, rows + m, height, c->kernel_height, c->kernel_width * epx_conv_pixel(c),
                     epx_conv_pitch(c), packed, c->units, strip, ld);
    if (window == 4) {
      epx_pool_max_s32(strip, height / 4, ld, c->units, out + neuron, switches + neuron);
      continue;
    }
    for (int i = 0; i < height; i++) {
      memcpy(out + neuron + (size_t)i * (size_t)c->units, strip + (size_t)i * (size_t)ld,
             (size_t)c->units * sizeof *out);
    }
  }
}
