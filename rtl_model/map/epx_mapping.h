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
#include "epx_lfsr.h"
#include "epx_network.h"
#include "epx_tile_shape.h"

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

/* Makes the map of parameter layer `layer`, which has `units` units of `fan_in` synapses. Errors:
 * EPX_ERR_ARGUMENT where a weight does not fit the columns, or an analog array's ADC would lose
 * bits; EPX_ERR_UNSUPPORTED above EPX_MAP_MAX_TILES tiles. */
EPX_CHECKED epx_status_t epx_map_layer(const epx_chip_t *chip, int layer, int units, int fan_in,
                                       epx_layer_map_t *map, epx_error_t *error);

/* Rows of the map that row block `row_block` holds: [first, end). */
void epx_map_rows(const epx_layer_map_t *map, int row_block, int *first, int *end);
/* Units of column block `column_block`: [first, end). */
void epx_map_units(const epx_layer_map_t *map, int column_block, int *first, int *end);

/* Numbers of the reaches (epx_tile_reach_count) of the layer's tiles before `tile`, which are
 * numbered [column_blocks][row_blocks]; of all, where it is their number. */
size_t epx_map_reaches(const epx_layer_map_t *map, int tile);

/* What a set of arrays is for. */
typedef enum epx_array_role_t {
  EPX_ROLE_STATES,  /* drives the layer's states; bidirectional: acts back, too */
  EPX_ROLE_READOUT, /* logits forward, errors of the softmax unit backward */
  EPX_ROLE_FEEDBACK /* unidirectional: the backward weights, which act on the layer below; shaped
                       and mapped like the layer's own, without biases */
} epx_array_role_t;

/* Tile layers: sets of arrays, each of one role for one parameter layer. They are numbered as the
 * parameter layers are; where connections are unidirectional the feedback arrays of layers 1, 2,
 * ... follow. */
enum { EPX_MAX_TILE_LAYERS = 2 * EPX_MAX_LAYERS };

typedef struct epx_tile_layer_t {
  int parameter; /* layer */
  epx_array_role_t role;
} epx_tile_layer_t;

int epx_tile_layers(const epx_network_t *network);
epx_tile_layer_t epx_tile_layer(const epx_network_t *network, int index);
/* The tile layer through which layer l acts on the one below: its feedback arrays, or itself. */
int epx_tile_layer_back(const epx_network_t *network, int l);
/* The index-th of the tile layers as they lie on the chip: a layer's feedback arrays behind its own
 * arrays. */
int epx_tile_layer_placed(const epx_network_t *network, int index);
/* The number of sets of switches through which layer l's arrays learn. It is 2 with rule `same` and
 * pooling, where the mean is taken of what the switches of the forward and of the backward weights
 * give; without pooling both give the same, and the number is 1, as everywhere else. */
int epx_switch_sets(const epx_network_t *network, int l);

/* The tile of parameter layer `layer` at (row_block, column_block). window: 4 (2x2 max) or 1. */
epx_tile_shape_t epx_map_tile(const epx_chip_t *chip, const epx_layer_map_t *map, int layer,
                              epx_array_role_t role, int window, int row_block, int column_block);

/* The synapse format of a parameter layer. */
epx_qformat_t epx_chip_synapse(const epx_chip_t *chip, int layer);

/* The rounding register of tile (tile layer, row block, column block) at the start of training. */
epx_lfsr_t epx_tile_lfsr(const epx_chip_t *chip, int layer, int row_block, int column_block);

#ifdef __cplusplus
}
#endif
#endif
