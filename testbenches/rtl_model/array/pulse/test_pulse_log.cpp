// SPDX-License-Identifier: Apache-2.0
// The pulse log: what it writes reads back, and a full disk leaves whole lines and one error.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>

#include "epx_pulse_log.h"
#include "rtl_model/array/pulse/pulse_support.h"
#include "temporary_folder.h"

namespace {

using namespace pulse_test;

std::vector<std::string> lines_of(const std::string &path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(PulseLog, RecordsReadBack) {
  const Folder folder;
  const std::string path = folder / "pulses.csv";
  epx_error_t error = {};
  epx_pulse_log_t *log = nullptr;
  ASSERT_EQ(epx_pulse_log_open(path.c_str(), &log, &error), EPX_OK) << error.message;
  std::vector<epx_pulse_record_t> records;
  for (int i = 1; i <= 3000; ++i) {
    const int pulses = i % 2 != 0 ? i : -i;
    records.push_back(
        {UINT64_MAX, i + 1, 2, 3, 4, i / 70, i % 70, pulses, INT32_MIN + i, INT32_MAX - i});
    ASSERT_EQ(epx_pulse_log_write(log, &records.back(), &error), EPX_OK);
  }
  ASSERT_EQ(epx_pulse_log_close(log, &error), EPX_OK) << error.message;
  const std::vector<std::string> lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1 + records.size());
  EXPECT_EQ(lines[0],
            "step,tile,layer,row_block,column_block,row,column,polarity,pulses,before,after");
  for (size_t i = 0; i < records.size(); ++i) {
    const epx_pulse_record_t &r = records[i];
    std::ostringstream line;
    line << r.step << ',' << r.tile << ",2,3,4," << r.row << ',' << r.column << ','
         << (r.pulses > 0 ? "up," : "down,") << std::abs(r.pulses) << ',' << r.before << ','
         << r.after;
    ASSERT_EQ(lines[i + 1], line.str());
  }
}

// The system takes a part of a write, then no more: the file is cut back to whole lines.
TEST(PulseLog, AShortWriteLeavesWholeLinesAndTheOldFile) {
  const Folder folder;
  const std::string path = folder / "pulses.csv", partial = path + ".partial";
  std::ofstream(path) << "old\n";
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit before, limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 150001;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  epx_error_t error = {};
  epx_pulse_log_t *log = nullptr;
  ASSERT_EQ(epx_pulse_log_open(path.c_str(), &log, &error), EPX_OK) << error.message;
  epx_pulse_record_t record = {};
  int written = 0;
  while (written < 20000 && epx_pulse_log_write(log, &record, &error) == EPX_OK) {
    record.row = ++written;
  }
  const std::string first = error.message;
  EXPECT_EQ(epx_pulse_log_write(log, &record, &error), EPX_ERR_IO);
  EXPECT_EQ(first, error.message) << "one error for good";
  expect_error(epx_pulse_log_close(log, &error), EPX_ERR_IO, error, {path, "too large", partial});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(text_of(path), "old\n");
  const std::string text = text_of(partial);
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text.back(), '\n');
  const std::vector<std::string> lines = lines_of(partial);
  EXPECT_GT(lines.size(), 1000u);
  for (size_t i = 1; i < lines.size(); ++i) {
    ASSERT_EQ(lines[i], "0,0,0,0,0," + std::to_string(i - 1) + ",0,up,0,0,0");
  }
}

TEST(PulseLog, FilesThatCannotBeAreNamed) {
  epx_error_t error = {};
  epx_pulse_log_t *log = nullptr;
  expect_error(epx_pulse_log_open("/no/such/folder/p.csv", &log, &error), EPX_ERR_IO, error,
               {"/no/such/folder/p.csv", "No such file"});
  expect_error(epx_pulse_log_open("/dev/full", &log, &error), EPX_ERR_ARGUMENT, error,
               {"/dev/full", "a device"});
  EXPECT_EQ(log, nullptr);
  EXPECT_EQ(epx_pulse_log_close(nullptr, &error), EPX_OK);
}

}  // namespace
