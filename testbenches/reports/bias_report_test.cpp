/* SPDX-License-Identifier: Apache-2.0 */
#include <map>

#include "bias_sample.h"
#include "epx_bias_view.h"
#include "epx_report.h"
#include "report_test_tools.h"

namespace {

void write_record(const std::string &folder, const std::vector<epx_bias_row_t> &rows,
                  bool finished = true, const char *value = "conv 8 - dense 10") {
  const char *const names[] = {"network", "parameters"};
  const char *const values[] = {value, nullptr};
  epx_bias_record_t *record = nullptr;
  epx_error_t error = {};
  ASSERT_OK(epx_bias_record_open(folder.c_str(), "settings", names, values, 2, &record, &error));
  ASSERT_OK(epx_bias_record_append(record, rows.data(), static_cast<int>(rows.size()), &error));
  if (finished) {
    ASSERT_OK(epx_bias_record_close(record, &error));
  }
  epx_bias_record_destroy(record);
}

std::string report_of(const std::string &folder) {
  const char *const folders[] = {folder.c_str()};
  const std::string out = folder + ".html";
  epx_error_t error = {};
  EXPECT_OK(epx_report_write(folders, 1, out.c_str(), &error));
  return read_text(out);
}

std::string page_of(const std::vector<epx_bias_row_t> &rows, bool finished = true) {
  Folder folder;
  write_record(folder / "run", rows, finished);
  return report_of(folder / "run");
}

Json charts_of(const std::string &html) {
  const std::string open = "<script type=\"application/json\" id=\"charts\">";
  const size_t start = html.find(open) + open.size();
  return parse_json(html.substr(start, html.find("</script>", start) - start));
}

const json_t *find_titled(const json_t *list, const char *member, const std::string &title) {
  size_t i;
  json_t *item;
  json_array_foreach(const_cast<json_t *>(list), i, item) {
    if (title == json_string_value(json_object_get(item, member))) {
      return item;
    }
  }
  ADD_FAILURE() << "nothing is called " << title;
  return nullptr;
}

std::vector<std::pair<double, double>> points_of(const json_t *chart, const std::string &series) {
  std::vector<std::pair<double, double>> points;
  size_t i;
  json_t *point;
  const json_t *found = find_titled(json_object_get(chart, "series"), "label", series);
  json_array_foreach(json_object_get(found, "points"), i, point) {
    points.emplace_back(json_number_value(json_array_get(point, 0)),
                        json_number_value(json_array_get(point, 1)));
  }
  return points;
}

bool has(const std::string &html, const std::string &part) {
  return html.find(part) != std::string::npos;
}

/* A table row with these cells. */
std::string cells(const std::vector<std::string> &texts) {
  std::string html;
  for (const auto &text : texts) {
    html += ">" + text + "</td><td";
  }
  return html.substr(0, html.size() - 4);
}

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
  EXPECT_TRUE(has(html, cells({"0.9", "symmetric", "6 bits, UQ0.6, β = 0.2 (0.9300)",
                               "6 bits, UQ0.6, β = 0.2 (0.9100)", "not measured"})));
  EXPECT_TRUE(has(html, cells({"0.95", "symmetric", "8 bits, UQ0.8, β = 0.5 (0.9700)",
                               "10 bits, UQ0.10, β = 0.1 (0.9500)"})));
  EXPECT_TRUE(has(html, cells({"0.99", "symmetric", "not reached (best 0.9800 at UQ0.10, β = 0.1)",
                               "not reached (best 0.9500 at UQ0.10, β = 0.1)"})));
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
      has(html, cells({"0.9", "symmetric", "4 bits, UQ0.4, β = 0.1 (1.0000)", "not measured"})));
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

TEST(BiasReport, SaysWhereTheLawDoesNotHold) {
  auto rows = grid({6, 8, 0});
  for (auto &row : rows) {
    if (row.beta < 0.1 && !strcmp(row.estimator, "symmetric")) {
      row.relative_l2 = 0.6;
    }
  }
  const std::string html = page_of(rows);
  EXPECT_TRUE(has(html, "The law does not hold for symmetric (off by a factor of "));
  EXPECT_EQ(occurrences(html, ">does not hold<"), 1U);
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
       {"<summary>avg pooling, synchronous updates, 250 + 30 steps, synapses exact<",
        "<summary>max pooling, live switches, synchronous updates, 250 + 30 steps, synapses exact<",
        "<summary>max pooling, frozen switches, ", "<summary>avg pooling, alternating updates, ",
        "synapses Q1.6</summary>", ", 60 + 30 steps", ", 250 + 60 steps",
        "synapses exact, whole chip</summary>", "Fewest bits for a state, with any estimator"}) {
    EXPECT_TRUE(has(html, name)) << name;
  }
  EXPECT_EQ(occurrences(html, "Cosine by layer, at every point"), 8U);
}

TEST(BiasReport, LadderClimbsRungByRung) {
  std::vector<epx_bias_row_t> rows;
  BiasSample sample;
  sample.state = "UQ0.8";
  sample.synapse = "Q1.6";
  add_ladder(rows, sample);
  const std::string html = page_of(rows);
  EXPECT_TRUE(has(html, cells({"symmetric, β = 0.1, UQ0.8, Q1.6 (avg, synchronous, 250 + 30)"})));
  EXPECT_TRUE(has(html, "No estimate was held against BPTT."));
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

TEST(BiasReport, LaddersKeepSettingsApart) {
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
        row.relative_l2 *= row.beta > 0 ? 1 + row.beta : 1;
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
  EXPECT_STREQ(json_string_value(json_array_get(labels, 0)), "UQ0.6, Q1.6\nsymmetric, β = 0.1");
  EXPECT_NEAR(points_of(bars, "Updates")[1].second, 0.22, 1e-9);
  EXPECT_NEAR(points_of(bars, "Finite β")[1].second, 0.033, 1e-9);
}

TEST(BiasReport, UnfinishedRecordsAndHostileTextsAreShownSafely) {
  Folder folder;
  write_record(folder / "run", grid({4, 0}), false, "</script><script>alert(1)</script>");
  const std::string html = report_of(folder / "run");
  EXPECT_TRUE(has(html, "is still being measured, or was stopped"));
  EXPECT_TRUE(has(html, "&lt;/script&gt;&lt;script&gt;alert(1)"));
  EXPECT_FALSE(has(html, "<script>alert"));
  EXPECT_TRUE(has(html, cells({"parameters", "unknown"})));
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

TEST(Gdu, RowsComeBackExactly) {
  Folder folder;
  auto rows = gdu_sample(0.1);
  rows[5].ep = 1.0 / 3.0;
  epx_error_t error = {};
  ASSERT_OK(
      epx_gdu_write((folder / "run").c_str(), rows.data(), static_cast<int>(rows.size()), &error));
  epx_gdu_row_t *read = nullptr;
  int count = 0;
  ASSERT_OK(epx_gdu_read((folder / "run").c_str(), &read, &count, &error));
  ASSERT_EQ(count, static_cast<int>(rows.size()));
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(!strcmp(read[i].estimator, rows[i].estimator) && read[i].beta == rows[i].beta &&
                !strcmp(read[i].layer, rows[i].layer) && read[i].step == rows[i].step &&
                read[i].parameter == rows[i].parameter && equal(read[i].cosine, rows[i].cosine) &&
                equal(read[i].relative_l2, rows[i].relative_l2) && read[i].ep == rows[i].ep &&
                read[i].bptt == rows[i].bptt)
        << i;
  }
  free(read);
}

TEST(Gdu, BadRowsAndLinesAreErrors) {
  Folder folder;
  epx_error_t error = {};
  auto rows = gdu_sample(0.1);
  strcpy(rows[3].layer, "a,b");
  EXPECT_EQ(epx_gdu_write((folder / "run").c_str(), rows.data(), 4, &error), EPX_ERR_ARGUMENT);
  epx_gdu_row_t *read = nullptr;
  int count = 0;
  EXPECT_EQ(epx_gdu_read((folder / "run").c_str(), &read, &count, &error), EPX_ERR_NOT_FOUND);
  ASSERT_OK(epx_gdu_write((folder / "run").c_str(), rows.data(), 1, &error));
  const std::string good = read_text(folder / "run/gdu.csv");
  const char *const cases[][2] = {{"symmetric,0.1,conv0,0,1,1,-1,1,1", "gdu.csv:3: column step"},
                                  {"symmetric,0.1,conv0,1,1,1,-2,1,1", "column parameter"},
                                  {"symmetric,x,conv0,1,1,1,-1,1,1", "column beta"},
                                  {"symmetric,0.1,conv0,1,1,1,-1,1,?", "column bptt"},
                                  {"symmetric,0.1", "2 columns"}};
  for (const auto &one : cases) {
    write_text(folder / "run/gdu.csv", good + one[0] + "\n");
    EXPECT_EQ(epx_gdu_read((folder / "run").c_str(), &read, &count, &error), EPX_ERR_FORMAT);
    EXPECT_MESSAGE(one[1]);
  }
}

TEST(Gdu, TheReportDrawsUpdatesAndErrors) {
  Folder folder;
  epx_error_t error = {};
  const auto rows = gdu_sample(0.1);
  ASSERT_OK(
      epx_gdu_write((folder / "run").c_str(), rows.data(), static_cast<int>(rows.size()), &error));
  const std::string html = report_of(folder / "run");
  EXPECT_TRUE(has(html, "run: symmetric, β = 0.1"));
  const Json charts = charts_of(html);
  const json_t *layer = find_titled(charts.get(), "title", "Updates of dense0");
  EXPECT_EQ(json_array_size(json_object_get(layer, "series")), 6U);
  const auto ep = points_of(layer, "parameter 211, EP");
  const auto bptt = points_of(layer, "parameter 211, BPTT");
  ASSERT_EQ(ep.size(), 30U);
  EXPECT_EQ(ep[14].first, 15);
  EXPECT_NEAR(ep[14].second / bptt[14].second, 1 - 0.05, 1e-6);
  const json_t *errors = find_titled(charts.get(), "title", "Error of the updates");
  ASSERT_EQ(points_of(errors, "conv0").size(), 30U);
  EXPECT_NEAR(points_of(errors, "conv0")[29].second, 0.1, 1e-9);
}

}  // namespace
