// SPDX-License-Identifier: Apache-2.0
// The feedback register: its bits by a bit-serial reference, its period by algebra over GF(2), its
// use for rounding.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <deque>

#include "epx_fixed.h"
#include "epx_lfsr.h"
#include "epx_quantize.h"
#include "quant/quant_random.h"

namespace {

// The recurrence as written, one bit at a time: b[n+32] = b[n+22] ^ b[n+2] ^ b[n+1] ^ b[n].
class SerialReference {
 public:
  explicit SerialReference(uint32_t state) {
    for (int i = 0; i < 32; i++) {
      window_.push_back((state >> i & 1u) != 0);
    }
  }
  bool step() {
    const bool entering = window_[22] != (window_[2] != (window_[1] != window_[0]));
    window_.pop_front();
    window_.push_back(entering);
    return entering;
  }
  uint32_t state() const {
    uint32_t state = 0;
    for (int i = 0; i < 32; i++) {
      state |= static_cast<uint32_t>(window_[static_cast<size_t>(i)]) << i;
    }
    return state;
  }

 private:
  std::deque<bool> window_;
};

constexpr uint64_t period = UINT64_C(0xffffffff);
constexpr uint64_t period_factors[] = {3, 5, 17, 257, 65537};

TEST(lfsr, step8_is_eight_serial_steps) {
  quant_test::Random random;
  for (int i = 0; i < 20000; i++) {
    const auto seed = static_cast<uint32_t>(i < 32 ? UINT32_C(1) << i : random.bits() | 1u);
    epx_lfsr_t lfsr = epx_lfsr_seed(seed);
    SerialReference serial(seed);
    epx_lfsr_step8(&lfsr);
    for (int bit = 0; bit < 8; bit++) {
      serial.step();
    }
    ASSERT_EQ(lfsr.state, serial.state()) << "seed " << seed;
  }
}

TEST(lfsr, draws_are_the_16_bits_that_entered) {
  quant_test::Random random;
  const auto seed = static_cast<uint32_t>(random.bits() | 1u);
  epx_lfsr_t lfsr = epx_lfsr_seed(seed);
  SerialReference serial(seed);
  for (int draw = 0; draw < 20000; draw++) {
    uint32_t expected = 0;
    for (int bit = 0; bit < 16; bit++) {
      expected |= static_cast<uint32_t>(serial.step()) << bit;
    }
    ASSERT_EQ(epx_lfsr_next16(&lfsr), expected) << "seed " << seed << " draw " << draw;
  }
}

TEST(lfsr, any_seed_is_legal) {
  EXPECT_NE(epx_lfsr_seed(0).state, 0u);
  EXPECT_EQ(epx_lfsr_seed(1).state, 1u);
  EXPECT_EQ(epx_lfsr_seed(0xffffffffu).state, 0xffffffffu);
}

uint32_t multiply_modulo(uint32_t a, uint32_t b, uint32_t low_terms) {
  uint32_t product = 0;
  for (int i = 31; i >= 0; i--) {
    product = (product << 1) ^ ((product >> 31 & 1u) != 0 ? low_terms : 0u);
    product ^= (b >> i & 1u) != 0 ? a : 0u;
  }
  return product;
}

uint32_t power_of_x(uint64_t exponent, uint32_t low_terms) {
  uint32_t result = 1;
  uint32_t square = 2;
  for (; exponent != 0; exponent >>= 1) {
    result = (exponent & 1u) != 0 ? multiply_modulo(result, square, low_terms) : result;
    square = multiply_modulo(square, square, low_terms);
  }
  return result;
}

bool is_primitive(uint32_t low_terms) {
  bool primitive = power_of_x(period, low_terms) == 1;
  for (const uint64_t factor : period_factors) {
    primitive = primitive && power_of_x(period / factor, low_terms) != 1;
  }
  return primitive;
}

TEST(lfsr, polynomial_is_primitive) {
  uint64_t product = 1;
  for (const uint64_t factor : period_factors) {
    product *= factor;
  }
  ASSERT_EQ(product, period);
  EXPECT_TRUE(is_primitive(UINT32_C(1) << 22 | 7u));
  // The check itself can fail: CRC-32's polynomial is primitive, its neighbours are not.
  EXPECT_TRUE(is_primitive(0x04c11db7u));
  EXPECT_FALSE(is_primitive(0x04c11db5u));
  EXPECT_FALSE(is_primitive(UINT32_C(1) << 22 | 3u));
}

// A linear map of 32 bits: the image of each unit vector.
using Matrix = std::array<uint32_t, 32>;

uint32_t image_of(const Matrix &matrix, uint32_t vector) {
  uint32_t image = 0;
  for (size_t i = 0; i < 32; i++) {
    image ^= (vector >> i & 1u) != 0 ? matrix[i] : 0u;
  }
  return image;
}

Matrix identity() {
  Matrix matrix;
  for (size_t i = 0; i < 32; i++) {
    matrix[i] = UINT32_C(1) << i;
  }
  return matrix;
}

Matrix compose(const Matrix &second, const Matrix &first) {
  Matrix matrix;
  for (size_t i = 0; i < 32; i++) {
    matrix[i] = image_of(second, first[i]);
  }
  return matrix;
}

Matrix power(Matrix base, uint64_t exponent) {
  Matrix result = identity();
  for (; exponent != 0; exponent >>= 1) {
    result = (exponent & 1u) != 0 ? compose(base, result) : result;
    base = compose(base, base);
  }
  return result;
}

// The order of the map that the code performs is 2^32 - 1: every state but 0 lies on one cycle, and
// since the map is invertible none of them reaches 0.
TEST(lfsr, step_visits_every_state_but_zero) {
  quant_test::Random random;
  Matrix step;
  for (size_t i = 0; i < 32; i++) {
    epx_lfsr_t lfsr = {UINT32_C(1) << i};
    epx_lfsr_step8(&lfsr);
    step[i] = lfsr.state;
  }
  for (int i = 0; i < 1000; i++) {  // the code is that linear map
    epx_lfsr_t lfsr = {static_cast<uint32_t>(random.bits())};
    const uint32_t before = lfsr.state;
    epx_lfsr_step8(&lfsr);
    ASSERT_EQ(lfsr.state, image_of(step, before));
  }
  EXPECT_EQ(power(step, period), identity());
  for (const uint64_t factor : period_factors) {
    EXPECT_NE(power(step, period / factor), identity()) << factor;
  }
}

TEST(lfsr, state_is_never_zero_and_never_returns_early) {
  quant_test::Random random;
  epx_lfsr_t lfsr = epx_lfsr_seed(static_cast<uint32_t>(random.bits()));
  const uint32_t start = lfsr.state;
  for (int i = 0; i < 20000000; i++) {
    epx_lfsr_next16(&lfsr);
    ASSERT_NE(lfsr.state, 0u);
    ASSERT_NE(lfsr.state, start) << "after " << i << " draws";
  }
}

// Fixed seed: the bounds are five standard deviations of a fair draw, the outcome never varies.
TEST(lfsr, draws_are_uniform) {
  epx_lfsr_t lfsr = epx_lfsr_seed(20240229);
  constexpr int draws = 1 << 22;
  std::array<int, 256> high = {};
  std::array<int, 256> low = {};
  for (int i = 0; i < draws; i++) {
    const uint32_t bits = epx_lfsr_next16(&lfsr);
    ASSERT_LT(bits, 65536u);
    high[bits >> 8]++;
    low[bits & 255u]++;
  }
  const double mean = draws / 256.0;
  for (size_t i = 0; i < 256; i++) {
    EXPECT_NEAR(high[i], mean, 5 * std::sqrt(mean)) << i;
    EXPECT_NEAR(low[i], mean, 5 * std::sqrt(mean)) << i;
  }
}

TEST(lfsr, stochastic_quantisation_is_unbiased) {
  const epx_qformat_t format = {true, 1, 6};
  epx_lfsr_t lfsr = epx_lfsr_seed(12345);
  constexpr int draws = 200000;
  for (const double value : {0.3, -0.3, 1e-3, -1e-3, 1.0 / 128, 0.777, -1.999, 1.984}) {
    double sum = 0;
    for (int i = 0; i < draws; i++) {
      const int64_t code =
          epx_quantize(value, format, EPX_ROUND_STOCHASTIC, epx_lfsr_next16(&lfsr));
      sum += epx_dequantize(code, format);
    }
    // Five standard deviations (at most half a step a draw) and the 2^-16 of the comparison.
    const double step = 1.0 / 64;
    const double bound = 5 * 0.5 * step / std::sqrt(static_cast<double>(draws)) + step / 65536;
    EXPECT_NEAR(sum / draws, value, bound) << value;
  }
}

TEST(lfsr, small_updates_accumulate_under_stochastic_rounding_alone) {
  const epx_qformat_t fine = {true, 1, 14};
  const epx_qformat_t synapse = {true, 1, 6};
  epx_lfsr_t lfsr = epx_lfsr_seed(777);
  epx_fixed_t drawn = epx_fixed_make(EPX_ROUND_STOCHASTIC, EPX_OVERFLOW_SAT);
  drawn.draw16 = epx_lfsr_draw;
  drawn.draw_state = &lfsr;
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_NEAREST_EVEN, EPX_OVERFLOW_SAT);
  int64_t stochastic = 0;
  int64_t nearest = 0;
  for (int i = 0; i < 2000; i++) {  // 2000 updates of a 32nd of a step: 62.5 steps
    stochastic = epx_fixed_add(&drawn, stochastic, synapse, 8, fine, synapse);
    nearest = epx_fixed_add(&fixed, nearest, synapse, 8, fine, synapse);
  }
  EXPECT_EQ(drawn.inexact, 2000u);
  EXPECT_EQ(nearest, 0);
  EXPECT_NEAR(static_cast<double>(stochastic), 62.5, 5 * 7.8);  // five standard deviations
}

}  // namespace
