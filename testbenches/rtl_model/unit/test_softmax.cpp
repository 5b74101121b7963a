/* SPDX-License-Identifier: Apache-2.0 */
/* The softmax unit against long double, against the slow integer model, and its sums. */
#include "epx_softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/core_support.h"
#include "rtl_model/twin/twin_oracle.h"

namespace {

std::vector<long double> exact_softmax(const Codes &logits, int fraction) {
  const int64_t largest = *std::max_element(logits.begin(), logits.end());
  std::vector<long double> p;
  long double total = 0;
  for (int64_t logit : logits) {
    p.push_back(expl(ldexpl((long double)(logit - largest), -fraction)));
    total += p.back();
  }
  for (long double &value : p) value /= total;
  return p;
}

class Softmax : public testing::Test {
 protected:
  void SetUp() override { epx_softmax_init(&unit_); }
  std::vector<int32_t> run(const Codes &logits, int fraction, int label) const {
    std::vector<int32_t> error(logits.size());
    epx_softmax_error(&unit_, logits.data(), (int)logits.size(), fraction, label, error.data());
    return error;
  }
  epx_softmax_t unit_;
};

TEST_F(Softmax, TableHoldsRoundedExponentials) {
  for (int i = 0; i < EPX_SOFTMAX_ENTRIES; ++i) {
    EXPECT_LE(std::fabs((double)(unit_.table[i] - 65535.0L * expl(-i / 64.0L))), 0.5000001) << i;
  }
  EXPECT_EQ(unit_.table[0], 65535);
}

/* Each exponent is off by at most 1/128, each table entry by half a unit or (beyond 16) by
 * exp(-16), the quotient by half of 2^-15:
 *   |p - exact| <= (exp(1/64) - 1) exact + (classes + 1) / 65535 + 2^-16. */
TEST_F(Softmax, StaysWithinItsError) {
  Random random(41);
  for (int round = 0; round < 4000; ++round) {
    const int classes = random.chance(0.1) ? random.integer(1, 256) : random.integer(2, 20);
    const int fraction = random.integer(0, 40), label = random.integer(0, classes - 1);
    const double spread = std::exp(random.real(-3, 4));
    Codes logits;
    for (int k = 0; k < classes; ++k) {
      logits.push_back((int64_t)std::ldexp(random.real(-spread, spread), fraction));
    }
    const std::vector<int32_t> error = run(logits, fraction, label);
    const std::vector<long double> exact = exact_softmax(logits, fraction);
    double sum = 0;
    for (int k = 0; k < classes; ++k) {
      const size_t i = (size_t)k;
      const double p = (k == label ? 1.0 : 0.0) - error[i] / 32768.0;
      const double bound = (std::exp(1.0 / 64) - 1) * (double)exact[i] + (classes + 1) / 65535.0 +
                           std::ldexp(1.0, -16);
      ASSERT_LE(std::fabs(p - (double)exact[i]), bound)
          << "round " << round << " class " << k << " of " << classes;
      ASSERT_GE(error[i], -32768);
      ASSERT_LE(error[i], 32768);
      ASSERT_GE(p, 0.0);
      sum += p;
    }
    ASSERT_LE(std::fabs(sum - 1), classes * std::ldexp(0.5, -15) + 1e-12) << "round " << round;
  }
}

TEST_F(Softmax, EqualsTheSlowModel) {
  Random random(42);
  for (int round = 0; round < 4000; ++round) {
    const int classes = random.integer(1, round % 10 == 0 ? 256 : 12);
    const int fraction = random.integer(0, 56), label = random.integer(0, classes - 1);
    Codes logits;
    for (int k = 0; k < classes; ++k) {
      /* many exact ties of the rounding to 1/64 */
      const int64_t value = random.integer(-3000, 3000);
      logits.push_back(fraction >= 7 ? value * (INT64_C(1) << (fraction - 7)) : value);
    }
    const std::vector<int32_t> error = run(logits, fraction, label);
    const Codes expected = oracle_softmax_error(logits, fraction, label);
    for (size_t k = 0; k < expected.size(); ++k) {
      ASSERT_EQ((int64_t)error[k], expected[k]) << "round " << round << " fraction " << fraction;
    }
  }
}

TEST_F(Softmax, Extremes) {
  EXPECT_EQ(run({5}, 3, 0), std::vector<int32_t>({0}));
  EXPECT_EQ(run({7, 7}, 8, 0), std::vector<int32_t>({16384, -16384}));
  EXPECT_EQ(run({0, INT64_C(1) << 40}, 0, 0), std::vector<int32_t>({32768, -32768}));
  EXPECT_EQ(run({0, INT64_C(1) << 40}, 0, 1), std::vector<int32_t>({0, 0}));
  /* A common offset changes nothing. */
  EXPECT_EQ(run({10, 200, -33}, 5, 2), run({1000010, 1000200, 999967}, 5, 2));
}

}  // namespace
