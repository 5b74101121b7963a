// SPDX-License-Identifier: Apache-2.0
// The whole chip in SystemC against the twin, bit for bit, over random networks, formats and chips;
// SystemC elaborates once per process, so every chip runs in a child process of its own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <sstream>

#include "epx_chip_check.h"
#include "epx_geometry.h"
#include "rtl_model/bin_log.h"
#include "rtl_model/chip_case.h"

namespace {

using chip_test::ChipCase;

void in_child(const std::function<void()> &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see the child's output above";
}

void expect_equal(const epx_chip_check_t &check) {
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    EXPECT_EQ(check.differing[i], 0)
        << epx_chip_check_name((epx_chip_check_kind_t)i) << ": " << check.first_difference;
  }
  EXPECT_GT(check.compared[EPX_CHIP_CHECK_STATES], 0);
  EXPECT_GT(check.compared[EPX_CHIP_CHECK_SHADOWS], 0);
}

void expect_events(const epx_events_t &found, const ChipCase &one) {
  const epx_account_t account = one.account();
  epx_events_t expected = account.update;
  epx_events_add(&expected, &account.training, static_cast<uint64_t>(one.images));
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    EXPECT_EQ(epx_event_get(&found, i), epx_event_get(&expected, i)) << epx_event_rows()[i].name;
  }
}

void print_cycles(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account();
  if (one.stall_percent > 0) return;
  double total = 0;
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i)
    total += account.kind_cycles[i] * (i == EPX_COMMAND_UPDATE ? 1 : one.images);
  printf("CASE %s\n", one.describe().c_str());
  printf("CYC TOTAL ratio %.4f\n", total / (double)check.chip.cycles);
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    const double images = i == EPX_COMMAND_UPDATE ? 1 : one.images;
    const double count = (double)check.chip.kind_count[i];
    const double closed = account.kind_cycles[i] * images;
    if (count > 0)
      printf("CYC %-12s sc %9.1f closed %9.1f diff %7.1f ratio %.4f tiles %d\n",
             epx_command_name((epx_command_kind_t)i), (double)check.chip.kind_cycles[i] / count,
             closed / count, (closed - (double)check.chip.kind_cycles[i]) / count,
             closed / (double)check.chip.kind_cycles[i], check.chip.tiles);
  }
}

void hit_layers(const ChipCase &one, BinLog *bins) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  ASSERT_EQ(epx_network_shapes(&one.network, shapes, nullptr), EPX_OK);
  for (int l = 0; l < one.network.layer_count; ++l) {
    const epx_geometry_t g = epx_geometry_of(&one.network, shapes, l);
    epx_layer_map_t map;
    ASSERT_EQ(epx_map_layer(&one.chip, l, g.units, g.fan_in, &map, nullptr), EPX_OK);
    bins->hit("chip", one.chip, l, map, g.pool == EPX_POOL_MAX ? 4 : 1);
  }
}

class Chips : public testing::TestWithParam<int> {};

TEST_P(Chips, equal_the_twin) {
  Random random = chip_test::make_random();
  BinLog bins;
  for (int i = 0; i < 10; ++i) {
    const ChipCase one = chip_test::random_case(random);
    hit_layers(one, &bins);
    in_child([&] {
      SCOPED_TRACE(one.describe());
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      expect_equal(check);
      expect_events(check.chip.events, one);
      print_cycles(check, one);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Chips, testing::Range(0, 20));

}  // namespace
