// SPDX-License-Identifier: Apache-2.0
// Pooling: every variant against std::max_element, which also takes the first of equals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "epx_cpu.h"
#include "epx_pool.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::Guarded;
using quant_test::Random;

template <typename T>
struct Variant {
  const char *name;
  void (*max)(const T *, int, ptrdiff_t, int, T *, uint8_t *);
  void (*sum)(const T *, int, ptrdiff_t, int, T *);
  epx_cpu_level_t level;
};

constexpr Variant<int32_t> variants_s32[] = {
    {"ref", epx_pool_max_s32_ref, epx_pool_sum_s32_ref, EPX_CPU_SCALAR},
    {"avx2", epx_pool_max_s32_avx2, epx_pool_sum_s32_avx2, EPX_CPU_AVX2},
    {"avx512", epx_pool_max_s32_avx512, epx_pool_sum_s32_avx512, EPX_CPU_AVX512},
    {"dispatch", epx_pool_max_s32, epx_pool_sum_s32, EPX_CPU_SCALAR}};
constexpr Variant<int64_t> variants_s64[] = {
    {"ref", epx_pool_max_s64_ref, epx_pool_sum_s64_ref, EPX_CPU_SCALAR},
    {"avx2", epx_pool_max_s64_avx2, epx_pool_sum_s64_avx2, EPX_CPU_AVX2},
    {"avx512", epx_pool_max_s64_avx512, epx_pool_sum_s64_avx512, EPX_CPU_AVX512},
    {"dispatch", epx_pool_max_s64, epx_pool_sum_s64, EPX_CPU_SCALAR}};

template <typename T, size_t N>
void expect_exact(Random &random, const Variant<T> (&variants)[N], int windows, int units,
                  int64_t largest) {
  const bool at_end = random.between(0, 1) != 0;
  const ptrdiff_t ld = units + random.between(0, 5);
  const size_t neurons = static_cast<size_t>(windows) * static_cast<size_t>(units);
  Guarded in(sizeof(T) * static_cast<size_t>((4 * windows - 1) * ld + units), at_end);
  Guarded out(sizeof(T) * neurons, at_end), switches(neurons, at_end);
  for (size_t i = 0; i < in.bytes() / sizeof(T); i++) {
    in.as<T>()[i] = static_cast<T>(random.between(-largest, largest));
  }
  for (const Variant<T> &variant : variants) {
    if (variant.level > epx_cpu_detected()) {
      continue;
    }
    for (const bool max : {true, false}) {
      out.fill_with_canaries();
      switches.fill_with_canaries();
      if (max) {
        variant.max(in.as<T>(), windows, ld, units, out.as<T>(), switches.as<uint8_t>());
      } else {
        variant.sum(in.as<T>(), windows, ld, units, out.as<T>());
      }
      ASSERT_TRUE(out.surroundings_intact() && switches.surroundings_intact()) << variant.name;
      for (size_t i = 0; i < neurons; i++) {
        T four[4];
        for (int p = 0; p < 4; p++) {
          const ptrdiff_t row = static_cast<ptrdiff_t>(i) / units * 4 + p;
          four[p] = in.as<T>()[row * ld + static_cast<ptrdiff_t>(i) % units];
        }
        const T *best = std::max_element(four, four + 4);
        ASSERT_EQ(out.as<T>()[i], max ? *best : std::accumulate(four, four + 4, T{0}))
            << variant.name << " windows " << windows << " units " << units << " at " << i;
        if (max) {
          ASSERT_EQ(switches.as<uint8_t>()[i], best - four) << variant.name << " at " << i;
        }
      }
    }
  }
}

// Small ranges for ties, large ones for the width of the type.
TEST(pool, max_and_sum_are_exact_and_ties_go_to_the_first) {
  Random random;
  for (int units = 1; units <= 80; units++) {
    const int windows = static_cast<int>(random.between(1, 9));
    for (const int64_t largest : {int64_t{1}, int64_t{3}, int64_t{1} << 28}) {
      expect_exact(random, variants_s32, windows, units, largest);
      expect_exact(random, variants_s64, windows, units, largest << 30);
      expect_exact(random, variants_s64, windows, units, largest);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

}  // namespace
