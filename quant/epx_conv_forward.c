/* SPDX-License-Identifier: Apache-2.0 */
/* The forward product of a convolution. With AVX-512 its sums stay in registers until they are
 * pooled; else it goes in strips of some windows, which are pooled while they lie in the
 * first-level cache. Either way the products before pooling never reach memory. A thin image is
 * squeezed first (epx_conv_internal.h), by one row of windows at a time. */
#include <string.h>

#include "epx_conv_internal.h"
#include "epx_cpu.h"
#include "epx_gemm_max_u8s8s32.h"
#include "epx_pool.h"

/* Where the products gather A, and how: the arguments of epx_gemm_u8s8s32. */
typedef struct epx_operand_t {
  const uint8_t *a;
  int segments;
  int run;
  ptrdiff_t segment_stride;
} epx_operand_t;

/* Rows of one strip: some 12 KB, whole windows, whole tiles of the product (6 and 12 rows). */
static int strip_rows(int ld) {
  const int rows = 3072 / ld / 12 * 12;
  return rows > 12 ? rows : 12;
}

static size_t strip_size(const epx_conv_t *c) {
  const int ld = epx_gemm_padded_n(c->units);
  return (size_t)strip_rows(ld) * (size_t)ld;
}

/* Of one row of windows, with what a pixel's and a patch's last 4 bytes reach beyond. */
static size_t squeezed_size(const epx_conv_t *c) {
  return (size_t)c->pool * (size_t)epx_conv_squeezed_pitch(c) + EPX_THIN_PIXEL;
}

size_t epx_conv_forward_workspace_size(const epx_conv_t *c) {
  const size_t strip = strip_size(c) * sizeof(int32_t);
  return epx_conv_thin(c) ? strip + (squeezed_size(c) + 63) / 64 * 64 : strip;
}

/* A thin convolution's rows are those of one row of windows, in the squeezed image. */
int epx_conv_row_count(const epx_conv_t *c) {
  const int positions = epx_conv_thin(c) ? epx_conv_out_width(c) : epx_conv_positions(c);
  return positions * c->pool * c->pool;
}

void epx_conv_rows(const epx_conv_t *c, int32_t *rows) {
  const int count = epx_conv_row_count(c), window = c->pool * c->pool;
  for (int m = 0; m < count; m++) {
    const int p = m % window, x = m / window * c->pool + p % 2;
    rows[m] = epx_conv_thin(c)
                  ? p / 2 * epx_conv_squeezed_pitch(c) + x * c->stride * epx_conv_column(c)
                  : epx_conv_patch_at(c, m);
  }
}

/* One row of the squeezed image. A copy of a whole pixel ends in what the next one overwrites. */
static inline __attribute__((always_inline)) void squeeze_row(const uint8_t *from, size_t pitch,
                                                              int width, int kernel_height,
                                                              size_t channels, uint8_t *to) {
  for (int x = 0; x < width; x++, from += EPX_THIN_PIXEL) {
    for (int k = 0; k < kernel_height; k++, to += channels) {
      memcpy(to, from + (size_t)k * pitch, EPX_THIN_PIXEL);
    }
  }
}

/* The squeezed rows of one row of windows, whose patches begin at `from`. */
static void squeeze(const epx_conv_t *c, const uint8_t *from, uint8_t *to) {
  const size_t pitch = (size_t)epx_conv_pitch(c), channels = (size_t)c->channels;
  const int width = c->in_width + 2 * c->padding;
  for (int p = 0; p < c->pool; p++) {
    if (c->kernel_height == 3) {
      squeeze_row(from, pitch, width, 3, channels, to);
    } else {
      squeeze_row(from, pitch, width, c->kernel_height, channels, to);
    }
    from += (size_t)c->stride * pitch;
    to += epx_conv_squeezed_pitch(c);
  }
  memset(to, 0, EPX_THIN_PIXEL);
}

static void multiply(const epx_conv_t *c, const epx_operand_t *from, const int32_t *rows, int count,
                     const int8_t *packed, int32_t *out, ptrdiff_t ld) {
  epx_gemm_u8s8s32(from->a, rows, count, from->segments, from->run, from->segment_stride, packed,
                   c->units, out, ld);
}

/* `count` rows' products, pooled. */
static void multiply_and_pool(const epx_conv_t *c, const epx_operand_t *from, const int32_t *rows,
                              int count, const int8_t *packed, int32_t *strip, int32_t *out,
                              uint8_t *switches) {
  const int ld = epx_gemm_padded_n(c->units), step = strip_rows(ld);
  const int window = c->pool * c->pool;
  if (window == 4 && epx_cpu_level() == EPX_CPU_AVX512) {
    epx_gemm_max_u8s8s32_avx512(from->a, rows, count / 4, from->segments, from->run,
                                from->segment_stride, packed, c->units, out, switches);
    return;
  }
  if (window == 1 && c->units == ld) {
    multiply(c, from, rows, count, packed, out, ld);
    return;
  }
  for (int m = 0; m < count; m += step) {
    const int height = count - m < step ? count - m : step;
    const size_t neuron = (size_t)(m / window) * (size_t)c->units;
    multiply(c, from, rows + m, height, packed, strip, ld);
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

/* The operand of a thin convolution lies in the workspace, behind the strip. */
static epx_operand_t operand_of(const epx_conv_t *c, const uint8_t *image, void *workspace) {
  if (epx_conv_thin(c)) {
    return (epx_operand_t){.a = (uint8_t *)workspace + strip_size(c) * sizeof(int32_t),
                           .segments = 1,
                           .run = epx_conv_forward_terms(c)};
  }
  return (epx_operand_t){.a = image,
                         .segments = c->kernel_height,
                         .run = c->kernel_width * epx_conv_pixel(c),
                         .segment_stride = epx_conv_pitch(c)};
}

void epx_conv_forward_u8s8s32(const epx_conv_t *c, const uint8_t *image, const int32_t *rows,
                              const int8_t *packed, void *workspace, int32_t *out,
                              uint8_t *switches) {
  uint8_t *squeezed = (uint8_t *)workspace + strip_size(c) * sizeof(int32_t);
  const epx_operand_t from = operand_of(c, image, workspace);
  const int count = epx_conv_row_count(c), height = epx_conv_out_height(c);
  if (!epx_conv_thin(c)) {
    multiply_and_pool(c, &from, rows, count, packed, workspace, out, switches);
    return;
  }
  const size_t down = (size_t)(c->pool * c->stride) * (size_t)epx_conv_pitch(c);
  const size_t neurons = (size_t)epx_conv_out_width(c) * (size_t)c->units;
  for (int y = 0; y < height; y++, image += down, out += neurons) {
    squeeze(c, image, squeezed);
    multiply_and_pool(c, &from, rows, count, packed, workspace, out, switches);
    switches += c->pool > 1 ? neurons : 0;
  }
}

void epx_conv_products_u8s8s32(const epx_conv_t *c, const uint8_t *image, const int32_t *rows,
                               const int8_t *packed, void *workspace, int32_t *products,
                               ptrdiff_t ld) {
  uint8_t *squeezed = (uint8_t *)workspace + strip_size(c) * sizeof(int32_t);
  const epx_operand_t from = operand_of(c, image, workspace);
  const int count = epx_conv_row_count(c), height = epx_conv_out_height(c);
  if (!epx_conv_thin(c)) {
    multiply(c, &from, rows, count, packed, products, ld);
    return;
  }
  const size_t down = (size_t)(c->pool * c->stride) * (size_t)epx_conv_pitch(c);
  for (int y = 0; y < height; y++, image += down, products += count * ld) {
    squeeze(c, image, squeezed);
    multiply(c, &from, rows, count, packed, products, ld);
  }
}
