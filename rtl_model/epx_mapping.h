/* SPDX-License-Identifier: Apache-2.0 */
/* How a layer's synapses lie in tiles of rows x columns cells.
 *
 * Wordline (row) k of a layer carries input k: for a convolution k = (ky * kernel + kx) *
 * in_channels + c, for a dense layer or the read-out k = (y * width + x) * channels + c (channels
 * last). A weight takes `slices` neighbouring columns, least significant first, two's complement:
 * the last slice counts negatively. Row block rb holds rows [rb * rows, ...), column block cb the
 * output channels [cb * weights_per_tile, ...). The tile (layer, 0, cb) also holds its channels'
 * biases. */
#ifndef EPX_MAPPING_H
#define EPX_MAPPING_H

#include "epx_chip.h"
#include "epx_events.h"
#include "epx_lfsr.h"
#include "epx_network.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_MAP_MAX_TILES = 1 << 24 }; /* of a layer: row_blocks * column_blocks */

typedef struct epx_layer_map_t {
  int fan_in, units;    /* of the layer */
  int rows;             /* wordlines of one array */
  int slices;           /* columns of one weight */
  int weights_per_tile; /* output channels of one tile: columns / slices */
  int row_blocks, column_blocks;
} epx_layer_map_t;

/* The map of parameter layer `layer` (its units and fan_in given). Errors: EPX_ERR_ARGUMENT where a
 * weight does not fit the columns, or an analog array's ADC would lose bits;
 * EPX_ERR_UNSUPPORTED above EPX_MAP_MAX_TILES tiles. */
EPX_CHECKED epx_status_t epx_map_layer(const epx_chip_t *chip, int layer, int units, int fan_in,
                                       epx_layer_map_t *map, epx_error_t *error);

/* Rows of the map that row block `row_block` holds: [first, end). */
void epx_map_rows(const epx_layer_map_t *map, int row_block, int *first, int *end);
/* Units of column block `column_block`: [first, end). */
void epx_map_units(const epx_layer_map_t *map, int column_block, int *first, int *end);

/* What a layer's arrays are for. */
typedef enum epx_array_role_t {
  EPX_ROLE_STATES, /* they drive the layer's states */
  EPX_ROLE_READOUT /* logits forward, errors of the softmax unit backward */
} epx_array_role_t;

/* The tile of parameter layer `layer` at (row_block, column_block). window: 4 (2x2 max) or 1. */
epx_tile_shape_t epx_map_tile(const epx_chip_t *chip, const epx_layer_map_t *map, int layer,
                              epx_array_role_t role, int window, int row_block, int column_block);

/* The synapse format of a parameter layer. */
epx_qformat_t epx_chip_synapse(const epx_chip_t *chip, int layer);

/* The rounding register of tile (layer, row block, column block) at the start of training. */
epx_lfsr_t epx_tile_lfsr(const epx_chip_t *chip, int layer, int row_block, int column_block);

#ifdef __cplusplus
}
#endif
#endif
