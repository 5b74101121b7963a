/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_run_record.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "report_test_tools.h"

namespace {

struct Settings : epx_settings_t {
  Settings() : epx_settings_t{} {}
  ~Settings() { epx_settings_clear(this); }
};

epx_run_info_t make_info(const epx_settings_t *settings) {
  return {"epxbar train a.yaml",
          "twin",
          42,
          {"cifar10", "data", "0123456789abcdef", "", 50, 10},
          settings};
}

epx_metrics_row_t random_row(std::mt19937 &random, int epoch, epx_split_t split) {
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  return {epoch, split, 3 * uniform(random), uniform(random), 50000, 1000.0, 50.0, uniform(random)};
}

std::vector<epx_metrics_row_t> read_rows(const std::string &folder) {
  epx_error_t error = {};
  epx_metrics_row_t *rows = nullptr;
  int count = 0;
  EXPECT_OK(epx_metrics_read(folder.c_str(), &rows, &count, &error));
  std::vector<epx_metrics_row_t> result(rows, rows + count);
  free(rows);
  return result;
}

void expect_equal(const epx_metrics_row_t &a, const epx_metrics_row_t &b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.split, b.split);
  EXPECT_EQ(a.images, b.images);
  EXPECT_EQ(a.loss, b.loss); /* bit for bit through the text */
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.learning_rate, b.learning_rate);
}

TEST(RunRecord, ManifestHoldsWhatRan) {
  Folder folder;
  const std::string run = folder / "deep/run";
  epx_error_t error = {};
  Settings settings;
  epx_settings_set(&settings, "network.loss", "squared_error");
  epx_settings_set(&settings, "estimator.beta", "0.5");
  epx_settings_set(&settings, "network.loss", "cross_entropy");
  const epx_run_info_t info = make_info(&settings);
  epx_run_record_t *record = nullptr;
  ASSERT_OK(epx_run_record_create(run.c_str(), &info, &record, &error));
  Json manifest = parse_json(read_text(run + "/manifest.json"));
  EXPECT_STREQ(json_string_value(json_object_get(manifest.get(), "status")), "running");
  EXPECT_TRUE(json_is_null(json_object_get(manifest.get(), "finished")));
  ASSERT_OK(epx_run_record_finish(record, EPX_RUN_FAILED, "loss is not finite", &error));
  epx_run_record_destroy(record);
  manifest = parse_json(read_text(run + "/manifest.json"));
  int format = 0, train = 0, threads = 0, cores = 0;
  json_int_t seed = 0;
  const char *program, *version, *command, *started, *finished, *status, *message, *processor,
      *level, *fingerprint, *loss, *beta;
  json_error_t where;
  ASSERT_EQ(
      json_unpack_ex(manifest.get(), &where, 0,
                     "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:{s:s, s:i, s:i, s:s}, "
                     "s:{s:s, s:i}, s:{s:s, s:s}}",
                     "format", &format, "program", &program, "version", &version, "command_line",
                     &command, "started", &started, "finished", &finished, "status", &status,
                     "message", &message, "seed", &seed, "host", "processor", &processor, "cores",
                     &cores, "threads", &threads, "instruction_set", &level, "dataset",
                     "fingerprint", &fingerprint, "train", &train, "config", "network.loss", &loss,
                     "estimator.beta", &beta),
      0)
      << where.text;
  EXPECT_EQ(format, 1);
  EXPECT_STREQ(program, "epxbar");
  EXPECT_STREQ(command, "epxbar train a.yaml");
  EXPECT_STREQ(status, "failed");
  EXPECT_STREQ(message, "loss is not finite");
  EXPECT_EQ(seed, 42);
  EXPECT_EQ(train, 50);
  EXPECT_GE(cores, 1);
  EXPECT_GE(threads, 1);
  EXPECT_STREQ(loss, "cross_entropy");
  EXPECT_EQ(std::strlen(started), std::strlen("2026-01-31T12:34:56Z"));
  EXPECT_LE(std::string(started), std::string(finished));
}

TEST(RunRecord, NeverOverwritesARun) {
  Folder folder;
  epx_error_t error = {};
  const epx_run_info_t info = make_info(nullptr);
  const std::string run = folder / "run";
  epx_run_record_t *record = nullptr;
  ASSERT_OK(epx_run_record_create(run.c_str(), &info, &record, &error));
  epx_run_record_destroy(record);
  record = nullptr;
  ASSERT_OK(epx_run_record_create(run.c_str(), &info, &record, &error));
  std::mt19937 random = seeded();
  const epx_metrics_row_t row = random_row(random, 1, EPX_SPLIT_TRAIN);
  ASSERT_OK(epx_run_record_append(record, &row, &error));
  epx_run_record_destroy(record);
  const std::string before = read_text(run + "/manifest.json");
  record = nullptr;
  EXPECT_EQ(epx_run_record_create(run.c_str(), &info, &record, &error), EPX_ERR_ARGUMENT);
  EXPECT_MESSAGE("manifest.json");
  EXPECT_EQ(record, nullptr);
  EXPECT_EQ(read_text(run + "/manifest.json"), before);
  const std::string other = folder / "other";
  ASSERT_OK(epx_run_record_create(other.c_str(), &info, &record, &error));
  epx_run_record_destroy(record);
  record = nullptr;
  write_text(other + "/checkpoint.npz", "anything");
  EXPECT_EQ(epx_run_record_create(other.c_str(), &info, &record, &error), EPX_ERR_ARGUMENT);
}

TEST(RunRecord, ResumeKeepsRowsUpToTheCheckpointAfterAnyTruncation) {
  std::mt19937 random = seeded();
  for (int trial = 0; trial < 25; ++trial) {
    Folder folder;
    const std::string run = folder / "run", csv = run + "/metrics.csv";
    epx_error_t error = {};
    const epx_run_info_t info = make_info(nullptr);
    epx_run_record_t *record = nullptr;
    ASSERT_OK(epx_run_record_create(run.c_str(), &info, &record, &error));
    std::vector<epx_metrics_row_t> written;
    const int epochs = 1 + static_cast<int>(random() % 12);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      for (epx_split_t split : {EPX_SPLIT_TRAIN, EPX_SPLIT_TEST}) {
        written.push_back(random_row(random, epoch, split));
        ASSERT_OK(epx_run_record_append(record, &written.back(), &error));
      }
    }
    epx_run_record_destroy(record);
    const std::string text = read_text(csv);
    const size_t header = text.find('\n') + 1;
    const size_t size = header + random() % (text.size() - header + 1);
    write_text(csv, text.substr(0, size));
    const size_t whole = occurrences(text.substr(0, size), "\n") - 1;
    ASSERT_EQ(read_rows(run).size(), whole);
    const int checkpoint = static_cast<int>(random() % (epochs + 1));
    ASSERT_OK(epx_run_record_resume(run.c_str(), &info, checkpoint, 0, &record, &error));
    const epx_metrics_row_t next = random_row(random, checkpoint + 1, EPX_SPLIT_TRAIN);
    ASSERT_OK(epx_run_record_append(record, &next, &error));
    ASSERT_OK(epx_run_record_finish(record, EPX_RUN_FINISHED, nullptr, &error));
    epx_run_record_destroy(record);
    const auto rows = read_rows(run);
    ASSERT_EQ(rows.size(), std::min(whole, static_cast<size_t>(2 * checkpoint)) + 1);
    for (size_t i = 0; i + 1 < rows.size(); ++i) {
      expect_equal(rows[i], written[i]);
    }
    expect_equal(rows.back(), next);
    const Json manifest = parse_json(read_text(run + "/manifest.json"));
    EXPECT_EQ(json_integer_value(json_object_get(manifest.get(), "resumes")), 1);
  }
}

TEST(RunRecord, AKilledRunKeepsEveryReportedRow) {
  std::mt19937 random = seeded();
  Folder folder;
  const std::string run = folder / "run";
  const epx_run_info_t info = make_info(nullptr);
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    epx_run_record_t *record = nullptr;
    if (epx_run_record_create(run.c_str(), &info, &record, nullptr) != EPX_OK) {
      _exit(1);
    }
    for (int epoch = 1;; ++epoch) {
      const epx_metrics_row_t row = {epoch, EPX_SPLIT_TRAIN, 1.0 / epoch, 0.5, 1, 1, 1, 0.1};
      if (epx_run_record_append(record, &row, nullptr) != EPX_OK ||
          write(channel[1], &epoch, sizeof epoch) != sizeof epoch) {
        _exit(1);
      }
    }
  }
  close(channel[1]);
  int epoch = 0, last = 0;
  const int enough = 3 + static_cast<int>(random() % 30);
  while (last < enough && read(channel[0], &epoch, sizeof epoch) == sizeof epoch) {
    last = epoch;
  }
  kill(child, SIGKILL);
  while (read(channel[0], &epoch, sizeof epoch) == sizeof epoch) {
    last = epoch;
  }
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto rows = read_rows(run);
  ASSERT_GE(static_cast<int>(rows.size()), last);
  ASSERT_LE(static_cast<int>(rows.size()), last + 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].epoch, static_cast<int>(i) + 1);
    EXPECT_EQ(rows[i].loss, 1.0 / static_cast<double>(i + 1));
  }
  const Json manifest = parse_json(read_text(run + "/manifest.json"));
  EXPECT_STREQ(json_string_value(json_object_get(manifest.get(), "status")), "running");
}

TEST(RunRecord, NotANumberSurvives) {
  Folder folder;
  epx_error_t error = {};
  const epx_run_info_t info = make_info(nullptr);
  epx_run_record_t *record = nullptr;
  ASSERT_OK(epx_run_record_create((folder / "run").c_str(), &info, &record, &error));
  const epx_metrics_row_t row = {1, EPX_SPLIT_TEST, NAN, INFINITY, 1, 1, 1, 0.1};
  ASSERT_OK(epx_run_record_append(record, &row, &error));
  epx_run_record_destroy(record);
  const auto rows = read_rows(folder / "run");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(std::isnan(rows[0].loss));
  EXPECT_TRUE(std::isinf(rows[0].error));
}

TEST(RunRecord, MalformedMetricsNameLineAndColumn) {
  const std::string header =
      "epoch,split,loss,error,images,images_per_second,seconds,learning_rate\n";
  const std::string good = "1,train,1,0.5,10,1,1,0.1\n";
  const struct {
    std::string text, where;
  } cases[] = {
      {"", ":1:"},
      {"epoch,split\n", ":1:"},
      {header + "1,train,1,0.5,10,1,1\n", ":2: found 7"},
      {header + good + "1,train,1,0.5,10,1,1,0.1,9\n", ":3: found 9"},
      {header + "one,train,1,0.5,10,1,1,0.1\n", "column epoch"},
      {header + "-1,train,1,0.5,10,1,1,0.1\n", "column epoch"},
      {header + "1,validation,1,0.5,10,1,1,0.1\n", "column split"},
      {header + "1,test,,0.5,10,1,1,0.1\n", "column loss"},
      {header + "1,test,1,0.5x,10,1,1,0.1\n", "column error"},
      {header + "1,test,1,0.5,ten,1,1,0.1\n", "column images "},
      {header + good + "1,test,1,0.5,10,1,1,\n", ":3: column learning_rate"},
  };
  for (const auto &one : cases) {
    Folder folder;
    write_text(folder / "metrics.csv", one.text);
    epx_error_t error = {};
    epx_metrics_row_t *rows = nullptr;
    int count = -1;
    EXPECT_EQ(epx_metrics_read((folder / "").c_str(), &rows, &count, &error), EPX_ERR_FORMAT)
        << one.text;
    EXPECT_MESSAGE("metrics.csv");
    EXPECT_MESSAGE(one.where);
    EXPECT_EQ(rows, nullptr);
    EXPECT_EQ(count, -1);
  }
}

TEST(RunRecord, ResumeRefusesWhatIsNoRun) {
  Folder folder;
  epx_error_t error = {};
  const epx_run_info_t info = make_info(nullptr);
  epx_run_record_t *record = nullptr;
  EXPECT_EQ(epx_run_record_resume((folder / "none").c_str(), &info, 1, 0, &record, &error),
            EPX_ERR_NOT_FOUND);
  write_text(folder / "manifest.json", "{\"format\": 1,\n \"status\": }\n");
  EXPECT_EQ(epx_run_record_resume((folder / "").c_str(), &info, 1, 0, &record, &error),
            EPX_ERR_FORMAT);
  EXPECT_MESSAGE("manifest.json:2:");
  write_text(folder / "manifest.json", "{\"format\": 7}\n");
  EXPECT_EQ(epx_run_record_resume((folder / "").c_str(), &info, 1, 0, &record, &error),
            EPX_ERR_FORMAT);
  EXPECT_MESSAGE("found 7; expected 1");
  EXPECT_EQ(record, nullptr);
}

}  // namespace
