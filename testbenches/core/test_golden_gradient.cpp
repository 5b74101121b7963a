/* SPDX-License-Identifier: Apache-2.0 */
/* The exact gradient against finite differences, and equilibrium propagation against the exact
 * gradient. */
#include "core/core_support.h"

namespace {

/* Loss after `steps` free steps from zero states. */
double loss_at(epx_substrate_t *golden, const Params &params, const Batch &batch, int steps) {
  load(golden, params);
  present(golden, batch);
  golden->ops->relax(golden, steps, 0);
  return mean_loss(golden, batch.n);
}

struct Tally {
  int compared = 0, skipped = 0;
};

/* One coordinate: skipped where the slopes on both sides differ (a kink or a jump lies between). */
void check_coordinate(epx_substrate_t *golden, const Params &params, double *coordinate,
                      double exact, const Batch &batch, int steps, Tally *tally) {
  const double h = 2e-5, kept = *coordinate;
  const double middle = loss_at(golden, params, batch, steps);
  *coordinate = kept + h;
  const double right = (loss_at(golden, params, batch, steps) - middle) / h;
  *coordinate = kept - h;
  const double left = (middle - loss_at(golden, params, batch, steps)) / h;
  *coordinate = kept;
  if (std::fabs(right - left) > 2e-3 * (std::fabs(right) + std::fabs(left)) + 1e-4) {
    ++tally->skipped;
    return;
  }
  ++tally->compared;
  /* A kink that passed the filter moves the central difference by at most half the gap. */
  const double slack = 0.6 * std::fabs(right - left) + 1e-6 * std::fabs(exact) + 2e-9;
  ASSERT_NEAR((left + right) / 2, exact, slack);
}

void check_network(const epx_network_t &network, uint64_t seed, Tally *tally) {
  Random random(seed);
  const int n = random.integer(1, 10), steps = random.integer(1, 7);
  const Params params = random_params(network, random, 1.5);
  const Batch batch = random_batch(network, random, n);
  const Substrate golden = make_golden(epx_golden_f64_create, network, n);
  const Params exact = make_params(network);
  epx_error_t error = {};
  load(golden.get(), params);
  present(golden.get(), batch);
  ASSERT_EPX_OK(epx_golden_f64_bptt(golden.get(), steps, exact.get(), &error), error);
  for (int l = 0; l < params->layer_count; ++l) {
    const int weights = params->units[l] * params->fan_in[l];
    for (int i = 0; i < 8; ++i) {
      const bool bias = i % 4 == 3;
      const int at = random.integer(0, (bias ? params->units[l] : weights) - 1);
      SCOPED_TRACE("layer " + std::to_string(l) + (bias ? " bias " : " weight ") +
                   std::to_string(at));
      check_coordinate(golden.get(), params, (bias ? params->bias : params->weight)[l] + at,
                       (bias ? exact->bias : exact->weight)[l][at], batch, steps, tally);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Bptt, EqualsFiniteDifferences) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Random random(seed);
    const epx_activation_t activation = (epx_activation_t)(seed % 4);
    const epx_network_t network = random_network(
        random, activation, seed % 8 < 4 ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    check_network(network, seed, &tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(tally.compared, 10 * tally.skipped) << tally.compared << " " << tally.skipped;
}

/* The forward pass must see the patch that the backward pass corrects. */
TEST(Bptt, SinglePositionOverALargerInput) {
  Tally tally;
  const epx_network_t network =
      make_network({2, 5, 4}, {conv_layer(3, 3, 3, 0, EPX_POOL_NONE), dense_layer(3)}, 3,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_SIGMOID);
  for (uint64_t seed = 1; seed <= 6; ++seed) check_network(network, seed, &tally);
  EXPECT_GT(tally.compared, 100);
}

TEST(Bptt, LeavesStatesAndParametersAlone) {
  Random random(3);
  const epx_network_t network =
      random_network(random, EPX_ACTIVATION_SIGMOID, EPX_LOSS_CROSS_ENTROPY);
  const Params params = random_params(network, random, 1.0), gradient = make_params(network);
  const Batch batch = random_batch(network, random, 3);
  for (int steps : {0, 1, 7}) {
    const Substrate golden = make_golden(epx_golden_f64_create, network, 3);
    load(golden.get(), params);
    present(golden.get(), batch);
    golden->ops->relax(golden.get(), 4, 0);
    const std::string before = saved_bytes(golden.get());
    std::vector<std::vector<double>> states;
    for (int l = 0; l < network.layer_count; ++l) {
      states.push_back(layer_states(golden.get(), l, 3));
    }
    ASSERT_EQ(epx_golden_f64_bptt(golden.get(), steps, gradient.get(), nullptr), EPX_OK);
    EXPECT_EQ(saved_bytes(golden.get()), before);
    for (int l = 0; l < network.layer_count; ++l) {
      EXPECT_EQ(layer_states(golden.get(), l, 3), states[(size_t)l]);
    }
  }
}

/* Mirrors in float32 what float64 proves above. */
TEST(Bptt, Float32AgreesWithFloat64) {
  const epx_network_t network =
      make_network({2, 8, 8}, {conv_layer(3, 3, 1, 1, EPX_POOL_AVG), dense_layer(5)}, 4,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_SIGMOID);
  Random random(8);
  const Params params = random_params(network, random, 1.0);
  const Params single = make_params(network), twofold = make_params(network);
  const Batch batch = random_batch(network, random, 9);
  const Substrate f32 = make_golden(epx_golden_f32_create, network, 9);
  const Substrate f64 = make_golden(epx_golden_f64_create, network, 9);
  for (epx_substrate_t *golden : {f32.get(), f64.get()}) {
    load(golden, params);
    present(golden, batch);
  }
  ASSERT_EQ(epx_golden_f32_bptt(f32.get(), 8, single.get(), nullptr), EPX_OK);
  ASSERT_EQ(epx_golden_f64_bptt(f64.get(), 8, twofold.get(), nullptr), EPX_OK);
  for (int l = 0; l < params->layer_count; ++l) {
    const std::vector<double> a = layer_values(single, l), b = layer_values(twofold, l);
    EXPECT_LT(distance(a, b), 1e-5 * norm(b)) << l;
  }
}

/* Relative error of an estimate, by parameter layer, against BPTT from the same settled state. */
class Settled {
 public:
  Settled(const epx_network_t &network, uint64_t seed, double scale, double low, double high)
      : golden_(make_golden(epx_golden_f64_create, network, 4)), exact_(make_params(network)) {
    Random random(seed);
    const Params params = random_params(network, random, scale, low, high);
    batch_ = random_batch(network, random, 4);
    load(golden_.get(), params);
    present(golden_.get(), batch_);
    golden_->ops->relax(golden_.get(), dynamics_.free_steps, 0);
    const std::vector<double> before = layer_states(golden_.get(), 0, 4);
    golden_->ops->relax(golden_.get(), 1, 0);
    EXPECT_LT(distance(before, layer_states(golden_.get(), 0, 4)), 1e-13) << "not settled";
    EXPECT_EQ(epx_golden_f64_bptt(golden_.get(), dynamics_.nudged_steps, exact_.get(), nullptr),
              EPX_OK);
  }
  int layers() const { return exact_->layer_count; }
  std::vector<double> exact(int l) const { return layer_values(exact_, l); }
  Params estimate(epx_estimator_kind_t kind, double beta) {
    const epx_estimator_t estimator = {kind, beta};
    run_ep(golden_.get(), dynamics_, estimator, batch_);
    return read_gradient(golden_.get(), estimator);
  }
  double error(const Params &estimate, int l) const {
    return distance(layer_values(estimate, l), exact(l)) / norm(exact(l));
  }

 private:
  epx_dynamics_t dynamics_ = {1500, 25};
  Substrate golden_;
  Params exact_;
  Batch batch_;
};

epx_network_t averaging_network(epx_loss_t loss, epx_activation_t activation) {
  std::vector<epx_layer_t> layers = {conv_layer(4, 3, 1, 1, EPX_POOL_AVG),
                                     conv_layer(5, 3, 1, 0, EPX_POOL_AVG), dense_layer(6)};
  if (loss == EPX_LOSS_SQUARED_ERROR) layers.push_back(dense_layer(3));
  return make_network({2, 12, 12}, layers, 3, loss, activation);
}

TEST(EquilibriumPropagation, ApproachesBptt) {
  for (epx_loss_t loss : {EPX_LOSS_CROSS_ENTROPY, EPX_LOSS_SQUARED_ERROR}) {
    for (epx_activation_t activation :
         {EPX_ACTIVATION_HARD_SIGMOID_HALF, EPX_ACTIVATION_SIGMOID, EPX_ACTIVATION_TANH}) {
      SCOPED_TRACE("loss " + std::to_string((int)loss) + " activation " +
                   std::to_string((int)activation));
      const bool half = activation == EPX_ACTIVATION_HARD_SIGMOID_HALF;
      Settled settled(averaging_network(loss, activation), 21, half ? 1.0 : 0.6, 0.2,
                      half ? 1.2 : 0.6);
      const Params estimate = settled.estimate(EPX_ESTIMATOR_SYMMETRIC, 1e-3);
      for (int l = 0; l < settled.layers(); ++l) {
        ASSERT_GT(norm(settled.exact(l)), 1e-7) << "layer " << l << " does not learn";
        EXPECT_GT(cosine(layer_values(estimate, l), settled.exact(l)), 0.999) << "layer " << l;
        EXPECT_LT(settled.error(estimate, l), 1e-2) << "layer " << l;
      }
    }
  }
}

/* Halving beta divides the bias by 4 (symmetric) or 2 (one_sided). */
TEST(EquilibriumPropagation, BiasFallsAsTheTheorySays) {
  for (epx_loss_t loss : {EPX_LOSS_CROSS_ENTROPY, EPX_LOSS_SQUARED_ERROR}) {
    Settled settled(averaging_network(loss, EPX_ACTIVATION_SIGMOID), 5, 0.6, 0.3, 0.7);
    const struct {
      epx_estimator_kind_t kind;
      double ratio;
    } cases[] = {{EPX_ESTIMATOR_SYMMETRIC, 4}, {EPX_ESTIMATOR_ONE_SIDED, 2}};
    for (const auto &c : cases) {
      for (int l = 0; l < settled.layers(); ++l) {
        SCOPED_TRACE("loss " + std::to_string((int)loss) + " estimator " +
                     std::to_string((int)c.kind) + " layer " + std::to_string(l));
        const double coarse = settled.error(settled.estimate(c.kind, 0.04), l);
        const double fine = settled.error(settled.estimate(c.kind, 0.02), l);
        EXPECT_GT(coarse, 1e-7);
        EXPECT_NEAR(coarse / fine, c.ratio, 0.15 * c.ratio) << coarse << " " << fine;
      }
    }
  }
}

}  // namespace
