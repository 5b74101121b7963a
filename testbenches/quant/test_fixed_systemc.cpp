// SPDX-License-Identifier: Apache-2.0
// Fixed-point arithmetic bit for bit against sc_fix and sc_ufix of IEEE 1666 (SystemC 2.3.4), in
// every rounding and overflow mode, flags included. Conversions between all formats of up to 8 bits
// are exhaustive, one case for each target format; wider ones are random.
#define SC_INCLUDE_FX
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <systemc>
#include <utility>
#include <vector>

#include "epx_fixed.h"
#include "epx_quantize.h"
#include "quant/quant_random.h"

// The SystemC library brings a main() of its own that calls sc_main(); this program has neither
// modules nor time, and takes GoogleTest's part itself.
int sc_main(int, char **) {
  return 1;
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

namespace {

using quant_test::make_format;
using quant_test::text_of;

struct Modes {
  epx_round_t rounding;
  epx_overflow_t overflow;
  int saturated_bits;
};

constexpr std::pair<epx_round_t, sc_dt::sc_q_mode> all_roundings[] = {
    {EPX_ROUND_NEAREST_UP, sc_dt::SC_RND},           {EPX_ROUND_NEAREST_ZERO, sc_dt::SC_RND_ZERO},
    {EPX_ROUND_NEAREST_DOWN, sc_dt::SC_RND_MIN_INF}, {EPX_ROUND_NEAREST_AWAY, sc_dt::SC_RND_INF},
    {EPX_ROUND_NEAREST_EVEN, sc_dt::SC_RND_CONV},    {EPX_ROUND_TRUNCATE, sc_dt::SC_TRN},
    {EPX_ROUND_TRUNCATE_ZERO, sc_dt::SC_TRN_ZERO}};

constexpr std::pair<epx_overflow_t, sc_dt::sc_o_mode> all_overflows[] = {
    {EPX_OVERFLOW_SAT, sc_dt::SC_SAT},
    {EPX_OVERFLOW_SAT_ZERO, sc_dt::SC_SAT_ZERO},
    {EPX_OVERFLOW_SAT_SYM, sc_dt::SC_SAT_SYM},
    {EPX_OVERFLOW_WRAP, sc_dt::SC_WRAP},
    {EPX_OVERFLOW_WRAP_SM, sc_dt::SC_WRAP_SM}};

template <typename Pairs, typename Mode>
auto partner(const Pairs &pairs, Mode mode) {
  for (const auto &pair : pairs) {
    if (pair.first == mode) {
      return pair.second;
    }
  }
  throw std::logic_error("no such mode");
}

// A fixed-point variable of IEEE 1666 with a format, read as a code.
class Variable {
 public:
  explicit Variable(epx_qformat_t format, Modes modes = {EPX_ROUND_TRUNCATE, EPX_OVERFLOW_SAT, 0})
      : format_(format), modes_(modes), scale_(std::ldexp(1.0, format.fraction_bits)) {
    const int bits = epx_qformat_bits(format);
    const int integer = format.integer_bits + (format.is_signed ? 1 : 0);
    const sc_dt::sc_q_mode q = partner(all_roundings, modes.rounding);
    const sc_dt::sc_o_mode o = partner(all_overflows, modes.overflow);
    if (format.is_signed) {
      signed_ = std::make_unique<sc_dt::sc_fix>(bits, integer, q, o, modes.saturated_bits);
      number_ = signed_.get();
    } else {
      unsigned_ = std::make_unique<sc_dt::sc_ufix>(bits, integer, q, o, modes.saturated_bits);
      number_ = unsigned_.get();
    }
  }
  // Holds a code of the format.
  const sc_dt::sc_fxnum &set(int64_t code) {
    *number_ = std::ldexp(static_cast<double>(code), -format_.fraction_bits);
    if (read() != code) {
      throw std::logic_error("a code of its own format did not fit");
    }
    return *number_;
  }
  template <typename Value>
  int64_t assign(const Value &value) {
    *number_ = value;
    return read();
  }
  // Compares the code and the flags that a fresh context got with those after assigning `exact`.
  template <typename Value>
  ::testing::AssertionResult agrees(int64_t code, const epx_fixed_t &fixed, const Value &exact) {
    const int64_t expected = assign(exact);
    const bool inexact = (fixed.flags & EPX_FIXED_INEXACT) != 0;
    const bool overflow = (fixed.flags & EPX_FIXED_OVERFLOW) != 0;
    if (code == expected && inexact == number_->quantization_flag() &&
        overflow == number_->overflow_flag()) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure()
           << "in " << text_of(format_) << " rounding " << modes_.rounding << " overflow "
           << modes_.overflow << " n_bits " << modes_.saturated_bits << ": " << code << " inexact "
           << inexact << " overflow " << overflow << ", SystemC " << expected << " "
           << number_->quantization_flag() << " " << number_->overflow_flag();
  }
  epx_qformat_t format() const { return format_; }
  epx_fixed_t context() const {
    epx_fixed_t fixed = epx_fixed_make(modes_.rounding, modes_.overflow);
    fixed.saturated_bits = modes_.saturated_bits;
    return fixed;
  }

 private:
  int64_t read() const { return static_cast<int64_t>(number_->to_double() * scale_); }

  epx_qformat_t format_;
  Modes modes_;
  double scale_;
  std::unique_ptr<sc_dt::sc_fix> signed_;
  std::unique_ptr<sc_dt::sc_ufix> unsigned_;
  sc_dt::sc_fxnum *number_ = nullptr;
};

// A variable for each rounding, overflow mode and number of saturated bits from 0 to the width.
std::vector<Variable> every_mode(epx_qformat_t format) {
  std::vector<Variable> variables;
  for (const auto &rounding : all_roundings) {
    for (const auto &overflow : all_overflows) {
      const bool wraps =
          overflow.first == EPX_OVERFLOW_WRAP || overflow.first == EPX_OVERFLOW_WRAP_SM;
      if (overflow.first == EPX_OVERFLOW_WRAP_SM && !format.is_signed) {
        continue;
      }
      for (int n = 0; n <= (wraps ? epx_qformat_bits(format) : 0); n++) {
        variables.emplace_back(format, Modes{rounding.first, overflow.first, n});
      }
    }
  }
  return variables;
}

// The numbers of dropped bits that can differ: below -(bits + 1) all low bits are 0, above the
// source's bits + 1 all values are below a quarter of a code; some far ones show that it is so.
std::vector<int> dropped_bits(int from_bits, int to_bits) {
  std::vector<int> dropped = {-100, -64, -33, 33, 64, 100};
  for (int d = -(to_bits + 2); d <= from_bits + 2; d++) {
    dropped.push_back(d);
  }
  return dropped;
}

class exhaustive : public testing::TestWithParam<std::tuple<bool, int>> {};

TEST_P(exhaustive, conversions_are_alike) {
  const auto [to_signed, to_bits] = GetParam();
  const epx_qformat_t to = make_format(to_signed, to_bits, 5);
  std::vector<Variable> targets = every_mode(to);
  uint64_t compared = 0;
  for (const bool is_signed : {false, true}) {
    for (int bits = 1; bits <= 8; bits++) {
      for (const int dropped : dropped_bits(bits, to_bits)) {
        const epx_qformat_t from = make_format(is_signed, bits, 5 + dropped);
        Variable source(from);
        for (int64_t code = epx_qformat_min(from); code <= epx_qformat_max(from); code++) {
          const sc_dt::sc_fxnum &number = source.set(code);
          for (Variable &target : targets) {
            epx_fixed_t fixed = target.context();
            const int64_t result = epx_fixed_convert(&fixed, code, from, to);
            ASSERT_TRUE(target.agrees(result, fixed, number)) << code << " " << text_of(from);
            compared++;
          }
        }
      }
    }
  }
  std::printf("%llu conversions to %s\n", static_cast<unsigned long long>(compared),
              text_of(to).c_str());
}

std::string name_of(const testing::TestParamInfo<std::tuple<bool, int>> &info) {
  return (std::get<0>(info.param) ? "signed" : "unsigned") +
         std::to_string(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(systemc, exhaustive,
                         testing::Combine(testing::Bool(), testing::Range(1, 9)), name_of);

// Every pair of codes of up to 3 bits in two formats, added, subtracted and multiplied into 1 to 4
// bits in every mode.
class pairs : public testing::TestWithParam<std::tuple<bool, int>> {};

void expect_pair(Variable &x, int64_t a, Variable &y, int64_t b, std::vector<Variable> &targets) {
  const epx_qformat_t fa = x.format();
  const epx_qformat_t fb = y.format();
  const sc_dt::sc_fxval sum = x.set(a) + y.set(b);
  const sc_dt::sc_fxval difference = x.set(a) - y.set(b);
  const sc_dt::sc_fxval product = x.set(a) * y.set(b);
  for (Variable &target : targets) {
    const epx_qformat_t to = target.format();
    epx_fixed_t fixed = target.context();
    int64_t code = epx_fixed_add(&fixed, a, fa, b, fb, to);
    ASSERT_TRUE(target.agrees(code, fixed, sum)) << a << text_of(fa) << " + " << b << text_of(fb);
    fixed = target.context();
    code = epx_fixed_subtract(&fixed, a, fa, b, fb, to);
    ASSERT_TRUE(target.agrees(code, fixed, difference))
        << a << text_of(fa) << " - " << b << text_of(fb);
    fixed = target.context();
    code = epx_fixed_multiply(&fixed, a, fa, b, fb, to);
    ASSERT_TRUE(target.agrees(code, fixed, product))
        << a << text_of(fa) << " * " << b << text_of(fb);
  }
}

TEST_P(pairs, binary_operations_are_alike) {
  const auto [to_signed, to_bits] = GetParam();
  for (const int to_fraction : {-2, 0, 2}) {
    std::vector<Variable> targets = every_mode(make_format(to_signed, to_bits, to_fraction));
    for (int which = 0; which < 36; which++) {
      const int fraction = which % 3 == 0 ? 0 : which % 3 == 1 ? -2 : 35;
      const epx_qformat_t fa = make_format(which % 2 != 0, 1 + which / 2 % 3, 1);
      for (int other = 0; other < 6; other++) {
        const epx_qformat_t fb = make_format(other % 2 != 0, 1 + other / 2, fraction);
        Variable x(fa);
        Variable y(fb);
        for (int64_t a = epx_qformat_min(fa); a <= epx_qformat_max(fa); a++) {
          for (int64_t b = epx_qformat_min(fb); b <= epx_qformat_max(fb); b++) {
            expect_pair(x, a, y, b, targets);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(systemc, pairs, testing::Combine(testing::Bool(), testing::Range(1, 5)),
                         name_of);

Modes random_modes(quant_test::Random &random, epx_qformat_t format) {
  const int64_t overflows = format.is_signed ? 4 : 3;
  return {all_roundings[random.between(0, 6)].first,
          all_overflows[random.between(0, overflows)].first,
          static_cast<int>(random.between(0, epx_qformat_bits(format) + 1))};
}

// One random operation into the target.
void expect_random(quant_test::Random &random, Variable &x, Variable &y, Variable &target) {
  const epx_qformat_t fa = x.format();
  const epx_qformat_t fb = y.format();
  const epx_qformat_t to = target.format();
  const int64_t a = random.code(fa);
  const int64_t b = random.code(fb);
  const int64_t kind = random.between(0, 9);
  epx_fixed_t fixed = target.context();
  const sc_dt::sc_fxnum &left = x.set(a);
  sc_dt::sc_fxval exact;
  int64_t code = 0;
  if (kind < 4) {
    code = epx_fixed_convert(&fixed, a, fa, to);
    exact = left;
  } else if (kind == 4) {
    code = epx_fixed_add(&fixed, a, fa, b, fb, to);
    exact = left + y.set(b);
  } else if (kind == 5) {
    code = epx_fixed_subtract(&fixed, a, fa, b, fb, to);
    exact = left - y.set(b);
  } else if (kind <= 7) {
    code = epx_fixed_multiply(&fixed, a, fa, b, fb, to);
    exact = left * y.set(b);
  } else if (kind == 8) {
    const int64_t codes[] = {a, a};
    const int64_t factors[] = {a, epx_qformat_max(fa)};
    code = epx_fixed_multiply_accumulate(&fixed, codes, fa, factors, fa, 2, b, fb, to);
    exact = left * left;
    exact += left * sc_dt::sc_fxval(epx_dequantize(factors[1], fa));
    exact += y.set(b);
  } else {
    const int amount = static_cast<int>(random.between(-70, 70));
    code = epx_fixed_shift(&fixed, a, fa, amount, to);
    exact = amount >= 0 ? sc_dt::sc_fxval(left) << amount : sc_dt::sc_fxval(left) >> -amount;
  }
  ASSERT_TRUE(target.agrees(code, fixed, exact))
      << "kind " << kind << ": " << a << " " << text_of(fa) << ", " << b << " " << text_of(fb);
}

class wide : public testing::TestWithParam<int> {};

TEST_P(wide, random_operations_are_alike) {
  quant_test::Random random;
  for (int i = 0; i < 86000; i++) {
    const epx_qformat_t fa = random.format_near(32, 16, 24);
    const epx_qformat_t fb = random.format_near(32, fa.fraction_bits, 24);
    const epx_qformat_t to =
        random.format_near(32, fa.fraction_bits + random.between(0, 1) * fb.fraction_bits, 40);
    Variable x(fa);
    Variable y(fb);
    Variable target(to, random_modes(random, to));
    for (int operation = 0; operation < 16; operation++) {
      expect_random(random, x, y, target);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

// 8 * 1 280 000 = 10 240 000 operations.
INSTANTIATE_TEST_SUITE_P(systemc, wide, testing::Range(0, 8));

TEST(systemc, doubles_convert_alike) {
  quant_test::Random random;
  for (int i = 0; i < 100000; i++) {
    const epx_qformat_t to = random.format_near(32, 16, 28);
    Variable target(to, random_modes(random, to));
    const double step = std::ldexp(1.0, -to.fraction_bits);
    double value = static_cast<double>(random.code(to)) * step;
    const double nudges[] = {0.5, std::ldexp(static_cast<double>(random.between(-999, 999)), -9),
                             std::ldexp(1.0, -20), 0, -0.5};
    value += nudges[random.between(0, 4)] * step;
    value =
        std::ldexp(value, static_cast<int>(random.between(0, 2) == 0 ? random.between(-34, 9) : 0));
    epx_fixed_t fixed = target.context();
    const int64_t code = epx_fixed_from_double(&fixed, value, to);
    ASSERT_TRUE(target.agrees(code, fixed, value)) << std::hexfloat << value;
  }
}

TEST(systemc, comparisons_are_alike) {
  quant_test::Random random;
  for (int i = 0; i < 200000; i++) {
    const epx_qformat_t fa = random.format_near(32, 8, 20);
    const epx_qformat_t fb = random.format_near(32, fa.fraction_bits, 20);
    Variable x(fa);
    Variable y(fb);
    const int64_t a = random.code(fa);
    epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_TRUNCATE, EPX_OVERFLOW_SAT);
    const int64_t b =
        random.between(0, 1) != 0 ? random.code(fb) : epx_fixed_convert(&fixed, a, fa, fb);
    const sc_dt::sc_fxnum &left = x.set(a);
    const sc_dt::sc_fxnum &right = y.set(b);
    ASSERT_EQ(epx_fixed_compare(a, fa, b, fb), (left > right) - (left < right))
        << a << " " << text_of(fa) << ", " << b << " " << text_of(fb);
  }
}

// SystemC refuses sign-magnitude wrapping of unsigned numbers; so does epx_fixed_legal().
TEST(systemc, unsigned_sign_magnitude_wrapping_is_refused) {
  const epx_qformat_t to = make_format(false, 8, 0);
  EXPECT_THROW(Variable(to, {EPX_ROUND_TRUNCATE, EPX_OVERFLOW_WRAP_SM, 0}), sc_core::sc_report);
  const epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_TRUNCATE, EPX_OVERFLOW_WRAP_SM);
  EXPECT_FALSE(epx_fixed_legal(&fixed, to));
  EXPECT_TRUE(epx_fixed_legal(&fixed, make_format(true, 8, 0)));
}

}  // namespace
