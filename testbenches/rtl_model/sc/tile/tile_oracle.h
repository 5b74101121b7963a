// SPDX-License-Identifier: Apache-2.0
// A random tile's job, and what the tile must answer: plain products of whole integers, without
// bits, slices, trees, pipelines or LFSR shortcuts.
#ifndef TILE_ORACLE_H
#define TILE_ORACLE_H

#include <cmath>
#include <vector>

#include "epx_sc_tile.h"
#include "quant/quant_random.h"

namespace tile_test {

using quant_test::Random;

struct Choice {  // what a case fixes; the rest is drawn
  epx_array_kind_t kind = EPX_ARRAY_DIGITAL;
  int bits_per_cell = 1;
  int window = 1;
  int layer = 1;  // 0: signed input
  bool fires = true, update = true;
  int stall_percent = 0;
};

struct Answer {
  std::vector<int64_t> psum, backward, correlation, bias_correlation;
  std::vector<uint8_t> state, switches;
  bool operator==(const Answer &o) const {
    return psum == o.psum && backward == o.backward && correlation == o.correlation &&
           bias_correlation == o.bias_correlation && state == o.state && switches == o.switches;
  }
};

struct Memory {
  std::vector<int8_t> weight;
  std::vector<int32_t> shadow, velocity, bias, bias_velocity;
  uint32_t lfsr = 0;
  bool operator==(const Memory &o) const {
    return weight == o.weight && shadow == o.shadow && velocity == o.velocity && bias == o.bias &&
           bias_velocity == o.bias_velocity && lfsr == o.lfsr;
  }
};

class RandomTile {
 public:
  RandomTile(const Choice &choice, Random *random) : choice_(choice), random_(*random) {
    draw_chip();
    draw_map();
    shape = epx_sc_tile_shape(&job);
    draw_work();
    shape = epx_sc_tile_shape(&job);
    draw_memory();
  }
  RandomTile(const RandomTile &) = delete;

  epx_chip_t chip = {};
  epx_layer_map_t map = {};
  epx_sc_tile_job_t job = {};
  epx_tile_shape_t shape = {};
  Memory memory;

  // What the tile must answer; leaves the updated registers in *after.
  Answer expected(Memory *after) const;
  Answer room() const {  // buffers of the right size, filled with values that no result has
    const size_t vectors = size(job.vectors), window = size(job.window), units = size(shape.units);
    const size_t neurons = shape.pools ? vectors / window * units : 0;
    return {std::vector<int64_t>(vectors * units, INT64_MIN),
            std::vector<int64_t>(size(job.positions) * window * size(shape.rows), INT64_MIN),
            std::vector<int64_t>(size(shape.rows) * units, INT64_MIN),
            std::vector<int64_t>(units, INT64_MIN),
            std::vector<uint8_t>(neurons, 255),
            std::vector<uint8_t>(neurons, 255)};
  }

 private:
  static size_t size(int n) { return static_cast<size_t>(n); }
  int between(int low, int high) { return static_cast<int>(random_.between(low, high)); }

  void draw_chip() {
    const int bits = between(2, 8), state = between(1, 8), input = between(2, 8);
    chip.input = quant_test::make_format(true, input, input - 1);
    chip.state = quant_test::make_format(false, state, state);
    chip.synapse_count = 1;
    chip.synapse[0] = quant_test::make_format(true, bits, between(0, bits - 1));
    chip.shadow_bits = between(0, 16);
    chip.bias = quant_test::make_format(true, 24, 20);
    chip.velocity = quant_test::make_format(true, 32, 24);
    chip.state_rounding = between(0, 1) ? EPX_ROUND_TRUNCATE : EPX_ROUND_NEAREST_EVEN;
    chip.update_rounding = static_cast<epx_round_t>(between(0, EPX_ROUND_TRUNCATE_ZERO));
    chip.array_kind = choice_.kind;
    chip.bits_per_cell = choice_.bits_per_cell;
    chip.rows = between(1, 20);
    chip.columns = between(8, 40);
    chip.adc.converter.lines_each = between(1, 12);
    // Just enough for every sum, forward and backward.
    const int lines = chip.rows > chip.columns ? chip.rows : chip.columns;
    chip.dac.converter.bits = chip.array_kind == EPX_ARRAY_ANALOG ? between(1, 8) : 1;
    chip.adc.converter.bits = 1;
    while ((1 << chip.adc.converter.bits) <=
           lines * ((1 << chip.bits_per_cell) - 1) * ((1 << chip.dac.converter.bits) - 1)) {
      ++chip.adc.converter.bits;
    }
    chip.settle_cycles = between(0, 2);
    chip.convert_cycles = between(1, 3);
    chip.clock_mhz = 1000.0;
  }

  void draw_map() {
    const int fan_in = between(1, 3 * chip.rows), units = between(1, 20);
    epx_error_t error = {};
    if (epx_map_layer(&chip, 0, units, fan_in, &map, &error) != EPX_OK) {
      std::fprintf(stderr, "%s\n", error.message);
      std::abort();
    }
    job.chip = &chip;
    job.map = &map;
    job.layer = choice_.layer;
    job.row_block = between(0, map.row_blocks - 1);
    job.column_block = between(0, map.column_blocks - 1);
    job.window = choice_.window;
  }

  template <typename T>
  const T *draw(std::vector<T> *table, size_t count, int64_t low, int64_t high) {
    table->resize(count);
    for (T &value : *table) {
      value = static_cast<T>(random_.between(low, high));
    }
    return table->data();
  }

  void draw_work() {
    const size_t rows = size(shape.rows), units = size(shape.units), window = size(job.window);
    const int64_t code = (1 << shape.input_bits) - 1, post = (1 << shape.state_bits) - 1;
    const int64_t few = between(0, 3) == 0 ? 0 : code;  // sometimes all zero: ties in the pool
    job.vectors = between(1, 4) * job.window;
    job.x = draw(&x_, size(job.vectors) * rows, 0, few);
    if (between(0, 1) != 0) {
      job.psum_in = draw(&psum_in_, size(job.vectors) * units, -3, 3);
    }
    job.forward_shift = between(0, 6);
    const epx_activation_t activation =
        between(0, 1) ? EPX_ACTIVATION_HARD_SIGMOID : EPX_ACTIVATION_HARD_SIGMOID_HALF;
    job.neuron = epx_neuron_make(activation, chip.state, shape.state_bits + between(0, 6),
                                 chip.state_rounding);
    if (choice_.fires) {
      job.operand = draw(&operand_, size(job.vectors) / window * units, -4000, 4000);
    }
    job.positions = between(0, 3);
    job.post = draw(&post_, size(job.positions) * units, 0, post);
    job.post_switches = draw(&post_switches_, size(job.positions) * units, 0, job.window - 1);
    job.terms = between(0, 4);
    job.pre = draw(&pre_, size(job.terms) * window * rows, 0, code);
    job.term_post = draw(&term_post_, size(job.terms) * units, 0, post);
    job.term_switches = draw(&term_switches_, size(job.terms) * units, 0, job.window - 1);
    job.coefficient = draw(&coefficient_, size(job.terms), -2, 2);
    job.update = choice_.update;
    job.weight_circuit = circuit(shadow_format());
    job.bias_circuit = circuit(chip.bias);
    job.stall_percent = choice_.stall_percent;
    job.stall_seed = static_cast<uint32_t>(random_.bits());
  }

  epx_qformat_t shadow_format() const {
    epx_qformat_t format = chip.synapse[0];
    format.fraction_bits = static_cast<int8_t>(format.fraction_bits + chip.shadow_bits);
    return format;
  }

  epx_update_circuit_t circuit(epx_qformat_t value) {
    const auto factor = [&](int low, int high) {
      return epx_scale_from(std::ldexp(1.0 + between(0, 99) / 100.0, between(low, high)));
    };
    epx_update_circuit_t result = {};
    result.gradient = factor(-2, 8);
    result.momentum = epx_scale_from(between(0, 99) / 100.0);
    result.decay = factor(-10, 0);
    result.rate = factor(-12, -1);
    result.velocity_format = chip.velocity;
    result.shadow_format = value;
    result.rounding = chip.update_rounding;
    return result;
  }

  void draw_memory() {
    const size_t synapses = size(shape.rows) * size(shape.units), units = size(shape.units);
    for (size_t i = 0; i < synapses; ++i) {
      memory.shadow.push_back(static_cast<int32_t>(random_.code(shadow_format())));
      memory.weight.push_back(
          epx_update_visible(memory.shadow.back(), chip.shadow_bits, chip.synapse[0]));
    }
    draw(&memory.velocity, synapses, -100000, 100000);
    draw(&memory.bias, units, -100000, 100000);
    draw(&memory.bias_velocity, units, -100000, 100000);
    memory.lfsr = static_cast<uint32_t>(random_.bits()) | 1u;
  }

  int64_t product(int vector, int unit) const;
  void expect_states(Answer *answer) const;
  void expect_backward(Answer *answer) const;
  void expect_correlations(Answer *answer) const;
  void expect_update(const Answer &answer, Memory *after) const;

  const Choice choice_;
  Random &random_;
  std::vector<uint8_t> x_, post_switches_, pre_, term_switches_;
  std::vector<int32_t> post_, term_post_;
  std::vector<int64_t> psum_in_, operand_;
  std::vector<int> coefficient_;
};

inline int64_t RandomTile::product(int vector, int unit) const {
  const int offset = shape.offset ? 1 << (shape.input_bits - 1) : 0;
  int64_t sum = job.psum_in ? job.psum_in[vector * shape.units + unit] : 0;
  for (int r = 0; r < shape.rows; ++r) {
    sum += int64_t{job.x[vector * shape.rows + r] - offset} *
           memory.weight[size(r * shape.units + unit)];
  }
  return sum;
}

inline void RandomTile::expect_states(Answer *answer) const {
  for (int n = 0; shape.pools && n < job.vectors / job.window; ++n) {
    for (int u = 0; u < shape.units; ++u) {
      int best = 0;
      for (int p = 1; p < job.window; ++p) {
        best = product(n * job.window + p, u) > product(n * job.window + best, u) ? p : best;
      }
      const double value =
          std::ldexp(static_cast<double>(product(n * job.window + best, u)), job.forward_shift) +
          static_cast<double>(job.operand[n * shape.units + u]);
      const double scaled = std::ldexp(value, -job.neuron.shift);
      const double rounded =
          chip.state_rounding == EPX_ROUND_TRUNCATE ? std::floor(scaled) : std::nearbyint(scaled);
      const double top = std::ldexp(1.0, shape.state_bits) - 1.0;
      const double clamped = rounded < 0.0 ? 0.0 : rounded > top ? top : rounded;
      answer->state[size(n * shape.units + u)] = static_cast<uint8_t>(clamped);
      answer->switches[size(n * shape.units + u)] = static_cast<uint8_t>(best);
    }
  }
}

inline void RandomTile::expect_backward(Answer *answer) const {
  for (int n = 0; n < job.positions; ++n) {
    for (int p = 0; p < job.window; ++p) {
      for (int r = 0; r < shape.rows; ++r) {
        int64_t sum = 0;
        for (int u = 0; u < shape.units; ++u) {
          const int i = n * shape.units + u;
          sum += job.post_switches[i] == p
                     ? int64_t{job.post[i]} * memory.weight[size(r * shape.units + u)]
                     : 0;
        }
        answer->backward[size((n * job.window + p) * shape.rows + r)] = sum;
      }
    }
  }
}

inline void RandomTile::expect_correlations(Answer *answer) const {
  const int offset = shape.offset ? 1 << (shape.input_bits - 1) : 0;
  for (int u = 0; u < shape.units; ++u) {
    int64_t bias = 0;
    for (int r = 0; r < shape.rows; ++r) {
      int64_t sum = 0;
      for (int t = 0; t < job.terms; ++t) {
        const int i = t * shape.units + u;
        const int line = (t * job.window + job.term_switches[i]) * shape.rows + r;
        sum += int64_t{job.pre[line] - offset} * job.term_post[i] * job.coefficient[t];
      }
      answer->correlation[size(r * shape.units + u)] = sum;
    }
    for (int t = 0; t < job.terms; ++t) {
      bias += int64_t{job.term_post[t * shape.units + u]} * job.coefficient[t];
    }
    answer->bias_correlation[size(u)] = shape.bias ? bias : 0;
  }
}

inline void RandomTile::expect_update(const Answer &answer, Memory *after) const {
  epx_lfsr_t lfsr = {memory.lfsr};
  for (size_t i = 0; i < after->shadow.size(); ++i) {
    epx_update_synapse(&job.weight_circuit, answer.correlation[i], &after->shadow[i],
                       &after->velocity[i], &lfsr);
    after->weight[i] = epx_update_visible(after->shadow[i], chip.shadow_bits, chip.synapse[0]);
  }
  for (size_t u = 0; shape.bias && u < after->bias.size(); ++u) {
    epx_update_synapse(&job.bias_circuit, answer.bias_correlation[u], &after->bias[u],
                       &after->bias_velocity[u], &lfsr);
  }
  after->lfsr = lfsr.state;
}

inline Answer RandomTile::expected(Memory *after) const {
  Answer answer = room();
  for (int v = 0; v < job.vectors; ++v) {
    for (int u = 0; u < shape.units; ++u) {
      answer.psum[size(v * shape.units + u)] = product(v, u);
    }
  }
  expect_states(&answer);
  expect_backward(&answer);
  expect_correlations(&answer);
  *after = memory;
  if (job.update) {
    expect_update(answer, after);
  }
  return answer;
}

}  // namespace tile_test

#endif
