/* SPDX-License-Identifier: Apache-2.0 */
/* Overflow handling of IEEE 1666 on two's complement codes.
 *
 * A wrapping mode with n saturated bits keeps the low width - n bits of the code and gives the top
 * n bits what saturation gives them: the sign, then its complement (unsigned: ones). Sign-magnitude
 * wrapping first complements all bits where the bit that the new sign replaces differs from it, so
 * that the magnitude folds back instead of jumping. */
#include <assert.h>

#include "epx_fixed_internal.h"

/* The low `bits` bits of code, 1 to 42, read as signed or unsigned. */
static int64_t low_bits(int64_t code, int bits, bool is_signed) {
  const int64_t unit = INT64_C(1) << bits;
  const int64_t low = code & (unit - 1);
  return is_signed && low >= unit / 2 ? low - unit : low;
}

static bool bit_of(int64_t code, int bit) {
  return (code >> bit & 1) != 0;
}

/* Replaces the top n bits, 0 < n < width, by those of the saturated code. */
static int64_t saturate_top(int64_t code, int n, bool below, epx_qformat_t to) {
  const int64_t kept = (INT64_C(1) << (epx_qformat_bits(to) - n)) - 1;
  const int64_t end = below ? epx_qformat_min(to) : epx_qformat_max(to);
  return (end & ~kept) | (code & kept);
}

static int64_t wrap(int64_t code, int n, epx_qformat_t to) {
  return n == 0 ? low_bits(code, epx_qformat_bits(to), to.is_signed)
                : saturate_top(code, n, code < 0, to);
}

/* The bit compared with the new sign: without saturated bits the new sign is the bit above the
 * format and the compared one the format's own sign bit; with one, the sign is kept; with more, the
 * bits below the sign saturate to its complement, and the lowest of them is compared. */
static int64_t wrap_sign_magnitude(int64_t code, int n, epx_qformat_t to) {
  const int bits = epx_qformat_bits(to);
  if (n == 0) {
    const bool fold = bit_of(code, bits) != bit_of(code, bits - 1);
    return low_bits(fold ? ~code : code, bits, true);
  }
  if (n == 1) {
    const bool fold = (code < 0) != bit_of(code, bits - 1);
    return low_bits(fold ? ~code : code, bits, true);
  }
  const bool fold = (code < 0) == bit_of(code, bits - n);
  return saturate_top(fold ? ~code : code, n, code < 0, to);
}

int64_t epx_fixed_overflow(const epx_fixed_t *fixed, int64_t code, epx_qformat_t to,
                           uint32_t *flags) {
  const int64_t high = epx_qformat_max(to);
  const bool symmetric = fixed->overflow == EPX_OVERFLOW_SAT_SYM && to.is_signed;
  const int64_t low = symmetric ? -high : epx_qformat_min(to);
  if (code >= low && code <= high) {
    return code;
  }
  *flags |= EPX_FIXED_OVERFLOW;
  const bool wraps =
      fixed->overflow == EPX_OVERFLOW_WRAP || fixed->overflow == EPX_OVERFLOW_WRAP_SM;
  if (wraps && fixed->saturated_bits < epx_qformat_bits(to)) {
    assert(fixed->saturated_bits >= 0);
    return fixed->overflow == EPX_OVERFLOW_WRAP_SM && to.is_signed
               ? wrap_sign_magnitude(code, fixed->saturated_bits, to)
               : wrap(code, fixed->saturated_bits, to);
  }
  *flags |= EPX_FIXED_SATURATED;
  return fixed->overflow == EPX_OVERFLOW_SAT_ZERO ? 0 : epx_saturate(code, low, high);
}
