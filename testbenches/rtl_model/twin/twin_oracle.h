/* SPDX-License-Identifier: Apache-2.0 */
/* A slow scalar model of the chip, for checking the twin: every connection of every neuron visited
 * by plain loops in 64-bit integers, channels first, no shortcuts, one thread.
 *
 * Written from the equations of the method and the rounding rules of the headers epx_mapping.h,
 * epx_neuron.h, epx_scale.h, epx_softmax.h, epx_update.h and epx_lfsr.h; it shares none of their
 * arithmetic. The accumulator of a layer has the larger fraction of its forward and backward
 * products; bias and scaled nudge are rounded to it, nearest-even. Unidirectional connections: the
 * backward weights are layers of their own, which drive nothing upward. */
#ifndef EPX_TWIN_ORACLE_H
#define EPX_TWIN_ORACLE_H

#include <cstdint>
#include <vector>

#include "epx_chip.h"
#include "epx_substrate.h"

using Codes = std::vector<int64_t>;
__extension__ typedef __int128 Wide;

/* value * 2^-shift rounded by the mode; the stochastic mode reads 16 bits. */
int64_t oracle_round(Wide value, int shift, epx_round_t mode, uint32_t random16);

/* onehot - softmax at 15 fraction bits. */
Codes oracle_softmax_error(const Codes &logits, int fraction, int label);

class TwinOracle {
 public:
  TwinOracle(const epx_network_t &network, const epx_chip_t &chip);

  void load(const epx_params_t &params);
  void present(const float *x, const uint8_t *labels, int n);
  void relax(int steps, double beta);
  void keep_free() { free_ = state_; }
  void recall_free() { state_ = free_; }
  int predict(int sample) const;
  void clear_gradient();
  void accumulate(const epx_phase_t &phase);
  /* The layer's gradient as real numbers, weights [units][channels][height][width], then biases. */
  std::vector<double> gradient(int l, const epx_estimator_t &estimator) const;
  void update(const epx_estimator_t &estimator, const epx_update_rule_t &rule);

  /* State codes of a layer, [n][C][H][W]. */
  Codes states(int l) const;
  /* Registers in the chip's order: synapses [units][height][width][channels]. */
  Codes shadow(int l) const { return in_rows(l, layer_[(size_t)l].shadow); }
  Codes velocity(int l) const { return in_rows(l, layer_[(size_t)l].velocity); }
  Codes bias(int l) const { return layer_[(size_t)l].bias; }
  Codes bias_velocity(int l) const { return layer_[(size_t)l].bias_velocity; }
  Codes lfsr(int l) const { return layer_[(size_t)l].lfsr; }
  bool has_backward(int l) const {
    return network_.connections == EPX_CONNECTIONS_UNIDIRECTIONAL && l > 0 && l < layers();
  }
  Codes backward_shadow(int l) const { return in_rows(l, back_[(size_t)l].shadow); }
  Codes backward_velocity(int l) const { return in_rows(l, back_[(size_t)l].velocity); }
  Codes backward_lfsr(int l) const { return back_[(size_t)l].lfsr; }

  const epx_network_t &network() const { return network_; }
  int layers() const { return network_.layer_count; }
  int parameter_layers() const { return (int)layer_.size(); }

 private:
  struct Layer {
    int channels, height, width, kernel_height, kernel_width, stride, padding;
    int conv_height, conv_width, units, out_height, out_width, fan_in;
    bool pooled;
    epx_qformat_t synapse, shadow_format;
    int pre_fraction, fraction;
    int tile_rows, tile_units, row_blocks, column_blocks;
    Codes shadow, velocity, bias, bias_velocity, lfsr, correlation, bias_correlation;
    size_t out_size() const { return (size_t)(units * out_height * out_width); }
  };
  using States = std::vector<std::vector<Codes>>; /* [layer][sample] */

  int64_t visible(const Layer &layer, size_t synapse) const;
  int64_t offset(const Layer &layer, int unit) const;
  int64_t product(const Layer &layer, const Codes &in, int unit, int cy, int cx) const;
  int switch_of(const Layer &layer, const Codes &in, int unit, int y, int x,
                int64_t *largest) const;
  template <class Visit>
  void synapses(const Layer &layer, int cy, int cx, Visit visit) const;
  void load_layer(Layer &layer, const double *weight, const double *bias, int lfsr_key);
  bool different() const {
    return network_.connections == EPX_CONNECTIONS_UNIDIRECTIONAL &&
           network_.backward_rule == EPX_BACKWARD_DIFFERENT;
  }
  void correlate(Layer &layer, const Codes &pre, const Codes &post, int coefficient);
  Codes estimate(int l, bool backward, double *halves) const;
  Codes logits(int sample) const;
  void step(int sample, double beta);
  void add_nudge(int sample, double beta, Codes &v) const;
  const Codes &input_of(int l, int sample) const {
    return l == 0 ? input_[(size_t)sample] : state_[(size_t)l - 1][(size_t)sample];
  }
  double unit_of(int l, bool bias, const epx_estimator_t &estimator) const;
  Codes in_rows(int l, const Codes &synapses) const;
  size_t row_index(const Layer &layer, int row) const;
  void update_layer(Layer &layer, int l, const Codes &estimate, double halves,
                    const epx_estimator_t &estimator, const epx_update_rule_t &rule);

  epx_network_t network_;
  epx_chip_t chip_;
  std::vector<Layer> layer_, back_; /* back_[l]: backward weights of layer l, if it has any */
  int samples_ = 0;
  std::vector<int> labels_;
  std::vector<Codes> input_; /* signed codes */
  States state_, free_;
};

#endif
