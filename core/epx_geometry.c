/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_geometry.h"

epx_geometry_t epx_geometry_of(const epx_network_t *network, const epx_layer_shape_t *shapes,
                               int layer) {
  const epx_layer_shape_t *shape = &shapes[layer];
  epx_geometry_t g = {
      .in_height = shape->in_height,
      .in_width = shape->in_width,
      .in_channels = shape->in_channels,
      .kernel_height = shape->in_height,
      .kernel_width = shape->in_width,
      .stride = 1,
      .padding = 0,
      .conv_height = shape->conv_height,
      .conv_width = shape->conv_width,
      .out_height = shape->out_height,
      .out_width = shape->out_width,
      .units = shape->out_channels,
      .pool = EPX_POOL_NONE,
      .fan_in = shape->fan_in,
      .in_size = shape->in_size,
      .out_size = shape->out_size,
  };
  if (layer < network->layer_count && network->layers[layer].kind == EPX_LAYER_CONV) {
    const epx_layer_t *conv = &network->layers[layer];
    g.kernel_height = g.kernel_width = conv->kernel;
    g.stride = conv->stride;
    g.padding = conv->padding;
    g.pool = conv->pool;
  }
  return g;
}
