/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "epx_plan_internal.h"

/* A plan with what it points to. */
typedef struct kept_t {
  epx_plan_t plan; /* first: the plan's pointer is the whole's */
  epx_chip_t chip;
  epx_network_t network;
} kept_t;

epx_tile_shape_t epx_plan_tile(const epx_plan_t *plan, int i, int row_block, int column_block) {
  const epx_plan_layer_t *layer = &plan->layer[i];
  return epx_map_tile(plan->chip, &layer->map, layer->parameter, layer->role, layer->window,
                      row_block, column_block);
}

/* The tiles of a row of blocks are alike, but for the last. */
static void add_groups(epx_plan_t *plan, int l, int row_block, int count) {
  epx_plan_layer_t *layer = &plan->layer[l];
  const int last = layer->map.column_blocks - 1;
  if (last > 0) {
    layer->group[layer->groups++] =
        (epx_plan_group_t){epx_plan_tile(plan, l, row_block, 0), (uint64_t)count * (uint64_t)last};
  }
  layer->group[layer->groups++] =
      (epx_plan_group_t){epx_plan_tile(plan, l, row_block, last), (uint64_t)count};
}

static void group_tiles(epx_plan_t *plan, int l) {
  const int blocks = plan->layer[l].map.row_blocks;
  add_groups(plan, l, 0, 1);
  if (blocks > 2) {
    add_groups(plan, l, 1, blocks - 2);
  }
  if (blocks > 1) {
    add_groups(plan, l, blocks - 1, 1);
  }
}

/* The layer and its transpose, as quant/epx_conv.h computes them. */
static void make_convolutions(epx_plan_layer_t *layer) {
  const epx_geometry_t *g = &layer->g;
  layer->padded_channels = (g->in_channels + 3) / 4 * 4;
  layer->conv = (epx_conv_t){.in_height = g->in_height,
                             .in_width = g->in_width,
                             .channels = g->in_channels,
                             .kernel_height = g->kernel_height,
                             .kernel_width = g->kernel_width,
                             .stride = g->stride,
                             .padding = g->padding,
                             .units = g->units,
                             .pool = layer->window == 4 ? 2 : 1};
  layer->feedback = layer->conv;
  if (layer->dense) {
    layer->feedback = (epx_conv_t){.in_height = 1,
                                   .in_width = 1,
                                   .channels = g->fan_in,
                                   .kernel_height = 1,
                                   .kernel_width = 1,
                                   .stride = 1,
                                   .units = g->units,
                                   .pool = 1};
  }
}

/* Shapes, formats and map of a tile layer. */
static epx_status_t shape_layer(epx_plan_t *plan, const epx_layer_shape_t *shapes, int i,
                                epx_error_t *error) {
  epx_plan_layer_t *layer = &plan->layer[i];
  const epx_chip_t *chip = plan->chip;
  const epx_tile_layer_t tiles = epx_tile_layer(plan->network, i);
  const int l = tiles.parameter;
  layer->parameter = l;
  layer->role = tiles.role;
  layer->g = epx_geometry_of(plan->network, shapes, l);
  const epx_geometry_t *g = &layer->g;
  layer->synapse = layer->shadow = epx_chip_synapse(chip, l);
  layer->shadow.fraction_bits = (int8_t)(layer->shadow.fraction_bits + chip->shadow_bits);
  layer->pre_fraction = l == 0 ? chip->input.fraction_bits : chip->state.fraction_bits;
  layer->dense =
      g->kernel_height == g->in_height && g->kernel_width == g->in_width && g->padding == 0;
  layer->convolves = g->conv_height * g->conv_width > 1;
  layer->window = g->pool == EPX_POOL_MAX ? 4 : 1;
  layer->switch_bits = layer->window > 1 ? EPX_SWITCH_BITS : 0;
  layer->fed =
      tiles.role == EPX_ROLE_FEEDBACK ? layer->window > 1 : tiles.role == EPX_ROLE_STATES && l > 0;
  layer->acts_back = l > 0 && epx_plan_back(plan, l) == i;
  layer->sets = tiles.role == EPX_ROLE_READOUT ? 1 : epx_switch_sets(plan->network, l);
  layer->code_bits = epx_qformat_bits(l == 0 ? chip->input : chip->state);
  layer->positions = (uint64_t)g->out_height * (uint64_t)g->out_width;
  make_convolutions(layer);
  epx_status_t status = plan_refuse_layer(plan, layer, error);
  return status == EPX_OK ? epx_map_layer(chip, l, g->units, g->fan_in, &layer->map, error)
                          : status;
}

/* The accumulator of parameter layer l, as tile layer i has it. */
static void make_accumulator(epx_plan_t *plan, int i) {
  epx_plan_layer_t *layer = &plan->layer[i];
  const epx_chip_t *chip = plan->chip;
  const int l = layer->parameter, forward = layer->pre_fraction + layer->synapse.fraction_bits;
  const int backward = l + 1 < plan->layers
                           ? chip->state.fraction_bits + plan->layer[l + 1].synapse.fraction_bits
                           : forward;
  layer->fraction = forward > backward ? forward : backward;
  layer->forward_shift = layer->fraction - forward;
  layer->backward_shift = layer->fraction - backward;
  layer->neuron = epx_neuron_make(plan->network->activation, chip->state, layer->fraction,
                                  chip->state_rounding);
}

static epx_status_t lay_out(epx_plan_t *plan, epx_error_t *error) {
  epx_layer_map_t maps[EPX_MAX_TILE_LAYERS];
  int placed[EPX_MAX_TILE_LAYERS];
  for (int i = 0; i < plan->tile_layers; ++i) {
    group_tiles(plan, i);
    maps[i] = plan->layer[i].map;
    placed[i] = epx_tile_layer_placed(plan->network, i);
  }
  return epx_floorplan_make(plan->chip, maps, placed, plan->tile_layers, &plan->floor, error);
}

static epx_status_t fill(epx_plan_t *plan, const epx_dynamics_t *dynamics, epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  epx_status_t status = epx_network_shapes(plan->network, shapes, error);
  status = status == EPX_OK ? plan_refuse_chip(plan->network, plan->chip, dynamics, error) : status;
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    status = shape_layer(plan, shapes, i, error);
  }
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    make_accumulator(plan, i);
    status = plan_refuse_sums(plan, i, error);
  }
  return status == EPX_OK ? lay_out(plan, error) : status;
}

epx_status_t epx_plan_make(const epx_network_t *network, const epx_chip_t *chip,
                           const epx_dynamics_t *dynamics, epx_plan_t **plan, epx_error_t *error) {
  kept_t *kept = calloc(1, sizeof *kept);
  if (kept == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the plan of a chip");
  }
  kept->chip = *chip;
  kept->network = *network;
  kept->plan = (epx_plan_t){
      .chip = &kept->chip,
      .network = &kept->network,
      .layers = network->layer_count,
      .parameter_layers = epx_network_parameter_layers(network),
      .tile_layers = epx_tile_layers(network),
      .readout = network->loss == EPX_LOSS_CROSS_ENTROPY,
      .keeps_free = network->connections == EPX_CONNECTIONS_UNIDIRECTIONAL &&
                    network->backward_rule == EPX_BACKWARD_DIFFERENT,
  };
  const epx_status_t status = fill(&kept->plan, dynamics, error);
  if (status != EPX_OK) {
    free(kept);
    return status;
  }
  *plan = &kept->plan;
  return EPX_OK;
}

void epx_plan_destroy(epx_plan_t *plan) {
  free(plan);
}

epx_status_t epx_plan_check(const epx_network_t *network, const epx_chip_t *chip,
                            const epx_dynamics_t *dynamics, epx_error_t *error) {
  epx_plan_t *plan = NULL;
  const epx_status_t status = epx_plan_make(network, chip, dynamics, &plan, error);
  epx_plan_destroy(plan);
  return status;
}

int epx_plan_owner(const epx_plan_t *plan, int tile) {
  for (int l = 0; l < plan->tile_layers; ++l) {
    const epx_layer_map_t *map = &plan->layer[l].map;
    const int past = tile - plan->floor.first_tile[l];
    if (past >= 0 && past < map->row_blocks * map->column_blocks) {
      return l;
    }
  }
  return EPX_OWNER_HOST;
}

const char *epx_plan_owner_name(const epx_plan_t *plan, int owner, char name[EPX_OWNER_NAME_SIZE]) {
  char layer[24];
  if (owner == EPX_OWNER_HOST) {
    snprintf(name, EPX_OWNER_NAME_SIZE, "host");
    return name;
  }
  epx_network_layer_name(plan->network, plan->layer[owner].parameter, layer);
  snprintf(name, EPX_OWNER_NAME_SIZE, "%s%s", layer,
           plan->layer[owner].role == EPX_ROLE_FEEDBACK ? "_feedback" : "");
  return name;
}
