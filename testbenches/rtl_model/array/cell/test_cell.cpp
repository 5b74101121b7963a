// SPDX-License-Identifier: Apache-2.0
// Read noise, programming error, stuck cells, drift and retention: statistics by cell and by draw
// number, laws in long double, and that nothing depends on the order of calls.
#include "epx_cell.h"

#include <random>

#include "rtl_model/array/array_support.h"

namespace {

using namespace array_test;

constexpr epx_cell_range_t kRange = {0.02, 2.0};
constexpr size_t kCells = 1 << 16;

std::vector<double> some_cells(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(kRange.g_min, kRange.g_max);
  std::vector<double> g(kCells);
  for (double &value : g) value = uniform(random);
  return g;
}

std::vector<double> read(const epx_read_noise_t &noise, uint64_t draw, const std::vector<double> &g,
                         uint64_t seed = 1, uint64_t tile = 2) {
  std::vector<double> out(g.size());
  epx_read_noise_apply(&noise, kRange, seed, tile, draw, 0, g.size(), g.data(), out.data());
  return out;
}

double scale_of(epx_noise_kind_t kind, double g) {
  return kind == EPX_NOISE_INDEPENDENT    ? kRange.g_max
         : kind == EPX_NOISE_PROPORTIONAL ? g
                                          : kRange.g_max * (kRange.g_max / g);
}

TEST(ReadNoise, DependsOnConductanceAsItsKindSays) {
  const std::vector<double> g = some_cells(1);
  for (epx_noise_kind_t kind : {EPX_NOISE_INDEPENDENT, EPX_NOISE_PROPORTIONAL, EPX_NOISE_INVERSE}) {
    const std::vector<double> r = read({kind, 0.03}, 5, g), next = read({kind, 0.03}, 6, g);
    std::vector<double> xi, xi_next, low, high;
    for (size_t i = 0; i < kCells; ++i) {
      xi.push_back((r[i] - g[i]) / (0.03 * scale_of(kind, g[i])));
      xi_next.push_back((next[i] - g[i]) / (0.03 * scale_of(kind, g[i])));
      (g[i] < 0.5 ? low : high).push_back(xi.back());
    }
    expect_standard_normal(xi, "read noise");
    expect_normal_moments(low, 0, 1, "small conductances");
    expect_normal_moments(high, 0, 1, "large conductances");
    expect_uncorrelated(xi, xi_next, "next read");
    expect_uncorrelated(xi, g, "conductance");
    expect_uncorrelated({xi.begin(), xi.end() - 1}, {xi.begin() + 1, xi.end()}, "next cell");
  }
}

TEST(ReadNoise, NoneIsNone) {
  const std::vector<double> g = some_cells(2);
  expect_same_bits(read({EPX_NOISE_INVERSE, 0.0}, 5, g), g, "sigma 0");
}

TEST(ReadNoise, IsAFunctionOfSeedTileEventAndCell) {
  const epx_read_noise_t noise = {EPX_NOISE_PROPORTIONAL, 0.1};
  const std::vector<double> g = some_cells(3), all = read(noise, 5, g);
  std::vector<double> parts = g;  // in place, in pieces, from the end
  for (size_t end = kCells; end > 0;) {
    const size_t size = std::min<size_t>(end, 1 + end % 613);
    end -= size;
    epx_read_noise_apply(&noise, kRange, 1, 2, 5, end, size, &parts[end], &parts[end]);
  }
  expect_same_bits(parts, all, "pieces");
  EXPECT_NE(read(noise, 6, g), all);
  EXPECT_NE(read(noise, 5, g, 2), all);
  EXPECT_NE(read(noise, 5, g, 1, 3), all);
}

TEST(ProgramError, DevicePartStaysAndCyclePartDoesNot) {
  const std::vector<double> target(kCells, 1.0);
  const epx_program_error_t program = {EPX_NOISE_PROPORTIONAL, 0.03, 0.04};
  std::vector<double> a(kCells), b(kCells), mean, difference;
  epx_program_error_apply(&program, kRange, 1, 2, 10, 0, kCells, target.data(), a.data());
  epx_program_error_apply(&program, kRange, 1, 2, 11, 0, kCells, target.data(), b.data());
  for (size_t i = 0; i < kCells; ++i) {
    mean.push_back((a[i] + b[i]) / 2);
    difference.push_back(a[i] - b[i]);
  }
  expect_normal_moments(a, 1.0, 0.05, "one write");
  expect_normal_moments(mean, 1.0, std::sqrt(0.03 * 0.03 + 0.04 * 0.04 / 2), "mean of two");
  expect_normal_moments(difference, 0.0, 0.04 * std::sqrt(2.0), "difference of two");
  // Without a cycle part, every write is the same.
  const epx_program_error_t device = {EPX_NOISE_INDEPENDENT, 0.03, 0.0};
  epx_program_error_apply(&device, kRange, 1, 2, 10, 0, kCells, target.data(), a.data());
  epx_program_error_apply(&device, kRange, 1, 2, 11, 0, kCells, target.data(), b.data());
  expect_same_bits(a, b, "device part");
  expect_normal_moments(a, 1.0, 0.03 * kRange.g_max, "independent");
}

TEST(ProgramError, StaysWithinTheRangeAndIsAFunction) {
  const std::vector<double> target = some_cells(4);
  const epx_program_error_t program = {EPX_NOISE_INVERSE, 0.5, 0.5};
  std::vector<double> all(kCells), parts = target;
  epx_program_error_apply(&program, kRange, 1, 2, 10, 0, kCells, target.data(), all.data());
  size_t at_min = 0, at_max = 0;
  for (double g : all) {
    ASSERT_GE(g, kRange.g_min);
    ASSERT_LE(g, kRange.g_max);
    at_min += g == kRange.g_min;
    at_max += g == kRange.g_max;
  }
  EXPECT_GT(at_min, 1000u);
  EXPECT_GT(at_max, 1000u);
  for (size_t i = kCells; i-- > 0;) {
    epx_program_error_apply(&program, kRange, 1, 2, 10, i, 1, &parts[i], &parts[i]);
  }
  expect_same_bits(parts, all, "in place, one by one");
}

TEST(Faults, FractionsAndPlaces) {
  const epx_faults_t faults = {0.05, 0.02}, more = {0.10, 0.02};
  std::vector<uint8_t> map(kCells), more_map(kCells), other(kCells);
  epx_faults_map(&faults, 1, 2, 0, kCells, map.data());
  epx_faults_map(&more, 1, 2, 0, kCells, more_map.data());
  epx_faults_map(&faults, 1, 3, 0, kCells, other.data());
  size_t low = 0, high = 0, both = 0;
  for (size_t i = 0; i < kCells; ++i) {
    low += map[i] == EPX_FAULT_STUCK_MIN;
    high += map[i] == EPX_FAULT_STUCK_MAX;
    both += map[i] != EPX_FAULT_NONE && other[i] != EPX_FAULT_NONE;
    ASSERT_EQ(map[i], epx_fault_of(&faults, 1, 2, i));
    if (map[i] == EPX_FAULT_STUCK_MIN) {
      ASSERT_EQ(more_map[i], EPX_FAULT_STUCK_MIN) << "a larger fraction keeps what was stuck";
    }
  }
  expect_fraction(low, kCells, 0.05, "stuck at g_min");
  expect_fraction(high, kCells, 0.02, "stuck at g_max");
  expect_fraction(both, kCells, 0.07 * 0.07, "in two tiles at once");
  std::vector<double> g = some_cells(5);
  const std::vector<double> before = g;
  epx_faults_apply(kRange, kCells, map.data(), g.data());
  for (size_t i = 0; i < kCells; ++i) {
    ASSERT_EQ(g[i], map[i] == EPX_FAULT_STUCK_MIN   ? kRange.g_min
                    : map[i] == EPX_FAULT_STUCK_MAX ? kRange.g_max
                                                    : before[i]);
  }
  // The ends of the fractions.
  const epx_faults_t none = {0.0, 0.0}, all = {0.0, 1.0};
  epx_faults_map(&none, 1, 2, 0, kCells, map.data());
  EXPECT_EQ(std::count(map.begin(), map.end(), EPX_FAULT_NONE), (long)kCells);
  epx_faults_map(&all, 1, 2, 0, kCells, map.data());
  EXPECT_EQ(std::count(map.begin(), map.end(), EPX_FAULT_STUCK_MAX), (long)kCells);
}

TEST(Drift, IsThePowerLaw) {
  const std::vector<double> g0 = some_cells(6);
  const epx_drift_t drift = {0.05, 0.2, 2.0};
  std::vector<double> nu;
  for (size_t i = 0; i < kCells; ++i) nu.push_back(epx_drift_nu(&drift, 1, 2, i));
  expect_normal_moments(nu, 0.05, 0.01, "drift exponents");
  for (double seconds : {2.5, 100.0, 3.15e7}) {
    std::vector<double> g(kCells);
    epx_drift_apply(&drift, 1, 2, 0, kCells, seconds, g0.data(), g.data());
    long double worst = 0;
    for (size_t i = 0; i < kCells; ++i) {
      const long double exact = g0[i] * powl(seconds / 2.0L, -(long double)nu[i]);
      worst = std::max(worst, fabsl(g[i] / exact - 1));
    }
    std::printf("drift after %g s: relative error %.2Lg\n", seconds, worst);
    EXPECT_LT(worst, 4e-15L);
  }
  for (double seconds : {0.0, 1.0, 2.0}) {
    std::vector<double> g(kCells);
    epx_drift_apply(&drift, 1, 2, 0, kCells, seconds, g0.data(), g.data());
    expect_same_bits(g, g0, "before t0 nothing drifts");
  }
}

TEST(Drift, ExponentsAreNeverNegative) {
  const epx_drift_t drift = {0.1, 2.0, 1.0};
  size_t zero = 0;
  for (size_t i = 0; i < kCells; ++i) {
    const double nu = epx_drift_nu(&drift, 1, 2, i);
    ASSERT_GE(nu, 0.0);
    zero += nu == 0.0;
  }
  expect_fraction(zero, kCells, (double)normal_below(-0.5), "exponents of 0");
}

TEST(Retention, IsExponentialAndComposes) {
  const std::vector<double> g0 = some_cells(7);
  const epx_retention_t retention = {50.0, 0.3, 0.4};
  std::vector<double> log_tau, g(kCells), twice(kCells);
  for (size_t i = 0; i < kCells; ++i) {
    log_tau.push_back(std::log(epx_retention_tau(&retention, 1, 2, i)));
  }
  expect_normal_moments(log_tau, std::log(50.0), 0.3, "ln tau");
  epx_retention_apply(&retention, 1, 2, 0, kCells, 30.0, g0.data(), g.data());
  for (size_t i = 0; i < kCells; ++i) {
    const long double exact = 0.4L + (g0[i] - 0.4L) * expl(-30.0L / expl((long double)log_tau[i]));
    ASSERT_NEAR(g[i], (double)exact, 1e-14);
  }
  epx_retention_apply(&retention, 1, 2, 0, kCells, 12.0, g0.data(), twice.data());
  epx_retention_apply(&retention, 1, 2, 0, kCells, 18.0, twice.data(), twice.data());
  for (size_t i = 0; i < kCells; ++i) ASSERT_NEAR(twice[i], g[i], 1e-14);
  epx_retention_apply(&retention, 1, 2, 0, kCells, 0.0, g0.data(), twice.data());
  for (size_t i = 0; i < kCells; ++i) ASSERT_NEAR(twice[i], g0[i], 1e-15);
  epx_retention_apply(&retention, 1, 2, 0, kCells, 1e9, g0.data(), twice.data());
  for (size_t i = 0; i < kCells; ++i) ASSERT_NEAR(twice[i], 0.4, 1e-15);
}

TEST(Drift, PiecesAreTheWhole) {
  const std::vector<double> g0 = some_cells(8);
  const epx_drift_t drift = {0.05, 0.2, 2.0};
  const epx_retention_t retention = {50.0, 0.3, 0.4};
  std::vector<double> a(kCells), b = g0, c(kCells), d = g0;
  epx_drift_apply(&drift, 1, 2, 0, kCells, 77.0, g0.data(), a.data());
  epx_retention_apply(&retention, 1, 2, 0, kCells, 77.0, g0.data(), c.data());
  for (size_t i = kCells; i-- > 0;) {
    epx_drift_apply(&drift, 1, 2, i, 1, 77.0, &b[i], &b[i]);
    epx_retention_apply(&retention, 1, 2, i, 1, 77.0, &d[i], &d[i]);
  }
  expect_same_bits(a, b, "drift");
  expect_same_bits(c, d, "retention");
}

TEST(CellCodes, RoundToNearestEvenWithin32Bits) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 100000; ++round) {
    const int fraction = (int)(random() % 25);
    // Multiples of half a code, so that ties are many; a unit that is a power of two keeps them.
    const double unit = std::ldexp(1.0, (int)(random() % 9) - 4);
    const double g = std::ldexp((double)(int64_t)(random() % 20001) - 10000, -1 - fraction) * unit;
    int32_t code;
    epx_cells_to_codes(unit, fraction, 1, &g, &code);
    ASSERT_EQ(code, (int32_t)std::nearbyint(std::ldexp(g / unit, fraction))) << g;
  }
  const double huge[] = {1e300, -1e300};
  int32_t code[2];
  epx_cells_to_codes(1.0, 0, 2, huge, code);
  EXPECT_EQ(code[0], INT32_MAX);
  EXPECT_EQ(code[1], -INT32_MAX);
}

TEST(Cell, MistakesAreNamed) {
  epx_error_t error = {};
  const auto bad = [&](epx_status_t status, const std::vector<std::string> &parts) {
    expect_error(status, EPX_ERR_ARGUMENT, error, parts);
    error = {};
  };
  bad(epx_cell_range_check({-0.1, 1}, &error), {"g_min", "-0.1"});
  bad(epx_cell_range_check({1, 1}, &error), {"g_min", "g_max"});
  epx_read_noise_t noise = {(epx_noise_kind_t)3, 0.1};
  bad(epx_read_noise_check(&noise, kRange, &error), {"read_noise.kind", "3"});
  noise = {EPX_NOISE_INDEPENDENT, -1};
  bad(epx_read_noise_check(&noise, kRange, &error), {"read_noise.sigma", "-1"});
  noise = {EPX_NOISE_INVERSE, 0.1};
  bad(epx_read_noise_check(&noise, {0, 1}, &error), {"read_noise.kind", "inverse", "g_min"});
  EXPECT_EQ(epx_read_noise_check(&noise, kRange, &error), EPX_OK);
  for (const double g_min : {1e-160, 1e-300, 9.99e-7}) {  // 1 / g^2 overflows below 1e-154
    bad(epx_read_noise_check(&noise, {g_min, 1}, &error), {"read_noise.kind", "1e-06"});
    const epx_program_error_t inverse = {EPX_NOISE_INVERSE, 0.1, 0.1};
    bad(epx_program_error_check(&inverse, {g_min, 1}, &error), {"program_error.kind", "1e-06"});
  }
  EXPECT_EQ(epx_read_noise_check(&noise, {1e-6, 1}, &error), EPX_OK);
  epx_program_error_t program = {EPX_NOISE_INDEPENDENT, 0.1, std::nan("")};
  bad(epx_program_error_check(&program, kRange, &error), {"program_error.cycle", "nan"});
  program = {EPX_NOISE_INDEPENDENT, 11, 0};
  bad(epx_program_error_check(&program, kRange, &error), {"program_error.device", "11"});
  epx_faults_t faults = {0.7, 0.4};
  bad(epx_faults_check(&faults, &error), {"faults.stuck_min + faults.stuck_max", "1.1"});
  faults = {-0.1, 0};
  bad(epx_faults_check(&faults, &error), {"faults.stuck_min", "-0.1"});
  faults = {0, 1.5};
  bad(epx_faults_check(&faults, &error), {"faults.stuck_max", "1.5"});
  epx_drift_t drift = {-1, 0, 1};
  bad(epx_drift_check(&drift, &error), {"drift.nu", "-1"});
  drift = {0.1, 11, 1};
  bad(epx_drift_check(&drift, &error), {"drift.spread", "11"});
  drift = {0.1, 0, 0};
  bad(epx_drift_check(&drift, &error), {"drift.t0", "0"});
  epx_retention_t retention = {0, 0, 1};
  bad(epx_retention_check(&retention, kRange, &error), {"retention.tau", "0"});
  retention = {1, -1, 1};
  bad(epx_retention_check(&retention, kRange, &error), {"retention.spread", "-1"});
  retention = {1, 0, 3};
  bad(epx_retention_check(&retention, kRange, &error), {"retention.rest", "3"});
}

}  // namespace
