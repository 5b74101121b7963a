/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_record.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "report_test_tools.h"

namespace {

const char SETTINGS[] = "network: conv 8\nparameters: 12ab\nbeta: 0.1 0.5\n";
const char HEADER[] =
    "pool,switches,update,estimator,beta,state,synapse,free_steps,nudged_steps,rung,reference,"
    "layer,cosine,relative_l2,sign_agreement\n";

epx_bias_row_t make_row(double beta, const char *layer, const char *reference = "bptt") {
  epx_bias_row_t row = {};
  strcpy(row.pool, "avg");
  strcpy(row.switches, "live");
  strcpy(row.update, "synchronous");
  strcpy(row.estimator, "symmetric");
  row.beta = beta;
  strcpy(row.state, "UQ0.8");
  strcpy(row.synapse, "exact");
  row.free_steps = 250;
  row.nudged_steps = 30;
  strcpy(row.rung, "state");
  strcpy(row.reference, reference);
  strcpy(row.layer, layer);
  row.cosine = 1.0 / 3.0;
  row.relative_l2 = beta * beta;
  row.sign_agreement = 0.75;
  return row;
}

std::vector<epx_bias_row_t> make_block(double beta, const char *reference = "bptt") {
  return {make_row(beta, "conv0", reference), make_row(beta, "dense0", reference),
          make_row(beta, "all", reference)};
}

bool same(const epx_bias_row_t &a, const epx_bias_row_t &b) {
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return !strcmp(a.pool, b.pool) && !strcmp(a.switches, b.switches) &&
         !strcmp(a.update, b.update) && !strcmp(a.estimator, b.estimator) && a.beta == b.beta &&
         !strcmp(a.state, b.state) && !strcmp(a.synapse, b.synapse) &&
         a.free_steps == b.free_steps && a.nudged_steps == b.nudged_steps &&
         !strcmp(a.rung, b.rung) && !strcmp(a.reference, b.reference) &&
         !strcmp(a.layer, b.layer) && equal(a.cosine, b.cosine) &&
         equal(a.relative_l2, b.relative_l2) && equal(a.sign_agreement, b.sign_agreement);
}

std::vector<epx_bias_row_t> read_rows(const std::string &folder) {
  epx_bias_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_OK(epx_bias_rows_read(folder.c_str(), &rows, &count, &error));
  std::vector<epx_bias_row_t> all(rows, rows + count);
  free(rows);
  return all;
}

/* Opens a record, or ends with the status. */
class Record {
 public:
  explicit Record(const std::string &folder, const char *settings = SETTINGS) {
    const char *const names[] = {"network", "data"};
    const char *const values[] = {"conv 8 - dense 10", nullptr};
    status = epx_bias_record_open(folder.c_str(), settings, names, values, 2, &record, &error);
  }
  ~Record() { epx_bias_record_destroy(record); }
  Record(const Record &) = delete;
  Record &operator=(const Record &) = delete;
  epx_status_t append(const std::vector<epx_bias_row_t> &rows) {
    return epx_bias_record_append(record, rows.data(), static_cast<int>(rows.size()), &error);
  }
  bool has(const epx_bias_row_t &key) const { return epx_bias_record_has(record, &key) != 0; }

  epx_bias_record_t *record = nullptr;
  epx_error_t error = {};
  epx_status_t status;
};

TEST(BiasRecord, RowsComeBackExactly) {
  std::mt19937_64 random(seeded()());
  Folder folder;
  std::vector<epx_bias_row_t> written;
  {
    Record record(folder / "run/deep");
    ASSERT_EQ(record.status, EPX_OK) << record.error.message;
    for (int block = 0; block < 7; ++block) { /* past the first size of the key table */
      std::vector<epx_bias_row_t> rows;
      for (int i = 0; i < 100; ++i) {
        for (const auto &row :
             make_block(std::uniform_real_distribution<double>(0.0, 1.0)(random))) {
          rows.push_back(row);
        }
      }
      for (auto &row : rows) {
        const uint64_t bits = random() & ~(UINT64_C(1) << 62); /* any double, never huge */
        memcpy(&row.cosine, &bits, sizeof bits);
        row.relative_l2 = block % 2 == 0 ? NAN : INFINITY;
        row.free_steps = static_cast<int>(random() % 1000);
      }
      ASSERT_EQ(record.append(rows), EPX_OK) << record.error.message;
      written.insert(written.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(epx_bias_record_count(record.record), 2100);
  }
  const auto rows = read_rows(folder / "run/deep");
  ASSERT_EQ(rows.size(), written.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(same(rows[i], written[i])) << i;
  }
}

TEST(BiasRecord, TheFileIsAPlainTable) {
  Folder folder;
  Record record(folder / "run");
  auto rows = make_block(0.5);
  rows[2].sign_agreement = NAN;
  ASSERT_EQ(record.append({rows[2]}), EPX_OK);
  EXPECT_EQ(read_text(folder / "run/bias.csv"),
            std::string(HEADER) +
                "avg,live,synchronous,symmetric,0.5,UQ0.8,exact,250,30,state,bptt,all,"
                "0.33333333333333331,0.25,\n");
}

TEST(BiasRecord, DescriptionHoldsSettingsAndTexts) {
  Folder folder;
  {
    Record record(folder / "run");
    ASSERT_EQ(record.status, EPX_OK);
    const Json root = parse_json(read_text(folder / "run/bias.json"));
    EXPECT_TRUE(json_is_null(json_object_get(root.get(), "finished")));
    EXPECT_STREQ(json_string_value(json_object_get(root.get(), "settings")), SETTINGS);
    const json_t *metadata = json_object_get(root.get(), "metadata");
    EXPECT_STREQ(json_string_value(json_object_get(metadata, "network")), "conv 8 - dense 10");
    EXPECT_TRUE(json_is_null(json_object_get(metadata, "data")));
    EXPECT_EQ(epx_bias_record_close(record.record, &record.error), EPX_OK);
  }
  EXPECT_TRUE(json_is_string(
      json_object_get(parse_json(read_text(folder / "run/bias.json")).get(), "finished")));
  Record again(folder / "run");
  ASSERT_EQ(again.status, EPX_OK) << again.error.message;
  const Json root = parse_json(read_text(folder / "run/bias.json"));
  EXPECT_EQ(json_integer_value(json_object_get(root.get(), "resumes")), 1);
  EXPECT_TRUE(json_is_null(json_object_get(root.get(), "finished")));
}

TEST(BiasRecord, EveryKeyColumnTellsRowsApart) {
  Folder folder;
  Record record(folder / "run");
  const epx_bias_row_t row = make_row(0.5, "all");
  EXPECT_FALSE(record.has(row));
  ASSERT_EQ(record.append({row}), EPX_OK);
  epx_bias_row_t other = row;
  other.cosine = other.relative_l2 = other.sign_agreement = NAN;
  EXPECT_TRUE(record.has(other));
#define EXPECT_OTHER(change) \
  other = row;               \
  change;                    \
  EXPECT_FALSE(record.has(other)) << #change
  EXPECT_OTHER(strcpy(other.pool, "max"));
  EXPECT_OTHER(strcpy(other.switches, "frozen"));
  EXPECT_OTHER(strcpy(other.update, "alternating"));
  EXPECT_OTHER(strcpy(other.estimator, ""));
  EXPECT_OTHER(other.beta = std::nextafter(0.5, 1.0));
  EXPECT_OTHER(strcpy(other.state, "UQ0.7"));
  EXPECT_OTHER(strcpy(other.synapse, "Q1.6"));
  EXPECT_OTHER(other.free_steps = 251);
  EXPECT_OTHER(other.nudged_steps = 31);
  EXPECT_OTHER(strcpy(other.rung, "chip"));
  EXPECT_OTHER(strcpy(other.reference, "equilibrium"));
  EXPECT_OTHER(strcpy(other.layer, "conv0"));
#undef EXPECT_OTHER
}

TEST(BiasRecord, ResumesAfterATear) {
  Folder folder;
  std::vector<epx_bias_row_t> both = make_block(0.1, "bptt");
  for (const auto &row : make_block(0.1, "equilibrium")) {
    both.push_back(row);
  }
  {
    Record record(folder / "whole");
    ASSERT_EQ(record.append(both), EPX_OK);
  }
  const std::string text = read_text(folder / "whole/bias.csv");
  const size_t first = text.find("all,") + 1;
  for (size_t size = sizeof HEADER - 1; size <= text.size(); ++size) {
    const bool near_an_end = text[size - 1] == '\n' || text[size] == '\n' || size == text.size();
    if (!near_an_end && size % 29 != 0) {
      continue; /* each try waits for the disk */
    }
    const std::string torn = folder / "torn" + std::to_string(size);
    std::filesystem::copy(folder / "whole", torn);
    write_text(torn + "/bias.csv", text.substr(0, size));
    const size_t kept = size == text.size() ? 6 : size > text.find('\n', first) ? 3 : 0;
    ASSERT_EQ(read_rows(torn).size(), kept) << size;
    Record record(torn);
    ASSERT_EQ(record.status, EPX_OK) << size << record.error.message;
    ASSERT_EQ(record.has(both.back()), kept == 6) << size;
    ASSERT_EQ(record.append(both), EPX_OK) << record.error.message;
    ASSERT_EQ(read_text(torn + "/bias.csv"), text) << size;
  }
}

TEST(BiasRecord, AKilledProcessLeavesWholeBlocks) {
  Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    Record record(folder / "run");
    for (int i = 0;; ++i) {
      if (record.append(make_block(1e-4 * i)) != EPX_OK) {
        _exit(1);
      }
    }
  }
  while (!std::filesystem::exists(folder / "run/bias.csv") ||
         std::filesystem::file_size(folder / "run/bias.csv") < 2000) {
    usleep(1000);
  }
  kill(child, SIGKILL);
  int state = 0;
  waitpid(child, &state, 0);
  ASSERT_TRUE(WIFSIGNALED(state));
  const auto before = read_rows(folder / "run");
  EXPECT_GE(before.size(), 3U);
  EXPECT_EQ(before.size() % 3, 0U);
  Record record(folder / "run");
  ASSERT_EQ(record.status, EPX_OK) << record.error.message;
  EXPECT_TRUE(record.has(before.back()));
}

TEST(BiasRecord, OtherSettingsAreRefusedAndShown) {
  Folder folder;
  { Record record(folder / "run"); }
  const std::string before = read_text(folder / "run/bias.json");
  for (const char *settings :
       {"network: conv 8\nparameters: 12ab\nbeta: 0.1 0.25\n", "network: conv 8\n", ""}) {
    Record record(folder / "run", settings);
    EXPECT_EQ(record.status, EPX_ERR_ARGUMENT);
    const auto &error = record.error;
    EXPECT_MESSAGE("--out");
    EXPECT_MESSAGE("bias.json");
  }
  Record record(folder / "run", "network: conv 8\nparameters: 12ab\nbeta: 0.1 0.25\n");
  const auto &error = record.error;
  EXPECT_MESSAGE("line 3");
  EXPECT_MESSAGE("\"beta: 0.1 0.5\"");
  EXPECT_MESSAGE("\"beta: 0.1 0.25\"");
  EXPECT_EQ(read_text(folder / "run/bias.json"), before);
}

TEST(BiasRecord, ASecondWriterIsRefused) {
  Folder folder;
  Record first(folder / "run");
  ASSERT_EQ(first.append(make_block(0.1)), EPX_OK);
  Record second(folder / "run");
  EXPECT_EQ(second.status, EPX_ERR_IO);
  const auto &error = second.error;
  EXPECT_MESSAGE("another process");
  EXPECT_EQ(read_rows(folder / "run").size(), 3U);
}

TEST(BiasRecord, MalformedLinesAreNamed) {
  const struct {
    std::string line, part;
  } cases[] = {
      {"avg,live", "bias.csv:3: found 2 columns; expected 15"},
      {"avg,live,synchronous,symmetric,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1,1,1",
       "found 16 or more columns"},
      {"a long pool,live,s,s,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1,1",
       "bias.csv:3: column pool"},
      {"avg,live,s,s,,UQ0.8,exact,250,30,state,bptt,all,1,1,1", "column beta"},
      {"avg,live,s,s,nan,UQ0.8,exact,250,30,state,bptt,all,1,1,1", "column beta"},
      {"avg,live,s,s,0.5,UQ0.8,exact,-1,30,state,bptt,all,1,1,1", "column free_steps"},
      {"avg,live,s,s,0.5,UQ0.8,exact,250,3x,state,bptt,all,1,1,1", "column nudged_steps"},
      {"avg,live,s,s,0.5,UQ0.8,exact,250,30,state,bptt,all,x,1,1", "column cosine"},
      {"avg,live,s,s,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1 ,1", "column relative_l2"},
      {"avg,live,s,s,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1,y", "column sign_agreement"},
      {std::string("avg,live\0,s,s,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1,1", 58), "0 byte"},
  };
  for (const auto &one : cases) {
    Folder folder;
    {
      Record record(folder / "run");
      ASSERT_EQ(record.append({make_row(0.5, "all")}), EPX_OK);
    }
    write_text(folder / "run/bias.csv", read_text(folder / "run/bias.csv") + one.line + "\n");
    epx_bias_row_t *rows = nullptr;
    int count = 0;
    epx_error_t error = {};
    EXPECT_EQ(epx_bias_rows_read((folder / "run").c_str(), &rows, &count, &error), EPX_ERR_FORMAT);
    EXPECT_MESSAGE(one.part);
    EXPECT_EQ(rows, nullptr);
    Record record(folder / "run");
    EXPECT_EQ(record.status, EPX_ERR_FORMAT) << one.line;
  }
}

TEST(BiasRecord, AnotherHeaderAndMissingFilesAreErrors) {
  Folder folder;
  epx_bias_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_EQ(epx_bias_rows_read((folder / "none").c_str(), &rows, &count, &error),
            EPX_ERR_NOT_FOUND);
  { Record record(folder / "run"); }
  write_text(folder / "run/bias.csv", "pool,switches\n");
  Record record(folder / "run");
  EXPECT_EQ(record.status, EPX_ERR_FORMAT);
  std::filesystem::remove(folder / "run/bias.json");
  Record undescribed(folder / "run");
  EXPECT_EQ(undescribed.status, EPX_ERR_NOT_FOUND);
}

TEST(BiasRecord, RowsThatCannotBeReadBackAreRefused) {
  Folder folder;
  Record record(folder / "run");
  std::vector<epx_bias_row_t> bad(7, make_row(0.5, "all"));
  strcpy(bad[0].estimator, "a,b");
  strcpy(bad[1].synapse, "a\nb");
  strcpy(bad[2].state, "\"");
  memset(bad[3].pool, 'x', sizeof bad[3].pool);
  bad[4].beta = NAN;
  strcpy(bad[5].layer, "conv0");
  bad[6].beta = INFINITY;
  for (const auto &row : bad) {
    EXPECT_EQ(record.append({row}), EPX_ERR_ARGUMENT);
    EXPECT_EQ(record.append({make_row(0.25, "all"), row}), EPX_ERR_ARGUMENT);
    EXPECT_FALSE(record.has(make_row(0.25, "all")));
  }
  EXPECT_EQ(record.append({}), EPX_ERR_ARGUMENT);
  EXPECT_EQ(read_text(folder / "run/bias.csv"), HEADER);
}

TEST(BiasRecord, AFullDiskLeavesTheRecordAsItWas) {
  Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    Record record(folder / "run");
    bool ok = record.append(make_block(0.1)) == EPX_OK;
    const std::string before = read_text(folder / "run/bias.csv");
    const rlimit limit = {before.size() + 100, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    ok = ok && record.append(make_block(0.2)) == EPX_ERR_IO;
    ok = ok && !record.has(make_row(0.2, "all")) && record.has(make_row(0.1, "all"));
    ok = ok && read_text(folder / "run/bias.csv") == before;
    const rlimit enough = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &enough);
    ok = ok && record.append(make_block(0.2)) == EPX_OK && record.has(make_row(0.2, "all"));
    _exit(ok ? 0 : 1);
  }
  int state = 0;
  waitpid(child, &state, 0);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
  EXPECT_EQ(read_rows(folder / "run").size(), 6U);
}

}  // namespace
