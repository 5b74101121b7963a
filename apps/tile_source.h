/* SPDX-License-Identifier: Apache-2.0 */
/* Where the vectors of `epxbar tile` come from, as the command line says it. */
#ifndef TILE_SOURCE_H
#define TILE_SOURCE_H

#include "command.h"
#include "epx_tile_check.h"
#include "epx_tile_npz.h"
#include "epx_tile_source.h"

typedef struct tile_source_t {
  command_source_t config;
  const char *vectors; /* .npz, or NULL */
  int random;          /* positions; 0: not this source */
  uint64_t seed;
  const char *run;        /* folder, or NULL */
  int image, images;      /* the first, and how many */
  epx_tile_place_t place; /* -1: not given */
} tile_source_t;

typedef struct tile_vectors_t {
  epx_tile_vectors_t *vectors; /* the caller's to destroy */
  char layer[24];              /* its name, "conv1" */
  char source[EPX_ERROR_MESSAGE_SIZE / 2];
} tile_vectors_t;

/* Loads configuration or run folder, makes a twin, takes the vectors. */
EPX_CHECKED epx_status_t tile_vectors_open(const tile_source_t *source, tile_vectors_t *tile,
                                           epx_error_t *error);

#endif
