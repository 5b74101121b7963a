/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep killed at any moment loses nothing that it had recorded. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "sweep_grid.h"

namespace {

struct Done {
  int index, attempt;
};

/* Runs points until killed, telling the parent of each one recorded. */
[[noreturn]] void run_until_killed(const std::string &path, Grid &grid, int attempt, int out) {
  const epx_sweep_definition_t definition = grid.definition();
  epx_sweep_store_t *store = nullptr;
  if (epx_sweep_open(path.c_str(), &definition, &store, nullptr) != EPX_OK) {
    _exit(3);
  }
  for (;;) {
    epx_sweep_point_t point = {};
    bool found = false;
    if (epx_sweep_next(store, &point, &found, nullptr) != EPX_OK) {
      _exit(4);
    }
    if (!found) {
      _exit(0);
    }
    epx_sweep_result_t result = epx_sweep_result_unknown();
    result.test_error = point.index;
    result.seconds = attempt;
    if (epx_sweep_record(store, point.index, EPX_SWEEP_FINISHED, &result, nullptr, nullptr) !=
        EPX_OK) {
      _exit(5);
    }
    const Done done = {point.index, attempt};
    epx_sweep_point_clear(&point);
    if (write(out, &done, sizeof done) != sizeof done) {
      _exit(6);
    }
  }
}

TEST(SweepKill, KilledWhileMakingTheGridItIsAllThereOrMadeAnew) {
  std::mt19937 random = seeded();
  std::vector<std::string> values(300);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::to_string(i);
  }
  Grid grid({"bits"}, {values});
  for (int trial = 0; trial < 20; ++trial) {
    Folder folder;
    const std::string path = folder / "s.sqlite";
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const epx_sweep_definition_t definition = grid.definition();
      epx_sweep_store_t *store = nullptr;
      _exit(epx_sweep_open(path.c_str(), &definition, &store, nullptr) == EPX_OK ? 0 : 1);
    }
    usleep(static_cast<useconds_t>(random() % 20000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    epx_sweep_store_t *store = open_store(path, grid);
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(epx_sweep_point_count(store), 300);
    EXPECT_EQ(count_of(store, EPX_SWEEP_PENDING), 300);
    epx_sweep_close(store);
  }
}

TEST(SweepKill, KilledAtAnyMomentItResumesWithoutLoss) {
  std::mt19937 random = seeded();
  Folder folder;
  const std::string path = folder / "s.sqlite";
  std::vector<std::string> values(60);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::to_string(i);
  }
  Grid grid({"bits"}, {values});
  std::map<int, int> reported;
  int kills = 0, status = -1;
  for (int attempt = 0; attempt < 500; ++attempt) {
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(channel[0]);
      run_until_killed(path, grid, attempt, channel[1]);
    }
    close(channel[1]);
    /* Kill at once, or after some reports and then anywhere within a point's transactions. */
    Done done;
    for (unsigned n = random() % 5; n > 0 && read(channel[0], &done, sizeof done) > 0; --n) {
      EXPECT_EQ(reported.count(done.index), 0u) << "point " << done.index << " ran twice";
      reported[done.index] = done.attempt;
    }
    usleep(static_cast<useconds_t>(random() % 10000));
    kill(child, SIGKILL);
    while (read(channel[0], &done, sizeof done) == sizeof done) {
      EXPECT_EQ(reported.count(done.index), 0u) << "point " << done.index << " ran twice";
      reported[done.index] = done.attempt;
    }
    close(channel[0]);
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      break;
    }
    ++kills;
  }
  ASSERT_TRUE(WIFEXITED(status)) << "never came to its end; reported " << reported.size();
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_GT(kills, 0);
  epx_error_t error = {};
  epx_sweep_store_t *store = nullptr;
  ASSERT_OK(epx_sweep_open_read(path.c_str(), &store, &error));
  EXPECT_EQ(count_of(store, EPX_SWEEP_FINISHED), 60);
  epx_sweep_point_t *points = nullptr;
  int count = 0;
  ASSERT_OK(epx_sweep_list(store, &points, &count, &error));
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(points[i].result.test_error, i);
    if (reported.count(i) != 0) { /* what was told as recorded is what is there */
      EXPECT_EQ(points[i].result.seconds, reported[i]);
    }
  }
  epx_sweep_points_free(points, count);
  epx_sweep_close(store);
}

}  // namespace
