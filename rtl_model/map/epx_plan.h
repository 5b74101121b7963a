/* SPDX-License-Identifier: Apache-2.0 */
/* A network laid out on a chip: made once, pointed to, never changed.
 *
 * The plan is a list of tile layers (epx_mapping.h): layer l of the network is layer[l], its
 * feedback arrays, if it has any, layer[epx_plan_back(plan, l)]. Whatever follows from network and
 * chip alone stands here: shapes, formats, shifts, maps, tiles and their places. Twin, closed form,
 * SystemC, vectors and checks read it and work nothing of it out again; what changes (states,
 * registers, measured pace) lies with them.
 *
 * Everything that a chip refuses is refused when the plan is made.
 *
 * Fractions. A product of layer l has the fraction bits of its input and of its synapses; what
 * comes down from layer l + 1 those of the states and of that layer's synapses. The accumulator has
 * F, the larger of the two, and either is shifted left to F. With states UQ0.8, synapses Q1.6 below
 * and Q0.7 above: 8 + 6 = 14 from below, 8 + 7 = 15 from above, so F = 15, forward_shift 1,
 * backward_shift 0. */
#ifndef EPX_PLAN_H
#define EPX_PLAN_H

#include "epx_conv.h"
#include "epx_dynamics.h"
#include "epx_events.h"
#include "epx_floorplan.h"
#include "epx_geometry.h"
#include "epx_ledger.h"
#include "epx_mapping.h"
#include "epx_neuron.h"
#include "epx_softmax.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_PLAN_MAX_GROUPS = 6,
  EPX_PLAN_ANALOG_LINES = 16384 /* most rows or units of a layer on arrays that are not exact */
};

typedef struct epx_plan_group_t { /* tiles of one layer that are alike */
  epx_tile_shape_t tile;
  uint64_t count;
} epx_plan_group_t;

typedef struct epx_plan_layer_t {
  int parameter; /* layer */
  epx_array_role_t role;
  bool fed;       /* whether it takes the states of the layer below at every step, for products */
  bool acts_back; /* makes backward products */
  int sets;       /* of switches that it learns through */
  epx_geometry_t g;
  epx_layer_map_t map;
  bool convolves; /* its windows overlap: feedback sums are gathered locally first */
  bool dense;     /* one position that sees its whole input */
  int window;     /* convolution positions of one neuron: 4 (2x2 max) or 1 */
  int code_bits, switch_bits;
  uint64_t positions; /* of neurons: pixels after pooling */
  epx_plan_group_t group[EPX_PLAN_MAX_GROUPS];
  int groups;

  epx_qformat_t synapse; /* as products see a weight */
  epx_qformat_t shadow;  /* the same with the bits kept for accumulation */
  int pre_fraction;      /* of the states (or input) that drive the layer */
  int fraction;          /* F: of the layer's accumulator */
  int forward_shift;     /* product -> accumulator, left */
  int backward_shift;    /* product from the layer above -> accumulator, left */
  epx_neuron_t neuron;   /* of layers that hold states */

  int padded_channels; /* input channels, to a multiple of 4 */
  epx_conv_t conv;     /* the layer as quant/epx_conv.h computes it */
  epx_conv_t feedback; /* its transpose: of a dense layer, one position with fan_in channels */
} epx_plan_layer_t;

typedef struct epx_plan_t {
  const epx_chip_t *chip; /* the plan's own copies */
  const epx_network_t *network;
  int layers; /* state layers; the read-out, if any, is layer[layers] */
  int parameter_layers, tile_layers;
  bool readout;
  bool keeps_free; /* rule `different`: free states stay in the tiles during the phases */
  epx_plan_layer_t layer[EPX_MAX_TILE_LAYERS];
  epx_floorplan_t floor;
} epx_plan_t;

/* The plan of a network on a chip that relaxes it with these dynamics (NULL: synchronously, with
 * live switches), to be destroyed by the caller. Messages begin with the key at fault.
 * EPX_ERR_UNSUPPORTED: what the chip's units lack (pools, activations, orders of updates, formats),
 * and sums that do not fit their registers; EPX_ERR_ARGUMENT: settings of converters, devices,
 * pulses, mesh that contradict each other; EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_plan_make(const epx_network_t *network, const epx_chip_t *chip,
                                       const epx_dynamics_t *dynamics, epx_plan_t **plan,
                                       epx_error_t *error);
void epx_plan_destroy(epx_plan_t *plan);

/* What epx_plan_make refuses, without the plan. */
EPX_CHECKED epx_status_t epx_plan_check(const epx_network_t *network, const epx_chip_t *chip,
                                        const epx_dynamics_t *dynamics, epx_error_t *error);

/* The part of it that is about the dynamics alone. */
EPX_CHECKED epx_status_t epx_plan_check_dynamics(const epx_dynamics_t *dynamics,
                                                 epx_error_t *error);

/* What one tile of tile layer i is, and its number on the chip. */
epx_tile_shape_t epx_plan_tile(const epx_plan_t *plan, int i, int row_block, int column_block);
static inline int epx_plan_tile_number(const epx_plan_t *plan, int i, int row_block,
                                       int column_block) {
  return epx_floorplan_tile(&plan->floor, i, row_block, column_block);
}

/* Who pays for what a tile sends (epx_ledger.h): its tile layer; the host for EPX_HOST. */
int epx_plan_owner(const epx_plan_t *plan, int tile);
/* "conv1", "conv1_feedback", "read-out", "host". */
enum { EPX_OWNER_NAME_SIZE = 40 };
const char *epx_plan_owner_name(const epx_plan_t *plan, int owner, char name[EPX_OWNER_NAME_SIZE]);

/* The tile layer through which layer l acts on the one below: its feedback arrays, or itself. */
static inline int epx_plan_back(const epx_plan_t *plan, int l) {
  return epx_tile_layer_back(plan->network, l);
}

#ifdef __cplusplus
}
#endif
#endif
