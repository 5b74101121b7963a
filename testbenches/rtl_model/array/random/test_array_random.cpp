// SPDX-License-Identifier: Apache-2.0
// exp, log and the normal quantile against long double; normal draws against the distribution,
// against each other, and against numbers that another program computed.
#include "epx_array_random.h"

#include <random>

#include "rtl_model/array/array_support.h"

namespace {

using namespace array_test;

TEST(ArrayMath, ExpIsWithinItsError) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> wide(-700, 700), narrow(-1, 1);
  long double worst = 0;
  for (int i = 0; i < 400000; ++i) {
    const double x = i % 2 != 0 ? wide(random) : narrow(random);
    const long double exact = expl(x);
    worst = std::max(worst, fabsl((epx_math_exp(x) - exact) / exact));
  }
  std::printf("exp: relative error %.2Lf * 2^-52\n", worst * 0x1p52L);
  EXPECT_LT(worst, 0x1p-51L);
  EXPECT_EQ(epx_math_exp(0.0), 1.0);
  EXPECT_EQ(epx_math_exp(-1e9), epx_math_exp(-700.0));
  EXPECT_EQ(epx_math_exp(1e300), epx_math_exp(700.0));
}

TEST(ArrayMath, LogIsWithinItsError) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> exponent(-1020, 1020), near_one(0.5, 2.0);
  long double worst = 0;
  for (int i = 0; i < 400000; ++i) {
    const double x = i % 2 != 0 ? std::exp2(exponent(random)) : near_one(random);
    const long double exact = logl(x);
    if (exact != 0) worst = std::max(worst, fabsl((epx_math_log(x) - exact) / exact));
  }
  std::printf("log: relative error %.2Lf * 2^-52\n", worst * 0x1p52L);
  EXPECT_LT(worst, 0x1p-50L);
  EXPECT_EQ(epx_math_log(1.0), 0.0);
}

// The distance from z to the exact quantile is (Phi(z) - p) / density(z).
long double quantile_error(double q) {
  const double z = epx_math_normal_quantile(q);
  const long double tail = 0.5L - fabsl((long double)q), size = fabsl((long double)z);
  const long double density = expl(-size * size / 2) / sqrtl(2 * acosl(-1.0L));
  return fabsl((normal_below(-size) - tail) / density / size);
}

TEST(ArrayMath, QuantileIsWithinItsErrorIntoTheTails) {
  std::mt19937_64 random(3);
  long double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    // p from 2^-53 (z = -8.2) upwards, all sizes alike
    const int power = 1 + static_cast<int>(random() % 53);
    const uint64_t fraction = random() >> 12 << 1 | 1;
    const double p = std::ldexp((double)((fraction >> (power - 1)) | 1), -53);
    const double q = 0.5 - p;
    if (q == 0) continue;
    worst = std::max({worst, quantile_error(q), quantile_error(-q)});
  }
  std::printf("quantile: relative error %.2Lf * 2^-52\n", worst * 0x1p52L);
  EXPECT_LT(worst, 0x1p-48L);
}

TEST(ArrayRandom, NumbersAreThoseOfAnotherProgram) {
  // SplitMix64's finaliser in Python's integers, the quantile by mpmath with 30 digits.
  const struct {
    uint64_t seed;
    epx_array_purpose_t purpose;
    uint64_t tile, draw, cell;
    double normal;
  } known[] = {
      {1, EPX_ARRAY_READ_NOISE, 0, 0, 0, -1.2314026097345084},
      {1, EPX_ARRAY_READ_NOISE, 0, 0, 1, 0.47009768235177079},
      {42, EPX_ARRAY_ADC, 7, 123456789, 127, 0.44814709867215084},
      {0, EPX_ARRAY_PULSE_CYCLE, 1099511627781u, EPX_ARRAY_STATIC, 16383, 0.70836481843466876},
      {987654321, EPX_ARRAY_PULSE_DEVICE, 3, 2, 1, 2.3957361633534607}};
  for (const auto &k : known) {
    const uint64_t key = epx_array_draw_key(epx_array_key(k.seed, k.purpose, k.tile), k.draw);
    EXPECT_NEAR(epx_array_normal(key, k.cell), k.normal, 1e-14);
  }
}

std::vector<double> draws(uint64_t seed, epx_array_purpose_t purpose, uint64_t tile, uint64_t draw,
                          size_t count = 1 << 17) {
  std::vector<double> x(count);
  epx_array_normals(epx_array_draw_key(epx_array_key(seed, purpose, tile), draw), 0, count,
                    x.data());
  return x;
}

TEST(ArrayRandom, CellsOfOneEventAreNormal) {
  const std::vector<double> x = draws(5, EPX_ARRAY_READ_NOISE, 3, 17);
  expect_standard_normal(x, "cells");
  for (double limit : {3.0, 4.0}) {
    const size_t beyond =
        (size_t)std::count_if(x.begin(), x.end(), [&](double z) { return std::fabs(z) > limit; });
    expect_fraction(beyond, x.size(), 2 * (double)normal_below(-limit), "tails");
  }
}

TEST(ArrayRandom, EventsOfOneCellAreNormal) {
  std::vector<double> x;
  for (uint64_t draw = 0; draw < 1 << 16; ++draw) {
    x.push_back(epx_array_normal(epx_array_draw_key(epx_array_key(5, EPX_ARRAY_ADC, 3), draw), 77));
  }
  expect_standard_normal(x, "events");
  expect_uncorrelated({x.begin(), x.end() - 1}, {x.begin() + 1, x.end()}, "next draw number");
}

// Cells in 64 classes of equal probability; chi-square with 63 degrees of freedom.
TEST(ArrayRandom, ClassesAreEquallyFull) {
  const std::vector<double> x = draws(6, EPX_ARRAY_PROGRAM, 1, 2);
  std::vector<double> count(64);
  for (double z : x) count[(size_t)(64 * normal_below(z))] += 1;
  const double expected = (double)x.size() / 64;
  double chi = 0;
  for (double c : count) chi += (c - expected) * (c - expected) / expected;
  const double z = (chi - 63) / std::sqrt(126.0);
  std::printf("chi-square %.1f of 63, %.2f standard errors\n", chi, z);
  EXPECT_LE(std::fabs(z), 5.0);
}

TEST(ArrayRandom, NothingIsCorrelatedWithItsNeighbour) {
  const auto x = draws(7, EPX_ARRAY_READ_NOISE, 4, 9);
  expect_uncorrelated({x.begin(), x.end() - 1}, {x.begin() + 1, x.end()}, "next cell");
  expect_uncorrelated({x.begin(), x.end() - 128}, {x.begin() + 128, x.end()}, "next row");
  expect_uncorrelated(x, draws(7, EPX_ARRAY_READ_NOISE, 4, 10), "next draw number");
  expect_uncorrelated(x, draws(7, EPX_ARRAY_READ_NOISE, 5, 9), "next tile");
  expect_uncorrelated(x, draws(8, EPX_ARRAY_READ_NOISE, 4, 9), "next seed");
  expect_uncorrelated(x, draws(7, EPX_ARRAY_ADC, 4, 9), "other purpose");
  expect_uncorrelated(x, draws(7, EPX_ARRAY_READ_NOISE, 9, 4), "tile and draw number exchanged");
}

TEST(ArrayRandom, BatchesAreTheNumbersOneByOne) {
  for (size_t first = 0; first < 20; ++first) {
    for (size_t count = 0; count < 40; ++count) {
      std::vector<double> batch(count), of(count), single(count);
      std::vector<uint32_t> cell(count);
      for (size_t i = 0; i < count; ++i) {
        cell[i] = (uint32_t)(first + i);
        single[i] = epx_array_normal(99, first + i);
      }
      epx_array_normals(99, first, count, batch.data());
      epx_array_normals_of(99, cell.data(), count, of.data());
      if (count > 0) {
        expect_same_bits(batch, single, "normals");
        expect_same_bits(of, single, "normals_of");
      }
    }
  }
}

}  // namespace
