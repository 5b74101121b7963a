// SPDX-License-Identifier: Apache-2.0
// The integer matrix product: every variant that this processor has against sums in 64 bits that
// are taken from the unpacked operands. Every buffer lies between two unmapped pages and touches
// one of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::canary;
using quant_test::Guarded;
using quant_test::Random;

struct Variant {
  const char *name;
  epx_gemm_u8s8s32_fn *fn;
  epx_cpu_level_t level;
};

constexpr Variant all_variants[] = {
    {"ref", epx_gemm_u8s8s32_ref, EPX_CPU_SCALAR},
    {"avx2", epx_gemm_u8s8s32_avx2, EPX_CPU_AVX2},
    {"avx512", epx_gemm_u8s8s32_avx512, EPX_CPU_AVX512},
    {"dispatch", epx_gemm_u8s8s32, EPX_CPU_SCALAR},
};

struct Shape {
  int m;
  int n;
  int segments;
  int run;
  int k() const { return segments * run; }
};

enum class Values { uniform, ends_of_ranges, largest_negative, largest_positive };

// Operands, and the place for the result, with random strides, offsets and alignment.
class Problem {
 public:
  Problem(Random &random, const Shape &shape, Values values)
      : shape_(shape),
        at_end_(random.between(0, 1) != 0),
        stride_(random.between(-100, 300)),
        spare_(random.between(0, 300)),
        ldc_(epx_gemm_padded_n(shape.n) + (random.between(0, 1) != 0 ? random.between(0, 9) : 0)),
        a_(a_bytes(), at_end_),
        offset_(sizeof(int32_t) * static_cast<size_t>(shape.m), at_end_),
        packed_(epx_pack_s8_size(shape.k(), shape.n), at_end_),
        c_(c_bytes(), at_end_),
        b_(static_cast<size_t>(shape.k()) * static_cast<size_t>(shape.n)) {
    fill_operands(random, values);
    place_rows(random);
    pack(random);
  }

  // Runs the variant and compares all that it wrote, and all that it had to leave alone.
  void expect_exact(const Variant &variant) {
    c_.fill_with_canaries();
    variant.fn(origin(), offset_.as<int32_t>(), shape_.m, shape_.segments, shape_.run, stride_,
               packed_.as<int8_t>(), shape_.n, c_.as<int32_t>(), ldc_);
    ASSERT_TRUE(c_.surroundings_intact()) << text(variant);
    int32_t untouched = 0;
    std::memset(&untouched, canary, sizeof untouched);
    const ptrdiff_t columns = epx_gemm_padded_n(shape_.n);
    for (int row = 0; row < shape_.m; row++) {
      const ptrdiff_t stored = row + 1 < shape_.m ? ldc_ : columns;
      for (ptrdiff_t column = 0; column < stored; column++) {
        const int64_t expected = column < columns ? exact_sum(row, column) : untouched;
        ASSERT_EQ(c_.as<int32_t>()[row * ldc_ + column], expected)
            << text(variant) << " row " << row << " column " << column;
      }
    }
  }

  void expect_all_exact() {
    compute_exact();
    for (const Variant &variant : all_variants) {
      if (variant.level <= epx_cpu_detected()) {
        expect_exact(variant);
        if (testing::Test::HasFatalFailure()) {
          return;
        }
      }
    }
  }

  void compute_exact() {
    const size_t n = static_cast<size_t>(shape_.n);
    exact_.assign(static_cast<size_t>(shape_.m) * n, 0);
    for (int row = 0; row < shape_.m; row++) {
      int64_t *sums = exact_.data() + static_cast<size_t>(row) * n;
      for (int k = 0; k < shape_.k(); k++) {
        const uint8_t a =
            origin()[offset_.as<int32_t>()[row] + k / shape_.run * stride_ + k % shape_.run];
        const int8_t *b = b_.data() + static_cast<size_t>(k) * n;
        for (size_t column = 0; column < n; column++) {
          sums[column] += static_cast<int64_t>(a) * b[column];
        }
      }
    }
  }

  int64_t exact_sum(int row, ptrdiff_t column) const {
    return column < shape_.n ? exact_[static_cast<size_t>(row * shape_.n + column)] : 0;
  }

 private:
  // From the lowest to the highest byte that one row reads.
  ptrdiff_t reach() const { return (shape_.segments - 1) * std::abs(stride_) + shape_.run; }
  size_t a_bytes() const { return static_cast<size_t>(reach() + spare_); }
  // The last row ends with its panels, not with its stride.
  size_t c_bytes() const {
    return sizeof(int32_t) *
           static_cast<size_t>((shape_.m - 1) * ldc_ + epx_gemm_padded_n(shape_.n));
  }
  const uint8_t *origin() const { return a_.as<uint8_t>() + origin_at_; }

  void fill_operands(Random &random, Values values) {
    for (size_t i = 0; i < a_.bytes(); i++) {
      const uint64_t bits = random.bits();
      a_.as<uint8_t>()[i] = values == Values::uniform          ? static_cast<uint8_t>(bits)
                            : values == Values::ends_of_ranges ? (bits & 1 ? 255 : 0)
                                                               : 255;
    }
    for (int8_t &b : b_) {
      const uint64_t bits = random.bits();
      b = values == Values::uniform            ? static_cast<int8_t>(bits)
          : values == Values::ends_of_ranges   ? (bits & 1 ? 127 : -128)
          : values == Values::largest_positive ? 127
                                               : -128;
    }
  }

  // Rows anywhere within A; the last one at A's end (or begin), where the unmapped page is. The
  // origin lies anywhere too, so that some offsets are negative.
  void place_rows(Random &random) {
    origin_at_ = random.between(0, static_cast<int64_t>(a_.bytes()) - 1);
    const ptrdiff_t first_run = stride_ < 0 ? (shape_.segments - 1) * -stride_ : 0;
    for (int row = 0; row < shape_.m; row++) {
      const ptrdiff_t at = row + 1 < shape_.m ? random.between(0, spare_) : (at_end_ ? spare_ : 0);
      offset_.as<int32_t>()[row] = static_cast<int32_t>(at + first_run - origin_at_);
    }
  }

  // Packs from a copy of B with other strides: rows or columns contiguous.
  void pack(Random &random) {
    const int k = shape_.k();
    const int n = shape_.n;
    if (random.between(0, 1) != 0) {
      epx_pack_s8(b_.data(), k, n, n, 1, packed_.as<int8_t>());
    } else {
      std::vector<int8_t> transposed(b_.size());
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < n; j++) {
          transposed[static_cast<size_t>(j * k + i)] = b_[static_cast<size_t>(i * n + j)];
        }
      }
      epx_pack_s8(transposed.data(), k, n, 1, k, packed_.as<int8_t>());
    }
    ASSERT_TRUE(packed_.surroundings_intact());
  }

  std::string text(const Variant &variant) const {
    std::ostringstream out;
    out << variant.name << ": m " << shape_.m << " n " << shape_.n << " segments "
        << shape_.segments << " run " << shape_.run << " segment_stride " << stride_ << " ldc "
        << ldc_ << (at_end_ ? " at the end of a page" : " at the begin of a page");
    return out.str();
  }

  Shape shape_;
  bool at_end_;
  ptrdiff_t stride_;
  ptrdiff_t spare_;
  ptrdiff_t ldc_;
  Guarded a_;
  Guarded offset_;
  Guarded packed_;
  Guarded c_;
  std::vector<int8_t> b_;
  std::vector<int64_t> exact_;
  ptrdiff_t origin_at_ = 0;
};

int small(Random &random, int low, int high) {
  return static_cast<int>(random.between(low, high));
}

void expect_all_exact(Random &random, const Shape &shape, Values values) {
  Problem problem(random, shape, values);
  if (!testing::Test::HasFatalFailure()) {
    problem.expect_all_exact();
  }
}

TEST(gemm_u8s8s32, every_m_and_n_is_exact) {
  Random random;
  for (int m = 1; m <= 30; m++) {
    for (int n = 1; n <= 70 && !HasFatalFailure(); n++) {
      const Shape shape = {m, n, small(random, 1, 4), 4 * small(random, 1, 16)};
      expect_all_exact(random, shape, Values::uniform);
    }
  }
}

TEST(gemm_u8s8s32, every_run_and_number_of_segments_is_exact) {
  Random random;
  for (int run = 4; run <= 64; run += 4) {
    for (int segments = 1; segments <= 4; segments++) {
      for (int i = 0; i < 8 && !HasFatalFailure(); i++) {
        const Shape shape = {small(random, 1, 30), small(random, 1, 70), segments, run};
        expect_all_exact(random, shape, Values::uniform);
      }
    }
  }
}

// Up to the tallest strips and the widest layers: several columns of tiles of each width.
TEST(gemm_u8s8s32, large_shapes_are_exact) {
  Random random;
  for (int i = 0; i < 12 && !HasFatalFailure(); i++) {
    const Shape shape = {small(random, 31, 100), small(random, 71, 270), small(random, 1, 9),
                         4 * small(random, 17, 60)};
    expect_all_exact(random, shape, Values::uniform);
  }
}

// 255 * -128 twice does not fit 16 bits: a saturating instruction would show here.
TEST(gemm_u8s8s32, extreme_values_do_not_saturate) {
  Random random;
  for (const Values values :
       {Values::ends_of_ranges, Values::largest_negative, Values::largest_positive}) {
    for (int i = 0; i < 100 && !HasFatalFailure(); i++) {
      const Shape shape = {small(random, 1, 30), small(random, 1, 70), small(random, 1, 4),
                           4 * small(random, 1, 16)};
      expect_all_exact(random, shape, values);
    }
  }
}

TEST(gemm_u8s8s32, the_longest_k_just_fits_32_bits) {
  Random random;
  constexpr int longest = 65792;  // the largest multiple of 4 up to 65793
  static_assert(INT64_C(255) * 128 * longest <= INT32_MAX, "the longest sum fits");
  for (const Values values : {Values::largest_negative, Values::largest_positive}) {
    expect_all_exact(random, {13, 33, 1, longest}, values);
    expect_all_exact(random, {1, 16, longest / 64, 64}, values);
  }
}

TEST(gemm_u8s8s32, empty_products_write_nothing) {
  alignas(64) const int8_t packed[256] = {};
  const uint8_t a[4] = {1, 2, 3, 4};
  const int32_t offset[1] = {0};
  for (const Variant &variant : all_variants) {
    if (variant.level > epx_cpu_detected()) {
      continue;
    }
    int32_t c[16];
    std::fill(std::begin(c), std::end(c), 77);
    variant.fn(a, offset, 0, 1, 4, 0, packed, 16, c, 16);
    variant.fn(a, offset, 1, 1, 4, 0, packed, 0, c, 16);
    EXPECT_EQ(std::count(std::begin(c), std::end(c), 77), 16) << variant.name;
  }
}

// CTest runs every case in its own process, so the threads' calls are the first ones.
TEST(gemm_u8s8s32, threads_may_meet_in_the_first_call) {
  constexpr int threads = 8;
  Random random;
  std::vector<std::unique_ptr<Problem>> problems;
  for (int i = 0; i < threads; i++) {
    problems.push_back(std::make_unique<Problem>(random, Shape{17, 40, 3, 36}, Values::uniform));
    problems.back()->compute_exact();
  }
  std::vector<std::thread> running;
  for (const auto &problem : problems) {
    running.emplace_back([&problem] { problem->expect_exact(all_variants[3]); });
  }
  for (std::thread &thread : running) {
    thread.join();
  }
}

// Dispatch under every level that EPX_CPU may force, each in a new process that reads it afresh.
TEST(gemm_u8s8s32, every_forced_level_is_exact) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const char *level : {"scalar", "avx2", "avx512"}) {
    const auto forced = [level] {
      setenv("EPX_CPU", level, 1);
      Random random;
      Problem problem(random, {29, 70, 3, 52}, Values::uniform);
      problem.compute_exact();
      problem.expect_exact(all_variants[3]);
      std::exit(HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
    };
    EXPECT_EXIT(forced(), testing::ExitedWithCode(EXIT_SUCCESS), "") << level;
  }
}

TEST(pack_s8, layout_is_the_documented_one) {
  Random random;
  for (int i = 0; i < 200; i++) {
    const int k = 4 * small(random, 1, 20);
    const int n = small(random, 1, 50);
    const ptrdiff_t n_stride = random.between(1, 3);
    const ptrdiff_t k_stride = n * n_stride + random.between(0, 5);
    std::vector<int8_t> b(static_cast<size_t>(k * k_stride));
    std::generate(b.begin(), b.end(), [&] { return static_cast<int8_t>(random.bits()); });
    const size_t bytes = static_cast<size_t>(k) * static_cast<size_t>((n + 15) / 16 * 16);
    ASSERT_EQ(epx_pack_s8_size(k, n), bytes);
    Guarded packed(bytes, true);
    epx_pack_s8(b.data(), k, n, k_stride, n_stride, packed.as<int8_t>());
    ASSERT_TRUE(packed.surroundings_intact());
    for (int row = 0; row < k; row++) {
      for (int column = 0; column < (n + 15) / 16 * 16; column++) {
        const int group = column / 16 * (k / 4) + row / 4;
        const size_t at = static_cast<size_t>((group * 16 + column % 16) * 4 + row % 4);
        const int8_t expected =
            column < n ? b[static_cast<size_t>(row * k_stride + column * n_stride)] : int8_t{0};
        ASSERT_EQ(packed.as<int8_t>()[at], expected)
            << "k " << k << " n " << n << " row " << row << " column " << column;
      }
    }
  }
}

}  // namespace
