/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words at once: an array as their kernels read it. Not for callers of
 * epx_array.h.
 *
 * A side is one direction of reading: n lines are read, units forward or rows backward, over k
 * lines that are driven. Slice s of all lines lies together, as bytes that fit the dot-product
 * instructions of quant/epx_gemm_u8s8s32.h. The sum c of a line is exact in 32 bits; everything
 * behind it is done in doubles, which hold it exactly because each number is a whole one, or a
 * whole number of 2^-12, below 2^53:
 *
 *   z     = c gain + zero            limited to 0 <= z < levels; a clip where it was not
 *   sum  += worth step floor(z)      worth: of the pass, sign * 2^bit; step: with the slice's 2^bit
 *   result = sum + worths low, rounded to whole units, ties to even
 *
 * With the step q and the lowest level L of a line's converter (epx_adc.h), in output units, gain
 * is 2^12 / q and zero is (q - 2 L + 1/2) / 2 q. epx_adc's level is floor((2 (2^12 c - L) + q) /
 * 2 q), a fraction of whole numbers; the 1/2 that is added to its numerator moves none past an
 * integer and keeps each 1 / 4 q away from the next one. Rounding moves z by less as long as the
 * line's reach and range stay below 2^48 output units, so that z has the same floor. Where
 * converters are ideal, floor(z) is c itself and nothing clips. */
#ifndef EPX_ARRAY_WORDS_INTERNAL_H
#define EPX_ARRAY_WORDS_INTERNAL_H

#include "epx_array.h"

typedef struct words_side_t {
  int k, n, slices;
  size_t slice_size, padded;  /* bytes of a packed slice; lines, in whole panels */
  int8_t *packed;             /* [slice], as epx_pack_s8 has them, k in whole fours */
  bool ideal;                 /* converters, or none */
  double *gain, *zero, *step; /* [slice][padded] */
  double *lowest;             /* likewise: a slice's lowest levels, with its 2^bit */
  double *low;                /* [padded]: those of all slices together */
  double top;                 /* the largest z below the number of levels */
  double unit;                /* of sums: 2^-epx_array_fraction() */
} words_side_t;

/* What a kernel multiplies. */
typedef struct words_product_t {
  const epx_array_t *array;
  bool backward, observing;
  const words_side_t *side;
  const epx_words_t *words;
  int first_line; /* of the words: where the side's driven lines begin */
  double worths;  /* of all passes together */
  int32_t *sums;  /* [words][ldc]; results are added to side->padded of each */
  size_t ldc;
} words_product_t;

/* Adds the product to the sums; returns how often converters clipped. */
typedef uint64_t words_kernel_t(const words_product_t *product);
words_kernel_t words_multiply_ref, words_multiply_avx512;

/* Whether an array is multiplied by these kernels: its cells count digits, and its converters make
 * no errors. The memory of its two sides; cells are 0, converters without a range. */
bool words_serve(const epx_array_t *array);
EPX_CHECKED epx_status_t words_create(epx_array_t *array, epx_error_t *error);
void words_destroy(epx_array_t *array);

/* A weight's digits; a line's converter, as epx_adc_levels has it; all of them ideal from here on.
 */
void words_write(epx_array_t *array, int row, int unit, int code);
void words_set_converter(const epx_array_t *array, bool rows, int slice, int line);
void words_set_ideal(epx_array_t *array);

/* Counts a read's clips by line, where they are counted: of 16 lines from `line` on, those set in
 * `below` and `above`. */
void words_count_clips(const words_product_t *product, int slice, int line, unsigned below,
                       unsigned above);
/* Observes the sums of 16 lines from `line` on, where they are observed. */
void words_observe(const words_product_t *product, int slice, int line, const int32_t *sums);

static inline double words_worth(const epx_pass_t *pass) {
  return pass->sign * (double)(INT64_C(1) << pass->bit);
}

#endif
