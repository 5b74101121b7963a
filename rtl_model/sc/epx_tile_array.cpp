// SPDX-License-Identifier: Apache-2.0
// The tile's sequencer and its array: bit-serial drive, settling, conversion in turns.
#include "epx_tile.h"

namespace epx {

int Tile::lines() const {
  return backward() ? config_.shape.rows : config_.shape.units * config_.shape.slices;
}

void Tile::sequence() {
  switch (phase_) {
    case Phase::Ready:
      if (x_ready_o.read() && x_valid_i.read()) {
        accept();
      }
      return;
    case Phase::Settle:
      if (--wait_ == 0) {
        phase_ = Phase::Convert;
        wait_ = config_.chip.convert_cycles;
      }
      return;
    case Phase::Convert:
      if (--wait_ == 0) {
        convert_turn();
      }
      return;
    case Phase::Correlate:
      correlate_row();
      return;
    case Phase::Update:
      update_one();
      return;
  }
}

void Tile::accept() {
  word_ = x_i.read().word;
  running_ = static_cast<int>(word_->operation);
  index_trace_ = word_->index;
  if (accepted_[running_]++ == 0) {
    first_edge_[running_] = edge_;
  }
  last_edge_[running_] = edge_;
  bit_ = slice_ = place_ = row_ = unit_ = 0;
  const uint64_t code_bits = static_cast<uint64_t>(config_.shape.input_bits);
  const uint64_t post_bits = static_cast<uint64_t>(
      config_.shape.state_bits + (config_.shape.window > 1 ? EPX_SWITCH_BITS : 0));
  events_.state_bits_read += word_->lines.size() * code_bits + word_->post.size() * post_bits;
  switch (word_->operation) {
    case Operation::Forward:
    case Operation::Backward:
      drive_bit();
      return;
    case Operation::Correlate:
      correlate_biases();
      phase_ = Phase::Correlate;
      return;
    case Operation::Update:
      kept_correlation_ = correlation_;
      kept_bias_correlation_ = bias_correlation_;
      phase_ = Phase::Update;
      return;
  }
}

// Puts one bit on the wordlines; backward, on the columns of one slice whose switch points at this
// position of the window.
void Tile::drive_bit() {
  uint64_t driven = static_cast<uint64_t>(config_.shape.rows);
  if (backward()) {
    driven = 0;
    for (const uint8_t at : word_->switches) {
      driven += at == place_ ? 1 : 0;
    }
  }
  events_.line_drives += driven;
  events_.cell_reads += driven * static_cast<uint64_t>(lines());
  turn_ = 0;
  phase_ = config_.chip.settle_cycles > 0 ? Phase::Settle : Phase::Convert;
  wait_ = config_.chip.settle_cycles > 0 ? config_.chip.settle_cycles : config_.chip.convert_cycles;
}

void Tile::convert_turn() {
  const int all = lines(), turns = epx_tile_conversion_turns(&config_.chip, all);
  const int width = turns == 1 ? all : epx_tile_adcs(&config_.chip);
  conversion_ = {};
  conversion_.valid = true;
  conversion_.first = turn_ == 0 && bit_ == 0 && slice_ == 0;
  conversion_.bit = bit_;
  conversion_.slice = slice_;
  conversion_.place = place_;
  conversion_.first_line = turn_ * width;
  conversion_.word = word_;
  for (int i = turn_ * width; i < all && i < (turn_ + 1) * width; ++i) {
    conversion_.sums.push_back(backward() ? sum_row(i) : sum_column(i));
  }
  wait_ = config_.chip.convert_cycles;
  if (++turn_ == turns) {
    next_bit();
  }
}

// Forward: bits in turn. Backward: bits within slices within positions of the window.
void Tile::next_bit() {
  const epx_tile_shape_t &shape = config_.shape;
  const int bits = backward() ? shape.state_bits : shape.input_bits;
  const int slices = backward() ? shape.slices : 1, places = backward() ? shape.window : 1;
  if (++bit_ == bits) {
    bit_ = 0;
    if (++slice_ == slices) {
      slice_ = 0;
      conversion_.last = true;
      ++place_;
    }
  }
  if (place_ == places) {
    phase_ = Phase::Ready;
  } else {
    drive_bit();
  }
}

int64_t Tile::digit(int row, int unit, int slice) const {
  const int cell = config_.chip.bits_per_cell;
  const int64_t shifted = memory_->weight[at(row, unit)] >> (slice * cell);
  return slice + 1 == config_.shape.slices ? shifted : shifted & ((1 << cell) - 1);
}

int64_t Tile::sum_column(int column) {
  const int unit = column / config_.shape.slices, slice = column % config_.shape.slices;
  cells_.clear();
  for (int row = 0; row < config_.shape.rows; ++row) {
    const bool on = word_->lines[static_cast<size_t>(row)] >> bit_ & 1;
    cells_.push_back(on ? digit(row, unit, slice) : 0);
  }
  return convert_cells();
}

int64_t Tile::sum_row(int row) {
  cells_.clear();
  for (size_t u = 0; u < word_->post.size(); ++u) {
    const bool on = word_->switches[u] == place_ && (word_->post[u] >> bit_ & 1);
    cells_.push_back(on ? digit(row, static_cast<int>(u), slice_) : 0);
  }
  return convert_cells();
}

// Digital: the adder tree, level by level. Analog: the sum of currents through a converter that
// must hold every sum of so many cells.
int64_t Tile::convert_cells() {
  if (config_.chip.array_kind == EPX_ARRAY_DIGITAL) {
    int bits = config_.chip.bits_per_cell;
    for (size_t n = cells_.size(); n > 1; n -= n / 2, ++bits) {
      for (size_t i = 0; i < n / 2; ++i) {
        cells_[i] = cells_[2 * i] + cells_[2 * i + 1];
        events_.tree_bits += static_cast<uint64_t>(bits);
      }
      if (n % 2 != 0) {
        cells_[n / 2] = cells_[n - 1];
      }
    }
    return cells_.front();
  }
  int64_t sum = 0;
  for (const int64_t cell : cells_) {
    sum += cell;
  }
  ++events_.adc_conversions;
  const int64_t levels = int64_t{1} << config_.chip.adc_bits;
  if (sum >= levels || sum <= -levels) {
    SC_REPORT_ERROR(
        name(),
        ("a converted sum is outside the converter's range: " + std::to_string(sum)).c_str());
  }
  return sum;
}

}  // namespace epx
