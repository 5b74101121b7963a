// SPDX-License-Identifier: Apache-2.0
// The integer matrix product that keeps the largest of every four rows: each variant against sums
// in 64 bits of the unpacked operands. Every buffer touches an unmapped page.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "epx_cpu.h"
#include "epx_gemm_max_u8s8s32.h"
#include "epx_gemm_u8s8s32.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::Guarded;
using quant_test::Random;

struct Shape {
  int windows, n, segments, run;
};

enum class Values { uniform, few, largest };  // few: many ties

std::string text_of(const Shape &s) {
  std::ostringstream out;
  out << s.windows << " windows, n " << s.n << ", " << s.segments << " segments of " << s.run;
  return out.str();
}

void expect_exact(Random &random, const Shape &s, Values values) {
  const bool at_end = random.between(0, 1) != 0;
  const int k = s.segments * s.run, rows = 4 * s.windows;
  const auto stride = static_cast<int>(random.between(0, 200)), reach = (s.segments - 1) * stride;
  const auto spare = static_cast<int>(random.between(0, 200));
  const auto count = static_cast<size_t>(s.windows) * static_cast<size_t>(s.n);
  Guarded a(static_cast<size_t>(reach + s.run + spare), at_end);
  Guarded packed(epx_pack_s8_size(k, s.n), true);
  Guarded offset(sizeof(int32_t) * static_cast<size_t>(rows), at_end);
  Guarded out(sizeof(int32_t) * count, at_end), switches(count, at_end);
  std::vector<int8_t> b(static_cast<size_t>(k) * static_cast<size_t>(s.n));
  for (size_t i = 0; i < a.bytes(); i++) {
    a.as<uint8_t>()[i] = values == Values::uniform ? static_cast<uint8_t>(random.bits())
                         : values == Values::few   ? static_cast<uint8_t>(random.between(0, 1))
                                                   : 255;
  }
  std::generate(b.begin(), b.end(), [&] {
    return values == Values::uniform ? static_cast<int8_t>(random.bits())
           : values == Values::few   ? static_cast<int8_t>(random.between(-1, 1))
                                     : static_cast<int8_t>(-128);
  });
  for (int row = 0; row < rows; row++) {  // the last one touches the unmapped page
    offset.as<int32_t>()[row] = static_cast<int32_t>(row + 1 < rows ? random.between(0, spare)
                                                     : at_end       ? spare
                                                                    : 0);
  }
  epx_pack_s8(b.data(), k, s.n, s.n, 1, packed.as<int8_t>());
  const auto sum = [&](int row, int column) {
    int64_t total = 0;
    for (int i = 0; i < k; i++) {
      total += static_cast<int64_t>(
                   a.as<uint8_t>()[offset.as<int32_t>()[row] + i / s.run * stride + i % s.run]) *
               b[static_cast<size_t>(i * s.n + column)];
    }
    return total;
  };
  std::vector<int64_t> best(count);
  std::vector<int> place(count);
  for (size_t i = 0; i < count; i++) {
    const int window = static_cast<int>(i) / s.n, column = static_cast<int>(i) % s.n;
    best[i] = sum(4 * window, column);
    for (int p = 1; p < 4; p++) {
      const int64_t other = sum(4 * window + p, column);
      place[i] = other > best[i] ? p : place[i];
      best[i] = std::max(best[i], other);
    }
  }
  for (epx_gemm_max_u8s8s32_fn *variant : {epx_gemm_max_u8s8s32_ref, epx_gemm_max_u8s8s32_avx512}) {
    if (variant == epx_gemm_max_u8s8s32_avx512 && epx_cpu_detected() < EPX_CPU_AVX512) {
      continue;
    }
    out.fill_with_canaries();
    switches.fill_with_canaries();
    variant(a.as<uint8_t>(), offset.as<int32_t>(), s.windows, s.segments, s.run, stride,
            packed.as<int8_t>(), s.n, out.as<int32_t>(), switches.as<uint8_t>());
    ASSERT_TRUE(out.surroundings_intact() && switches.surroundings_intact()) << text_of(s);
    for (size_t i = 0; i < count; i++) {
      ASSERT_EQ(out.as<int32_t>()[i], best[i]) << text_of(s) << " at " << i;
      ASSERT_EQ(switches.as<uint8_t>()[i], place[i]) << text_of(s) << " at " << i;
    }
  }
}

TEST(gemm_max_u8s8s32, random_shapes_are_exact) {
  Random random;
  for (int i = 0; i < 300 && !testing::Test::HasFatalFailure(); i++) {
    const Shape shape = {
        static_cast<int>(random.between(1, 9)), static_cast<int>(random.between(1, 100)),
        static_cast<int>(random.between(1, 4)), static_cast<int>(4 * random.between(1, 12))};
    expect_exact(random, shape, i % 2 == 0 ? Values::uniform : Values::few);
  }
}

TEST(gemm_max_u8s8s32, sums_of_the_largest_k_fit) {
  Random random;
  expect_exact(random, {1, 3, 1, EPX_GEMM_MAX_K / 4 * 4}, Values::largest);
}

}  // namespace
