/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions of bytes on the integer kernels: the product with pooling, its transpose through
 * switched unpooling, and the correlation of both sides. Exact; never allocates.
 *
 * Images are channels last. The image that a convolution reads is bordered: (in_height + 2 padding)
 * rows of (in_width + 2 padding) pixels of epx_conv_pixel() bytes, the channels rounded up to a
 * multiple of 4 (the surplus bytes meet weights 0). Weights are
 * [units][kernel_height][kernel_width] [channels], signed 8 bit. Positions are those after pooling;
 * a position's switch, 0 to 3, is the place in its 2x2 window, row-major. */
#ifndef EPX_CONV_H
#define EPX_CONV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_conv_t {
  int in_height, in_width, channels;
  int kernel_height, kernel_width, stride, padding; /* padding below both kernel sizes */
  int units;
  int pool; /* 1: none; 2: windows of 2x2 in steps of 2, an odd last row or column left out */
} epx_conv_t;

static inline int epx_conv_pixel(const epx_conv_t *c) {
  return (c->channels + 3) / 4 * 4;
}
static inline int epx_conv_pitch(const epx_conv_t *c) { /* bytes of a row of the bordered image */
  return (c->in_width + 2 * c->padding) * epx_conv_pixel(c);
}
static inline int epx_conv_height(const epx_conv_t *c) { /* before pooling */
  return (c->in_height + 2 * c->padding - c->kernel_height) / c->stride + 1;
}
static inline int epx_conv_width(const epx_conv_t *c) {
  return (c->in_width + 2 * c->padding - c->kernel_width) / c->stride + 1;
}
static inline int epx_conv_out_height(const epx_conv_t *c) {
  return epx_conv_height(c) / c->pool;
}
static inline int epx_conv_out_width(const epx_conv_t *c) {
  return epx_conv_width(c) / c->pool;
}
static inline int epx_conv_positions(const epx_conv_t *c) {
  return epx_conv_out_height(c) * epx_conv_out_width(c);
}
static inline int epx_conv_fan_in(const epx_conv_t *c) {
  return c->kernel_height * c->kernel_width * c->channels;
}
/* The fan-in with the pixels' surplus bytes. */
static inline int epx_conv_padded_fan_in(const epx_conv_t *c) {
  return c->kernel_height * c->kernel_width * epx_conv_pixel(c);
}

/* The byte of the bordered image at which the patch of row m of the forward product begins: rows
 * are positions before pooling, window by window. */
static inline int epx_conv_patch_at(const epx_conv_t *c, int m) {
  const int window = c->pool * c->pool, i = m / window, p = m % window;
  const int y = i / epx_conv_out_width(c) * c->pool + p / 2;
  const int x = i % epx_conv_out_width(c) * c->pool + p % 2;
  return c->stride * (y * epx_conv_pitch(c) + x * epx_conv_pixel(c));
}

/* K of the forward product, a multiple of 4: the fan-in with the pixels' surplus bytes, or, where
 * that would be slower (few channels, many positions and units), with those of the patch alone. */
int epx_conv_forward_terms(const epx_conv_t *c);

/* Packs the weights for the forward product: into epx_conv_packed_size() bytes, 64-byte aligned;
 * `buffer` takes epx_conv_pack_buffer_size() bytes. */
size_t epx_conv_packed_size(const epx_conv_t *c);
size_t epx_conv_pack_buffer_size(const epx_conv_t *c);
void epx_conv_pack(const epx_conv_t *c, const int8_t *weights, int8_t *buffer, int8_t *packed);
/* Packs the weights for the transposed product, likewise. */
size_t epx_conv_packed_transpose_size(const epx_conv_t *c);
size_t epx_conv_pack_transpose_buffer_size(const epx_conv_t *c);
void epx_conv_pack_transpose(const epx_conv_t *c, const int8_t *weights, int8_t *buffer,
                             int8_t *packed);

/* Forward product of one image, pooled: out, compact [positions][units], is the largest product of
 * each window and `switches` its place, ties to the first; with pool 1 the products themselves, and
 * switches is not written (may be NULL). `rows` has been filled once by epx_conv_rows
 * (epx_conv_row_count() elements), and serves these functions alone; workspace:
 * epx_conv_forward_workspace_size() bytes for int32. Exact while 255 * 128 * K < 2^31
 * (epx_gemm_u8s8s32.h). */
int epx_conv_row_count(const epx_conv_t *c);
void epx_conv_rows(const epx_conv_t *c, int32_t *rows);
size_t epx_conv_forward_workspace_size(const epx_conv_t *c);
void epx_conv_forward_u8s8s32(const epx_conv_t *c, const uint8_t *image, const int32_t *rows,
                              const int8_t *packed, void *workspace, int32_t *out,
                              uint8_t *switches);
/* The products before pooling, `ld` >= epx_gemm_padded_n(units) elements apart, in the order of
 * epx_conv_patch_at; elements past `units` are zero. Writes no switches, and else as above. */
void epx_conv_products_u8s8s32(const epx_conv_t *c, const uint8_t *image, const int32_t *rows,
                               const int8_t *packed, void *workspace, int32_t *products,
                               ptrdiff_t ld);

/* States of one image where they lie: unit u of position (y, x) at at[y * row_stride + x *
 * pixel_stride + u]; switches compact [positions][units], not read with pool 1. */
typedef struct epx_conv_states_t {
  const uint8_t *at;
  size_t pixel_stride, row_stride;
  const uint8_t *switches;
} epx_conv_states_t;

/* Transposed product: r[in position][channel], rows ld >= epx_gemm_padded_n(channels) apart, is the
 * sum over units and kernel places of weight * state, each state standing at its switch and zero
 * elsewhere. Elements of r past `channels` are unspecified. workspace:
 * epx_conv_transpose_workspace_size() bytes, 64-byte aligned. Exact while 255 * 128 * area * units
 * < 2^31.
 *
 * The states that are not zero are listed first; then either their weights alone are summed
 * (epx_sparse_sum.h), or, where they are so many that it is faster, the unpooled image goes through
 * the dense product. The result is the same. */
size_t epx_conv_transpose_workspace_size(const epx_conv_t *c);
void epx_conv_transpose_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                const int8_t *weights, const int8_t *packed_transpose,
                                void *workspace, int32_t *r, ptrdiff_t ld);

/* The two ways by themselves, for tests and benchmarks. The sparse one takes kernels of up to 1024
 * places and fewer than 2^31 weights; the choice above sends others the dense way. */
void epx_conv_transpose_sparse_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                       const int8_t *weights, void *workspace, int32_t *r,
                                       ptrdiff_t ld);
void epx_conv_transpose_dense_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                      const int8_t *packed_transpose, void *workspace, int32_t *r,
                                      ptrdiff_t ld);

/* Correlation of one image: sum[unit][kernel place][byte of the pixel] += coefficient * sum over
 * positions of post * image byte, post (compact [positions][units]) standing at its switch;
 * post_sum[unit] += coefficient * sum of post. workspace: epx_conv_correlate_workspace_size()
 * bytes, aligned for int32.
 *
 * The 32-bit sums hold epx_conv_correlate_images() images of coefficients up to |coefficient|: the
 * largest n with 255 * 255 * positions * |coefficient| * n < 2^31, which must be at least 1. Before
 * that many, epx_conv_spill moves them to 64 bits. */
size_t epx_conv_correlate_workspace_size(const epx_conv_t *c);
int epx_conv_correlate_images(const epx_conv_t *c, int coefficient);
void epx_conv_correlate_u8u8s32(const epx_conv_t *c, const uint8_t *image, const uint8_t *post,
                                const uint8_t *switches, int coefficient, void *workspace,
                                int32_t *sum, int64_t *post_sum);

/* total[unit][kernel place][channel] += sum - pre_offset * post_sum; post_total += post_sum; clears
 * sum and post_sum. pre_offset: what the image's bytes exceed the codes that they stand for by. */
void epx_conv_spill(const epx_conv_t *c, int pre_offset, int32_t *sum, int64_t *post_sum,
                    int64_t *total, int64_t *post_total);

#ifdef __cplusplus
}
#endif
#endif
