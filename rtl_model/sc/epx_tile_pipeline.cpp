// SPDX-License-Identifier: Apache-2.0
// The tile's stages behind the converters. Each takes what the stage before left a cycle ago.
#include "epx_tile.h"

namespace epx {

void Tile::shift_add_stage() {
  if (!conversion_.valid) {
    return;
  }
  conversion_.valid = false;
  const bool backward = conversion_.word->operation == Operation::Backward;
  const epx_tile_shape_t &shape = config_.shape;
  if (conversion_.first) {
    accumulator_.assign(static_cast<size_t>(backward ? shape.rows : shape.units), 0);
  }
  int line = conversion_.first_line;
  for (const int64_t sum : conversion_.sums) {
    const int target = backward ? line : line / shape.slices;
    const int slice = backward ? conversion_.slice : line % shape.slices;
    const int shift = conversion_.bit + slice * config_.chip.bits_per_cell;
    accumulator_[static_cast<size_t>(target)] += sum * (int64_t{1} << shift);
    ++events_.shift_adds;
    ++line;
  }
  for (size_t i = 0; i < 4 && i < accumulator_.size(); ++i) {
    accumulator_trace_[i] = accumulator_[i];
  }
  if (conversion_.last) {
    finished_ = {true, conversion_.place, accumulator_, conversion_.word};
  }
}

void Tile::accumulate_stage() {
  if (!finished_.valid) {
    return;
  }
  finished_.valid = false;
  const TileWord &word = *finished_.word;
  const bool backward = word.operation == Operation::Backward;
  for (size_t u = 0; !backward && u < finished_.values.size(); ++u) {
    if (config_.shape.offset) {
      finished_.values[u] -= input_offset() * offset_sum_[u];
      ++events_.psum_adds;
    }
    if (!word.psum.empty()) {
      finished_.values[u] += word.psum[u];
      ++events_.psum_adds;
    }
  }
  auto sums = std::make_shared<TileSums>();
  sums->operation = word.operation;
  sums->index = backward ? word.index * config_.shape.window + finished_.place : word.index;
  sums->sums = finished_.values;
  p_valid_o.write(true);
  p_o.write({sums});
  if (!backward || finished_.place + 1 == config_.shape.window) {
    ++retired_[static_cast<size_t>(word.operation)];
  }
  if (!backward && config_.shape.fires) {
    pooling_ = finished_;
    pooling_.valid = true;
  }
}

// Keeps the largest sum of a window; of equals, the first.
void Tile::pool_stage() {
  if (!pooling_.valid) {
    return;
  }
  pooling_.valid = false;
  const int place = pooling_.word->index % config_.shape.window;
  if (place == 0) {
    window_.best = pooling_.values;
    window_.at.assign(pooling_.values.size(), 0);
  } else {
    for (size_t u = 0; u < pooling_.values.size(); ++u) {
      ++events_.pool_compares;
      if (pooling_.values[u] > window_.best[u]) {
        window_.best[u] = pooling_.values[u];
        window_.at[u] = static_cast<uint8_t>(place);
      }
    }
  }
  if (place + 1 == config_.shape.window) {
    firing_ = window_;
    firing_.word = pooling_.word;
    firing_.valid = true;
  }
}

void Tile::neuron_stage() {
  if (!firing_.valid) {
    return;
  }
  firing_.valid = false;
  auto states = std::make_shared<TileStates>();
  states->index = firing_.word->index / config_.shape.window;
  states->switches = firing_.at;
  for (size_t u = 0; u < firing_.best.size(); ++u) {
    const int64_t drive = firing_.best[u] * (int64_t{1} << config_.forward_shift);
    const uint8_t state = epx_neuron_fire(&config_.neuron, drive + firing_.word->operand[u]);
    states->state.push_back(state);
    if (u < 4) {
      state_trace_[u] = state;
    }
    ++events_.neuron_ops;
    events_.state_bits_written += static_cast<uint64_t>(config_.shape.state_bits);
    events_.state_bits_written += config_.shape.window > 1 ? EPX_SWITCH_BITS : 0;
  }
  fire_strobe_ = true;
  y_valid_o.write(true);
  y_o.write({states});
}

}  // namespace epx
