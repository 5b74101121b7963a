/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_sweep_report.h"

#include <cmath>
#include <cstring>

#include "report_test_tools.h"

namespace {

/* bits 8, 2, 4 (not sorted) by rounding a, b; one point fails, one stays pending. */
class SweepReport : public ::testing::Test {
 protected:
  void SetUp() override {
    static const char *const rounding[] = {"a", "b"}, *const bits[] = {"8", "2", "4"};
    const epx_sweep_axis_t axes[] = {{"chip.rounding", rounding, 2}, {"chip.bits", bits, 3}};
    epx_settings_set(&settings_, "training.epochs", "3");
    const epx_sweep_definition_t definition = {axes, 2, &settings_};
    ASSERT_OK(epx_sweep_open((folder_ / "s.sqlite").c_str(), &definition, &store_, &error));
    for (int i = 0; i < 5; ++i) {
      epx_sweep_point_t point = {};
      bool found = false;
      ASSERT_OK(epx_sweep_next(store_, &point, &found, &error));
      ASSERT_TRUE(found);
      epx_sweep_result_t result = epx_sweep_result_unknown();
      result.test_error = 1.0 / atof(point.values[1]) / (i < 3 ? 1 : 2);
      result.energy_uj = 0.1 * i;
      ASSERT_OK(epx_sweep_record(store_, i, i == 3 ? EPX_SWEEP_FAILED : EPX_SWEEP_FINISHED, &result,
                                 i == 3 ? "diverged, <at> \"epoch\" 2" : nullptr, &error));
      epx_sweep_point_clear(&point);
    }
  }
  void TearDown() override {
    epx_sweep_close(store_);
    epx_settings_clear(&settings_);
  }
  std::string table(epx_table_format_t format) {
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    EXPECT_OK(epx_sweep_write_table(store_, format, out, &error));
    fclose(out);
    std::string result(text, size);
    free(text);
    return result;
  }

  Folder folder_;
  epx_settings_t settings_ = {};
  epx_sweep_store_t *store_ = nullptr;
  epx_error_t error = {};
};

TEST_F(SweepReport, CsvIsExact) {
  std::istringstream lines(table(EPX_TABLE_CSV));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line,
            "index,chip.rounding,chip.bits,status,test_error,train_error,test_loss,energy_uj,"
            "inference_energy_uj,latency_us,images_per_second,seconds,message");
  std::getline(lines, line);
  EXPECT_EQ(line, "0,a,8,finished,0.125,,,0,,,,,");
  std::getline(lines, line);
  EXPECT_EQ(line, "1,a,2,finished,0.5,,,0.10000000000000001,,,,,");
  std::getline(lines, line);
  std::getline(lines, line);
  EXPECT_EQ(line,
            "3,b,8,failed,0.0625,,,0.30000000000000004,,,,,"
            "\"diverged, <at> \"\"epoch\"\" 2\"");
}

TEST_F(SweepReport, TablesShowPercentAndEveryPoint) {
  for (epx_table_format_t format : {EPX_TABLE_TEXT, EPX_TABLE_MARKDOWN}) {
    const std::string text = table(format);
    EXPECT_EQ(occurrences(text, "\n"), 8u);
    EXPECT_NE(text.find("12.50 %"), std::string::npos);
    EXPECT_NE(text.find("pending"), std::string::npos);
  }
}

TEST_F(SweepReport, ChartsRunAlongTheNumericAxisInOrder) {
  ASSERT_OK(epx_sweep_report_write(store_, (folder_ / "s.html").c_str(), &error));
  const std::string html = read_text(folder_ / "s.html");
  EXPECT_NE(html.find("4 of 6 points finished so far; 1 pending or running, 1 failed."),
            std::string::npos);
  EXPECT_NE(html.find("diverged, &lt;at&gt; &quot;epoch&quot; 2"), std::string::npos);
  EXPECT_NE(html.find("training.epochs"), std::string::npos);
  const std::string open = "id=\"charts\">";
  const size_t start = html.find(open) + open.size();
  const Json charts = parse_json(html.substr(start, html.find("</script>", start) - start));
  ASSERT_EQ(json_array_size(charts.get()), 2u); /* error and training energy; the rest is unknown */
  const json_t *chart = json_array_get(charts.get(), 0);
  EXPECT_STREQ(json_string_value(json_object_get(json_object_get(chart, "x"), "label")),
               "chip.bits");
  const json_t *series = json_object_get(chart, "series");
  ASSERT_EQ(json_array_size(series), 2u);
  char *points = json_dumps(json_object_get(json_array_get(series, 0), "points"), JSON_COMPACT);
  EXPECT_STREQ(points, "[[2,0.5],[4,0.25],[8,0.125]]");
  free(points);
  points = json_dumps(json_object_get(json_array_get(series, 1), "points"), JSON_COMPACT);
  EXPECT_STREQ(points, "[[2,0.25]]"); /* bits 8 failed, bits 4 is pending */
  free(points);
  EXPECT_STREQ(json_string_value(json_object_get(json_array_get(series, 1), "label")),
               "rounding = b");
}

}  // namespace
