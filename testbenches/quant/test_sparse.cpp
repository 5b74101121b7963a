// SPDX-License-Identifier: Apache-2.0
// Sparse sums and the lists that they take: every variant against 64-bit sums of the dense rows.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "epx_cpu.h"
#include "epx_sparse_split.h"
#include "epx_sparse_sum.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::Guarded;
using quant_test::Random;

struct Variant {
  const char *name;
  epx_sparse_sum_u8s8s32_fn *s8;
  epx_sparse_sum_u8u8s32_fn *u8;
  epx_sparse_split_fn *split;
  epx_cpu_level_t level;
};

constexpr Variant all_variants[] = {
    {"ref", epx_sparse_sum_u8s8s32_ref, epx_sparse_sum_u8u8s32_ref, epx_sparse_split_ref,
     EPX_CPU_SCALAR},
    {"avx2", epx_sparse_sum_u8s8s32_avx2, epx_sparse_sum_u8u8s32_avx2, epx_sparse_split_avx2,
     EPX_CPU_AVX2},
    {"avx512", epx_sparse_sum_u8s8s32_avx512, epx_sparse_sum_u8u8s32_avx512,
     epx_sparse_split_avx512, EPX_CPU_AVX512},
    {"dispatch", epx_sparse_sum_u8s8s32, epx_sparse_sum_u8u8s32, epx_sparse_split, EPX_CPU_SCALAR}};

enum class Values { uniform, largest, most_negative };

// Rows that touch an unmapped page: the last one at its end or the first one at its begin.
void expect_sums_exact(Random &random, int columns, int lists, int longest, Values values) {
  const bool at_end = random.between(0, 1) != 0;
  const size_t width = static_cast<size_t>(columns), rows = 9;
  Guarded matrix(width * rows, at_end), sum(sizeof(int32_t) * width, at_end);
  for (size_t i = 0; i < matrix.bytes(); i++) {
    matrix.as<uint8_t>()[i] = values == Values::uniform   ? static_cast<uint8_t>(random.bits())
                              : values == Values::largest ? 0xff
                                                          : 0x80;
  }
  std::vector<std::unique_ptr<Guarded>> memory;
  std::vector<epx_sparse_list_t> list;
  std::vector<int64_t> exact_s8(width), exact_u8(width);
  const auto scale = static_cast<int32_t>(random.between(-3, 3));
  for (int l = 0; l < lists; l++) {
    const int count = epx_sparse_padded(static_cast<int>(random.between(0, longest)));
    memory.push_back(std::make_unique<Guarded>(sizeof(int32_t) * static_cast<size_t>(count), true));
    auto *offset = memory.back()->as<int32_t>();
    memory.push_back(std::make_unique<Guarded>(static_cast<size_t>(count), true));
    auto *factor = memory.back()->as<uint8_t>();
    const ptrdiff_t base = columns * random.between(0, static_cast<int64_t>(rows) - 1);
    for (int i = 0; i < count; i++) {
      const int64_t row = i == 0 ? (at_end ? static_cast<int64_t>(rows) - 1 : 0)
                                 : random.between(0, static_cast<int64_t>(rows) - 1);
      offset[i] = static_cast<int32_t>(row * columns - base);
      factor[i] = values == Values::uniform ? static_cast<uint8_t>(random.bits()) : 255;
      for (size_t j = 0; j < width; j++) {
        const size_t at = static_cast<size_t>(row) * width + j;
        exact_s8[j] += int64_t{factor[i]} * matrix.as<int8_t>()[at];
        exact_u8[j] += int64_t{factor[i]} * matrix.as<uint8_t>()[at];
      }
    }
    list.push_back({base, offset, factor, count});
  }
  for (const Variant &variant : all_variants) {
    if (variant.level > epx_cpu_detected()) {
      continue;
    }
    sum.fill_with_canaries();
    variant.s8(matrix.as<int8_t>(), list.data(), lists, columns, sum.as<int32_t>());
    ASSERT_TRUE(sum.surroundings_intact()) << variant.name << " columns " << columns;
    for (size_t j = 0; j < width; j++) {
      ASSERT_EQ(sum.as<int32_t>()[j], exact_s8[j])
          << variant.name << " s8, columns " << columns << " lists " << lists << " at " << j;
      sum.as<int32_t>()[j] = static_cast<int32_t>(j) - 5;
    }
    variant.u8(matrix.as<uint8_t>(), list.data(), lists, columns, scale, sum.as<int32_t>());
    ASSERT_TRUE(sum.surroundings_intact()) << variant.name << " columns " << columns;
    for (size_t j = 0; j < width; j++) {
      ASSERT_EQ(sum.as<int32_t>()[j], scale * exact_u8[j] + static_cast<int64_t>(j) - 5)
          << variant.name << " u8, columns " << columns << " lists " << lists << " at " << j;
    }
  }
}

TEST(sparse_sum, every_number_of_columns_is_exact) {
  Random random;
  for (int columns = 1; columns <= 200 && !HasFatalFailure(); columns++) {
    for (int lists = 0; lists <= 9; lists += 3) {
      expect_sums_exact(random, columns, lists, 30, Values::uniform);
    }
  }
}

TEST(sparse_sum, extreme_values_do_not_saturate) {
  Random random;
  for (const Values values : {Values::largest, Values::most_negative}) {
    for (int i = 0; i < 60 && !HasFatalFailure(); i++) {
      expect_sums_exact(random, static_cast<int>(random.between(1, 150)), 2, 3000, values);
    }
  }
}

// The longest lists that the header allows: just within 32 bits.
TEST(sparse_sum, longest_lists_just_fit) {
  static_assert(INT64_C(255) * 128 * EPX_SPARSE_MAX_S8 <= INT32_MAX, "fits");
  static_assert(INT64_C(255) * 255 * EPX_SPARSE_MAX_U8 <= INT32_MAX, "fits");
  const std::vector<uint8_t> factor(EPX_SPARSE_MAX_S8, 255), ones(80, 255), ends(80, 0x80);
  const std::vector<int32_t> offset(EPX_SPARSE_MAX_S8, 0);
  for (const Variant &variant : all_variants) {
    if (variant.level > epx_cpu_detected()) {
      continue;
    }
    std::vector<int32_t> sum(80, 0);
    epx_sparse_list_t list = {0, offset.data(), factor.data(), EPX_SPARSE_MAX_S8 / 4 * 4};
    variant.s8(reinterpret_cast<const int8_t *>(ends.data()), &list, 1, 80, sum.data());
    EXPECT_EQ(sum, std::vector<int32_t>(80, -255 * 128 * list.count)) << variant.name;
    list.count = EPX_SPARSE_MAX_U8 / 4 * 4;
    sum.assign(80, 0);
    variant.u8(ones.data(), &list, 1, 80, 1, sum.data());
    EXPECT_EQ(sum, std::vector<int32_t>(80, 255 * 255 * list.count)) << variant.name;
  }
}

TEST(sparse_split, lists_hold_what_is_not_zero_in_order) {
  Random random;
  for (int n = 1; n <= 200; n++) {
    const bool at_end = random.between(0, 1) != 0, switched = random.between(0, 3) != 0;
    const int64_t sparsity = random.between(0, 4);
    const auto stride = static_cast<int32_t>(random.between(1, 10000));
    Guarded value(static_cast<size_t>(n), at_end), switches(static_cast<size_t>(n), at_end);
    std::vector<int32_t> offset[EPX_SPARSE_LISTS];
    std::vector<uint8_t> factor[EPX_SPARSE_LISTS];
    for (int i = 0; i < n; i++) {
      value.as<uint8_t>()[i] =
          random.between(0, 4) < sparsity ? 0 : static_cast<uint8_t>(random.bits());
      switches.as<uint8_t>()[i] = static_cast<uint8_t>(random.between(0, 3));
      if (value.as<uint8_t>()[i] != 0) {
        const int l = switched ? switches.as<uint8_t>()[i] : 0;
        offset[l].push_back(i * stride);
        factor[l].push_back(value.as<uint8_t>()[i]);
      }
    }
    const size_t capacity = static_cast<size_t>(epx_sparse_capacity(n));
    for (const Variant &variant : all_variants) {
      if (variant.level > epx_cpu_detected()) {
        continue;
      }
      std::vector<std::unique_ptr<Guarded>> memory;
      epx_sparse_room_t room[EPX_SPARSE_LISTS];
      int count[EPX_SPARSE_LISTS] = {-1, -1, -1, -1};
      for (epx_sparse_room_t &list : room) {
        memory.push_back(std::make_unique<Guarded>(4 * capacity, at_end));
        list.offset = memory.back()->as<int32_t>();
        memory.push_back(std::make_unique<Guarded>(capacity, at_end));
        list.factor = memory.back()->as<uint8_t>();
      }
      variant.split(value.as<uint8_t>(), switched ? switches.as<uint8_t>() : nullptr, n, stride,
                    room, count);
      for (int l = 0; l < (switched ? EPX_SPARSE_LISTS : 1); l++) {
        const auto filled = static_cast<int>(factor[l].size());
        ASSERT_EQ(count[l], epx_sparse_padded(filled)) << variant.name << " n " << n;
        for (int i = 0; i < count[l]; i++) {
          const size_t at = static_cast<size_t>(i);
          ASSERT_EQ(room[l].offset[i], i < filled ? offset[l][at] : 0) << variant.name;
          ASSERT_EQ(room[l].factor[i], i < filled ? factor[l][at] : 0) << variant.name;
        }
      }
    }
  }
}

}  // namespace
