// SPDX-License-Identifier: Apache-2.0
// The normal numbers of noise: against the exact quantile, by moments, distribution and tails, and
// the table against the file that docs/array.md names.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "epx_array_noise.h"
#include "rtl_model/array/array_support.h"

namespace {

double exact(uint32_t bits) {
  const double p = (2.0 * (bits & 0x7fffffff) + 1.0) * 0x1p-33;
  const double magnitude = -epx_math_normal_quantile(p - 0.5);
  return (bits >> 31) != 0 ? -magnitude : magnitude;
}

TEST(ArrayNoise, is_the_quantile_in_every_octave) {
  double largest = 0;
  for (int octave = 0; octave < 31; ++octave) {
    for (uint32_t i = 0; i < 4096; ++i) {
      const uint32_t m = (1u << (30 - octave)) + (uint32_t)((uint64_t)i << (30 - octave) >> 12);
      for (const uint32_t sign : {0u, 1u << 31}) {
        largest = std::max(largest, std::fabs(epx_array_noise_of(m | sign) - exact(m | sign)));
      }
    }
  }
  largest = std::max(largest, std::fabs(epx_array_noise_of(0) - exact(0)));
  std::printf("largest error %.2g\n", largest);
  EXPECT_LT(largest, 5e-6);
  EXPECT_NEAR(epx_array_noise_of(0), 6.3380, 1e-4);
  EXPECT_EQ(epx_array_noise_of(1u << 31), -epx_array_noise_of(0));
}

TEST(ArrayNoise, many_are_those_one_by_one) {
  std::vector<double> many(1000);
  epx_array_noises(5, 77, many.size(), many.data());
  for (size_t i = 0; i < many.size(); ++i) EXPECT_EQ(many[i], epx_array_noise(5, 77 + i)) << i;
}

// EPX_NOISE_DRAWS: 1e9 takes a minute.
TEST(ArrayNoise, draws_are_standard_normal) {
  const char *asked = std::getenv("EPX_NOISE_DRAWS");
  const size_t draws = asked != nullptr ? (size_t)std::atof(asked) : 20000000, block = 1 << 16;
  constexpr int kBins = 4096;  // of the exact distribution function
  std::vector<double> x(block);
  std::vector<uint64_t> bin(kBins), beyond(7);
  long double power[5] = {0};
  for (size_t done = 0; done < draws; done += block) {
    epx_array_noises(epx_array_draw_key(11, done / block), 3 * done, block, x.data());
    double own[5] = {0};
    for (const double value : x) {
      double product = 1;
      for (int i = 1; i < 5; ++i) own[i] += product *= value;
      ++bin[std::min(kBins - 1, (int)(0.5 * std::erfc(-value / std::sqrt(2.0)) * kBins))];
      for (int i = 1; i < 7 && std::fabs(value) > i; ++i) ++beyond[(size_t)i];
    }
    for (int i = 1; i < 5; ++i) power[i] += own[i];
  }
  const double n = (double)((draws + block - 1) / block * block), root = std::sqrt(n);
  const double z[5] = {0, (double)power[1] / root, ((double)power[2] - n) / root / std::sqrt(2.0),
                       (double)power[3] / root / std::sqrt(15.0),
                       ((double)power[4] - 3 * n) / root / std::sqrt(96.0)};
  double sum = 0, largest = 0;
  for (int i = 0; i < kBins; ++i) {
    sum += (double)bin[(size_t)i];
    largest = std::max(largest, std::fabs(sum / n - (i + 1.0) / kBins));
  }
  std::printf(
      "%.3g draws: moments off by %.2f, %.2f, %.2f, %.2f standard errors, "
      "Kolmogorov-Smirnov %.3f of at most 2.4\n",
      n, z[1], z[2], z[3], z[4], largest * root);
  for (int i = 1; i < 5; ++i) EXPECT_LE(std::fabs(z[i]), array_test::kSigmas) << "power " << i;
  EXPECT_LE(largest * root, 2.4);
  for (int i = 1; i < 7; ++i) {
    array_test::expect_fraction(beyond[(size_t)i], (size_t)n, std::erfc(i / std::sqrt(2.0)),
                                ("beyond " + std::to_string(i) + " sigma").c_str());
  }
}

TEST(ArrayNoise, lines_and_draws_are_uncorrelated) {
  std::vector<double> x(1 << 20), next(x.size()), other(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = epx_array_noise(epx_array_draw_key(3, i / 64), i % 64);
    next[i] = epx_array_noise(epx_array_draw_key(3, i / 64), i % 64 + 1);
    other[i] = epx_array_noise(epx_array_draw_key(3, i / 64 + 1), i % 64);
  }
  array_test::expect_uncorrelated(x, next, "the next line");
  array_test::expect_uncorrelated(x, other, "the next draw");
  array_test::expect_standard_normal(x, "64 lines of many draws");
}

TEST(ArrayNoise, the_table_is_that_of_the_documentation) {
  std::ifstream file(EPX_NOISE_TABLE);
  std::string line;
  int power = 0;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    std::istringstream numbers(line);
    std::string number;
    for (int k = 0; k < EPX_ARRAY_NOISE_OCTAVES; ++k) {
      ASSERT_TRUE(std::getline(numbers, number, ',')) << "power " << power << ", octave " << k;
      EXPECT_EQ(std::strtof(number.c_str(), nullptr), epx_array_noise_table[power][k])
          << "power " << power << ", octave " << k;
    }
    ++power;
  }
  EXPECT_EQ(power, (int)EPX_ARRAY_NOISE_POWERS);
}

}  // namespace
