/* SPDX-License-Identifier: Apache-2.0 */
/* The golden dynamics against a slow model written from the equations of the method: plain loops
 * over [C][H][W] arrays, every connection visited one by one. */
#include "core/core_support.h"

namespace {

struct Sample {
  std::vector<double> x;
  int label;
};

class NaiveModel {
 public:
  NaiveModel(const epx_network_t &network, const epx_params_t &params) : n_(network), p_(params) {
    EXPECT_EQ(epx_network_shapes(&n_, shapes_, nullptr), EPX_OK);
    for (int l = 0; l < n_.layer_count; ++l) state.push_back(zeros(l));
  }

  void step(const Sample &sample, double beta) {
    std::vector<std::vector<double>> v, z(state.size());
    for (int l = 0; l < n_.layer_count; ++l) {
      z[(size_t)l] = convolution(l, l == 0 ? sample.x : state[(size_t)l - 1]);
      v.push_back(zeros(l));
      const epx_layer_shape_t &s = shapes_[l];
      for (int u = 0; u < s.out_channels; ++u) {
        for (int i = 0; i < s.out_height * s.out_width; ++i) {
          v.back()[(size_t)(u * s.out_height * s.out_width + i)] = p_.bias[l][u];
        }
      }
    }
    for (int l = 0; l < n_.layer_count; ++l) {
      pull_and_push(l, z[(size_t)l], v);
    }
    if (beta != 0) nudge(sample.label, beta, v.back());
    for (size_t l = 0; l < v.size(); ++l) {
      for (size_t i = 0; i < v[l].size(); ++i) state[l][i] = sigma(v[l][i]);
    }
  }

  std::vector<double> softmax() const {
    std::vector<double> p;
    const int l = n_.layer_count;
    double total = 0;
    for (int k = 0; k < n_.classes; ++k) {
      double logit = p_.bias[l][k];
      for (size_t i = 0; i < state.back().size(); ++i) {
        logit += p_.weight[l][(size_t)k * state.back().size() + i] * state.back()[i];
      }
      p.push_back(std::exp(logit));
      total += p.back();
    }
    for (double &value : p) value /= total;
    return p;
  }

  double loss(int label, int *best) const {
    const bool entropy = n_.loss == EPX_LOSS_CROSS_ENTROPY;
    const std::vector<double> score = entropy ? softmax() : state.back();
    *best = (int)(std::max_element(score.begin(), score.end()) - score.begin());
    if (entropy) return -std::log(score[(size_t)label]);
    double sum = 0;
    for (int k = 0; k < n_.classes; ++k) {
      sum += 0.5 * std::pow(score[(size_t)k] - (k == label ? 1 : 0), 2);
    }
    return sum;
  }

  std::vector<std::vector<double>> state;

 private:
  std::vector<double> zeros(int l) const { return std::vector<double>(shapes_[l].out_size, 0.0); }

  double sigma(double v) const {
    switch (n_.activation) {
      case EPX_ACTIVATION_HARD_SIGMOID_HALF:
        return std::min(1.0, std::max(0.0, v / 2));
      case EPX_ACTIVATION_HARD_SIGMOID:
        return std::min(1.0, std::max(0.0, v));
      case EPX_ACTIVATION_SIGMOID:
        return 1 / (1 + std::exp(-4 * (v - 0.5)));
      default:
        return std::tanh(v);
    }
  }

  /* Calls visit(input index, weight) for every synapse of unit u at position (cy, cx). */
  template <class Visit>
  void synapses(int l, int u, int cy, int cx, Visit visit) const {
    const epx_layer_shape_t &s = shapes_[l];
    const double *w = p_.weight[l] + (size_t)u * (size_t)s.fan_in;
    if (l == n_.layer_count || n_.layers[l].kind == EPX_LAYER_DENSE) {
      for (int i = 0; i < s.fan_in; ++i) visit(i, w[i]);
      return;
    }
    const epx_layer_t &layer = n_.layers[l];
    for (int c = 0; c < s.in_channels; ++c) {
      for (int ky = 0; ky < layer.kernel; ++ky) {
        for (int kx = 0; kx < layer.kernel; ++kx) {
          const int y = cy * layer.stride - layer.padding + ky;
          const int x = cx * layer.stride - layer.padding + kx;
          if (y >= 0 && y < s.in_height && x >= 0 && x < s.in_width) {
            visit((c * s.in_height + y) * s.in_width + x,
                  w[(c * layer.kernel + ky) * layer.kernel + kx]);
          }
        }
      }
    }
  }

  std::vector<double> convolution(int l, const std::vector<double> &in) const {
    const epx_layer_shape_t &s = shapes_[l];
    std::vector<double> z;
    for (int u = 0; u < s.out_channels; ++u) {
      for (int cy = 0; cy < s.conv_height; ++cy) {
        for (int cx = 0; cx < s.conv_width; ++cx) {
          double sum = 0;
          synapses(l, u, cy, cx, [&](int i, double w) { sum += w * in[(size_t)i]; });
          z.push_back(sum);
        }
      }
    }
    return z;
  }

  /* Adds layer l's forward drive to v[l] and its backward drive to v[l - 1]. */
  void pull_and_push(int l, const std::vector<double> &z, std::vector<std::vector<double>> &v) {
    const epx_layer_shape_t &s = shapes_[l];
    const epx_pool_t pool = n_.layers[l].kind == EPX_LAYER_CONV ? n_.layers[l].pool : EPX_POOL_NONE;
    const int side = pool == EPX_POOL_NONE ? 1 : 2;
    size_t neuron = 0;
    for (int u = 0; u < s.out_channels; ++u) {
      for (int y = 0; y < s.out_height; ++y) {
        for (int x = 0; x < s.out_width; ++x, ++neuron) {
          int best = 0;
          double largest = -HUGE_VAL, sum = 0;
          for (int p = 0; p < side * side; ++p) {
            const int cy = y * side + p / side, cx = x * side + p % side;
            const double value = z[(size_t)((u * s.conv_height + cy) * s.conv_width + cx)];
            sum += value;
            if (value > largest) largest = value, best = p;
          }
          v[(size_t)l][neuron] += pool == EPX_POOL_AVG ? sum / 4 : largest;
          for (int p = 0; l > 0 && p < side * side; ++p) {
            if (pool != EPX_POOL_AVG && p != best) continue;
            const double value = state[(size_t)l][neuron] / (pool == EPX_POOL_AVG ? 4 : 1);
            synapses(l, u, y * side + p / side, x * side + p % side,
                     [&](int i, double w) { v[(size_t)l - 1][(size_t)i] += w * value; });
          }
        }
      }
    }
  }

  void nudge(int label, double beta, std::vector<double> &v) const {
    if (n_.loss == EPX_LOSS_SQUARED_ERROR) {
      for (int k = 0; k < n_.classes; ++k) {
        v[(size_t)k] -= beta * (state.back()[(size_t)k] - (k == label ? 1 : 0));
      }
      return;
    }
    const std::vector<double> p = softmax();
    for (int k = 0; k < n_.classes; ++k) {
      for (size_t i = 0; i < v.size(); ++i) {
        v[i] += beta * p_.weight[n_.layer_count][(size_t)k * v.size() + i] *
                ((k == label ? 1 : 0) - p[(size_t)k]);
      }
    }
  }

  epx_network_t n_;
  const epx_params_t &p_;
  epx_layer_shape_t shapes_[EPX_MAX_LAYERS + 1];
};

/* Multiples of 1/4: sums stay exact, so that equal drives are equal in any order of summation. */
void make_coarse(const Params &params, Batch &batch) {
  for (int l = 0; l < params->layer_count; ++l) {
    for (int i = 0; i < params->units[l] * params->fan_in[l]; ++i) {
      params->weight[l][i] = std::nearbyint(4 * params->weight[l][i]) / 4;
    }
    for (int u = 0; u < params->units[l]; ++u) {
      params->bias[l][u] = std::nearbyint(4 * params->bias[l][u]) / 4;
    }
  }
  for (float &x : batch.x) x = 0.5f;
}

void compare(const epx_network_t &network, CreateGolden create, uint64_t seed, double tolerance,
             bool coarse = false) {
  Random random(seed);
  const int n = random.integer(1, 3), steps = 6;
  const double beta = coarse ? 0.5 : random.real(-1, 1);
  const Params params = random_params(network, random, coarse ? 2.5 : 1.2);
  if (create == epx_golden_f32_create) epx_params_initialise(params.get(), seed, 2.0);
  Batch batch = random_batch(network, random, n);
  if (coarse) make_coarse(params, batch);
  const Substrate golden = make_golden(create, network, n);
  load(golden.get(), params);
  present(golden.get(), batch);
  golden->ops->relax(golden.get(), steps, 0);
  std::vector<double> loss((size_t)n);
  std::vector<uint8_t> predicted((size_t)n);
  golden->ops->predict(golden.get(), loss.data(), predicted.data());
  golden->ops->relax(golden.get(), steps, beta);
  const size_t image = batch.x.size() / (size_t)n;
  for (int i = 0; i < n; ++i) {
    NaiveModel naive(network, *params);
    const Sample sample = {{batch.x.begin() + (long)(image * (size_t)i),
                            batch.x.begin() + (long)(image * (size_t)(i + 1))},
                           batch.labels[(size_t)i]};
    for (int t = 0; t < steps; ++t) naive.step(sample, 0);
    int best = 0;
    EXPECT_NEAR(loss[(size_t)i], naive.loss(sample.label, &best), 10 * tolerance);
    if (tolerance < 1e-8) {
      EXPECT_EQ(predicted[(size_t)i], best);
    }
    for (int t = 0; t < steps; ++t) naive.step(sample, beta);
    for (int l = 0; l < network.layer_count; ++l) {
      const std::vector<double> &expected = naive.state[(size_t)l];
      const std::vector<double> s = layer_states(golden.get(), l, n);
      for (size_t k = 0; k < expected.size(); ++k) {
        ASSERT_NEAR(s[expected.size() * (size_t)i + k], expected[k], tolerance)
            << "sample " << i << " layer " << l << " neuron " << k;
      }
    }
  }
}

TEST(GoldenDynamics, Float64EqualsTheEquations) {
  for (uint64_t seed = 1; seed <= 160; ++seed) {
    Random random(seed);
    const epx_network_t network =
        random_network(random, (epx_activation_t)random.integer(0, 3),
                       random.chance(0.5) ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    compare(network, epx_golden_f64_create, seed, 1e-10);
    if (HasFatalFailure()) return;
  }
}

/* A constant image without padding ties whole windows: the first position must win. */
TEST(GoldenDynamics, TiesGoToTheFirst) {
  const epx_network_t network = make_network(
      {1, 9, 9},
      {conv_layer(2, 2, 1, 0, EPX_POOL_NONE), conv_layer(3, 3, 1, 0, EPX_POOL_MAX), dense_layer(3)},
      3, EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    compare(network, epx_golden_f64_create, seed, 1e-12, true);
    if (HasFatalFailure()) return;
  }
}

/* Without max pooling nothing jumps, so float32 follows within its rounding. */
TEST(GoldenDynamics, Float32FollowsWhereNothingJumps) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    epx_network_t network =
        random_network(random, (epx_activation_t)random.integer(0, 3),
                       random.chance(0.5) ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR);
    for (int l = 0; l < network.layer_count; ++l) {
      if (network.layers[l].pool == EPX_POOL_MAX) network.layers[l].pool = EPX_POOL_AVG;
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    compare(network, epx_golden_f32_create, seed, 2e-4);
    if (HasFatalFailure()) return;
  }
}

/* One convolution position that sees only part of its input: a stride longer than what is left. */
TEST(GoldenDynamics, SinglePositionOverALargerInput) {
  const epx_network_t network =
      make_network({2, 5, 4}, {conv_layer(3, 3, 3, 0, EPX_POOL_NONE), dense_layer(3)}, 3,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_SIGMOID);
  compare(network, epx_golden_f64_create, 3, 1e-12);
}

}  // namespace
