/* SPDX-License-Identifier: Apache-2.0 */
/* What the twin promises beside its arithmetic: the settled shortcut, threads, continuing a run,
 * convergence to the golden model. */
#include "core/golden/golden_support.h"
#include "core/trainer_support.h"
#include "epx_parallel.h"
#include "rtl_model/twin/twin_support.h"

namespace {

epx_network_t sample_network(epx_loss_t loss) {
  return make_network(
      {3, 10, 9},
      {conv_layer(5, 3, 1, 1, EPX_POOL_MAX), conv_layer(6, 3, 1, 1, EPX_POOL_NONE), dense_layer(7)},
      7, loss, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

epx_network_t unidirectional(epx_network_t network, epx_backward_rule_t rule) {
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  network.backward_rule = rule;
  return network;
}

/* Backward weights behind a pool, and dense. */
epx_network_t pooled_network(epx_loss_t loss, epx_backward_rule_t rule) {
  return unidirectional(make_network({3, 8, 7},
                                     {conv_layer(5, 3, 1, 1, EPX_POOL_NONE),
                                      conv_layer(6, 3, 1, 1, EPX_POOL_MAX), dense_layer(7)},
                                     7, loss, EPX_ACTIVATION_HARD_SIGMOID_HALF),
                        rule);
}

/* relax(n) against n times relax(1): a sample that settled or cycles must not be told apart. */
TEST(Twin, RelaxingAtOnceOrStepByStepIsTheSame) {
  uint64_t asked_sum = 0, computed_sum = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    epx_network_t network;
    epx_chip_t chip;
    do {
      network = random_twin_network(random);
      chip = random_chip(random);
    } while (epx_twin_check(&network, &chip, nullptr) != EPX_OK);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const Params params = random_params(network, random, random.real(0.5, 4.0));
    const Batch batch = random_batch(network, random, 3);
    const Substrate once = make_twin(network, chip, 3), stepwise = make_twin(network, chip, 3);
    load(once.get(), params);
    load(stepwise.get(), params);
    present(once.get(), batch);
    present(stepwise.get(), batch);
    for (int phase = 0; phase < 4; ++phase) {
      const double beta = phase == 0 ? 0 : random.real(-1, 1);
      const int steps = random.integer(20, 41);
      relax(once.get(), steps, beta);
      for (int t = 0; t < steps; ++t) relax(stepwise.get(), 1, beta);
      for (int l = 0; l < network.layer_count; ++l) {
        ASSERT_EQ(layer_states(once.get(), l, 3), layer_states(stepwise.get(), l, 3))
            << "phase " << phase << " layer " << l << " after " << steps << " steps";
      }
    }
    uint64_t asked, computed;
    epx_twin_steps(stepwise.get(), &asked, &computed);
    EXPECT_EQ(asked, computed) << "single steps cannot be skipped";
    epx_twin_steps(once.get(), &asked, &computed);
    asked_sum += asked, computed_sum += computed;
  }
  EXPECT_LT(computed_sum, asked_sum * 3 / 4) << "the shortcut never ran";
}

/* Two layers that excite and inhibit each other: states that end in a cycle of period 2. */
TEST(Twin, CyclesOfPeriodTwoKeepTheirParity) {
  const epx_network_t network = make_network({1, 1, 1}, {dense_layer(1), dense_layer(2)}, 2,
                                             EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_HARD_SIGMOID);
  epx_chip_t chip = make_chip();
  const Params params = make_params(network);
  params->bias[0][0] = 0.9;
  params->bias[1][0] = params->bias[1][1] = 0.9;
  params->weight[1][0] = params->weight[1][1] = -1.5;
  Batch batch;
  batch.n = 1;
  batch.x = {0.5f};
  batch.labels = {0};
  std::vector<double> parity[2];
  for (int steps = 10; steps < 30; ++steps) {
    const Substrate twin = make_twin(network, chip, 1);
    load(twin.get(), params);
    present(twin.get(), batch);
    relax(twin.get(), steps, 0);
    const std::vector<double> s = layer_states(twin.get(), 0, 1);
    if (parity[steps % 2].empty()) parity[steps % 2] = s;
    EXPECT_EQ(s, parity[steps % 2]) << steps << " steps";
    uint64_t asked, computed;
    epx_twin_steps(twin.get(), &asked, &computed);
    EXPECT_EQ(asked, (uint64_t)steps);
    EXPECT_LT(computed, 8u);
  }
  EXPECT_NE(parity[0], parity[1]) << "no cycle: the test tests nothing";
}

/* The second run meets again, at its first step, the state that the first run left behind: that is
 * no cycle. */
TEST(Twin, PresentingAgainForgetsThePast) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    const Params params = random_params(network, random, 2.0);
    const Batch batch = random_batch(network, random, 1);
    const Substrate used = make_twin(network, make_chip(), 1);
    const Substrate fresh = make_twin(network, make_chip(), 1);
    load(used.get(), params);
    load(fresh.get(), params);
    for (int first : {1, 2, 3}) {
      for (int second : {2, 4, 5}) {
        present(used.get(), batch);
        relax(used.get(), first, 0);
        present(used.get(), batch);
        relax(used.get(), second, 0);
        present(fresh.get(), batch);
        for (int t = 0; t < second; ++t) relax(fresh.get(), 1, 0);
        for (int l = 0; l < network.layer_count; ++l) {
          ASSERT_EQ(layer_states(used.get(), l, 1), layer_states(fresh.get(), l, 1))
              << "seed " << seed << " after " << first << " and " << second << " steps";
        }
      }
    }
  }
}

void check_threads(const epx_network_t &network, const epx_chip_t &chip, const int steps[2]) {
  std::string first;
  for (int threads : {1, 2, 3, 7}) {
    epx_parallel_set_threads(threads);
    Random random(12);
    const Substrate twin = make_twin(network, chip, 13);
    load(twin.get(), random_params(network, random, 1.5));
    const std::string bytes =
        training_bytes(twin.get(), {steps[0], steps[1]}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 13, 77);
    if (threads == 1) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
  epx_parallel_set_threads(kTestThreads);
}

TEST(Twin, SameBitsOnAnyNumberOfThreads) {
  for (const epx_network_t &network :
       {sample_network(EPX_LOSS_CROSS_ENTROPY), sample_network(EPX_LOSS_SQUARED_ERROR),
        pooled_network(EPX_LOSS_CROSS_ENTROPY, EPX_BACKWARD_SAME),
        pooled_network(EPX_LOSS_SQUARED_ERROR, EPX_BACKWARD_DIFFERENT)}) {
    epx_chip_t chip = make_chip();
    chip.rows = chip.columns = 24;
    const int steps[2] = {12, 5};
    check_threads(network, chip, steps);
  }
}

TEST(Twin, SameBitsOnAnyNumberOfThreadsWithDevices) {
  const int steps[2] = {3, 2};
  check_threads(sample_network(EPX_LOSS_CROSS_ENTROPY), make_device_chip(), steps);
}

/* Loading starts afresh: momentum and rounding registers too. */
TEST(Twin, LoadClearsTheOptimiser) {
  const epx_network_t network = pooled_network(EPX_LOSS_CROSS_ENTROPY, EPX_BACKWARD_DIFFERENT);
  Random random(6);
  const Params params = random_params(network, random, 1.0);
  const Substrate used = make_twin(network, make_chip(), 6);
  load(used.get(), params);
  const std::string before = saved_bytes(used.get());
  (void)training_bytes(used.get(), {6, 3}, {EPX_ESTIMATOR_ONE_SIDED, 0.5}, 6, 1);
  EXPECT_NE(saved_bytes(used.get()), before);
  load(used.get(), params);
  EXPECT_EQ(saved_bytes(used.get()), before);
}

/* What store() gives, load() takes: the visible synapses survive a round trip. */
TEST(Twin, StoreGivesWhatTheArrayHolds) {
  const epx_network_t network = pooled_network(EPX_LOSS_CROSS_ENTROPY, EPX_BACKWARD_SAME);
  Random random(7);
  const Params params = random_params(network, random, 6.0);
  const epx_chip_t chip = make_chip(8, 6);
  const Substrate twin = make_twin(network, chip, 2);
  load(twin.get(), params);
  const Params first = make_params(network), second = make_params(network);
  ASSERT_EQ(epx_substrate_store(twin.get(), first.get(), nullptr), EPX_OK);
  const double step = std::ldexp(1.0, -chip.synapse[0].fraction_bits);
  for (int l = 0; l < first->layer_count; ++l) {
    for (int i = 0; i < first->units[l] * first->fan_in[l]; ++i) {
      /* Rounded twice: into the shadow, whose step is 2^-8 of the synapse's, then out of it. */
      const auto expect = [&](double loaded, double stored) {
        const double w = std::min(2 - step, std::max(-2.0, loaded));
        EXPECT_LE(std::fabs(stored - w), 0.5 * step * (1 + std::ldexp(1.0, -8)));
        EXPECT_EQ(stored / step, std::nearbyint(stored / step));
      };
      expect(params->weight[l][i], first->weight[l][i]);
      if (first->backward[l] != nullptr) expect(params->backward[l][i], first->backward[l][i]);
    }
  }
  load(twin.get(), first);
  ASSERT_EQ(epx_substrate_store(twin.get(), second.get(), nullptr), EPX_OK);
  for (int l = 0; l < first->layer_count; ++l) {
    EXPECT_EQ(layer_values(first, l), layer_values(second, l));
  }
}

TEST(Twin, ContinuesBitIdentically) {
  for (epx_round_t rounding : {EPX_ROUND_STOCHASTIC, EPX_ROUND_NEAREST_EVEN}) {
    check_resuming([rounding] {
      epx_network_t network =
          make_network({3, 32, 32}, {conv_layer(3, 5, 1, 0, EPX_POOL_MAX), dense_layer(6)}, 10,
                       EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
      network.connections = rounding == EPX_ROUND_STOCHASTIC ? EPX_CONNECTIONS_UNIDIRECTIONAL
                                                             : EPX_CONNECTIONS_BIDIRECTIONAL;
      epx_chip_t chip = make_chip();
      chip.update_rounding = rounding;
      const Params params = make_params(network);
      epx_params_initialise(params.get(), 5, 1.0);
      Substrate twin = make_twin(network, chip, 8);
      load(twin.get(), params);
      return twin;
    });
  }
}

TEST(Twin, ContinuesBitIdenticallyWithDevices) {
  check_resuming([] {
    const epx_network_t network =
        make_network({3, 32, 32}, {conv_layer(2, 5, 1, 0, EPX_POOL_MAX)}, 10,
                     EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
    const Params params = make_params(network);
    epx_params_initialise(params.get(), 5, 1.0);
    Substrate twin = make_twin(network, make_device_chip(), 8);
    load(twin.get(), params);
    return twin;
  });
}

// Every key that gives registers their meaning: under another one the checkpoint is refused, with
// both formats, and nothing is taken from it.
TEST(Twin, RefusesCheckpointsInOtherFormats) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  const Folder folder;
  const std::string path = folder / "checkpoint.npz";
  const Substrate twin = make_twin(network, make_chip(), 2);
  load(twin.get(), make_params(network));
  epx_trainer_state_t state = {};
  ASSERT_EQ(epx_checkpoint_write(path.c_str(), twin.get(), &state, nullptr), EPX_OK);
  struct Case {
    void (*change)(epx_chip_t *);
    const char *key;
  };
  const Case cases[] = {
      {[](epx_chip_t *c) { c->synapse[0].fraction_bits -= 1; }, "chip.synapse.format"},
      {[](epx_chip_t *c) { c->synapse[0].integer_bits -= 1, c->synapse[0].fraction_bits += 1; },
       "chip.synapse.format"},
      {[](epx_chip_t *c) { c->synapse[0].fraction_bits -= 1, c->shadow_bits += 1; },
       "chip.synapse.format"},
      {[](epx_chip_t *c) { c->shadow_bits -= 1; }, "chip.synapse.shadow_bits"},
      {[](epx_chip_t *c) { c->velocity.fraction_bits -= 2; }, "chip.velocity"},
      {[](epx_chip_t *c) { c->bias.fraction_bits -= 2; }, "chip.bias"},
  };
  for (const Case &c : cases) {
    epx_chip_t chip = make_chip();
    c.change(&chip);
    const Substrate other = make_twin(network, chip, 2);
    epx_error_t error = {};
    EXPECT_EQ(epx_checkpoint_read(path.c_str(), other.get(), &state, &error), EPX_ERR_FORMAT);
    EXPECT_NE(std::string(error.message).find(c.key), std::string::npos) << error.message;
    EXPECT_NE(std::string(error.message).find(path), std::string::npos) << error.message;
  }
  const Substrate same = make_twin(network, make_chip(), 2);
  epx_error_t error = {};
  EXPECT_EQ(epx_checkpoint_read(path.c_str(), same.get(), &state, &error), EPX_OK) << error.message;
}

TEST(Twin, RefusesCheckpointsOfOtherSubstrates) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  const Folder folder;
  const std::string path = folder / "checkpoint.npz";
  const Substrate golden = make_golden(epx_golden_f32_create, network, 2);
  const Substrate twin = make_twin(network, make_chip(), 2);
  epx_chip_t tiled = make_chip();
  tiled.rows = 16;
  const Substrate other_tiles = make_twin(network, tiled, 2);
  const Substrate other_ways =
      make_twin(unidirectional(network, EPX_BACKWARD_SAME), make_chip(), 2);
  epx_trainer_state_t state = {};
  epx_error_t error = {};
  ASSERT_EQ(epx_checkpoint_write(path.c_str(), golden.get(), &state, nullptr), EPX_OK);
  EXPECT_NE(epx_checkpoint_read(path.c_str(), twin.get(), &state, &error), EPX_OK);
  EXPECT_NE(std::string(error.message).find("twin.formats"), std::string::npos) << error.message;
  load(twin.get(), make_params(network));
  ASSERT_EQ(epx_checkpoint_write(path.c_str(), twin.get(), &state, nullptr), EPX_OK);
  EXPECT_NE(epx_checkpoint_read(path.c_str(), golden.get(), &state, &error), EPX_OK);
  EXPECT_NE(std::string(error.message).find("golden.0.weight"), std::string::npos) << error.message;
  EXPECT_NE(epx_checkpoint_read(path.c_str(), other_tiles.get(), &state, &error), EPX_OK);
  EXPECT_NE(std::string(error.message).find("lfsr"), std::string::npos) << error.message;
  EXPECT_NE(epx_checkpoint_read(path.c_str(), other_ways.get(), &state, &error), EPX_OK);
  EXPECT_NE(std::string(error.message).find("param.conv1.backward"), std::string::npos)
      << error.message;
}

struct Gap {
  double states = 0;   /* mean absolute difference */
  double gradient = 0; /* mean of 1 - cosine over layers */
};

Gap gap_to_golden(const epx_network_t &network, int bits, uint64_t seed) {
  Random random(seed);
  const int n = 6;
  const Params params = random_params(network, random, 1.5, 0.0, 0.8);
  const Batch batch = random_batch(network, random, n);
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.6};
  const Substrate golden = make_golden(epx_golden_f64_create, network, n);
  const Substrate twin = make_twin(network, make_chip(bits, bits), n);
  Gap gap;
  size_t neurons = 0;
  for (epx_substrate_t *substrate : {golden.get(), twin.get()}) {
    load(substrate, params);
    present(substrate, batch);
    relax(substrate, 40, 0);
  }
  for (int l = 0; l < network.layer_count; ++l) {
    const std::vector<double> a = layer_states(golden.get(), l, n);
    const std::vector<double> b = layer_states(twin.get(), l, n);
    for (size_t i = 0; i < a.size(); ++i) gap.states += std::fabs(a[i] - b[i]);
    neurons += a.size();
  }
  gap.states /= (double)neurons;
  run_ep(golden.get(), {40, 12}, estimator, batch);
  run_ep(twin.get(), {40, 12}, estimator, batch);
  const Params exact = read_gradient(golden.get(), estimator);
  const Params found = read_gradient(twin.get(), estimator);
  for (int l = 0; l < exact->layer_count; ++l) {
    const std::vector<double> g = layer_values(found, l);
    gap.gradient += (norm(g) == 0 ? 1 : 1 - cosine(layer_values(exact, l), g)) / exact->layer_count;
  }
  return gap;
}

/* The gap at 4, 6 and 8 bits, the mean of 8 draws; each step of 2 bits must close it. */
void converges(const epx_network_t &network, double last_gradient) {
  Gap gap[3];
  for (int i = 0; i < 3; ++i) {
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      const Gap one = gap_to_golden(network, 4 + 2 * i, seed);
      gap[i].states += one.states / 8;
      gap[i].gradient += one.gradient / 8;
    }
    testing::Test::RecordProperty("states" + std::to_string(4 + 2 * i),
                                  std::to_string(gap[i].states));
    testing::Test::RecordProperty("gradient" + std::to_string(4 + 2 * i),
                                  std::to_string(gap[i].gradient));
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_LT(gap[i + 1].states, 0.5 * gap[i].states) << "step " << i;
    EXPECT_LT(gap[i + 1].gradient, 0.7 * gap[i].gradient) << "step " << i;
  }
  EXPECT_LT(gap[2].states, 0.01);
  EXPECT_LT(gap[2].gradient, last_gradient);
}

/* The second law: with wider formats, states and gradients converge to the golden model's. */
TEST(Twin, ConvergesToTheGoldenModel) {
  for (epx_loss_t loss : {EPX_LOSS_CROSS_ENTROPY, EPX_LOSS_SQUARED_ERROR}) {
    const epx_network_t network = sample_network(loss);
    for (const epx_network_t &one : {network, unidirectional(network, EPX_BACKWARD_SAME),
                                     unidirectional(network, EPX_BACKWARD_DIFFERENT)}) {
      SCOPED_TRACE(describe(one));
      converges(one, 0.1);
    }
  }
}

/* Switches of either set of weights jump at the last bit of a state: the gradients of both
 * converge, but more slowly. */
TEST(Twin, ConvergesToTheGoldenModelThroughTwoSetsOfSwitches) {
  for (epx_loss_t loss : {EPX_LOSS_CROSS_ENTROPY, EPX_LOSS_SQUARED_ERROR}) {
    for (epx_backward_rule_t rule : {EPX_BACKWARD_SAME, EPX_BACKWARD_DIFFERENT}) {
      const epx_network_t network = pooled_network(loss, rule);
      SCOPED_TRACE(describe(network));
      converges(network, 0.15);
    }
  }
}

}  // namespace
