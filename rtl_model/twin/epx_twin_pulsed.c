/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's synapses as devices that pulses move: one epx_pulsed_t a tile. */
#include <stdlib.h>

#include "epx_twin_internal.h"

epx_status_t twin_pulsed_create(twin_t *twin, int i, int first_tile, epx_error_t *error) {
  twin_layer_t *layer = &twin->layer[i];
  const epx_layer_map_t *map = &layer->plan->map;
  const int tiles = map->row_blocks * map->column_blocks;
  layer->pulsed = calloc((size_t)tiles, sizeof(epx_pulsed_t *));
  layer->pulses = calloc((size_t)tiles, sizeof *layer->pulses);
  if (layer->pulsed == NULL || layer->pulses == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the devices of a layer");
  }
  epx_status_t status = EPX_OK;
  for (int tile = 0; status == EPX_OK && tile < tiles; ++tile) {
    const epx_tile_shape_t shape = twin_tile_shape(twin, layer, tile);
    status = epx_pulsed_create(twin->plan->chip, layer->plan->synapse, &shape, first_tile + tile,
                               &layer->pulsed[tile], error);
  }
  return status;
}

void twin_pulsed_destroy(twin_layer_t *layer) {
  const int tiles = layer->plan->map.row_blocks * layer->plan->map.column_blocks;
  for (int tile = 0; layer->pulsed != NULL && tile < tiles; ++tile) {
    epx_pulsed_destroy(layer->pulsed[tile]);
  }
  free(layer->pulsed);
  free(layer->pulses);
}

void twin_pulsed_count(twin_t *twin, int i) {
  const twin_layer_t *layer = &twin->layer[i];
  const epx_layer_map_t *map = &layer->plan->map;
  uint64_t most[2] = {0, 0}; /* of row block 0, of the others */
  for (int tile = 0; tile < map->row_blocks * map->column_blocks; ++tile) {
    const int other = tile % map->row_blocks > 0;
    const uint64_t cycles = layer->pulses[tile].cycles;
    twin->pulsing.pulses[i] += layer->pulses[tile].pulses;
    most[other] = cycles > most[other] ? cycles : most[other];
  }
  twin->pulsing.first[i] += most[0];
  twin->pulsing.others[i] += most[1];
}

void twin_pulsed_limit(twin_layer_t *layer) {
  const epx_layer_map_t *map = &layer->plan->map;
  for (int k = 0; layer->pulsed != NULL && k < map->fan_in; ++k) {
    for (int u = 0; u < map->units; ++u) {
      const int row_block = k / map->rows, column_block = u / map->weights_per_tile;
      int32_t *shadow = &layer->shadow[(size_t)u * (size_t)map->fan_in + (size_t)k];
      *shadow = epx_pulsed_limit(layer->pulsed[column_block * map->row_blocks + row_block],
                                 k % map->rows, u % map->weights_per_tile, *shadow);
    }
  }
}
