/* SPDX-License-Identifier: Apache-2.0 */
/* What the convolution's files share. Not for callers.
 *
 * A convolution is thin where padding its few channels to 4 would waste more of the forward product
 * than it costs to squeeze the image first. The squeezed image has one row for each row of
 * positions: for each pixel of the bordered width, its column, [kernel_height][channels]. A patch
 * is then one run of kernel_width columns, [kernel_width][kernel_height][channels], and only that
 * is rounded up to 4 bytes: 28 instead of 36 for a 3x3 kernel of 3 channels. The bytes past the run
 * belong to the next column, and meet weights of zero. */
#ifndef EPX_CONV_INTERNAL_H
#define EPX_CONV_INTERNAL_H

#include <stdbool.h>

#include "epx_conv.h"
#include "epx_gemm_u8s8s32.h"

enum { EPX_THIN_PIXEL = 4 }; /* bytes of a pixel of a thin image */

/* By the count of pixel copies of a row of positions against the products of 4 bytes and 16 columns
 * that it spares: both take about a cycle. */
static inline bool epx_conv_thin(const epx_conv_t *c) {
  const int64_t panels = epx_gemm_padded_n(c->units) / EPX_GEMM_N_BLOCK;
  const int64_t spared = epx_conv_padded_fan_in(c) / 4 - (epx_conv_fan_in(c) + 3) / 4;
  const int64_t copies = (int64_t)(c->in_width + 2 * c->padding) * c->kernel_height;
  return c->channels < EPX_THIN_PIXEL && copies < epx_conv_width(c) * spared * panels;
}

/* Bytes of a column, and of a row, of the squeezed image. */
static inline int epx_conv_column(const epx_conv_t *c) {
  return c->kernel_height * c->channels;
}
static inline int epx_conv_squeezed_pitch(const epx_conv_t *c) {
  return (c->in_width + 2 * c->padding) * epx_conv_column(c);
}

#endif
