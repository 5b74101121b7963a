// SPDX-License-Identifier: Apache-2.0
// Fixed-point arithmetic, all modes, codes and flags, against exact fractions (quant_exact.h):
// every operation, formats as far apart as they can be, boundary operands and random ones.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "epx_fixed.h"
#include "quant/quant_exact.h"
#include "quant/quant_random.h"

namespace {

using quant_test::all_modes;
using quant_test::Big;
using quant_test::Exact;
using quant_test::Expected;
using quant_test::expected_of;
using quant_test::make_format;
using quant_test::Random;
using quant_test::sum_of;
using quant_test::text_of;

constexpr epx_overflow_t all_overflows[] = {EPX_OVERFLOW_SAT, EPX_OVERFLOW_SAT_ZERO,
                                            EPX_OVERFLOW_SAT_SYM, EPX_OVERFLOW_WRAP,
                                            EPX_OVERFLOW_WRAP_SM};

uint32_t given_draw(void *state) {
  return *static_cast<uint32_t *>(state);
}

// Modes for a target, with a fixed draw.
struct Context {
  Context(Random &random, epx_qformat_t to) : draw(random.bits() & 0xffffu) {
    fixed = epx_fixed_make(all_modes[random.between(0, 7)],
                           all_overflows[random.between(0, to.is_signed ? 4 : 3)]);
    fixed.saturated_bits = static_cast<int>(random.between(0, epx_qformat_bits(to) + 1));
  }
  epx_fixed_t *fresh() {
    fixed.draw16 = given_draw;
    fixed.draw_state = &draw;
    fixed.flags = 0;
    return &fixed;
  }
  void expect(int64_t code, const Exact &exact, epx_qformat_t to, const char *operation) {
    const Expected expected = expected_of(fixed, exact, to, draw);
    ASSERT_EQ(code, expected.code) << operation << describe(to);
    ASSERT_EQ(fixed.flags, expected.flags) << operation << describe(to);
  }
  std::string describe(epx_qformat_t to) const {
    return " into " + text_of(to) + " rounding " + std::to_string(fixed.rounding) + " overflow " +
           std::to_string(fixed.overflow) + " n_bits " + std::to_string(fixed.saturated_bits) +
           " draw " + std::to_string(draw);
  }
  uint32_t draw;
  epx_fixed_t fixed;
};

Exact exact(int64_t code, epx_qformat_t format) {
  return {Big(code), format.fraction_bits};
}

// All operations on two operands and a third addend into one target.
void expect_operations(Random &random, int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb,
                       epx_qformat_t to) {
  SCOPED_TRACE(std::to_string(a) + " " + text_of(fa) + ", " + std::to_string(b) + " " +
               text_of(fb));
  Context c(random, to);
  const Exact product = {Big(a).times(b), fa.fraction_bits + fb.fraction_bits};
  const int amount = static_cast<int>(random.between(-140, 140));
  c.expect(epx_fixed_convert(c.fresh(), a, fa, to), exact(a, fa), to, "convert");
  c.expect(epx_fixed_add(c.fresh(), a, fa, b, fb, to), sum_of(exact(a, fa), exact(b, fb)), to,
           "add");
  c.expect(epx_fixed_subtract(c.fresh(), a, fa, b, fb, to),
           sum_of(exact(a, fa), {Big(b).opposite(), fb.fraction_bits}), to, "subtract");
  c.expect(epx_fixed_multiply(c.fresh(), a, fa, b, fb, to), product, to, "multiply");
  c.expect(epx_fixed_multiply_accumulate(c.fresh(), &a, fa, &b, fb, 1, a, fa, to),
           sum_of(product, exact(a, fa)), to, "multiply-accumulate");
  c.expect(epx_fixed_shift(c.fresh(), a, fa, amount, to), {Big(a), fa.fraction_bits - amount}, to,
           "shift");
  const Exact difference = sum_of(exact(a, fa), {Big(b).opposite(), fb.fraction_bits});
  const int order = difference.numerator.zero() ? 0 : difference.numerator.negative() ? -1 : 1;
  ASSERT_EQ(epx_fixed_compare(a, fa, b, fb), order);
}

class fixed : public testing::TestWithParam<int> {};

TEST_P(fixed, random_operations_are_exact_and_their_flags_true) {
  Random random;
  for (int i = 0; i < 15000 && !HasFatalFailure(); i++) {
    const epx_qformat_t fa = random.format_near(32, 12, 20);
    const epx_qformat_t fb = random.format_near(32, fa.fraction_bits, 30);
    const epx_qformat_t to =
        random.format_near(32, fa.fraction_bits + random.between(0, 1) * fb.fraction_bits, 40);
    expect_operations(random, random.code(fa), fa, random.code(fb), fb, to);
  }
}

TEST_P(fixed, boundary_operands_in_formats_far_apart) {
  Random random;
  const int fractions[] = {-95, -64, -33, 0, 17, 33, 64, 65, 127};
  for (const int first : fractions) {
    for (const int second : fractions) {
      for (const int third : fractions) {
        const auto bits = [&] {
          return random.between(0, 1) ? 32 : static_cast<int>(random.between(1, 32));
        };
        const epx_qformat_t fa = make_format(random.between(0, 1), bits(), first);
        const epx_qformat_t fb = make_format(random.between(0, 1), bits(), second);
        const epx_qformat_t to = make_format(random.between(0, 1), bits(), third);
        for (const int64_t a : {epx_qformat_min(fa), epx_qformat_max(fa), INT64_C(0)}) {
          for (const int64_t b : {epx_qformat_min(fb), epx_qformat_max(fb), INT64_C(0)}) {
            expect_operations(random, a, fa, b, fb, to);
            if (HasFatalFailure()) {
              return;
            }
          }
        }
      }
    }
  }
}

TEST_P(fixed, long_sums_of_products_are_rounded_once) {
  Random random;
  for (int i = 0; i < 3000 && !HasFatalFailure(); i++) {
    const epx_qformat_t fa = random.format_near(32, 12, 20);
    const epx_qformat_t fb = random.format_near(32, 12, 20);
    const int place = fa.fraction_bits + fb.fraction_bits;
    const epx_qformat_t fc = random.format_near(32, place, 90);
    const epx_qformat_t to = random.format_near(32, place, 60);
    std::vector<int64_t> a;
    std::vector<int64_t> b;
    Big sum;
    for (int64_t k = random.between(0, 40); k > 0; k--) {
      a.push_back(random.code(fa));
      b.push_back(random.code(fb));
      sum = sum.plus(Big(a.back()).times(b.back()));
    }
    const int64_t c = random.code(fc);
    Context context(random, to);
    const int64_t code = epx_fixed_multiply_accumulate(context.fresh(), a.data(), fa, b.data(), fb,
                                                       a.size(), c, fc, to);
    context.expect(code, sum_of({sum, place}, exact(c, fc)), to, "multiply-accumulate");
  }
}

INSTANTIATE_TEST_SUITE_P(shard, fixed, testing::Range(0, 4));

// Draws that just reach, and just miss, the one that goes up; random draws hardly ever do.
TEST(fixed_stochastic, draws_next_to_the_threshold_are_exact) {
  Random random;
  for (int i = 0; i < 20000; i++) {
    const auto dropped = static_cast<int>(random.between(1, 31));
    const epx_qformat_t from = make_format(random.between(0, 1) != 0, 32, 20);
    const epx_qformat_t to = make_format(true, 32, 20 - dropped);
    const int64_t code = random.code(from);
    const int64_t fraction = (code & ((INT64_C(1) << dropped) - 1)) * 65536 >> dropped;
    for (int64_t draw = 65536 - fraction - 1; draw <= 65536 - fraction && draw < 65536; draw++) {
      Context c(random, to);
      c.fixed.rounding = EPX_ROUND_STOCHASTIC;
      c.draw = static_cast<uint32_t>(draw);
      c.expect(epx_fixed_convert(c.fresh(), code, from, to), exact(code, from), to, "convert");
      ASSERT_FALSE(HasFatalFailure()) << code << " " << text_of(from);
    }
  }
}

TEST(fixed_double, doubles_are_exact_and_their_flags_true) {
  Random random;
  for (int i = 0; i < 60000; i++) {
    const epx_qformat_t to = random.format_near(32, 12, 30);
    const int64_t mantissa = random.between(-(INT64_C(1) << 53), INT64_C(1) << 53);
    const int64_t near = to.fraction_bits + random.between(-10, 70);
    const auto fraction = static_cast<int>(random.between(0, 3) != 0 ? near : near * 2);
    const int64_t odd = mantissa >> random.between(0, 53);
    Context c(random, to);
    const int64_t code =
        epx_fixed_from_double(c.fresh(), std::ldexp(static_cast<double>(odd), -fraction), to);
    c.expect(code, {Big(odd), fraction}, to, "from double");
    ASSERT_FALSE(HasFatalFailure()) << odd << " * 2^-" << fraction;
  }
}

TEST(fixed_double, infinities_overflow_and_nan_is_invalid) {
  const double infinity = std::numeric_limits<double>::infinity();
  const epx_qformat_t to = make_format(true, 8, 6);
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_NEAREST_EVEN, EPX_OVERFLOW_SAT_SYM);
  EXPECT_EQ(epx_fixed_from_double(&fixed, infinity, to), 127);
  EXPECT_EQ(epx_fixed_from_double(&fixed, -infinity, to), -127);
  EXPECT_EQ(fixed.flags, EPX_FIXED_OVERFLOW | EPX_FIXED_SATURATED);
  fixed.overflow = EPX_OVERFLOW_WRAP;
  EXPECT_EQ(epx_fixed_from_double(&fixed, infinity, to), 0);
  EXPECT_EQ(epx_fixed_from_double(&fixed, std::nan(""), to), 0);
  EXPECT_EQ(fixed.flags, EPX_FIXED_OVERFLOW | EPX_FIXED_SATURATED | EPX_FIXED_INVALID);
  EXPECT_EQ(fixed.operations, 4u);
  EXPECT_EQ(fixed.overflows, 3u);
}

TEST(fixed_context, flags_stick_and_counters_count) {
  const epx_qformat_t fine = make_format(true, 16, 8);
  const epx_qformat_t coarse = make_format(true, 8, 4);
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_TRUNCATE, EPX_OVERFLOW_SAT);
  EXPECT_EQ(epx_fixed_convert(&fixed, 0x10, fine, coarse), 1);
  EXPECT_EQ(fixed.flags, 0u);
  EXPECT_EQ(epx_fixed_convert(&fixed, 0x11, fine, coarse), 1);
  EXPECT_EQ(fixed.flags, EPX_FIXED_INEXACT);
  EXPECT_EQ(epx_fixed_convert(&fixed, 0x7ff0, fine, coarse), 127);
  EXPECT_EQ(epx_fixed_convert(&fixed, 0x10, fine, coarse), 1);
  EXPECT_EQ(fixed.flags, EPX_FIXED_INEXACT | EPX_FIXED_OVERFLOW | EPX_FIXED_SATURATED);
  fixed.overflow = EPX_OVERFLOW_WRAP;
  EXPECT_EQ(epx_fixed_convert(&fixed, 0x7ff1, fine, coarse), -1);
  EXPECT_EQ(fixed.operations, 5u);
  EXPECT_EQ(fixed.inexact, 2u);
  EXPECT_EQ(fixed.overflows, 2u);
  EXPECT_EQ(fixed.saturated, 1u);
}

TEST(fixed_context, illegal_contexts_are_told) {
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_STOCHASTIC, EPX_OVERFLOW_WRAP);
  const epx_qformat_t to = make_format(true, 1, 0);
  EXPECT_FALSE(epx_fixed_legal(&fixed, to));
  fixed.draw16 = given_draw;
  EXPECT_TRUE(epx_fixed_legal(&fixed, to));
  EXPECT_FALSE(epx_fixed_legal(&fixed, {true, -1, 0}));
  fixed.saturated_bits = -1;
  EXPECT_FALSE(epx_fixed_legal(&fixed, to));
}

}  // namespace
