/* SPDX-License-Identifier: Apache-2.0 */
#include "bias_page_tools.h"
#include "epx_bias_view.h"

namespace {

std::vector<epx_bias_row_t> grid(const std::vector<int> &bits, double noise = 0) {
  std::mt19937 random(3);
  std::vector<epx_bias_row_t> rows;
  add_grid(rows, BiasSample(), bits, noise, random);
  return rows;
}

TEST(BiasReport, NeedsAreTheFewestBitsThatReachACosine) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  sample.rung = "state";
  const struct {
    const char *state;
    double beta, cosine, worst;
  } points[] = {{"UQ0.4", 0.1, 0.85, 0.6},  {"UQ0.4", 0.2, 0.89999, 0.7}, {"UQ0.6", 0.1, 0.9, 0.8},
                {"UQ0.6", 0.2, 0.93, 0.91}, {"UQ0.8", 0.1, 0.96, 0.9},    {"UQ0.8", 0.5, 0.97, 0.4},
                {"UQ0.10", 0.1, 0.98, 0.95}};
  for (const auto &point : points) {
    sample.state = point.state;
    sample.beta = point.beta;
    auto worst = sample.row("conv0", 0), all = sample.row("all", 0);
    worst.cosine = point.worst;
    all.cosine = point.cosine;
    rows.insert(rows.end(), {worst, all});
  }
  const std::string html = page_of(rows);
  EXPECT_TRUE(has_cells(html, {"0.9", "symmetric", "6 bits, UQ0.6, β = 0.2 (0.9300)",
                               "6 bits, UQ0.6, β = 0.2 (0.9100)", "not measured"}));
  EXPECT_TRUE(has_cells(html, {"0.95", "symmetric", "8 bits, UQ0.8, β = 0.5 (0.9700)",
                               "10 bits, UQ0.10, β = 0.1 (0.9500)"}));
  EXPECT_TRUE(has_cells(html, {"0.99", "symmetric", "not reached (best 0.9800 at UQ0.10, β = 0.1)",
                               "not reached (best 0.9500 at UQ0.10, β = 0.1)"}));
  EXPECT_TRUE(has(html, "8 bits</span>"));
}

TEST(BiasReport, ALayerWithoutACosineIsTheWorst) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  sample.rung = "state";
  sample.state = "UQ0.4";
  sample.add(rows, 0.01);
  rows[1].cosine = NAN;
  const std::string html = page_of(rows);
  EXPECT_TRUE(
      has_cells(html, {"0.9", "symmetric", "4 bits, UQ0.4, β = 0.1 (1.0000)", "not measured"}));
}

TEST(BiasReport, CurvesHoldEveryMeasuredPointInOrder) {
  auto rows = grid({4, 6, 8, 0}, 0.05);
  std::vector<epx_bias_row_t> mixed; /* estimates in another order than by beta */
  for (size_t i = rows.size(); i >= 4; i -= 4) {
    mixed.insert(mixed.end(), rows.begin() + i - 4, rows.begin() + i);
  }
  const Json charts = charts_of(page_of(mixed));
  const json_t *chart = find_titled(charts.get(), "title", "Error against β: symmetric");
  const auto points = points_of(chart, "UQ0.6");
  ASSERT_EQ(points.size(), BIAS_BETAS.size());
  for (size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].first, BIAS_BETAS[i]);
    for (const auto &row : rows) {
      if (row.beta == BIAS_BETAS[i] && !strcmp(row.state, "UQ0.6") && !strcmp(row.layer, "all") &&
          !strcmp(row.estimator, "symmetric")) {
        EXPECT_NEAR(points[i].second, row.relative_l2, 1e-8 * row.relative_l2);
      }
    }
  }
}

TEST(BiasReport, TheLawIsDrawnAndTabled) {
  const std::string html = page_of(grid({4, 6, 8, 10, 0}));
  const Json charts = charts_of(html);
  BiasSample sample;
  sample.estimator = "one_sided";
  const json_t *chart = find_titled(charts.get(), "title", "Error against β: one_sided");
  const auto law = points_of(chart, "UQ0.8, law");
  EXPECT_GT(law.size(), 40U);
  for (const auto &point : law) {
    sample.beta = point.first;
    EXPECT_NEAR(point.second, bias_law(sample, 0x1p-8), 2e-3 * point.second) << point.first;
  }
  for (const auto &point : points_of(chart, "UQ0.4, law")) {
    EXPECT_LT(point.second, 1.0); /* beyond, the law says nothing */
  }
  const json_t *series = find_titled(json_object_get(chart, "series"), "label", "UQ0.8, law");
  EXPECT_TRUE(json_is_true(json_object_get(series, "smooth")));
  EXPECT_TRUE(json_is_true(json_object_get(series, "dashed")));
  for (const char *part :
       {">1.00 (1.00 to 1.00)<", ">2.00 (2.00 to 2.00)<", ">4.00 (4.00 to 4.00)<", ">0.8000<",
        ">0.4000<", ">0.002000<", ">holds<"}) {
    EXPECT_TRUE(has(html, part)) << part;
  }
  EXPECT_FALSE(has(html, "does not hold"));
  EXPECT_TRUE(has(html, "What the law leaves: richardson"));
}

TEST(BiasReport, TablesHoldTheBestPointAndEveryLayer) {
  const std::string html = page_of(grid({4, 6, 16, 0}));
  BiasSample sample;
  sample.beta = 0.3; /* smallest of the grid for UQ0.4 */
  const double error = bias_law(sample, 0x1p-4);
  char text[4][32];
  snprintf(text[0], sizeof text[0], "%.4f", error);
  snprintf(text[1], sizeof text[1], "%.4f", sample.row("all", error).cosine);
  EXPECT_TRUE(has_cells(html, {"symmetric", "UQ0.4", "0.3", text[0], text[1]}));
  snprintf(text[2], sizeof text[2], "%.4f", sample.row("conv0", 1.5 * error).cosine);
  snprintf(text[3], sizeof text[3], "%.4f", sample.row("conv1", 1.1 * error).cosine);
  EXPECT_TRUE(has_cells(html, {"symmetric", "UQ0.4", "0.3", text[1], text[2], text[3]}));
  EXPECT_TRUE(has(html, "(extrapolated)")); /* one-sided, UQ0.16: below 0.01 */
  EXPECT_LT(occurrences(html, "(extrapolated)"), 5U);
}

TEST(BiasReport, ResidualsLeaveOutSaturatedPoints) {
  const Json charts = charts_of(page_of(grid({4, 6, 8, 0})));
  const json_t *chart = find_titled(charts.get(), "title", "What the law leaves: one_sided");
  BiasSample sample;
  sample.estimator = "one_sided";
  size_t wanted = 0;
  for (double beta : BIAS_BETAS) {
    sample.beta = beta;
    wanted += bias_law(sample, 0x1p-4) <= EPX_BIAS_SATURATED;
  }
  EXPECT_LT(wanted, BIAS_BETAS.size());
  const auto points = points_of(chart, "UQ0.4");
  EXPECT_EQ(points.size(), wanted);
  for (const auto &point : points) {
    EXPECT_NEAR(point.second, 0, 1e-2);
  }
}

TEST(BiasReport, TheCardShowsTheFewestBitsOfAnyVariant) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  sample.rung = "state";
  sample.state = "UQ0.8";
  sample.add(rows, 0.1);
  sample.update = "alternating";
  sample.state = "UQ0.5";
  sample.add(rows, 0.2);
  sample.state = "UQ0.4";
  sample.add(rows, 0.9);
  sample.pool = "none";
  sample.state = "UQ0.7";
  sample.add(rows, 0.1);
  sample.pool = "avg";
  sample.state = "UQ0.4";
  const std::string html = page_of(rows);
  EXPECT_TRUE(has(html, "<span class=\"value\">5 bits</span>"));
  EXPECT_TRUE(has(html, "5 bits, UQ0.5, symmetric, β = 0.1 (0.9806); avg pooling, alternating"));
  rows.clear();
  sample.add(rows, 0.9);
  sample.update = "synchronous";
  sample.add(rows, 0.5);
  const std::string poor = page_of(rows);
  EXPECT_TRUE(has(poor, "<span class=\"value\">not reached</span>"));
  EXPECT_TRUE(has(poor,
                  "not reached (best 0.8944 at UQ0.4, symmetric, β = 0.1); avg pooling, "
                  "synchronous"));
}

TEST(BiasReport, SaysWhereTheLawDoesNotHold) {
  auto rows = grid({6, 8, 0});
  for (auto &row : rows) {
    if (row.beta < 0.1 && !strcmp(row.estimator, "symmetric")) {
      row.relative_l2 = 0.6;
    }
  }
  const std::string html = page_of(rows);
  EXPECT_TRUE(has(html, "The law does not hold for symmetric (points scatter around it)"));
  EXPECT_EQ(occurrences(html, ">does not hold: points scatter around it<"), 1U);
}

TEST(BiasReport, FewPointsGiveNoLaw) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  for (double beta : {0.1, 0.2}) {
    sample.beta = beta;
    sample.add(rows, beta);
  }
  const std::string html = page_of(rows);
  EXPECT_TRUE(has(html, "not determined: fewer than 5 points can be used"));
  EXPECT_FALSE(has(html, "What the law leaves"));
}

TEST(BiasReport, VariantsAreShownApart) {
  std::vector<epx_bias_row_t> rows;
  std::vector<BiasSample> variants(8);
  variants[1].pool = "max";
  variants[2].pool = "max";
  variants[2].switches = "frozen";
  variants[3].update = "alternating";
  variants[4].synapse = "Q1.6";
  variants[4].rung = "synapse";
  variants[5].free_steps = 60;
  variants[6].nudged_steps = 60;
  variants[7].rung = "chip";
  for (const auto &variant : variants) {
    variant.add(rows, 0.1);
  }
  const std::string html = page_of(rows);
  for (const char *name :
       {"<h3>avg pooling, synchronous updates, 250 + 30 steps, synapses exact<",
        "<h3>max pooling, live switches, synchronous updates, 250 + 30 steps, synapses exact<",
        "<h3>max pooling, frozen switches, ", "<summary>avg pooling, alternating updates, ",
        "synapses Q1.6</summary>", ", 60 + 30 steps", ", 250 + 60 steps",
        "synapses exact, whole chip</summary>", "Fewest bits for a state, with any estimator"}) {
    EXPECT_TRUE(has(html, name)) << name;
  }
  EXPECT_EQ(occurrences(html, "Cosine by layer, at every point"), 8U);
}

TEST(BiasReport, UnfinishedRecordsAndHostileTextsAreShownSafely) {
  Folder folder;
  write_record(folder / "run", grid({4, 0}), false, "</script><script>alert(1)</script>");
  const std::string html = report_of(folder / "run");
  EXPECT_TRUE(has(html, "is still being measured, or was stopped"));
  EXPECT_TRUE(has(html, "&lt;/script&gt;&lt;script&gt;alert(1)"));
  EXPECT_FALSE(has(html, "<script>alert"));
  EXPECT_TRUE(has_cells(html, {"parameters", "unknown"}));
  EXPECT_FALSE(has(page_of(grid({4, 0})), "is still being measured"));
}

TEST(BiasReport, ADamagedRecordIsAnError) {
  Folder folder;
  write_record(folder / "run", grid({4, 0}));
  write_text(folder / "run/bias.csv", read_text(folder / "run/bias.csv") + "x\n");
  const std::string run = folder / "run";
  const char *const folders[] = {run.c_str()};
  epx_error_t error = {};
  EXPECT_EQ(epx_report_write(folders, 1, (folder / "out.html").c_str(), &error), EPX_ERR_FORMAT);
  EXPECT_MESSAGE("bias.csv:");
}

TEST(BiasReport, ARecordWithoutRowsMakesAPage) {
  EXPECT_FALSE(has(page_of({BiasSample().row("all", NAN)}), "nan"));
  Folder folder;
  epx_bias_record_t *record = nullptr;
  epx_error_t error = {};
  ASSERT_OK(
      epx_bias_record_open((folder / "run").c_str(), "", nullptr, nullptr, 0, &record, &error));
  epx_bias_record_destroy(record);
  EXPECT_FALSE(has(report_of(folder / "run"), "Gradient bias"));
}

}  // namespace
