/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_network.h"

#include <stdbool.h>
#include <stdio.h>

static epx_status_t conv_shape(const epx_layer_t *layer, int index, epx_layer_shape_t *shape,
                               epx_error_t *error) {
  if (layer->kernel < 1 || layer->stride < 1 || layer->padding < 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "network.layers[%d]: kernel and stride must be at least 1, padding at least 0",
                    index);
  }
  const int span_height = shape->in_height + 2 * layer->padding - layer->kernel;
  const int span_width = shape->in_width + 2 * layer->padding - layer->kernel;
  if (span_height < 0 || span_width < 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "network.layers[%d]: kernel %d is larger than its padded input of %d x %d",
                    index, layer->kernel, shape->in_height + 2 * layer->padding,
                    shape->in_width + 2 * layer->padding);
  }
  shape->conv_height = span_height / layer->stride + 1;
  shape->conv_width = span_width / layer->stride + 1;
  const int pool = layer->pool == EPX_POOL_NONE ? 1 : 2;
  shape->out_height = shape->conv_height / pool;
  shape->out_width = shape->conv_width / pool;
  if (shape->out_height < 1 || shape->out_width < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "network.layers[%d]: nothing is left after pooling %d x %d by 2", index,
                    shape->conv_height, shape->conv_width);
  }
  shape->fan_in = shape->in_channels * layer->kernel * layer->kernel;
  return EPX_OK;
}

static void dense_shape(epx_layer_shape_t *shape) {
  shape->conv_height = shape->conv_width = shape->out_height = shape->out_width = 1;
  shape->fan_in = shape->in_channels * shape->in_height * shape->in_width;
}

static void set_sizes(epx_layer_shape_t *shape, int units) {
  shape->out_channels = units;
  shape->in_size = (size_t)shape->in_channels * (size_t)shape->in_height * (size_t)shape->in_width;
  shape->out_size = (size_t)units * (size_t)shape->out_height * (size_t)shape->out_width;
  shape->weight_count = (size_t)units * (size_t)shape->fan_in;
}

static epx_status_t check_scalars(const epx_network_t *network, epx_error_t *error) {
  for (int i = 0; i < 3; ++i) {
    if (network->input[i] < 1) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "network.input[%d]: %d; expected at least 1", i,
                      network->input[i]);
    }
  }
  if (network->layer_count < 1 || network->layer_count > EPX_MAX_LAYERS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "network.layers: %d layers; expected 1 to %d",
                    network->layer_count, EPX_MAX_LAYERS);
  }
  if (network->classes < 2 || network->classes > 255) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "network.classes: %d; expected 2 to 255",
                    network->classes);
  }
  return EPX_OK;
}

epx_status_t epx_network_shapes(const epx_network_t *network,
                                epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1], epx_error_t *error) {
  epx_status_t status = check_scalars(network, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_layer_shape_t result[EPX_MAX_LAYERS + 1] = {{0}};
  int channels = network->input[0], height = network->input[1], width = network->input[2];
  for (int l = 0; l <= network->layer_count; ++l) {
    const bool readout = l == network->layer_count;
    if (readout && network->loss != EPX_LOSS_CROSS_ENTROPY) {
      break;
    }
    epx_layer_shape_t *shape = &result[l];
    shape->in_channels = channels;
    shape->in_height = height;
    shape->in_width = width;
    const int units = readout ? network->classes : network->layers[l].units;
    if (units < 1) {
      char key[EPX_LAYER_KEY_SIZE];
      return epx_fail(error, EPX_ERR_ARGUMENT, "%s: %d units; expected at least 1",
                      epx_network_layer_key(network, l, key), units);
    }
    if (readout || network->layers[l].kind == EPX_LAYER_DENSE) {
      dense_shape(shape);
    } else if ((status = conv_shape(&network->layers[l], l, shape, error)) != EPX_OK) {
      return status;
    }
    set_sizes(shape, units);
    channels = shape->out_channels;
    height = shape->out_height;
    width = shape->out_width;
  }
  const epx_layer_shape_t *last = &result[network->layer_count - 1];
  if (network->loss == EPX_LOSS_SQUARED_ERROR && last->out_size != (size_t)network->classes) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "network.layers[%d]: with squared_error the last layer is the output; it has "
                    "%zu units, expected network.classes = %d",
                    network->layer_count - 1, last->out_size, network->classes);
  }
  for (int l = 0; l <= EPX_MAX_LAYERS; ++l) {
    shapes[l] = result[l];
  }
  return EPX_OK;
}

int epx_network_parameter_layers(const epx_network_t *network) {
  return network->layer_count + (network->loss == EPX_LOSS_CROSS_ENTROPY ? 1 : 0);
}

static bool pools(const epx_layer_t *layer) {
  return layer->kind == EPX_LAYER_CONV && layer->pool != EPX_POOL_NONE;
}

epx_pool_t epx_network_pool(const epx_network_t *network) {
  for (int l = 0; l < network->layer_count; ++l) {
    if (pools(&network->layers[l])) {
      return network->layers[l].pool;
    }
  }
  return EPX_POOL_NONE;
}

void epx_network_set_pool(epx_network_t *network, epx_pool_t pool) {
  for (int l = 0; l < network->layer_count; ++l) {
    if (pools(&network->layers[l])) {
      network->layers[l].pool = pool;
    }
  }
}

const char *epx_pool_name(int pool) {
  static const char *const names[] = {"none", "max", "avg"};
  return pool >= 0 && pool < (int)(sizeof names / sizeof names[0]) ? names[pool] : NULL;
}

int epx_network_has_backward(const epx_network_t *network, int layer) {
  return network->connections == EPX_CONNECTIONS_UNIDIRECTIONAL && layer > 0 &&
         layer < network->layer_count;
}

void epx_network_layer_name(const epx_network_t *network, int layer, char name[24]) {
  if (layer >= network->layer_count) {
    snprintf(name, 24, "readout");
    return;
  }
  int index = 0;
  for (int l = 0; l < layer; ++l) {
    index += network->layers[l].kind == network->layers[layer].kind ? 1 : 0;
  }
  snprintf(name, 24, "%s%d", network->layers[layer].kind == EPX_LAYER_CONV ? "conv" : "dense",
           index);
}

const char *epx_network_layer_key(const epx_network_t *network, int layer,
                                  char text[EPX_LAYER_KEY_SIZE]) {
  if (layer >= network->layer_count) {
    snprintf(text, EPX_LAYER_KEY_SIZE, "network.classes (the read-out)");
  } else {
    snprintf(text, EPX_LAYER_KEY_SIZE, "network.layers[%d]", layer);
  }
  return text;
}
