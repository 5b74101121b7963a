/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "report_test_tools.h"

namespace {

struct Law {
  double a, p, b, floor;
  double operator()(double beta, double q) const {
    return std::sqrt(std::pow(a * std::pow(beta, p), 2) + std::pow(b * q / beta, 2) +
                     floor * floor);
  }
};

const double BETAS[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0};
const double STEPS[] = {0.0, 0x1p-6, 0x1p-8, 0x1p-10, 0x1p-12, 0x1p-16};

std::vector<epx_bias_point_t> sample(const Law &law, double noise, std::mt19937 &random) {
  std::normal_distribution<double> normal(0.0, noise);
  std::vector<epx_bias_point_t> points;
  for (double beta : BETAS) {
    for (double q : STEPS) {
      const double factor = noise > 0.0 ? std::exp(normal(random)) : 1.0;
      points.push_back({beta, q, law(beta, q) * factor});
    }
  }
  return points;
}

epx_bias_fit_t fit_of(const std::vector<epx_bias_point_t> &points, double cap = EPX_BIAS_SATURATED,
                      double *residuals = nullptr, epx_bias_use_t *uses = nullptr) {
  epx_bias_fit_t fit;
  epx_bias_fit(points.data(), static_cast<int>(points.size()), cap, &fit, residuals, uses);
  return fit;
}

TEST(BiasFit, RecoversExactLaws) {
  std::mt19937 random(1);
  for (const Law &law : {Law{0.8, 1, 0.5, 1e-3}, Law{0.6, 2, 1.5, 1e-4}, Law{0.5, 4, 0.3, 1e-5},
                         Law{0.65, 0.7, 2, 0.01}}) {
    const auto fit = fit_of(sample(law, 0.0, random));
    ASSERT_TRUE(fit.determined) << fit.why;
    EXPECT_NEAR(fit.power, law.p, 1e-4 * law.p);
    EXPECT_NEAR(fit.a, law.a, 1e-3 * law.a);
    EXPECT_NEAR(fit.b, law.b, 1e-3 * law.b);
    EXPECT_NEAR(fit.floor, law.floor, 1e-3 * law.floor);
    EXPECT_LT(fit.rms, 1e-5);
    EXPECT_TRUE(fit.holds && fit.bias_determined && fit.noise_determined && fit.floor_determined);
  }
}

TEST(BiasFit, RecoversPowersUnderNoise) {
  std::mt19937 random = seeded();
  for (double p : {1.0, 2.0, 4.0}) {
    int inside = 0;
    for (int trial = 0; trial < 20; ++trial) {
      const Law law = {0.6, p, 1.0, 2e-4};
      const auto fit = fit_of(sample(law, 0.1, random));
      ASSERT_TRUE(fit.determined && fit.bias_determined && fit.noise_determined);
      EXPECT_NEAR(fit.power, p, 0.25 * p) << "trial " << trial;
      EXPECT_NEAR(std::log(fit.b / law.b), 0.0, 0.25);
      EXPECT_NEAR(fit.rms, 0.1, 0.06);
      EXPECT_TRUE(fit.holds);
      EXPECT_LE(fit.power_low, fit.power);
      EXPECT_GE(fit.power_high, fit.power);
      inside += fit.power_low <= p && p <= fit.power_high;
    }
    EXPECT_GE(inside, 14) << "the 95 % interval held p = " << p << " too rarely";
  }
}

/* No other parameters near the fitted ones have a smaller sum of squared log residuals. */
TEST(BiasFit, IsAMinimum) {
  std::mt19937 random = seeded();
  const auto points = sample({0.6, 2, 1.0, 1e-3}, 0.2, random);
  const auto fit = fit_of(points);
  const auto objective = [&](const Law &law) {
    double sum = 0;
    int used = 0;
    for (const auto &point : points) {
      if (point.error <= EPX_BIAS_SATURATED) {
        const double r = std::log(point.error / law(point.beta, point.q));
        sum += r * r;
        ++used;
      }
    }
    return std::sqrt(sum / used);
  };
  const Law best = {fit.a, fit.power, fit.b, fit.floor};
  EXPECT_NEAR(objective(best), fit.rms, 1e-12);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (double size : {0.5, 0.05, 0.005}) {
    for (int i = 0; i < 2000; ++i) {
      const Law near = {
          best.a * std::exp(size * uniform(random)), best.p * std::exp(size * uniform(random)),
          best.b * std::exp(size * uniform(random)), best.floor * std::exp(size * uniform(random))};
      ASSERT_GE(objective(near), fit.rms - 1e-9) << size;
    }
  }
}

TEST(BiasFit, KinkedDataIsSaidNotToFollowTheLaw) {
  /* A bias that falls with beta, then jumps up below 0.1, whatever the format: max-pool switches.
   */
  std::vector<epx_bias_point_t> points;
  for (double beta : BETAS) {
    for (double q : STEPS) {
      points.push_back({beta, q, beta < 0.1 ? 0.6 : 0.3 * beta * beta});
    }
  }
  std::vector<double> residuals(points.size());
  const auto fit = fit_of(points, 0.7, residuals.data());
  ASSERT_TRUE(fit.determined);
  EXPECT_FALSE(fit.holds);
  EXPECT_STREQ(fit.why, "points scatter around it");
  EXPECT_GT(fit.rms, 0.5);
  EXPECT_GT(*std::max_element(residuals.begin(), residuals.end()), 0.5);
}

TEST(BiasFit, ResidualsAreThoseOfTheLaw) {
  std::mt19937 random = seeded();
  auto points = sample({0.9, 1, 1.0, 1e-3}, 0.05, random);
  points[3].error = NAN;
  points[4].error = 0.0;
  points[5].beta = -1.0;
  points[6].q = INFINITY;
  std::vector<double> residuals(points.size());
  std::vector<epx_bias_use_t> uses(points.size());
  const auto fit = fit_of(points, 0.5, residuals.data(), uses.data());
  int over = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (i >= 3 && i <= 6) {
      EXPECT_EQ(uses[i], EPX_BIAS_INVALID);
      EXPECT_TRUE(std::isnan(residuals[i]));
      continue;
    }
    over += points[i].error > 0.5;
    EXPECT_EQ(uses[i], points[i].error > 0.5 ? EPX_BIAS_OVER_CAP : EPX_BIAS_USED);
    EXPECT_NEAR(residuals[i],
                std::log(points[i].error / epx_bias_law_error(&fit, points[i].beta, points[i].q)),
                1e-9);
  }
  EXPECT_GT(over, 0);
  EXPECT_EQ(fit.over_cap, over);
  EXPECT_EQ(fit.invalid, 4);
  EXPECT_EQ(fit.used + fit.over_cap + fit.invalid, static_cast<int>(points.size()));
}

TEST(BiasFit, SaturatedPointsWouldSpoilThePower) {
  std::mt19937 random(1);
  auto points = sample({3.0, 2, 1.0, 1e-4}, 0.0, random);
  for (auto &point : points) {
    point.error = std::min(point.error, 1.0);
  }
  EXPECT_NEAR(fit_of(points, 0.7).power, 2.0, 1e-3);
  EXPECT_GT(std::fabs(fit_of(points, INFINITY).power - 2.0), 0.1);
}

/* A free phase that still moves: in float64 the error grows as 1/beta, beyond the cap. */
TEST(BiasFit, SaturatedPointsMayContradictTheLaw) {
  std::mt19937 random(1);
  auto points = sample({0.6, 2, 1.0, 1e-3}, 0.05, random);
  EXPECT_EQ(fit_of(points).above, 0);
  EXPECT_TRUE(fit_of(points).holds);
  points.push_back({0.05, 0x1p-4, 2.5}); /* the law says 1.25: saturated as it should be */
  EXPECT_TRUE(fit_of(points).holds);
  points.push_back({0.02, 0.0, 0.9});
  const auto fit = fit_of(points);
  EXPECT_EQ(fit.above, 1);
  EXPECT_FALSE(fit.holds);
  EXPECT_STREQ(fit.why, "points left out lie far above it");
}

TEST(BiasFit, ScatterAroundAConstantIsNoLaw) {
  std::vector<epx_bias_point_t> points;
  for (double beta : BETAS) {
    points.push_back({beta, 0x1p-8, points.size() % 2 == 0 ? 0.3 : 0.36});
  }
  const auto fit = fit_of(points);
  EXPECT_TRUE(fit.determined);
  EXPECT_LE(fit.rms, EPX_BIAS_RMS_LIMIT);
  EXPECT_FALSE(fit.holds);
}

TEST(BiasFit, SaysWhatIsNotDetermined) {
  std::mt19937 random(1);
  const auto reason = [](std::vector<epx_bias_point_t> points) {
    const auto fit = fit_of(points);
    EXPECT_FALSE(fit.determined || fit.holds);
    EXPECT_TRUE(std::isnan(epx_bias_law_error(&fit, 0.1, 0.1)));
    return std::string(fit.why);
  };
  EXPECT_NE(reason({}).find("5 points"), std::string::npos);
  EXPECT_NE(reason({{0.1, 0, 0.1}, {0.2, 0, 0.2}, {0.3, 0, 0.3}, {0.4, 0, 0.4}}).find("5 points"),
            std::string::npos);
  EXPECT_NE(reason({{0.1, 0, 1.1}, {0.2, 0, 1.2}, {0.3, 0, 0.9}, {0.4, 0, 0.8}, {1, 0, NAN}})
                .find("5 points"),
            std::string::npos);
  EXPECT_NE(reason({{0.1, 0, 0.1}, {0.1, 0.01, 0.2}, {0.1, 0.1, 0.3}, {0.2, 0, 0.4}, {0.2, 1, 0.5}})
                .find("3 nudging"),
            std::string::npos);
  EXPECT_NE(reason({{0.1, 0, 0.1}, {0.2, 0, 0.1}, {0.3, 0, 0.101}, {0.4, 0, 0.1}, {1, 0, 0.1}})
                .find("alike"),
            std::string::npos);
}

TEST(BiasFit, TermsThatThePointsDoNotShowAreNotDetermined) {
  std::mt19937 random = seeded();
  int bias = 0, floor = 0;
  for (int trial = 0; trial < 20; ++trial) {
    const auto noise_only = fit_of(sample({0, 2, 1.0, 1e-2}, 0.05, random));
    EXPECT_TRUE(noise_only.determined && noise_only.noise_determined);
    bias += noise_only.bias_determined;
    EXPECT_EQ(std::isnan(epx_bias_law_best_beta(&noise_only, 0x1p-8)), !noise_only.bias_determined);
    EXPECT_EQ(std::isnan(epx_bias_law_crossover(&noise_only, 0x1p-8)), !noise_only.bias_determined);
    floor += fit_of(sample({0.6, 2, 1.0, 0}, 0.05, random)).floor_determined;
  }
  EXPECT_LE(bias, 6); /* of 20: one in 20 is what 95 % lets through */
  EXPECT_LE(floor, 6);
  std::vector<epx_bias_point_t> floating;
  for (double beta : BETAS) {
    floating.push_back({beta, 0.0, 0.5 * beta * beta});
  }
  const auto bias_only = fit_of(floating);
  EXPECT_TRUE(bias_only.determined && bias_only.bias_determined);
  EXPECT_FALSE(bias_only.noise_determined || bias_only.floor_determined);
  EXPECT_NEAR(bias_only.power, 2.0, 1e-4);
  EXPECT_TRUE(std::isnan(epx_bias_law_best_beta(&bias_only, 0x1p-8)));
}

TEST(BiasFit, APowerBeyondTheSearchIsAnOpenInterval) {
  std::vector<epx_bias_point_t> points;
  for (double beta : {0.5, 0.6, 0.7, 0.8, 0.9, 1.0}) {
    points.push_back({beta, 0.0, 0.5 * std::pow(beta, 9.0)});
  }
  const auto fit = fit_of(points);
  EXPECT_TRUE(fit.power_open_high);
  EXPECT_FALSE(fit.power_open_low);
}

TEST(BiasFit, BestBetaAndCrossoverAreThoseOfTheCurve) {
  std::mt19937 random(1);
  for (const Law &law : {Law{0.8, 1, 0.5, 1e-3}, Law{0.6, 2, 1.5, 1e-4}, Law{0.5, 4, 0.3, 1e-5}}) {
    const auto fit = fit_of(sample(law, 0.0, random));
    for (double q : {0x1p-8, 0x1p-12}) {
      const double best = epx_bias_law_best_beta(&fit, q);
      const double crossover = epx_bias_law_crossover(&fit, q);
      EXPECT_NEAR(epx_bias_law_error(&fit, best, q), law(best, q), 1e-3 * law(best, q));
      for (double x = 1e-4; x < 10; x *= 1.01) {
        ASSERT_GE(law(x, q), (1 - 1e-5) * law(best, q)) << x;
      }
      EXPECT_NEAR(law.a * std::pow(crossover, law.p), law.b * q / crossover,
                  1e-2 * law.b * q / crossover);
    }
    EXPECT_TRUE(std::isnan(epx_bias_law_best_beta(&fit, 0.0)));
  }
}

}  // namespace
