// SPDX-License-Identifier: Apache-2.0
// The tile's sequencer and its array: digits in turn, settling, conversion in turns.
#include <algorithm>

#include "epx_tile.h"

namespace epx {

int Tile::lines() const {
  return backward() ? config_.shape.rows : config_.shape.units * config_.shape.slices;
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
        wait_ = conversion_cycles_;
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
  row_ = unit_ = 0;
  const uint64_t input_bits = static_cast<uint64_t>(config_.shape.input_bits);
  const uint64_t post_bits = static_cast<uint64_t>(
      config_.shape.state_bits + (config_.shape.window > 1 ? EPX_SWITCH_BITS : 0));
  events_.state_bits_read += (word_->lines.size() + word_->lines_before.size()) * input_bits +
                             (word_->post.size() + word_->post_before.size()) * post_bits;
  switch (word_->operation) {
    case Operation::Forward:
    case Operation::Backward:
      plan_passes();
      begin_pass();
      return;
    case Operation::Correlate:
      correlate_biases();
      phase_ = Phase::Correlate;
      return;
    case Operation::Update:
      kept_correlation_ = correlation_;
      kept_bias_correlation_ = bias_correlation_;
      phase_ = Phase::Update;
      wait_ = 1;
      return;
    case Operation::Fire:
      SC_REPORT_ERROR(name(), "neurons came through the array's port");
      return;
  }
}

// Forward: digits in turn. Backward: digits within slices within places of the window.
void Tile::plan_passes() {
  const epx_tile_shape_t &shape = config_.shape;
  passes_.clear();
  pass_ = 0;
  for (int place = 0; place < (backward() ? shape.window : 1); ++place) {
    const size_t begin = passes_.size();
    epx_pass_t drives[EPX_MAX_PASSES];
    plan_codes(place);
    const int count = word_->event_driven() ? epx_drive_passes(&driver(), &drive_[place], drives)
                                            : epx_driver_passes(&driver(), drives);
    for (int slice = 0; slice < (backward() ? shape.slices : 1); ++slice) {
      for (int i = 0; i < count; ++i) {
        passes_.push_back({drives[i], slice, place, false, false});
      }
    }
    if (count == 0) {
      passes_.push_back({{}, 0, place, false, false});
    }
    passes_[begin].first = passes_.back().last = true;
  }
}

// Codes of wordlines as they are driven; backward, of the columns whose switch points at this place
// of the window; event-driven, what changed of them since the array was last driven.
void Tile::plan_codes(int place) {
  const size_t at = static_cast<size_t>(place);
  std::vector<int32_t> &code = code_[at];
  const epx_driver_t &driver = driver_[backward()];
  code.resize(word_->lines.size() + word_->post.size());
  const int count = static_cast<int>(code.size());
  driven_lines_[at] = word_->lines.size();
  if (!word_->event_driven()) {
    for (size_t r = 0; r < word_->lines.size(); ++r) {
      code[r] = epx_driver_code(&driver, word_->lines[r]);
    }
    for (size_t u = 0; u < word_->post.size(); ++u) {
      const bool on = word_->switches[u] == place;
      driven_lines_[at] += on ? 1 : 0;
      code[u] = on ? epx_driver_code(&driver, word_->post[u]) : 0;
    }
    return;
  }
  if (backward()) {
    epx_drive_change(&driver, word_->post_before.data(), word_->switches_before.data(),
                     word_->post.data(), word_->switches.data(), place, count, code.data());
  } else {
    for (size_t r = 0; r < code.size(); ++r) {
      code[r] = epx_driver_code(&driver, word_->lines[r]) -
                epx_driver_code(&driver, word_->lines_before[r]);
    }
  }
  drive_[at] = epx_drive_of(code.data(), count);
}

// Puts a pass on the lines. Returns how many are driven.
uint64_t Tile::drive(const Pass &pass) {
  const std::vector<int32_t> &code = code_[pass.place];
  const int count = static_cast<int>(code.size());
  driven_.bits = pass.drive.bits;
  uint64_t lines = driven_lines_[pass.place];
  if (word_->event_driven()) {
    epx_drive_digits(&pass.drive, code.data(), count, digit_.data());
    const int sign = pass.drive.sign > 0 ? EPX_DRIVE_RISEN : EPX_DRIVE_FALLEN;
    lines = static_cast<uint64_t>(drive_[pass.place].lines[sign]);
  } else {
    epx_pass_digits(&pass.drive, code.data(), count, digit_.data());
  }
  epx_array_drive(cells_.get(), event_of(pass), backward(), &driven_);
  return lines;
}

uint64_t Tile::event_of(const Pass &pass) const {
  return epx_array_draw(word_->draw, word_->number, pass.place, pass.slice, pass.drive.number);
}

void Tile::begin_pass() {
  const Pass &pass = passes_[pass_];
  bit_trace_ = pass.drive.bit;
  slice_trace_ = pass.slice;
  turn_ = 0;
  if (pass.drive.bits == 0) {  // a cycle, in which nothing is driven
    phase_ = Phase::Convert;
    wait_ = 1;
    return;
  }
  const uint64_t driven = drive(pass);
  events_.line_drives += driven;
  events_.cell_reads += driven * static_cast<uint64_t>(lines());
  phase_ = config_.chip.settle_cycles > 0 ? Phase::Settle : Phase::Convert;
  wait_ = config_.chip.settle_cycles > 0 ? config_.chip.settle_cycles : conversion_cycles_;
}

void Tile::convert_turn() {
  const Pass &pass = passes_[pass_];
  const int all = pass.drive.bits == 0 ? 0 : lines();
  const int turns = std::max(epx_tile_conversion_turns(&config_.chip, all), 1);
  const int width = turns == 1 ? all : epx_tile_adcs(&config_.chip);
  conversion_.valid = true;
  conversion_.pass = pass;
  conversion_.first = turn_ == 0 && pass.first;
  conversion_.last = turn_ + 1 == turns && pass.last;
  conversion_.first_line = turn_ * width;
  conversion_.word = word_;
  const int count = std::min(all - conversion_.first_line, width);
  conversion_.sums.resize(static_cast<size_t>(count));
  if (backward() && count > 0) {
    epx_array_read_rows(cells_.get(), event_of(pass), &driven_, pass.slice, conversion_.first_line,
                        count, conversion_.sums.data());
  } else if (count > 0) {
    epx_array_read_columns(cells_.get(), event_of(pass), &driven_, conversion_.first_line, count,
                           conversion_.sums.data());
  }
  convert(conversion_.sums);
  wait_ = conversion_cycles_;
  if (++turn_ < turns) {
    return;
  }
  if (++pass_ == passes_.size()) {
    phase_ = Phase::Ready;
  } else {
    begin_pass();
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
  const int64_t levels = int64_t{1} << config_.chip.adc.converter.bits;
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
