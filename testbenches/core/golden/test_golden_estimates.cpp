/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates, continual updates and the rules of backward weights against dPhi/dtheta evaluated
 * directly, synapse by synapse, at the slow model's states. */
#include "core/golden/naive_model.h"

namespace {

struct Case {
  epx_network_t network;
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  int sign;
};

/* Number i of all estimators, connections, rules, switches, updates and free legs; the network
 * itself is random. */
constexpr int kCombinations = 4 * 3 * 2 * 2 * 2;
Case combination(int i, Random &random) {
  Case c = {};
  c.network = any_network(random);
  c.estimator.kind = (epx_estimator_kind_t)(i % 4);
  const int connections = i / 4 % 3;
  c.network.connections =
      connections == 0 ? EPX_CONNECTIONS_BIDIRECTIONAL : EPX_CONNECTIONS_UNIDIRECTIONAL;
  c.network.backward_rule = connections == 1 ? EPX_BACKWARD_SAME : EPX_BACKWARD_DIFFERENT;
  c.dynamics.relaxation.switches = (epx_switches_t)(i / 12 % 2);
  c.dynamics.relaxation.update = (epx_update_order_t)(i / 24 % 2);
  c.estimator.free_leg = (epx_free_leg_t)(i / 48 % 2);
  c.estimator.beta = random.real(0.1, 1.0);
  c.dynamics.free_steps = random.integer(1, 10);
  c.dynamics.nudged_steps = random.integer(1, 8);
  c.sign = random.chance(0.5) ? 1 : -1;
  return c;
}

std::string describe_case(const Case &c) {
  return describe(c.network) + "; " + describe(c.dynamics.relaxation) + "; " +
         epx_estimator_row(c.estimator.kind)->name + (c.sign < 0 ? " minus" : " plus") +
         (c.estimator.free_leg == EPX_FREE_LEG_CONTINUE ? " continue" : " stop");
}

NaiveBatch naive_free(const Case &c, const Params &params, const Batch &batch) {
  NaiveBatch naive(c.network, params.get(), batch, c.dynamics.relaxation);
  naive.relax(c.dynamics.free_steps, 0);
  naive.keep_free();
  return naive;
}

constexpr double kAmbiguous = 1e-9;

TEST(Estimates, EqualTheEquationsInEveryCombination) {
  int compared = 0, ambiguous = 0;
  double worst = 0;
  for (int i = 0; i < 10 * kCombinations; ++i) {
    Random random((uint64_t)i + 1);
    const Case c = combination(i % kCombinations, random);
    SCOPED_TRACE("seed " + std::to_string(i + 1) + ": " + describe_case(c));
    const int n = random.integer(1, 10);
    const Params params = random_params(c.network, random, 1.2);
    const Batch batch = random_batch(c.network, random, n);
    const Substrate golden = make_golden(epx_golden_f64_create, c.network, n);
    golden->relaxation = c.dynamics.relaxation;
    load(golden.get(), params);
    run_ep(golden.get(), c.dynamics, c.estimator, batch, c.sign);
    NaiveBatch naive = naive_free(c, params, batch);
    const NaiveGradient expected =
        naive_estimate(naive, params.get(), c.dynamics, c.estimator, c.sign);
    if (naive.closest() < kAmbiguous) {
      ++ambiguous;
      continue;
    }
    ++compared;
    const double error = naive_error(read_gradient(golden.get(), c.estimator), expected);
    worst = std::max(worst, error);
    ASSERT_LT(error, 1e-11);
  }
  std::printf("%d estimates compared, %d ambiguous, worst error %.1e\n", compared, ambiguous,
              worst);
  EXPECT_LT(ambiguous, compared / 10);
}

/* The update of every nudged step, applied at once, as a plain loop. */
void naive_continual(const Case &c, const Params &params, NaiveBatch &naive,
                     const epx_update_rule_t &rule) {
  for (const NaiveLeg &leg : naive_legs(c.estimator.kind, c.estimator.beta, c.sign)) {
    if (leg.nudge == 0 && c.estimator.free_leg == EPX_FREE_LEG_STOP) continue;
    naive.recall_free();
    for (int t = 1; t <= c.dynamics.nudged_steps; ++t) {
      NaiveGradient g = naive_zeros(params.get());
      naive.add_terms(-leg.factor, 0, g);
      naive.relax(1, leg.nudge);
      naive.add_terms(leg.factor, t == c.dynamics.nudged_steps ? leg.readout : 0, g);
      naive.share_terms(g);
      for (int l = 0; l < params->layer_count; ++l) {
        const size_t at = (size_t)l;
        for (size_t k = 0; k < g.weight[at].size(); ++k) {
          params->weight[l][k] -= rule.learning_rate[l] * g.weight[at][k];
        }
        for (size_t k = 0; k < g.bias[at].size(); ++k) {
          params->bias[l][k] -= rule.learning_rate[l] * g.bias[at][k];
        }
        for (size_t k = 0; k < g.backward[at].size(); ++k) {
          params->backward[l][k] -= rule.learning_rate[l] * g.backward[at][k];
        }
      }
    }
  }
}

Params copy_of(const epx_network_t &network, const Params &params) {
  Params copy = make_params(network);
  for (int l = 0; l < params->layer_count; ++l) {
    const size_t weights = (size_t)(params->units[l] * params->fan_in[l]);
    memcpy(copy->weight[l], params->weight[l], weights * sizeof(double));
    memcpy(copy->bias[l], params->bias[l], (size_t)params->units[l] * sizeof(double));
    if (params->backward[l] != nullptr) {
      memcpy(copy->backward[l], params->backward[l], weights * sizeof(double));
    }
  }
  return copy;
}

epx_update_rule_t plain_rule(double rate) {
  epx_update_rule_t rule = {};
  for (int l = 0; l <= EPX_MAX_LAYERS; ++l) rule.learning_rate[l] = rate / (1 + l);
  return rule;
}

Params stored(epx_substrate_t *golden) {
  Params params = make_params(golden->network);
  EXPECT_EQ(epx_substrate_store(golden, params.get(), nullptr), EPX_OK);
  return params;
}

void run_continual(epx_substrate_t *golden, const Case &c, const Batch &batch,
                   const epx_update_rule_t &rule) {
  std::vector<double> loss((size_t)batch.n);
  std::vector<uint8_t> predicted((size_t)batch.n);
  epx_error_t error = {};
  const epx_batch_t whole = batch.whole();
  ASSERT_EPX_OK(epx_ep_free(golden, &c.dynamics, &whole, loss.data(), predicted.data(), &error),
                error);
  ASSERT_EPX_OK(epx_ep_continual(golden, &c.dynamics, &c.estimator, c.sign, &rule, &error), error);
}

TEST(Continual, EqualsAPlainLoopInEveryCombination) {
  int compared = 0, ambiguous = 0;
  for (int i = 0; i < 4 * kCombinations; ++i) {
    Random random((uint64_t)i + 1000);
    const Case c = combination(i % kCombinations, random);
    SCOPED_TRACE("seed " + std::to_string(i + 1000) + ": " + describe_case(c));
    const int n = random.integer(1, 10);
    const Params params = random_params(c.network, random, 1.0);
    const Params expected = copy_of(c.network, params);
    const Substrate golden = make_golden(epx_golden_f64_create, c.network, n);
    golden->relaxation = c.dynamics.relaxation;
    load(golden.get(), params);
    const epx_update_rule_t rule = plain_rule(0.02);
    bool clear = true;
    for (int round = 0; round < 2; ++round) {
      const Batch batch = random_batch(c.network, random, n);
      run_continual(golden.get(), c, batch, rule);
      NaiveBatch naive = naive_free(c, expected, batch);
      naive_continual(c, expected, naive, rule);
      clear = clear && naive.closest() > kAmbiguous;
    }
    if (!clear) {
      ++ambiguous;
      continue;
    }
    ++compared;
    const Params found = stored(golden.get());
    double moved = 0;
    for (int l = 0; l < params->layer_count; ++l) {
      const std::vector<double> f = layer_values(found, l), e = layer_values(expected, l);
      moved += distance(layer_values(params, l), e);
      for (size_t k = 0; k < e.size(); ++k) {
        ASSERT_NEAR(f[k], e[k], 1e-10 * (1 + std::fabs(e[k]))) << params->name[l] << " " << k;
      }
    }
    EXPECT_GT(moved, 0);
  }
  std::printf("%d trainings compared, %d ambiguous\n", compared, ambiguous);
  EXPECT_LT(ambiguous, compared / 10);
}

/* As the rate goes to 0 the sum of the updates is the ordinary update, for the terms of a leg
 * telescope. The error falls with the rate. */
TEST(Continual, BecomesTheOrdinaryUpdateAtSmallRates) {
  for (int i = 0; i < kCombinations; ++i) {
    Random random((uint64_t)i + 3000);
    const Case c = combination(i, random);
    const int n = random.integer(1, 9);
    const Params params = random_params(c.network, random, 1.0);
    const Batch batch = random_batch(c.network, random, n);
    SCOPED_TRACE("seed " + std::to_string(i + 3000) + ": " + describe_case(c));
    const Substrate golden = make_golden(epx_golden_f64_create, c.network, n);
    golden->relaxation = c.dynamics.relaxation;
    load(golden.get(), params);
    run_ep(golden.get(), c.dynamics, c.estimator, batch, c.sign);
    const Params gradient = read_gradient(golden.get(), c.estimator);
    double error[2];
    for (int k = 0; k < 2; ++k) {
      const double rate = k == 0 ? 1e-4 : 1e-6;
      const epx_update_rule_t rule = plain_rule(rate);
      load(golden.get(), params);
      run_continual(golden.get(), c, batch, rule);
      const Params now = stored(golden.get());
      double off = 0, size = 0;
      for (int l = 0; l < params->layer_count; ++l) {
        const std::vector<double> before = layer_values(params, l), after = layer_values(now, l);
        const std::vector<double> g = layer_values(gradient, l);
        for (size_t m = 0; m < g.size(); ++m) {
          const double slope = (before[m] - after[m]) / rule.learning_rate[l];
          off += (slope - g[m]) * (slope - g[m]);
          size += g[m] * g[m];
        }
      }
      error[k] = std::sqrt(off) / (std::sqrt(size) + 1e-3);
    }
    EXPECT_LT(error[1], 2e-3);
    EXPECT_LT(error[1], 0.02 * error[0] + 1e-7) << error[0];
  }
}

/* Float32 sums its terms in float64: an estimate differs by the states' rounding alone. */
epx_network_t like_the_reference(Random &random) {
  const epx_pool_t pools[] = {EPX_POOL_NONE, EPX_POOL_MAX, EPX_POOL_AVG};
  for (;;) {
    std::vector<epx_layer_t> layers;
    for (int l = random.integer(0, 3); l > 0; --l) {
      const bool wide = random.chance(0.2);
      layers.push_back(conv_layer(random.integer(4, 12), wide ? 5 : 3, random.chance(0.2) ? 2 : 1,
                                  wide ? 2 : random.integer(0, 1), pools[random.integer(0, 2)]));
    }
    const bool entropy = random.chance(0.5);
    if (layers.empty() || random.chance(0.4)) layers.push_back(dense_layer(random.integer(12, 40)));
    if (!entropy) layers.push_back(dense_layer(10));
    const int side = layers[0].kind == EPX_LAYER_DENSE ? 8 : random.integer(12, 16);
    epx_network_t network = make_network({random.chance(0.3) ? 1 : 3, side, side}, layers, 10,
                                         entropy ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR,
                                         (epx_activation_t)random.integer(0, 3));
    network.connections = (epx_connections_t)(random.chance(0.4) ? 1 : 0);
    network.backward_rule = (epx_backward_rule_t)random.integer(0, 1);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    if (epx_network_shapes(&network, shapes, nullptr) == EPX_OK) return network;
  }
}

/* L2 error of the worst layer, beyond what rounded states cost where a layer's gradient vanishes
 * (1e-6 / beta), relative to that layer's norm; *whole: of all layers together. */
double float32_error(const Params &single, const Params &twofold, double floor, double *whole) {
  double worst = 0, off = 0, size = 0;
  for (int l = 0; l < single->layer_count; ++l) {
    const std::vector<double> a = layer_values(single, l), b = layer_values(twofold, l);
    worst = std::max(worst, (distance(a, b) - floor) / norm(b));
    off += std::pow(distance(a, b), 2);
    size += std::pow(norm(b), 2);
  }
  *whole = std::sqrt(off / size);
  return worst;
}

/* With max pooling float32 may choose another switch, after which nothing need agree. */
TEST(Float32, FollowsFloat64OnNetworksLikeTheReference) {
  int jumps = 0;
  double worst[2] = {0, 0}, worst_whole[2] = {0, 0}, whole;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const epx_network_t network = like_the_reference(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const epx_dynamics_t dynamics = {random.integer(50, 100), random.integer(10, 20), {}};
    const double beta = random.real(0.2, 1.0);
    const Params params = make_params(network);
    bool jumping = false, jumped = false;
    for (int l = 0; l < network.layer_count; ++l) {
      jumping = jumping || (network.layers[l].kind == EPX_LAYER_CONV &&
                            network.layers[l].pool == EPX_POOL_MAX);
    }
    const bool smooth = network.activation >= EPX_ACTIVATION_SIGMOID;
    epx_params_initialise(params.get(), seed, smooth ? 0.5 : 1);
    const Batch batch = random_batch(network, random, random.integer(2, 4), -1.8, 1.8);
    const Substrate f32 = make_golden(epx_golden_f32_create, network, batch.n);
    const Substrate f64 = make_golden(epx_golden_f64_create, network, batch.n);
    const Params exact32 = make_params(network), exact64 = make_params(network);
    load(f32.get(), params);
    load(f64.get(), params);
    for (epx_estimator_kind_t kind :
         {EPX_ESTIMATOR_SYMMETRIC, EPX_ESTIMATOR_ONE_SIDED, EPX_ESTIMATOR_RICHARDSON}) {
      const epx_estimator_t estimator = {kind, beta};
      run_ep(f32.get(), dynamics, estimator, batch);
      run_ep(f64.get(), dynamics, estimator, batch);
      const double error = float32_error(read_gradient(f32.get(), estimator),
                                         read_gradient(f64.get(), estimator), 1e-6 / beta, &whole);
      jumped = jumped || error > 1e-4 || whole > 1e-4;
      EXPECT_TRUE(jumping || !jumped) << epx_estimator_row(kind)->name << " " << error;
      worst[0] = jumped ? worst[0] : std::max(worst[0], error);
      worst_whole[0] = jumped ? worst_whole[0] : std::max(worst_whole[0], whole);
    }
    epx_substrate_recall_free(f32.get());
    epx_substrate_recall_free(f64.get());
    ASSERT_EQ(epx_golden_f32_bptt(f32.get(), 20, exact32.get(), nullptr), EPX_OK);
    ASSERT_EQ(epx_golden_f64_bptt(f64.get(), 20, exact64.get(), nullptr), EPX_OK);
    const double error = float32_error(exact32, exact64, 0, &whole);
    jumped = jumped || error > 1e-4;
    EXPECT_TRUE(jumping || !jumped) << "BPTT " << error;
    worst[1] = jumped ? worst[1] : std::max(worst[1], error);
    worst_whole[1] = jumped ? worst_whole[1] : std::max(worst_whole[1], whole);
    jumps += jumped ? 1 : 0;
  }
  EXPECT_LE(jumps, 4);
  std::printf(
      "%d networks jumped; else worst layer and whole: estimates %.1e %.1e, BPTT %.1e %.1e\n",
      jumps, worst[0], worst_whole[0], worst[1], worst_whole[1]);
}

}  // namespace
