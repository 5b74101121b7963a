// SPDX-License-Identifier: Apache-2.0
// Sums at their bound. Converters of many levels and much noise put out far more than their lines
// can reach; the plan refuses what 32 bits would not hold, and what it accepts is, on the twin,
// what SystemC's saturating registers hold, to the bit.
#include "rtl_model/sc/chip/chip_run.h"

namespace {

using chip_test::ChipCase;

/* A small network on arrays of two or three rows, whose converters are mostly noise. */
ChipCase noisy_case(Random &random, int adc_bits) {
  ChipCase one;
  one.network = make_network(
      {2, 3, 3},
      {conv_layer(random.integer(2, 5), 2, 1, 0, EPX_POOL_NONE), dense_layer(random.integer(2, 5))},
      random.integer(2, 4), random.chance(0.5) ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR,
      EPX_ACTIVATION_HARD_SIGMOID_HALF);
  if (one.network.loss == EPX_LOSS_SQUARED_ERROR) {
    one.network.layers[1].units = one.network.classes;
  }
  one.chip = make_chip();
  one.chip.array_kind = EPX_ARRAY_ANALOG;
  one.chip.rows = random.integer(2, 3);
  one.chip.columns = 16;
  one.chip.bits_per_cell = random.integer(1, 4);
  one.chip.dac.converter.bits = random.integer(1, 2);
  one.chip.adc.converter.kind = random.chance(0.5) ? EPX_CONVERTER_SAR : EPX_CONVERTER_RAMP;
  one.chip.adc.converter.noise = random.chance(0.5) ? 65536.0 : 0.0;
  one.chip.adc.converter.offset_spread = one.chip.adc.converter.noise == 0.0 ? 65536.0 : 0.0;
  one.chip.adc.reach = random.chance(0.5) ? EPX_ADC_REACH_DIGITS : EPX_ADC_REACH_WEIGHTS;
  one.chip.adc.converter.bits = adc_bits;
  one.dynamics.free_steps = 3;
  one.dynamics.nudged_steps = 2;
  one.estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  return one;
}

/* Two layers of units enough for some state to change at every step of many: every drive's noise
 * adds to the sums that the arrays hold. */
ChipCase drifting_case(Random &random, int adc_bits) {
  ChipCase one = noisy_case(random, adc_bits);
  one.network =
      make_network({1, 2, 2}, {dense_layer(random.integer(12, 16)), dense_layer(16)},
                   random.integer(2, 4), EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  one.chip.adc.converter.noise = 65536.0;
  one.chip.adc.converter.offset_spread = 0.0;
  one.chip.event_driven = true;
  one.dynamics.free_steps = 20;
  one.dynamics.nudged_steps = 8;
  return one;
}

using make_case_t = ChipCase(Random &random, int adc_bits);

/* The widest converters that the plan takes with the other settings of this seed; 0: none. */
int widest(int seed, make_case_t *make) {
  int most = 0;
  for (int bits = 2; bits <= EPX_CONVERTER_MAX_BITS; ++bits) {
    Random random((uint64_t)seed);
    const ChipCase one = make(random, bits);
    epx_error_t error = {};
    const epx_status_t status = epx_plan_check(&one.network, &one.chip, &one.dynamics, &error);
    if (status == EPX_OK) {
      EXPECT_EQ(most, bits == 2 ? 0 : bits - 1) << "a wider converter fits where this did not";
      most = bits;
    } else {
      EXPECT_EQ(status, EPX_ERR_UNSUPPORTED) << error.message;
      EXPECT_NE(std::string(error.message).find("chip.array.adc_bits"), std::string::npos)
          << error.message;
    }
  }
  return most;
}

TEST(Bound, what_the_plan_accepts_fits_and_one_bit_more_is_refused) {
  Random seeds = chip_test::make_random();
  int bounded = 0;
  for (int round = 0; round < 8; ++round) {
    const int seed = seeds.integer(1, 1 << 30), most = widest(seed, noisy_case);
    ASSERT_GE(most, 2);
    bounded += most < EPX_CONVERTER_MAX_BITS;
    Random random((uint64_t)seed);
    ChipCase one = noisy_case(random, most);
    in_child([&] { EXPECT_EQ(chip_test::run_case(one), ""); });
  }
  EXPECT_GT(bounded, 0) << "no case met a bound";
}

// What an event-driven array holds is the sum of all that it was driven with for an image, with the
// errors of every drive: no product bounds it, so it leaves limited, in both models alike.
TEST(Bound, held_sums_leave_limited_in_twin_and_systemc) {
  Random seeds = chip_test::make_random();
  int bounded = 0;
  for (int round = 0; round < 24; ++round) {
    const int seed = seeds.integer(1, 1 << 30), most = widest(seed, drifting_case);
    bounded += most < EPX_CONVERTER_MAX_BITS;
    if (most < 2) {
      continue;
    }
    Random random((uint64_t)seed);
    ChipCase one = drifting_case(random, most);
    in_child([&] { EXPECT_EQ(chip_test::run_case(one), "") << one.describe(); });
  }
  EXPECT_GT(bounded, 0) << "no case met a bound";
}

}  // namespace
