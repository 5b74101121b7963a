/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_report.h"

#include <cmath>

#include "epx_assets.h"
#include "epx_records.h"
#include "epx_run_record.h"
#include "report_page_tools.h"

namespace {

/* Texts that try to leave their place in a page. */
const char *const HOSTILE[] = {
    "</script><script>alert(1)</script>", "<!--<script>", "]]>",          "\"'&<>",
    "<img src=x onerror=alert(1)>",       "a\\u003c\\",   "\xc3\xa9 \xff"};

struct Case {
  std::string folder;
  std::string note, network = "conv 8", source = "survey", layer = "conv0", key = "training.seed";

  void metrics(int epochs, epx_run_status_t status = EPX_RUN_FINISHED) const {
    epx_error_t error = {};
    epx_settings_t settings = {};
    epx_settings_set(&settings, key.c_str(), "1");
    epx_settings_set(&settings, "estimator.kind", "symmetric");
    epx_settings_set(&settings, "estimator.beta", "0.5");
    const epx_run_info_t info = {
        "epxbar train", "twin", 1, {"cifar10", "data", "00", note.c_str(), 100, 10}, &settings};
    epx_run_record_t *record = nullptr;
    ASSERT_OK(epx_run_record_create(folder.c_str(), &info, &record, &error));
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      const epx_metrics_row_t train = {epoch, EPX_SPLIT_TRAIN, 2.0 / epoch, 0.5 / epoch, 100, 50, 2,
                                       0.1};
      const epx_metrics_row_t test = {epoch, EPX_SPLIT_TEST, 2.5 / epoch, 0.75 / epoch, 10, 90, 1,
                                      0.1};
      ASSERT_OK(epx_run_record_append(record, &train, &error));
      ASSERT_OK(epx_run_record_append(record, &test, &error));
    }
    ASSERT_OK(epx_run_record_finish(record, status, nullptr, &error));
    epx_run_record_destroy(record);
    epx_settings_clear(&settings);
  }

  void gradient() const {
    epx_error_t error = {};
    std::vector<epx_gradient_row_t> rows;
    for (double beta : {0.1, 0.5}) {
      rows.push_back({network.c_str(), "max", "symmetric", "twin", beta, layer.c_str(),
                      0.987654 + beta / 1e3, beta * beta, 0.9});
      rows.push_back(
          {network.c_str(), "max", "one_sided", "twin", beta, layer.c_str(), 0.5, beta, 0.8});
    }
    const epx_gradient_record_t record = {32, "autograd", "float64", rows.data(),
                                          static_cast<int>(rows.size())};
    ASSERT_OK(epx_gradient_record_write(folder.c_str(), &record, &error));
  }

  void cost(bool stops = false, bool drives = true, int64_t updates = 0,
            const char *unpriced = nullptr) const {
    epx_error_t error = {};
    const epx_cost_component_t parts[] = {
        {"ADC", 1843200, "conversion", 1.71, 0.9, 3.2, 3151.872, source.c_str()},
        {"SRAM", 98304, "read", 10, NAN, NAN, 983.04, "Horowitz"}};
    const epx_cost_cycles_t cycles[] = {{"arrays", 61440}, {"barriers", 1200}};
    const epx_cost_command_t commands[] = {{"free step", 20, 60000}, {"predict", 1, 2640}};
    const double events[][2] = {{1000000, 98304}, {843200, 0}};
    const epx_cost_address_t addresses[] = {{"conv1", "free step", events[0]},
                                            {"read-out", "predict", events[1]}};
    const epx_cost_section_t section = {62.64,  4.134912, 3,        8, parts,     2, 62640,
                                        cycles, 2,        commands, 2, addresses, 2};
    const epx_cost_saving_t saving = {"line_drives", 1234, 9872};
    epx_cost_measured_t measured = {};
    measured.inference_images = 1000;
    measured.training_images = 4000;
    measured.stop_settled = stops;
    measured.event_driven = drives;
    measured.savings = &saving;
    measured.saving_count = 1;
    measured.updates = updates;
    measured.pulses = 12345;
    measured.weights = 49380;
    epx_cost_record_t record = {};
    record.technology = "32 nm";
    record.clock_mhz = 1000;
    record.inference = record.training = section;
    record.measured = &measured;
    record.unpriced = unpriced;
    ASSERT_OK(epx_cost_record_write(folder.c_str(), &record, &error));
  }

  void tile(int64_t differing) const {
    epx_error_t error = {};
    const epx_tile_count_t compared[] = {{"partial_sums", 4096}, {"states", 1024}};
    const epx_tile_record_t record = {layer.c_str(), 0, 1,         4,
                                      compared,      2, differing, "state 7: 3, not 4",
                                      nullptr,       0, 412160,    "tile.vcd"};
    ASSERT_OK(epx_tile_record_write(folder.c_str(), &record, &error));
  }
};

std::string report(const std::vector<std::string> &folders, const std::string &out) {
  std::vector<const char *> names;
  for (const auto &folder : folders) {
    names.push_back(folder.c_str());
  }
  epx_error_t error = {};
  EXPECT_OK(epx_report_write(names.data(), static_cast<int>(names.size()), out.c_str(), &error));
  return read_text(out);
}

TEST(Report, ShowsEveryRecord) {
  Folder folder;
  const Case run = {folder / "twin", "generated, not CIFAR-10"};
  run.metrics(4);
  run.gradient();
  run.cost();
  run.tile(0);
  const std::string html = report({run.folder}, folder / "report.html");
  for (const char *part : {"Learning curves",
                           "Gradient agreement",
                           "Energy per image",
                           "Latency and cycles",
                           "Tile check",
                           "generated, not CIFAR-10",
                           "18.75 %",
                           "0.988154",
                           "1,843,200",
                           "1.71",
                           "0.9 to 3.2",
                           "survey",
                           "61,440",
                           "412,160",
                           "tile.vcd",
                           "0 of 5,120 compared values differ",
                           "training.seed",
                           "98.08 %",
                           "Steps and events made",
                           "line drives",
                           "12.5",
                           "9,872"}) {
    EXPECT_TRUE(has(html, part)) << part;
  }
  const Json charts = charts_of(html);
  EXPECT_EQ(json_array_size(charts.get()), occurrences(html, "<canvas "));
  const json_t *test =
      json_array_get(json_object_get(json_array_get(charts.get(), 0), "series"), 0);
  EXPECT_STREQ(json_string_value(json_object_get(test, "label")), "twin, test");
  const json_t *points = json_object_get(test, "points");
  ASSERT_EQ(json_array_size(points), 4u);
  EXPECT_EQ(json_number_value(json_array_get(json_array_get(points, 3), 0)), 4);
  EXPECT_EQ(json_number_value(json_array_get(json_array_get(points, 3), 1)), 0.1875);
}

TEST(Report, LeavesOutWhatIsMissing) {
  Folder folder;
  const Case run = {folder / "tile-only", ""};
  run.tile(3);
  const std::string html = report({run.folder}, folder / "report.html");
  EXPECT_TRUE(has(html, "3 of 5,120 compared values differ. state 7: 3, not 4"));
  EXPECT_FALSE(has(html, "agree bit for bit"));
  for (const char *part : {"<h2>Learning", "<h2>Gradient", "<h2>Energy", "<h2>Latency",
                           "<h2>Settings", "Lowest test error</span>", "<canvas "}) {
    EXPECT_FALSE(has(html, part)) << part;
  }
}

TEST(Report, ComparesRuns) {
  Folder folder;
  const Case a = {folder / "a", ""};
  Case b = {folder / "b", ""};
  b.key = "training.epochs";
  a.metrics(4);
  b.metrics(2, EPX_RUN_RUNNING);
  const std::string html = report({a.folder, b.folder + "/"}, folder / "report.html");
  EXPECT_TRUE(has(html, "Where the runs differ"));
  EXPECT_TRUE(has(html, "b is still running, or was killed"));
  EXPECT_FALSE(has(html, "a is still running"));
  const Json charts = charts_of(html);
  EXPECT_EQ(json_array_size(json_object_get(json_array_get(charts.get(), 0), "series")), 4u);
}

/* The note of every card in a run's part of the head is that run's. */
TEST(Report, HeadlineFiguresStandRunByRun) {
  Folder folder;
  const Case accurate = {folder / "accurate", ""}, priced = {folder / "priced", ""};
  accurate.metrics(8);
  priced.metrics(2);
  priced.cost();
  priced.tile(0);
  for (const bool turned : {false, true}) {
    const std::vector<std::string> runs =
        turned ? std::vector<std::string>{priced.folder, accurate.folder}
               : std::vector<std::string>{accurate.folder, priced.folder};
    const std::string html = report(runs, folder / "report.html");
    const std::string head = html.substr(0, html.find("<table"));
    ASSERT_EQ(occurrences(head, "<div class=\"cards\">"), 2u);
    size_t cards = 0;
    for (const char *label : {"accurate", "priced"}) {
      const size_t from = head.find(std::string("<h3>") + label + "</h3>");
      ASSERT_NE(from, std::string::npos) << label;
      const std::string part = head.substr(from, head.find("<h3>", from + 1) - from);
      EXPECT_EQ(occurrences(part, "class=\"card\""),
                occurrences(part, std::string("class=\"note\">") + label))
          << part;
      EXPECT_EQ(has(part, "Energy of one inference"), std::string(label) == "priced");
      cards += occurrences(part, "class=\"card\"");
    }
    EXPECT_EQ(cards, occurrences(html, "class=\"card\""));
  }
}

/* Bars, the table and the total of an energy are in one unit, and the bars add up to the total. */
TEST(Report, EnergiesAreInOneUnit) {
  Folder folder;
  const Case run = {folder / "twin", ""};
  run.cost();
  const std::string html = report({run.folder}, folder / "report.html");
  EXPECT_FALSE(has(html, "nJ"));
  const Json charts = charts_of(html);
  size_t bars = 0;
  for (size_t c = 0; c < json_array_size(charts.get()); ++c) {
    const json_t *chart = json_array_get(charts.get(), c);
    if (std::string(json_string_value(json_object_get(chart, "title"))).find("Energy by") == 0) {
      const json_t *points =
          json_object_get(json_array_get(json_object_get(chart, "series"), 0), "points");
      double sum = 0;
      for (size_t i = 0; i < json_array_size(points); ++i) {
        sum += json_number_value(json_array_get(json_array_get(points, i), 1));
      }
      EXPECT_NEAR(sum, 4.134912, 1e-9);
      ++bars;
    }
  }
  EXPECT_EQ(bars, 4u);  // by component and by layer
  EXPECT_TRUE(has(html, "4.135 \xc2\xb5J in all"));
}

/* On paper a chart is scaled as it is, and drawn anew for the width of a column first. */
TEST(Report, PrintingScalesChartsInBothDirections) {
  const std::string style(reinterpret_cast<const char *>(epx_asset_report_css),
                          epx_asset_report_css_size);
  const std::string print = style.substr(style.find("@media print"));
  EXPECT_TRUE(has(print, ".canvas { height: auto; }"));
  EXPECT_TRUE(has(print, ".canvas canvas { width: 100% !important; height: auto !important; }"));
}

TEST(Report, SaysWhatWasChangedWhileARunWentOn) {
  Folder folder;
  const Case run = {folder / "run", ""};
  run.metrics(2);
  EXPECT_FALSE(has(report({run.folder}, folder / "report.html"), "Changed while it ran"));
  epx_error_t error = {};
  epx_settings_t settings = {};
  epx_settings_set(&settings, "training.seed", "1");
  epx_settings_set(&settings, "estimator.beta", "0.25");
  const epx_run_info_t info = {
      "epxbar train --resume run", "twin", 1, {"cifar10", "data", "00", "", 100, 10}, &settings};
  epx_run_record_t *record = nullptr;
  ASSERT_OK(epx_run_record_resume(run.folder.c_str(), &info, 2, 32, &record, &error));
  epx_run_record_destroy(record);
  epx_settings_clear(&settings);
  const std::string html = report({run.folder}, folder / "report.html");
  for (const char *part : {"Changed while it ran", "after epoch 2 and 32 images",
                           "epxbar train --resume run", "estimator.beta", "0.5", "0.25"}) {
    EXPECT_TRUE(has(html, part)) << part;
  }
  EXPECT_EQ(occurrences(html, "after epoch 2"), 1u) << "what is not changed is not listed";
}

TEST(Report, NumbersThatAreNotFiniteLeaveAGap) {
  Folder folder;
  write_text(folder / "metrics.csv",
             "epoch,split,loss,error,images,images_per_second,seconds,learning_rate\n"
             "1,test,2,0.5,10,1,1,0.1\n2,test,nan,0.25,10,1,1,0.1\n3,test,inf,0.125,10,1,1,0.1\n");
  const std::string html = report({folder / ""}, folder / "report.html");
  const Json charts = charts_of(html);
  const auto points = [&](size_t chart) {
    const json_t *series = json_object_get(json_array_get(charts.get(), chart), "series");
    return json_array_size(json_object_get(json_array_get(series, 0), "points"));
  };
  EXPECT_EQ(points(0), 3u); /* error */
  EXPECT_EQ(points(1), 1u); /* loss */
  EXPECT_TRUE(has(html, "\xe2\x80\x93"));
}

TEST(Report, EqualNamesAreToldApartByTheirPaths) {
  Folder folder;
  const Case a = {folder / "x/run", ""}, b = {folder / "y/run", ""};
  a.metrics(1);
  b.metrics(1);
  const std::string html = report({a.folder, b.folder}, folder / "report.html");
  EXPECT_TRUE(has(html, "x/run, test"));
  EXPECT_TRUE(has(html, "y/run, test"));
}

// Only what the chip spares is said to be spared, and pulses where there are any.
TEST(Report, SaysWhatDependsOnTheData) {
  Folder folder;
  const Case run = {folder / "run", "note"};
  const char *saved = "Steps and events made", *pulses = ">Pulses<";
  const auto page = [&](bool stops, bool drives, int64_t updates) {
    run.cost(stops, drives, updates);
    return report({run.folder}, folder / "report.html");
  };
  std::string html = page(false, true, 0);
  EXPECT_TRUE(has(html, saved) && has(html, "chip drives only what changed, so"));
  EXPECT_TRUE(has(html, "against a chip that drives everything.") && has(html, "12.50 %"));
  EXPECT_TRUE(has(html, "line drives") && !has(html, "line_drives"));
  EXPECT_FALSE(has(html, pulses));
  html = page(true, false, 0);
  EXPECT_TRUE(has(html, saved) && has(html, "chip ends phases that have settled, so"));
  EXPECT_TRUE(has(html, "against a chip that makes every step.") && !has(html, "Cycles of drives"));
  html = page(true, true, 77);
  EXPECT_TRUE(has(html, "against a chip that makes every step and drives everything."));
  EXPECT_TRUE(has(html, pulses));
  html = page(false, false, 77);
  EXPECT_FALSE(has(html, saved));
  EXPECT_TRUE(has(html, "12,345 an update, 0.25 a weight (means over 77 updates"));
}

// conv1 in free steps: 1,000,000 * 1.71 pJ + 98,304 * 10 pJ; the read-out: 843,200 * 1.71 pJ.
TEST(Report, CutsEnergyByLayerCommandAndComponent) {
  Folder folder;
  const Case run = {folder / "run", "note"};
  run.cost();
  const std::string html = report({run.folder}, folder / "report.html");
  EXPECT_TRUE(has(html, "Energy by layer and command (\xc2\xb5J): one training image"));
  EXPECT_TRUE(has(html, "Energy by component and layer (\xc2\xb5J): one inference"));
  EXPECT_TRUE(has(html, "Energy by component and command"));
  EXPECT_TRUE(has(html, "2.693")) << "conv1";
  EXPECT_TRUE(has(html, "1.442")) << "the read-out";
  EXPECT_TRUE(has(html, "4.135")) << "both, which is the total";
  EXPECT_TRUE(has(html, "Cycles by command") && has(html, "95.79 %"));
}

TEST(Report, SaysWhyThereAreNoEnergies) {
  Folder folder;
  const Case run = {folder / "run", "note"};
  run.cost(false, true, 0, "32nm.yaml:9: adc.bits: found 30");
  const std::string html = report({run.folder}, folder / "report.html");
  EXPECT_TRUE(has(html, "No energies: 32nm.yaml:9: adc.bits: found 30"));
  EXPECT_FALSE(has(html, "Energy by component: one inference"));
}

TEST(Report, HostileTextsStayTexts) {
  Folder folder;
  const Case plain = {folder / "plain", "note"};
  plain.metrics(2);
  plain.gradient();
  plain.cost();
  plain.tile(1);
  const std::string expected = report({plain.folder}, folder / "report.html");
  int number = 0;
  for (const char *text : HOSTILE) {
    Case run = {folder / ("run" + std::to_string(number++)), text};
    run.network = run.source = run.layer = run.key = text;
    run.metrics(2);
    run.gradient();
    run.cost();
    run.tile(1);
    const std::string html = report({run.folder}, folder / "hostile.html");
    EXPECT_EQ(occurrences(html, "<script"), occurrences(expected, "<script")) << text;
    EXPECT_EQ(occurrences(html, "</script"), occurrences(expected, "</script")) << text;
    EXPECT_EQ(occurrences(html, "<img"), 0u) << text;
    EXPECT_EQ(occurrences(html, "<!--"), occurrences(expected, "<!--")) << text;
    const Json charts = charts_of(html);
    EXPECT_EQ(json_array_size(charts.get()), occurrences(html, "<canvas ")) << text;
  }
}

TEST(Report, OpensOffline) {
  Folder folder;
  const Case run = {folder / "run", ""};
  run.metrics(2);
  const std::string html = report({run.folder}, folder / "report.html");
  const std::string library(reinterpret_cast<const char *>(epx_asset_chart_js),
                            epx_asset_chart_js_size);
  EXPECT_TRUE(has(library, "Chart.js v"));
  EXPECT_FALSE(has(library, "</script"));
  EXPECT_TRUE(has(html, library));
  for (const char *part : {"<link", " src=", "@import", "url(", "fetch("}) {
    EXPECT_EQ(occurrences(html, part), occurrences(library, part)) << part;
  }
  EXPECT_LT(html.size(), 400000u);
}

TEST(Report, MalformedRecordsAreErrorsAndWriteNothing) {
  for (const char *name : {"manifest.json", "gradient.json", "cost.json", "tile.json"}) {
    for (const char *text : {"", "{\"a\": 1", "[1]", "{} x", "{\"a\": 1, \"a\": 2}"}) {
      Folder folder;
      write_text(folder / name, text);
      const std::string path = folder / "", out = folder / "report.html";
      const char *folders[] = {path.c_str()};
      epx_error_t error = {};
      EXPECT_EQ(epx_report_write(folders, 1, out.c_str(), &error), EPX_ERR_FORMAT) << text;
      EXPECT_MESSAGE(name);
      EXPECT_FALSE(std::filesystem::exists(out));
    }
  }
}

TEST(Report, WrongTypesInsideRecordsNeverCrash) {
  std::mt19937 random = seeded();
  const std::string values[] = {"null",
                                "[]",
                                "{}",
                                "\"x\"",
                                "1e300",
                                "-1",
                                "[[1], null, {}]",
                                "[{\"name\": 3, \"layer\": [], \"beta\": \"b\"}]"};
  const auto value = [&] { return values[random() % std::size(values)]; };
  for (int trial = 0; trial < 40; ++trial) {
    Folder folder;
    write_text(folder / "gradient.json", "{\"rows\": " + value() + ", \"batch\": " + value() + "}");
    write_text(folder / "cost.json",
               "{\"inference\": {\"components\": " + value() + ", \"energy_uj\": " + value() +
                   "}, \"training\": " + value() + ", \"measured\": {\"savings\": " + value() +
                   ", \"stop_settled\": " + value() + ", \"pulses\": " + value() +
                   "}, \"cycles\": {\"inference\": {\"breakdown\": " + value() + "}}}");
    write_text(folder / "tile.json",
               "{\"values_compared\": " + value() + ", \"differing\": " + value() + "}");
    write_text(folder / "manifest.json", "{\"config\": " + value() + ", \"dataset\": " + value() +
                                             ", \"status\": " + value() + "}");
    const std::string html = report({folder / ""}, folder / "report.html");
    EXPECT_TRUE(has(html, "</html>"));
  }
}

TEST(Report, RefusesAFolderWithoutRecords) {
  Folder folder;
  const std::string path = folder / "";
  const char *folders[] = {path.c_str()};
  epx_error_t error = {};
  EXPECT_EQ(epx_report_write(folders, 1, (folder / "r.html").c_str(), &error), EPX_ERR_NOT_FOUND);
  EXPECT_MESSAGE("expected a folder with manifest.json");
  EXPECT_EQ(epx_report_write(folders, 0, (folder / "r.html").c_str(), &error), EPX_ERR_ARGUMENT);
}

}  // namespace
