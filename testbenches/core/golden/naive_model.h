/* SPDX-License-Identifier: Apache-2.0 */
/* The method's equations as plain loops over [C][H][W] arrays, every connection visited one by one,
 * every product computed anew in every step. Shares with core/ the description of a network, its
 * shapes and its parameters, and no arithmetic. */
#ifndef EPX_NAIVE_MODEL_H
#define EPX_NAIVE_MODEL_H

#include <limits>

#include "core/golden/golden_support.h"

using Layers = std::vector<std::vector<double>>;

/* One array for each parameter of each layer, in exchange order. */
struct NaiveGradient {
  Layers weight, bias, backward;
  double legs =
      0; /* sum of the norms of what was added: an estimate is a small difference of these */
};

inline NaiveGradient naive_zeros(const epx_params_t *p) {
  NaiveGradient g;
  for (int l = 0; l < p->layer_count; ++l) {
    const size_t weights = (size_t)(p->units[l] * p->fan_in[l]);
    g.weight.push_back(std::vector<double>(weights, 0.0));
    g.bias.push_back(std::vector<double>((size_t)p->units[l], 0.0));
    g.backward.push_back(std::vector<double>(p->backward[l] != nullptr ? weights : 0, 0.0));
  }
  return g;
}

/* One sample and its network. */
class NaiveModel {
 public:
  using Switches = std::vector<int>;

  NaiveModel(const epx_network_t &network, const epx_params_t *params, std::vector<double> x,
             int label)
      : n_(network), p_(params), x_(std::move(x)), label_(label) {
    EXPECT_EQ(epx_network_shapes(&n_, shapes_, nullptr), EPX_OK);
    for (int l = 0; l < n_.layer_count; ++l) state.push_back(zeros(l));
  }

  bool alternating = false;
  bool quantised = false;
  epx_qformat_t format = {};
  Layers state;
  /* The smallest distance seen from where a switch or a rounding would have gone the other way. */
  double closest = std::numeric_limits<double>::infinity();

  int layers() const { return n_.layer_count; }
  const std::vector<double> &below(int l, const Layers &s) const {
    return l == 0 ? x_ : s[(size_t)l - 1];
  }

  /* From now on the switches are those of the present state. */
  void hold() {
    held_ = false;
    held_forward_.clear();
    held_backward_.clear();
    for (int l = 0; l < layers(); ++l) {
      held_forward_.push_back(forward_switches(l, state));
      held_backward_.push_back(l > 0 ? backward_switches(l, state) : Switches());
    }
    held_ = true;
  }

  void step(double beta) {
    for (int parity : alternating ? std::vector<int>{1, 0} : std::vector<int>{-1}) {
      Layers next = state;
      for (int l = 0; l < layers(); ++l) {
        /* Layers 2, 4, .. of the method are 1, 3, .. here. */
        if (parity < 0 || l % 2 == parity) next[(size_t)l] = activity(l, beta);
      }
      state = next;
    }
  }

  /* Argmax position (0..3, row-major in the window) of every neuron of layer l. */
  Switches forward_switches(int l, const Layers &s) {
    if (held_) return held_forward_[(size_t)l];
    return choose(l, p_->weight[l], below(l, s));
  }
  Switches backward_switches(int l, const Layers &s) {
    if (held_) return held_backward_[(size_t)l];
    return choose(l, back_weight(l), below(l, s));
  }

  /* out += c * (U(post), put at the switches) x pre: one term of dPhi/dw. */
  void correlate(int l, const std::vector<double> &post, const Switches &at,
                 const std::vector<double> &pre, double c, std::vector<double> &out) const {
    unpool(l, post, at, [&](int u, int cy, int cx, double value) {
      synapses(l, u, cy, cx, [&](int i, int w) { out[(size_t)w] += c * value * pre[(size_t)i]; });
    });
  }
  void sum_units(int l, const std::vector<double> &post, double c, std::vector<double> &out) const {
    const size_t area = post.size() / (size_t)shapes_[l].out_channels;
    for (size_t i = 0; i < post.size(); ++i) out[i / area] += c * post[i];
  }

  std::vector<double> softmax() const {
    std::vector<double> p;
    const int l = layers();
    double total = 0;
    for (int k = 0; k < n_.classes; ++k) {
      double logit = p_->bias[l][k];
      for (size_t i = 0; i < state.back().size(); ++i) {
        logit += p_->weight[l][(size_t)k * state.back().size() + i] * state.back()[i];
      }
      p.push_back(std::exp(logit));
      total += p.back();
    }
    for (double &value : p) value /= total;
    return p;
  }

  double loss(int *best) const {
    const bool entropy = n_.loss == EPX_LOSS_CROSS_ENTROPY;
    const std::vector<double> score = entropy ? softmax() : state.back();
    *best = (int)(std::max_element(score.begin(), score.end()) - score.begin());
    if (entropy) return -std::log(score[(size_t)label_]);
    double sum = 0;
    for (int k = 0; k < n_.classes; ++k) {
      sum += 0.5 * std::pow(score[(size_t)k] - target(k), 2);
    }
    return sum;
  }

  /* Adds c * dL/d(W_o, b_o). */
  void add_readout(double c, NaiveGradient &g) const {
    const std::vector<double> p = softmax();
    const size_t l = (size_t)layers(), size = state.back().size();
    for (int k = 0; k < n_.classes; ++k) {
      const double error = p[(size_t)k] - target(k);
      g.bias[l][(size_t)k] += c * error;
      for (size_t i = 0; i < size; ++i) {
        g.weight[l][(size_t)k * size + i] += c * error * state.back()[i];
      }
    }
  }

 private:
  std::vector<double> zeros(int l) const { return std::vector<double>(shapes_[l].out_size, 0.0); }
  double target(int k) const { return k == label_ ? 1 : 0; }
  const double *back_weight(int l) const {
    return p_->backward[l] != nullptr ? p_->backward[l] : p_->weight[l];
  }
  epx_pool_t pool(int l) const {
    return n_.layers[l].kind == EPX_LAYER_CONV ? n_.layers[l].pool : EPX_POOL_NONE;
  }

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

  /* To the nearest multiple of 2^-f, ties to even, within the range of the bits. */
  double quantise(double s) {
    const int magnitude = format.integer_bits + format.fraction_bits;
    const double unit = std::pow(2.0, -format.fraction_bits), high = std::pow(2.0, magnitude) - 1;
    const double low = format.is_signed ? -std::pow(2.0, magnitude) : 0, exact = s / unit;
    double code = std::floor(exact);
    const double rest = exact - code;
    closest = std::min(closest, std::fabs(rest - 0.5) * unit);
    if (rest > 0.5 || (rest == 0.5 && std::fmod(code, 2.0) != 0)) code += 1;
    return unit * std::min(high, std::max(low, code));
  }

  /* Calls visit(input index, weight index) for every synapse of unit u at position (cy, cx). */
  template <class Visit>
  void synapses(int l, int u, int cy, int cx, Visit visit) const {
    const epx_layer_shape_t &s = shapes_[l];
    const int row = u * s.fan_in;
    if (l == n_.layer_count || n_.layers[l].kind == EPX_LAYER_DENSE) {
      for (int i = 0; i < s.fan_in; ++i) visit(i, row + i);
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
                  row + (c * layer.kernel + ky) * layer.kernel + kx);
          }
        }
      }
    }
  }

  /* Calls visit(neuron, unit, row and column of its window's corner, side of the window). */
  template <class Visit>
  void neurons(int l, Visit visit) const {
    const epx_layer_shape_t &s = shapes_[l];
    const int side = pool(l) == EPX_POOL_NONE ? 1 : 2;
    size_t neuron = 0;
    for (int u = 0; u < s.out_channels; ++u) {
      for (int y = 0; y < s.out_height; ++y) {
        for (int x = 0; x < s.out_width; ++x) visit(neuron++, u, y * side, x * side, side);
      }
    }
  }

  /* Calls visit(unit, row, column, value) for the convolution positions U puts each neuron at. */
  template <class Visit>
  void unpool(int l, const std::vector<double> &post, const Switches &at, Visit visit) const {
    neurons(l, [&](size_t neuron, int u, int y, int x, int side) {
      for (int p = 0; p < side * side; ++p) {
        if (pool(l) == EPX_POOL_AVG) {
          visit(u, y + p / 2, x + p % 2, post[neuron] / 4);
        } else if (p == at[neuron]) {
          visit(u, y + p / 2, x + p % 2, post[neuron]);
        }
      }
    });
  }

  double position(int l, const double *weight, const std::vector<double> &in, int u, int cy,
                  int cx) const {
    double sum = 0;
    synapses(l, u, cy, cx, [&](int i, int w) { sum += weight[w] * in[(size_t)i]; });
    return sum;
  }

  Switches choose(int l, const double *weight, const std::vector<double> &in) {
    Switches at(shapes_[l].out_size, 0);
    if (pool(l) != EPX_POOL_MAX) return at;
    neurons(l, [&](size_t neuron, int u, int y, int x, int side) {
      double z[4], largest = -HUGE_VAL;
      for (int p = 0; p < side * side; ++p) {
        z[p] = position(l, weight, in, u, y + p / 2, x + p % 2);
        if (z[p] > largest) largest = z[p], at[neuron] = p;
      }
      for (int p = 0; p < side * side; ++p) {
        /* Sums over nothing but zeros tie exactly, in any order. */
        if (p != at[neuron] && (z[p] != 0 || largest != 0)) {
          closest = std::min(closest, largest - z[p]);
        }
      }
    });
    return at;
  }

  /* sigma of layer l's drives at the present states. */
  std::vector<double> activity(int l, double beta) {
    std::vector<double> v = zeros(l);
    const Switches at = forward_switches(l, state);
    neurons(l, [&](size_t neuron, int u, int y, int x, int side) {
      v[neuron] = p_->bias[l][u];
      for (int p = 0; p < side * side; ++p) {
        if (pool(l) == EPX_POOL_AVG || p == at[neuron]) {
          v[neuron] += position(l, p_->weight[l], below(l, state), u, y + p / 2, x + p % 2) /
                       (pool(l) == EPX_POOL_AVG ? 4 : 1);
        }
      }
    });
    if (l + 1 < layers()) {
      const double *weight = back_weight(l + 1);
      unpool(l + 1, state[(size_t)l + 1], backward_switches(l + 1, state),
             [&](int u, int cy, int cx, double value) {
               synapses(l + 1, u, cy, cx, [&](int i, int w) { v[(size_t)i] += weight[w] * value; });
             });
    } else if (beta != 0) {
      nudge(beta, v);
    }
    for (double &value : v) {
      value = sigma(value);
      if (quantised) value = quantise(value);
    }
    return v;
  }

  void nudge(double beta, std::vector<double> &v) const {
    if (n_.loss == EPX_LOSS_SQUARED_ERROR) {
      for (int k = 0; k < n_.classes; ++k) {
        v[(size_t)k] -= beta * (state.back()[(size_t)k] - target(k));
      }
      return;
    }
    const std::vector<double> p = softmax();
    for (int k = 0; k < n_.classes; ++k) {
      for (size_t i = 0; i < v.size(); ++i) {
        v[i] += beta * p_->weight[layers()][(size_t)k * v.size() + i] * (target(k) - p[(size_t)k]);
      }
    }
  }

  epx_network_t n_;
  const epx_params_t *p_;
  std::vector<double> x_;
  int label_;
  bool held_ = false;
  std::vector<Switches> held_forward_, held_backward_;
  epx_layer_shape_t shapes_[EPX_MAX_LAYERS + 1];
};

/* A mini-batch, its samples relaxing side by side. */
class NaiveBatch {
 public:
  NaiveBatch(const epx_network_t &network, const epx_params_t *params, const Batch &batch,
             const epx_relaxation_t &relaxation)
      : network_(network), params_(params), frozen_(relaxation.switches == EPX_SWITCHES_FROZEN) {
    const size_t image = batch.x.size() / (size_t)batch.n;
    for (int i = 0; i < batch.n; ++i) {
      const auto first = batch.x.begin() + (long)(image * (size_t)i);
      samples.emplace_back(network, params, std::vector<double>(first, first + (long)image),
                           batch.labels[(size_t)i]);
      samples.back().alternating = relaxation.update == EPX_UPDATE_ALTERNATING;
    }
  }

  void relax(int steps, double beta) {
    for (NaiveModel &sample : samples) {
      for (int t = 0; t < steps; ++t) sample.step(beta);
    }
  }
  void keep_free() {
    free_.clear();
    for (NaiveModel &sample : samples) {
      free_.push_back(sample.state);
      if (frozen_) sample.hold();
    }
  }
  void recall_free() {
    for (size_t i = 0; i < samples.size(); ++i) samples[i].state = free_[i];
  }
  double closest() const {
    double least = std::numeric_limits<double>::infinity();
    for (const NaiveModel &sample : samples) least = std::min(least, sample.closest);
    return least;
  }

  /* Adds c * dPhi/dtheta of the batch mean at the present states, and r * dL/dtheta of the
   * read-out. Rule `different`: with the free state below (forward) or above (backward) in its
   * place. */
  void add_terms(double c, double r, NaiveGradient &g) {
    const bool different = network_.connections == EPX_CONNECTIONS_UNIDIRECTIONAL &&
                           network_.backward_rule == EPX_BACKWARD_DIFFERENT;
    const double share = c / (double)samples.size();
    for (size_t i = 0; i < samples.size(); ++i) {
      NaiveModel &m = samples[i];
      for (int l = 0; l < m.layers(); ++l) {
        const size_t at = (size_t)l;
        const Layers &lower = different ? free_[i] : m.state;
        const Layers &upper = different ? free_[i] : m.state;
        m.correlate(l, m.state[at], m.forward_switches(l, lower), m.below(l, lower), share,
                    g.weight[at]);
        m.sum_units(l, m.state[at], share, g.bias[at]);
        if (params_->backward[l] != nullptr) {
          m.correlate(l, upper[at], m.backward_switches(l, m.state), m.below(l, m.state), share,
                      g.backward[at]);
        }
      }
      if (network_.loss == EPX_LOSS_CROSS_ENTROPY) m.add_readout(r / (double)samples.size(), g);
    }
  }

  /* Rule `same`: both weights get the mean of their two estimates. */
  void share_terms(NaiveGradient &g) const {
    if (network_.backward_rule != EPX_BACKWARD_SAME) return;
    for (size_t l = 0; l < g.backward.size(); ++l) {
      for (size_t i = 0; i < g.backward[l].size(); ++i) {
        g.weight[l][i] = g.backward[l][i] = (g.weight[l][i] + g.backward[l][i]) / 2;
      }
    }
  }

  std::vector<NaiveModel> samples;

 private:
  epx_network_t network_;
  const epx_params_t *params_;
  bool frozen_;
  std::vector<Layers> free_;
};

/* A leg of an estimate, from the equations: factor * dPhi/dtheta at the state under `nudge`. */
struct NaiveLeg {
  double nudge, factor, readout;
};

inline std::vector<NaiveLeg> naive_legs(epx_estimator_kind_t kind, double b, int sign) {
  switch (kind) {
    case EPX_ESTIMATOR_SYMMETRIC:
      return {{b, -1 / (2 * b), 0.5}, {-b, 1 / (2 * b), 0.5}};
    case EPX_ESTIMATOR_ONE_SIDED:
      return {{b, -1 / b, 1}, {0, 1 / b, 0}};
    case EPX_ESTIMATOR_RANDOM_SIGN:
      return {{sign * b, -1 / (sign * b), 1}, {0, 1 / (sign * b), 0}};
    default: /* (4 symmetric(b) - symmetric(2 b)) / 3 */
      return {{b, -4.0 / 3 / (2 * b), 2.0 / 3},
              {-b, 4.0 / 3 / (2 * b), 2.0 / 3},
              {2 * b, 1.0 / 3 / (4 * b), -1.0 / 6},
              {-2 * b, -1.0 / 3 / (4 * b), -1.0 / 6}};
  }
}

/* The whole estimate, after a free phase that keep_free has ended. */
inline NaiveGradient naive_estimate(NaiveBatch &batch, const epx_params_t *params,
                                    const epx_dynamics_t &dynamics,
                                    const epx_estimator_t &estimator, int sign) {
  NaiveGradient g = naive_zeros(params);
  const auto add = [](Layers &to, const Layers &from, double &squares) {
    for (size_t l = 0; l < to.size(); ++l) {
      for (size_t i = 0; i < to[l].size(); ++i) {
        to[l][i] += from[l][i];
        squares += from[l][i] * from[l][i];
      }
    }
  };
  for (const NaiveLeg &leg : naive_legs(estimator.kind, estimator.beta, sign)) {
    batch.recall_free();
    if (leg.nudge != 0 || estimator.free_leg == EPX_FREE_LEG_CONTINUE) {
      batch.relax(dynamics.nudged_steps, leg.nudge);
    }
    NaiveGradient terms = naive_zeros(params);
    batch.add_terms(leg.factor, leg.readout, terms);
    double squares = 0;
    add(g.weight, terms.weight, squares);
    add(g.bias, terms.bias, squares);
    add(g.backward, terms.backward, squares);
    g.legs += std::sqrt(squares);
  }
  batch.share_terms(g);
  return g;
}

/* Largest relative L2 error of an array of the golden gradient; that of an array much smaller than
 * the legs it is the difference of is compared with 1e-2 of them. */
inline double naive_error(const Params &golden, const NaiveGradient &naive) {
  double worst = 0;
  for (int l = 0; l < golden->layer_count; ++l) {
    const size_t at = (size_t)l;
    const std::pair<const double *, const std::vector<double> *> arrays[] = {
        {golden->weight[l], &naive.weight[at]},
        {golden->bias[l], &naive.bias[at]},
        {golden->backward[l], &naive.backward[at]}};
    for (const auto &[found, expected] : arrays) {
      if (found == nullptr) continue;
      const std::vector<double> f(found, found + expected->size());
      worst =
          std::max(worst, distance(f, *expected) / std::max(1e-2 * naive.legs, norm(*expected)));
    }
  }
  return worst;
}

#endif
