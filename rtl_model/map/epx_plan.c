/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_plan.h"

epx_tile_shape_t plan_tile(const plan_t *plan, int i, int row_block, int column_block) {
  const plan_layer_t *layer = &plan->layer[i];
  return epx_map_tile(plan->chip, &layer->map, layer->parameter, layer->role, layer->window,
                      row_block, column_block);
}

/* The tiles of a row of blocks are alike, but for the last. */
static void add_groups(plan_t *plan, int l, int row_block, int count) {
  plan_layer_t *layer = &plan->layer[l];
  const int last = layer->map.column_blocks - 1;
  if (last > 0) {
    layer->group[layer->groups++] =
        (plan_group_t){plan_tile(plan, l, row_block, 0), (uint64_t)count * (uint64_t)last};
  }
  layer->group[layer->groups++] =
      (plan_group_t){plan_tile(plan, l, row_block, last), (uint64_t)count};
}

static epx_status_t plan_layer(plan_t *plan, const epx_layer_shape_t *shapes, int i,
                               epx_error_t *error) {
  plan_layer_t *layer = &plan->layer[i];
  const epx_chip_t *chip = plan->chip;
  const epx_tile_layer_t tiles = epx_tile_layer(plan->network, i);
  const int l = tiles.parameter;
  layer->parameter = l;
  layer->role = tiles.role;
  layer->g = epx_geometry_of(plan->network, shapes, l);
  const epx_geometry_t *g = &layer->g;
  if (g->pool == EPX_POOL_AVG) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d].pool: avg; the chip's pool unit has max and none", l);
  }
  const epx_status_t status = epx_map_layer(chip, l, g->units, g->fan_in, &layer->map, error);
  if (status != EPX_OK) {
    return status;
  }
  const int blocks = layer->map.row_blocks;
  layer->convolves = g->conv_height * g->conv_width > 1;
  layer->window = g->pool == EPX_POOL_MAX ? 4 : 1;
  layer->switch_bits = layer->window > 1 ? EPX_SWITCH_BITS : 0;
  layer->fed =
      tiles.role == EPX_ROLE_FEEDBACK ? layer->window > 1 : tiles.role == EPX_ROLE_STATES && l > 0;
  layer->acts_back = l > 0 && plan_back(plan, l) == i;
  layer->sets = tiles.role == EPX_ROLE_READOUT ? 1 : epx_switch_sets(plan->network, l);
  layer->code_bits = epx_qformat_bits(l == 0 ? chip->input : chip->state);
  layer->positions = (uint64_t)g->out_height * (uint64_t)g->out_width;
  add_groups(plan, i, 0, 1);
  if (blocks > 2) {
    add_groups(plan, i, 1, blocks - 2);
  }
  if (blocks > 1) {
    add_groups(plan, i, blocks - 1, 1);
  }
  return EPX_OK;
}

epx_status_t plan_make(const epx_network_t *network, const epx_chip_t *chip, plan_t *plan,
                       epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  epx_layer_map_t maps[EPX_MAX_TILE_LAYERS];
  int placed[EPX_MAX_TILE_LAYERS];
  *plan = (plan_t){.chip = chip,
                   .network = network,
                   .layers = network->layer_count,
                   .parameter_layers = epx_network_parameter_layers(network),
                   .tile_layers = epx_tile_layers(network),
                   .readout = network->loss == EPX_LOSS_CROSS_ENTROPY,
                   .keeps_free = network->connections == EPX_CONNECTIONS_UNIDIRECTIONAL &&
                                 network->backward_rule == EPX_BACKWARD_DIFFERENT};
  epx_status_t status = epx_network_shapes(network, shapes, error);
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    status = plan_layer(plan, shapes, i, error);
    maps[i] = plan->layer[i].map;
    placed[i] = epx_tile_layer_placed(network, i);
  }
  return status == EPX_OK
             ? epx_floorplan_make(chip, maps, placed, plan->tile_layers, &plan->floor, error)
             : status;
}
