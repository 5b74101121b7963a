/* SPDX-License-Identifier: Apache-2.0 */
/* The part of one tile's array that a layer uses, and what the tile's digital part does. */
#ifndef EPX_TILE_SHAPE_H
#define EPX_TILE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One tile at work: the part of its array in use, and what its digital part does. */
typedef struct epx_tile_shape_t {
  int rows, units;  /* wordlines and output channels in use */
  int slices;       /* columns of one weight */
  int synapse_bits; /* of the visible weight */
  int input_bits;   /* of a wordline code */
  int state_bits;   /* of a post code */
  bool signed_post; /* post codes are two's complement (errors of the read-out) */
  int window;       /* convolution positions of one neuron: 4 (2x2 max) or 1 */
  bool offset;      /* wordline codes carry an offset that the tile corrects (layer 0) */
  bool psum_in;     /* partial sums of another row block arrive and are added */
  bool pools;       /* last row block: pools and holds the neurons; else hands partial sums on */
  bool bias;        /* row block 0: holds its channels' biases */
} epx_tile_shape_t;

/* Numbers of the reaches of a tile's lines: low and high of its columns, then of the rows of
 * each slice. */
static inline size_t epx_tile_reach_count(const epx_tile_shape_t *shape) {
  return 2 * (size_t)shape->slices * (size_t)(shape->units + shape->rows);
}

#ifdef __cplusplus
}
#endif
#endif
