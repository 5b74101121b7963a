// SPDX-License-Identifier: Apache-2.0
// Leaping ahead against stepping, the 16-bit register by enumeration, and the bias of stochastic
// rounding with either register.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "epx_fixed.h"
#include "epx_lfsr.h"
#include "quant/quant_random.h"

namespace {

using quant_test::Random;

// The recurrence as written: b[n+16] = b[n+5] ^ b[n+3] ^ b[n+2] ^ b[n].
uint16_t serial16(uint16_t state, int shifts) {
  std::vector<bool> bit;
  for (size_t i = 0; i < 16; i++) {
    bit.push_back((state >> i & 1) != 0);
  }
  for (size_t n = 0; n < static_cast<size_t>(shifts); n++) {
    bit.push_back((bit[n + 5] + bit[n + 3] + bit[n + 2] + bit[n]) % 2 != 0);
  }
  unsigned result = 0;
  for (size_t i = 0; i < 16; i++) {
    result |= static_cast<unsigned>(bit[static_cast<size_t>(shifts) + i]) << i;
  }
  return static_cast<uint16_t>(result);
}

TEST(lfsr16, every_state_steps_as_the_recurrence_says) {
  for (unsigned state = 1; state < 65536; state++) {
    epx_lfsr16_t lfsr = {static_cast<uint16_t>(state)};
    epx_lfsr16_step8(&lfsr);
    ASSERT_EQ(lfsr.state, serial16(static_cast<uint16_t>(state), 8)) << state;
    ASSERT_EQ(epx_lfsr16_next16(&lfsr), serial16(static_cast<uint16_t>(state), 24)) << state;
  }
}

TEST(lfsr16, draws_and_single_shifts_visit_every_state_but_zero) {
  std::vector<int> seen(65536);
  epx_lfsr16_t lfsr = epx_lfsr16_seed(1);
  for (int i = 0; i < 65535; i++) {
    seen[epx_lfsr16_next16(&lfsr)]++;
  }
  EXPECT_EQ(lfsr.state, 1);
  EXPECT_EQ(seen[0], 0);
  for (size_t state = 1; state < 65536; state++) {
    ASSERT_EQ(seen[state], 1) << state;
  }
  int shifts = 0;  // the polynomial is primitive: single shifts take as long
  uint16_t state = 1;
  do {
    state = serial16(state, 1);
    shifts++;
  } while (state != 1);
  EXPECT_EQ(shifts, 65535);
}

TEST(lfsr16, any_seed_is_legal) {
  EXPECT_NE(epx_lfsr16_seed(0).state, 0);
  EXPECT_EQ(epx_lfsr16_seed(7).state, 7);
}

TEST(lfsr_jump, jumps_land_where_steps_do) {
  Random random;
  for (int i = 0; i < 40; i++) {
    const auto seed = static_cast<uint32_t>(random.bits() | 1u);
    const auto groups = static_cast<uint64_t>(i < 20 ? i : random.between(0, 100000));
    epx_lfsr_t stepped = epx_lfsr_seed(seed);
    epx_lfsr_t jumped = stepped;
    epx_lfsr16_t stepped16 = epx_lfsr16_seed(static_cast<uint16_t>(seed));
    epx_lfsr16_t jumped16 = stepped16;
    for (uint64_t n = 0; n < groups; n++) {
      epx_lfsr_step8(&stepped);
      epx_lfsr16_step8(&stepped16);
    }
    epx_lfsr_jump(&jumped, 8 * groups);
    epx_lfsr16_jump(&jumped16, 8 * groups);
    ASSERT_EQ(jumped.state, stepped.state) << seed << " " << groups;
    ASSERT_EQ(jumped16.state, stepped16.state) << seed << " " << groups;
  }
}

TEST(lfsr_jump, jumps_add_up_modulo_the_period) {
  Random random;
  for (int i = 0; i < 2000; i++) {
    const epx_lfsr_t start = epx_lfsr_seed(static_cast<uint32_t>(random.bits()));
    const uint64_t first = random.bits() >> random.between(1, 63);
    const uint64_t second = random.bits() >> random.between(1, 63);
    epx_lfsr_t twice = start;
    epx_lfsr_jump(&twice, first);
    epx_lfsr_jump(&twice, second);
    epx_lfsr_t once = start;
    epx_lfsr_jump(&once, first + second);
    ASSERT_EQ(twice.state, once.state) << first << " + " << second;
    epx_lfsr_jump(&once, UINT32_MAX - (first + second) % UINT32_MAX);
    ASSERT_EQ(once.state, start.state);
    epx_lfsr16_t small = epx_lfsr16_seed(static_cast<uint16_t>(start.state));
    const epx_lfsr16_t before = small;
    epx_lfsr16_jump(&small, first);
    epx_lfsr16_jump(&small, 65535 - first % 65535);
    ASSERT_EQ(small.state, before.state);
  }
}

// Over the whole period of the 16-bit register a fraction f/65536 goes up exactly f times.
TEST(stochastic, period_of_the_16_bit_register_rounds_up_as_often_as_the_fraction_says) {
  epx_lfsr16_t lfsr = epx_lfsr16_seed(4711);
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_STOCHASTIC, EPX_OVERFLOW_SAT);
  fixed.draw16 = epx_lfsr16_draw;
  fixed.draw_state = &lfsr;
  const epx_qformat_t fine = {true, 4, 16};
  const epx_qformat_t coarse = {true, 8, 0};
  for (const int64_t code : {1, 2, 255, 21845, 32768, 40000, 65535, -1, -30000, 65536 + 12345}) {
    int64_t sum = 0;
    for (int draw = 0; draw < 65535; draw++) {
      sum += epx_fixed_convert(&fixed, code, fine, coarse);
    }
    const int64_t floor = code >> 16;
    EXPECT_EQ(sum, floor * 65535 + (code - floor * 65536)) << code;
  }
}

// Fixed seed; the bound is five standard deviations of a fair draw, sqrt(p (1 - p) / n).
TEST(stochastic, wide_register_is_unbiased) {
  epx_lfsr_t lfsr = epx_lfsr_seed(987654321);
  epx_fixed_t fixed = epx_fixed_make(EPX_ROUND_STOCHASTIC, EPX_OVERFLOW_SAT);
  fixed.draw16 = epx_lfsr_draw;
  fixed.draw_state = &lfsr;
  const epx_qformat_t fine = {true, 4, 16};
  const epx_qformat_t coarse = {true, 8, 0};
  constexpr int draws = 1 << 20;
  for (const int64_t code : {64, 1024, 6553, 21845, 32768, 43690, 65000, 65535, -64, -20000}) {
    int64_t ups = 0;
    for (int draw = 0; draw < draws; draw++) {
      ups += epx_fixed_convert(&fixed, code, fine, coarse) - (code >> 16);
    }
    const double p = static_cast<double>(code & 65535) / 65536;
    EXPECT_NEAR(static_cast<double>(ups) / draws, p, 5 * std::sqrt(p * (1 - p) / draws)) << code;
  }
}

}  // namespace
