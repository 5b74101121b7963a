// SPDX-License-Identifier: Apache-2.0
// Quantise, dequantise, add and multiply against slow oracles: extended floating point for real
// numbers, 128-bit division for products.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

#include "epx_quantize.h"
#include "quant/quant_oracle.h"
#include "quant/quant_random.h"

namespace {

using quant_test::int128_t;
using quant_test::make_format;
using quant_test::rounded_by_division;
using quant_test::text_of;

constexpr epx_round_t all_modes[] = {EPX_ROUND_NEAREST_EVEN, EPX_ROUND_TRUNCATE,
                                     EPX_ROUND_STOCHASTIC};

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
  if (mode == EPX_ROUND_NEAREST_EVEN) {
    return clamped(std::nearbyint(scaled), format);
  }
  const long double steps = std::floor(std::ldexp(scaled, 16)) - std::ldexp(floor, 16);
  const bool up = mode == EPX_ROUND_STOCHASTIC && steps + random16 >= 65536;
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
    for (const int bits : {2, 8, 17, 31, 32}) {
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

TEST(quantize, sums_saturate) {
  quant_test::Random random;
  for (int i = 0; i < 200000; i++) {
    const epx_qformat_t format = random.format(32, -20, 50);
    const int64_t a = random.code(format);
    const int64_t b = random.code(format);
    ASSERT_EQ(epx_add_saturated(a, b, format),
              clamped(static_cast<long double>(a) + static_cast<long double>(b), format))
        << a << " + " << b << " in " << text_of(format);
  }
}

void expect_multiplied(int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb, epx_qformat_t fr,
                       uint32_t random16) {
  const int shift = fa.fraction_bits + fb.fraction_bits - fr.fraction_bits;
  for (const epx_round_t mode : all_modes) {
    const int128_t exact = rounded_by_division(static_cast<int128_t>(a) * b, shift, mode, random16);
    const int128_t low = epx_qformat_min(fr);
    const int128_t high = epx_qformat_max(fr);
    ASSERT_EQ(epx_multiply(a, fa, b, fb, fr, mode, random16),
              static_cast<int64_t>(std::min(std::max(exact, low), high)))
        << a << " (" << text_of(fa) << ") * " << b << " (" << text_of(fb) << ") in " << text_of(fr)
        << " mode " << mode << " random " << random16;
  }
}

TEST(quantize, random_products) {
  quant_test::Random random;
  for (int i = 0; i < 300000; i++) {
    const epx_qformat_t fa = random.format(32, -10, 40);
    const epx_qformat_t fb = random.format(32, -10, 40);
    const epx_qformat_t fr = random.format(32, -20, 70);
    const auto random16 = static_cast<uint32_t>(random.between(0, 0xffff));
    expect_multiplied(random.code(fa), fa, random.code(fb), fb, fr, random16);
  }
}

// Operands of 32 bits give products of 64, and reach every shift from -317 to 349.
TEST(quantize, products_of_extreme_codes_at_every_shift) {
  for (const bool is_signed : {false, true}) {
    const epx_qformat_t wide = make_format(is_signed, 32, 0);
    const int64_t codes[] = {epx_qformat_min(wide), epx_qformat_max(wide), 1, 0x10000, 0x10001};
    for (int shift = -317; shift <= 349; shift++) {
      // Three parts that each stay within the fields of a format.
      const int fa_bits = std::max(-95, std::min(127, shift));
      const int fb_bits = std::max(-95, std::min(127, shift - fa_bits));
      const epx_qformat_t fa = make_format(is_signed, 32, fa_bits);
      const epx_qformat_t fb = make_format(true, 32, fb_bits);
      const int fr_bits = fa_bits + fb_bits - shift;
      const epx_qformat_t results[] = {make_format(false, 32, fr_bits),
                                       make_format(true, 32, fr_bits),
                                       make_format(true, 5, fr_bits)};
      for (const int64_t a : codes) {
        for (const int64_t b : {-INT64_C(0x80000000), INT64_C(0x7fffffff), INT64_C(-1)}) {
          for (const epx_qformat_t fr : results) {
            ASSERT_TRUE(epx_qformat_valid(fa) && epx_qformat_valid(fb) && epx_qformat_valid(fr));
            expect_multiplied(a, fa, b, fb, fr, shift % 2 != 0 ? 0xffffu : 0u);
          }
        }
      }
    }
  }
}

TEST(quantize, largest_unsigned_product_keeps_its_64_bits) {
  const epx_qformat_t full = make_format(false, 32, 32);
  const int64_t top = epx_qformat_max(full);
  // (2^32 - 1)^2 * 2^-32 = 2^32 - 2 + 2^-32
  EXPECT_EQ(epx_multiply(top, full, top, full, full, EPX_ROUND_NEAREST_EVEN, 0), top - 1);
  EXPECT_EQ(epx_multiply(top, full, top, full, full, EPX_ROUND_TRUNCATE, 0), top - 1);
  EXPECT_EQ(epx_multiply(top, full, top, full, full, EPX_ROUND_STOCHASTIC, 0xffff), top - 1);
}

}  // namespace
