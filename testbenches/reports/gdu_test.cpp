/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_gdu_record.h"

#include "bias_sample.h"
#include "report_page_tools.h"

namespace {

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
  auto rows = gdu_sample(0.1);
  rows[1].relative_l2 = 5; /* one parameter's: no point of the layer's curve */
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
