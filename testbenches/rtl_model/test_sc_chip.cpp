// SPDX-License-Identifier: Apache-2.0
// The whole chip in SystemC against the twin, bit for bit, and against the closed form, over random
// networks, formats and chips. SystemC elaborates once per process, so every chip runs in a child
// process of its own. EPX_TEST_ROUNDS=N runs N times as many cases.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "child_process.h"
#include "epx_chip_check.h"
#include "epx_geometry.h"
#include "rtl_model/bin_log.h"
#include "rtl_model/chip_case.h"

namespace {

using chip_test::ChipCase;

int rounds() {
  const char *text = std::getenv("EPX_TEST_ROUNDS");
  return text != nullptr ? std::max(1, std::atoi(text)) : 1;
}

int64_t differing(const epx_chip_check_t &check) {
  int64_t sum = 0;
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    sum += check.differing[i];
  }
  return sum;
}

// A chip that stops makes the steps that the twin says; the others make all.
bool steps_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const uint64_t free = check.chip.kind_count[EPX_COMMAND_FREE_STEP];
  const uint64_t nudged = check.chip.kind_count[EPX_COMMAND_NUDGED_STEP];
  return one.chip.stop_settled
             ? free != check.activity.free_steps || nudged != check.activity.nudged_steps
             : free != one.free_steps() || nudged != one.nudged_steps();
}

// Commands of the other kinds are those of the account, and so are all of a chip that does not
// stop.
bool commands_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account();
  bool differ = false;
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    const bool step = i == EPX_COMMAND_FREE_STEP || i == EPX_COMMAND_NUDGED_STEP;
    const int times = i == EPX_COMMAND_UPDATE ? 1 : one.images;
    differ = differ ||
             (!(step && one.chip.stop_settled) &&
              check.chip.kind_count[i] != account.kind_count[i] * static_cast<uint64_t>(times));
  }
  return differ;
}

// Whether the events of SystemC are not the closed form's.
bool events_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account();
  epx_events_t expected = account.update;
  epx_events_add(&expected, &account.training, static_cast<uint64_t>(one.images));
  // Less those of steps that were not made: a negative number of times, modulo 2^64.
  epx_events_add(&expected, &account.free_step,
                 check.chip.kind_count[EPX_COMMAND_FREE_STEP] - one.free_steps());
  epx_events_add(&expected, &account.nudged_step,
                 check.chip.kind_count[EPX_COMMAND_NUDGED_STEP] - one.nudged_steps());
  epx_events_add(&expected, &check.activity.driven, 1);
  expected.cell_writes += check.activity.pulsing.pulses;
  if (one.images == 1) {  // an account that is measured is of the mean image
    const epx_account_t measured = one.account(&check.activity);
    expected = measured.update;
    epx_events_add(&expected, &measured.training, 1);
  }
  bool differ = false;
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    if (epx_event_get(&check.chip.events, i) != epx_event_get(&expected, i)) {
      std::printf("%s: SystemC %" PRIu64 ", closed form %" PRIu64 "\n", epx_event_rows()[i].name,
                  epx_event_get(&check.chip.events, i), epx_event_get(&expected, i));
      differ = true;
    }
  }
  return differ;
}

// Runs a case; what is wrong with it in words, or nothing.
std::string run_case(const ChipCase &one) {
  epx_chip_check_t check = {};
  epx_error_t error = {};
  if (one.run(&check, &error) != EPX_OK) {
    return error.message;
  }
  if (differing(check) > 0) {
    return check.first_difference;
  }
  if (check.compared[EPX_CHIP_CHECK_STATES] == 0 || check.compared[EPX_CHIP_CHECK_SHADOWS] == 0) {
    return "nothing was compared";
  }
  if (steps_differ(check, one)) {
    return "other steps were made than the twin says";
  }
  if (commands_differ(check, one)) {
    return "other commands were made than the account says";
  }
  return events_differ(check, one) ? "events differ from the closed form" : "";
}

bool fails(const ChipCase &one) {
  return run_child([&] { return run_case(one).empty() ? 0 : 1; }) != 0;
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

TEST_P(Chips, equal_the_twin_and_the_closed_forms_events) {
  Random random = chip_test::make_random();
  BinLog bins;
  for (int i = 0; i < 10 * rounds(); ++i) {
    const ChipCase one = chip_test::random_case(random);
    hit_layers(one, &bins);
    if (fails(one)) {
      const ChipCase small = chip_test::shrink(one, fails);
      run_child([&] {
        std::printf("shrunk to: %s\n%s\n", small.describe().c_str(), run_case(small).c_str());
        return 0;
      });
      FAIL() << one.describe();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Chips, testing::Range(0, 20));

std::string cycles_by_command(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account(&check.activity);
  std::ostringstream text;
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    text << "\n"
         << epx_command_name(static_cast<epx_command_kind_t>(i)) << ": SystemC "
         << check.chip.kind_cycles[i] << " in " << check.chip.kind_count[i] << ", closed form "
         << account.kind_cycles[i] * (i == EPX_COMMAND_UPDATE ? 1 : one.images);
  }
  return text.str();
}

// Law 3. EPX_WORST_CASES=FILE appends a line for every case: error, share of the arrays, load of
// the busiest link, case. Of 1000 cases two were beyond 2 % (2.9 % the worst). So one in ten may be
// here, and none beyond 4 %.
class Cycles : public testing::TestWithParam<int> {};

TEST_P(Cycles, lie_within_two_percent_of_the_closed_form_where_it_applies) {
  Random random = chip_test::make_random();
  int beyond = 0;
  for (int i = 0; i < 10 * rounds(); ++i) {
    const ChipCase one = chip_test::roomy_case(random);
    const auto run = [&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      EXPECT_EPX_OK(one.run(&check, &error), error);
      const double off = one.cycles(&check.activity) / static_cast<double>(check.chip.cycles) - 1.0;
      if (std::fabs(off) > 0.02) {
        std::printf("%.4f off: %s%s\n", off, one.describe().c_str(),
                    cycles_by_command(check, one).c_str());
      }
      const char *path = std::getenv("EPX_WORST_CASES");
      if (path != nullptr) {
        const epx_account_t account = one.account();
        std::ofstream(path, std::ios::app)
            << off << "\t" << epx_account_array_share(&account) << "\t" << account.network_load
            << "\t" << one.describe() << "\n";
      }
      constexpr int exit_beyond = 2, exit_failed = 1;
      return testing::Test::HasFailure() || std::fabs(off) > 0.04 ? exit_failed
             : std::fabs(off) > 0.02                              ? exit_beyond
                                                                  : 0;
    };
    const int code = run_child(run);
    ASSERT_TRUE(code == 0 || code == 2) << "failed, or beyond 4 %: " << one.describe();
    beyond += code == 2;
  }
  EXPECT_LE(beyond, rounds());
}

INSTANTIATE_TEST_SUITE_P(, Cycles, testing::Range(0, 4));

// Event-driven chips, by the twin's measurement. In 280 cases 1.3 % on average and 13 % at worst,
// where the network decides; in 58 whose arrays are at work for 92 % of the time 1.6 % at worst.
TEST_P(Cycles, of_an_event_driven_chip_are_near_the_measured_form) {
  Random random = chip_test::make_random();
  double sum = 0.0;
  const int cases = 10 * rounds();
  for (int i = 0; i < cases; ++i) {
    ChipCase one = chip_test::roomy_case(random);
    one.chip.event_driven = true;
    one.dynamics.free_steps += 8;
    struct {
      double off, share;
    } found = {};
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      const epx_account_t account = one.account(&check.activity);
      found = {one.cycles(&check.activity) / static_cast<double>(check.chip.cycles) - 1.0,
               epx_account_array_share(&account)};
      EXPECT_EQ(write(ends[1], &found, sizeof found), static_cast<ssize_t>(sizeof found));
    });
    close(ends[1]);
    ASSERT_EQ(read(ends[0], &found, sizeof found), static_cast<ssize_t>(sizeof found));
    close(ends[0]);
    EXPECT_LT(std::fabs(found.off), found.share >= 0.92 ? 0.03 : 0.20) << one.describe();
    sum += std::fabs(found.off);
  }
  EXPECT_LT(sum / cases, 0.05);
}

TEST(Chip, stalls_on_every_channel_change_cycles_only) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 6; ++i) {
    ChipCase one = chip_test::random_case(random);
    one.stall_percent = 0;
    uint64_t cycles[2] = {};
    for (int stalled = 0; stalled < 2; ++stalled) {
      one.stall_percent = stalled * 50;
      int ends[2];
      ASSERT_EQ(pipe(ends), 0);
      in_child([&] {
        epx_chip_check_t check = {};
        epx_error_t error = {};
        ASSERT_EPX_OK(one.run(&check, &error), error);
        EXPECT_EQ(differing(check), 0) << one.describe() << "\n" << check.first_difference;
        EXPECT_FALSE(events_differ(check, one)) << one.describe();
        EXPECT_EQ(write(ends[1], &check.chip.cycles, sizeof(uint64_t)), (ssize_t)sizeof(uint64_t));
      });
      close(ends[1]);  // else a child that failed would never be heard of
      EXPECT_EQ(read(ends[0], &cycles[stalled], sizeof(uint64_t)), (ssize_t)sizeof(uint64_t));
      close(ends[0]);
    }
    EXPECT_GT(cycles[1], cycles[0]) << one.describe();
  }
}

// A network that the random ones are not: two steps of each phase on a default chip.
ChipCase corner(std::vector<int> input, const std::vector<epx_layer_t> &layers, int classes,
                epx_loss_t loss) {
  ChipCase one;
  one.network =
      make_network(std::move(input), layers, classes, loss, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  one.chip = make_chip();
  one.dynamics.free_steps = one.dynamics.nudged_steps = 2;
  one.estimator.kind = EPX_ESTIMATOR_SYMMETRIC;
  one.estimator.beta = 0.5;
  return one;
}

void equals_the_twin(const char *what, const ChipCase &one) {
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_twin_check(&one.network, &one.chip, &error), error);
  in_child([&] { EXPECT_EQ(run_case(one), "") << what << ": " << one.describe(); });
}

TEST(Chip, of_one_tile_equals_the_twin) {
  const ChipCase one = corner({2, 3, 3}, {dense_layer(3)}, 3, EPX_LOSS_SQUARED_ERROR);
  EXPECT_EQ(one.tiles(), 1);
  equals_the_twin("one tile", one);
}

TEST(Chip, of_arrays_of_one_row_and_one_weight_equals_the_twin) {
  for (const epx_loss_t loss : {EPX_LOSS_SQUARED_ERROR, EPX_LOSS_CROSS_ENTROPY}) {
    ChipCase one =
        corner({1, 4, 4}, {conv_layer(2, 2, 1, 0, EPX_POOL_NONE), dense_layer(2)}, 2, loss);
    one.chip.rows = 1;
    one.chip.columns = 8;
    equals_the_twin("one row", one);
  }
}

TEST(Chip, on_a_mesh_of_one_row_or_column_equals_the_twin) {
  ChipCase one = corner({2, 6, 6}, {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(4)}, 3,
                        EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 7;
  one.chip.columns = 16;
  for (const int columns : {1, 65536}) {  // more columns than tiles are not built
    one.chip.mesh_columns = columns;
    equals_the_twin(columns == 1 ? "one column" : "one row", one);
  }
}

TEST(Chip, with_packets_of_one_flit_or_very_many_equals_the_twin) {
  ChipCase one = corner({2, 6, 6}, {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(4)}, 3,
                        EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 7;
  one.chip.columns = 16;
  for (const int bits : {4096, 8, 1}) {
    one.chip.flit_bits = bits;
    one.chip.buffer_flits = bits == 1 ? 1 : 4;
    equals_the_twin("flits", one);
  }
}

// The most classes; their logits and errors travel between the read-out's column blocks.
TEST(Chip, of_255_classes_over_several_column_blocks_equals_the_twin) {
  ChipCase one = corner({1, 3, 3}, {dense_layer(5)}, 255, EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 3;
  one.chip.columns = 250;
  one.images = 2;
  equals_the_twin("read-out", one);
  in_child([&] {
    epx_chip_check_t check = {};
    epx_error_t error = {};
    ASSERT_EPX_OK(one.run(&check, &error), error);
    EXPECT_GE(check.chip.kind_cycles[EPX_COMMAND_PREDICT], 2u * 2 * 255) << "softmax: 2 a class";
  });
  one = corner({1, 3, 3}, {dense_layer(4), dense_layer(255)}, 255, EPX_LOSS_SQUARED_ERROR);
  one.chip.rows = 3;
  one.chip.columns = 250;
  equals_the_twin("squared error", one);
}

TEST(Chip, of_a_mini_batch_of_256_images_equals_the_twin) {
  ChipCase one = corner({1, 2, 2}, {dense_layer(2)}, 2, EPX_LOSS_CROSS_ENTROPY);
  one.dynamics.free_steps = one.dynamics.nudged_steps = 1;
  one.images = 256;
  equals_the_twin("256 images", one);
}

// The widest paddings; kernels of which most rows lie on no pixel at all, so that row blocks
// read nothing; rows and columns that pooling drops.
TEST(Chip, of_windows_at_odds_with_the_image_equals_the_twin) {
  const std::vector<std::vector<epx_layer_t>> stacks = {
      {conv_layer(3, 2, 1, 1, EPX_POOL_MAX), conv_layer(2, 3, 1, 2, EPX_POOL_NONE)},
      {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), conv_layer(2, 3, 1, 1, EPX_POOL_NONE),
       conv_layer(4, 5, 1, 2, EPX_POOL_NONE)},
      {conv_layer(3, 2, 1, 0, EPX_POOL_MAX), conv_layer(3, 4, 1, 2, EPX_POOL_MAX)},
      {conv_layer(2, 5, 1, 2, EPX_POOL_MAX), dense_layer(3)},
      {conv_layer(2, 3, 1, 1, EPX_POOL_NONE), conv_layer(3, 3, 1, 1, EPX_POOL_NONE)},
  };
  int legal = 0;
  for (const std::vector<epx_layer_t> &layers : stacks) {
    for (const int side : {1, 2, 3, 6}) {
      ChipCase one = corner({2, side, side + 1}, layers, 3, EPX_LOSS_CROSS_ENTROPY);
      one.chip.rows = 2;
      one.chip.columns = 16;
      if (one.legal()) {
        ++legal;
        equals_the_twin("windows", one);
      }
    }
  }
  EXPECT_EQ(legal, 16);
}

// Feedback arrays of every kind in one network: behind a pool, without one, dense; in one tile each
// and in many.
TEST(Chip, with_backward_weights_of_either_rule_equals_the_twin) {
  for (const epx_backward_rule_t rule : {EPX_BACKWARD_SAME, EPX_BACKWARD_DIFFERENT}) {
    for (const epx_loss_t loss : {EPX_LOSS_SQUARED_ERROR, EPX_LOSS_CROSS_ENTROPY}) {
      for (const int rows : {128, 7}) {
        ChipCase one =
            corner({2, 7, 6},
                   {conv_layer(3, 3, 1, 1, EPX_POOL_NONE), conv_layer(4, 3, 1, 1, EPX_POOL_MAX),
                    conv_layer(3, 2, 1, 1, EPX_POOL_NONE), dense_layer(3)},
                   3, loss);
        one.network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
        one.network.backward_rule = rule;
        one.chip.rows = rows;
        one.chip.columns = rows == 7 ? 16 : 128;
        one.estimator.kind = rows == 7 ? EPX_ESTIMATOR_ONE_SIDED : EPX_ESTIMATOR_SYMMETRIC;
        one.images = 2;
        if (rows == 128) {
          EXPECT_EQ(one.tiles(), 7 + (loss == EPX_LOSS_CROSS_ENTROPY ? 1 : 0));
        }
        equals_the_twin("backward weights", one);
      }
    }
  }
}

// Where one chain of row blocks works alone, hardly a packet waits for another: the closed form has
// the cycles of a store and an update, and is never too short for a step, by a tenth too long at
// most: it has all row blocks' feedback come at once.
TEST(Chip, of_a_lone_chain_takes_the_closed_forms_cycles) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 12; ++i) {
    ChipCase one =
        corner({1, random.integer(2, 6), random.integer(2, 6)},
               {dense_layer(random.integer(5, 9)), dense_layer(3)}, 3, EPX_LOSS_SQUARED_ERROR);
    one.chip.rows = random.integer(1, 4);
    one.chip.router_cycles = random.integer(1, 4);
    one.chip.buffer_flits = one.chip.router_cycles + random.integer(0, 2);
    one.chip.flit_bits = 32 << random.integer(0, 2);
    one.chip.settle_cycles = random.integer(0, 2);
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      const epx_account_t account = one.account(&check.activity);
      for (const epx_command_kind_t kind : {EPX_COMMAND_FREE_STEP, EPX_COMMAND_NUDGED_STEP,
                                            EPX_COMMAND_STORE, EPX_COMMAND_UPDATE}) {
        const bool step = kind == EPX_COMMAND_FREE_STEP || kind == EPX_COMMAND_NUDGED_STEP;
        const double cycles = static_cast<double>(check.chip.kind_cycles[kind]);
        const double form = account.kind_cycles[kind];
        EXPECT_TRUE(step ? form >= cycles && form <= 1.1 * cycles : form == cycles)
            << one.describe() << cycles_by_command(check, one);
      }
    });
  }
}

// A pulse takes a cycle, and how many there are depends on the data: the twin measures the slowest
// tiles. In turn with one row block and one column block, where biases meet on no link.
TEST(Chip, of_pulsed_synapses_takes_the_measured_cycles_of_an_update) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 12; ++i) {
    ChipCase one = chip_test::random_case(random);
    chip_test::random_pulses(random, &one.chip);
    one.stall_percent = 0;
    one.chip.buffer_flits = one.chip.router_cycles;
    (i % 2 == 0 ? one.chip.rows : one.chip.columns) = 4096;
    if (!one.legal()) {
      --i;
      continue;
    }
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      EXPECT_EQ(check.chip.kind_cycles[EPX_COMMAND_UPDATE],
                one.account(&check.activity).kind_cycles[EPX_COMMAND_UPDATE])
          << one.describe();
    });
  }
}

// The closed form of a free step against SystemC's, where one of its terms makes the step.
void step_takes(const char *what, const ChipCase &one, double low, double high) {
  in_child([&] {
    epx_chip_check_t check = {};
    epx_error_t error = {};
    ASSERT_EPX_OK(one.run(&check, &error), error);
    const double cycles = static_cast<double>(check.chip.kind_cycles[EPX_COMMAND_FREE_STEP]);
    const double share = one.account().kind_cycles[EPX_COMMAND_FREE_STEP] / cycles;
    EXPECT_TRUE(share >= low && share <= high)
        << what << ": " << share << ", " << one.describe() << cycles_by_command(check, one);
  });
}

TEST(Chip, that_waits_for_credits_rows_or_a_link_takes_the_closed_forms_cycles) {
  const epx_layer_t one_by_one = conv_layer(4, 1, 1, 0, EPX_POOL_NONE);
  const epx_layer_t three_by_three = conv_layer(4, 3, 1, 0, EPX_POOL_NONE);
  ChipCase one = corner({2, 9, 9}, {one_by_one, one_by_one}, 4, EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 2;
  one.chip.router_cycles = 8;
  one.chip.buffer_flits = 9;
  one.chip.psum_buffer = 1;
  step_takes("credits of a partial sum each", one, 0.99, 1.02);
  one = corner({2, 4, 4}, {one_by_one, three_by_three}, 4, EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 3;
  one.chip.router_cycles = 8;
  one.chip.buffer_flits = 9;
  step_takes("feedback along twelve row blocks", one, 1.0, 1.02);
  one = corner({2, 9, 9}, {one_by_one, three_by_three}, 4, EPX_LOSS_CROSS_ENTROPY);
  one.chip.flit_bits = 8;
  one.chip.state = q_unsigned(0, 1);
  one.chip.router_cycles = 4;
  one.chip.buffer_flits = 2;
  step_takes("a link of half the pace", one, 0.98, 1.02);
}

// Where every pass is long, the network is idle and tiles wait for each other's drives alone: of
// row blocks that drive different changes, and of layers of which now one and now another is last.
TEST(Chip, of_slow_event_driven_arrays_takes_the_measured_cycles) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 8; ++i) {
    ChipCase one = corner({2, random.integer(4, 7), random.integer(4, 7)},
                          {conv_layer(random.integer(2, 6), 1, 1, 0, EPX_POOL_NONE),
                           conv_layer(random.integer(3, 6), 3, 1, 1, EPX_POOL_MAX),
                           conv_layer(random.integer(3, 6), 2, 1, 0, EPX_POOL_NONE)},
                          4, EPX_LOSS_CROSS_ENTROPY);
    one.chip.rows = random.integer(6, 20);
    one.chip.event_driven = true;
    one.chip.settle_cycles = 150;
    one.chip.psum_buffer = random.integer(1, 4);
    one.network.connections = (epx_connections_t)random.integer(0, 1);
    one.dynamics.free_steps = 8;
    one.data_seed = static_cast<uint64_t>(random.integer(1, 1 << 30));
    in_child([&] {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      const epx_account_t account = one.account(&check.activity);
      for (const epx_command_kind_t kind : {EPX_COMMAND_FREE_STEP, EPX_COMMAND_PREDICT}) {
        const double cycles = static_cast<double>(check.chip.kind_cycles[kind]);
        EXPECT_NEAR(account.kind_cycles[kind] / cycles, 1.0, 0.005)
            << one.describe() << cycles_by_command(check, one);
      }
    });
  }
}

// Half of the steps end with one layer and half with another: the mean step is the mean of both,
// not the longer mean.
TEST(Chip, of_steps_that_end_with_different_layers_takes_their_mean) {
  ChipCase one = corner({2, 6, 6}, {dense_layer(3), dense_layer(4), dense_layer(3)}, 3,
                        EPX_LOSS_SQUARED_ERROR);
  one.chip.event_driven = true;
  const auto step = [&](int first, int second) {
    epx_activity_t activity = {};
    activity.images = 1;
    epx_pace_t &pace = activity.pace[EPX_COMMAND_FREE_STEP];
    for (const int last : {first, second}) {
      ++pace.commands;
      for (int l = 1; l <= 2; ++l) {
        pace.ends[l] += l == last ? 100000 * l : 100;
      }
      ++pace.last[last];
      pace.last_ends[last] += 100000 * static_cast<uint64_t>(last);
    }
    return one.account(&activity).free_step_cycles;
  };
  EXPECT_GT(step(2, 2) - step(1, 1), 99000);
  EXPECT_NEAR(step(1, 2), (step(1, 1) + step(2, 2)) / 2, 1e-6);
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
  one.chip.event_driven = false;  // whose twin would refuse it before
  one.chip.mesh_columns = 1;
  one.chip.mesh_rows = 3;
  in_child([&] {
    epx_chip_check_t check = {};
    epx_error_t error = {};
    EXPECT_EQ(one.run(&check, &error), EPX_ERR_ARGUMENT);
    EXPECT_NE(std::string(error.message).find("chip.noc.mesh_rows: 3"), std::string::npos)
        << error.message;
  });
}

TEST(Chip, shrinking_keeps_the_failure_and_ends) {
  Random random = chip_test::make_random();
  ChipCase one = chip_test::random_case(random);
  const ChipCase small = chip_test::shrink(
      one, [](const ChipCase &c) { return c.network.input[1] >= 2 && c.network.classes >= 2; });
  EXPECT_TRUE(small.legal());
  EXPECT_GE(small.network.input[1], 2);
  EXPECT_EQ(small.stall_percent, 0);
  EXPECT_EQ(small.images, 1);
}

}  // namespace
