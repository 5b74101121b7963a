// SPDX-License-Identifier: Apache-2.0
// The whole chip's cycles in SystemC against the closed form: as a whole over random chips that
// leave the network room, and term by term. EPX_TEST_ROUNDS=N runs N times as many cases.
#include <gtest/gtest.h>

#include <fstream>

#include "rtl_model/sc/chip/chip_run.h"

namespace {

using namespace chip_test;

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
    struct Found {
      double off, share;
    };
    const Found found = from_child<Found>([&](Found *out) {
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      const epx_account_t account = one.account(&check.activity);
      *out = {one.cycles(&check.activity) / static_cast<double>(check.chip.cycles) - 1.0,
              epx_account_array_share(&account)};
    });
    EXPECT_LT(std::fabs(found.off), found.share >= 0.92 ? 0.03 : 0.20) << one.describe();
    sum += std::fabs(found.off);
  }
  EXPECT_LT(sum / cases, 0.05);
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

}  // namespace
