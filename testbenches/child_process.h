/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a test in processes of their own: SystemC elaborates once per process. */
#ifndef CHILD_PROCESS_H
#define CHILD_PROCESS_H

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

/* Runs the body in a child; its exit status, 255 where it had none. */
inline int run_child(const std::function<int()> &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  EXPECT_GE(child, 0);
  if (child == 0) {
    const int code = body();
    std::fflush(nullptr);
    _exit(code);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* Likewise; the body's failed expectations fail the test. Does nothing where it has failed before,
 * which the child would inherit. */
inline void in_child(const std::function<void()> &body) {
  if (testing::Test::HasFailure()) {
    return;
  }
  ASSERT_EQ(run_child([&] {
              body();
              return testing::Test::HasFailure() ? 1 : 0;
            }),
            0)
      << "see the child's output above";
}

/* Likewise; what the body leaves in a plain value. */
template <typename T>
T from_child(const std::function<void(T *)> &body) {
  T value = {};
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  in_child([&] {
    body(&value);
    EXPECT_EQ(write(ends[1], &value, sizeof value), static_cast<ssize_t>(sizeof value));
  });
  close(ends[1]); /* else a child that failed would never be heard of */
  EXPECT_EQ(read(ends[0], &value, sizeof value), static_cast<ssize_t>(sizeof value));
  close(ends[0]);
  return value;
}

#endif
