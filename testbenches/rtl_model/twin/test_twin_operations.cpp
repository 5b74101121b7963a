// SPDX-License-Identifier: Apache-2.0
// Parts of mini-batches, stops and settings beyond the circuits, on twins.
#include <cstring>

#include "core/parts_support.h"
#include "epx_twin_internal.h"
#include "rtl_model/twin/twin_support.h"

namespace {

epx_network_t small(int connections) {
  epx_network_t network =
      make_network({2, 7, 6}, {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(5)}, 4,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  network.connections =
      connections > 0 ? EPX_CONNECTIONS_UNIDIRECTIONAL : EPX_CONNECTIONS_BIDIRECTIONAL;
  network.backward_rule = connections > 1 ? EPX_BACKWARD_DIFFERENT : EPX_BACKWARD_SAME;
  return network;
}

std::function<Substrate()> maker(const epx_network_t &network, const epx_chip_t &chip) {
  return [=] {
    Random random(3);
    Substrate twin = make_twin(network, chip, 7);
    load(twin.get(), random_params(network, random, 2.0));
    return twin;
  };
}

// Integer sums know no order, and noise is drawn by a sample's place in the mini-batch: any parts
// do.
TEST(TwinOperations, PartsOfAMiniBatchMakeTheWhole) {
  Random random(1);
  for (const epx_chip_t &chip : {make_chip(), make_device_chip()}) {
    for (int connections = 0; connections < 3; ++connections) {
      const epx_network_t network = small(connections);
      const Batch batch = random_batch(network, random, 7);
      for (const int cut : {0, 1, 4, 7}) {
        SCOPED_TRACE("connections " + std::to_string(connections) + ", cut " + std::to_string(cut));
        expect_parts_make_the_whole(maker(network, chip), batch, cut);
      }
    }
  }
}

TEST(TwinOperations, StopsAreHeard) {
  for (const bool event_driven : {false, true}) {
    epx_chip_t chip = make_device_chip();
    chip.event_driven = event_driven;
    const epx_network_t network = small(0);
    Random random(2);
    const Batch batch = random_batch(network, random, 4);
    const epx_batch_t images = batch.whole();
    const Substrate twin = maker(network, chip)();
    epx_stop_t stop = {};
    twin->stop = &stop;
    present(twin.get(), batch);
    epx_stop_request(&stop);
    const epx_phase_t phase = {1, 1, 1};
    const epx_calibration_t step = {{1000000000, 3}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, images};
    double loss[4];
    uint8_t predicted[4];
    epx_error_t error = {};
    EXPECT_EQ(epx_substrate_present(twin.get(), &images, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_relax(twin.get(), 1000000000, 0.5, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_predict(twin.get(), loss, predicted, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_accumulate(twin.get(), &phase, &error), EPX_ERR_INTERRUPTED);
    epx_update_rule_t rule = {};
    EXPECT_EQ(epx_substrate_update(twin.get(), &step.estimator, &rule, &error),
              EPX_ERR_INTERRUPTED);
    chip.adc.reach = EPX_ADC_REACH_BATCH;
    const Substrate calibrating = maker(network, chip)();
    calibrating->stop = &stop;
    EXPECT_EQ(epx_substrate_calibrate(calibrating.get(), &step, &error), EPX_ERR_INTERRUPTED);
    EXPECT_STREQ(error.message, "interrupted");
    EXPECT_TRUE(epx_substrate_uncalibrated(calibrating.get()));
  }
}

// Constants of the update circuit end at 2^30; what lies beyond names the setting and the layer.
TEST(TwinOperations, SettingsBeyondTheUpdateCircuitAreRefused) {
  const epx_network_t network = small(0);
  Random random(5);
  const Substrate twin = maker(network, make_chip())();
  const Batch batch = random_batch(network, random, 4);
  const struct {
    double beta, rate, decay;
    const char *message;
  } cases[] = {{1e-310, 0.1, 0,
                "estimator.beta: 1e-310; the update circuit of layer conv0 would multiply by inf"},
               {1e-9, 0.1, 0, "estimator.beta: 1e-09; the"},
               {0.5, INFINITY, 0, "training.learning_rate: inf; the"},
               {0.5, 0.1, 1e12, "training.weight_decay: 1e+12; the"}};
  for (const auto &c : cases) {
    const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, c.beta};
    run_ep(twin.get(), {3, 2}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, batch);
    epx_update_rule_t rule = {};
    for (double &rate : rule.learning_rate) rate = c.rate;
    rule.weight_decay = c.decay;
    const std::string before = saved_bytes(twin.get());
    epx_error_t error = {};
    EXPECT_EQ(epx_substrate_update(twin.get(), &estimator, &rule, &error), EPX_ERR_DIVERGED);
    EXPECT_NE(std::string(error.message).find(c.message), std::string::npos) << error.message;
    EXPECT_TRUE(saved_bytes(twin.get()) == before) << "registers touched";
  }
}

// Errors of every drive stay in the sums that arrays hold. However far they are, products are
// limited to what fits an accumulator with all else, and neurons at their ends: nothing wraps.
TEST(TwinOperations, HeldSumsLeaveLimited) {
  for (int shift = 0; shift <= 16; ++shift) {
    const int64_t most = epx_neuron_held(INT64_MAX, shift) << shift;
    EXPECT_LE(2 * most + 2 * EPX_NEURON_OPERAND, INT32_MAX);
    EXPECT_GT(most, INT64_C(1) << 29);
    EXPECT_EQ(epx_neuron_held(INT64_MIN, shift), -epx_neuron_held(INT64_MAX, shift));
    EXPECT_EQ(epx_neuron_held(-12345 >> shift, shift), -12345 >> shift);
  }
  epx_chip_t chip = make_device_chip();
  chip.event_driven = true;
  const epx_network_t network = small(0);
  Random random(8);
  const Batch batch = random_batch(network, random, 2);
  const epx_batch_t images = batch.whole();
  for (const int part : {3, 4}) { /* forward, into layer 1; backward, into layer 0 */
    for (const int64_t sum : {INT64_C(1) << 32, -(INT64_C(1) << 32), INT64_C(0x7fffffff),
                              -(INT64_C(5) << 30), INT64_C(1) << 40}) {
      const Substrate substrate = maker(network, chip)();
      epx_error_t error = {};
      ASSERT_EPX_OK(epx_substrate_present(substrate.get(), &images, &error), error);
      ASSERT_EPX_OK(epx_substrate_relax(substrate.get(), 3, 0.0, &error), error);
      twin_t *twin = reinterpret_cast<twin_t *>(substrate.get());
      const size_t *at = twin->layer[1].held_at;
      const size_t end = part == 3 ? at[4] : twin->layer[2].held_at[0];
      for (int sample = 0; sample < 2; ++sample) {
        uint8_t *held = twin->held + (size_t)sample * twin->held_size;
        for (size_t i = at[part]; i < end; i += sizeof sum) {
          std::memcpy(held + i, &sum, sizeof sum);
        }
      }
      ASSERT_EPX_OK(epx_substrate_relax(substrate.get(), 1, 0.0, &error), error);
      const int layer = part == 3 ? 1 : 0;
      std::vector<double> states(2 * substrate->shapes[layer].out_size);
      epx_substrate_states(substrate.get(), layer, states.data());
      for (const double state : states) {
        EXPECT_EQ(state, sum > 0 ? 255.0 / 256.0 : 0.0) << "part " << part << ", sum " << sum;
      }
    }
  }
}

}  // namespace
