/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of a convolution as the two matrix products take them. */
#include <string.h>

#include "epx_conv_internal.h"

static int area(const epx_conv_t *c) {
  return c->kernel_height * c->kernel_width;
}

static int padded_units(const epx_conv_t *c) {
  return (c->units + 3) / 4 * 4;
}

int epx_conv_forward_terms(const epx_conv_t *c) {
  return epx_conv_thin(c) ? (epx_conv_fan_in(c) + 3) / 4 * 4 : epx_conv_padded_fan_in(c);
}

size_t epx_conv_packed_size(const epx_conv_t *c) {
  return epx_pack_s8_size(epx_conv_forward_terms(c), c->units);
}

size_t epx_conv_pack_buffer_size(const epx_conv_t *c) {
  return (size_t)epx_conv_forward_terms(c) * (size_t)c->units;
}

/* Where the product reads the weights of a kernel place, within its unit's terms. */
static size_t place_at(const epx_conv_t *c, int ky, int kx) {
  return epx_conv_thin(c) ? (size_t)(kx * c->kernel_height + ky) * (size_t)c->channels
                          : (size_t)(ky * c->kernel_width + kx) * (size_t)epx_conv_pixel(c);
}

void epx_conv_pack(const epx_conv_t *c, const int8_t *weights, int8_t *buffer, int8_t *packed) {
  const int k = epx_conv_forward_terms(c);
  const size_t channels = (size_t)c->channels;
  memset(buffer, 0, epx_conv_pack_buffer_size(c));
  for (int u = 0; u < c->units; u++) {
    int8_t *unit = buffer + (size_t)u * (size_t)k;
    for (int ky = 0; ky < c->kernel_height; ky++) {
      for (int kx = 0; kx < c->kernel_width; kx++, weights += channels) {
        memcpy(unit + place_at(c, ky, kx), weights, channels);
      }
    }
  }
  epx_pack_s8(buffer, k, c->units, 1, k, packed);
}

size_t epx_conv_packed_transpose_size(const epx_conv_t *c) {
  return epx_pack_s8_size(area(c) * padded_units(c), c->channels);
}

size_t epx_conv_pack_transpose_buffer_size(const epx_conv_t *c) {
  return (size_t)area(c) * (size_t)padded_units(c) * (size_t)c->channels;
}

/* Row (place, unit) of the transposed matrix holds the unit's weights at the kernel place turned by
 * 180 degrees. */
void epx_conv_pack_transpose(const epx_conv_t *c, const int8_t *weights, int8_t *buffer,
                             int8_t *packed) {
  const size_t channels = (size_t)c->channels, fan_in = (size_t)epx_conv_fan_in(c);
  memset(buffer, 0, epx_conv_pack_transpose_buffer_size(c));
  for (int place = 0; place < area(c); place++) {
    for (int u = 0; u < c->units; u++) {
      const size_t row = (size_t)place * (size_t)padded_units(c) + (size_t)u;
      memcpy(buffer + row * channels,
             weights + (size_t)u * fan_in + (size_t)(area(c) - 1 - place) * channels, channels);
    }
  }
  epx_pack_s8(buffer, area(c) * padded_units(c), c->channels, c->channels, 1, packed);
}
