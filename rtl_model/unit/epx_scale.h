/* SPDX-License-Identifier: Apache-2.0 */
/* A constant multiplier as hardware has it: a 16-bit mantissa and a shift. */
#ifndef EPX_SCALE_H
#define EPX_SCALE_H

#include <math.h>
#include <stdint.h>

#include "epx_round.h"

typedef struct epx_scale_t {
  int32_t mantissa; /* 0, or 2^15 .. 2^16 - 1 */
  int shift;        /* factor = mantissa * 2^-shift, shift in [-15, 62] */
} epx_scale_t;

/* The nearest such constant: relative error at most 2^-16. factor >= 0 and below 2^30; factors
 * below 2^-47 lose mantissa bits and then become 0. */
static inline epx_scale_t epx_scale_from(double factor) {
  epx_scale_t scale = {0, 0};
  if (!(factor > 0.0)) {
    return scale;
  }
  int exponent;
  const double fraction = frexp(factor, &exponent); /* in [1/2, 1) */
  long mantissa = lrint(ldexp(fraction, 16));
  int shift = 16 - exponent;
  if (mantissa == 65536) {
    mantissa = 32768;
    --shift;
  }
  while (shift > 62) {
    mantissa >>= 1;
    --shift;
  }
  scale.mantissa = (int32_t)mantissa;
  scale.shift = shift;
  return scale;
}

/* x * factor, rounded once; |x| < 2^46. */
static inline int64_t epx_scale_apply(epx_scale_t scale, int64_t x, epx_round_t mode,
                                      uint32_t random16) {
  return epx_round_shift(x * scale.mantissa, scale.shift, mode, random16);
}

#endif
