/* SPDX-License-Identifier: Apache-2.0 */
/* Description of a convergent network: shapes, pooling, loss, activation. Plain data.
 *
 * Layers are numbered from 0 here; layer l holds the states s^(l+1) of docs (s^0 is the input).
 * With cross-entropy a read-out of `classes` rows follows the last layer and is not a state; with
 * squared error the last layer is the output and must have `classes` units.
 * Source: Laborieux et al., Front. Neurosci. 2021. */
#ifndef EPX_NETWORK_H
#define EPX_NETWORK_H

#include <stddef.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_MAX_LAYERS = 16 };

typedef enum epx_layer_kind_t { EPX_LAYER_CONV, EPX_LAYER_DENSE } epx_layer_kind_t;
typedef enum epx_pool_t { EPX_POOL_NONE, EPX_POOL_MAX, EPX_POOL_AVG } epx_pool_t;
typedef enum epx_loss_t { EPX_LOSS_SQUARED_ERROR, EPX_LOSS_CROSS_ENTROPY } epx_loss_t;
typedef enum epx_activation_t {
  EPX_ACTIVATION_HARD_SIGMOID_HALF, /* clamp(v/2, 0, 1) */
  EPX_ACTIVATION_HARD_SIGMOID,      /* clamp(v, 0, 1) */
  EPX_ACTIVATION_SIGMOID,           /* 1 / (1 + exp(-4 (v - 1/2))) */
  EPX_ACTIVATION_TANH
} epx_activation_t;

typedef enum epx_connections_t {
  EPX_CONNECTIONS_BIDIRECTIONAL, /* layer l + 1 acts back through its own weights, transposed */
  EPX_CONNECTIONS_UNIDIRECTIONAL /* through backward weights of its own, same shape, no bias */
} epx_connections_t;
typedef enum epx_backward_rule_t {
  EPX_BACKWARD_SAME,     /* forward and backward weights both get the mean of their two symmetric
                            estimates (Kolen and Pollack); weight decay aligns them */
  EPX_BACKWARD_DIFFERENT /* each learns from the free state on one side, the difference on the
                            other */
} epx_backward_rule_t;

typedef struct epx_layer_t {
  epx_layer_kind_t kind;
  int units;                   /* output channels (conv) or neurons (dense), >= 1 */
  int kernel, stride, padding; /* conv only */
  epx_pool_t pool;             /* conv only: 2x2, stride 2 (a last odd row or column is dropped) */
} epx_layer_t;

typedef struct epx_network_t {
  int input[3]; /* channels, height, width */
  int layer_count;
  epx_layer_t layers[EPX_MAX_LAYERS];
  int classes;
  epx_loss_t loss;
  epx_activation_t activation;
  epx_connections_t connections;
  epx_backward_rule_t backward_rule; /* unidirectional only */
} epx_network_t;

/* Shape of one layer, derived. */
typedef struct epx_layer_shape_t {
  int in_channels, in_height, in_width;
  int conv_height, conv_width;             /* before pooling; dense: 1 x 1 */
  int out_channels, out_height, out_width; /* of the state; dense: units x 1 x 1 */
  int fan_in;                              /* inputs of one neuron */
  size_t in_size, out_size;                /* elements a sample */
  size_t weight_count;                     /* out_channels * fan_in */
} epx_layer_shape_t;

/* Shapes of all layers, and in shapes[layer_count] that of the read-out (fan_in = size of the last
 * state), filled for cross-entropy only. Errors: EPX_ERR_ARGUMENT names the layer and the reason
 * (kernel larger than its input, nothing left after pooling, output size differs from classes). */
EPX_CHECKED epx_status_t epx_network_shapes(const epx_network_t *network,
                                            epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1],
                                            epx_error_t *error);

/* Layers with parameters: layer_count, plus one for the read-out of cross-entropy. */
int epx_network_parameter_layers(const epx_network_t *network);

/* The pooling of the first convolution that pools, or none. */
epx_pool_t epx_network_pool(const epx_network_t *network);

/* Gives every convolution that pools this pooling. */
void epx_network_set_pool(epx_network_t *network, epx_pool_t pool);

/* "none", "max", "avg"; NULL past the last. */
const char *epx_pool_name(int pool);

/* True where parameter layer `layer` has backward weights of its own: unidirectional connections,
 * but neither the first layer (the input takes nothing back) nor the read-out. */
int epx_network_has_backward(const epx_network_t *network, int layer);

/* The configuration key that a message about a parameter layer begins with: "network.layers[1]", or
 * "network.classes (the read-out)", which is no layer of the list. Returns text. */
enum { EPX_LAYER_KEY_SIZE = 40 };
const char *epx_network_layer_key(const epx_network_t *network, int layer,
                                  char text[EPX_LAYER_KEY_SIZE]);

/* Standard name of a parameter layer: "conv0", "dense0" (counted by kind), "readout". */
void epx_network_layer_name(const epx_network_t *network, int layer, char name[24]);

#ifdef __cplusplus
}
#endif
#endif
