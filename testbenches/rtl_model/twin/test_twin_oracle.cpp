/* SPDX-License-Identifier: Apache-2.0 */
/* The twin against the slow scalar model, bit for bit: states of every phase, correlations, and all
 * registers after updates; on every instruction-set level. */
#include <cstdio>

#include "epx_cpu.h"
#include "epx_parallel.h"
#include "rtl_model/twin/twin_oracle.h"
#include "rtl_model/twin/twin_support.h"

namespace {

void expect_states(epx_substrate_t *twin, const TwinOracle &oracle, const epx_chip_t &chip, int n,
                   const char *when) {
  for (int l = 0; l < oracle.layers(); ++l) {
    const std::vector<double> s = layer_states(twin, l, n);
    const Codes expected = oracle.states(l);
    ASSERT_EQ(s.size(), expected.size());
    for (size_t i = 0; i < s.size(); ++i) {
      ASSERT_EQ(std::ldexp(s[i], chip.state.fraction_bits), (double)expected[i])
          << when << ": layer " << l << " neuron " << i;
    }
  }
}

template <class T>
void expect_array(const Npz &npz, int l, const char *suffix, const Codes &expected) {
  const std::string name = "twin." + std::to_string(l) + "." + suffix;
  const epx_npz_array_t *array = epx_npz_find(npz.get(), name.c_str());
  ASSERT_NE(array, nullptr) << name;
  ASSERT_EQ(array->count, expected.size()) << name;
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ((int64_t)((const T *)array->data)[i], expected[i]) << name << "[" << i << "]";
  }
}

void expect_registers(epx_substrate_t *twin, const TwinOracle &oracle) {
  epx_npz_t *raw = nullptr;
  ASSERT_EQ(epx_npz_create(&raw, nullptr), EPX_OK);
  const Npz npz(raw);
  ASSERT_EQ(epx_substrate_save(twin, raw, nullptr), EPX_OK);
  for (int l = 0; l < oracle.parameter_layers(); ++l) {
    expect_array<int32_t>(npz, l, "shadow", oracle.shadow(l));
    expect_array<int32_t>(npz, l, "velocity", oracle.velocity(l));
    expect_array<int32_t>(npz, l, "bias", oracle.bias(l));
    expect_array<int32_t>(npz, l, "bias_velocity", oracle.bias_velocity(l));
    expect_array<uint32_t>(npz, l, "lfsr", oracle.lfsr(l));
    if (oracle.has_backward(l)) {
      expect_array<int32_t>(npz, l, "backward_shadow", oracle.backward_shadow(l));
      expect_array<int32_t>(npz, l, "backward_velocity", oracle.backward_velocity(l));
      expect_array<uint32_t>(npz, l, "backward_lfsr", oracle.backward_lfsr(l));
    }
  }
}

void expect_gradient(epx_substrate_t *twin, const TwinOracle &oracle,
                     const epx_estimator_t &estimator) {
  const Params gradient = read_gradient(twin, estimator);
  for (int l = 0; l < oracle.parameter_layers(); ++l) {
    const std::vector<double> found = layer_values(gradient, l);
    const std::vector<double> expected = oracle.gradient(l, estimator);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_DOUBLE_EQ(found[i], expected[i]) << "layer " << l << " synapse " << i;
    }
  }
}

/* One mini-batch through both: free phase, nudged phases, gradient. */
void train_both(epx_substrate_t *twin, TwinOracle &oracle, const epx_chip_t &chip,
                const epx_dynamics_t &dynamics, const epx_estimator_t &estimator,
                const Batch &batch) {
  present(twin, batch);
  oracle.present(batch.x.data(), batch.labels.data(), batch.n);
  relax(twin, dynamics.free_steps, 0);
  oracle.relax(dynamics.free_steps, 0);
  ASSERT_NO_FATAL_FAILURE(expect_states(twin, oracle, chip, batch.n, "free phase"));
  std::vector<double> loss((size_t)batch.n);
  std::vector<uint8_t> predicted((size_t)batch.n);
  predict(twin, loss.data(), predicted.data());
  for (int i = 0; i < batch.n; ++i) EXPECT_EQ((int)predicted[(size_t)i], oracle.predict(i));
  keep_free(twin);
  oracle.keep_free();
  epx_substrate_clear_gradient(twin);
  oracle.clear_gradient();
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator.kind);
  for (int p = 0; p < row->phase_count; ++p) {
    const epx_phase_t &phase = row->phases[p];
    epx_substrate_recall_free(twin);
    oracle.recall_free();
    if (phase.nudge != 0) {
      relax(twin, dynamics.nudged_steps, phase.nudge * estimator.beta);
      oracle.relax(dynamics.nudged_steps, phase.nudge * estimator.beta);
    }
    ASSERT_NO_FATAL_FAILURE(expect_states(twin, oracle, chip, batch.n, "nudged phase"));
    accumulate(twin, &phase);
    oracle.accumulate(phase);
  }
  expect_gradient(twin, oracle, estimator);
}

struct Activity {
  int between = 0, moved = 0, networks = 0, strided = 0,
      backward[2] = {}; /* by rule: pooled layers */
};

void note_activity(const TwinOracle &oracle, const epx_chip_t &chip, Activity *activity) {
  ++activity->networks;
  const epx_network_t &network = oracle.network();
  for (int l = 1; l < oracle.layers(); ++l) {
    const bool pooled = network.layers[l].pool == EPX_POOL_MAX;
    activity->strided += network.layers[l].stride > 1 ? 1 : 0;
    activity->backward[network.backward_rule] += oracle.has_backward(l) && pooled ? 1 : 0;
  }
  for (int l = 0; l < oracle.layers(); ++l) {
    const Codes codes = oracle.states(l);
    const int64_t top = (1 << chip.state.fraction_bits) - 1;
    for (int64_t c : codes) activity->between += c > 0 && c < top ? 1 : 0;
  }
}

void check_network(uint64_t seed, Activity *activity) {
  Random random(seed);
  epx_network_t network;
  epx_chip_t chip;
  do {
    network = random_twin_network(random);
    chip = random_chip(random);
  } while (epx_twin_check(&network, &chip, nullptr) != EPX_OK);
  SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; state bits " +
               std::to_string(chip.state.fraction_bits));
  const int n = random.integer(1, 4);
  const epx_estimator_t estimator = {
      random.chance(0.5) ? EPX_ESTIMATOR_SYMMETRIC : EPX_ESTIMATOR_ONE_SIDED,
      random.real(0.05, 1.5)};
  const epx_dynamics_t dynamics = {random.integer(1, 9), random.integer(1, 6)};
  const Params params = random_params(network, random, random.real(0.5, 3.0));
  const Substrate twin = make_twin(network, chip, n);
  TwinOracle oracle(network, chip);
  load(twin.get(), params);
  oracle.load(*params);
  ASSERT_NO_FATAL_FAILURE(expect_registers(twin.get(), oracle));
  for (int step = 0; step < 2; ++step) {
    SCOPED_TRACE("mini-batch " + std::to_string(step));
    const Batch batch = random_batch(network, random, random.integer(1, n), -1.2, 1.2);
    ASSERT_NO_FATAL_FAILURE(train_both(twin.get(), oracle, chip, dynamics, estimator, batch));
    note_activity(oracle, chip, activity);
    epx_update_rule_t rule = {};
    for (double &rate : rule.learning_rate) rate = random.real(0, 1);
    rule.momentum = random.chance(0.2) ? 0 : random.real(0.3, 0.99);
    rule.weight_decay = random.chance(0.3) ? 0 : random.real(0, 0.05);
    const Codes before = oracle.shadow(0);
    update(twin.get(), &estimator, &rule);
    oracle.update(estimator, rule);
    activity->moved += oracle.shadow(0) != before ? 1 : 0;
    ASSERT_NO_FATAL_FAILURE(expect_registers(twin.get(), oracle));
  }
}

TEST(TwinOracle, RandomNetworksAndFormats) {
  const char *asked = getenv("EPX_TEST_NETWORKS");
  const uint64_t networks = asked != nullptr ? (uint64_t)atoi(asked) : 300;
  const char *level = getenv("EPX_CPU");
  if (asked != nullptr && level != nullptr) {
    ASSERT_STREQ(epx_cpu_level_name(epx_cpu_level()), level);
  }
  Activity activity;
  for (uint64_t seed = 1; seed <= networks; ++seed) {
    check_network(seed, &activity);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(activity.between, 20 * activity.networks) << "states stuck at 0 or the top";
  EXPECT_GT(activity.moved, activity.networks / 2) << "updates that move nothing";
  EXPECT_GT(activity.strided, activity.networks / 50) << "strides that feed back";
  for (int pooled : activity.backward) {
    EXPECT_GT(pooled, activity.networks / 50 - 1) << "backward weights that pool";
  }
}

/* A layer of more neurons than the neuron loop takes at once. */
TEST(TwinOracle, AVeryWideLayer) {
  const epx_network_t network = make_network({1, 1, 2}, {dense_layer(4099), dense_layer(2)}, 3,
                                             EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID);
  epx_chip_t chip = make_chip();
  Random random(19);
  const Params params = random_params(network, random, 1.5);
  const Substrate twin = make_twin(network, chip, 2);
  TwinOracle oracle(network, chip);
  load(twin.get(), params);
  oracle.load(*params);
  ASSERT_NO_FATAL_FAILURE(train_both(twin.get(), oracle, chip, {4, 3},
                                     {EPX_ESTIMATOR_SYMMETRIC, 0.5},
                                     random_batch(network, random, 2)));
}

/* Images of 32 x 32 without pooling: some 32 samples fill the 32-bit sums of one thread. */
TEST(TwinOracle, LargeBatchesDoNotOverflow) {
  const epx_network_t network =
      make_network({1, 32, 32}, {conv_layer(1, 1, 1, 0, EPX_POOL_NONE)}, 2, EPX_LOSS_CROSS_ENTROPY,
                   EPX_ACTIVATION_HARD_SIGMOID);
  const epx_chip_t chip = make_chip();
  for (float pixel : {1.0f, -1.0f}) {
    for (int n : {32, 33, 70}) {
      Params params = make_params(network);
      params->bias[0][0] = 2.0; /* every state at its top code */
      const Substrate twin = make_twin(network, chip, n);
      TwinOracle oracle(network, chip);
      load(twin.get(), params);
      oracle.load(*params);
      Batch batch;
      batch.n = n;
      batch.x.assign((size_t)n * 1024, pixel);
      batch.labels.assign((size_t)n, 1);
      present(twin.get(), batch);
      oracle.present(batch.x.data(), batch.labels.data(), n);
      relax(twin.get(), 1, 0);
      oracle.relax(1, 0);
      const epx_phase_t phases[] = {{1, 1, 1}, {1, 1, 1}, {1, -1, 0}, {1, -3, 2}};
      for (const epx_phase_t &phase : phases) {
        accumulate(twin.get(), &phase);
        oracle.accumulate(phase);
        SCOPED_TRACE("samples " + std::to_string(n) + " coefficient " +
                     std::to_string(phase.coefficient));
        ASSERT_NO_FATAL_FAILURE(
            expect_gradient(twin.get(), oracle, {EPX_ESTIMATOR_SYMMETRIC, 0.5}));
      }
    }
  }
}

/* The oracle knows nothing of instruction sets: agreement on each level proves all levels equal. */
TEST(TwinOracle, EveryCpuLevel) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  int levels = 0;
  for (epx_cpu_level_t level : {EPX_CPU_SCALAR, EPX_CPU_AVX2, EPX_CPU_AVX512}) {
    if (level > epx_cpu_detected()) continue;
    ++levels;
    const std::string command = std::string("EPX_TEST_NETWORKS=100 EPX_CPU=") +
                                epx_cpu_level_name(level) + " '" + self +
                                "' --gtest_filter=TwinOracle.RandomNetworksAndFormats 2>&1";
    FILE *child = popen(command.c_str(), "r");
    ASSERT_NE(child, nullptr);
    std::string output;
    for (int c; (c = fgetc(child)) != EOF;) output += (char)c;
    EXPECT_EQ(pclose(child), 0) << epx_cpu_level_name(level) << ":\n" << output;
    EXPECT_NE(output.find("1 test from"), std::string::npos) << output;
  }
  EXPECT_GE(levels, 1);
}

}  // namespace
