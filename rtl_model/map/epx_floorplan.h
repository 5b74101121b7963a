/* SPDX-License-Identifier: Apache-2.0 */
/* Where the tiles of a network lie on the mesh, and which values travel between them.
 *
 * Tiles are numbered layer by layer (a layer's feedback arrays behind its own), column block by
 * column block, row block by row block, and lie on the mesh in that order, row by row, every second
 * row from right to left: neighbours in the order, between which partial sums travel, are
 * neighbours on the mesh. Packets go along their row first, then along the column (XY). The host's
 * port is the west side of tile 0's router. */
#ifndef EPX_FLOORPLAN_H
#define EPX_FLOORPLAN_H

#include "epx_geometry.h"
#include "epx_mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_HOST = -1, EPX_PACKET_HEADER_BITS = 32 };

typedef struct epx_floorplan_t {
  int tiles, columns, rows; /* of the mesh; the last row may end in routers without a tile */
  int first_tile[EPX_MAX_TILE_LAYERS]; /* of a tile layer */
  int row_blocks[EPX_MAX_TILE_LAYERS];
} epx_floorplan_t;

/* Lays out tile layers placed[0], placed[1], ... one behind another; `maps` has the map of each
 * tile layer. Errors: EPX_ERR_ARGUMENT where chip.noc's mesh is too small, with the number of tiles
 * that the network takes. */
EPX_CHECKED epx_status_t epx_floorplan_make(const epx_chip_t *chip, const epx_layer_map_t *maps,
                                            const int *placed, int layers, epx_floorplan_t *plan,
                                            epx_error_t *error);

static inline int epx_floorplan_tile(const epx_floorplan_t *plan, int layer, int row_block,
                                     int column_block) {
  return plan->first_tile[layer] + column_block * plan->row_blocks[layer] + row_block;
}

/* Mesh coordinates of a tile. */
void epx_floorplan_place(const epx_floorplan_t *plan, int tile, int *x, int *y);

/* Routers that a packet passes, first and last included; either end may be EPX_HOST. */
int epx_floorplan_hops(const epx_floorplan_t *plan, int from, int to);

/* Flits of a packet of so many payload bits, its header included. */
int epx_packet_flits(const epx_chip_t *chip, int64_t payload_bits);

#ifdef __cplusplus
}
#endif
#endif
