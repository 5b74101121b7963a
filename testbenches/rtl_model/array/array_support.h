// SPDX-License-Identifier: Apache-2.0
// Statistics for the tests of array effects. Seeds are fixed, so a test passes always or never;
// each prints its statistic and the bound, which a sound generator exceeds once in a hundred
// thousand.
#ifndef ARRAY_SUPPORT_H
#define ARRAY_SUPPORT_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "epx_status.h"

namespace array_test {

constexpr double kSigmas = 4.5;  // two-sided 7e-6

inline long double normal_below(long double z) {
  return 0.5L * erfcl(-z / sqrtl(2.0L));
}

struct Moments {
  double mean = 0, sigma = 0;
};

inline Moments moments(const std::vector<double> &x) {
  long double sum = 0, squares = 0;
  for (double value : x) sum += value;
  const long double mean = sum / (long double)x.size();
  for (double value : x) squares += (value - mean) * (value - mean);
  return {(double)mean, (double)sqrtl(squares / (long double)(x.size() - 1))};
}

// Mean and sigma of a normal sample of this size.
inline void expect_normal_moments(const std::vector<double> &x, double mean, double sigma,
                                  const char *what) {
  const Moments m = moments(x);
  const double n = static_cast<double>(x.size());
  const double z_mean = (m.mean - mean) / (sigma / std::sqrt(n));
  const double z_sigma = (m.sigma / sigma - 1.0) * std::sqrt(2.0 * n);
  std::printf("%s: %zu values, mean off by %.2f, sigma off by %.2f standard errors\n", what,
              x.size(), z_mean, z_sigma);
  EXPECT_LE(std::fabs(z_mean), kSigmas) << what << ": mean " << m.mean << ", expected " << mean;
  EXPECT_LE(std::fabs(z_sigma), kSigmas) << what << ": sigma " << m.sigma << ", expected " << sigma;
}

// Kolmogorov-Smirnov: sup |F_n - F| sqrt(n), beyond 2.4 with probability 2e-5.
inline void expect_distribution(std::vector<double> x, const std::function<double(double)> &below,
                                const char *what) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double p = below(x[i]);
    largest =
        std::max({largest, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  const double statistic = largest * std::sqrt(n);
  std::printf("%s: Kolmogorov-Smirnov %.3f of at most 2.4\n", what, statistic);
  EXPECT_LE(statistic, 2.4) << what;
}

inline void expect_standard_normal(const std::vector<double> &x, const char *what) {
  expect_normal_moments(x, 0.0, 1.0, what);
  expect_distribution(
      x, [](double z) { return (double)normal_below(z); }, what);
}

inline void expect_uncorrelated(const std::vector<double> &x, const std::vector<double> &y,
                                const char *what) {
  const Moments a = moments(x), b = moments(y);
  long double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (x[i] - a.mean) * (y[i] - b.mean);
  const double n = static_cast<double>(x.size());
  const double z = (double)(sum / n) / (a.sigma * b.sigma) * std::sqrt(n);
  std::printf("%s: correlation %.2f standard errors\n", what, z);
  EXPECT_LE(std::fabs(z), kSigmas) << what;
}

// A count out of n with probability p each.
inline void expect_fraction(size_t count, size_t n, double p, const char *what) {
  const double z = (static_cast<double>(count) - static_cast<double>(n) * p) /
                   std::sqrt(static_cast<double>(n) * p * (1 - p));
  std::printf("%s: %zu of %zu, %.2f standard errors from %g\n", what, count, n, z, p);
  EXPECT_LE(std::fabs(z), kSigmas) << what;
}

inline void expect_same_bits(const std::vector<double> &x, const std::vector<double> &y,
                             const char *what) {
  ASSERT_EQ(x.size(), y.size());
  EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(double)), 0) << what;
}

// An error of this status whose message holds each of these.
inline void expect_error(epx_status_t found, epx_status_t expected, const epx_error_t &error,
                         const std::vector<std::string> &parts) {
  EXPECT_EQ(found, expected) << error.message;
  for (const std::string &part : parts) {
    EXPECT_NE(std::string(error.message).find(part), std::string::npos)
        << "'" << error.message << "' lacks '" << part << "'";
  }
}

}  // namespace array_test

#endif
