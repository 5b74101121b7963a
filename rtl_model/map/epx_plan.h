/* SPDX-License-Identifier: Apache-2.0 */
/* What the account's files and the SystemC chip share: a network laid out on tiles. Not for
 * callers.
 *
 * The plan is a list of tile layers (epx_mapping.h): layer l of the network is layer[l], its
 * feedback arrays, if it has any, layer[plan_back(plan, l)]. */
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

enum { PLAN_MAX_GROUPS = 6 };

typedef struct plan_group_t { /* tiles of one layer that are alike */
  epx_tile_shape_t tile;
  uint64_t count;
} plan_group_t;

typedef struct plan_layer_t {
  int parameter; /* layer */
  epx_array_role_t role;
  bool fed;       /* whether it takes the states of the layer below at every step, for products */
  bool acts_back; /* makes backward products */
  int sets;       /* of switches that it learns through */
  epx_geometry_t g;
  epx_layer_map_t map;
  bool convolves; /* its windows overlap: feedback sums are gathered locally first */
  int window, code_bits, switch_bits;
  uint64_t positions; /* of neurons: pixels after pooling */
  plan_group_t group[PLAN_MAX_GROUPS];
  int groups;
} plan_layer_t;

struct epx_pace_t; /* epx_activity.h */

typedef struct plan_t {
  const epx_chip_t *chip;
  const epx_network_t *network;
  int layers; /* state layers; the read-out, if any, is layer[layers] */
  int parameter_layers, tile_layers;
  bool readout;
  bool keeps_free; /* rule `different`: free states stay in the tiles during the phases */
  plan_layer_t layer[EPX_MAX_TILE_LAYERS];
  epx_floorplan_t floor;
  const struct epx_pace_t *pace; /* of the account's command at work; NULL: everything is driven */
} plan_t;

/* Lays out every tile layer; keeps pointers to network and chip. Errors: EPX_ERR_UNSUPPORTED
 * (average pooling), else those of epx_network_shapes, epx_map_layer and epx_floorplan_make. */
EPX_CHECKED epx_status_t plan_make(const epx_network_t *network, const epx_chip_t *chip,
                                   plan_t *plan, epx_error_t *error);

/* What one tile of tile layer i is. */
epx_tile_shape_t plan_tile(const plan_t *plan, int i, int row_block, int column_block);

/* The tile layer through which layer l acts on the one below: its feedback arrays, or itself. */
static inline int plan_back(const plan_t *plan, int l) {
  return epx_tile_layer_back(plan->network, l);
}

#ifdef __cplusplus
}
#endif
#endif
