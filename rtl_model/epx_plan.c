/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_plan.h"

static int least(int a, int b) {
  return a < b ? a : b;
}

static void add_group(plan_layer_t *layer, epx_tile_shape_t tile, int row_block, int count) {
  const epx_layer_map_t *map = &layer->map;
  const int last_row = map->row_blocks - 1, last_column = map->column_blocks - 1;
  tile.rows = row_block == last_row ? map->fan_in - last_row * map->rows : map->rows;
  tile.psum_in = row_block > 0;
  tile.pools = row_block == last_row;
  tile.bias = row_block == 0;
  if (last_column > 0) {
    tile.units = map->weights_per_tile;
    layer->group[layer->groups++] = (plan_group_t){tile, (uint64_t)count * (uint64_t)last_column};
  }
  tile.units = map->units - last_column * map->weights_per_tile;
  layer->group[layer->groups++] = (plan_group_t){tile, (uint64_t)count};
}

static epx_status_t plan_layer(plan_t *plan, const epx_network_t *network,
                               const epx_layer_shape_t *shapes, int l, epx_error_t *error) {
  plan_layer_t *layer = &plan->layer[l];
  const epx_chip_t *chip = plan->chip;
  layer->g = epx_geometry_of(network, shapes, l);
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
  layer->code_bits = epx_qformat_bits(l == 0 ? chip->input : chip->state);
  layer->positions = (uint64_t)g->out_height * (uint64_t)g->out_width;
  layer->copies =
      (uint64_t)layer->map.column_blocks *
      (layer->convolves ? (uint64_t)least(blocks, g->kernel_height * g->kernel_width) : 1);
  const epx_tile_shape_t tile = {
      .slices = layer->map.slices,
      .synapse_bits = epx_qformat_bits(epx_chip_synapse(chip, l)),
      .input_bits = layer->code_bits,
      .state_bits = l == plan->layers ? PLAN_ERROR_BITS : epx_qformat_bits(chip->state),
      .signed_post = l == plan->layers,
      .window = layer->window,
      .offset = l == 0,
  };
  add_group(layer, tile, 0, 1);
  if (blocks > 2) {
    add_group(layer, tile, 1, blocks - 2);
  }
  if (blocks > 1) {
    add_group(layer, tile, blocks - 1, 1);
  }
  return EPX_OK;
}

epx_status_t plan_make(const epx_network_t *network, const epx_chip_t *chip, plan_t *plan,
                       epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  *plan = (plan_t){.chip = chip,
                   .layers = network->layer_count,
                   .parameter_layers = epx_network_parameter_layers(network),
                   .readout = network->loss == EPX_LOSS_CROSS_ENTROPY};
  epx_status_t status = epx_network_shapes(network, shapes, error);
  for (int l = 0; status == EPX_OK && l < plan->parameter_layers; ++l) {
    status = plan_layer(plan, network, shapes, l, error);
  }
  return status;
}
