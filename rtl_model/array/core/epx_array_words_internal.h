/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words at once: an array as their kernels read it. Not for callers of
 * epx_array.h.
 *
 * A side is one direction of reading: n lines are read, units forward or rows backward, over k
 * lines that are driven. Slice s of all lines lies together, as bytes that fit the dot-product
 * instructions of quant/epx_gemm_u8s8s32.h: a cell that counts a digit is one byte, -128 to 127; a
 * cell that counts whole 2^-12 digits is two or three such bytes, in planes of their own, the
 * lowest first: 4711 = 103 + 256 * 18. A plane's sum is exact in 32 bits; everything behind it is
 * done in doubles, which hold it exactly because each number is a whole one below 2^53:
 *
 *   c     = sum of plane 0 + 256 * sum of plane 1 + ..
 *   z     = c gain + zero                            a clip where it is not within 0 <= z < levels
 *   total = low worths + .. + worth step floor(z)    worth: of the pass, sign * 2^bit
 *   result = total unit, rounded to whole units, ties to even
 *
 * With the step q and the lowest level L of a line's converter (epx_adc.h), in output units, and c
 * in units of u of them, gain is u / q and zero is (q - 2 L + 1/2) / 2 q. epx_adc's level is
 * floor((2 (u c - L) + q) / 2 q), a fraction of whole numbers; the 1/2 that is added to its
 * numerator moves none past an integer and keeps each 1 / 4 q away from the next one. Rounding
 * moves z by less as long as the line's reach and range stay below 2^48 output units, so that z has
 * the same floor. A converter with a gain and an offset of its own takes t = round(c own_gain +
 * own_offset q) in the place of u c, as epx_adc.h has it. Where converters are ideal, floor(z) is c
 * itself and nothing clips. step and low carry the slice's 2^bit.
 *
 * Noise. Of reads (epx_array_cells.h; of the kind that all cells have alike): c becomes round(c
 * read_scale + read_factor root eta), limited, in 2^-12 digits; root is that of the sum of the
 * squares of the pass's digits, eta the number of epx_array_noise.h. Of converters: own_offset +
 * noise eta in the place of own_offset. */
#ifndef EPX_ARRAY_WORDS_INTERNAL_H
#define EPX_ARRAY_WORDS_INTERNAL_H

#include "epx_array.h"
#include "epx_array_noise.h"

enum { WORDS_MAX_SLICES = 8, WORDS_MAX_PLANES = 3 };

/* Of lines whose cells and digits are bits (epx_array_words_bits.c); all by [slice][padded]. */
typedef struct words_bits_t {
  const uint64_t *planes; /* of line n and slice s: at n * n_stride + s * slice_stride */
  size_t n_stride, slice_stride;
  uint8_t *level;        /* [256]: by count, above the lowest of the line */
  uint8_t *least, *past; /* the first count that does not clip; the first behind those */
  double *low;           /* the lowest level, times step */
} words_bits_t;

typedef struct words_side_t {
  int k, n, slices;
  int planes[WORDS_MAX_SLICES];
  size_t plane_size, padded;  /* bytes of a packed plane; lines, in whole panels */
  int8_t *packed;             /* [slice][WORDS_MAX_PLANES], as epx_pack_s8 has k in whole fours */
  bool ideal;                 /* converters, or none */
  bool errors;                /* of converters: own_gain and own_offset hold */
  double *gain, *zero, *step; /* [slice][padded] */
  double *own_gain, *own_offset; /* likewise; the offset in LSB */
  double *lsb;                   /* likewise: q */
  double *lowest;                /* likewise: a slice's lowest levels, with its 2^bit */
  double *low;                   /* [padded]: those of all slices together */
  double top;                    /* the largest z below the number of levels */
  double unit;                   /* of totals: 2^-epx_array_fraction() */
  double count_unit;             /* of what is converted, in whole sums: 1 or 2^-12 */
  bool reads_noise;
  double read_scale; /* of c, where reads have noise: 4096, or 1 where c counts 2^-12 digits */
  double read_factor[WORDS_MAX_SLICES], read_limit[WORDS_MAX_SLICES]; /* the limit of a digit 1 */
  double noise;                                                       /* of converters, LSB */
  uint64_t read_key, adc_key;                                         /* of epx_array_key */
  uint64_t *line_mix; /* [slice][padded]: epx_random_mix of a line's number */
  words_bits_t *bits; /* NULL: digits or cells are more */
} words_side_t;

/* What a kernel multiplies. */
typedef struct words_product_t {
  const epx_array_t *array;
  bool backward, observing;
  const words_side_t *side;
  const epx_words_t *words;
  int first_line;   /* of the words: where the side's driven lines begin */
  double worths;    /* of all passes together */
  uint64_t command; /* epx_array_command */
  int32_t *sums;    /* [words][ldc]; results are added to side->padded of each */
  size_t ldc;
} words_product_t;

/* Adds the product to the sums; returns how often converters clipped. */
typedef uint64_t words_kernel_t(const words_product_t *product);
words_kernel_t words_multiply_ref, words_multiply_avx512, words_multiply_bits;

void words_destroy(epx_array_t *array);

/* A weight's digits; what all cells count, where they are not ideal; a line's converter, as epx_adc
 * has it; all converters ideal from here on. */
void words_write(epx_array_t *array, int row, int unit, int code);
void words_pack_cells(const epx_array_t *array);
void words_set_converter(const epx_array_t *array, bool rows, int slice, int line);
void words_set_ideal(epx_array_t *array);

/* Clips of a panel of 16 lines, by slice. */
typedef struct words_tally_t {
  uint32_t below[WORDS_MAX_SLICES][EPX_ARRAY_LINES], above[WORDS_MAX_SLICES][EPX_ARRAY_LINES];
  bool any;
} words_tally_t;

/* Returns the clips of the panel from `line` on, adds them to the array's clips by line, where
 * those are counted, and empties the tally. */
uint64_t words_count_clips(const words_product_t *product, int line, words_tally_t *tally);
/* Observes c of 16 lines from `line` on. */
void words_observe(const words_product_t *product, int slice, int line, const double *counts);

static inline const int8_t *words_panel(const words_side_t *side, int slice, int plane, int line) {
  return side->packed + (size_t)(slice * WORDS_MAX_PLANES + plane) * side->plane_size +
         (size_t)line * (((size_t)side->k + 3) / 4 * 4);
}

/* epx_array_words_bits.c. What a line's converter, which is set in `side`, makes of each count.
 * NULL: out of memory. */
words_bits_t *words_create_bits(const words_side_t *side, const uint64_t *planes, size_t n_stride,
                                size_t slice_stride);
void words_destroy_bits(words_bits_t *bits);
void words_set_bits(const words_side_t *side, int slice, int n);
/* Whether this processor has the instructions, beyond those of EPX_CPU_AVX512. */
bool words_bits_available(void);
bool words_avx512_available(void);

/* The key of a read's noise; of the columns, slice is 0. */
static inline uint64_t words_draw(const words_product_t *product, uint64_t key, int word, int slice,
                                  int pass) {
  const epx_words_t *words = product->words;
  const uint64_t draw =
      epx_array_draw(product->command, words->first + word / words->places, word % words->places,
                     product->backward ? slice : 0, words->pass[pass].number);
  return epx_array_draw_key(key, draw);
}

/* What a read with noise counts; eta: its normal number. */
static inline double words_disturb(const words_side_t *side, int slice, const epx_pass_t *pass,
                                   double root, double c, double eta) {
  const double limit = side->read_limit[slice] * (double)((1 << pass->bits) - 1);
  const double x = c * side->read_scale + side->read_factor[slice] * root * eta;
  return epx_math_round(x < -limit ? -limit : x > limit ? limit : x);
}

/* z of a count, by the line's constants; eta: the conversion's normal number, where it has noise.
 */
static inline double words_place(const words_side_t *side, size_t at, double c, double eta) {
  if (side->errors) {
    const double limit = 0x1p51 - 1.0;
    const double x =
        c * side->own_gain[at] + (side->own_offset[at] + side->noise * eta) * side->lsb[at];
    c = epx_math_round(x < -limit ? -limit : x > limit ? limit : x);
  }
  return c * side->gain[at] + side->zero[at];
}

static inline double words_worth(const epx_pass_t *pass) {
  return pass->sign * (double)(INT64_C(1) << pass->bit);
}

#endif
