/* SPDX-License-Identifier: Apache-2.0 */
/* The operations: each states its exact result and leaves the rest to epx_fixed_finish.c. */
#include "epx_fixed.h"

#include <assert.h>
#include <math.h>

#include "epx_fixed_internal.h"

int64_t epx_fixed_convert(epx_fixed_t *fixed, int64_t code, epx_qformat_t from, epx_qformat_t to) {
  assert(epx_fixed_is_code(code, from));
  return epx_fixed_finish(fixed, code, from.fraction_bits - to.fraction_bits, to);
}

int64_t epx_fixed_from_double(epx_fixed_t *fixed, double value, epx_qformat_t to) {
  enum { MANTISSA_BITS = 53, FAR = 1 << 12 };
  if (isnan(value)) {
    fixed->flags |= EPX_FIXED_INVALID;
    fixed->operations++;
    return 0;
  }
  if (isinf(value)) {
    return epx_fixed_finish(fixed, value < 0 ? -1 : 1, -FAR, to);
  }
  int exponent = 0;
  const double mantissa = ldexp(frexp(value, &exponent), MANTISSA_BITS);
  return epx_fixed_finish(fixed, (int64_t)mantissa, MANTISSA_BITS - exponent - to.fraction_bits,
                          to);
}

int64_t epx_fixed_add(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb,
                      epx_qformat_t to) {
  assert(epx_fixed_is_code(a, fa) && epx_fixed_is_code(b, fb));
  return epx_fixed_finish_sum(fixed, a, fa.fraction_bits, b, fb.fraction_bits, to);
}

int64_t epx_fixed_subtract(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b,
                           epx_qformat_t fb, epx_qformat_t to) {
  assert(epx_fixed_is_code(a, fa) && epx_fixed_is_code(b, fb));
  return epx_fixed_finish_sum(fixed, a, fa.fraction_bits, -b, fb.fraction_bits, to);
}

int64_t epx_fixed_multiply(epx_fixed_t *fixed, int64_t a, epx_qformat_t fa, int64_t b,
                           epx_qformat_t fb, epx_qformat_t to) {
  assert(epx_fixed_is_code(a, fa) && epx_fixed_is_code(b, fb));
  const int shift = fa.fraction_bits + fb.fraction_bits - to.fraction_bits;
  return epx_fixed_finish(fixed, (epx_wide_t)a * b, shift, to);
}

int64_t epx_fixed_multiply_accumulate(epx_fixed_t *fixed, const int64_t *a, epx_qformat_t fa,
                                      const int64_t *b, epx_qformat_t fb, size_t count, int64_t c,
                                      epx_qformat_t fc, epx_qformat_t to) {
  assert(epx_fixed_is_code(c, fc) && count < UINT32_C(1) << 31);
  epx_wide_t sum = 0; /* products below 2^64, so below 2^95 */
  for (size_t i = 0; i < count; i++) {
    assert(epx_fixed_is_code(a[i], fa) && epx_fixed_is_code(b[i], fb));
    sum += (epx_wide_t)a[i] * b[i];
  }
  return epx_fixed_finish_sum(fixed, sum, fa.fraction_bits + fb.fraction_bits, c, fc.fraction_bits,
                              to);
}

int64_t epx_fixed_shift(epx_fixed_t *fixed, int64_t code, epx_qformat_t from, int amount,
                        epx_qformat_t to) {
  enum { FAR = 1 << 12 }; /* beyond it nothing changes */
  assert(epx_fixed_is_code(code, from));
  const int places = amount > FAR ? FAR : amount < -FAR ? -FAR : amount;
  return epx_fixed_finish(fixed, code, from.fraction_bits - to.fraction_bits - places, to);
}

/* Codes have up to 33 bits with their sign: moved further apart than 40 bits, the coarser one
 * decides unless it is 0. */
int epx_fixed_compare(int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb) {
  enum { APART = 40 };
  assert(epx_fixed_is_code(a, fa) && epx_fixed_is_code(b, fb));
  const int difference = fa.fraction_bits - fb.fraction_bits;
  const int places = difference > APART ? APART : difference < -APART ? -APART : difference;
  const epx_wide_t left = (epx_wide_t)a * ((epx_wide_t)1 << (places < 0 ? -places : 0));
  const epx_wide_t right = (epx_wide_t)b * ((epx_wide_t)1 << (places > 0 ? places : 0));
  return (left > right) - (left < right);
}
