/* SPDX-License-Identifier: Apache-2.0 */
/* What the account's files share: a network laid out on tiles. Not for callers. */
#ifndef EPX_PLAN_H
#define EPX_PLAN_H

#include "epx_events.h"
#include "epx_floorplan.h"
#include "epx_geometry.h"
#include "epx_mapping.h"
#include "epx_softmax.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLAN_ERROR_BITS = EPX_SOFTMAX_ERROR_BITS, PLAN_MAX_GROUPS = 6 };

typedef struct plan_group_t { /* tiles of one layer that are alike */
  epx_tile_shape_t tile;
  uint64_t count;
} plan_group_t;

typedef struct plan_layer_t {
  epx_geometry_t g;
  epx_layer_map_t map;
  bool convolves; /* its windows overlap: feedback sums are gathered locally first */
  int window, code_bits, switch_bits;
  uint64_t positions; /* of neurons: pixels after pooling */
  uint64_t copies;    /* tiles that read one of its input codes */
  plan_group_t group[PLAN_MAX_GROUPS];
  int groups;
} plan_layer_t;

typedef struct plan_t {
  const epx_chip_t *chip;
  int layers; /* state layers; the read-out, if any, is layer[layers] */
  int parameter_layers;
  bool readout;
  plan_layer_t layer[EPX_MAX_LAYERS + 1];
  epx_floorplan_t floor;
} plan_t;

/* Lays out every parameter layer. Errors: EPX_ERR_UNSUPPORTED (average pooling), else those of
 * epx_network_shapes, epx_map_layer and epx_floorplan_make. */
EPX_CHECKED epx_status_t plan_make(const epx_network_t *network, const epx_chip_t *chip,
                                   plan_t *plan, epx_error_t *error);

/* What one tile of parameter layer l is. */
epx_tile_shape_t plan_tile(const plan_t *plan, int l, int row_block, int column_block);

#ifdef __cplusplus
}
#endif
#endif
