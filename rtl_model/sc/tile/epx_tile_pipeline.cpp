// SPDX-License-Identifier: Apache-2.0
// The tile's stages behind the converters. Each takes what the stage before left a cycle ago, and
// holds it where the stage after is not free.
#include "epx_tile.h"

namespace epx {

void Tile::shift_add_stage() {
  if (!conversion_.valid || (conversion_.last && finished_.valid)) {
    return;
  }
  conversion_.valid = false;
  ++moves_;
  const bool backward = conversion_.word->operation == Operation::Backward;
  const Pass &pass = conversion_.pass;
  const epx_tile_shape_t &shape = config_.shape;
  if (conversion_.first) {
    accumulator_.assign(static_cast<size_t>(backward ? shape.rows : shape.units), 0);
  }
  int line = conversion_.first_line;
  for (const int64_t sum : conversion_.sums) {
    const int target = backward ? line : line / shape.slices;
    const int slice = backward ? pass.slice : line % shape.slices;
    const int64_t weight = int64_t{1} << (pass.drive.bit + slice * config_.chip.bits_per_cell);
    accumulator_[static_cast<size_t>(target)] += sum * weight * pass.drive.sign;
    ++line;
  }
  events_.shift_adds += conversion_.sums.size();
  for (size_t i = 0; i < 4 && i < accumulator_.size(); ++i) {
    accumulator_trace_[i] = accumulator_[i];
  }
  if (conversion_.last) {
    finished_.valid = true;
    finished_.place = pass.place;
    finished_.driven = pass.drive.bits != 0;
    finished_.values.swap(accumulator_);
    epx_array_finish(cells_.get(), static_cast<int>(finished_.values.size()),
                     finished_.values.data());
    finished_.word = conversion_.word;
  }
}

void Tile::take_partial_sums() {
  if (a_ready_ && a_valid_i.read()) {
    partial_ = a_i.read().word;
    ++moves_;
  }
}

// Event-driven: adds what changed to the vector's sums.
void Tile::hold() {
  const size_t vector = static_cast<size_t>(finished_.word->index), units = finished_.values.size();
  if (held_.size() <= vector) {
    held_.resize(vector + 1);
  }
  std::vector<int64_t> &sums = held_[vector];
  if (finished_.word->fresh) {
    sums.assign(units, 0);
  }
  events_.accumulator_bits += EPX_ACCUMULATOR_BITS * units;
  if (finished_.driven) {
    for (size_t u = 0; u < units; ++u) {
      sums[u] += finished_.values[u];
    }
    events_.psum_adds += units;
    events_.accumulator_bits += EPX_ACCUMULATOR_BITS * units;
  }
  finished_.values = sums;
}

void Tile::add_partial_sums() {
  for (size_t u = 0; u < finished_.values.size(); ++u) {
    if (config_.shape.offset) {
      finished_.values[u] -= input_offset() * offset_sum_[u];
      ++events_.psum_adds;
    }
    if (partial_) {
      finished_.values[u] += partial_->sums[u];
      ++events_.psum_adds;
    }
  }
  partial_.reset();
}

// Keeps the largest sum of a window; of equals, the first.
void Tile::pool(int index, TileSums *sums) {
  const int place = index % config_.shape.window;
  if (place == 0) {
    best_ = finished_.values;
    best_at_.assign(best_.size(), 0);
  } else {
    events_.pool_compares += best_.size();
    for (size_t u = 0; u < best_.size(); ++u) {
      if (finished_.values[u] > best_[u]) {
        best_[u] = finished_.values[u];
        best_at_[u] = static_cast<uint8_t>(place);
      }
    }
  }
  if (place + 1 == config_.shape.window) {
    sums->pooled = best_;
    sums->switches = best_at_;
    if (config_.shape.window > 1) {
      events_.state_bits_written += EPX_SWITCH_BITS * best_.size();
    }
  }
}

void Tile::accumulate_stage() {
  if (p_valid_ && p_ready_i.read()) {
    p_valid_ = false;
    p_valid_o.write(false);
    ++moves_;
  }
  if (!finished_.valid || p_valid_) {
    return;
  }
  const TileWord &word = *finished_.word;
  const bool backward = word.operation == Operation::Backward;
  if (!backward && config_.shape.psum_in && !partial_) {
    return;
  }
  finished_.valid = false;
  ++moves_;
  auto sums = std::make_shared<TileSums>();
  if (!backward) {
    if (word.event_driven()) {
      hold();
    }
    add_partial_sums();
    if (config_.shape.pools) {
      if (word.event_driven() && !epx_chip_exact(&config_.chip)) {
        for (int64_t &value : finished_.values) {
          value = epx_neuron_held(value, config_.forward_shift);
        }
      }
      pool(word.index, sums.get());
    }
  }
  sums->operation = word.operation;
  sums->index = backward ? word.index * config_.shape.window + finished_.place : word.index;
  sums->driven = finished_.driven;
  sums->sums = finished_.values;
  p_valid_ = true;
  p_valid_o.write(true);
  p_o.write({sums});
  if (!backward || finished_.place + 1 == config_.shape.window) {
    ++retired_[static_cast<size_t>(word.operation)];
  }
}

void Tile::neuron_stage() {
  if (!n_valid_i.read()) {
    if (fire_strobe_) {
      y_valid_o.write(false);
      fire_strobe_ = false;
    }
    return;
  }
  constexpr size_t fire = static_cast<size_t>(Operation::Fire);
  const TileNeurons &neurons = *n_i.read().word;
  auto states = std::make_shared<TileStates>();
  states->index = neurons.index;
  for (size_t u = 0; u < neurons.sums.size(); ++u) {
    const int64_t product = neurons.sums[u] * (int64_t{1} << config_.forward_shift);
    const uint8_t state = epx_neuron_fire(&config_.neuron, product + neurons.operand[u]);
    states->state.push_back(state);
    if (u < 4) {
      state_trace_[u] = state;
    }
  }
  events_.neuron_ops += neurons.sums.size();
  events_.state_bits_written +=
      neurons.sums.size() * static_cast<uint64_t>(config_.shape.state_bits);
  if (accepted_[fire]++ == 0) {
    first_edge_[fire] = edge_;
  }
  ++retired_[fire];
  last_edge_[fire] = edge_;
  fire_strobe_ = true;
  ++moves_;
  y_valid_o.write(true);
  y_o.write({states});
}

}  // namespace epx
