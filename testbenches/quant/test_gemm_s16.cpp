// SPDX-License-Identifier: Apache-2.0
// The 16-bit integer matrix products: every variant that this processor has, with every way of
// keeping sums that the operands' bounds allow, against sums in 64 bits of the unpacked operands.
// Every buffer lies between two unmapped pages and touches one of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "epx_cpu.h"
#include "epx_gemm_s16.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::canary;
using quant_test::Guarded;
using quant_test::Random;

struct Shape {
  int m, n, segments, run;
  int k() const { return segments * run; }
};

struct Bounds {
  bool is_signed;
  int max_a, max_b;
};

struct Variant {
  const char *name;
  epx_gemm_s16_fn *fn;
  epx_cpu_level_t level;
};

constexpr Variant all_variants[] = {{"ref", epx_gemm_s16_ref, EPX_CPU_SCALAR},
                                    {"avx2", epx_gemm_s16_avx2, EPX_CPU_AVX2},
                                    {"avx512", epx_gemm_s16_avx512, EPX_CPU_AVX512}};

class Problem {
 public:
  // With `extreme`, operands are at the ends of their ranges only.
  Problem(Random &random, const Shape &shape, const Bounds &bounds, bool extreme)
      : shape_(shape),
        bounds_(bounds),
        at_end_(random.between(0, 1) != 0),
        stride_(random.between(-100, 300)),
        spare_(random.between(0, 300)),
        ldc_(epx_gemm_padded_n(shape.n) + random.between(0, 9)),
        a_(2 * static_cast<size_t>(reach() + spare_), at_end_),
        offset_(sizeof(int32_t) * static_cast<size_t>(shape.m), at_end_),
        packed_(epx_pack_s16_size(shape.k(), shape.n), at_end_),
        c_(8 * static_cast<size_t>((shape.m - 1) * ldc_ + epx_gemm_padded_n(shape.n)), at_end_),
        b_(static_cast<size_t>(shape.k()) * static_cast<size_t>(shape.n)) {
    const int64_t low = bounds.is_signed ? -bounds.max_a : 0;
    const int64_t high = bounds.is_signed ? std::min(bounds.max_a, 32767) : bounds.max_a;
    const int64_t most_b = std::min(bounds.max_b, 32767);
    for (size_t i = 0; i < a_.bytes() / 2; i++) {
      a_.as<uint16_t>()[i] = static_cast<uint16_t>(
          extreme ? (random.between(0, 63) != 0 ? (bounds.is_signed ? low : high) : high)
                  : random.between(low, high));
    }
    for (int16_t &b : b_) {
      b = static_cast<int16_t>(extreme ? (random.between(0, 63) != 0 ? -bounds.max_b : most_b)
                                       : random.between(-bounds.max_b, most_b));
    }
    const ptrdiff_t first_run = stride_ < 0 ? (shape.segments - 1) * -stride_ : 0;
    for (int row = 0; row < shape.m; row++) {
      const ptrdiff_t at = row + 1 < shape.m ? random.between(0, spare_) : (at_end_ ? spare_ : 0);
      offset_.as<int32_t>()[row] = static_cast<int32_t>(at + first_run);
    }
    pack(random);
    compute_exact();
  }

  void expect_all_exact() {
    for (const Variant &variant : all_variants) {
      if (variant.level <= epx_cpu_detected() && !testing::Test::HasFatalFailure()) {
        const auto sums = epx_gemm_s16_sums(bounds_.is_signed, bounds_.max_a, bounds_.max_b);
        c_.fill_with_canaries();
        variant.fn(a_.as<uint16_t>(), offset_.as<int32_t>(), shape_.m, shape_.segments, shape_.run,
                   stride_, packed_.as<int16_t>(), shape_.n, sums, c_.as<int64_t>(), ldc_);
        compare(variant.name);
      }
    }
    expect_dispatch_exact();
  }

  void expect_dispatch_exact() {
    c_.fill_with_canaries();
    if (bounds_.is_signed) {
      epx_gemm_s16s16s64(a_.as<int16_t>(), offset_.as<int32_t>(), shape_.m, shape_.segments,
                         shape_.run, stride_, packed_.as<int16_t>(), shape_.n, bounds_.max_a,
                         bounds_.max_b, c_.as<int64_t>(), ldc_);
    } else {
      epx_gemm_u16s16s64(a_.as<uint16_t>(), offset_.as<int32_t>(), shape_.m, shape_.segments,
                         shape_.run, stride_, packed_.as<int16_t>(), shape_.n, bounds_.max_a,
                         bounds_.max_b, c_.as<int64_t>(), ldc_);
    }
    compare("dispatch");
  }

 private:
  ptrdiff_t reach() const { return (shape_.segments - 1) * std::abs(stride_) + shape_.run; }

  void pack(Random &random) {
    const int k = shape_.k(), n = shape_.n;
    std::vector<int16_t> transposed(b_.size());
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < n; j++) {
        transposed[static_cast<size_t>(j * k + i)] = b_[static_cast<size_t>(i * n + j)];
      }
    }
    if (random.between(0, 1) != 0) {
      epx_pack_s16(b_.data(), k, n, n, 1, packed_.as<int16_t>());
    } else {
      epx_pack_s16(transposed.data(), k, n, 1, k, packed_.as<int16_t>());
    }
    ASSERT_TRUE(packed_.surroundings_intact());
  }

  void compute_exact() {
    const size_t n = static_cast<size_t>(shape_.n);
    exact_.assign(static_cast<size_t>(shape_.m) * n, 0);
    for (int row = 0; row < shape_.m; row++) {
      for (int k = 0; k < shape_.k(); k++) {
        const uint16_t bits = a_.as<uint16_t>()[offset_.as<int32_t>()[row] +
                                                k / shape_.run * stride_ + k % shape_.run];
        const int64_t a = bounds_.is_signed && bits >= 32768 ? int64_t{bits} - 65536 : bits;
        for (size_t column = 0; column < n; column++) {
          exact_[static_cast<size_t>(row) * n + column] +=
              a * b_[static_cast<size_t>(k) * n + column];
        }
      }
    }
  }

  void compare(const char *name) {
    ASSERT_TRUE(c_.surroundings_intact()) << text(name);
    int64_t untouched = 0;
    std::memset(&untouched, canary, sizeof untouched);
    const ptrdiff_t columns = epx_gemm_padded_n(shape_.n);
    for (int row = 0; row < shape_.m; row++) {
      for (ptrdiff_t i = 0; i < (row + 1 < shape_.m ? ldc_ : columns); i++) {
        const int64_t expected = i < shape_.n  ? exact_[static_cast<size_t>(row * shape_.n + i)]
                                 : i < columns ? 0
                                               : untouched;
        ASSERT_EQ(c_.as<int64_t>()[row * ldc_ + i], expected)
            << text(name) << " row " << row << " column " << i;
      }
    }
  }

  std::string text(const char *name) const {
    std::ostringstream out;
    out << name << (bounds_.is_signed ? " s16" : " u16") << ": m " << shape_.m << " n " << shape_.n
        << " segments " << shape_.segments << " run " << shape_.run << " stride " << stride_
        << " max_a " << bounds_.max_a << " max_b " << bounds_.max_b << " ldc " << ldc_;
    return out.str();
  }

  Shape shape_;
  Bounds bounds_;
  bool at_end_;
  ptrdiff_t stride_, spare_, ldc_;
  Guarded a_, offset_, packed_, c_;
  std::vector<int16_t> b_;
  std::vector<int64_t> exact_;
};

int small(Random &random, int low, int high) {
  return static_cast<int>(random.between(low, high));
}

Bounds random_bounds(Random &random) {
  const bool is_signed = random.between(0, 1) != 0;
  const int a_bits = small(random, 1, is_signed ? 15 : 16), b_bits = small(random, 1, 15);
  return {is_signed, is_signed ? 1 << a_bits : (1 << a_bits) - 1, 1 << b_bits};
}

TEST(gemm_s16, every_m_and_n_is_exact) {
  Random random;
  for (int m = 1; m <= 26; m++) {
    for (int n = 1; n <= 130 && !HasFatalFailure(); n += small(random, 1, 5)) {
      const Shape shape = {m, n, small(random, 1, 3), 2 * small(random, 1, 12)};
      Problem(random, shape, random_bounds(random), false).expect_all_exact();
    }
  }
}

// Many moves to 64 bits, with operands whose sums are as large as the period allows.
TEST(gemm_s16, extreme_operands_of_every_width_are_exact) {
  Random random;
  for (int a_bits = 1; a_bits <= 16; a_bits++) {
    for (int b_bits = 1; b_bits <= 16 && !HasFatalFailure(); b_bits++) {
      const Shape shape = {small(random, 1, 14), small(random, 1, 70), small(random, 1, 3),
                           2 * small(random, 100, 500)};
      Problem(random, shape, {false, (1 << a_bits) - 1, 1 << (b_bits - 1)}, true)
          .expect_all_exact();
      Problem(random, shape, {true, 1 << (a_bits - 1), 1 << (b_bits - 1)}, true).expect_all_exact();
    }
  }
}

// The largest step of two products, kept as long as the period allows, fits 32 bits; the whole
// range of signed operands (whose pair is 2^31) is split.
TEST(gemm_s16, period_is_the_longest_that_fits) {
  for (int64_t max_a = 1; max_a <= 65535; max_a = max_a * 3 / 2 + 1) {
    for (int64_t max_b = 1; max_b <= 32768; max_b = max_b * 3 / 2 + 1) {
      const auto sums = epx_gemm_s16_sums(false, static_cast<int>(max_a), static_cast<int>(max_b));
      const int64_t step = sums.split ? 2 * 255 * 32768 : 2 * max_a * max_b;
      ASSERT_LE(step * sums.period, INT32_MAX);
      ASSERT_GE(sums.period, 16);
      if (!sums.split) {
        ASSERT_LE(max_a, INT16_MAX);
        ASSERT_GT(step * (sums.period + 1), INT32_MAX);
      }
    }
  }
  EXPECT_TRUE(epx_gemm_s16_sums(true, 32768, 32768).split);
  EXPECT_FALSE(epx_gemm_s16_sums(true, 32768, 128).split);
  EXPECT_FALSE(epx_gemm_s16_sums(false, 32767, 128).split);
  EXPECT_TRUE(epx_gemm_s16_sums(false, 32768, 128).split);
}

TEST(gemm_s16, every_forced_level_is_exact) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const char *level : {"scalar", "avx2", "avx512"}) {
    const auto forced = [level] {
      setenv("EPX_CPU", level, 1);
      Random random;
      Problem(random, {29, 70, 3, 52}, {false, 4095, 128}, false).expect_dispatch_exact();
      std::exit(HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
    };
    EXPECT_EXIT(forced(), testing::ExitedWithCode(EXIT_SUCCESS), "") << level;
  }
}

}  // namespace
