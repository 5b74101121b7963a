/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation here is an exact integer `value` and a shift, result = value * 2^-shift, rounded
 * once and saturated. Exact values are up to 64 bits and a sign, and shifts go far beyond 62 (a
 * tiny double, two formats with many fraction bits), so round_saturate() first brings both into the
 * range of epx_round_shift() without changing the outcome. */
#include "epx_quantize.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

__extension__ typedef __int128 wide_t;

enum {
  DOUBLE_BITS = 53,
  MAX_DROP = 120,         /* beyond the bits of any exact value */
  FRACTION_BITS_KEPT = 18 /* 16 for the stochastic mode, a guard, and a sticky bit below */
};

/* A magnitude beyond the codes of every format, 2^33: larger ones saturate alike. */
static const int64_t beyond_codes = INT64_C(1) << (EPX_QFORMAT_MAX_BITS + 1);

static int64_t clamp_wide(wide_t value, int64_t limit) {
  return value > limit ? limit : value < -limit ? -limit : (int64_t)value;
}

/* value * 2^-shift for shift <= 0: no rounding. */
static int64_t scale_up_saturate(wide_t value, int shift, epx_qformat_t format) {
  const int64_t small = clamp_wide(value, beyond_codes);
  if (small != 0 && shift < -EPX_QFORMAT_MAX_BITS) {
    return small < 0 ? epx_qformat_min(format) : epx_qformat_max(format);
  }
  const wide_t scaled = small == 0 ? 0 : (wide_t)small * ((wide_t)1 << -shift);
  return epx_saturate_to(clamp_wide(scaled, beyond_codes), format);
}

/* value * 2^-shift for |value| < 2^127, rounded once by mode and saturated.
 *
 * Where more than 18 bits are to be dropped, those below the 18th are first gathered into one
 * sticky bit. Ties are then still seen as ties, and the stochastic mode looks at 16 bits only.
 * After that a value beyond 2^33 codes is clamped there, far outside every format. */
static int64_t round_saturate(wide_t value, int shift, epx_qformat_t format, epx_round_t mode,
                              uint32_t random16) {
  if (shift <= 0) {
    return scale_up_saturate(value, shift, format);
  }
  if (shift > FRACTION_BITS_KEPT) {
    const int excess = shift - FRACTION_BITS_KEPT;
    const int drop = excess < MAX_DROP ? excess : MAX_DROP;
    const bool sticky = (value & (((wide_t)1 << drop) - 1)) != 0;
    value = value >> drop | sticky;
    shift = FRACTION_BITS_KEPT;
  }
  const int64_t narrow = clamp_wide(value, beyond_codes << FRACTION_BITS_KEPT);
  return epx_saturate_to(epx_round_shift(narrow, shift, mode, random16), format);
}

int64_t epx_quantize(double value, epx_qformat_t format, epx_round_t mode, uint32_t random16) {
  assert(epx_qformat_valid(format));
  if (isnan(value)) {
    return 0;
  }
  if (isinf(value)) {
    return value < 0 ? epx_qformat_min(format) : epx_qformat_max(format);
  }
  int exponent = 0;
  const double mantissa = ldexp(frexp(value, &exponent), DOUBLE_BITS);
  const int shift = DOUBLE_BITS - exponent - format.fraction_bits;
  return round_saturate((int64_t)mantissa, shift, format, mode, random16);
}

double epx_dequantize(int64_t code, epx_qformat_t format) {
  return ldexp((double)code, -format.fraction_bits);
}

int64_t epx_add_saturated(int64_t a, int64_t b, epx_qformat_t format) {
  assert(a == epx_saturate_to(a, format) && b == epx_saturate_to(b, format));
  return epx_saturate_to(a + b, format);
}

int64_t epx_multiply(int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb, epx_qformat_t fr,
                     epx_round_t mode, uint32_t random16) {
  assert(epx_qformat_valid(fr));
  assert(a == epx_saturate_to(a, fa) && b == epx_saturate_to(b, fb));
  const int shift = fa.fraction_bits + fb.fraction_bits - fr.fraction_bits;
  return round_saturate((wide_t)a * b, shift, fr, mode, random16);
}
