// SPDX-License-Identifier: Apache-2.0
// The level of the integer kernels. It is read once a process, so every case asks a child process
// and the parent never calls epx_cpu_level().
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "epx_cpu.h"

namespace {

// What `body` returns, run in a child process with EPX_CPU set (nullptr: unset).
template <typename Body>
int in_child(const char *epx_cpu, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (epx_cpu != nullptr) {
      setenv("EPX_CPU", epx_cpu, 1);
    } else {
      unsetenv("EPX_CPU");
    }
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    ADD_FAILURE() << "the child process did not exit";
    return -1;
  }
  return WEXITSTATUS(status);
}

int level_with(const char *epx_cpu) {
  return in_child(epx_cpu, [] { return static_cast<int>(epx_cpu_level()); });
}

TEST(cpu, override_lowers_and_never_raises) {
  const int detected = epx_cpu_detected();
  EXPECT_EQ(level_with(nullptr), detected);
  EXPECT_EQ(level_with("scalar"), EPX_CPU_SCALAR);
  EXPECT_EQ(level_with("avx2"), std::min<int>(EPX_CPU_AVX2, detected));
  EXPECT_EQ(level_with("avx512"), std::min<int>(EPX_CPU_AVX512, detected));
}

TEST(cpu, unknown_override_leaves_the_detected_level) {
  for (const char *value : {"", "Scalar", "scalar ", "avx", "avx2x", "sse2", "0", "scala"}) {
    EXPECT_EQ(level_with(value), epx_cpu_detected()) << '"' << value << '"';
  }
}

TEST(cpu, override_is_read_once) {
  const int changed = in_child("scalar", [] {
    const int first = epx_cpu_level();
    setenv("EPX_CPU", "avx512", 1);
    const int second = epx_cpu_level();
    unsetenv("EPX_CPU");
    return first != second || second != static_cast<int>(epx_cpu_level());
  });
  EXPECT_EQ(changed, 0);
}

TEST(cpu, threads_that_ask_first_at_once_agree) {
  const int failures = in_child("scalar", [] {
    std::atomic<int> waiting{8};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++) {
      threads.emplace_back([&] {
        waiting--;
        while (waiting > 0) {
          std::this_thread::yield();
        }
        wrong += epx_cpu_level() != EPX_CPU_SCALAR;
      });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    return wrong.load();
  });
  EXPECT_EQ(failures, 0);
}

TEST(cpu, names_are_those_of_the_override) {
  EXPECT_STREQ(epx_cpu_level_name(EPX_CPU_SCALAR), "scalar");
  EXPECT_STREQ(epx_cpu_level_name(EPX_CPU_AVX2), "avx2");
  EXPECT_STREQ(epx_cpu_level_name(EPX_CPU_AVX512), "avx512");
}

// The kernel's own list of what processor and kernel support.
TEST(cpu, detection_agrees_with_the_operating_system) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  std::set<std::string> flags;
  while (flags.empty() && std::getline(file, line)) {
    if (line.rfind("flags", 0) == 0) {
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        flags.insert(word);
      }
    }
  }
  if (flags.empty()) {
    GTEST_SKIP() << "no processor flags in /proc/cpuinfo";
  }
  int expected = flags.count("avx2") != 0 ? EPX_CPU_AVX2 : EPX_CPU_SCALAR;
  size_t found = 0;
  for (const char *name : {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"}) {
    found += flags.count(name);
  }
  if (expected == EPX_CPU_AVX2 && found == 4) {
    expected = EPX_CPU_AVX512;
  }
  EXPECT_EQ(epx_cpu_detected(), expected);
}

}  // namespace
