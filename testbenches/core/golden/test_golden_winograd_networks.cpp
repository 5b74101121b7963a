/* SPDX-License-Identifier: Apache-2.0 */
/* Whole networks in float32 whose layers take Winograd's way, against float64: both ways of
 * connecting, frozen and live switches, weights that change under a batch. */
#include "core/golden/golden_support.h"

namespace {

epx_network_t any_winograd_network(Random &random) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  for (;;) {
    epx_network_t network =
        make_network({random.integer(1, 20), random.integer(6, 12), random.integer(6, 12)},
                     {conv_layer(random.integer(16, 36), 3, 1, 1, (epx_pool_t)random.integer(0, 2)),
                      conv_layer(random.integer(16, 70), 3, 1, random.integer(0, 1),
                                 (epx_pool_t)random.integer(0, 2)),
                      dense_layer(6)},
                     6, (epx_loss_t)random.integer(0, 1), (epx_activation_t)random.integer(0, 1));
    network.connections = (epx_connections_t)random.integer(0, 1);
    network.backward_rule = (epx_backward_rule_t)random.integer(0, 1);
    if (epx_network_shapes(&network, shapes, nullptr) == EPX_OK) return network;
  }
}

class Networks : public testing::Test {
 protected:
  void compare_states(const epx_network_t &network, int n) {
    for (int i = 0; i < n; ++i) {
      double worst = 0;
      for (int l = 0; l < network.layer_count; ++l) {
        const std::vector<double> a = layer_states(f32_.get(), l, n),
                                  b = layer_states(f64_.get(), l, n);
        const size_t size = a.size() / (size_t)n;
        for (size_t k = size * (size_t)i; k < size * (size_t)(i + 1); ++k) {
          worst = std::max(worst, std::fabs(a[k] - b[k]));
        }
      }
      ++samples_;
      jumped_ += worst > 1e-5 ? 1 : 0;
      worst_ = worst > 1e-5 ? worst_ : std::max(worst_, worst);
    }
  }

  void phases(const epx_network_t &network, const Batch &batch, Random &random) {
    const int free_steps = random.integer(1, 6), steps = random.integer(1, 4);
    for (epx_substrate_t *golden : {f32_.get(), f64_.get()}) {
      present(golden, batch);
      relax(golden, free_steps, 0);
      keep_free(golden);
    }
    compare_states(network, batch.n);
    for (epx_substrate_t *golden : {f32_.get(), f64_.get()}) {
      epx_substrate_recall_free(golden);
      relax(golden, steps, 0.5);
    }
    compare_states(network, batch.n);
  }

  int samples_ = 0, jumped_ = 0;
  double worst_ = 0;
  Substrate f32_, f64_;
};

TEST_F(Networks, FollowFloat64) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const epx_network_t network = any_winograd_network(random);
    const epx_relaxation_t relaxation = any_relaxation(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; " +
                 describe(relaxation));
    const int n = random.integer(1, 19);
    f32_ = make_golden(epx_golden_f32_create, network, n);
    f64_ = make_golden(epx_golden_f64_create, network, n);
    for (int round = 0; round < 2; ++round) { /* the second with other weights */
      const Params params = random_params(network, random, 1.0);
      for (epx_substrate_t *golden : {f32_.get(), f64_.get()}) {
        golden->relaxation = relaxation;
        load(golden, params);
      }
      phases(network, random_batch(network, random, n), random);
    }
  }
  std::printf("seeds 1 to 40: %d states, %d jumped, else at most %.1e apart\n", samples_, jumped_,
              worst_);
  EXPECT_LE(jumped_, samples_ / 200);
}

/* relax(k) against k times relax(1), which keeps no product, on samples that end at different
 * times. */
TEST(Groups, SkippingChangesNoBit) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const epx_network_t network = any_winograd_network(random);
    const epx_relaxation_t relaxation = any_relaxation(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; " +
                 describe(relaxation));
    const int n = random.integer(1, 19), steps = random.integer(2, 60);
    const Params params = random_params(network, random, 0.7);
    const Batch batch = random_batch(network, random, n);
    const Substrate fast = make_golden(epx_golden_f32_create, network, n),
                    slow = make_golden(epx_golden_f32_create, network, n);
    for (epx_substrate_t *golden : {fast.get(), slow.get()}) {
      golden->relaxation = relaxation;
      epx_golden_f32_quantise_states(golden, {false, 0, 6}); /* so that some settle */
      load(golden, params);
      present(golden, batch);
    }
    relax(fast.get(), steps, 0.5);
    for (int t = 0; t < steps; ++t) relax(slow.get(), 1, 0.5);
    for (int l = 0; l < network.layer_count; ++l) {
      ASSERT_EQ(layer_states(fast.get(), l, n), layer_states(slow.get(), l, n)) << "layer " << l;
    }
  }
}

/* Updated weights are those of a substrate into which they are loaded. */
TEST(Groups, UpdatedWeightsAreSeenAtOnce) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    const epx_network_t network = any_winograd_network(random);
    const epx_dynamics_t dynamics = {6, 3, any_relaxation(random)};
    const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const Batch batch = random_batch(network, random, 5);
    const Substrate used = make_golden(epx_golden_f32_create, network, 5),
                    fresh = make_golden(epx_golden_f32_create, network, 5);
    load(used.get(), random_params(network, random, 1.0));
    run_ep(used.get(), dynamics, estimator, batch);
    epx_update_rule_t rule = {};
    for (double &rate : rule.learning_rate) rate = 0.5;
    update(used.get(), &estimator, &rule);
    const Params updated = make_params(network);
    epx_error_t error = {};
    ASSERT_EPX_OK(epx_substrate_store(used.get(), updated.get(), &error), error);
    load(fresh.get(), updated);
    for (epx_substrate_t *golden : {used.get(), fresh.get()}) {
      golden->relaxation = dynamics.relaxation;
      present(golden, batch);
      relax(golden, 6, 0);
    }
    for (int l = 0; l < network.layer_count; ++l) {
      ASSERT_EQ(layer_states(used.get(), l, 5), layer_states(fresh.get(), l, 5)) << "layer " << l;
    }
  }
}

TEST(Groups, SameBitsOnAnyNumberOfThreads) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    const epx_network_t network = any_winograd_network(random);
    const epx_dynamics_t dynamics = {8, 4, any_relaxation(random)};
    const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const Params params = random_params(network, random, 1.0);
    std::string first;
    for (int threads : {1, 2, 3}) {
      epx_parallel_set_threads(threads);
      const Substrate golden = make_golden(epx_golden_f32_create, network, 18);
      load(golden.get(), params);
      const std::string bytes = training_bytes(golden.get(), dynamics, estimator, 18, seed);
      first = threads == 1 ? bytes : first;
      EXPECT_TRUE(bytes == first) << threads << " threads";
    }
    epx_parallel_set_threads(kTestThreads);
  }
}

}  // namespace
