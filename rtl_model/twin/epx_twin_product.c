/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's forward and backward products, on the kernels of quant/epx_conv.h. */
#include <string.h>

#include "epx_gemm_u8s8s32.h"
#include "epx_twin_internal.h"

int twin_backward_ldc(const twin_layer_t *above) {
  return epx_gemm_padded_n(above->plan->feedback.channels);
}

epx_status_t twin_pack(twin_t *twin, int i, epx_error_t *error) {
  twin_layer_t *layer = &twin->layer[i];
  const epx_geometry_t *g = &layer->plan->g;
  const int64_t zero = layer->plan->zero_code;
  for (int u = 0; u < g->units; ++u) {
    int64_t sum = 0;
    for (int k = 0; k < g->fan_in; ++k) {
      const size_t at = (size_t)u * (size_t)g->fan_in + (size_t)k;
      layer->code[at] = epx_update_visible(layer->shadow[at], twin->plan->chip->shadow_bits,
                                           layer->plan->synapse);
      sum += layer->code[at];
    }
    if (layer->bias != NULL) {
      const int32_t bias =
          epx_neuron_bias(layer->bias[u], twin->plan->chip->bias, layer->plan->fraction);
      layer->offset[u] = (int32_t)(bias - zero * sum * (INT64_C(1) << layer->plan->forward_shift));
    }
  }
  if (layer->array != NULL) {
    return twin_analog_pack(layer, twin->base.stop, error);
  }
  epx_conv_pack(&layer->plan->conv, layer->code, twin->pack_buffer, layer->packed_forward);
  if (layer->plan->role != EPX_ROLE_READOUT && layer->plan->parameter > 0 &&
      epx_plan_back(twin->plan, layer->plan->parameter) == i) {
    epx_conv_pack_transpose(&layer->plan->feedback, layer->code, twin->pack_buffer,
                            layer->packed_backward);
  }
  return EPX_OK;
}

void twin_forward(const twin_t *twin, int i, twin_workspace_t *w, const uint8_t *image,
                  int32_t *out, uint8_t *switches) {
  const twin_layer_t *layer = &twin->layer[i];
  uint8_t *const pooled = layer->plan->window == 4 ? switches : NULL;
  if (i > 0 && w->held != NULL) {
    twin_event_forward(twin, layer, w, image, out, pooled);
  } else if (layer->array != NULL) {
    epx_clips_add(&w->clips[i][0], twin_analog_forward(layer, w, image, out, pooled));
  }
  if (layer->array != NULL) {
    return;
  }
  epx_conv_forward_u8s8s32(&layer->plan->conv, image, layer->forward_rows, layer->packed_forward,
                           w->scratch, out, switches);
}

void twin_backward(const twin_t *twin, int i, twin_workspace_t *w, twin_place_t place,
                   const uint8_t *switches, int32_t *out) {
  const twin_layer_t *layer = &twin->layer[i];
  if (w->held != NULL) {
    twin_event_backward(twin, layer, w, place, switches, out);
  } else if (layer->array != NULL) {
    epx_clips_add(&w->clips[i][1],
                  twin_analog_backward(layer, w, place, switches, out, twin_backward_ldc(layer)));
  }
  if (layer->array != NULL) {
    return;
  }
  const epx_conv_states_t states = {place.at, place.pixel_stride, place.row_stride, switches};
  epx_conv_transpose_u8s8s32(&layer->plan->feedback, &states, layer->code, layer->packed_backward,
                             w->scratch, out, twin_backward_ldc(layer));
}
