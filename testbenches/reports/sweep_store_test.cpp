/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_sweep_store.h"

#include <sqlite3.h>

#include <set>

#include "sweep_grid.h"

namespace {

TEST(SweepStore, VisitsEachPointOfTheGridOnce) {
  Folder folder;
  Grid grid({"chip.bits", "beta", "rounding"}, {{"8", "4", "2"}, {"0.5", "1"}, {"a", "b"}});
  epx_sweep_store_t *store = open_store(folder / "s.sqlite", grid);
  ASSERT_NE(store, nullptr);
  ASSERT_EQ(epx_sweep_point_count(store), 12);
  std::set<std::vector<std::string>> seen;
  epx_error_t error = {};
  for (int i = 0; i < 12; ++i) {
    std::vector<std::string> values;
    ASSERT_EQ(take(store, &values), i);
    const std::vector<std::string> expected = {grid.values[0][i / 4], grid.values[1][i / 2 % 2],
                                               grid.values[2][i % 2]};
    EXPECT_EQ(values, expected);
    seen.insert(values);
    const epx_sweep_result_t result = result_of(i + 0.1);
    EXPECT_OK(epx_sweep_record(store, i, EPX_SWEEP_FINISHED, &result, nullptr, &error));
  }
  EXPECT_EQ(seen.size(), 12u);
  EXPECT_EQ(take(store), -1);
  epx_sweep_point_t *points = nullptr;
  int count = 0;
  ASSERT_OK(epx_sweep_list(store, &points, &count, &error));
  ASSERT_EQ(count, 12);
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(points[i].status, EPX_SWEEP_FINISHED);
    EXPECT_EQ(points[i].result.test_error, i + 0.1);
    EXPECT_EQ(points[i].result.seconds, (i + 0.1) / 1e9);
    EXPECT_TRUE(std::isnan(points[i].result.energy_uj));
    EXPECT_STREQ(points[i].message, "");
  }
  epx_sweep_points_free(points, count);
  epx_sweep_close(store);
}

TEST(SweepStore, ResumeRunsWhatDidNotFinish) {
  Folder folder;
  Grid grid({"bits"}, {{"1", "2", "3", "4", "5"}});
  epx_sweep_store_t *store = open_store(folder / "s.sqlite", grid);
  epx_error_t error = {};
  const epx_sweep_result_t result = result_of(0.25), unknown = epx_sweep_result_unknown();
  ASSERT_EQ(take(store), 0);
  ASSERT_OK(epx_sweep_record(store, 0, EPX_SWEEP_FINISHED, &result, nullptr, &error));
  ASSERT_EQ(take(store), 1);
  ASSERT_OK(epx_sweep_record(store, 1, EPX_SWEEP_FAILED, &unknown, "diverged", &error));
  ASSERT_EQ(take(store), 2);
  ASSERT_OK(epx_sweep_release(store, 2, &error));
  ASSERT_EQ(take(store), 2); /* released: next again; left running */
  epx_sweep_close(store);
  store = open_store(folder / "s.sqlite", grid);
  EXPECT_EQ(count_of(store, EPX_SWEEP_FINISHED), 1);
  EXPECT_EQ(count_of(store, EPX_SWEEP_PENDING), 4);
  for (int expected : {1, 2, 3, 4, -1}) {
    EXPECT_EQ(take(store), expected);
  }
  epx_sweep_close(store);
}

TEST(SweepStore, NoResultIsOverwritten) {
  Folder folder;
  Grid grid({"bits"}, {{"1", "2"}});
  epx_sweep_store_t *store = open_store(folder / "s.sqlite", grid);
  epx_error_t error = {};
  const epx_sweep_result_t first = result_of(0.25), second = result_of(0.75);
  EXPECT_EQ(epx_sweep_record(store, 0, EPX_SWEEP_FINISHED, &first, nullptr, &error),
            EPX_ERR_ARGUMENT);
  ASSERT_EQ(take(store), 0);
  EXPECT_EQ(epx_sweep_record(store, 0, EPX_SWEEP_PENDING, &first, nullptr, &error),
            EPX_ERR_ARGUMENT);
  ASSERT_OK(epx_sweep_record(store, 0, EPX_SWEEP_FINISHED, &first, nullptr, &error));
  EXPECT_EQ(epx_sweep_record(store, 0, EPX_SWEEP_FINISHED, &second, nullptr, &error),
            EPX_ERR_ARGUMENT);
  EXPECT_MESSAGE("point 0 is not running");
  EXPECT_EQ(epx_sweep_record(store, 99, EPX_SWEEP_FINISHED, &second, nullptr, &error),
            EPX_ERR_ARGUMENT);
  EXPECT_EQ(epx_sweep_release(store, 0, &error), EPX_ERR_ARGUMENT);
  epx_sweep_point_t *points = nullptr;
  int count = 0;
  ASSERT_OK(epx_sweep_list(store, &points, &count, &error));
  EXPECT_EQ(points[0].result.test_error, 0.25);
  epx_sweep_points_free(points, count);
  epx_sweep_close(store);
}

TEST(SweepStore, AnotherDefinitionIsRefusedByName) {
  Folder folder;
  const std::string path = folder / "s.sqlite";
  Grid grid({"chip.bits", "beta"}, {{"8", "4"}, {"0.5", "1"}},
            {{"training.epochs", "10"}, {"chip.bits", "6"}, {"seed", "1"}});
  epx_sweep_close(open_store(path, grid));
  const auto refuse = [&](Grid &other, const std::vector<std::string> &parts) {
    epx_error_t error = {};
    epx_sweep_store_t *store = nullptr;
    const epx_sweep_definition_t definition = other.definition();
    EXPECT_EQ(epx_sweep_open(path.c_str(), &definition, &store, &error), EPX_ERR_CONFIG);
    EXPECT_EQ(store, nullptr);
    for (const auto &part : parts) {
      EXPECT_MESSAGE(part);
    }
  };
  const std::vector<std::pair<std::string, std::string>> base = grid.base;
  Grid key({"chip.bits", "gamma"}, grid.values, base);
  refuse(key, {"axis 2 is beta in the file, gamma"});
  Grid value({"chip.bits", "beta"}, {{"8", "5"}, {"0.5", "1"}}, base);
  refuse(value, {"value 2 of axis chip.bits is 4 in the file, 5"});
  Grid longer({"chip.bits", "beta"}, {{"8", "4"}, {"0.5", "1", "2"}}, base);
  refuse(longer, {"axis beta has 2 values in the file, 3"});
  Grid fewer({"chip.bits"}, {{"8", "4"}}, base);
  refuse(fewer, {"2 axes in the file, 1"});
  Grid epochs(grid.keys, grid.values, {{"training.epochs", "20"}, {"seed", "1"}});
  refuse(epochs, {"training.epochs is 10 in the file, 20"});
  Grid absent(grid.keys, grid.values, {{"training.epochs", "10"}});
  refuse(absent, {"seed is 1 in the file, absent"});
  Grid added(grid.keys, grid.values, {{"training.epochs", "10"}, {"seed", "1"}, {"new", "x"}});
  refuse(added, {"new is absent in the file, x"});
  /* The base value of a swept key plays no part. */
  Grid same(grid.keys, grid.values, {{"training.epochs", "10"}, {"chip.bits", "7"}, {"seed", "1"}});
  epx_sweep_store_t *store = open_store(path, same);
  ASSERT_NE(store, nullptr);
  epx_sweep_close(store);
}

TEST(SweepStore, BadDefinitionsAreRefusedAndLeaveNoFile) {
  Folder folder;
  const std::string path = folder / "s.sqlite";
  std::vector<std::string> many(400);
  for (size_t i = 0; i < many.size(); ++i) {
    many[i] = std::to_string(i);
  }
  Grid grids[] = {{{}, {}},
                  {{"a", "a"}, {{"1"}, {"2"}}},
                  {{"a"}, {{}}},
                  {{"a"}, {{"1", "2", "1"}}},
                  {{"a", "b"}, {many, many}}};
  for (Grid &grid : grids) {
    epx_error_t error = {};
    epx_sweep_store_t *store = nullptr;
    const epx_sweep_definition_t definition = grid.definition();
    EXPECT_EQ(epx_sweep_open(path.c_str(), &definition, &store, &error), EPX_ERR_ARGUMENT);
    EXPECT_NE(error.message[0], '\0');
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

TEST(SweepStore, RefusesFilesThatAreNoSweep) {
  Folder folder;
  Grid grid({"bits"}, {{"1", "2"}});
  const std::string path = folder / "s.sqlite";
  const auto refuse = [&](const std::string &part) {
    const epx_sweep_definition_t definition = grid.definition();
    const std::string before = read_text(path);
    epx_error_t error = {};
    epx_sweep_store_t *store = nullptr;
    EXPECT_EQ(epx_sweep_open(path.c_str(), &definition, &store, &error), EPX_ERR_FORMAT);
    EXPECT_MESSAGE(path);
    EXPECT_MESSAGE(part);
    EXPECT_EQ(epx_sweep_open_read(path.c_str(), &store, &error), EPX_ERR_FORMAT);
    EXPECT_EQ(store, nullptr);
    EXPECT_EQ(read_text(path), before) << "the file was changed";
  };
  write_text(path, std::string(3000, 'x') + "not a database");
  refuse("found no SQLite database; expected a sweep file");
  std::filesystem::remove(path);
  sqlite3 *other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE t(x)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  refuse("another program");
  std::filesystem::remove(path);
  epx_sweep_close(open_store(path, grid));
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "UPDATE meta SET value = '9' WHERE key = 'format'", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(other);
  refuse("found sweep format '9'; expected 1");
  epx_error_t error = {};
  epx_sweep_store_t *store = nullptr;
  EXPECT_EQ(epx_sweep_open_read((folder / "none").c_str(), &store, &error), EPX_ERR_NOT_FOUND);
}

TEST(SweepStore, DamagedFilesAreErrorsNeverCrashes) {
  std::mt19937 random = seeded();
  Folder folder;
  Grid grid({"bits", "beta"}, {{"1", "2", "3", "4"}, {"0.5", "1", "2"}}, {{"seed", "1"}});
  const std::string path = folder / "s.sqlite";
  epx_sweep_close(open_store(path, grid));
  const std::string whole = read_text(path);
  const epx_sweep_definition_t definition = grid.definition();
  for (int trial = 0; trial < 60; ++trial) {
    std::string damaged = whole;
    if (trial % 2 == 0) {
      damaged.resize(1 + random() % (whole.size() - 1));
    } else {
      const size_t at = random() % (whole.size() - 64);
      for (size_t i = 0; i < 64; ++i) {
        damaged[at + i] = static_cast<char>(random());
      }
    }
    write_text(path, damaged);
    epx_error_t error = {};
    epx_sweep_store_t *store = nullptr;
    const epx_status_t status = epx_sweep_open(path.c_str(), &definition, &store, &error);
    EXPECT_EQ(status == EPX_OK, store != nullptr);
    if (status != EPX_OK) {
      EXPECT_MESSAGE(path);
      EXPECT_NE(status, EPX_ERR_MEMORY);
    } else { /* the damage lies in free space, or in a text: reading must still be safe */
      epx_sweep_point_t *points = nullptr;
      int count = 0;
      if (epx_sweep_list(store, &points, &count, &error) == EPX_OK) {
        epx_sweep_points_free(points, count);
      }
      epx_sweep_close(store);
    }
    if (trial % 2 == 0) {
      EXPECT_NE(status, EPX_OK) << "cut to " << damaged.size() << " bytes";
    }
  }
}

TEST(SweepStore, OneRunnerAnyReaders) {
  Folder folder;
  Grid grid({"bits"}, {{"1", "2"}});
  const std::string path = folder / "s.sqlite";
  epx_sweep_store_t *runner = open_store(path, grid);
  ASSERT_EQ(take(runner), 0);
  epx_error_t error = {};
  epx_sweep_store_t *second = nullptr, *reader = nullptr;
  const epx_sweep_definition_t definition = grid.definition();
  EXPECT_EQ(epx_sweep_open(path.c_str(), &definition, &second, &error), EPX_ERR_IO);
  EXPECT_MESSAGE("another process is running this sweep");
  ASSERT_OK(epx_sweep_open_read(path.c_str(), &reader, &error));
  EXPECT_EQ(count_of(reader, EPX_SWEEP_RUNNING), 1); /* reading resets nothing */
  const epx_sweep_result_t result = result_of(0.5);
  EXPECT_OK(epx_sweep_record(runner, 0, EPX_SWEEP_FINISHED, &result, nullptr, &error));
  EXPECT_EQ(count_of(reader, EPX_SWEEP_FINISHED), 1);
  epx_sweep_close(reader);
  EXPECT_EQ(take(runner), 1);
  epx_sweep_close(runner);
}

}  // namespace
