/* SPDX-License-Identifier: Apache-2.0 */
/* A layer as every substrate computes it: a convolution over channels-last images, then pooling.
 *
 * A dense layer (and the read-out) is a convolution whose kernel covers its whole input, so that
 * one set of loops serves all. Inside a substrate, weights are
 * [units][kernel_height][kernel_width][channels]; in exchange files they are
 * [units][channels][kernel_height][kernel_width]. */
#ifndef EPX_GEOMETRY_H
#define EPX_GEOMETRY_H

#include <stddef.h>

#include "epx_network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_geometry_t {
  int in_height, in_width, in_channels;
  int kernel_height, kernel_width, stride, padding;
  int conv_height, conv_width; /* before pooling */
  int out_height, out_width, units;
  epx_pool_t pool;
  int fan_in;               /* kernel_height * kernel_width * in_channels */
  size_t in_size, out_size; /* elements a sample */
} epx_geometry_t;

/* Geometry of parameter layer `layer`; `shapes` from epx_network_shapes. */
epx_geometry_t epx_geometry_of(const epx_network_t *network, const epx_layer_shape_t *shapes,
                               int layer);

/* Place of the exchange-order weight (unit u, exchange index i within fan_in) in a substrate's row.
 */
static inline int epx_geometry_weight_index(const epx_geometry_t *g, int i) {
  const int area = g->kernel_height * g->kernel_width;
  return i % area * g->in_channels + i / area;
}

/* Position of switch value p (0..3: row-major in the 2x2 window) of pooled position (y, x):
 * convolution row and column. Without pooling p is 0. */
static inline void epx_geometry_unpool(const epx_geometry_t *g, int y, int x, int p, int *conv_y,
                                       int *conv_x) {
  const int pool = g->pool == EPX_POOL_NONE ? 1 : 2;
  *conv_y = y * pool + p / 2;
  *conv_x = x * pool + p % 2;
}

#ifdef __cplusplus
}
#endif
#endif
