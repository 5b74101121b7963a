/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-point arithmetic on codes and formats (epx_qformat.h), with modes, flags and counters in a
 * context that the caller owns; after IEEE 1666's sc_fix, bit for bit.
 *
 * Every operation computes its exact result, rounds it once to the fraction bits of the result's
 * format, then handles overflow once. Operands must be codes of their formats. Every pair of legal
 * formats works, however far apart their binary points are. A context serves one thread at a time.
 */
#ifndef EPX_FIXED_H
#define EPX_FIXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_qformat.h"
#include "epx_round.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a rounded value outside the format's range (IEEE 1666's name in brackets). */
typedef enum epx_overflow_t {
  EPX_OVERFLOW_SAT,      /* the nearest code (SC_SAT) */
  EPX_OVERFLOW_SAT_ZERO, /* 0 (SC_SAT_ZERO) */
  EPX_OVERFLOW_SAT_SYM,  /* the nearest code of -max to max; signed min overflows (SC_SAT_SYM) */
  EPX_OVERFLOW_WRAP,     /* the low bits; see saturated_bits (SC_WRAP) */
  EPX_OVERFLOW_WRAP_SM   /* sign-magnitude wrapping, signed formats only (SC_WRAP_SM) */
} epx_overflow_t;

/* Sticky flags; an operation only ever sets them. */
enum {
  EPX_FIXED_INEXACT = 1u,   /* rounding dropped bits that were not all 0 */
  EPX_FIXED_OVERFLOW = 2u,  /* the rounded value lay outside the range (SAT_SYM: -max to max) */
  EPX_FIXED_SATURATED = 4u, /* overflow, and no bit of the code came from the value: a saturating
                             * mode, or a wrapping one with saturated_bits >= the width */
  EPX_FIXED_INVALID = 8u    /* a NaN was converted; the code is 0 */
};

/* 16 uniform bits for the stochastic mode. */
typedef uint32_t epx_draw16_fn(void *state);

/* All zero but the modes is a legal start. */
typedef struct epx_fixed_t {
  epx_round_t rounding;
  epx_overflow_t overflow;
  int saturated_bits;    /* n_bits of IEEE 1666, >= 0: the top bits of a wrapped code that saturate
                          * (signed: the sign bit, kept, is the first); other modes ignore it */
  epx_draw16_fn *draw16; /* called once for each operation in stochastic mode, exact or not */
  void *draw_state;
  uint32_t flags;
  uint64_t operations; /* conversions to a code, one for each call below but compare */
  uint64_t inexact;    /* of those, by flag */
  uint64_t overflows;
  uint64_t saturated;
} epx_fixed_t;

/* A context with no flags set and counters at 0. */
static inline epx_fixed_t epx_fixed_make(epx_round_t rounding, epx_overflow_t overflow) {
  epx_fixed_t fixed = {EPX_ROUND_NEAREST_EVEN, EPX_OVERFLOW_SAT, 0, NULL, NULL, 0, 0, 0, 0, 0};
  fixed.rounding = rounding;
  fixed.overflow = overflow;
  return fixed;
}

/* True where the modes are defined for results of this format: not WRAP_SM for unsigned (IEEE 1666
 * has none; asserted here), not stochastic without a source, not negative saturated_bits. */
bool epx_fixed_legal(const epx_fixed_t *fixed, epx_qformat_t to);

/* The value of a code in another format. */
int64_t epx_fixed_convert(epx_fixed_t *fixed, int64_t code, epx_qformat_t from, epx_qformat_t to);

/* A real number. NaN gives 0 and the flag invalid. Infinities overflow; a wrapping mode takes them
 * as a power of two far above the format. */
int64_t epx_fixed_from_double(epx_fixed_t *fixed, double value, epx_qformat_t to);

/* a + b, a - b, a * b. */
int64_t epx_fixed_add(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb,
                      epx_qformat_t to);
int64_t epx_fixed_subtract(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b,
                           epx_qformat_t fb, epx_qformat_t to);
int64_t epx_fixed_multiply(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b,
                           epx_qformat_t fb, epx_qformat_t to);

/* c + the sum of a[i] * b[i] for i < count: the sum is exact, then rounded once. count < 2^31. */
int64_t epx_fixed_multiply_accumulate(epx_fixed_t *fixed, const int64_t *a, epx_qformat_t fa,
                                      const int64_t *b, epx_qformat_t fb, size_t count, int64_t c,
                                      epx_qformat_t fc, epx_qformat_t to);

/* code * 2^amount, any amount. */
int64_t epx_fixed_shift(epx_fixed_t *fixed, int64_t code, epx_qformat_t from, int amount,
                        epx_qformat_t to);

/* -1, 0 or 1 as the value of a is below, equal to or above that of b; exact. */
int epx_fixed_compare(int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb);

#ifdef __cplusplus
}
#endif
#endif
