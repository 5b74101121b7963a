/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_records.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>

#include "report_test_tools.h"

namespace {

double number(const json_t *object, const char *key) {
  return json_number_value(json_object_get(object, key));
}

TEST(Records, GradientRowsComeBack) {
  std::mt19937 random = seeded();
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<epx_gradient_row_t> rows;
  for (int i = 0; i < 50; ++i) {
    rows.push_back({"conv 8", "max", i % 2 == 0 ? "symmetric" : "one_sided", "twin",
                    uniform(random), "conv0", uniform(random), uniform(random), uniform(random)});
  }
  rows[7].cosine = NAN;
  const epx_gradient_record_t record = {64, "autograd", "float64", rows.data(), 50};
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_gradient_record_write((folder / "run").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "run/gradient.json"));
  EXPECT_EQ(number(root.get(), "batch"), 64);
  const json_t *list = json_object_get(root.get(), "rows");
  ASSERT_EQ(json_array_size(list), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const json_t *row = json_array_get(list, i);
    EXPECT_EQ(number(row, "beta"), rows[i].beta);
    EXPECT_STREQ(json_string_value(json_object_get(row, "estimator")), rows[i].estimator);
    EXPECT_EQ(number(row, "relative_l2"), rows[i].relative_l2);
    EXPECT_EQ(number(row, "sign_agreement"), rows[i].sign_agreement);
    EXPECT_EQ(json_is_null(json_object_get(row, "cosine")), i == 7);
    if (i != 7) {
      EXPECT_EQ(number(row, "cosine"), rows[i].cosine);
    }
  }
}

TEST(Records, CostHoldsEveryNumber) {
  const epx_cost_component_t adc = {"ADC", 1e12, "conversion", 1.71, 0.9, 3.2, 1.71e9, "survey"};
  const epx_cost_cycles_t parts[] = {{"arrays", 90}, {"barriers", 10}};
  const epx_cost_command_t commands[] = {{"free step", 20, 280}, {"update", 0.5, 20}};
  const double events[] = {4e11, 6e11};
  const epx_cost_address_t addresses[] = {{"conv1", "free step", &events[0]},
                                          {"read-out", "predict", &events[1]}};
  epx_cost_record_t record = {};
  record.technology = "32 nm";
  record.clock_mhz = 1000;
  record.inference = {0.1, 5, 4, 6, &adc, 1, 100, parts, 2, nullptr, 0, nullptr, 0};
  record.training = {0.3, 9, 8, 10, &adc, 1, 300, parts, 1, commands, 2, addresses, 2};
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_cost_record_write((folder / "").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "cost.json"));
  const json_t *training = json_object_get(root.get(), "training");
  EXPECT_EQ(number(training, "energy_uj"), 9);
  EXPECT_EQ(number(training, "low"), 8);
  const json_t *component = json_array_get(json_object_get(training, "components"), 0);
  EXPECT_EQ(number(component, "events"), 1e12);
  EXPECT_EQ(number(component, "unit_energy_pj"), 1.71);
  EXPECT_EQ(number(component, "high"), 3.2);
  const json_t *cycles = json_object_get(json_object_get(root.get(), "cycles"), "inference");
  EXPECT_EQ(number(cycles, "total"), 100);
  EXPECT_EQ(number(json_array_get(json_object_get(cycles, "breakdown"), 1), "cycles"), 10);
  EXPECT_EQ(json_object_get(root.get(), "measured"), nullptr);
  EXPECT_EQ(json_object_get(root.get(), "unpriced"), nullptr);
  const json_t *update = json_array_get(json_object_get(training, "commands"), 1);
  EXPECT_EQ(number(update, "count"), 0.5);
  EXPECT_EQ(number(update, "cycles"), 20);
  const json_t *address = json_array_get(json_object_get(training, "addresses"), 1);
  EXPECT_STREQ(json_string_value(json_object_get(address, "owner")), "read-out");
  EXPECT_STREQ(json_string_value(json_object_get(address, "command")), "predict");
  EXPECT_EQ(json_number_value(json_array_get(json_object_get(address, "events"), 0)), 6e11);
}

// A chip outside every law of price keeps its events and times.
TEST(Records, CostWithoutPriceSaysWhy) {
  const epx_cost_component_t adc = {"ADC", 100, "conversion", NAN, NAN, NAN, NAN, ""};
  epx_cost_record_t record = {};
  record.unpriced = "32nm.yaml:9: adc.bits";
  record.training.latency_us = 3;
  record.training.energy_uj = NAN;
  record.training.components = &adc;
  record.training.component_count = 1;
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_cost_record_write((folder / "").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "cost.json"));
  const json_t *training = json_object_get(root.get(), "training");
  EXPECT_STREQ(json_string_value(json_object_get(root.get(), "unpriced")), record.unpriced);
  EXPECT_TRUE(json_is_null(json_object_get(training, "energy_uj")));
  EXPECT_EQ(number(training, "latency_us"), 3);
  EXPECT_EQ(number(json_array_get(json_object_get(training, "components"), 0), "events"), 100);
}

TEST(Records, CostHoldsWhatWasMeasured) {
  const epx_cost_saving_t savings[] = {{"line_drives", 3, 40}, {"shift_adds", 5, 60}};
  epx_cost_record_t record = {};
  record.technology = "32 nm";
  epx_cost_measured_t depends = {};
  depends.inference_images = 7;
  depends.training_images = 8;
  depends.stop_settled = true;
  depends.savings = savings;
  depends.saving_count = 2;
  record.measured = &depends;
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_cost_record_write((folder / "").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "cost.json"));
  const json_t *measured = json_object_get(root.get(), "measured");
  EXPECT_EQ(number(measured, "inference_images"), 7);
  EXPECT_EQ(number(measured, "training_images"), 8);
  const json_t *saving = json_array_get(json_object_get(measured, "savings"), 1);
  EXPECT_STREQ(json_string_value(json_object_get(saving, "name")), "shift_adds");
  EXPECT_EQ(number(saving, "made"), 5);
  EXPECT_EQ(number(saving, "whole"), 60);
  EXPECT_TRUE(json_is_true(json_object_get(measured, "stop_settled")));
  EXPECT_TRUE(json_is_false(json_object_get(measured, "event_driven")));
  EXPECT_EQ(json_object_get(measured, "pulses"), nullptr);
}

TEST(Records, CostHoldsPulsesWithoutSavings) {
  epx_cost_record_t record = {};
  epx_cost_measured_t depends = {};
  depends.training_images = 8;
  depends.updates = 3;
  depends.pulses = 100;
  depends.weights = 400;
  record.measured = &depends;
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_cost_record_write((folder / "").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "cost.json"));
  const json_t *measured = json_object_get(root.get(), "measured");
  EXPECT_EQ(json_object_get(measured, "savings"), nullptr);
  const json_t *pulses = json_object_get(measured, "pulses");
  EXPECT_EQ(number(pulses, "updates"), 3);
  EXPECT_EQ(number(pulses, "an_update"), 100);
  EXPECT_EQ(number(pulses, "a_weight"), 0.25);
}

TEST(Records, TileCountsAreExactBeyondDoubles) {
  const int64_t large = (INT64_C(1) << 60) + 1;
  const epx_tile_count_t compared[] = {{"states", large}, {"weights", 3}};
  const epx_tile_count_t events[] = {{"conversions", 12}};
  const epx_tile_record_t record = {"conv0", 1, 2,  4,      compared, 2, 5, "state 7: 3, not 4",
                                    events,  1, 99, nullptr};
  Folder folder;
  epx_error_t error = {};
  ASSERT_OK(epx_tile_record_write((folder / "").c_str(), &record, &error));
  const Json root = parse_json(read_text(folder / "tile.json"));
  EXPECT_EQ(
      json_integer_value(json_object_get(json_object_get(root.get(), "values_compared"), "states")),
      large);
  EXPECT_EQ(number(root.get(), "differing"), 5);
  EXPECT_EQ(number(root.get(), "column_block"), 2);
  EXPECT_TRUE(json_is_null(json_object_get(root.get(), "vcd")));
}

TEST(Records, BytesThatAreNoUtf8AreReplaced) {
  const std::string cases[][2] = {{"a\xff z", "a? z"},
                                  {"\xc3\xa9", "\xc3\xa9"},
                                  {"\xc3", "?"},
                                  {"\xc0\xaf", "??"},
                                  {"\xed\xa0\x80", "???"},
                                  {"\xf4\x90\x80\x80", "????"},
                                  {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};
  for (const auto &one : cases) {
    const epx_gradient_record_t record = {1, one[0].c_str(), "float64", nullptr, 0};
    Folder folder;
    epx_error_t error = {};
    ASSERT_OK(epx_gradient_record_write((folder / "").c_str(), &record, &error));
    const Json root = parse_json(read_text(folder / "gradient.json"));
    EXPECT_EQ(json_string_value(json_object_get(root.get(), "reference")), one[1]);
  }
}

TEST(Records, AFailedWriteLeavesTheOldRecordAndNoRubbish) {
  if (geteuid() == 0) {
    Folder folder; /* root ignores permissions: put a folder where the file should go */
    std::filesystem::create_directories(folder / "run/gradient.json/inside");
    const epx_gradient_record_t record = {1, "r", "float64", nullptr, 0};
    epx_error_t error = {};
    EXPECT_EQ(epx_gradient_record_write((folder / "run").c_str(), &record, &error),
              EPX_ERR_ARGUMENT);
    EXPECT_MESSAGE("gradient.json");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 1);
    return;
  }
  Folder folder;
  const epx_gradient_record_t record = {1, "r", "float64", nullptr, 0};
  epx_error_t error = {};
  ASSERT_OK(epx_gradient_record_write((folder / "run").c_str(), &record, &error));
  const std::string before = read_text(folder / "run/gradient.json");
  ASSERT_EQ(chmod((folder / "run").c_str(), 0500), 0);
  EXPECT_EQ(epx_gradient_record_write((folder / "run").c_str(), &record, &error), EPX_ERR_IO);
  ASSERT_EQ(chmod((folder / "run").c_str(), 0700), 0);
  EXPECT_EQ(read_text(folder / "run/gradient.json"), before);
}

TEST(Records, AFileInTheWayOfTheFolderIsNamed) {
  Folder folder;
  write_text(folder / "run", "a file");
  const epx_gradient_record_t record = {1, "r", "float64", nullptr, 0};
  epx_error_t error = {};
  EXPECT_EQ(epx_gradient_record_write((folder / "run/deep").c_str(), &record, &error), EPX_ERR_IO);
  EXPECT_MESSAGE(folder / "run");
}

}  // namespace
