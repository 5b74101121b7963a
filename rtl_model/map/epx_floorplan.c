/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_floorplan.h"

#include <stdlib.h>
#include <string.h>

static int least(int a, int b) {
  return a < b ? a : b;
}

epx_status_t epx_floorplan_make(const epx_chip_t *chip, const epx_layer_map_t *maps,
                                const int *placed, int layers, epx_floorplan_t *plan,
                                epx_error_t *error) {
  epx_floorplan_t result = {0};
  for (int i = 0; i < layers; ++i) {
    const epx_layer_map_t *map = &maps[placed[i]];
    result.first_tile[placed[i]] = result.tiles;
    result.row_blocks[placed[i]] = map->row_blocks;
    result.tiles += map->row_blocks * map->column_blocks;
    if (result.tiles > EPX_MAP_MAX_TILES) {
      return epx_fail(error, EPX_ERR_UNSUPPORTED, "a network of more than %d tiles",
                      EPX_MAP_MAX_TILES);
    }
  }
  result.columns = chip->mesh_columns;
  while (chip->mesh_columns == 0 && (int64_t)result.columns * result.columns < result.tiles) {
    ++result.columns;
  }
  result.columns = least(result.columns, result.tiles); /* no packet would come to the others */
  result.rows = (result.tiles + result.columns - 1) / result.columns;
  if (chip->mesh_rows > 0 && result.rows > chip->mesh_rows) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.noc.mesh_rows: %d; the network takes %d tiles, %d rows of %d",
                    chip->mesh_rows, result.tiles, result.rows, result.columns);
  }
  *plan = result;
  return EPX_OK;
}

void epx_floorplan_place(const epx_floorplan_t *plan, int tile, int *x, int *y) {
  const int along = tile % plan->columns;
  *y = tile / plan->columns;
  *x = *y % 2 == 0 ? along : plan->columns - 1 - along;
}

int epx_floorplan_hops(const epx_floorplan_t *plan, int from, int to) {
  int from_x, from_y, to_x, to_y;
  epx_floorplan_place(plan, from == EPX_HOST ? 0 : from, &from_x, &from_y);
  epx_floorplan_place(plan, to == EPX_HOST ? 0 : to, &to_x, &to_y);
  return abs(from_x - to_x) + abs(from_y - to_y) + 1;
}

int epx_packet_flits(const epx_chip_t *chip, int64_t payload_bits) {
  const int64_t bits = EPX_PACKET_HEADER_BITS + payload_bits;
  return (int)((bits + chip->flit_bits - 1) / chip->flit_bits);
}
