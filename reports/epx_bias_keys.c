/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_keys.h"

#include <stdlib.h>
#include <string.h>

#include "epx_bias_rows.h"

void epx_bias_keys_clear(epx_bias_keys_t *keys) {
  free(keys->rows);
  free(keys->slots);
  *keys = (epx_bias_keys_t){0};
}

static size_t find_slot(const epx_bias_keys_t *keys, const epx_bias_row_t *key) {
  size_t slot = epx_bias_hash_key(key) & (keys->slot_count - 1);
  while (keys->slots[slot] != 0 && !epx_bias_same_key(&keys->rows[keys->slots[slot] - 1], key)) {
    slot = (slot + 1) & (keys->slot_count - 1);
  }
  return slot;
}

static void fill_slots(epx_bias_keys_t *keys) {
  memset(keys->slots, 0, keys->slot_count * sizeof *keys->slots);
  for (int i = 0; i < keys->count; ++i) {
    keys->slots[find_slot(keys, &keys->rows[i])] = i + 1;
  }
}

bool epx_bias_keys_reserve(epx_bias_keys_t *keys, int rows) {
  if (rows <= keys->capacity) {
    return true;
  }
  size_t slot_count = 1024;
  while (slot_count < 4 * (size_t)rows) {
    slot_count *= 2;
  }
  epx_bias_row_t *larger = realloc(keys->rows, slot_count / 2 * sizeof *larger);
  keys->rows = larger != NULL ? larger : keys->rows;
  int *slots = larger != NULL ? malloc(slot_count * sizeof *slots) : NULL;
  if (slots == NULL) {
    return false;
  }
  free(keys->slots);
  keys->slots = slots;
  keys->slot_count = slot_count;
  keys->capacity = (int)(slot_count / 2);
  fill_slots(keys);
  return true;
}

bool epx_bias_keys_has(const epx_bias_keys_t *keys, const epx_bias_row_t *key) {
  return keys->count > 0 && keys->slots[find_slot(keys, key)] != 0;
}

bool epx_bias_keys_add(epx_bias_keys_t *keys, const epx_bias_row_t *row) {
  const size_t slot = find_slot(keys, row);
  if (keys->slots[slot] != 0) {
    return false;
  }
  keys->rows[keys->count++] = *row;
  keys->slots[slot] = keys->count;
  return true;
}

void epx_bias_keys_cut(epx_bias_keys_t *keys, int count) {
  if (count < keys->count) {
    keys->count = count;
    fill_slots(keys);
  }
}
