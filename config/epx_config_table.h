/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of keys behind the parser, `explain`, `each`, `write` and docs/configuration.md.
 *
 * A row says where a key's value lies in its struct, what type and range it has and what it means.
 * Defaults stand in epx_config_default.c alone. To add a key: one row, one default. */
#ifndef EPX_CONFIG_TABLE_H
#define EPX_CONFIG_TABLE_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#include "epx_experiment.h"

typedef enum epx_config_type_t {
  EPX_TYPE_INTEGER,      /* int */
  EPX_TYPE_UNSIGNED,     /* uint32_t */
  EPX_TYPE_SEED,         /* uint64_t, below 2^63 */
  EPX_TYPE_REAL,         /* double */
  EPX_TYPE_REAL_LIST,    /* double[EPX_MAX_LAYERS + 1] and an int count; one number: count 1 */
  EPX_TYPE_BOOLEAN,      /* bool */
  EPX_TYPE_ENUM,         /* an enum */
  EPX_TYPE_TEXT,         /* char[size] */
  EPX_TYPE_QFORMAT,      /* epx_qformat_t */
  EPX_TYPE_QFORMAT_LIST, /* epx_qformat_t[EPX_MAX_LAYERS + 1] and an int count */
  EPX_TYPE_SHAPE,        /* int[3]: channels, height, width */
  EPX_TYPE_LAYERS        /* epx_layer_t[EPX_MAX_LAYERS] and an int count */
} epx_config_type_t;

typedef struct epx_config_row_t {
  const char *key; /* "training.epochs"; of a layer's row: "kernel" */
  epx_config_type_t type;
  size_t offset;       /* of the value in epx_experiment_t (a layer's row: in epx_layer_t) */
  size_t count_offset; /* lists: of the count */
  double low, high;    /* numbers: allowed range */
  bool above, below;   /* reals: low, high themselves are not allowed */
  double least;        /* reals: the least magnitude but 0; 0: that of every real (below) */
  size_t size;         /* text: of the array */
  const char *(*name)(int value);      /* enum: name of a value, NULL past the last */
  const char *(*name_help)(int value); /* of each name, one phrase; NULL: help says it all */
  const char *unit;                    /* "" where none */
  const char *help;                    /* one sentence */
} epx_config_row_t;

enum { EPX_CONFIG_MAX_ROWS = 128, EPX_CONFIG_KEY_SIZE = 96 };

/* Real values nearer to 0 are refused, 0 itself is not: float32, in which the golden model
 * computes, holds nothing smaller in full, and the reciprocal of what is smaller still is infinite.
 */
#define EPX_CONFIG_LEAST_REAL ((double)FLT_MIN)

/* Whether a number lies in the row's range. */
bool epx_config_takes(const epx_config_row_t *row, double value);

/* All keys, groups together, and those of one layer of network.layers. */
const epx_config_row_t *epx_config_rows(int *count);
const epx_config_row_t *epx_config_layer_rows(int *count);

/* Index of a key in epx_config_rows, or -1. */
int epx_config_find(const char *key);

/* True where some row's key lies below `key` ("training" or "chip.array"; "" is the top). */
bool epx_config_is_group(const char *key);

/* The distinct names one level below a group ("epochs", "batch", ...), in table order: fills names
 * with up to EPX_CONFIG_MAX_ROWS strings held in text, and returns how many. */
typedef struct epx_config_names_t {
  int count;
  const char *names[EPX_CONFIG_MAX_ROWS];
  char text[EPX_CONFIG_MAX_ROWS][32];
} epx_config_names_t;
void epx_config_children(const char *group, epx_config_names_t *names);

#endif
