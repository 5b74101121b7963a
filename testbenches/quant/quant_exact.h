// SPDX-License-Identifier: Apache-2.0
// The exact oracle of fixed-point arithmetic: values are fractions of integers of 1088 bits, a
// rounding is found by comparing fractions, and wrapping is arithmetic modulo powers of two. Shares
// neither an expression nor a representation with epx_fixed*.c.
#ifndef QUANT_EXACT_H
#define QUANT_EXACT_H

#include <array>
#include <cstdint>

#include "epx_fixed.h"
#include "quant/quant_oracle.h"

namespace quant_test {

// A magnitude in digits of base 2^32 and a sign. Results must fit.
class Big {
 public:
  Big() = default;
  explicit Big(int64_t value) : negative_(value < 0) {
    const uint64_t magnitude = negative_ ? 0 - static_cast<uint64_t>(value) : value;
    digit_[0] = static_cast<uint32_t>(magnitude);
    digit_[1] = static_cast<uint32_t>(magnitude >> 32);
  }
  bool negative() const { return negative_; }
  bool zero() const { return digit_ == std::array<uint32_t, digits>{}; }
  uint64_t low() const { return static_cast<uint64_t>(digit_[1]) << 32 | digit_[0]; }
  Big opposite() const {
    Big result = *this;
    result.negative_ = !negative_ && !zero();
    return result;
  }
  Big magnitude() const { return negative_ ? opposite() : *this; }

  // -1, 0, 1: this magnitude against the other.
  int against(const Big &other) const {
    for (size_t i = digits; i-- > 0;) {
      if (digit_[i] != other.digit_[i]) {
        return digit_[i] < other.digit_[i] ? -1 : 1;
      }
    }
    return 0;
  }
  Big plus(const Big &other) const {
    if (negative_ == other.negative_) {
      return combined(other, 1, negative_);
    }
    return against(other) >= 0 ? combined(other, -1, negative_)
                               : other.combined(*this, -1, other.negative_);
  }
  Big minus(const Big &other) const { return plus(other.opposite()); }
  Big times(int64_t factor) const {
    const Big other(factor);
    Big result;
    for (size_t j = 0; j < 2; j++) {
      uint64_t carry = 0;
      for (size_t i = 0; i + j < digits; i++) {
        const uint64_t product =
            static_cast<uint64_t>(digit_[i]) * other.digit_[j] + result.digit_[i + j] + carry;
        result.digit_[i + j] = static_cast<uint32_t>(product);
        carry = product >> 32;
      }
    }
    result.negative_ = negative_ != other.negative_ && !result.zero();
    return result;
  }
  Big times_two_to(int power) const {
    Big result = *this;
    for (; power >= 30; power -= 30) {
      result = result.times(INT64_C(1) << 30);
    }
    return result.times(INT64_C(1) << power);
  }

 private:
  static constexpr size_t digits = 34;

  // The magnitudes added (+1), or the smaller one subtracted (-1).
  Big combined(const Big &other, int direction, bool negative) const {
    Big result;
    int64_t carry = 0;
    for (size_t i = 0; i < digits; i++) {
      const int64_t sum = static_cast<int64_t>(digit_[i]) +
                          direction * static_cast<int64_t>(other.digit_[i]) + carry;
      result.digit_[i] = static_cast<uint32_t>(sum & 0xffffffff);
      carry = sum < 0 ? -1 : sum >> 32;
    }
    result.negative_ = negative && !result.zero();
    return result;
  }

  std::array<uint32_t, digits> digit_ = {};
  bool negative_ = false;
};

// numerator * 2^-fraction, fraction in [-400, 400].
struct Exact {
  Big numerator;
  int fraction;
};

inline Exact sum_of(const Exact &a, const Exact &b) {
  const int fraction = a.fraction > b.fraction ? a.fraction : b.fraction;
  return {a.numerator.times_two_to(fraction - a.fraction)
              .plus(b.numerator.times_two_to(fraction - b.fraction)),
          fraction};
}

struct Expected {
  int64_t code;
  uint32_t flags;
};

// The residue of the integer modulo 2^bits, in [0, 2^bits), bits <= 40.
inline int64_t residue(const Big &value, int bits) {
  const auto unit = static_cast<uint64_t>(INT64_C(1) << bits);
  const uint64_t rest = value.low() % unit;
  return static_cast<int64_t>(value.negative() && rest != 0 ? unit - rest : rest);
}

// An integer outside the range, wrapped: by ranges, as a designer would draw the curve.
inline int64_t wrapped(const Big &value, int n, bool folds, epx_qformat_t to) {
  const int bits = epx_qformat_bits(to);
  const int64_t unit = INT64_C(1) << bits;
  const int64_t half = unit / 2;
  if (folds && n == 0) {  // a triangle of period 2 units
    const int64_t rest = residue(value, bits + 1);
    return rest < half ? rest : rest < half + unit ? unit - 1 - rest : rest - 2 * unit;
  }
  if (folds && n == 1) {  // the same within the half of the sign
    const int64_t rest = residue(value, bits);
    if (value.negative()) {
      return rest < half ? -1 - rest : rest - unit;
    }
    return rest < half ? rest : unit - 1 - rest;
  }
  if (n == 0) {
    const int64_t rest = residue(value, bits);
    return to.is_signed && rest >= half ? rest - unit : rest;
  }
  const int64_t kept = INT64_C(1) << (bits - n);
  int64_t rest = residue(value, bits - n);
  if (folds && (residue(value, bits - n + 1) >= kept) == value.negative()) {
    rest = kept - 1 - rest;
  }
  return value.negative() ? epx_qformat_min(to) + rest : epx_qformat_max(to) + 1 - kept + rest;
}

// An integer brought into the format by the context's overflow mode.
inline Expected fitted(const epx_fixed_t &modes, const Big &value, epx_qformat_t to) {
  const int64_t high = epx_qformat_max(to);
  const bool symmetric = modes.overflow == EPX_OVERFLOW_SAT_SYM;
  const int64_t low = symmetric && to.is_signed ? -high : epx_qformat_min(to);
  const Big limit(value.negative() ? low : high);
  if (limit.negative() == value.negative() || limit.zero()) {
    if (value.against(limit) <= 0) {
      const auto code = static_cast<int64_t>(value.low());
      return {value.negative() ? -code : code, 0};
    }
  }
  const bool wraps = modes.overflow == EPX_OVERFLOW_WRAP || modes.overflow == EPX_OVERFLOW_WRAP_SM;
  if (wraps && modes.saturated_bits < epx_qformat_bits(to)) {
    return {wrapped(value, modes.saturated_bits, modes.overflow == EPX_OVERFLOW_WRAP_SM, to),
            EPX_FIXED_OVERFLOW};
  }
  const bool to_zero = modes.overflow == EPX_OVERFLOW_SAT_ZERO;
  return {to_zero ? 0 : value.negative() ? low : high, EPX_FIXED_OVERFLOW | EPX_FIXED_SATURATED};
}

// The code and the flags of an exact value.
inline Expected expected_of(const epx_fixed_t &modes, const Exact &value, epx_qformat_t to,
                            uint32_t random16) {
  // value in codes = top / bottom; the floor by long division of magnitudes.
  const int power = to.fraction_bits - value.fraction;
  const Big top = value.numerator.times_two_to(power > 0 ? power : 0);
  const Big bottom = Big(1).times_two_to(power < 0 ? -power : 0);
  Big quotient;
  Big rest = top.magnitude();
  int doublings = 0;
  for (Big step = bottom; step.against(rest) <= 0; step = step.plus(step)) {
    doublings++;
  }
  while (doublings-- > 0) {
    const Big step = bottom.times_two_to(doublings);
    quotient = quotient.plus(quotient);
    if (step.against(rest) <= 0) {
      rest = rest.minus(step);
      quotient = quotient.plus(Big(1));
    }
  }
  const bool exact = rest.zero();
  if (top.negative()) {
    quotient = quotient.opposite();
    if (!exact) {
      quotient = quotient.minus(Big(1));
      rest = bottom.minus(rest);
    }
  }
  // Stochastic: the fraction, rounded down to a multiple of 2^-16, and the draw reach 1?
  const Big needed = bottom.times(65536 - static_cast<int64_t>(random16));
  const bool carried = rest.times(65536).against(needed) >= 0;
  const int against_half = rest.plus(rest).against(bottom);
  if (goes_up(modes.rounding, top.negative(), quotient.low() % 2 != 0, exact, against_half,
              carried)) {
    quotient = quotient.plus(Big(1));
  }
  Expected result = fitted(modes, quotient, to);
  result.flags |= exact ? 0u : static_cast<uint32_t>(EPX_FIXED_INEXACT);
  return result;
}

}  // namespace quant_test

#endif
