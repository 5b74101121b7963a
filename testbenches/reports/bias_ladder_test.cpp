/* SPDX-License-Identifier: Apache-2.0 */
#include <map>

#include "bias_page_tools.h"

namespace {

TEST(BiasLadder, LadderClimbsRungByRung) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  sample.state = "UQ0.8";
  sample.synapse = "Q1.6";
  add_ladder(rows, sample);
  const std::string html = page_of(rows);
  EXPECT_TRUE(has_cells(html, {"symmetric, β = 0.1, UQ0.8, Q1.6 (avg, synchronous, 250 + 30)"}));
  EXPECT_TRUE(has(html, "No estimate was compared with BPTT."));
  const Json charts = charts_of(html);
  const json_t *bars = find_titled(charts.get(), "title", "Relative L2 error, rung by rung");
  const std::map<std::string, double> wanted = {{"Finite T", 0.01}, {"Finite β", 0.03},
                                                {"States", 0.08},   {"Synapses", 0.11},
                                                {"Chip", 0.15},     {"Updates", 0.2}};
  EXPECT_EQ(json_array_size(json_object_get(bars, "series")), wanted.size());
  for (const auto &one : wanted) {
    const auto points = points_of(bars, one.first);
    ASSERT_EQ(points.size(), 1U) << one.first;
    EXPECT_EQ(points[0].second, one.second) << one.first;
  }
  const json_t *lines = find_titled(charts.get(), "title", "Cosine, rung by rung");
  EXPECT_EQ(json_array_size(json_object_get(json_object_get(lines, "x"), "labels")), 6U);
  EXPECT_TRUE(has(html, ">conv0: 0.9578<"));
}

TEST(BiasLadder, LaddersKeepSettingsApart) {
  std::vector<epx_bias_row_t> rows;
  for (const char *state : {"UQ0.6", "UQ0.8"}) {
    for (double beta : {0.1, 0.5}) {
      BiasSample sample;
      sample.state = state;
      sample.beta = beta;
      sample.synapse = "Q1.6";
      std::vector<epx_bias_row_t> own;
      add_ladder(own, sample);
      for (auto &row : own) {
        row.relative_l2 *= row.beta > 0 ? 2 - row.beta : 1;
        row.relative_l2 *= !strcmp(row.state, "UQ0.6") ? 2 : 1;
        rows.push_back(row);
      }
    }
  }
  Folder folder;
  write_record(folder / "run", rows);
  const Json charts = charts_of(report_of(folder / "run"));
  const json_t *bars = find_titled(charts.get(), "title", "Relative L2 error, rung by rung");
  const json_t *labels = json_object_get(json_object_get(bars, "x"), "labels");
  ASSERT_EQ(json_array_size(labels), 2U); /* the better nudging factor of each pair of formats */
  EXPECT_STREQ(json_string_value(json_array_get(labels, 0)), "UQ0.8, Q1.6\nsymmetric, β = 0.5");
  EXPECT_STREQ(json_string_value(json_array_get(labels, 1)), "UQ0.6, Q1.6\nsymmetric, β = 0.5");
  const std::map<std::string, std::pair<double, double>> wanted = {{"Finite T", {0.01, 0.01}},
                                                                   {"Finite β", {0.045, 0.045}},
                                                                   {"States", {0.12, 0.24}},
                                                                   {"Updates", {0.3, 0.6}}};
  for (const auto &one : wanted) {
    const auto points = points_of(bars, one.first);
    ASSERT_EQ(points.size(), 2U) << one.first;
    EXPECT_NEAR(points[0].second, one.second.first, 1e-9) << one.first;
    EXPECT_NEAR(points[1].second, one.second.second, 1e-9) << one.first;
  }
}

TEST(BiasLadder, LaddersKeepSynapsesAndNudgingApart) {
  std::vector<epx_bias_row_t> rows;
  double error = 0.01;
  for (const char *synapse : {"Q1.4", "Q1.6"}) {
    for (double beta : {0.1, 0.5}) {
      BiasSample sample;
      sample.state = "UQ0.8";
      sample.synapse = synapse;
      sample.beta = beta;
      std::vector<epx_bias_row_t> own;
      add_ladder(own, sample);
      for (auto &row : own) {
        row.relative_l2 = error;
        error *= !strcmp(row.layer, "all") ? 1.1 : 1;
        rows.push_back(row);
      }
    }
  }
  const std::string html = page_of(rows);
  for (const char *synapse : {"Q1.4", "Q1.6"}) {
    for (const char *beta : {"0.1", "0.5"}) {
      std::vector<std::string> texts = {"symmetric, β = " + std::string(beta) + ", UQ0.8, " +
                                        synapse + " (avg, synchronous, 250 + 30)"};
      const char *const order[] = {"finite_t", "finite_beta", "state", "synapse", "chip", "update"};
      for (const std::string rung : order) {
        for (const auto &row : rows) { /* the first of a key is the one that is recorded */
          if (rung == row.rung && !strcmp(row.layer, "all") &&
              (rung == "finite_t" || row.beta == std::stod(beta)) &&
              (rung == "finite_t" || rung == "finite_beta" || rung == "state" ||
               !strcmp(row.synapse, synapse))) {
            char text[64];
            snprintf(text, sizeof text, "%.4f / %.*f", row.cosine,
                     3 - static_cast<int>(std::floor(std::log10(row.relative_l2))),
                     row.relative_l2);
            texts.push_back(text);
            break;
          }
        }
      }
      EXPECT_TRUE(has_cells(html, texts)) << synapse << ", " << beta;
    }
  }
}

}  // namespace
