/* SPDX-License-Identifier: Apache-2.0 */
/* The golden optimiser, its registers, and independence of the number of threads. */
#include "core/core_support.h"
#include "epx_parallel.h"

namespace {

epx_network_t sample_network(epx_loss_t loss) {
  std::vector<epx_layer_t> layers = {conv_layer(3, 3, 1, 1, EPX_POOL_MAX),
                                     conv_layer(4, 3, 2, 1, EPX_POOL_AVG), dense_layer(5)};
  return make_network({2, 9, 8}, layers, 5, loss, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

/* v = momentum v + g + decay w; w -= rate v, in double, beside the substrate's own. */
void check_optimiser(CreateGolden create, double tolerance) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  const epx_dynamics_t dynamics = {10, 5};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
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
    golden->ops->update(golden.get(), &estimator, &rule);
    ASSERT_EQ(golden->ops->store(golden.get(), now.get(), nullptr), EPX_OK);
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

TEST(GoldenUpdate, Float64FollowsTheFormula) {
  check_optimiser(epx_golden_f64_create, 1e-13);
}
TEST(GoldenUpdate, Float32FollowsTheFormula) {
  check_optimiser(epx_golden_f32_create, 3e-6);
}

TEST(GoldenUpdate, LoadStoreIsExactAndClearsMomentum) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
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
  ASSERT_EQ(used->ops->store(used.get(), back.get(), nullptr), EPX_OK);
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

TEST(GoldenThreads, SameBitsOnAnyNumber) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  const epx_dynamics_t dynamics = {8, 4};
  for (CreateGolden create : {epx_golden_f32_create, epx_golden_f64_create}) {
    for (epx_estimator_kind_t kind : {EPX_ESTIMATOR_SYMMETRIC, EPX_ESTIMATOR_ONE_SIDED}) {
      const epx_estimator_t estimator = {kind, 0.5};
      std::string first;
      for (int threads : {1, 2, 3, 7}) {
        epx_parallel_set_threads(threads);
        Random random(12);
        const Substrate golden = make_golden(create, network, 13);
        load(golden.get(), random_params(network, random, 1.0));
        const std::string bytes = training_bytes(golden.get(), dynamics, estimator, 13, 77);
        if (threads == 1) first = bytes;
        EXPECT_TRUE(bytes == first) << threads << " threads";
      }
      epx_parallel_set_threads(kTestThreads);
    }
  }
}

TEST(GoldenThreads, BpttHasTheSameBitsToo) {
  const epx_network_t network = sample_network(EPX_LOSS_CROSS_ENTROPY);
  std::vector<std::vector<double>> first;
  for (int threads : {1, 2, 3}) {
    epx_parallel_set_threads(threads);
    Random random(2);
    const Substrate golden = make_golden(epx_golden_f32_create, network, 10);
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

}  // namespace
