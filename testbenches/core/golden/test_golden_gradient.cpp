/* SPDX-License-Identifier: Apache-2.0 */
/* The exact gradient against finite differences, and equilibrium propagation against the exact
 * gradient. */
#include "core/golden/golden_support.h"

namespace {

/* Loss after `steps` free steps from the state that keep_free saw; frozen switches are its too. */
double loss_at(epx_substrate_t *golden, const Params &params, const Batch &batch, int steps) {
  load(golden, params);
  epx_substrate_recall_free(golden);
  relax(golden, steps, 0);
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

void check_network(const epx_network_t &network, const epx_relaxation_t &relaxation, uint64_t seed,
                   Tally *tally) {
  Random random(seed);
  const int n = random.integer(1, 10), steps = random.integer(1, 7), before = random.integer(0, 4);
  const Params params = random_params(network, random, 1.5);
  const Batch batch = random_batch(network, random, n);
  const Substrate golden = make_golden(epx_golden_f64_create, network, n);
  const Params exact = make_params(network);
  epx_error_t error = {};
  golden->relaxation = relaxation;
  load(golden.get(), params);
  present(golden.get(), batch);
  relax(golden.get(), before, 0);
  keep_free(golden.get());
  epx_substrate_recall_free(golden.get());
  ASSERT_EPX_OK(epx_golden_f64_bptt(golden.get(), steps, exact.get(), &error), error);
  for (int l = 0; l < params->layer_count; ++l) {
    const int weights = params->units[l] * params->fan_in[l];
    for (int i = 0; i < 8; ++i) {
      const bool backward = i % 2 == 0 && params->backward[l] != nullptr, bias = i % 4 == 3;
      const char *name = backward ? " backward " : bias ? " bias " : " weight ";
      double *values = (backward ? params->backward : bias ? params->bias : params->weight)[l];
      const double *slopes = (backward ? exact->backward : bias ? exact->bias : exact->weight)[l];
      const int at = random.integer(0, (bias ? params->units[l] : weights) - 1);
      SCOPED_TRACE("layer " + std::to_string(l) + name + std::to_string(at));
      check_coordinate(golden.get(), params, values + at, slopes[at], batch, steps, tally);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/* Either kind of connections, order of updates and kind of switches, from states that are not 0. */
TEST(Bptt, EqualsFiniteDifferences) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 320; ++seed) {
    Random random(seed);
    const epx_network_t network = any_network(random);
    const epx_relaxation_t relaxation = any_relaxation(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; " +
                 describe(relaxation));
    check_network(network, relaxation, seed, &tally);
    if (HasFatalFailure()) return;
  }
  std::printf("%d slopes compared, %d at kinks\n", tally.compared, tally.skipped);
  EXPECT_GT(tally.compared, 10 * tally.skipped) << tally.compared << " " << tally.skipped;
}

/* The forward pass must see the patch that the backward pass corrects. */
TEST(Bptt, SinglePositionOverALargerInput) {
  Tally tally;
  const epx_network_t network =
      make_network({2, 5, 4}, {conv_layer(3, 3, 3, 0, EPX_POOL_NONE), dense_layer(3)}, 3,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_SIGMOID);
  for (uint64_t seed = 1; seed <= 6; ++seed) check_network(network, {}, seed, &tally);
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
    relax(golden.get(), 4, 0);
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

/* Rounding states has no derivative: with a fine format the gradient stays that of real states,
 * with a coarse one it is neither that nor 0. */
TEST(Bptt, QuantisedStatesKeepTheirSlopes) {
  const epx_network_t network =
      make_network({2, 8, 8}, {conv_layer(3, 3, 1, 1, EPX_POOL_AVG), dense_layer(5)}, 4,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_TANH);
  Random random(8);
  const Params params = random_params(network, random, 1.0);
  const Batch batch = random_batch(network, random, 5);
  const Params real = make_params(network), found = make_params(network);
  for (int bits : {0, 26, 3}) {
    const Substrate golden = make_golden(epx_golden_f64_create, network, 5);
    if (bits > 0) epx_golden_f64_quantise_states(golden.get(), {true, 0, (int8_t)bits});
    load(golden.get(), params);
    present(golden.get(), batch);
    ASSERT_EQ(epx_golden_f64_bptt(golden.get(), 8, bits > 0 ? found.get() : real.get(), nullptr),
              EPX_OK);
    for (int l = 0; bits > 0 && l < params->layer_count; ++l) {
      const std::vector<double> a = layer_values(found, l), b = layer_values(real, l);
      const double error = distance(a, b) / norm(b);
      EXPECT_LT(error, bits == 3 ? 0.9 : 1e-6) << l;
      EXPECT_GT(error, bits == 3 ? 1e-3 : 1e-12) << l;
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
  Settled(const epx_network_t &network, uint64_t seed, double scale, double low, double high,
          epx_update_order_t update = EPX_UPDATE_SYNCHRONOUS)
      : golden_(make_golden(epx_golden_f64_create, network, 4)), exact_(make_params(network)) {
    Random random(seed);
    golden_->relaxation.update = update;
    const Params params = random_params(network, random, scale, low, high);
    batch_ = random_batch(network, random, 4);
    load(golden_.get(), params);
    present(golden_.get(), batch_);
    relax(golden_.get(), dynamics_.free_steps, 0);
    const std::vector<double> before = layer_states(golden_.get(), 0, 4);
    relax(golden_.get(), 1, 0);
    EXPECT_LT(distance(before, layer_states(golden_.get(), 0, 4)), 1e-13) << "not settled";
    EXPECT_EQ(epx_golden_f64_bptt(golden_.get(), dynamics_.nudged_steps, exact_.get(), nullptr),
              EPX_OK);
  }
  int layers() const { return exact_->layer_count; }
  std::vector<double> exact(int l) const { return layer_values(exact_, l); }
  Params estimate(epx_estimator_kind_t kind, double beta, int sign = 1) {
    const epx_estimator_t estimator = {kind, beta};
    run_ep(golden_.get(), dynamics_, estimator, batch_, sign);
    return read_gradient(golden_.get(), estimator);
  }
  double error(const Params &estimate, int l) const {
    return distance(layer_values(estimate, l), exact(l)) / norm(exact(l));
  }

 private:
  epx_dynamics_t dynamics_ = {1500, 60};
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

/* Halving beta divides the bias by 2^order. From a settled state, with nudged phases long enough to
 * settle too, the order of updates does not matter. */
TEST(EquilibriumPropagation, BiasFallsAsTheTheorySays) {
  const struct {
    epx_estimator_kind_t kind;
    double beta, ratio;
  } cases[] = {{EPX_ESTIMATOR_ONE_SIDED, 0.04, 2},
               {EPX_ESTIMATOR_RANDOM_SIGN, 0.04, 2},
               {EPX_ESTIMATOR_SYMMETRIC, 0.04, 4},
               {EPX_ESTIMATOR_RICHARDSON, 0.05, 16}};
  for (epx_loss_t loss : {EPX_LOSS_CROSS_ENTROPY, EPX_LOSS_SQUARED_ERROR}) {
    for (epx_activation_t activation : {EPX_ACTIVATION_SIGMOID, EPX_ACTIVATION_TANH}) {
      for (epx_update_order_t update : {EPX_UPDATE_SYNCHRONOUS, EPX_UPDATE_ALTERNATING}) {
        Settled settled(averaging_network(loss, activation), 5, 0.6, 0.3, 0.7, update);
        for (const auto &c : cases) {
          for (int l = 0; l < settled.layers(); ++l) {
            SCOPED_TRACE("loss " + std::to_string((int)loss) + " activation " +
                         std::to_string((int)activation) + " update " +
                         std::to_string((int)update) + " estimator " +
                         epx_estimator_row(c.kind)->name + " layer " + std::to_string(l));
            /* Cross-entropy nudges softly: its bias at the same beta is rounding's. */
            const double beta = loss == EPX_LOSS_CROSS_ENTROPY ? 4 * c.beta : c.beta;
            const double coarse = settled.error(settled.estimate(c.kind, beta), l);
            const double fine = settled.error(settled.estimate(c.kind, beta / 2), l);
            EXPECT_GT(coarse, 1e-7);
            EXPECT_NEAR(coarse / fine, c.ratio, 0.1 * c.ratio) << coarse << " " << fine;
          }
        }
      }
    }
  }
}

/* The mean over both signs is the symmetric estimate: exactly so, whatever the network. */
TEST(EquilibriumPropagation, RandomSignIsSymmetricOnAverage) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const epx_network_t network = any_network(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const epx_dynamics_t dynamics = {random.integer(1, 12), random.integer(1, 8), {}};
    const Params params = random_params(network, random, 1.0);
    const Batch batch = random_batch(network, random, 3);
    const Substrate golden = make_golden(epx_golden_f64_create, network, 3);
    golden->relaxation = any_relaxation(random);
    load(golden.get(), params);
    const epx_estimator_t drawn = {EPX_ESTIMATOR_RANDOM_SIGN, 0.3};
    const epx_estimator_t symmetric = {EPX_ESTIMATOR_SYMMETRIC, 0.3};
    run_ep(golden.get(), dynamics, drawn, batch, 1);
    const Params plus = read_gradient(golden.get(), drawn);
    run_ep(golden.get(), dynamics, drawn, batch, -1);
    const Params minus = read_gradient(golden.get(), drawn);
    run_ep(golden.get(), dynamics, symmetric, batch);
    const Params both = read_gradient(golden.get(), symmetric);
    double apart = 0;
    for (int l = 0; l < params->layer_count; ++l) {
      const std::vector<double> p = layer_values(plus, l), m = layer_values(minus, l);
      const std::vector<double> s = layer_values(both, l);
      apart += distance(p, m);
      for (size_t i = 0; i < s.size(); ++i) ASSERT_NEAR((p[i] + m[i]) / 2, s[i], 1e-11);
    }
    EXPECT_GT(apart, 1e-6) << "the sign does nothing";
  }
}

/* A free state that still moves: where its leg stops, one_sided divides the drift by beta; where it
 * goes on, the drift cancels. */
TEST(EquilibriumPropagation, ContinuedFreeLegCancelsDrift) {
  int drifting = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    const bool entropy = seed % 2 == 0;
    const epx_network_t network =
        averaging_network(entropy ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR,
                          seed % 4 < 2 ? EPX_ACTIVATION_SIGMOID : EPX_ACTIVATION_TANH);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const Params params = random_params(network, random, 0.6, 0.3, 0.7);
    const Batch batch = random_batch(network, random, 4);
    const Substrate golden = make_golden(epx_golden_f64_create, network, 4);
    load(golden.get(), params);
    double size[2][2]; /* [free leg][beta] */
    for (int leg = 0; leg < 2; ++leg) {
      for (int b = 0; b < 2; ++b) {
        const epx_estimator_t estimator = {EPX_ESTIMATOR_ONE_SIDED, b == 0 ? 1e-3 : 1e-4,
                                           (epx_free_leg_t)leg};
        run_ep(golden.get(), {3, 10, {}}, estimator, batch);
        size[leg][b] = norm(layer_values(read_gradient(golden.get(), estimator), 0));
      }
    }
    EXPECT_NEAR(size[0][1] / size[0][0], 10, 0.5) << "drift / beta";
    EXPECT_NEAR(size[1][1] / size[1][0], 1, 0.05) << "no drift";
    drifting += size[0][0] > 10 * size[1][0] ? 1 : 0;
  }
  EXPECT_EQ(drifting, 12);
}

}  // namespace
