/* SPDX-License-Identifier: Apache-2.0 */
#include <cmath>

#include "epx_bias_fit.h"
#include "report_test_tools.h"

namespace {

TEST(Nnls3, MeetsTheConditionsOfAMinimum) {
  std::mt19937 random = seeded();
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 300; ++trial) {
    const int rows = 3 + trial % 5;
    double gram[3][3] = {}, moment[3] = {};
    for (int r = 0; r < rows; ++r) {
      const double y = normal(random);
      double a[3];
      for (double &value : a) {
        value = normal(random) * (trial % 3 == 0 ? 1.0 : std::fabs(normal(random)));
      }
      for (int i = 0; i < 3; ++i) {
        moment[i] += a[i] * y;
        for (int j = 0; j < 3; ++j) {
          gram[i][j] += a[i] * a[j];
        }
      }
    }
    double x[3];
    epx_nnls3(gram, moment, x);
    for (int i = 0; i < 3; ++i) { /* at the minimum of a convex function no way leads down */
      double slope = -moment[i];
      for (int j = 0; j < 3; ++j) {
        slope += gram[i][j] * x[j];
      }
      const double tolerance = 1e-6 * (std::fabs(moment[i]) + gram[i][i] * x[i]);
      EXPECT_GE(slope, -tolerance) << trial;
      EXPECT_TRUE(x[i] == 0 || slope <= tolerance) << trial << ": " << slope;
    }
    EXPECT_TRUE(x[0] >= 0 && x[1] >= 0 && x[2] >= 0);
  }
}

TEST(Nnls3, ColumnsOfAnySizeAndEmptyOnes) {
  const double scales[] = {1e-60, 1.0, 1e50};
  double gram[3][3], moment[3], x[3];
  const double base[3][3] = {{2, 0.5, 0.1}, {0.5, 1, 0.3}, {0.1, 0.3, 3}}, wanted[3] = {1, 2, 3};
  for (int i = 0; i < 3; ++i) {
    moment[i] = 0;
    for (int j = 0; j < 3; ++j) {
      gram[i][j] = base[i][j] * scales[i] * scales[j];
      moment[i] += base[i][j] * wanted[j] * scales[i];
    }
  }
  epx_nnls3(gram, moment, x);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(x[i] * scales[i], wanted[i], 1e-9);
  }
  for (int i = 0; i < 3; ++i) {
    gram[1][i] = gram[i][1] = 0;
  }
  moment[1] = 0;
  epx_nnls3(gram, moment, x);
  EXPECT_EQ(x[1], 0);
  EXPECT_GT(x[0], 0);
}

}  // namespace
