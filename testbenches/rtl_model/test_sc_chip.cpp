// SPDX-License-Identifier: Apache-2.0
// The whole chip in SystemC against the twin, bit for bit, over random networks, formats and chips;
// SystemC elaborates once per process, so every chip runs in a child process of its own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <sstream>

#include "epx_chip_check.h"
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

class Chips : public testing::TestWithParam<int> {};

TEST_P(Chips, equal_the_twin) {
  Random random = chip_test::make_random();
  for (int i = 0; i < 10; ++i) {
    const ChipCase one = chip_test::random_case(random);
    in_child([&] {
      SCOPED_TRACE(one.describe());
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EPX_OK(one.run(&check, &error), error);
      expect_equal(check);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Chips, testing::Range(0, 20));

}  // namespace
