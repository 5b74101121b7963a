/* SPDX-License-Identifier: Apache-2.0 */
#include "rtl_model/twin/twin_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "epx_mapping.h"

namespace {

int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return std::min(std::max(value, low), high);
}

int64_t clamp_to(int64_t value, const epx_qformat_t &format) {
  const int bits = format.integer_bits + format.fraction_bits;
  const int64_t span = INT64_C(1) << bits;
  return clamp(value, format.is_signed ? -span : 0, span - 1);
}

int width_of(const epx_qformat_t &f) {
  return (f.is_signed ? 1 : 0) + f.integer_bits + f.fraction_bits;
}

int64_t quantise(double value, const epx_qformat_t &format) {
  const double scaled = std::ldexp(value, format.fraction_bits);
  const double limit = 4e9; /* beyond every format; keeps the conversion defined */
  return clamp_to((int64_t)std::nearbyint(std::min(std::max(scaled, -limit), limit)), format);
}

/* A 16-bit mantissa and a shift. */
struct Scale {
  int64_t mantissa = 0;
  int shift = 0;
};

Scale scale_of(double factor) {
  if (factor <= 0) return {};
  int shift = 0;
  long double mantissa = factor;
  while (mantissa >= 65536) mantissa /= 2, --shift;
  while (mantissa < 32768) mantissa *= 2, ++shift;
  int64_t whole = (int64_t)nearbyintl(mantissa);
  if (whole == 65536) whole = 32768, --shift;
  while (shift > 62) whole /= 2, --shift;
  return {whole, shift};
}

int64_t times(const Scale &scale, int64_t x, epx_round_t mode = EPX_ROUND_NEAREST_EVEN,
              uint32_t random16 = 0) {
  return oracle_round((Wide)x * scale.mantissa, scale.shift, mode, random16);
}

/* One bit at a time: b[n+32] = b[n+22] ^ b[n+2] ^ b[n+1] ^ b[n]. */
uint32_t draw16(int64_t &state) {
  for (int i = 0; i < 16; ++i) {
    const int64_t bit = (state >> 22 ^ state >> 2 ^ state >> 1 ^ state) & 1;
    state = state >> 1 | bit << 31;
  }
  return (uint32_t)(state >> 16);
}

int ceiling(int a, int b) {
  return (a + b - 1) / b;
}

}  // namespace

int64_t oracle_round(Wide value, int shift, epx_round_t mode, uint32_t random16) {
  if (shift <= 0) return (int64_t)(value * ((Wide)1 << -shift));
  const Wide unit = (Wide)1 << shift;
  Wide below = value / unit;
  if (below * unit > value) --below; /* floor */
  const Wide rest = value - below * unit;
  bool up = false;
  if (mode == EPX_ROUND_NEAREST_EVEN) {
    up = 2 * rest > unit || (2 * rest == unit && below % 2 != 0);
  } else if (mode == EPX_ROUND_STOCHASTIC) {
    /* up where rest + random >= 1, random in steps of 2^-16 or of the dropped bits */
    up = rest + (((Wide)random16 * unit) >> 16) >= unit;
  }
  return (int64_t)(below + (up ? 1 : 0));
}

Codes oracle_softmax_error(const Codes &logits, int fraction, int label) {
  const int64_t largest = *std::max_element(logits.begin(), logits.end());
  Codes e;
  int64_t total = 0;
  for (int64_t logit : logits) {
    const int64_t d = oracle_round(largest - logit, fraction - 6, EPX_ROUND_NEAREST_EVEN, 0);
    e.push_back(d < 16 * 64 ? llroundl(65535.0L * expl(-(long double)d / 64)) : 0);
    total += e.back();
  }
  for (size_t k = 0; k < e.size(); ++k) {
    const int64_t p = (int64_t)floorl((long double)e[k] * 32768 / (long double)total + 0.5L);
    e[k] = ((int)k == label ? 32768 : 0) - p;
  }
  return e;
}

TwinOracle::TwinOracle(const epx_network_t &network, const epx_chip_t &chip)
    : network_(network), chip_(chip) {
  int channels = network.input[0], height = network.input[1], width = network.input[2];
  const bool entropy = network.loss == EPX_LOSS_CROSS_ENTROPY;
  for (int l = 0; l < network.layer_count + (entropy ? 1 : 0); ++l) {
    const bool readout = l == network.layer_count;
    const bool conv = !readout && network.layers[l].kind == EPX_LAYER_CONV;
    Layer y = {};
    y.channels = channels, y.height = height, y.width = width;
    y.units = readout ? network.classes : network.layers[l].units;
    y.kernel_height = conv ? network.layers[l].kernel : height;
    y.kernel_width = conv ? network.layers[l].kernel : width;
    y.stride = conv ? network.layers[l].stride : 1;
    y.padding = conv ? network.layers[l].padding : 0;
    y.pooled = conv && network.layers[l].pool == EPX_POOL_MAX;
    y.conv_height = (height + 2 * y.padding - y.kernel_height) / y.stride + 1;
    y.conv_width = (width + 2 * y.padding - y.kernel_width) / y.stride + 1;
    y.out_height = y.conv_height / (y.pooled ? 2 : 1);
    y.out_width = y.conv_width / (y.pooled ? 2 : 1);
    y.fan_in = channels * y.kernel_height * y.kernel_width;
    y.synapse = chip.synapse[chip.synapse_count == 1 ? 0 : l];
    y.shadow_format = y.synapse;
    y.shadow_format.fraction_bits = (int8_t)(y.synapse.fraction_bits + chip.shadow_bits);
    y.pre_fraction = l == 0 ? chip.input.fraction_bits : chip.state.fraction_bits;
    y.fraction = y.pre_fraction + y.synapse.fraction_bits;
    y.tile_rows = chip.rows;
    y.tile_units = chip.columns / ceiling(width_of(y.synapse), chip.bits_per_cell);
    y.row_blocks = ceiling(y.fan_in, y.tile_rows);
    y.column_blocks = ceiling(y.units, y.tile_units);
    channels = y.units, height = y.out_height, width = y.out_width;
    layer_.push_back(y);
  }
  for (int l = 0; l + 1 < network.layer_count; ++l) {
    const int above = chip.state.fraction_bits + layer_[(size_t)l + 1].synapse.fraction_bits;
    layer_[(size_t)l].fraction = std::max(layer_[(size_t)l].fraction, above);
  }
  back_ = layer_;
}

void TwinOracle::load_layer(Layer &layer, const double *weight, const double *bias, int lfsr_key) {
  const size_t weights = (size_t)layer.units * (size_t)layer.fan_in;
  layer.shadow.clear(), layer.bias.clear(), layer.lfsr.clear();
  for (size_t i = 0; i < weights; ++i) {
    layer.shadow.push_back(quantise(weight[i], layer.shadow_format));
  }
  for (int u = 0; bias != nullptr && u < layer.units; ++u) {
    layer.bias.push_back(quantise(bias[u], chip_.bias));
  }
  layer.velocity.assign(weights, 0);
  layer.bias_velocity.assign(layer.bias.size(), 0);
  for (int rb = 0; rb < layer.row_blocks; ++rb) {
    for (int cb = 0; cb < layer.column_blocks; ++cb) {
      layer.lfsr.push_back(epx_tile_lfsr(&chip_, lfsr_key, rb, cb).state);
    }
  }
}

void TwinOracle::load(const epx_params_t &params) {
  for (int l = 0; l < parameter_layers(); ++l) {
    load_layer(layer_[(size_t)l], params.weight[l], params.bias[l], l);
    if (has_backward(l)) {
      load_layer(back_[(size_t)l], params.backward[l], nullptr, parameter_layers() + l - 1);
    }
  }
  clear_gradient();
}

void TwinOracle::present(const float *x, const uint8_t *labels, int n) {
  const size_t size = (size_t)(network_.input[0] * network_.input[1] * network_.input[2]);
  samples_ = n;
  labels_.assign(labels, labels + n);
  input_.assign((size_t)n, Codes(size));
  for (size_t i = 0; i < size * (size_t)n; ++i) {
    input_[i / size][i % size] = quantise((double)x[i], chip_.input);
  }
  state_.clear();
  for (int l = 0; l < network_.layer_count; ++l) {
    state_.push_back(std::vector<Codes>((size_t)n, Codes(layer_[(size_t)l].out_size(), 0)));
  }
}

int64_t TwinOracle::visible(const Layer &layer, size_t synapse) const {
  return clamp_to(oracle_round(layer.shadow[synapse], chip_.shadow_bits, EPX_ROUND_NEAREST_EVEN, 0),
                  layer.synapse);
}

int64_t TwinOracle::offset(const Layer &layer, int unit) const {
  const int64_t bias =
      oracle_round(layer.bias[(size_t)unit], chip_.bias.fraction_bits - layer.fraction,
                   EPX_ROUND_NEAREST_EVEN, 0);
  EXPECT_LE(std::abs(bias), INT64_C(1) << 28) << "the test's formats leave the accumulator's range";
  return bias;
}

/* visit(index of the synapse within its unit, index of the input) for one position. */
template <class Visit>
void TwinOracle::synapses(const Layer &layer, int cy, int cx, Visit visit) const {
  size_t synapse = 0;
  for (int c = 0; c < layer.channels; ++c) {
    for (int ky = 0; ky < layer.kernel_height; ++ky) {
      for (int kx = 0; kx < layer.kernel_width; ++kx, ++synapse) {
        const int y = cy * layer.stride - layer.padding + ky;
        const int x = cx * layer.stride - layer.padding + kx;
        if (y >= 0 && y < layer.height && x >= 0 && x < layer.width) {
          visit(synapse, (size_t)((c * layer.height + y) * layer.width + x));
        }
      }
    }
  }
}

int64_t TwinOracle::product(const Layer &layer, const Codes &in, int unit, int cy, int cx) const {
  int64_t sum = 0;
  const size_t first = (size_t)unit * (size_t)layer.fan_in;
  synapses(layer, cy, cx, [&](size_t synapse, size_t input) {
    sum += visible(layer, first + synapse) * in[input];
  });
  return sum;
}

/* The winner of the window of (y, x): the first of the largest, row by row. */
int TwinOracle::switch_of(const Layer &layer, const Codes &in, int unit, int y, int x,
                          int64_t *largest) const {
  if (!layer.pooled) {
    *largest = product(layer, in, unit, y, x);
    return 0;
  }
  int best = -1;
  for (int p = 0; p < 4; ++p) {
    const int64_t value = product(layer, in, unit, 2 * y + p / 2, 2 * x + p % 2);
    if (best < 0 || value > *largest) best = p, *largest = value;
  }
  return best;
}

Codes TwinOracle::logits(int sample) const {
  const Layer &layer = layer_.back();
  Codes out;
  for (int k = 0; k < layer.units; ++k) {
    out.push_back(product(layer, state_.back()[(size_t)sample], k, 0, 0) + offset(layer, k));
  }
  return out;
}

void TwinOracle::add_nudge(int sample, double beta, Codes &v) const {
  const Layer &last = layer_[(size_t)network_.layer_count - 1];
  const Codes &s = state_.back()[(size_t)sample];
  const int label = labels_[(size_t)sample];
  int fraction = chip_.state.fraction_bits;
  Codes pull(v.size(), 0);
  if (network_.loss == EPX_LOSS_CROSS_ENTROPY) {
    const Layer &readout = layer_.back();
    const Codes error = oracle_softmax_error(logits(sample), readout.fraction, label);
    fraction = 15 + readout.synapse.fraction_bits;
    for (int k = 0; k < readout.units; ++k) {
      for (size_t i = 0; i < v.size(); ++i) {
        pull[i] += error[(size_t)k] * visible(readout, (size_t)k * v.size() + i);
      }
    }
  } else {
    for (size_t k = 0; k < v.size(); ++k) {
      pull[k] = ((int)k == label ? INT64_C(1) << fraction : 0) - s[k];
    }
  }
  const Scale scale = scale_of(std::ldexp(std::fabs(beta), last.fraction - fraction));
  for (size_t i = 0; i < v.size(); ++i) {
    const int64_t nudge = (beta < 0 ? -1 : 1) * times(scale, pull[i]);
    EXPECT_LE(std::abs(nudge), INT64_C(1) << 28);
    v[i] += nudge;
  }
}

void TwinOracle::step(int sample, double beta) {
  const size_t at = (size_t)sample;
  std::vector<Codes> v;
  for (int l = 0; l < network_.layer_count; ++l) {
    const Layer &layer = layer_[(size_t)l];
    v.push_back(Codes(layer.out_size(), 0));
    size_t neuron = 0;
    for (int u = 0; u < layer.units; ++u) {
      for (int y = 0; y < layer.out_height; ++y) {
        for (int x = 0; x < layer.out_width; ++x, ++neuron) {
          int64_t product = 0;
          const int p = switch_of(layer, input_of(l, sample), u, y, x, &product);
          const int shift = layer.fraction - layer.pre_fraction - layer.synapse.fraction_bits;
          v.back()[neuron] += product * (INT64_C(1) << shift) + offset(layer, u);
          if (l == 0) continue;
          const Layer &below = layer_[(size_t)l - 1];
          const int back = below.fraction - chip_.state.fraction_bits - layer.synapse.fraction_bits;
          const int64_t post = state_[(size_t)l][at][neuron] * (INT64_C(1) << back);
          const Layer &acts = has_backward(l) ? back_[(size_t)l] : layer;
          const int q =
              has_backward(l) ? switch_of(acts, input_of(l, sample), u, y, x, &product) : p;
          const int cy = layer.pooled ? 2 * y + q / 2 : y, cx = layer.pooled ? 2 * x + q % 2 : x;
          synapses(layer, cy, cx, [&](size_t synapse, size_t input) {
            v[(size_t)l - 1][input] +=
                post * visible(acts, (size_t)u * (size_t)layer.fan_in + synapse);
          });
        }
      }
    }
  }
  if (beta != 0) add_nudge(sample, beta, v.back());
  const bool half = network_.activation == EPX_ACTIVATION_HARD_SIGMOID_HALF;
  for (size_t l = 0; l < v.size(); ++l) {
    const int shift = layer_[l].fraction + (half ? 1 : 0) - chip_.state.fraction_bits;
    for (size_t i = 0; i < v[l].size(); ++i) {
      state_[l][at][i] = clamp(oracle_round(v[l][i], shift, chip_.state_rounding, 0), 0,
                               (INT64_C(1) << chip_.state.fraction_bits) - 1);
    }
  }
}

void TwinOracle::relax(int steps, double beta) {
  for (int sample = 0; sample < samples_; ++sample) {
    for (int t = 0; t < steps; ++t) step(sample, beta);
  }
}

int TwinOracle::predict(int sample) const {
  const Codes score =
      network_.loss == EPX_LOSS_CROSS_ENTROPY ? logits(sample) : state_.back()[(size_t)sample];
  return (int)(std::max_element(score.begin(), score.end()) - score.begin());
}

void TwinOracle::clear_gradient() {
  for (std::vector<Layer> *layers : {&layer_, &back_}) {
    for (Layer &layer : *layers) {
      layer.correlation.assign((size_t)layer.units * (size_t)layer.fan_in, 0);
      layer.bias_correlation.assign((size_t)layer.units, 0);
    }
  }
}

/* Every post stands where the layer's weights find the largest sum of `pre`. */
void TwinOracle::correlate(Layer &layer, const Codes &pre, const Codes &posts, int coefficient) {
  size_t neuron = 0;
  for (int u = 0; u < layer.units; ++u) {
    for (int y = 0; y < layer.out_height; ++y) {
      for (int x = 0; x < layer.out_width; ++x, ++neuron) {
        const int64_t post = coefficient * posts[neuron];
        int64_t ignored = 0;
        const int p = switch_of(layer, pre, u, y, x, &ignored);
        const int cy = layer.pooled ? 2 * y + p / 2 : y;
        const int cx = layer.pooled ? 2 * x + p % 2 : x;
        synapses(layer, cy, cx, [&](size_t synapse, size_t input) {
          layer.correlation[(size_t)u * (size_t)layer.fan_in + synapse] += post * pre[input];
        });
        layer.bias_correlation[(size_t)u] += post;
      }
    }
  }
}

void TwinOracle::accumulate(const epx_phase_t &phase) {
  for (int sample = 0; sample < samples_; ++sample) {
    const size_t at = (size_t)sample;
    for (int l = 0; l < network_.layer_count; ++l) {
      const size_t layer = (size_t)l;
      const Codes &now = input_of(l, sample);
      const Codes &pre = l > 0 && different() ? free_[layer - 1][at] : now;
      correlate(layer_[layer], pre, state_[layer][at], phase.coefficient);
      if (has_backward(l)) {
        correlate(back_[layer], now, different() ? free_[layer][at] : state_[layer][at],
                  phase.coefficient);
      }
    }
    if (network_.loss != EPX_LOSS_CROSS_ENTROPY || phase.readout_coefficient == 0) continue;
    Layer &readout = layer_.back();
    const Codes error =
        oracle_softmax_error(logits(sample), readout.fraction, labels_[(size_t)sample]);
    const Codes &s = state_.back()[(size_t)sample];
    for (size_t k = 0; k < error.size(); ++k) {
      const int64_t post = phase.readout_coefficient * error[k];
      for (size_t i = 0; i < s.size(); ++i) readout.correlation[k * s.size() + i] += post * s[i];
      readout.bias_correlation[k] += post;
    }
  }
}

/* What one of the layer's sets of weights learns from: rule `same`, the sum of both sets' terms,
 * each of which counts half. */
Codes TwinOracle::estimate(int l, bool backward, double *halves) const {
  Codes sum = (backward ? back_ : layer_)[(size_t)l].correlation;
  *halves = 1;
  if (has_backward(l) && !different()) {
    const Codes &other = (backward ? layer_ : back_)[(size_t)l].correlation;
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
    *halves = 0.5;
  }
  return sum;
}

/* -dL/dtheta of one correlation unit. */
double TwinOracle::unit_of(int l, bool bias, const epx_estimator_t &estimator) const {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator.kind);
  const bool readout = l == network_.layer_count;
  const int fraction =
      (readout ? 15 : chip_.state.fraction_bits) + (bias ? 0 : layer_[(size_t)l].pre_fraction);
  const double divisor = readout ? row->readout_denominator * (double)samples_
                                 : row->denominator * estimator.beta * samples_;
  return std::ldexp(1.0 / divisor, -fraction);
}

std::vector<double> TwinOracle::gradient(int l, const epx_estimator_t &estimator) const {
  std::vector<double> out;
  const auto append = [&](bool backward) {
    double halves = 1;
    for (int64_t c : estimate(l, backward, &halves)) {
      out.push_back(-halves * unit_of(l, false, estimator) * (double)c);
    }
  };
  append(false);
  for (int64_t c : layer_[(size_t)l].bias_correlation) {
    out.push_back(-unit_of(l, true, estimator) * (double)c);
  }
  if (has_backward(l)) append(true);
  return out;
}

/* Index within a unit's synapses of the wordline `row`, channels last. */
size_t TwinOracle::row_index(const Layer &layer, int row) const {
  const int c = row % layer.channels, position = row / layer.channels;
  return (size_t)(c * layer.kernel_height * layer.kernel_width + position);
}

Codes TwinOracle::in_rows(int l, const Codes &synapses) const {
  const Layer &layer = layer_[(size_t)l];
  Codes out;
  for (int u = 0; u < layer.units; ++u) {
    for (int row = 0; row < layer.fan_in; ++row) {
      out.push_back(synapses[(size_t)u * (size_t)layer.fan_in + row_index(layer, row)]);
    }
  }
  return out;
}

void TwinOracle::update_layer(Layer &layer, int l, const Codes &estimate, double halves,
                              const epx_estimator_t &estimator, const epx_update_rule_t &rule) {
  const int v_fraction = chip_.velocity.fraction_bits;
  const Scale momentum = scale_of(rule.momentum);
  auto learn = [&](bool bias, int64_t correlation, int64_t &value, int64_t &velocity,
                   int64_t &lfsr) {
    const epx_qformat_t format = bias ? chip_.bias : layer.shadow_format;
    const Scale gradient =
        scale_of(std::ldexp((bias ? 1 : halves) * unit_of(l, bias, estimator), v_fraction));
    const Scale decay = scale_of(std::ldexp(rule.weight_decay, v_fraction - format.fraction_bits));
    const Scale rate =
        scale_of(std::ldexp(rule.learning_rate[l], format.fraction_bits - v_fraction));
    velocity =
        clamp_to(times(momentum, velocity) - times(gradient, correlation) + times(decay, value),
                 chip_.velocity);
    const uint32_t random16 = chip_.update_rounding == EPX_ROUND_STOCHASTIC ? draw16(lfsr) : 0;
    value = clamp_to(value - times(rate, velocity, chip_.update_rounding, random16), format);
  };
  for (int rb = 0; rb < layer.row_blocks; ++rb) {
    for (int cb = 0; cb < layer.column_blocks; ++cb) {
      int64_t &lfsr = layer.lfsr[(size_t)(rb * layer.column_blocks + cb)];
      const int unit_end = std::min((cb + 1) * layer.tile_units, layer.units);
      const int row_end = std::min((rb + 1) * layer.tile_rows, layer.fan_in);
      for (int row = rb * layer.tile_rows; row < row_end; ++row) {
        for (int u = cb * layer.tile_units; u < unit_end; ++u) {
          const size_t i = (size_t)u * (size_t)layer.fan_in + row_index(layer, row);
          learn(false, estimate[i], layer.shadow[i], layer.velocity[i], lfsr);
        }
      }
      for (int u = cb * layer.tile_units; rb == 0 && !layer.bias.empty() && u < unit_end; ++u) {
        const size_t i = (size_t)u;
        learn(true, layer.bias_correlation[i], layer.bias[i], layer.bias_velocity[i], lfsr);
      }
    }
  }
}

void TwinOracle::update(const epx_estimator_t &estimator, const epx_update_rule_t &rule) {
  for (int l = 0; l < parameter_layers(); ++l) {
    double halves = 1;
    const Codes forward = estimate(l, false, &halves);
    if (has_backward(l)) {
      update_layer(back_[(size_t)l], l, estimate(l, true, &halves), halves, estimator, rule);
    }
    update_layer(layer_[(size_t)l], l, forward, halves, estimator, rule);
  }
  clear_gradient();
}

Codes TwinOracle::states(int l) const {
  Codes out;
  for (const Codes &s : state_[(size_t)l]) out.insert(out.end(), s.begin(), s.end());
  return out;
}
