/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "epx_clones.h"

/* Rows begin an odd number of cache lines apart, so that rows that are read side by side do not
 * share the few sets of a cache that a power of two would leave them. */
static size_t pitch_of(int lines) {
  return (((size_t)lines + 3 + 63) / 64 | 1) * 64;
}

size_t epx_words_size(int count, int lines) {
  return (size_t)count * pitch_of(lines);
}

epx_status_t epx_words_create(size_t capacity, int passes, epx_words_t *words, epx_error_t *error) {
  const size_t whole = (capacity + 63) / 64 * 64;
  *words = (epx_words_t){.capacity = whole};
  words->memory = aligned_alloc(64, (size_t)passes * whole + 64);
  if (words->memory == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the digits of %zu bytes of codes",
                    capacity);
  }
  memset(words->memory, 0, (size_t)passes * whole + 64);
  return EPX_OK;
}

void epx_words_destroy(epx_words_t *words) {
  free(words->memory);
  *words = (epx_words_t){0};
}

uint8_t *epx_words_begin(epx_words_t *words, int first, int places, int count, int lines) {
  assert(epx_words_size(count, lines) <= words->capacity);
  words->count = count;
  words->lines = lines;
  words->first = first;
  words->places = places;
  words->pitch = pitch_of(lines);
  return words->memory;
}

EPX_CLONES static void digits(const uint8_t *codes, size_t count, int bit, int mask, uint8_t *to) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = (uint8_t)(codes[i] >> bit & mask);
  }
}

static int mask_of(const epx_pass_t *pass) {
  return (1 << pass->bits) - 1;
}

void epx_words_drive(epx_words_t *words, const epx_driver_t *driver) {
  const size_t size = (size_t)words->count * words->pitch;
  uint8_t *const codes = words->memory;
  for (size_t i = 0; driver->low > 0 && i < size; ++i) {
    codes[i] = (uint8_t)epx_driver_round(driver, codes[i]);
  }
  words->passes = epx_driver_passes(driver, words->pass);
  for (int p = words->passes - 1; p >= 0; --p) { /* the codes lie where the first digits will */
    uint8_t *const to = words->memory + (size_t)p * words->capacity;
    words->digit[p] = to;
    digits(codes, size, words->pass[p].bit, mask_of(&words->pass[p]), to);
  }
}

void epx_words_drive_one(epx_words_t *words, const epx_driver_t *driver, const int32_t *codes,
                         int first, int lines) {
  (void)epx_words_begin(words, first, 1, 1, lines);
  words->passes = epx_driver_passes(driver, words->pass);
  for (int p = 0; p < words->passes; ++p) {
    const epx_pass_t *pass = &words->pass[p];
    uint8_t *const to = words->memory + (size_t)p * words->capacity;
    words->digit[p] = to;
    for (int i = 0; i < lines; ++i) {
      to[i] = (uint8_t)(epx_driver_code(driver, codes[i]) >> pass->bit & mask_of(pass));
    }
  }
}
