// SPDX-License-Identifier: Apache-2.0
// Running a ChipCase: SystemC against the twin, and its steps, commands and events against the
// closed form. SystemC elaborates once per process, so every chip runs in a child process of its
// own.
#ifndef CHIP_RUN_H
#define CHIP_RUN_H

#include <unistd.h>

#include "child_process.h"
#include "rtl_model/sc/chip/chip_case.h"

namespace chip_test {

inline int rounds() {
  const char *text = std::getenv("EPX_TEST_ROUNDS");
  return text != nullptr ? std::max(1, std::atoi(text)) : 1;
}

inline int64_t differing(const epx_chip_check_t &check) {
  int64_t sum = 0;
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    sum += check.differing[i];
  }
  return sum;
}

// A chip that stops makes the steps that the twin says; the others make all.
inline bool steps_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const uint64_t free = check.chip.kind_count[EPX_COMMAND_FREE_STEP];
  const uint64_t nudged = check.chip.kind_count[EPX_COMMAND_NUDGED_STEP];
  return one.chip.stop_settled
             ? free != check.activity.free_steps || nudged != check.activity.nudged_steps
             : free != one.free_steps() || nudged != one.nudged_steps();
}

// Commands of the other kinds are those of the account, and so are all of a chip that does not
// stop.
inline bool commands_differ(const epx_chip_check_t &check, const ChipCase &one) {
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

// Whether events of any owner and command are not the closed form's.
inline bool addresses_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account();
  epx_ledger_t expected;
  epx_account_batch_ledger(&account, &one.chip, &check.activity, one.images, &expected);
  bool differ = false;
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
      for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
        const uint64_t made = epx_event_get(&check.chip.ledger.at[owner][kind], i);
        const uint64_t closed = epx_event_get(&expected.at[owner][kind], i);
        if (made != closed) {
          std::printf("%s of owner %d in %s: SystemC %" PRIu64 ", closed form %" PRIu64 "\n",
                      epx_event_rows()[i].name, owner,
                      epx_command_name(static_cast<epx_command_kind_t>(kind)), made, closed);
          differ = true;
        }
      }
    }
  }
  return differ;
}

// Whether the totals of SystemC's events are not the closed form's.
inline bool events_differ(const epx_chip_check_t &check, const ChipCase &one) {
  const epx_account_t account = one.account();
  epx_events_t expected = account.update;
  epx_events_add(&expected, &account.training, static_cast<uint64_t>(one.images));
  // Less those of steps that were not made: a negative number of times, modulo 2^64.
  epx_events_add(&expected, &account.free_step,
                 check.chip.kind_count[EPX_COMMAND_FREE_STEP] - one.free_steps());
  epx_events_add(&expected, &account.nudged_step,
                 check.chip.kind_count[EPX_COMMAND_NUDGED_STEP] - one.nudged_steps());
  const epx_events_t driven = epx_activity_driven(&check.activity);
  epx_events_add(&expected, &driven, 1);
  expected.cell_writes += epx_pulsing_pulses(&check.activity.pulsing);
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
inline std::string run_case(const ChipCase &one) {
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
  if (events_differ(check, one)) {
    return "events differ from the closed form";
  }
  return addresses_differ(check, one) ? "events by owner and command differ from the closed form"
                                      : "";
}

// A network that the random ones are not: two steps of each phase on a default chip.
inline ChipCase corner(std::vector<int> input, const std::vector<epx_layer_t> &layers, int classes,
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

inline void equals_the_twin(const char *what, const ChipCase &one) {
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_twin_check(&one.network, &one.chip, &error), error);
  in_child([&] { EXPECT_EQ(run_case(one), "") << what << ": " << one.describe(); });
}

}  // namespace chip_test

#endif
