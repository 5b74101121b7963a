// SPDX-License-Identifier: Apache-2.0
// epx_round_shift and epx_saturate against division with remainder in 128 bits, and against the
// processor's floating-point rounding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "epx_round.h"
#include "quant/quant_oracle.h"
#include "quant/quant_random.h"

namespace {

using quant_test::all_modes;
using quant_test::rounded_by_division;

constexpr int64_t value_limit = (INT64_C(1) << 62) - 1;  // |value| < 2^62

void expect_as_divided(int64_t value, int shift, uint32_t random16) {
  for (const epx_round_t mode : all_modes) {
    ASSERT_EQ(epx_round_shift(value, shift, mode, random16),
              static_cast<int64_t>(rounded_by_division(value, shift, mode, random16)))
        << "value " << value << " shift " << shift << " mode " << mode << " random " << random16;
  }
}

// The largest value whose scaled result is promised: 63 bits.
int64_t largest_value(int shift) {
  return shift >= 0 ? value_limit : (INT64_C(1) << (62 + shift)) - 1;
}

TEST(round, boundary_values_at_every_shift) {
  for (int shift = -31; shift <= 62; shift++) {
    const int64_t largest = largest_value(shift);
    for (int power = 0; power <= 62; power++) {
      for (int64_t near = -3; near <= 3; near++) {
        const int64_t values[] = {(INT64_C(1) << power) + near,
                                  (INT64_C(3) << std::max(power - 1, 0)) + near,
                                  largest - (near + 3)};
        for (const int64_t value : values) {
          if (value < -largest || value > largest) {
            continue;
          }
          for (const uint32_t random16 : {0u, 1u, 0x7fffu, 0x8000u, 0xfffeu, 0xffffu}) {
            expect_as_divided(value, shift, random16);
            expect_as_divided(-value, shift, random16);
          }
        }
      }
    }
  }
}

TEST(round, random_values_at_every_shift) {
  quant_test::Random random;
  for (int i = 0; i < 300000; i++) {
    const int shift = static_cast<int>(random.between(-31, 62));
    const int64_t largest = largest_value(shift) >> random.between(0, 40);
    const auto random16 = static_cast<uint32_t>(random.between(0, 0xffff));
    expect_as_divided(random.between(-largest, largest), shift, random16);
  }
}

TEST(round, all_small_values) {
  for (int shift = 0; shift <= 8; shift++) {
    for (int64_t value = -1100; value <= 1100; value++) {
      expect_as_divided(value, shift, 0x5a5a);
    }
  }
}

TEST(round, agrees_with_the_floating_point_unit) {
  if (LDBL_MANT_DIG < 64) {
    GTEST_SKIP() << "long double holds " << LDBL_MANT_DIG << " bits, 64 are needed";
  }
  quant_test::Random random;
  for (int i = 0; i < 300000; i++) {
    const int shift = static_cast<int>(random.between(0, 62));
    int64_t value = random.between(-value_limit, value_limit) >> random.between(0, 61);
    if (shift > 0 && random.between(0, 1) != 0) {  // a tie
      const int64_t half = INT64_C(1) << (shift - 1);
      value = std::max(-value_limit, std::min(value_limit, (value & -(half * 2)) + half));
    }
    const long double exact = std::ldexp(static_cast<long double>(value), -shift);
    ASSERT_EQ(epx_round_shift(value, shift, EPX_ROUND_NEAREST_EVEN, 0),
              static_cast<int64_t>(std::nearbyint(exact)))
        << value << " >> " << shift;
    ASSERT_EQ(epx_round_shift(value, shift, EPX_ROUND_TRUNCATE, 0),
              static_cast<int64_t>(std::floor(exact)))
        << value << " >> " << shift;
    ASSERT_EQ(epx_round_shift(value, shift, EPX_ROUND_TRUNCATE_ZERO, 0),
              static_cast<int64_t>(std::trunc(exact)))
        << value << " >> " << shift;
    ASSERT_EQ(epx_round_shift(value, shift, EPX_ROUND_NEAREST_AWAY, 0),
              static_cast<int64_t>(std::round(exact)))
        << value << " >> " << shift;
  }
}

// Over all 65536 draws the number of roundings up is the dropped fraction, exactly for up to 16
// dropped bits and in whole steps of 2^-16 beyond.
TEST(round, stochastic_rounds_up_as_often_as_the_fraction_says) {
  quant_test::Random random;
  for (int i = 0; i < 150; i++) {
    const int shift = 1 + i % 62;
    const int64_t value = random.between(-value_limit, value_limit) >> random.between(0, 61);
    const int64_t floor = epx_round_shift(value, shift, EPX_ROUND_TRUNCATE, 0);
    int64_t ups = 0;
    for (uint32_t draw = 0; draw < 65536; draw++) {
      const int64_t result = epx_round_shift(value, shift, EPX_ROUND_STOCHASTIC, draw);
      ASSERT_TRUE(result == floor || result == floor + 1) << value << " >> " << shift;
      ups += result - floor;
    }
    const uint64_t fraction = static_cast<uint64_t>(value) & ((UINT64_C(1) << shift) - 1);
    const uint64_t expected = shift <= 16 ? fraction << (16 - shift) : fraction >> (shift - 16);
    ASSERT_EQ(static_cast<uint64_t>(ups), expected) << value << " >> " << shift;
  }
}

TEST(round, representable_values_pass_every_mode_and_draw_unchanged) {
  quant_test::Random random;
  for (int i = 0; i < 100000; i++) {
    const int shift = static_cast<int>(random.between(0, 61));
    const int64_t code = random.between(-value_limit, value_limit) >> shift;
    const int64_t value = code * (INT64_C(1) << shift);
    if (value < -value_limit) {
      continue;
    }
    for (const uint32_t draw : {0u, 0xffffu, static_cast<uint32_t>(random.bits() & 0xffff)}) {
      for (const epx_round_t mode : all_modes) {
        ASSERT_EQ(epx_round_shift(value, shift, mode, draw), code) << shift << " mode " << mode;
      }
    }
  }
}

TEST(round, only_16_bits_of_the_draw_count) {
  for (const int shift : {1, 5, 15, 16, 17, 40, 62}) {
    for (const int64_t value : {INT64_C(-12345678901), INT64_C(77), value_limit, -value_limit}) {
      ASSERT_EQ(epx_round_shift(value, shift, EPX_ROUND_STOCHASTIC, 0xffff1234u),
                epx_round_shift(value, shift, EPX_ROUND_STOCHASTIC, 0x1234u));
    }
  }
}

TEST(round, saturation_is_the_nearest_code_of_the_range) {
  quant_test::Random random;
  for (int i = 0; i < 100000; i++) {
    const epx_qformat_t format = random.format(32, -8, 40);
    const int64_t low = epx_qformat_min(format);
    const int64_t high = epx_qformat_max(format);
    const int64_t edges[] = {low, high, 0, INT64_MIN, INT64_MAX};
    int64_t code = edges[random.between(0, 4)];
    if (code > INT64_MIN && code < INT64_MAX) {
      code += random.between(-2, 2);
    }
    const int64_t result = epx_saturate_to(code, format);
    ASSERT_GE(result, low);
    ASSERT_LE(result, high);
    if (code >= low && code <= high) {
      ASSERT_EQ(result, code);
    } else {
      ASSERT_EQ(result, code < low ? low : high);
    }
  }
}

}  // namespace
