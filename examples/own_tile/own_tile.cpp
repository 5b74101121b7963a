// SPDX-License-Identifier: Apache-2.0
#include "own_tile.h"

namespace {

constexpr int forward_cycles = 7, backward_cycles = 11, correlate_cycles = 5, update_cycles = 100;

}  // namespace

OwnTile::OwnTile(sc_core::sc_module_name name, const epx::TileConfig &config,
                 epx_sc_memory_t *memory)
    : sc_module(name),
      config_(config),
      memory_(memory),
      offset_(config.shape.offset ? 1 << (config.shape.input_bits - 1) : 0),
      correlation_(at(config.shape.rows, 0), 0),
      bias_correlation_(static_cast<size_t>(config.shape.units), 0),
      found_(correlation_),
      bias_found_(bias_correlation_) {
  SC_HAS_PROCESS(OwnTile);
  SC_CTHREAD(array_thread, clk_i.pos());
  SC_CTHREAD(neuron_thread, clk_i.pos());
}

// A word moves at the rising edge that finds valid and ready high.
void OwnTile::array_thread() {
  x_ready_o.write(false);
  a_ready_o.write(false);
  p_valid_o.write(false);
  idle_o.write(true);
  do {
    wait();
  } while (!rst_ni.read());
  for (;;) {
    x_ready_o.write(true);
    idle_o.write(true);
    do {
      wait();
    } while (!x_valid_i.read());
    const std::shared_ptr<const epx::TileWord> word = x_i.read().word;
    x_ready_o.write(false);
    idle_o.write(false);
    switch (word->operation) {
      case epx::Operation::Forward:
        wait(forward_cycles);
        forward(*word);
        break;
      case epx::Operation::Backward:
        wait(backward_cycles);
        backward(*word);
        break;
      case epx::Operation::Correlate:
        wait(correlate_cycles);
        correlate(*word);
        break;
      case epx::Operation::Update:
        wait(update_cycles);
        update();
        break;
      case epx::Operation::Fire:
        SC_REPORT_ERROR(name(), "neurons came through the array's port");
        break;
    }
  }
}

void OwnTile::send(const std::shared_ptr<epx::TileSums> &sums) {
  p_o.write({sums});
  p_valid_o.write(true);
  do {
    wait();
  } while (!p_ready_i.read());
  p_valid_o.write(false);
}

std::shared_ptr<const epx::TileSums> OwnTile::take_partial_sums() {
  a_ready_o.write(true);
  do {
    wait();
  } while (!a_valid_i.read());
  a_ready_o.write(false);
  return a_i.read().word;
}

void OwnTile::forward(const epx::TileWord &word) {
  const epx_tile_shape_t &shape = config_.shape;
  auto sums = std::make_shared<epx::TileSums>();
  sums->operation = word.operation;
  sums->index = word.index;
  sums->sums.assign(static_cast<size_t>(shape.units), 0);
  if (shape.psum_in) {
    sums->sums = take_partial_sums()->sums;
  }
  for (int row = 0; row < shape.rows; ++row) {
    for (int unit = 0; unit < shape.units; ++unit) {
      sums->sums[static_cast<size_t>(unit)] +=
          int64_t{word.lines[static_cast<size_t>(row)] - offset_} * memory_->weight[at(row, unit)];
    }
  }
  if (shape.pools) {
    pool(word.index, sums.get());
  }
  send(sums);
}

// Keeps the largest sum of a window and where it stood; of equals, the first.
void OwnTile::pool(int index, epx::TileSums *sums) {
  const int place = index % config_.shape.window;
  if (place == 0) {
    best_ = sums->sums;
    best_at_.assign(best_.size(), 0);
  }
  for (size_t u = 0; u < best_.size(); ++u) {
#ifdef OWN_TILE_POOLS_THE_LAST_OF_EQUALS
    const bool larger = sums->sums[u] >= best_[u];
#else
    const bool larger = sums->sums[u] > best_[u];
#endif
    if (larger) {
      best_[u] = sums->sums[u];
      best_at_[u] = static_cast<uint8_t>(place);
    }
  }
  if (place + 1 == config_.shape.window) {
    sums->pooled = best_;
    sums->switches = best_at_;
  }
}

void OwnTile::backward(const epx::TileWord &word) {
  const epx_tile_shape_t &shape = config_.shape;
  for (int place = 0; place < shape.window; ++place) {
    auto sums = std::make_shared<epx::TileSums>();
    sums->operation = word.operation;
    sums->index = word.index * shape.window + place;
    sums->sums.assign(static_cast<size_t>(shape.rows), 0);
    for (int row = 0; row < shape.rows; ++row) {
      for (int unit = 0; unit < shape.units; ++unit) {
        const size_t u = static_cast<size_t>(unit);
        if (word.switches[u] == place) {
          sums->sums[static_cast<size_t>(row)] +=
              int64_t{word.post[u]} * memory_->weight[at(row, unit)];
        }
      }
    }
    send(sums);
  }
}

void OwnTile::correlate(const epx::TileWord &word) {
  const epx_tile_shape_t &shape = config_.shape;
  for (int unit = 0; unit < shape.units; ++unit) {
    const size_t u = static_cast<size_t>(unit);
    const int64_t factor = int64_t{word.coefficient} * word.post[u];
    for (int row = 0; row < shape.rows; ++row) {
      const size_t line = static_cast<size_t>(word.switches[u] * shape.rows + row);
      correlation_[at(row, unit)] += factor * (word.lines[line] - offset_);
    }
    bias_correlation_[u] += shape.bias ? factor : 0;
  }
  found_ = correlation_;
  bias_found_ = bias_correlation_;
}

// Rows first, then channels, then the biases: each draws from the same register.
void OwnTile::update() {
  const epx_tile_shape_t &shape = config_.shape;
  epx_lfsr_t lfsr = {memory_->lfsr};
  for (size_t i = 0; i < correlation_.size(); ++i) {
    epx_update_synapse(&config_.weight_circuit, correlation_[i], &memory_->shadow[i],
                       &memory_->velocity[i], &lfsr);
    memory_->weight[i] =
        epx_update_visible(memory_->shadow[i], config_.chip.shadow_bits, config_.synapse);
  }
  for (size_t u = 0; shape.bias && u < bias_correlation_.size(); ++u) {
    epx_update_synapse(&config_.bias_circuit, bias_correlation_[u], &memory_->bias[u],
                       &memory_->bias_velocity[u], &lfsr);
  }
  memory_->lfsr = lfsr.state;
  correlation_.assign(correlation_.size(), 0);
  bias_correlation_.assign(bias_correlation_.size(), 0);
}

// n and y never wait.
void OwnTile::neuron_thread() {
  y_valid_o.write(false);
  for (;;) {
    wait();
    y_valid_o.write(n_valid_i.read());
    if (n_valid_i.read()) {
      const epx::TileNeurons &neurons = *n_i.read().word;
      auto states = std::make_shared<epx::TileStates>();
      states->index = neurons.index;
      for (size_t u = 0; u < neurons.sums.size(); ++u) {
        const int64_t product = neurons.sums[u] * (int64_t{1} << config_.forward_shift);
        states->state.push_back(epx_neuron_fire(&config_.neuron, product + neurons.operand[u]));
      }
      y_o.write({states});
    }
  }
}
