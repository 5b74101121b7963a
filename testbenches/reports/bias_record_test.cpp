/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "bias_record_tools.h"

namespace {

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
    for (const auto &row : written) {
      ASSERT_TRUE(record.has(row));
    }
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

/* Many rows, so that keys meet in the table's slots. */
TEST(BiasRecord, RowsThatDifferInOneNumberAreAllKept) {
  for (int member = 0; member < 3; ++member) {
    Folder folder;
    Record record(folder / "run");
    std::vector<epx_bias_row_t> rows(3000, make_row(0.5, "all"));
    for (int i = 0; i < 3000; ++i) {
      rows[i].beta = member == 0 ? 1e-3 * i : 0.5;
      rows[i].free_steps = member == 1 ? i : 250;
      rows[i].nudged_steps = member == 2 ? i : 30;
    }
    ASSERT_EQ(record.append(rows), EPX_OK);
    EXPECT_EQ(epx_bias_record_count(record.record), 3000) << member;
  }
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
       {"network: conv 8\nparameters: 12ab\nbeta: 0.1 0.25\n", "network: conv 8\n", "",
        "network: conv 8\nparameters: 12ab\nbeta: 0.1 0.5\nmore\n"}) {
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

}  // namespace
