/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's forward and backward products. Both are one gathered u8 x s8 matrix product: forward
 * over the bordered image of a layer's input, backward (the transpose) over the bordered image in
 * which every state stands at its switch, with the kernel turned by 180 degrees. */
#include <string.h>

#include "epx_clones.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_twin_internal.h"

int twin_backward_ldc(const twin_layer_t *above) {
  return epx_gemm_padded_n(above->dense ? above->g.fan_in : above->g.in_channels);
}

void twin_make_rows(twin_layer_t *layer) {
  const epx_geometry_t *g = &layer->g;
  int m = 0;
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x) {
      for (int p = 0; p < layer->window; ++p) {
        int cy, cx;
        epx_geometry_unpool(g, y, x, p, &cy, &cx);
        layer->forward_rows[m++] = cy * twin_image_pitch(layer) + cx * layer->padded_channels;
      }
    }
  }
  for (int y = 0; !layer->dense && y < g->in_height; ++y) {
    for (int x = 0; x < g->in_width; ++x) {
      layer->backward_rows[y * g->in_width + x] =
          y * twin_unpooled_pitch(layer) + x * layer->padded_units;
    }
  }
}

static void pack_forward(twin_t *twin, twin_layer_t *layer) {
  const epx_geometry_t *g = &layer->g;
  const int area = g->kernel_height * g->kernel_width, rows = twin_padded_fan_in(layer);
  memset(twin->pack_buffer, 0, (size_t)rows * (size_t)g->units);
  for (int u = 0; u < g->units; ++u) {
    for (int a = 0; a < area; ++a) {
      memcpy(twin->pack_buffer + (size_t)u * (size_t)rows + (size_t)(a * layer->padded_channels),
             layer->code + (size_t)u * (size_t)g->fan_in + (size_t)(a * g->in_channels),
             (size_t)g->in_channels);
    }
  }
  epx_pack_s8(twin->pack_buffer, rows, g->units, 1, rows, layer->packed_forward);
}

/* Row (ky, kx, u) of the backward product holds the weights of unit u at the turned kernel place.
 */
static void pack_backward(twin_t *twin, twin_layer_t *layer) {
  const epx_geometry_t *g = &layer->g;
  const int area = layer->dense ? 1 : g->kernel_height * g->kernel_width;
  const int columns = layer->dense ? g->fan_in : g->in_channels;
  const size_t rows = (size_t)area * (size_t)layer->padded_units;
  memset(twin->pack_buffer, 0, rows * (size_t)columns);
  for (int a = 0; a < area; ++a) {
    for (int u = 0; u < g->units; ++u) {
      memcpy(twin->pack_buffer +
                 ((size_t)a * (size_t)layer->padded_units + (size_t)u) * (size_t)columns,
             layer->code + (size_t)u * (size_t)g->fan_in + (size_t)((area - 1 - a) * columns),
             (size_t)columns);
    }
  }
  epx_pack_s8(twin->pack_buffer, (int)rows, columns, columns, 1, layer->packed_backward);
}

void twin_pack(twin_t *twin, int l) {
  twin_layer_t *layer = &twin->layer[l];
  const epx_geometry_t *g = &layer->g;
  const int64_t input_offset = l == 0 ? INT64_C(1) << (epx_qformat_bits(twin->chip.input) - 1) : 0;
  for (int u = 0; u < g->units; ++u) {
    int64_t sum = 0;
    for (int k = 0; k < g->fan_in; ++k) {
      const size_t i = (size_t)u * (size_t)g->fan_in + (size_t)k;
      layer->code[i] = epx_update_visible(layer->shadow[i], twin->chip.shadow_bits, layer->synapse);
      sum += layer->code[i];
    }
    const int64_t bias = epx_round_shift(
        layer->bias[u], twin->chip.bias.fraction_bits - layer->fraction, EPX_ROUND_NEAREST_EVEN, 0);
    layer->offset[u] = (int32_t)(epx_saturate(bias, -(1 << 28), 1 << 28) -
                                 input_offset * sum * (INT64_C(1) << layer->forward_shift));
  }
  pack_forward(twin, layer);
  if (l > 0 && l < twin->layers) {
    pack_backward(twin, layer);
  }
}

/* Pools windows of 4 rows of the strip; ties go to the first. */
EPX_CLONES static void pool_windows(const int32_t *restrict strip, int windows, int ldc, int units,
                                    int32_t *restrict out, uint8_t *restrict switches) {
  for (int w = 0; w < windows; ++w, out += units, switches += units) {
    const int32_t *a = strip + (size_t)w * 4 * (size_t)ldc;
    const int32_t *b = a + ldc, *c = b + ldc, *d = c + ldc;
    for (int u = 0; u < units; ++u) {
      const int32_t ab = b[u] > a[u] ? b[u] : a[u], cd = d[u] > c[u] ? d[u] : c[u];
      const int32_t first = b[u] > a[u] ? 1 : 0, second = d[u] > c[u] ? 3 : 2;
      out[u] = cd > ab ? cd : ab;
      switches[u] = (uint8_t)(cd > ab ? second : first);
    }
  }
}

void twin_forward(const twin_layer_t *layer, const uint8_t *image, int32_t *strip, int32_t *out,
                  uint8_t *switches) {
  const epx_geometry_t *g = &layer->g;
  const int ldc = epx_gemm_padded_n(g->units);
  const int run = g->kernel_width * layer->padded_channels;
  const int rows = g->out_height * g->out_width * layer->window;
  const int step = twin_strip_rows(ldc);
  for (int m = 0; m < rows; m += step) {
    const int count = rows - m < step ? rows - m : step;
    epx_gemm_u8s8s32(image, layer->forward_rows + m, count, g->kernel_height, run,
                     twin_image_pitch(layer), layer->packed_forward, g->units, strip, ldc);
    const size_t neuron = (size_t)(m / layer->window) * (size_t)g->units;
    if (layer->window == 4) {
      pool_windows(strip, count / 4, ldc, g->units, out + neuron, switches + neuron);
      continue;
    }
    for (int i = 0; i < count; ++i) {
      memcpy(out + neuron + (size_t)(i * g->units), strip + (size_t)(i * ldc),
             (size_t)g->units * sizeof *out);
    }
  }
}

EPX_CLONES static void place(const uint8_t *restrict state, const uint8_t *restrict switches,
                             int at, int units, uint8_t *restrict out) {
  for (int u = 0; u < units; ++u) {
    out[u] = switches[u] == at ? state[u] : 0;
  }
}

void twin_unpool(const twin_layer_t *layer, const uint8_t *state, size_t pixel_stride,
                 size_t row_stride, const uint8_t *switches, uint8_t *unpooled) {
  const epx_geometry_t *g = &layer->g;
  const int pitch = twin_unpooled_pitch(layer);
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x, switches += g->units) {
      const uint8_t *from = state + (size_t)y * row_stride + (size_t)x * pixel_stride;
      if (layer->window == 1) {
        memcpy(unpooled + (size_t)(y + layer->border) * (size_t)pitch +
                   (size_t)((x + layer->border) * layer->padded_units),
               from, (size_t)g->units);
        continue;
      }
      for (int p = 0; p < 4; ++p) {
        int cy, cx;
        epx_geometry_unpool(g, y, x, p, &cy, &cx);
        place(from, switches, p, g->units,
              unpooled + (size_t)(cy + layer->border) * (size_t)pitch +
                  (size_t)((cx + layer->border) * layer->padded_units));
      }
    }
  }
}

void twin_backward(const twin_layer_t *layer, const uint8_t *unpooled, int32_t *out) {
  const epx_geometry_t *g = &layer->g;
  const int ldc = twin_backward_ldc(layer);
  if (layer->dense) {
    const int32_t row = 0;
    epx_gemm_u8s8s32(unpooled, &row, 1, 1, layer->padded_units, 0, layer->packed_backward,
                     g->fan_in, out, ldc);
    return;
  }
  epx_gemm_u8s8s32(unpooled, layer->backward_rows, g->in_height * g->in_width, g->kernel_height,
                   g->kernel_width * layer->padded_units, twin_unpooled_pitch(layer),
                   layer->packed_backward, g->in_channels, out, ldc);
}
