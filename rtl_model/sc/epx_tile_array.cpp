// SPDX-License-Identifier: Apache-2.0
// The tile's sequencer and its array: bit-serial drive, settling, conversion in turns.
#include <algorithm>

#include "epx_tile.h"

namespace epx {

int Tile::lines() const {
  return backward() ? config_.shape.rows : config_.shape.units * config_.shape.slices;
}

int Tile::code_bits() const {
  return backward() ? config_.shape.state_bits : config_.shape.input_bits;
}

void Tile::sequence() {
  switch (phase_) {
    case Phase::Ready:
      if (x_valid_i.read() && x_ready_o.read()) {
        accept();
      }
      return;
    case Phase::Settle:
      if (--wait_ == 0) {
        phase_ = Phase::Convert;
        wait_ = config_.chip.convert_cycles;
      }
      ++moves_;
      return;
    case Phase::Convert:
      if (wait_ > 1) {
        --wait_;
        ++moves_;
      } else if (!conversion_.valid) {
        ++moves_;
        convert_turn();
      }
      return;
    case Phase::Correlate:
      ++moves_;
      correlate_row();
      return;
    case Phase::Update:
      ++moves_;
      update_one();
      return;
  }
}

void Tile::accept() {
  word_ = x_i.read().word;
  ++moves_;
  running_ = static_cast<int>(word_->operation);
  index_trace_ = word_->index;
  if (accepted_[running_]++ == 0) {
    first_edge_[running_] = edge_;
  }
  last_edge_[running_] = edge_;
  bit_ = slice_ = place_ = row_ = unit_ = 0;
  const uint64_t input_bits = static_cast<uint64_t>(config_.shape.input_bits);
  const uint64_t post_bits = static_cast<uint64_t>(
      config_.shape.state_bits + (config_.shape.window > 1 ? EPX_SWITCH_BITS : 0));
  events_.state_bits_read += word_->lines.size() * input_bits + word_->post.size() * post_bits;
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
    case Operation::Fire:
      SC_REPORT_ERROR(name(), "neurons came through the array's port");
      return;
  }
}

// Puts one bit on the wordlines; backward, on the columns of one slice whose switch points at this
// position of the window.
void Tile::drive_bit() {
  uint64_t driven = 0;
  if (backward()) {
    std::fill(driven_units_.begin(), driven_units_.end(), 0);
    for (size_t u = 0; u < word_->post.size(); ++u) {
      if (word_->switches[u] == place_) {
        ++driven;
        driven_units_[u / 64] |= static_cast<uint64_t>(word_->post[u] >> bit_ & 1) << (u % 64);
      }
    }
  } else {
    driven = word_->lines.size();
    std::fill(driven_rows_.begin(), driven_rows_.end(), 0);
    for (size_t r = 0; r < word_->lines.size(); ++r) {
      driven_rows_[r / 64] |= static_cast<uint64_t>(word_->lines[r] >> bit_ & 1) << (r % 64);
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
  conversion_.valid = true;
  conversion_.first = turn_ == 0 && bit_ == 0 && slice_ == 0;
  conversion_.last = false;
  conversion_.bit = bit_;
  conversion_.slice = slice_;
  conversion_.place = place_;
  conversion_.first_line = turn_ * width;
  conversion_.word = word_;
  const int count = std::min(all - conversion_.first_line, width);
  conversion_.sums.resize(static_cast<size_t>(count));
  const uint64_t event = epx_array_event(word_->event, word_->index, place_, slice_, bit_);
  if (backward()) {
    epx_array_read_rows(cells_.get(), event, driven_units_.data(), slice_, conversion_.first_line,
                        count, conversion_.sums.data());
  } else {
    epx_array_read_columns(cells_.get(), event, driven_rows_.data(), conversion_.first_line, count,
                           conversion_.sums.data());
  }
  convert(conversion_.sums);
  wait_ = config_.chip.convert_cycles;
  if (++turn_ == turns) {
    next_bit();
  }
}

// Forward: bits in turn. Backward: bits within slices within positions of the window.
void Tile::next_bit() {
  const epx_tile_shape_t &shape = config_.shape;
  const int slices = backward() ? shape.slices : 1, places = backward() ? shape.window : 1;
  if (++bit_ == code_bits()) {
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

// Digital: adder trees. Analog: converters; ideal ones must hold every sum of so many cells.
void Tile::convert(const std::vector<int64_t> &sums) {
  const uint64_t count = sums.size();
  if (config_.chip.array_kind == EPX_ARRAY_DIGITAL) {
    events_.tree_bits += count * (backward() ? backward_tree_bits_ : forward_tree_bits_);
    return;
  }
  events_.adc_conversions += count;
  const int64_t levels = int64_t{1} << config_.chip.adc_bits;
  for (const int64_t sum : sums) {
    if (epx_array_fraction(cells_.get()) > 0) {
      return;  // a lossy one clips
    }
    if (sum >= levels || sum <= -levels) {
      SC_REPORT_ERROR(
          name(),
          ("a converted sum is outside the converter's range: " + std::to_string(sum)).c_str());
    }
  }
}

}  // namespace epx
