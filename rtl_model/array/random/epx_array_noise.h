/* SPDX-License-Identifier: Apache-2.0 */
/* Normal numbers of what is drawn anew at every read, conversion or drive: noise of cells, ADCs and
 * DACs. Errors that a device keeps take those of epx_array_random.h, which reach further and cost
 * five times as much.
 *
 * A draw has 32 bits, the upper half of random_bits(draw key, line). The top one is the sign; the
 * others, m, choose the probability p = (2 m + 1) 2^-33 of a larger magnitude, 2^-33 to 1/2. The
 * magnitude is the quantile of p by a polynomial for each octave of p: with 2^k the power of two
 * that brings 2 m + 1 to 32 bits, p = t 2^-(k + 2), t in [1, 2), of which 23 bits behind the point
 * are kept, and the polynomial is one of t - 3/2. In float, by multiplications and additions that
 * are not fused, so that all machines and vector lengths give the same bits.
 *
 * Against the exact quantile of p the error is below 5e-6; the largest magnitude is 6.33. Example:
 * m = 0 is p = 2^-33, magnitude 6.33; m = 2^30 is p = 1/4, magnitude 0.6745. */
#ifndef EPX_ARRAY_NOISE_H
#define EPX_ARRAY_NOISE_H

#include <string.h>

#include "epx_array_random.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_ARRAY_NOISE_POWERS = 6, EPX_ARRAY_NOISE_OCTAVES = 32 };

/* Coefficients, by power of t - 3/2 and octave k. */
extern const float epx_array_noise_table[EPX_ARRAY_NOISE_POWERS][EPX_ARRAY_NOISE_OCTAVES];

/* The normal number of 32 random bits. */
static inline double epx_array_noise_of(uint32_t bits) {
  const uint32_t y = bits << 1 | 1;
  const int k = __builtin_clz(y);
  const uint32_t pattern = (y << k << 1) >> 9 | UINT32_C(0x3f800000);
  float t;
  memcpy(&t, &pattern, sizeof t);
  const float x = t - 1.5f;
  float value = epx_array_noise_table[EPX_ARRAY_NOISE_POWERS - 1][k];
  for (int power = EPX_ARRAY_NOISE_POWERS - 2; power >= 0; --power) {
    value = value * x + epx_array_noise_table[power][k];
  }
  return (double)((bits >> 31) != 0 ? -value : value);
}

static inline double epx_array_noise(uint64_t draw_key, uint64_t line) {
  return epx_array_noise_of((uint32_t)(epx_random_bits(draw_key, line) >> 32));
}

/* noise[i] = epx_array_noise(draw_key, first + i). */
void epx_array_noises(uint64_t draw_key, uint64_t first, size_t count, double *noise);

#ifdef __cplusplus
}
#endif
#endif
