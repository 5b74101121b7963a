// SPDX-License-Identifier: Apache-2.0
// Quantise and dequantise against extended floating point.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

#include "epx_quantize.h"
#include "quant/quant_oracle.h"
#include "quant/quant_random.h"

namespace {

using quant_test::all_modes;
using quant_test::goes_up;
using quant_test::make_format;
using quant_test::text_of;

int64_t clamped(long double code, epx_qformat_t format) {
  const auto low = static_cast<long double>(epx_qformat_min(format));
  const auto high = static_cast<long double>(epx_qformat_max(format));
  return static_cast<int64_t>(std::min(std::max(code, low), high));
}

// Long double holds value * 2^fraction_bits exactly; where that is huge its roundings are itself.
int64_t quantized_by_float(double value, epx_qformat_t format, epx_round_t mode,
                           uint32_t random16) {
  const long double scaled = std::ldexp(static_cast<long double>(value), format.fraction_bits);
  const long double floor = std::floor(scaled);
  const long double rest = scaled - floor;  // rounded, but on the right side of 0 and 1/2
  const long double steps = std::floor(std::ldexp(scaled, 16)) - std::ldexp(floor, 16);
  const bool up = goes_up(mode, value < 0, std::fmod(floor, 2.0L) != 0, rest == 0,
                          (rest > 0.5L) - (rest < 0.5L), steps + random16 >= 65536);
  return clamped(floor + (up ? 1 : 0), format);
}

void expect_quantized(double value, epx_qformat_t format, uint32_t random16) {
  for (const epx_round_t mode : all_modes) {
    ASSERT_EQ(epx_quantize(value, format, mode, random16),
              quantized_by_float(value, format, mode, random16))
        << std::hexfloat << value << " in " << text_of(format) << " mode " << mode << " random "
        << std::dec << random16;
  }
}

// A double near the format's codes: on a code, on a tie, next to either, anywhere, far away.
double interesting_value(quant_test::Random &random, epx_qformat_t format) {
  const auto code = static_cast<double>(random.code(format));
  double value = std::ldexp(code, -format.fraction_bits);
  const double step = std::ldexp(1.0, -format.fraction_bits);
  switch (random.between(0, 6)) {
    case 0:
      return value;
    case 1:
      return value + step / 2;
    case 2:
      return std::nextafter(value + step / 2, -DBL_MAX);
    case 3:
      return std::nextafter(value + step / 2, DBL_MAX);
    case 4:
      return std::ldexp(value, static_cast<int>(random.between(-60, 8)));
    default:
      return value + step * static_cast<double>(random.between(-65536, 65536)) / 65536;
  }
}

TEST(quantize, random_values_round_as_extended_floats_do) {
  if (LDBL_MAX_EXP < 2048) {
    GTEST_SKIP() << "long double has the range of double";
  }
  quant_test::Random random;
  for (int i = 0; i < 200000; i++) {
    const epx_qformat_t format = random.format(32, -20, 50);
    const auto random16 = static_cast<uint32_t>(random.between(0, 0xffff));
    expect_quantized(interesting_value(random, format), format, random16);
  }
}

TEST(quantize, extreme_doubles_in_extreme_formats) {
  if (LDBL_MAX_EXP < 2048) {
    GTEST_SKIP() << "long double has the range of double";
  }
  const double magnitudes[] = {
      0.0,     DBL_TRUE_MIN, DBL_MIN, DBL_MIN / 3, 1e-300,        0x1p-120, 0x1p-64, 0x1p-19,
      0.5,     1.0,          0x1p31,  0x1p32,      0x1.fffffp+62, 0x1p63,   0x1p64,  1e30,
      0x1p127, 1e300,        DBL_MAX, 0x1p-127,    0x1.8p-1,      0x1p33};
  for (const int fraction : {-95, -32, -18, -1, 0, 1, 17, 18, 19, 32, 80, 127}) {
    for (const int bits : {1, 8, 17, 31, 32}) {
      for (const bool is_signed : {false, true}) {
        const epx_qformat_t format = make_format(is_signed, bits, fraction);
        ASSERT_TRUE(epx_qformat_valid(format));
        for (const double magnitude : magnitudes) {
          for (const uint32_t random16 : {0u, 1u, 0x8000u, 0xffffu}) {
            expect_quantized(magnitude, format, random16);
            expect_quantized(-magnitude, format, random16);
          }
        }
      }
    }
  }
}

TEST(quantize, infinities_saturate_and_nan_is_zero) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  quant_test::Random random;
  for (int i = 0; i < 1000; i++) {
    const epx_qformat_t format = random.format(32, -90, 120);
    for (const epx_round_t mode : all_modes) {
      ASSERT_EQ(epx_quantize(infinity, format, mode, 0), epx_qformat_max(format));
      ASSERT_EQ(epx_quantize(-infinity, format, mode, 0xffff), epx_qformat_min(format));
      ASSERT_EQ(epx_quantize(nan, format, mode, 0xffff), 0);
      ASSERT_EQ(epx_quantize(-nan, format, mode, 0xffff), 0);
    }
  }
}

TEST(quantize, every_code_survives_a_round_trip) {
  quant_test::Random random;
  for (int i = 0; i < 100000; i++) {
    const epx_qformat_t format = random.format(32, -90, 127);
    const int64_t code = random.code(format);
    const double value = epx_dequantize(code, format);
    double expected = static_cast<double>(code);
    for (int bit = 0; bit < std::abs(format.fraction_bits); bit++) {
      expected *= format.fraction_bits > 0 ? 0.5 : 2.0;
    }
    ASSERT_EQ(value, expected) << text_of(format);
    for (const epx_round_t mode : all_modes) {
      const auto random16 = static_cast<uint32_t>(random.between(0, 0xffff));
      ASSERT_EQ(epx_quantize(value, format, mode, random16), code) << text_of(format);
    }
  }
}

}  // namespace
