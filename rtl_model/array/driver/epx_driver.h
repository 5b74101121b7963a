/* SPDX-License-Identifier: Apache-2.0 */
/* What the DACs on an array's lines make of a code (chip.array.dac): passes, in each of which every
 * line carries one digit of its code. A converted sum is shifted by the digit's lowest bit.
 *
 * A code of n bits takes ceil(n / dac.bits) passes, lowest digit first; the sign bit of a two's
 * complement code has a pass of its own, the last, whose sums are subtracted. With EPX_DAC_ROUNDED
 * a code takes one pass, and a signed one a second for its sign: the code is first rounded to
 * dac.bits bits (nearest-even, saturating) and so loses its low bits. Example: the code 178, driven
 * by 2-bit DACs, is the digits 2, 0, 3, 2 in four passes; rounded to 2 bits it is 3 * 64 = 192. */
#ifndef EPX_DRIVER_H
#define EPX_DRIVER_H

#include "epx_chip.h"
#include "epx_tile_shape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_driver_t {
  int digit_bits; /* of a DAC */
  int low;        /* bits that codes lose */
  int end;        /* bits of a code, without its sign */
  bool is_signed;
} epx_driver_t;

/* Of a tile's rows, or, backward, of its units. */
epx_driver_t epx_driver_of(const epx_chip_t *chip, const epx_tile_shape_t *tile, bool backward);

typedef struct epx_pass_t {
  int bit, bits; /* of the digit: its lowest, how many */
  int sign;      /* of what the pass adds: 1 or -1 */
  int number;    /* its own among the passes of a word, below 256 */
} epx_pass_t;

enum { EPX_MAX_PASSES = 64 };

/* Passes of whole codes, in order. */
int epx_driver_passes(const epx_driver_t *driver, epx_pass_t passes[EPX_MAX_PASSES]);

/* How many. */
int epx_driver_pass_count(const epx_driver_t *driver);

/* A code as it is driven: rounded, where codes lose low bits. */
int32_t epx_driver_round(const epx_driver_t *driver, int32_t code);
static inline int32_t epx_driver_code(const epx_driver_t *driver, int32_t code) {
  return driver->low == 0 ? code : epx_driver_round(driver, code);
}

/* digit[i] of code[i], as it is driven. */
void epx_pass_digits(const epx_pass_t *pass, const int32_t *code, int count, uint8_t *digit);

#ifdef __cplusplus
}
#endif
#endif
