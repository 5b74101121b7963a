// SPDX-License-Identifier: Apache-2.0
// Synapses that pulses move: the register against the device's own model, the rate, bounds, and
// that a twin with them trains the same on any number of threads and from a checkpoint.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "epx_parallel.h"
#include "epx_plan.h"
#include "epx_pulse.h"
#include "epx_pulsed.h"
#include "rtl_model/twin/twin_support.h"

namespace {

constexpr int presets = 7;
using Pulsed = std::unique_ptr<epx_pulsed_t, void (*)(epx_pulsed_t *)>;

Pulsed make_pulsed(const epx_chip_t &chip, int rows, int units, int tile) {
  epx_tile_shape_t shape = {};
  shape.rows = rows;
  shape.units = units;
  epx_pulsed_t *pulsed = nullptr;
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_pulsed_create(&chip, chip.synapse[0], &shape, tile, &pulsed, &error), error);
  return Pulsed(pulsed, epx_pulsed_destroy);
}

epx_pulse_device_t device_of(int preset) {
  epx_pulse_device_t device = {};
  EXPECT_EQ(epx_pulse_preset(epx_pulse_preset_name(preset - 1), &device, nullptr), EPX_OK);
  return device;
}

// A circuit whose correlation is its step: pulses down.
epx_update_circuit_t plain_circuit() {
  epx_update_circuit_t circuit = {};
  circuit.gradient = epx_scale_from(1.0);
  circuit.momentum = circuit.decay = epx_scale_from(0.0);
  circuit.rate = epx_scale_from(1.0);
  circuit.velocity_format = q_signed(7, 24);
  circuit.shadow_format = q_signed(1, 20);
  circuit.rounding = EPX_ROUND_NEAREST_EVEN;
  return circuit;
}

// The register stands for value = zero + unit * weight / 2: one update is what the model makes of
// the same pulses on the same cell, to half a code.
TEST(Pulsed, moves_the_register_as_the_model_moves_the_device) {
  for (int preset = 1; preset <= presets; ++preset) {
    SCOPED_TRACE(epx_pulse_preset_name(preset - 1));
    const epx_chip_t chip = make_pulse_chip(preset);
    const epx_pulse_device_t device = device_of(preset);
    const bool signs = device.w_min < 0;
    const double zero = signs ? 0 : (device.w_min + device.w_max) / 2;
    const double code = (signs ? 1 : (device.w_max - device.w_min) / 2) / 2 * std::ldexp(1.0, -20);
    const int rows = 6, units = 5;
    const Pulsed pulsed = make_pulsed(chip, rows, units, 3);
    epx_pulse_cells_t *cells = nullptr;
    ASSERT_EQ(epx_pulse_cells_create(&device, rows * units, chip.device_seed, 3, &cells, nullptr),
              EPX_OK);
    Random random(static_cast<uint64_t>(preset));
    int moved = 0;
    for (uint32_t update = 1; update <= 40; ++update) {
      const int row = random.integer(0, rows - 1), unit = random.integer(0, units - 1);
      int32_t shadow = epx_pulsed_limit(pulsed.get(), row, unit, random.integer(-400000, 400000));
      double value = zero + code * shadow;
      const size_t cell = static_cast<size_t>(row * units + unit);
      const int16_t pulses = static_cast<int16_t>(random.integer(-300, 300));
      const int16_t made = static_cast<int16_t>(std::max(-255, std::min(255, (int)pulses)));
      int32_t velocity = 0;
      const int32_t before = shadow;
      epx_lfsr_t lfsr = {1};
      const epx_update_circuit_t circuit = plain_circuit();
      const int counted = epx_pulsed_update(pulsed.get(), &circuit, update, row, unit, pulses,
                                            &shadow, &velocity, &lfsr);
      EXPECT_EQ(counted, made);
      epx_pulse_limit(cells, cell, 1, &value);
      epx_pulse_apply(cells, update, cell, 1, &made, &value);
      const double highest = zero + code * ((1 << 21) - 1), lowest = zero - code * (1 << 21);
      value = made == 0 ? value : std::max(lowest, std::min(highest, value));  // the register's
      EXPECT_NEAR(zero + code * shadow, value, 0.5001 * code);
      moved += shadow != before;
    }
    EXPECT_GT(moved, 20);
    epx_pulse_cells_destroy(cells);
  }
}

// One learning rate times one velocity, in pulses times the device's step, is that weight.
TEST(Pulsed, rate_is_the_weight_over_a_pulses_change) {
  for (int preset = 1; preset <= presets; ++preset) {
    const epx_chip_t chip = make_pulse_chip(preset);
    const epx_pulse_device_t device = device_of(preset);
    const double unit = device.w_min < 0 ? 1 : (device.w_max - device.w_min) / 2;
    const double change = epx_pulse_device_step(&device) / unit * 2.0;  // of the weight, by a pulse
    const epx_scale_t rate = epx_pulsed_rate(&chip, chip.synapse[0], 0.25);
    const int64_t velocity = INT64_C(1) << 30;  // 64 in Q7.24
    const double pulses =
        static_cast<double>(epx_scale_apply(rate, velocity, EPX_ROUND_NEAREST_EVEN, 0));
    EXPECT_NEAR(pulses * change, 16.0, 16.0 * 2e-4 + change) << device.name;
  }
}

TEST(Pulsed, ends_at_the_bounds_of_each_cell) {
  const epx_chip_t chip = make_pulse_chip(1);  // ReRAM-ES: bounds differ by 30 % rms
  const Pulsed pulsed = make_pulsed(chip, 20, 20, 0);
  std::vector<int32_t> ends;
  for (int i = 0; i < 400; ++i) {
    ends.push_back(epx_pulsed_limit(pulsed.get(), i / 20, i % 20, (1 << 21) - 1));
  }
  std::sort(ends.begin(), ends.end());
  EXPECT_LT(ends[40], ends[360]);
  EXPECT_NEAR(ends[200] * std::ldexp(1.0, -20), 2.0, 0.2);  // half of them beyond the format: 2
}

TEST(Pulsed, names_what_it_cannot_do) {
  epx_error_t error = {};
  epx_chip_t chip = make_pulse_chip(1);
  const epx_network_t network = make_network({1, 4, 4}, {dense_layer(3)}, 3, EPX_LOSS_SQUARED_ERROR,
                                             EPX_ACTIVATION_HARD_SIGMOID_HALF);
  EXPECT_EPX_OK(epx_plan_check(&network, &chip, nullptr, &error), error);
  const auto refused = [&](const char *key) {
    EXPECT_EQ(epx_plan_check(&network, &chip, nullptr, &error), EPX_ERR_ARGUMENT);
    EXPECT_EQ(std::string(error.message).rfind(key, 0), 0u) << error.message;
    chip = make_pulse_chip(1);
  };
  chip.array_kind = EPX_ARRAY_DIGITAL;
  refused("chip.array.pulses.preset: ");
  chip.bits_per_cell = 7;
  refused("chip.array.bits_per_cell: 7;");
  chip.shadow_bits = 3;
  refused("chip.synapse.shadow_bits: 3;");
  chip.device.program_error.cycle = 0.1;
  refused("chip.array.program_error: ");
}

epx_network_t small_network() {
  return make_network({2, 8, 8}, {conv_layer(5, 3, 1, 1, EPX_POOL_MAX), dense_layer(6)}, 4,
                      EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

TEST(Pulsed, a_twin_trains_the_same_on_any_number_of_threads) {
  const epx_network_t network = small_network();
  for (int preset = 1; preset <= presets; ++preset) {
    epx_chip_t chip = make_pulse_chip(preset);
    chip.rows = chip.columns = 20;
    std::string first;
    uint64_t pulses = 0;
    for (const int threads : {1, 3}) {
      epx_parallel_set_threads(threads);
      Random random(5);
      const Substrate twin = make_twin(network, chip, 6);
      load(twin.get(), random_params(network, random, 1.5));
      const std::string bytes =
          training_bytes(twin.get(), {8, 4}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 6, 7);
      epx_activity_t activity;
      epx_twin_activity(twin.get(), &activity);
      first = threads == 1 ? bytes : first;
      pulses = threads == 1 ? epx_pulsing_pulses(&activity.pulsing) : pulses;
      EXPECT_TRUE(bytes == first) << threads << " threads, preset " << preset;
      EXPECT_EQ(epx_pulsing_pulses(&activity.pulsing), pulses);
    }
    EXPECT_GT(pulses, 0u);
    epx_parallel_set_threads(kTestThreads);
  }
}

// Later pulses draw by the number of their update: a checkpoint keeps it.
TEST(Pulsed, a_twin_goes_on_from_its_checkpoint) {
  const epx_network_t network = small_network();
  const epx_chip_t chip = make_pulse_chip(5);
  Random random(5);
  const Params params = random_params(network, random, 1.5);
  const Substrate whole = make_twin(network, chip, 4), resumed = make_twin(network, chip, 4);
  load(whole.get(), params);
  training_bytes(whole.get(), {6, 3}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 4, 7);
  epx_npz_t *npz = nullptr;
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_npz_create(&npz, &error), error);
  ASSERT_EPX_OK(epx_substrate_save(whole.get(), npz, &error), error);
  ASSERT_EPX_OK(epx_substrate_restore(resumed.get(), npz, "test", &error), error);
  epx_npz_destroy(npz);
  EXPECT_TRUE(training_bytes(whole.get(), {6, 3}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 4, 9) ==
              training_bytes(resumed.get(), {6, 3}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 4, 9));
}

}  // namespace
