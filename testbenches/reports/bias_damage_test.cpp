/* SPDX-License-Identifier: Apache-2.0 */
/* What the bias record does with files, rows and disks that are not as they should be. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "bias_record_tools.h"

namespace {

TEST(BiasDamage, MalformedLinesAreNamed) {
  const struct {
    std::string line, part;
  } cases[] = {
      {"avg,live", "bias.csv:3: found 2 columns; expected 15"},
      {"avg,live,synchronous,symmetric,0.5,UQ0.8,exact,250,30,state,bptt,all,1,1,1,1",
       "found 16 or more columns"},
      {std::string(100, ','), "found 16 or more columns"},
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

TEST(BiasDamage, AnotherHeaderAndMissingFilesAreErrors) {
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

TEST(BiasDamage, RowsThatCannotBeReadBackAreRefused) {
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

TEST(BiasDamage, AFullDiskLeavesTheRecordAsItWas) {
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
