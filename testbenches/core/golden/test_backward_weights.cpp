/* SPDX-License-Identifier: Apache-2.0 */
/* Unidirectional connections: the angle between forward and backward weights, and what each rule
 * does to it. */
#include "core/golden/golden_support.h"
#include "epx_checkpoint.h"

namespace {

epx_network_t sample_network(epx_backward_rule_t rule) {
  epx_network_t network = make_network(
      {2, 10, 10},
      {conv_layer(4, 3, 1, 1, EPX_POOL_AVG), conv_layer(5, 3, 1, 1, EPX_POOL_MAX), dense_layer(6)},
      4, EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  network.backward_rule = rule;
  return network;
}

/* 2 x 1 and 2 x 2 weights whose angles anyone can see. */
TEST(Alignment, AnglesByHand) {
  epx_network_t network = make_network({1, 1, 1}, {dense_layer(1), dense_layer(2), dense_layer(2)},
                                       2, EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_TANH);
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  const Params params = make_params(network);
  const struct {
    double forward[2], backward[2], degrees;
  } cases[] = {{{3, 0}, {5, 0}, 0},  {{1, 0}, {0, 7}, 90},   {{1, 2}, {-2, -4}, 180},
               {{1, 0}, {1, 1}, 45}, {{1, 0}, {-1, 1}, 135}, {{0, 2}, {std::sqrt(3.0), 1}, 60}};
  for (const auto &c : cases) {
    for (int i = 0; i < 2; ++i) {
      params->weight[1][i] = c.forward[i];
      params->backward[1][i] = c.backward[i];
    }
    EXPECT_NEAR(epx_params_alignment(params.get(), 1), c.degrees, 1e-6);
  }
  const double w[4] = {1, 2, 3, 4}, b[4] = {4, 3, 2, 1}; /* cosine 20 / 30 */
  for (int i = 0; i < 4; ++i) params->weight[2][i] = w[i], params->backward[2][i] = b[i];
  EXPECT_NEAR(epx_params_alignment(params.get(), 2), 48.18968510422141, 1e-10);
  EXPECT_TRUE(std::isnan(epx_params_alignment(params.get(), 0))) << "no backward weights";
  for (int i = 0; i < 4; ++i) params->backward[2][i] = 0;
  EXPECT_TRUE(std::isnan(epx_params_alignment(params.get(), 2))) << "no direction";
}

TEST(Alignment, BackwardWeightsAreDrawnAlone) {
  const epx_network_t uni = sample_network(EPX_BACKWARD_SAME);
  epx_network_t bi = uni;
  bi.connections = EPX_CONNECTIONS_BIDIRECTIONAL;
  const Params a = make_params(uni), b = make_params(bi);
  epx_params_initialise(a.get(), 4, 1.0);
  epx_params_initialise(b.get(), 4, 1.0);
  for (int l = 0; l < a->layer_count; ++l) {
    const size_t weights = (size_t)(a->units[l] * a->fan_in[l]);
    EXPECT_EQ(memcmp(a->weight[l], b->weight[l], weights * sizeof(double)), 0)
        << "connections change the forward weights";
    EXPECT_EQ(b->backward[l], nullptr);
    EXPECT_EQ(a->backward[l] != nullptr, l == 1 || l == 2);
    if (a->backward[l] == nullptr) continue;
    double largest = 0;
    for (size_t i = 0; i < weights; ++i) largest = std::max(largest, std::fabs(a->backward[l][i]));
    EXPECT_LE(largest, (1 + 1e-6) / std::sqrt((double)a->fan_in[l]));
    EXPECT_GT(largest, 0.9 / std::sqrt((double)a->fan_in[l]));
    EXPECT_NEAR(epx_params_alignment(a.get(), l), 90, 20) << "not independent";
  }
}

/* Angles of layers 1 and 2 and the largest distance from what decay alone does to w - w~. */
struct Training {
  std::vector<double> angle[2];
  double off_decay = 0;
};

constexpr double kRate = 0.3;

Training train(epx_backward_rule_t rule, double decay, int steps, uint64_t seed) {
  const epx_network_t network = sample_network(rule);
  Random random(seed);
  const Substrate golden = make_golden(epx_golden_f64_create, network, 4);
  const Params params = random_params(network, random, 1.0, 0.3, 1.0), now = make_params(network);
  const epx_dynamics_t dynamics = {20, 8, {}};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 1.0};
  epx_update_rule_t update = {};
  for (double &rate : update.learning_rate) rate = kRate;
  update.weight_decay = decay;
  const Batch batch = random_batch(network, random, 4);
  load(golden.get(), params);
  Training result;
  for (int step = 0; step <= steps; ++step) {
    EXPECT_EQ(epx_substrate_store(golden.get(), now.get(), nullptr), EPX_OK);
    for (int l : {1, 2}) {
      result.angle[l - 1].push_back(epx_params_alignment(now.get(), l));
      for (int i = 0; i < now->units[l] * now->fan_in[l]; ++i) {
        const double first = params->weight[l][i] - params->backward[l][i];
        const double left = now->weight[l][i] - now->backward[l][i];
        result.off_decay =
            std::max(result.off_decay, std::fabs(left - first * std::pow(1 - kRate * decay, step)));
      }
    }
    run_ep(golden.get(), dynamics, estimator, batch);
    ::update(golden.get(), &estimator, &update);
  }
  return result;
}

/* Both weights get one and the same gradient, so that their difference decays alone and the angle
 * falls (Kolen and Pollack 1994). */
TEST(Alignment, RuleSameWithDecayAligns) {
  double ratio = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Training t = train(EPX_BACKWARD_SAME, 0.02, 500, seed);
    EXPECT_LT(t.off_decay, 1e-12);
    for (int l = 0; l < 2; ++l) {
      const std::vector<double> &angle = t.angle[l];
      EXPECT_GT(angle.front(), 60) << l;
      EXPECT_LT(angle.back(), 0.95 * angle.front()) << l;
      ratio += angle.back() / angle.front() / 10;
      int rising = 0;
      for (size_t i = 50; i < angle.size(); ++i) rising += angle[i] > angle[i - 50] ? 1 : 0;
      EXPECT_LT(rising, 40) << l;
    }
  }
  EXPECT_LT(ratio, 0.5) << "mean of last over first angle";
}

/* Without decay the difference stays; with the other rule it does not follow decay. */
TEST(Alignment, NeitherDecayNorTheRuleAlone) {
  EXPECT_LT(train(EPX_BACKWARD_SAME, 0, 60, 1).off_decay, 1e-12);
  EXPECT_GT(train(EPX_BACKWARD_DIFFERENT, 0.1, 60, 1).off_decay, 1e-4);
}

}  // namespace
