/* SPDX-License-Identifier: Apache-2.0 */
#include <cmath>
#include <cstring>
#include <vector>

#include "epx_convergence_record.h"
#include "report_page_tools.h"

namespace {

epx_convergence_row_t row(const char *axis, int bits, double states, double states_rest,
                          double gradient, double gradient_rest) {
  epx_convergence_row_t made = {};
  strcpy(made.axis, axis);
  strcpy(made.format, "UQ0.8");
  strcpy(made.estimator, "symmetric");
  made.bits = bits;
  made.beta = 0.1;
  made.free_steps = 60;
  made.nudged_steps = 20;
  made.images = 16;
  made.states = {states, states_rest};
  made.gradient = {gradient, gradient_rest};
  made.cosine = 1.0 / 3.0;
  return made;
}

/* States halve; gradients fall by the factor 1.5 above a rest. */
std::vector<epx_convergence_row_t> sample() {
  std::vector<epx_convergence_row_t> rows;
  for (int b = 3; b <= 8; ++b) {
    const double own = 3 * std::pow(1.5, -b);
    rows.push_back(row("state", b, 2 * std::exp2(-b), 0, std::hypot(own, 0.1), 0.1));
  }
  return rows;
}

TEST(Convergence, RowsComeBackExactly) {
  Folder folder;
  epx_error_t error = {};
  auto rows = sample();
  rows[2].cosine = NAN;
  const int n = static_cast<int>(rows.size());
  ASSERT_OK(epx_convergence_write((folder / "run").c_str(), rows.data(), n, &error));
  epx_convergence_row_t *read = nullptr;
  int count = 0;
  ASSERT_OK(epx_convergence_read((folder / "run").c_str(), &read, &count, &error));
  ASSERT_EQ(count, n);
  const auto numbers = [](const epx_convergence_row_t &r) {
    return std::vector<double>{(double)r.bits,       r.beta,
                               (double)r.free_steps, (double)r.nudged_steps,
                               (double)r.images,     r.states.whole,
                               r.states.rest,        r.gradient.whole,
                               r.gradient.rest,      std::isnan(r.cosine) ? -2 : r.cosine};
  };
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(numbers(read[i]), numbers(rows[i])) << i;
    EXPECT_STREQ(read[i].axis, rows[i].axis);
    EXPECT_STREQ(read[i].format, rows[i].format);
    EXPECT_STREQ(read[i].estimator, rows[i].estimator);
  }
  free(read);
}

TEST(Convergence, BadRowsAndLinesAreErrors) {
  Folder folder;
  epx_error_t error = {};
  auto rows = sample();
  strcpy(rows[3].format, "Q1,6");
  EXPECT_EQ(epx_convergence_write((folder / "run").c_str(), rows.data(), 4, &error),
            EPX_ERR_ARGUMENT);
  epx_convergence_row_t *read = nullptr;
  int count = 0;
  EXPECT_EQ(epx_convergence_read((folder / "run").c_str(), &read, &count, &error),
            EPX_ERR_NOT_FOUND);
  ASSERT_OK(epx_convergence_write((folder / "run").c_str(), rows.data(), 1, &error));
  const std::string good = read_text(folder / "run/convergence.csv");
  const char *const cases[][2] = {
      {"state,0,UQ0.1,symmetric,1,60,20,16,1,0,1,0,1", "convergence.csv:3: column bits"},
      {"state,3,UQ0.1,symmetric,inf,60,20,16,1,0,1,0,1", "column beta"},
      {"state,3,UQ0.1,symmetric,1,0,20,16,1,0,1,0,1", "column free_steps"},
      {"state,3,UQ0.1,symmetric,1,60,20,1.5,1,0,1,0,1", "column images"},
      {"state,3,UQ0.1,symmetric,1,60,20,16,x,0,1,0,1", "column states"},
      {"state,3,UQ0.1,symmetric,1,60,20,16,1,0,1,y,1", "column gradient_rest"},
      {"state,3,UQ0.1", "3 columns"}};
  for (const auto &one : cases) {
    write_text(folder / "run/convergence.csv", good + one[0] + "\n");
    EXPECT_EQ(epx_convergence_read((folder / "run").c_str(), &read, &count, &error),
              EPX_ERR_FORMAT);
    EXPECT_MESSAGE(one[1]);
  }
}

TEST(Convergence, TheFactorIsThatOfTheOwnPart) {
  const auto rows = sample();
  const int n = static_cast<int>(rows.size());
  const epx_convergence_fit_t states = epx_convergence_fit(rows.data(), n, "state", false);
  ASSERT_TRUE(states.determined);
  EXPECT_NEAR(states.factor, 2, 1e-12);
  EXPECT_EQ(states.low, 3);
  EXPECT_EQ(states.high, 8);
  EXPECT_NEAR(epx_convergence_law(&states, 5, 0), rows[2].states.whole, 1e-12);
  EXPECT_NEAR(epx_convergence_law(&states, 5, 0.3), std::hypot(rows[2].states.whole, 0.3), 1e-12);
  /* 3 bits: 0.89, saturated; 8 bits: 0.154, below twice its rest. */
  const epx_convergence_fit_t gradient = epx_convergence_fit(rows.data(), n, "state", true);
  ASSERT_TRUE(gradient.determined);
  EXPECT_NEAR(gradient.factor, 1.5, 1e-9);
  EXPECT_EQ(gradient.low, 4);
  EXPECT_EQ(gradient.high, 7);
  EXPECT_EQ(gradient.used, 4);
}

TEST(Convergence, TooFewPointsDetermineNothing) {
  const auto rows = sample();
  EXPECT_FALSE(epx_convergence_fit(rows.data(), 2, "state", false).determined);
  EXPECT_FALSE(epx_convergence_fit(rows.data(), 6, "adc", false).determined);
  std::vector<epx_convergence_row_t> same(4, rows[2]);
  EXPECT_FALSE(epx_convergence_fit(same.data(), 4, "state", false).determined);
  same[1].states.whole = 0;
  same[2].states.whole = NAN;
  EXPECT_EQ(epx_convergence_fit(same.data(), 4, "state", false).used, 2);
}

TEST(Convergence, TheReportDrawsErrorsBesideTheLaw) {
  Folder folder;
  epx_error_t error = {};
  const auto rows = sample();
  ASSERT_OK(epx_convergence_write((folder / "run").c_str(), rows.data(),
                                  static_cast<int>(rows.size()), &error));
  const std::string html = report_of(folder / "run");
  EXPECT_TRUE(has(html, "run: symmetric, β = 0.1, 60 free and 20 nudged steps, 16 images"));
  EXPECT_TRUE(has(html, "÷ 2.00 (6.0 dB), 3 to 8 bits"));
  EXPECT_TRUE(has(html, "÷ 1.50 (3.5 dB), 4 to 7 bits"));
  EXPECT_FALSE(has(html, "Bits of ADCs"));
  const Json charts = charts_of(html);
  const json_t *chart = find_titled(charts.get(), "title", "Error of the gradient");
  const auto measured = points_of(chart, "Bits of states"), law = points_of(chart, "Law");
  ASSERT_EQ(measured.size(), 6U);
  EXPECT_EQ(measured[1].first, 4);
  EXPECT_NEAR(measured[1].second, rows[1].gradient.whole, 1e-9);
  ASSERT_FALSE(law.empty());
  for (const auto &point : law) {
    EXPECT_LT(point.second, 1);
    EXPECT_GE(point.second, 0.1);
  }
  EXPECT_NEAR(std::sqrt((std::pow(law[0].second, 2) - 0.01) / (std::pow(law[1].second, 2) - 0.01)),
              2, 1e-6);
}

}  // namespace
