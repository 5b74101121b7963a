/* SPDX-License-Identifier: Apache-2.0 */
/* The golden optimiser, its registers, and independence of the number of threads. */
#include <set>

#include "core/golden/golden_support.h"
#include "epx_parallel.h"

namespace {

epx_network_t sample_network(epx_loss_t loss) {
  std::vector<epx_layer_t> layers = {conv_layer(3, 3, 1, 1, EPX_POOL_MAX),
                                     conv_layer(4, 3, 2, 1, EPX_POOL_AVG), dense_layer(5)};
  return make_network({2, 9, 8}, layers, 5, loss, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

/* v = momentum v + g + decay w; w -= rate v, in double, beside the substrate's own. */
void check_optimiser(CreateGolden create, const epx_network_t &network, double tolerance) {
  const epx_dynamics_t dynamics = {10, 5, {}};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  SCOPED_TRACE(describe(network));
  Random random(4);
  const Substrate golden = make_golden(create, network, 7);
  const Params initial = random_params(network, random, 1.0), now = make_params(network);
  load(golden.get(), initial);
  std::vector<std::vector<double>> w, v;
  for (int l = 0; l < initial->layer_count; ++l) {
    w.push_back(layer_values(initial, l));
    v.push_back(std::vector<double>(w.back().size(), 0.0));
  }
  for (int step = 0; step < 5; ++step) {
    epx_update_rule_t rule = {};
    for (int l = 0; l <= EPX_MAX_LAYERS; ++l) rule.learning_rate[l] = random.real(0.01, 0.3);
    rule.momentum = random.real(0.5, 0.95);
    rule.weight_decay = random.real(0, 0.1);
    run_ep(golden.get(), dynamics, estimator, random_batch(network, random, 3 + step));
    const Params gradient = read_gradient(golden.get(), estimator);
    update(golden.get(), &estimator, &rule);
    ASSERT_EQ(epx_substrate_store(golden.get(), now.get(), nullptr), EPX_OK);
    double moved = 0;
    for (int l = 0; l < initial->layer_count; ++l) {
      const std::vector<double> g = layer_values(gradient, l), found = layer_values(now, l);
      for (size_t i = 0; i < g.size(); ++i) {
        v[(size_t)l][i] =
            rule.momentum * v[(size_t)l][i] + g[i] + rule.weight_decay * w[(size_t)l][i];
        w[(size_t)l][i] -= rule.learning_rate[l] * v[(size_t)l][i];
        moved += std::fabs(g[i]);
        ASSERT_NEAR(found[i], w[(size_t)l][i], tolerance) << "step " << step << " layer " << l;
      }
    }
    EXPECT_GT(moved, 1e-3);
    const Params cleared = read_gradient(golden.get(), estimator);
    for (int l = 0; l < initial->layer_count; ++l) {
      EXPECT_EQ(norm(layer_values(cleared, l)), 0.0) << "accumulators survive the update";
    }
  }
}

/* Bidirectional, and both rules of backward weights, which have registers of their own. */
std::vector<epx_network_t> all_connections() {
  std::vector<epx_network_t> networks(3, sample_network(EPX_LOSS_CROSS_ENTROPY));
  networks[1].connections = networks[2].connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  networks[2].backward_rule = EPX_BACKWARD_DIFFERENT;
  return networks;
}

TEST(GoldenUpdate, Float64FollowsTheFormula) {
  for (const epx_network_t &network : all_connections()) {
    check_optimiser(epx_golden_f64_create, network, 1e-13);
  }
}
TEST(GoldenUpdate, Float32FollowsTheFormula) {
  for (const epx_network_t &network : all_connections()) {
    check_optimiser(epx_golden_f32_create, network, 3e-6);
  }
}

TEST(GoldenUpdate, LoadStoreIsExactAndClearsMomentum) {
  epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  const epx_dynamics_t dynamics = {6, 3};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_ONE_SIDED, 0.5};
  Random random(6);
  const Params params = random_params(network, random, 1.0), back = make_params(network);
  const Substrate used = make_golden(epx_golden_f64_create, network, 6);
  const Substrate fresh = make_golden(epx_golden_f64_create, network, 6);
  load(used.get(), params);
  (void)training_bytes(used.get(), dynamics, estimator, 6, 1);
  load(used.get(), params);
  load(fresh.get(), params);
  ASSERT_EQ(epx_substrate_store(used.get(), back.get(), nullptr), EPX_OK);
  for (int l = 0; l < params->layer_count; ++l) {
    EXPECT_EQ(layer_values(params, l), layer_values(back, l));
  }
  EXPECT_EQ(training_bytes(used.get(), dynamics, estimator, 6, 2),
            training_bytes(fresh.get(), dynamics, estimator, 6, 2));
}

/* A batch of n is the mean over its samples: estimates of single samples average to it. */
TEST(GoldenUpdate, GradientIsTheMeanOverTheBatch) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  const epx_dynamics_t dynamics = {10, 5};
  for (epx_estimator_kind_t kind : {EPX_ESTIMATOR_SYMMETRIC, EPX_ESTIMATOR_ONE_SIDED}) {
    const epx_estimator_t estimator = {kind, 0.4};
    Random random(9);
    const int n = 11;
    const Params params = random_params(network, random, 1.0);
    const Batch batch = random_batch(network, random, n);
    const Substrate golden = make_golden(epx_golden_f64_create, network, n);
    load(golden.get(), params);
    run_ep(golden.get(), dynamics, estimator, batch);
    const Params whole = read_gradient(golden.get(), estimator);
    std::vector<std::vector<double>> mean((size_t)params->layer_count);
    const size_t image = batch.x.size() / (size_t)n;
    for (int i = 0; i < n; ++i) {
      const Batch one = {1,
                         {batch.x.begin() + (long)(image * (size_t)i),
                          batch.x.begin() + (long)(image * (size_t)(i + 1))},
                         {batch.labels[(size_t)i]}};
      run_ep(golden.get(), dynamics, estimator, one);
      const Params single = read_gradient(golden.get(), estimator);
      for (int l = 0; l < params->layer_count; ++l) {
        const std::vector<double> g = layer_values(single, l);
        mean[(size_t)l].resize(g.size());
        for (size_t k = 0; k < g.size(); ++k) mean[(size_t)l][k] += g[k] / n;
      }
    }
    for (int l = 0; l < params->layer_count; ++l) {
      EXPECT_LT(distance(mean[(size_t)l], layer_values(whole, l)),
                1e-12 * (1 + norm(mean[(size_t)l])));
    }
  }
}

/* Every mode by itself or with others: connections, rule, estimator, free leg, updates, switches,
 * continual updates, tolerance, quantised states. */
TEST(GoldenThreads, SameBitsOnAnyNumber) {
  std::set<std::string> distinct;
  for (int i = 0; i < 48; ++i) {
    Random random((uint64_t)i);
    epx_network_t network = all_connections()[(size_t)(i % 3)];
    network.activation = (epx_activation_t)random.integer(0, 3);
    epx_relaxation_t relaxation = any_relaxation(random);
    relaxation.tolerance = random.chance(0.3) ? 1e-3 : 0;
    const bool single = i % 2 == 0, quantised = random.chance(0.3);
    const epx_dynamics_t dynamics = {8, 4, relaxation};
    const epx_estimator_t estimator = {(epx_estimator_kind_t)(i / 3 % 4), 0.5,
                                       (epx_free_leg_t)random.integer(0, 1), i / 12 % 2 == 1};
    std::string first;
    for (int threads : {1, 2, 3, 7}) {
      epx_parallel_set_threads(threads);
      Random draws(12);
      const Substrate golden =
          make_golden(single ? epx_golden_f32_create : epx_golden_f64_create, network, 13);
      golden->relaxation = relaxation;
      if (quantised) {
        (single ? epx_golden_f32_quantise_states : epx_golden_f64_quantise_states)(golden.get(),
                                                                                   {false, 0, 6});
      }
      load(golden.get(), random_params(network, draws, 1.0));
      const std::string bytes = training_bytes(golden.get(), dynamics, estimator, 13, 77);
      if (threads == 1) first = bytes;
      EXPECT_TRUE(bytes == first) << threads << " threads; " << describe(network) << "; "
                                  << describe(relaxation) << "; estimator " << i / 3 % 4;
    }
    epx_parallel_set_threads(kTestThreads);
    distinct.insert(first);
  }
  EXPECT_EQ(distinct.size(), 48u) << "two modes are one";
}

TEST(GoldenThreads, BpttHasTheSameBitsToo) {
  for (const epx_network_t &network : all_connections()) {
    for (epx_update_order_t update : {EPX_UPDATE_SYNCHRONOUS, EPX_UPDATE_ALTERNATING}) {
      std::vector<std::vector<double>> first;
      for (int threads : {1, 2, 3}) {
        epx_parallel_set_threads(threads);
        Random random(2);
        const Substrate golden = make_golden(epx_golden_f32_create, network, 10);
        golden->relaxation.update = update;
        load(golden.get(), random_params(network, random, 1.0));
        present(golden.get(), random_batch(network, random, 10));
        const Params gradient = make_params(network);
        ASSERT_EQ(epx_golden_f32_bptt(golden.get(), 6, gradient.get(), nullptr), EPX_OK);
        for (int l = 0; l < gradient->layer_count; ++l) {
          const std::vector<double> g = layer_values(gradient, l);
          if (threads == 1) first.push_back(g);
          EXPECT_EQ(g, first[(size_t)l]) << threads << " threads, layer " << l;
        }
      }
      epx_parallel_set_threads(kTestThreads);
    }
  }
}

}  // namespace
