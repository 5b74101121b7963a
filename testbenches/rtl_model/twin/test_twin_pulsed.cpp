// SPDX-License-Identifier: Apache-2.0
// The twin with synapses that pulses move, as a whole: what one update does to many registers
// against the preset's closed form, and that a small network learns with each preset
// (losses of 1.41 fall to 0.05 to 0.08).
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "epx_pulse.h"
#include "rtl_model/twin/twin_support.h"

namespace {

constexpr int presets = 7;

epx_chip_t pulse_chip(int preset, int most) {
  epx_chip_t chip = make_pulse_chip(preset);
  chip.pulse_max = most;
  chip.rows = 100;  // several tiles
  return chip;
}

std::vector<int32_t> shadow_of(epx_substrate_t *twin, int layer) {
  epx_error_t error = {};
  epx_npz_t *raw = nullptr;
  EXPECT_EPX_OK(epx_npz_create(&raw, &error), error);
  Npz npz(raw);
  EXPECT_EPX_OK(epx_substrate_save(twin, raw, &error), error);
  const std::string name = "twin." + std::to_string(layer) + ".shadow";
  const epx_npz_array_t *array = epx_npz_find(raw, name.c_str());
  const int32_t *data = static_cast<const int32_t *>(array->data);
  return std::vector<int32_t>(data, data + array->count);
}

struct Moments {
  double mean, sigma;
  size_t count;
};

Moments moments(const std::vector<double> &x) {
  double sum = 0, squares = 0;
  for (const double v : x) sum += v;
  const double mean = sum / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / static_cast<double>(x.size() - 1)), x.size()};
}

// Weights of 0 and a rate without bounds: every synapse of the read-out gets `most` pulses, up to
// the label's class and down to the others. At 0 the steps of these presets are dw, spread by v =
// dw_d2d^2 + up_down_d2d^2, each with noise c2c of itself, so that n of them move a device by
// n dw on average, with a variance of dw^2 (n c2c^2 (1 + v) + n^2 v). Slopes make it a little less.
TEST(TwinPulsed, an_update_moves_registers_by_the_presets_mean_and_spread) {
  const int hidden = 900, classes = 6;
  const epx_network_t network =
      make_network({1, 2, 2}, {dense_layer(hidden)}, classes, EPX_LOSS_CROSS_ENTROPY,
                   EPX_ACTIVATION_HARD_SIGMOID_HALF);
  int tested = 0;
  for (int preset = 1; preset <= presets; ++preset) {
    epx_pulse_device_t device = {};
    ASSERT_EQ(epx_pulse_preset(epx_pulse_preset_name(preset - 1), &device, nullptr), EPX_OK);
    SCOPED_TRACE(device.name);
    const std::string model = device.model;
    if (model == "exp_step" || model == "exponential") {
      continue;  // their steps at 0 are not dw
    }
    for (const int most : {1, 9}) {
      ++tested;
      const epx_chip_t chip = pulse_chip(preset, most);
      const Substrate twin = make_twin(network, chip, 1);
      const Params params = make_params(network);
      for (int u = 0; u < hidden; ++u) {
        params->bias[0][u] = 1.0;  // states of a half
      }
      load(twin.get(), params);
      const Batch batch = {1, std::vector<float>(4, 0.5f), {2}};
      const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
      run_ep(twin.get(), {3, 2}, estimator, batch);
      epx_update_rule_t rule = {};
      for (double &rate : rule.learning_rate) {
        rate = 1e3;
      }
      update(twin.get(), &estimator, &rule);
      const std::vector<int32_t> shadow = shadow_of(twin.get(), 1);
      ASSERT_EQ(shadow.size(), size_t{hidden * classes});
      // The register is the device's value times 2^integer_bits, in codes.
      const double code = std::ldexp(
          1.0, -chip.synapse[0].integer_bits - chip.synapse[0].fraction_bits - chip.shadow_bits);
      const double v = device.dw_d2d * device.dw_d2d + device.up_down_d2d * device.up_down_d2d;
      const double n = most, noise = device.c2c * device.c2c;
      const double sigma = device.dw * std::sqrt(n * noise * (1 + v) + n * n * v);
      for (const bool up : {true, false}) {
        std::vector<double> change;
        for (int u = 0; u < classes; ++u) {
          for (int k = 0; k < hidden && (u == 2) == up; ++k) {
            const size_t at = static_cast<size_t>(u * hidden + k);
            change.push_back((up ? 1 : -1) * code * shadow[at]);
          }
        }
        const Moments found = moments(change);
        const double error = sigma / std::sqrt(static_cast<double>(found.count));
        EXPECT_NEAR(found.mean, n * device.dw, 0.03 * n * device.dw + 3 * error);
        EXPECT_NEAR(found.sigma, sigma, 0.08 * sigma);
      }
    }
  }
  EXPECT_EQ(tested, 10);
}

// Four patterns with noise; the loss on others like them.
Batch patterns(Random &random, const std::vector<float> &prototype, int classes, int n) {
  Batch batch;
  batch.n = n;
  const size_t size = prototype.size() / static_cast<size_t>(classes);
  for (int i = 0; i < n; ++i) {
    const int label = i % classes;
    batch.labels.push_back(static_cast<uint8_t>(label));
    for (size_t k = 0; k < size; ++k) {
      const double x = prototype[static_cast<size_t>(label) * size + k] + random.real(-0.4, 0.4);
      batch.x.push_back(static_cast<float>(x));
    }
  }
  return batch;
}

double loss_of(epx_substrate_t *twin, const Batch &batch) {
  present(twin, batch);
  relax(twin, 10, 0.0);
  return mean_loss(twin, batch.n);
}

TEST(TwinPulsed, a_small_network_learns_with_every_preset) {
  const int classes = 4, n = 16, updates = 40;
  const epx_network_t network =
      make_network({1, 8, 8}, {conv_layer(6, 3, 1, 1, EPX_POOL_MAX)}, classes,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  for (int preset = 1; preset <= presets; ++preset) {
    SCOPED_TRACE(epx_pulse_preset_name(preset - 1));
    Random random(11);
    std::vector<float> prototype;
    for (int i = 0; i < classes * 64; ++i) {
      prototype.push_back(static_cast<float>(random.real(-0.6, 0.6)));
    }
    const Batch test = patterns(random, prototype, classes, n);
    const Substrate twin = make_twin(network, pulse_chip(preset, 255), n);
    load(twin.get(), random_params(network, random, 1.0, -0.1, 0.3));
    const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
    epx_update_rule_t rule = {};
    for (double &rate : rule.learning_rate) {
      rate = 0.3;
    }
    rule.momentum = 0.5;
    const double before = loss_of(twin.get(), test);
    for (int i = 0; i < updates; ++i) {
      run_ep(twin.get(), {10, 5}, estimator, patterns(random, prototype, classes, n));
      update(twin.get(), &estimator, &rule);
    }
    const double after = loss_of(twin.get(), test);
    EXPECT_LT(after, 0.2 * before);
  }
}

}  // namespace
