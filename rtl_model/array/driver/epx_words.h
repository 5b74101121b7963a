/* SPDX-License-Identifier: Apache-2.0 */
/* Many words at once on the lines of a layer's arrays: their codes, and the digits that DACs drive
 * of them in each pass (epx_driver.h). All arrays of a layer that lie side by side receive the same
 * digits, so that they are made once.
 *
 * A command's words are numbered as in epx_array_draw: `places` words that follow one another
 * belong to one position of a backward product, forward each is a word of its own (places 1). */
#ifndef EPX_WORDS_H
#define EPX_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "epx_driver.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_words_t {
  int count, lines; /* words held, and the lines of each */
  int first;        /* the number of the first among the words of the command */
  int places;
  size_t pitch; /* bytes from a word to the next; at least lines + 3, all readable */
  int passes;
  epx_pass_t pass[EPX_MAX_PASSES];
  const uint8_t *digit[EPX_MAX_PASSES]; /* by pass: [count][pitch], 0 to 255 */

  size_t capacity; /* bytes of one pass */
  uint8_t *memory; /* [passes][capacity] */
} epx_words_t;

/* Bytes that a pass of so many words takes. */
size_t epx_words_size(int count, int lines);

/* Memory for `passes` passes of `capacity` bytes. Errors: EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_words_create(size_t capacity, int passes, epx_words_t *words,
                                          epx_error_t *error);
void epx_words_destroy(epx_words_t *words);

/* Begins with `count` words of unsigned codes; the caller fills each of the rows [count][pitch]
 * that come back, whose rest is without meaning, and then calls epx_words_drive. */
uint8_t *epx_words_begin(epx_words_t *words, int first, int places, int count, int lines);

/* Digits of the codes that the rows hold; the rows hold digits then. */
void epx_words_drive(epx_words_t *words, const epx_driver_t *driver);

/* Digits of the codes of one word, of any width and signed where the driver says so. */
void epx_words_drive_one(epx_words_t *words, const epx_driver_t *driver, const int32_t *codes,
                         int first, int lines);

#ifdef __cplusplus
}
#endif
#endif
