// SPDX-License-Identifier: Apache-2.0
// Bit for bit against the fixed-point types of IEEE 1666: quantise, saturating add and multiply
// with SC_RND_CONV and SC_TRN, SC_SAT; exhaustive up to 5 bits, random up to 32.
#define SC_INCLUDE_FX
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <systemc>
#include <vector>

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

constexpr epx_round_t shared_modes[] = {EPX_ROUND_NEAREST_EVEN, EPX_ROUND_TRUNCATE};

// A fixed-point variable of IEEE 1666 with a format, read as a code.
class Variable {
 public:
  Variable(epx_qformat_t format, epx_round_t mode) : scale_(std::ldexp(1.0, format.fraction_bits)) {
    const int bits = epx_qformat_bits(format);
    const int integer = format.integer_bits + (format.is_signed ? 1 : 0);
    const sc_dt::sc_q_mode q = mode == EPX_ROUND_TRUNCATE ? sc_dt::SC_TRN : sc_dt::SC_RND_CONV;
    if (format.is_signed) {
      signed_ = std::make_unique<sc_dt::sc_fix>(bits, integer, q, sc_dt::SC_SAT);
      number_ = signed_.get();
    } else {
      unsigned_ = std::make_unique<sc_dt::sc_ufix>(bits, integer, q, sc_dt::SC_SAT);
      number_ = unsigned_.get();
    }
  }
  template <typename Value>
  int64_t assign(const Value &value) {
    *number_ = value;
    return static_cast<int64_t>(number_->to_double() * scale_);
  }
  const sc_dt::sc_fxnum &number() const { return *number_; }

 private:
  double scale_;
  std::unique_ptr<sc_dt::sc_fix> signed_;
  std::unique_ptr<sc_dt::sc_ufix> unsigned_;
  sc_dt::sc_fxnum *number_ = nullptr;
};

// Calls check(is_signed, bits) for the nine legal formats of up to 5 bits.
template <typename Check>
void for_narrow_formats(Check check) {
  for (const bool is_signed : {false, true}) {
    for (int bits = is_signed ? 2 : 1; bits <= 5; bits++) {
      check(is_signed, bits);
    }
  }
}

TEST(systemc, narrow_formats_quantise_alike_exhaustively) {
  for_narrow_formats([](bool is_signed, int bits) {
    for (int fraction = -2; fraction <= 7; fraction++) {
      const epx_qformat_t format = make_format(is_signed, bits, fraction);
      for (const epx_round_t mode : shared_modes) {
        Variable variable(format, mode);
        for (int eighths = -300; eighths <= 300; eighths++) {  // eighths of a code
          const double value = std::ldexp(eighths, -3 - fraction);
          ASSERT_EQ(epx_quantize(value, format, mode, 0), variable.assign(value))
              << value << " in " << text_of(format) << " mode " << mode;
        }
      }
    }
  });
}

TEST(systemc, wide_formats_quantise_alike) {
  quant_test::Random random;
  for (int i = 0; i < 40000; i++) {
    const epx_qformat_t format = random.format(32, -12, 44);
    double value = static_cast<double>(random.code(format));
    switch (random.between(0, 3)) {
      case 0:
        value += 0.5;
        break;
      case 1:
        value += std::ldexp(static_cast<double>(random.between(-1000, 1000)), -9);
        break;
      case 2:
        value *= std::ldexp(1.0, static_cast<int>(random.between(-34, 3)));
        break;
      default:
        value += std::ldexp(1.0, -20);
        break;
    }
    value = std::ldexp(value, -format.fraction_bits);
    for (const epx_round_t mode : shared_modes) {
      Variable variable(format, mode);
      ASSERT_EQ(epx_quantize(value, format, mode, 0), variable.assign(value))
          << std::hexfloat << value << " in " << text_of(format) << " mode " << mode;
    }
  }
}

void expect_sum(int64_t a, int64_t b, epx_qformat_t format, Variable &x, Variable &y,
                Variable &sum) {
  ASSERT_EQ(x.assign(epx_dequantize(a, format)), a);
  ASSERT_EQ(y.assign(epx_dequantize(b, format)), b);
  ASSERT_EQ(epx_add_saturated(a, b, format), sum.assign(x.number() + y.number()))
      << a << " + " << b << " in " << text_of(format);
}

TEST(systemc, sums_saturate_alike) {
  for_narrow_formats([](bool is_signed, int bits) {
    for (const int fraction : {-1, 0, 3, 9}) {
      const epx_qformat_t format = make_format(is_signed, bits, fraction);
      Variable x(format, EPX_ROUND_TRUNCATE);
      Variable y(format, EPX_ROUND_TRUNCATE);
      Variable sum(format, EPX_ROUND_NEAREST_EVEN);
      for (int64_t a = epx_qformat_min(format); a <= epx_qformat_max(format); a++) {
        for (int64_t b = epx_qformat_min(format); b <= epx_qformat_max(format); b++) {
          expect_sum(a, b, format, x, y, sum);
        }
      }
    }
  });
  quant_test::Random random;
  for (int i = 0; i < 20000; i++) {
    const epx_qformat_t format = random.format(32, -12, 44);
    Variable x(format, EPX_ROUND_TRUNCATE);
    Variable y(format, EPX_ROUND_TRUNCATE);
    Variable sum(format, EPX_ROUND_NEAREST_EVEN);
    expect_sum(random.code(format), random.code(format), format, x, y, sum);
  }
}

// A result format of the multiply, with its variable in both modes.
struct Result {
  epx_qformat_t format;
  epx_round_t mode;
  std::unique_ptr<Variable> variable;
};

// The nine narrow formats at each number of dropped bits from -2 to 10, in both modes.
std::vector<Result> narrow_results(int fraction_of_product) {
  std::vector<Result> results;
  for_narrow_formats([&](bool is_signed, int bits) {
    for (int dropped = -2; dropped <= 10; dropped++) {
      const epx_qformat_t format = make_format(is_signed, bits, fraction_of_product - dropped);
      for (const epx_round_t mode : shared_modes) {
        results.push_back({format, mode, std::make_unique<Variable>(format, mode)});
      }
    }
  });
  return results;
}

void expect_products(epx_qformat_t fa, epx_qformat_t fb, const std::vector<Result> &results) {
  Variable x(fa, EPX_ROUND_TRUNCATE);
  Variable y(fb, EPX_ROUND_TRUNCATE);
  for (int64_t a = epx_qformat_min(fa); a <= epx_qformat_max(fa); a++) {
    ASSERT_EQ(x.assign(epx_dequantize(a, fa)), a);
    for (int64_t b = epx_qformat_min(fb); b <= epx_qformat_max(fb); b++) {
      ASSERT_EQ(y.assign(epx_dequantize(b, fb)), b);
      const sc_dt::sc_fxval product = x.number() * y.number();
      for (const Result &result : results) {
        ASSERT_EQ(epx_multiply(a, fa, b, fb, result.format, result.mode, 0),
                  result.variable->assign(product))
            << a << " (" << text_of(fa) << ") * " << b << " (" << text_of(fb) << ") in "
            << text_of(result.format) << " mode " << result.mode;
      }
    }
  }
}

// Every pair of formats and codes up to 5 bits. Where the binary points of the operands stand does
// not change the codes; it is drawn at random, their sum fixed.
TEST(systemc, narrow_products_are_alike_exhaustively) {
  quant_test::Random random;
  const int fraction_of_product = 6;
  const std::vector<Result> results = narrow_results(fraction_of_product);
  for_narrow_formats([&](bool a_signed, int a_bits) {
    for_narrow_formats([&](bool b_signed, int b_bits) {
      const int fraction = static_cast<int>(random.between(-4, 10));
      expect_products(make_format(a_signed, a_bits, fraction),
                      make_format(b_signed, b_bits, fraction_of_product - fraction), results);
    });
  });
}

TEST(systemc, wide_products_are_alike) {
  quant_test::Random random;
  for (int i = 0; i < 40000; i++) {
    const epx_qformat_t fa = random.format(32, -8, 40);
    const epx_qformat_t fb = random.format(32, -8, 40);
    const int dropped = static_cast<int>(random.between(-6, 66));
    const int bits = static_cast<int>(random.between(2, 32));
    const int fraction = fa.fraction_bits + fb.fraction_bits - dropped;
    const epx_qformat_t fr = make_format(random.between(0, 1) != 0, bits, fraction);
    const int64_t a = random.code(fa);
    const int64_t b = random.code(fb);
    Variable x(fa, EPX_ROUND_TRUNCATE);
    Variable y(fb, EPX_ROUND_TRUNCATE);
    ASSERT_EQ(x.assign(epx_dequantize(a, fa)), a);
    ASSERT_EQ(y.assign(epx_dequantize(b, fb)), b);
    for (const epx_round_t mode : shared_modes) {
      Variable result(fr, mode);
      ASSERT_EQ(epx_multiply(a, fa, b, fb, fr, mode, 0), result.assign(x.number() * y.number()))
          << a << " (" << text_of(fa) << ") * " << b << " (" << text_of(fb) << ") in "
          << text_of(fr) << " mode " << mode;
    }
  }
}

}  // namespace
