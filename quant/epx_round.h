/* SPDX-License-Identifier: Apache-2.0 */
/* Rounding and saturation of integer codes: the one place where bits are dropped.
 *
 * Inline because every neuron and synapse passes here. All shifts are of two's complement codes. */
#ifndef EPX_ROUND_H
#define EPX_ROUND_H

#include <assert.h>
#include <stdint.h>

#include "epx_qformat.h"

/* The seven modes of IEEE 1666 (its name in brackets) and stochastic rounding. */
typedef enum epx_round_t {
  EPX_ROUND_NEAREST_EVEN, /* to nearest, ties to the even code (SC_RND_CONV) */
  EPX_ROUND_TRUNCATE,     /* toward minus infinity (SC_TRN) */
  EPX_ROUND_STOCHASTIC,   /* up with probability = dropped fraction, from 16 random bits */
  EPX_ROUND_NEAREST_UP,   /* to nearest, ties toward plus infinity (SC_RND) */
  EPX_ROUND_NEAREST_ZERO, /* to nearest, ties toward zero (SC_RND_ZERO) */
  EPX_ROUND_NEAREST_DOWN, /* to nearest, ties toward minus infinity (SC_RND_MIN_INF) */
  EPX_ROUND_NEAREST_AWAY, /* to nearest, ties away from zero (SC_RND_INF) */
  EPX_ROUND_TRUNCATE_ZERO /* toward zero (SC_TRN_ZERO) */
} epx_round_t;

/* value * 2^-shift, rounded; shift in [-31, 62], |value| < 2^62 and the result must fit 63 bits
 * (negative shift multiplies, exactly). `random16`: 16 uniform bits, read by the stochastic mode
 * only; with shift > 16 the fraction is compared in steps of 2^-16. */
static inline int64_t epx_round_shift(int64_t value, int shift, epx_round_t mode,
                                      uint32_t random16) {
  assert(shift >= -31 && shift <= 62);
  if (shift <= 0) {
    return value * (INT64_C(1) << -shift);
  }
  const int64_t half = INT64_C(1) << (shift - 1);
  switch (mode) {
    case EPX_ROUND_NEAREST_EVEN:
      return (value + (half - 1) + ((value >> shift) & 1)) >> shift;
    case EPX_ROUND_STOCHASTIC: {
      const int64_t random = (int64_t)(random16 & 0xffffu);
      return (value + (shift >= 16 ? random << (shift - 16) : random >> (16 - shift))) >> shift;
    }
    case EPX_ROUND_NEAREST_UP:
      return (value + half) >> shift;
    case EPX_ROUND_NEAREST_DOWN:
      return (value + (half - 1)) >> shift;
    case EPX_ROUND_NEAREST_AWAY:
      return (value + half - (value < 0 ? 1 : 0)) >> shift;
    case EPX_ROUND_NEAREST_ZERO:
      return (value + half - (value < 0 ? 0 : 1)) >> shift;
    case EPX_ROUND_TRUNCATE_ZERO:
      return (value + (value < 0 ? half + (half - 1) : 0)) >> shift;
    case EPX_ROUND_TRUNCATE:
      break;
  }
  return value >> shift;
}

/* Clamps a code into [low, high]. */
static inline int64_t epx_saturate(int64_t code, int64_t low, int64_t high) {
  return code < low ? low : code > high ? high : code;
}

/* Clamps a code into a format's range. */
static inline int64_t epx_saturate_to(int64_t code, epx_qformat_t format) {
  return epx_saturate(code, epx_qformat_min(format), epx_qformat_max(format));
}

#endif
