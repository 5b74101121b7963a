// SPDX-License-Identifier: Apache-2.0
// The whole chip in SystemC where channels stall, packets are lost and waiting is long: what
// changes, and what is said.
#include <gtest/gtest.h>

#include "rtl_model/sc/chip/chip_run.h"

namespace {

using namespace chip_test;

TEST(Chip, stalls_on_every_channel_change_cycles_only) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 6; ++i) {
    ChipCase one = chip_test::random_case(random);
    one.stall_percent = 0;
    uint64_t cycles[2] = {};
    for (int stalled = 0; stalled < 2; ++stalled) {
      one.stall_percent = stalled * 50;
      cycles[stalled] = from_child<uint64_t>([&](uint64_t *out) {
        epx_chip_check_t check = {};
        epx_error_t error = {};
        ASSERT_EPX_OK(one.run(&check, &error), error);
        EXPECT_EQ(differing(check), 0) << one.describe() << "\n" << check.first_difference;
        EXPECT_FALSE(events_differ(check, one)) << one.describe();
        *out = check.chip.cycles;
      });
    }
    EXPECT_GT(cycles[1], cycles[0]) << one.describe();
  }
}

// Pixels pass two channels that stall half of the time, into the router and into the tile's port,
// and a long buffer between: by turns they would take two cycles each, together they take more.
TEST(Chip, a_tiles_network_port_stalls_too) {
  ChipCase one = corner({1, 50, 50}, {dense_layer(2)}, 2, EPX_LOSS_SQUARED_ERROR);
  one.chip.rows = 2500;
  one.chip.buffer_flits = 2;
  one.chip.router_cycles = 1;
  one.stall_percent = 50;
  in_child([&] {
    epx_chip_check_t check = {};
    epx_error_t error = {};
    ASSERT_EPX_OK(one.run(&check, &error), error);
    ASSERT_EQ(check.chip.tiles, 1);
    const double pixels = 2500.0;
    EXPECT_GT(static_cast<double>(check.chip.kind_cycles[EPX_COMMAND_LOAD]) / pixels, 2.2);
  });
}

// The watchdog counts what moves inside arrays, too: a settling longer than its patience, and
// products longer than it of many short ones.
TEST(Chip, long_conversions_are_no_deadlock) {
  ChipCase one = corner({1, 1, 1}, {dense_layer(1)}, 2, EPX_LOSS_CROSS_ENTROPY);
  one.dynamics.free_steps = one.dynamics.nudged_steps = 1;
  one.chip.columns = 2040;
  one.chip.synapse[0] = q_signed(0, 7);
  one.chip.state = q_unsigned(0, 8);
  one.chip.settle_cycles = 2000;
  equals_the_twin("long products", one);
  one.chip.input = q_signed(0, 1);
  one.chip.state = q_unsigned(0, 1);
  one.chip.synapse[0] = q_signed(0, 1);
  for (const bool settles : {true, false}) {
    one.chip.settle_cycles = settles ? 25000 : 1;
    one.chip.convert_cycles = settles ? 1 : 25000;
    equals_the_twin("long conversions", one);
  }
  one.network.classes = 255;  // in a long step the arrays wait for the softmax unit
  one.chip.columns = 510;
  one.chip.settle_cycles = 500;
  one.chip.convert_cycles = 1;
  equals_the_twin("long steps", one);
}

// And what moves beside them: states stored and recalled, pixels that a row block feeds nothing
// back to, the softmax, the host's comparison. Patience is shorter than each takes.
TEST(Chip, walks_softmax_and_comparison_are_no_deadlock) {
  ChipCase one = corner({1, 40, 40}, {conv_layer(1, 1, 1, 0, EPX_POOL_NONE), dense_layer(2)}, 2,
                        EPX_LOSS_CROSS_ENTROPY);
  one.watchdog_cycles = 100;
  equals_the_twin("walks", one);
  one = corner({1, 2, 2}, {dense_layer(2)}, 255, EPX_LOSS_CROSS_ENTROPY);
  one.watchdog_cycles = 100;
  one.chip.columns = 2040;
  equals_the_twin("softmax", one);
  one = corner({1, 2, 2}, {dense_layer(255)}, 255, EPX_LOSS_SQUARED_ERROR);
  one.watchdog_cycles = 60;
  one.chip.columns = 2040;
  equals_the_twin("comparison", one);
}

// A packet of the load that never arrives, a pixel, a partial sum or a credit: someone waits for it
// for ever, and others for that one. (Later ones may be posts, which are missed at once.)
TEST(Chip, a_deadlock_is_reported_with_who_waits_for_whom) {
  Random random = chip_test::make_random();
  ChipCase one = chip_test::random_case(random);
  const auto pixels = [&] { return one.network.input[1] * one.network.input[2]; };
  while (one.tiles() < 4 || one.network.layer_count < 2 || pixels() < 60) {
    one = chip_test::random_case(random);
  }
  one.stall_percent = 0;
  for (const int packet : {1, 7, 40}) {
    one.lose_packet = packet;
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      EXPECT_EQ(one.run(&check, &error), EPX_ERR_MISMATCH) << one.describe();
      const std::string text = error.message;
      EXPECT_NE(text.find("deadlock: nothing has moved for 10000 cycles"), std::string::npos)
          << text;
      EXPECT_NE(text.find("Tile "), std::string::npos) << text;
      EXPECT_NE(text.find(" waits for "), std::string::npos) << text;
    });
  }
}

// Whatever packet is lost, states and switches between the homes of a layer and of its feedback
// arrays among them: someone says what it waits for, or that a position was left out.
TEST(Chip, a_lost_packet_of_backward_weights_is_missed_by_someone) {
  ChipCase one = corner(
      {1, 5, 5},
      {conv_layer(2, 3, 1, 1, EPX_POOL_NONE), conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(3)},
      2, EPX_LOSS_CROSS_ENTROPY);
  one.network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  one.chip.rows = 7;
  one.chip.columns = 16;
  one.dynamics.free_steps = one.dynamics.nudged_steps = 1;
  std::string whys;
  constexpr int packets = 1950;  // the whole training step has more
  for (one.lose_packet = 1; one.lose_packet < packets; one.lose_packet += 31) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      EXPECT_EQ(one.run(&check, &error), EPX_ERR_MISMATCH) << "packet " << one.lose_packet;
      const std::string text = error.message;
      EXPECT_NE(text.find(" waits for ") == std::string::npos,
                text.find(" came before those of ") == std::string::npos)
          << text;
      EXPECT_EQ(text.find("nothing it knows of"), std::string::npos) << text;
      EXPECT_EQ(write(ends[1], text.data(), text.size()), (ssize_t)text.size());
    });
    close(ends[1]);
    char text[2048];
    const ssize_t size = read(ends[0], text, sizeof text);
    whys.append(text, size > 0 ? (size_t)size : 0);
    close(ends[0]);
  }
  EXPECT_NE(whys.find(" positions' states from tile "), std::string::npos);
  EXPECT_NE(whys.find("switches of position "), std::string::npos);
  EXPECT_NE(whys.find("posts of position "), std::string::npos);
}

TEST(Chip, a_mesh_too_small_is_refused_with_the_number_of_tiles) {
  Random random = chip_test::make_random();
  ChipCase one = chip_test::random_case(random);
  while (one.tiles() < 4) {
    one = chip_test::random_case(random);
  }
  one.chip.mesh_columns = 1;
  one.chip.mesh_rows = 3;
  epx_error_t error = {};
  EXPECT_EQ(epx_plan_check(&one.network, &one.chip, nullptr, &error), EPX_ERR_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("chip.noc.mesh_rows: 3"), std::string::npos)
      << error.message;
}

}  // namespace
