/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_mapping.h"

#include "epx_random.h"
#include "epx_softmax.h"

epx_qformat_t epx_chip_synapse(const epx_chip_t *chip, int layer) {
  return chip->synapse[chip->synapse_count == 1 ? 0 : layer];
}

static int blocks(int count, int size) {
  return (count + size - 1) / size;
}

epx_status_t epx_map_layer(const epx_chip_t *chip, int layer, int units, int fan_in,
                           epx_layer_map_t *map, epx_error_t *error) {
  const int bits = epx_qformat_bits(epx_chip_synapse(chip, layer));
  const int slices = blocks(bits, chip->bits_per_cell);
  if (slices > chip->columns) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.columns: %d; a weight of parameter layer %d takes %d columns "
                    "(%d bits, chip.array.bits_per_cell = %d)",
                    chip->columns, layer, slices, bits, chip->bits_per_cell);
  }
  if (chip->dac.converter.bits < 1 || chip->dac.converter.bits > EPX_DAC_MAX_BITS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "chip.array.dac.bits: %d; expected 1 to %d",
                    chip->dac.converter.bits, EPX_DAC_MAX_BITS);
  }
  const long largest = epx_chip_largest_sum(chip);
  if (chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.converter.kind == EPX_CONVERTER_IDEAL &&
      (1L << chip->adc.converter.bits) <= largest) {
    return epx_fail(
        error, EPX_ERR_ARGUMENT,
        "chip.array.adc_bits: %d; a column of %d rows, driven with %d bits, and %d bits "
        "a cell sums up to %ld, which needs a larger resolution, or chip.array.adc.kind: sar or "
        "ramp, "
        "which lose bits",
        chip->adc.converter.bits, chip->rows, chip->dac.converter.bits, chip->bits_per_cell,
        largest);
  }
  const int64_t tiles = (int64_t)blocks(fan_in, chip->rows) * blocks(units, chip->columns / slices);
  if (tiles > EPX_MAP_MAX_TILES) {
    return epx_fail(
        error, EPX_ERR_UNSUPPORTED,
        "chip.array.rows: %d x %d cells; parameter layer %d (fan-in %d, %d units) would "
        "take %lld tiles, expected at most %d",
        chip->rows, chip->columns, layer, fan_in, units, (long long)tiles, EPX_MAP_MAX_TILES);
  }
  *map = (epx_layer_map_t){
      .fan_in = fan_in,
      .units = units,
      .rows = chip->rows,
      .slices = slices,
      .weights_per_tile = chip->columns / slices,
      .row_blocks = blocks(fan_in, chip->rows),
      .column_blocks = blocks(units, chip->columns / slices),
  };
  return EPX_OK;
}

int epx_tile_layers(const epx_network_t *network) {
  const int feedback =
      network->connections == EPX_CONNECTIONS_UNIDIRECTIONAL ? network->layer_count - 1 : 0;
  return epx_network_parameter_layers(network) + feedback;
}

epx_tile_layer_t epx_tile_layer(const epx_network_t *network, int index) {
  const int parameter_layers = epx_network_parameter_layers(network);
  if (index >= parameter_layers) {
    return (epx_tile_layer_t){index - parameter_layers + 1, EPX_ROLE_FEEDBACK};
  }
  return (epx_tile_layer_t){index,
                            index == network->layer_count ? EPX_ROLE_READOUT : EPX_ROLE_STATES};
}

int epx_tile_layer_back(const epx_network_t *network, int l) {
  return epx_network_has_backward(network, l) ? epx_network_parameter_layers(network) + l - 1 : l;
}

int epx_tile_layer_placed(const epx_network_t *network, int index) {
  if (network->connections == EPX_CONNECTIONS_BIDIRECTIONAL) {
    return index;
  }
  const int l = (index + 1) / 2; /* 0, 1, feedback of 1, 2, ..., read-out */
  return l < network->layer_count && index % 2 == 0 ? epx_tile_layer_back(network, l) : l;
}

int epx_switch_sets(const epx_network_t *network, int l) {
  return epx_network_has_backward(network, l) && network->backward_rule == EPX_BACKWARD_SAME &&
                 network->layers[l].kind == EPX_LAYER_CONV &&
                 network->layers[l].pool == EPX_POOL_MAX
             ? 2
             : 1;
}

static int least(int a, int b) {
  return a < b ? a : b;
}

void epx_map_rows(const epx_layer_map_t *map, int row_block, int *first, int *end) {
  *first = row_block * map->rows;
  *end = least(*first + map->rows, map->fan_in);
}

void epx_map_units(const epx_layer_map_t *map, int column_block, int *first, int *end) {
  *first = column_block * map->weights_per_tile;
  *end = least(*first + map->weights_per_tile, map->units);
}

size_t epx_map_reaches(const epx_layer_map_t *map, int tile) {
  size_t count = 0;
  for (int before = 0; before < tile; ++before) {
    int row, row_end, unit, unit_end;
    epx_map_rows(map, before % map->row_blocks, &row, &row_end);
    epx_map_units(map, before / map->row_blocks, &unit, &unit_end);
    const epx_tile_shape_t shape = {
        .rows = row_end - row, .units = unit_end - unit, .slices = map->slices};
    count += epx_tile_reach_count(&shape);
  }
  return count;
}

epx_tile_shape_t epx_map_tile(const epx_chip_t *chip, const epx_layer_map_t *map, int layer,
                              epx_array_role_t role, int window, int row_block, int column_block) {
  const bool readout = role == EPX_ROLE_READOUT;
  int row, row_end, unit, unit_end;
  epx_map_rows(map, row_block, &row, &row_end);
  epx_map_units(map, column_block, &unit, &unit_end);
  return (epx_tile_shape_t){
      .rows = row_end - row,
      .units = unit_end - unit,
      .slices = map->slices,
      .synapse_bits = epx_qformat_bits(epx_chip_synapse(chip, layer)),
      .input_bits = epx_qformat_bits(layer == 0 ? chip->input : chip->state),
      .state_bits = readout ? EPX_SOFTMAX_ERROR_BITS : epx_qformat_bits(chip->state),
      .signed_post = readout,
      .window = window,
      .offset = layer == 0,
      .psum_in = row_block > 0,
      .pools = row_block + 1 == map->row_blocks,
      .bias = row_block == 0 && role != EPX_ROLE_FEEDBACK,
  };
}

epx_lfsr_t epx_tile_lfsr(const epx_chip_t *chip, int layer, int row_block, int column_block) {
  const uint64_t key = epx_random_key(chip->lfsr_seed, (uint64_t)layer);
  const uint64_t tile = (uint64_t)row_block << 32 | (uint64_t)column_block;
  return epx_lfsr_seed((uint32_t)(epx_random_bits(key, tile) >> 32));
}
