/* SPDX-License-Identifier: Apache-2.0 */
/* The golden dynamics against a slow model written from the equations of the method. */
#include "core/golden/naive_model.h"

namespace {

/* Multiples of 1/4: sums stay exact, so that equal drives are equal in any order of summation. */
void make_coarse(const Params &params, Batch &batch) {
  for (int l = 0; l < params->layer_count; ++l) {
    for (int i = 0; i < params->units[l] * params->fan_in[l]; ++i) {
      params->weight[l][i] = std::nearbyint(4 * params->weight[l][i]) / 4;
      if (params->backward[l] == nullptr) continue;
      params->backward[l][i] = std::nearbyint(4 * params->backward[l][i]) / 4;
    }
    for (int u = 0; u < params->units[l]; ++u) {
      params->bias[l][u] = std::nearbyint(4 * params->bias[l][u]) / 4;
    }
  }
  for (float &x : batch.x) x = 0.5f;
}

struct Case {
  epx_network_t network;
  epx_relaxation_t relaxation;
  bool quantised;
  epx_qformat_t format;
  double scale;     /* of the weights */
  bool coarse;      /* exact sums: ties are ties */
  int longest_free; /* steps */
  int longest_nudged;
};

std::string describe_case(const Case &c) {
  char text[EPX_QFORMAT_TEXT_SIZE] = "";
  return describe(c.network) + "; " + describe(c.relaxation) +
         (c.quantised ? std::string(" ") + epx_qformat_print(c.format, text) : "");
}

/* States that were compared, and those left alone because rounding decides a switch. */
struct Tally {
  int samples = 0, ambiguous = 0;
};

/* Switches and roundings closer than this to going the other way are rounding's to decide. */
constexpr double kAmbiguous = 1e-9;

void compare_states(epx_substrate_t *golden, const NaiveBatch &naive, bool coarse, double tolerance,
                    Tally *tally) {
  const int n = (int)naive.samples.size();
  Layers found;
  for (int l = 0; l < golden->network.layer_count; ++l) {
    found.push_back(layer_states(golden, l, n));
  }
  for (int i = 0; i < n; ++i) {
    const NaiveModel &sample = naive.samples[(size_t)i];
    ++tally->samples;
    if (!coarse && sample.closest < kAmbiguous) {
      ++tally->ambiguous;
      continue;
    }
    for (size_t l = 0; l < found.size(); ++l) {
      const std::vector<double> &expected = sample.state[l];
      for (size_t k = 0; k < expected.size(); ++k) {
        ASSERT_NEAR(found[l][expected.size() * (size_t)i + k], expected[k], tolerance)
            << "sample " << i << " layer " << l << " neuron " << k;
      }
    }
  }
}

void compare_losses(epx_substrate_t *golden, const NaiveBatch &naive, double tolerance) {
  const size_t n = naive.samples.size();
  std::vector<double> loss(n);
  std::vector<uint8_t> predicted(n);
  predict(golden, loss.data(), predicted.data());
  for (size_t i = 0; i < n; ++i) {
    int best = 0;
    const double expected = naive.samples[i].loss(&best);
    if (naive.samples[i].closest < kAmbiguous) continue;
    EXPECT_NEAR(loss[i], expected, 10 * tolerance * (1 + expected));
    if (tolerance < 1e-8) {
      EXPECT_EQ(predicted[i], best);
    }
  }
}

/* Free phase, both nudged phases from its state, and another batch after it. */
void compare(const Case &c, CreateGolden create, uint64_t seed, double tolerance, Tally *tally) {
  Random random(seed);
  const int n = random.chance(0.1) ? random.integer(7, 19) : random.integer(1, 3);
  const double beta = c.coarse ? 0.5 : random.real(0.1, 1);
  const Params params = random_params(c.network, random, c.scale);
  if (create == epx_golden_f32_create) epx_params_initialise(params.get(), seed, 2.0);
  const Substrate golden = make_golden(create, c.network, n);
  golden->relaxation = c.relaxation;
  if (c.quantised) {
    (create == epx_golden_f32_create ? epx_golden_f32_quantise_states
                                     : epx_golden_f64_quantise_states)(golden.get(), c.format);
  }
  Batch batch = random_batch(c.network, random, n);
  if (c.coarse) make_coarse(params, batch);
  load(golden.get(), params);
  for (int round = 0; round < 2; ++round) { /* the second must not see the first's switches */
    NaiveBatch naive(c.network, params.get(), batch, c.relaxation);
    for (NaiveModel &sample : naive.samples) {
      sample.quantised = c.quantised;
      sample.format = c.format;
    }
    const int free_steps = random.integer(1, c.longest_free);
    present(golden.get(), batch);
    relax(golden.get(), free_steps, 0);
    naive.relax(free_steps, 0);
    SCOPED_TRACE("free, " + std::to_string(free_steps) + " steps");
    compare_states(golden.get(), naive, c.coarse, tolerance, tally);
    if (testing::Test::HasFatalFailure()) return;
    compare_losses(golden.get(), naive, tolerance);
    keep_free(golden.get());
    naive.keep_free();
    for (double nudge : {beta, -beta, 0.0}) {
      const int steps = random.integer(1, c.longest_nudged);
      SCOPED_TRACE("nudge " + std::to_string(nudge) + ", " + std::to_string(steps) + " steps");
      epx_substrate_recall_free(golden.get());
      naive.recall_free();
      relax(golden.get(), steps, nudge);
      naive.relax(steps, nudge);
      compare_states(golden.get(), naive, c.coarse, tolerance, tally);
      if (testing::Test::HasFatalFailure()) return;
    }
    if (!c.coarse) batch = random_batch(c.network, random, n);
  }
}

epx_qformat_t any_format(Random &random) {
  const bool is_signed = random.chance(0.5);
  return {is_signed, (int8_t)random.integer(-1, 1), (int8_t)random.integer(2, 9)};
}

Case any_case(Random &random) {
  Case c = {};
  c.network = any_network(random);
  c.relaxation = any_relaxation(random);
  c.quantised = random.chance(0.25);
  c.format = any_format(random);
  c.scale = 1.2;
  c.longest_free = 12;
  c.longest_nudged = 8;
  return c;
}

TEST(GoldenDynamics, Float64EqualsTheEquations) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 1200; ++seed) {
    Random random(seed);
    const Case c = any_case(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, epx_golden_f64_create, seed, 1e-10, &tally);
    if (HasFatalFailure()) return;
  }
  std::printf("%d states, %d ambiguous\n", tally.samples, tally.ambiguous);
  EXPECT_LT(tally.ambiguous, tally.samples / 10);
}

/* Long enough to settle or to enter a cycle, where the golden model stops computing. Weights small
 * enough that the network forgets its roundings. */
TEST(GoldenDynamics, LongRunsEqualTheEquations) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed + 5000);
    Case c = any_case(random);
    c.scale = 1.0;
    c.longest_free = 200;
    c.longest_nudged = 60;
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, epx_golden_f64_create, seed, 1e-9, &tally);
    if (HasFatalFailure()) return;
  }
  std::printf("%d states, %d ambiguous\n", tally.samples, tally.ambiguous);
  EXPECT_LT(tally.ambiguous, tally.samples / 10);
}

/* Rows of a kernel of 1 to 200 elements: every width of the kernels that sum them in blocks. */
TEST(GoldenDynamics, WideLayersEqualTheEquations) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Random random(seed + 7000);
    Case c = any_case(random);
    const bool single = seed % 2 == 0;
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    do {
      const epx_pool_t pool = (epx_pool_t)random.integer(0, 2);
      const epx_network_t wide = make_network(
          {random.integer(1, 40), random.integer(3, 6), random.integer(3, 6)},
          {conv_layer(random.integer(1, 40), random.integer(1, 3), random.integer(1, 2),
                      random.integer(0, 1), EPX_POOL_NONE),
           conv_layer(random.integer(1, 20), random.integer(1, 5), random.integer(1, 3),
                      random.integer(0, 2), single && pool == EPX_POOL_MAX ? EPX_POOL_AVG : pool),
           dense_layer(c.network.classes)},
          c.network.classes, c.network.loss, c.network.activation);
      for (int l = 0; l < wide.layer_count; ++l) c.network.layers[l] = wide.layers[l];
      for (int i = 0; i < 3; ++i) c.network.input[i] = wide.input[i];
      c.network.layer_count = wide.layer_count;
    } while (epx_network_shapes(&c.network, shapes, nullptr) != EPX_OK);
    c.longest_free = c.longest_nudged = 3;
    c.quantised = c.quantised && !single;
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, single ? epx_golden_f32_create : epx_golden_f64_create, seed, single ? 2e-4 : 1e-10,
            &tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_LT(tally.ambiguous, tally.samples / 10);
}

/* A constant image without padding ties whole windows: the first position must win. Few bits of
 * state tie roundings: the even code must win. */
TEST(GoldenDynamics, TiesGoToTheFirstAndToTheEven) {
  Case c = {};
  c.network = make_network(
      {1, 9, 9},
      {conv_layer(2, 2, 1, 0, EPX_POOL_NONE), conv_layer(3, 3, 1, 0, EPX_POOL_MAX), dense_layer(3)},
      3, EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  c.scale = 2.5;
  c.coarse = true;
  c.longest_free = c.longest_nudged = 4; /* a step adds three or four bits to a sum */
  Tally tally;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    Random random(seed);
    c.network.connections = (epx_connections_t)random.integer(0, 1);
    c.relaxation = any_relaxation(random);
    c.quantised = seed % 2 == 0;
    c.format = {random.chance(0.5), (int8_t)random.integer(0, 1), (int8_t)random.integer(1, 3)};
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, epx_golden_f64_create, seed, 1e-12, &tally);
    if (HasFatalFailure()) return;
  }
}

/* Without max pooling nothing jumps, so float32 follows within its rounding. */
TEST(GoldenDynamics, Float32FollowsWhereNothingJumps) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    Random random(seed);
    Case c = any_case(random);
    c.quantised = false;
    c.longest_free = c.longest_nudged = 6;
    for (int l = 0; l < c.network.layer_count; ++l) {
      if (c.network.layers[l].pool == EPX_POOL_MAX) c.network.layers[l].pool = EPX_POOL_AVG;
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, epx_golden_f32_create, seed, 2e-4, &tally);
    if (HasFatalFailure()) return;
  }
}

/* As many layers as there may be. */
TEST(GoldenDynamics, DeepestNetworkEqualsTheEquations) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    Random random(seed);
    Case c = any_case(random);
    std::vector<epx_layer_t> layers;
    for (int l = 0; l < EPX_MAX_LAYERS - 3; ++l) {
      layers.push_back(conv_layer(random.integer(1, 3), 3, 1, 1,
                                  l == 4 || l == 9 ? EPX_POOL_MAX : EPX_POOL_NONE));
    }
    for (int l = 0; l < 3; ++l) layers.push_back(dense_layer(4));
    const epx_network_t like = c.network;
    c.network = make_network({2, 5, 6}, layers, 4, like.loss, like.activation);
    c.network.connections = like.connections;
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe_case(c));
    compare(c, epx_golden_f64_create, seed, 1e-10, &tally);
    if (HasFatalFailure()) return;
  }
}

/* One convolution position that sees only part of its input: a stride longer than what is left. */
TEST(GoldenDynamics, SinglePositionOverALargerInput) {
  Case c = {};
  c.network = make_network({2, 5, 4}, {conv_layer(3, 3, 3, 0, EPX_POOL_NONE), dense_layer(3)}, 3,
                           EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_SIGMOID);
  c.scale = 1.2;
  c.longest_free = c.longest_nudged = 6;
  Tally tally;
  compare(c, epx_golden_f64_create, 3, 1e-12, &tally);
}

}  // namespace
