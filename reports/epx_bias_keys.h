/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of bias.csv that can be asked for by their keys; for the bias record's own use. */
#ifndef EPX_BIAS_KEYS_H
#define EPX_BIAS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "epx_bias_record.h"

/* Zeroed: empty. An open-addressing table of row indices plus 1, at most half full. */
typedef struct epx_bias_keys_t {
  epx_bias_row_t *rows;
  int count, capacity;
  int *slots;
  size_t slot_count; /* a power of two */
} epx_bias_keys_t;

void epx_bias_keys_clear(epx_bias_keys_t *keys);

/* Makes room for so many rows in all; false where memory is out. */
bool epx_bias_keys_reserve(epx_bias_keys_t *keys, int rows);

/* Whether a row with the members of the key is there. */
bool epx_bias_keys_has(const epx_bias_keys_t *keys, const epx_bias_row_t *key);

/* Adds a row, for which there must be room; false where its key is there already. */
bool epx_bias_keys_add(epx_bias_keys_t *keys, const epx_bias_row_t *row);

/* Removes the rows after the first `count`. */
void epx_bias_keys_cut(epx_bias_keys_t *keys, int count);

#endif
