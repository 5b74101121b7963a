// SPDX-License-Identifier: Apache-2.0
// The tile as a module: configuration, clock process, counters, waveform.
#include "epx_tile.h"

#include "epx_simulation.h"

#include <stdexcept>
#include <string>

namespace epx {

namespace {

void require(bool condition, const std::string &text) {
  if (!condition) {
    throw std::invalid_argument(text);
  }
}

}  // namespace

void TileConfig::validate() const {
  const auto text = [](int value) { return std::to_string(value); };
  require(
      shape.rows >= 1 && shape.rows <= chip.rows,
      "chip.array.rows: " + text(shape.rows) + " rows in use; expected 1 to " + text(chip.rows));
  require(shape.units >= 1 && shape.units * shape.slices <= chip.columns,
          "chip.array.columns: " + text(shape.units * shape.slices) +
              " columns in use; expected at most " + text(chip.columns));
  require(shape.window == 1 || shape.window == 4,
          "window: " + text(shape.window) + "; expected 1 or 4");
  require(shape.input_bits >= 1 && shape.input_bits <= 8 && shape.state_bits >= 1 &&
              shape.state_bits <= (shape.signed_post ? 24 : 8),
          "chip.input and chip.state: the tile drives codes of 1 to 8 bits");
  require(chip.dac.converter.bits >= 1 && chip.dac.converter.bits <= EPX_DAC_MAX_BITS,
          "chip.array.dac.bits: " + text(chip.dac.converter.bits) + "; expected 1 to 8");
  require(shape.synapse_bits >= 2 && shape.synapse_bits <= 8,
          "chip.synapse.format: the tile holds synapses of 2 to 8 bits");
  require(chip.bits_per_cell >= 1 && shape.slices * chip.bits_per_cell >= shape.synapse_bits,
          "chip.array.bits_per_cell: " + text(shape.slices) + " slices do not hold " +
              text(shape.synapse_bits) + " bits");
  require(chip.settle_cycles >= 0 && chip.convert_cycles >= 1 &&
              (chip.array_kind == EPX_ARRAY_DIGITAL || chip.adc.converter.lines_each >= 1),
          "chip.timing: expected settle_cycles >= 0, convert_cycles >= 1, columns_per_adc >= 1");
}

SC_HAS_PROCESS(Tile);

Tile::Tile(sc_core::sc_module_name name, const TileConfig &config, epx_sc_memory_t *memory)
    : sc_module(name),
      config_((config.validate(), config)),
      driver_{epx_driver_of(&config.chip, &config.shape, false),
              epx_driver_of(&config.chip, &config.shape, true)},
      memory_(memory),
      lfsr_{memory->lfsr},
      period_(clock_period(config.chip.clock_mhz)),
      conversion_cycles_(static_cast<int64_t>(epx_tile_conversion_cycles(&config.chip))),
      forward_tree_bits_(epx_tree_bits(config.shape.rows, config.chip.bits_per_cell)),
      backward_tree_bits_(epx_tree_bits(config.shape.units, config.chip.bits_per_cell)) {
  const epx_tile_shape_t &shape = config_.shape;
  const size_t units = static_cast<size_t>(shape.units);
  cells_ = programmed();
  if (epx_chip_pulsed(&config_.chip)) {
    epx_pulsed_t *pulsed = nullptr;
    epx_error_t error = {};
    require(epx_pulsed_create(&config_.chip, config_.synapse, &shape, config_.number, &pulsed,
                              &error) == EPX_OK,
            error.message);
    pulsed_.reset(pulsed);
  }
  const int lines = std::max(shape.rows, shape.units);
  plane_.resize(EPX_DAC_MAX_BITS * epx_array_chunks(lines));
  digit_.resize(static_cast<size_t>(lines));
  carried_.resize(static_cast<size_t>(lines));
  driven_ = {0, plane_.data(), digit_.data(), carried_.data()};
  offset_sum_.assign(units, 0);
  for (int row = 0; row < shape.rows; ++row) {
    for (int unit = 0; unit < shape.units; ++unit) {
      offset_sum_[static_cast<size_t>(unit)] += memory_->weight[at(row, unit)];
    }
  }
  correlation_.assign(units * static_cast<size_t>(shape.rows), 0);
  bias_correlation_.assign(units, 0);
  SC_METHOD(clock_method);
  sensitive << clk_i.pos();
  dont_initialize();
}

// An array whose cells hold the weights.
Tile::Cells Tile::programmed() const {
  const epx_tile_shape_t &shape = config_.shape;
  epx_array_t *cells = nullptr;
  epx_error_t error = {};
  require(epx_array_create(&config_.chip, &shape, config_.number, &cells, &error) == EPX_OK,
          error.message);
  Cells made(cells, epx_array_destroy);
  for (int row = 0; row < shape.rows; ++row) {
    for (int unit = 0; unit < shape.units; ++unit) {
      epx_array_write(cells, row, unit, memory_->weight[at(row, unit)], written(row, unit));
    }
  }
  require(epx_array_settle(cells, nullptr, &error) == EPX_OK, error.message);
  require(memory_->reaches == nullptr ||
              epx_array_set_reaches(cells, memory_->reaches, &error) == EPX_OK,
          error.message);
  return made;
}

void Tile::end_of_elaboration() {
  sleep_.wake_on(x_valid_i);
  sleep_.wake_on(a_valid_i);
  sleep_.wake_on(n_valid_i);
}

void Tile::reset() {
  phase_ = Phase::Ready;
  conversion_.valid = finished_.valid = a_ready_ = p_valid_ = false;
  partial_.reset();
  p_valid_o.write(false);
  y_valid_o.write(false);
}

bool Tile::busy() const {
  return phase_ != Phase::Ready || conversion_.valid || finished_.valid || p_valid_;
}

void Tile::clock_method() {
  if (sleep_.waking()) {
    return;
  }
  update_strobe_ = false;
  if (!rst_ni.read()) {
    reset();
    x_ready_o.write(false);
    a_ready_o.write(false);
    idle_o.write(true);
    return;
  }
  edge_ = sc_core::sc_time_stamp().value() / period_.value();
  const bool was_busy = busy();
  neuron_stage();
  take_partial_sums();
  accumulate_stage();
  shift_add_stage();
  sequence();
  if (was_busy) {
    last_edge_[running_] = edge_;
  }
  a_ready_ = config_.shape.psum_in && !partial_;
  a_ready_o.write(a_ready_);
  x_ready_o.write(phase_ == Phase::Ready);
  idle_o.write(!busy());
  phase_trace_ = static_cast<int>(phase_);
  const bool offered = x_valid_i.read() || (a_ready_ && a_valid_i.read()) || n_valid_i.read();
  if (!was_busy && !busy() && !fire_strobe_ && !offered) {
    sleep_.sleep();
  }
}

std::string Tile::state() const {
  static const char *const names[] = {"forward", "fire", "backward", "correlate", "update"};
  if (!busy()) {
    return "";
  }
  std::string text = std::string(names[running_]) + " word " + std::to_string(index_trace_);
  if (p_valid_) {
    text += ", its sums not taken";
  } else if (finished_.valid) {
    text += ", no partial sums from the row block before";
  }
  return text;
}

uint64_t Tile::cycles(Operation operation) const {
  const size_t i = static_cast<size_t>(operation);
  return accepted_[i] == 0 ? 0 : last_edge_[i] - first_edge_[i] + 1;
}

const std::vector<int64_t> &Tile::correlation() const {
  return accepted_[static_cast<size_t>(Operation::Update)] ? kept_correlation_ : correlation_;
}

const std::vector<int64_t> &Tile::bias_correlation() const {
  return accepted_[static_cast<size_t>(Operation::Update)] ? kept_bias_correlation_
                                                           : bias_correlation_;
}

void Tile::check_conservation() const {
  const epx_tile_shape_t &shape = config_.shape;
  const auto law = [this](const char *text, uint64_t left, uint64_t right) {
    if (left != right) {
      const std::string message =
          std::string(text) + ": " + std::to_string(left) + " against " + std::to_string(right);
      SC_REPORT_ERROR(name(), message.c_str());
    }
  };
  for (size_t i = 0; i < operation_count; ++i) {
    law("words accepted and retired", accepted_[i], retired_[i]);
  }
  const uint64_t terms = accepted_[static_cast<size_t>(Operation::Correlate)];
  const uint64_t units = static_cast<uint64_t>(shape.units);
  law("neurons fired and words of the neuron unit", events_.neuron_ops,
      accepted_[static_cast<size_t>(Operation::Fire)] * units);
  if (config_.chip.array_kind == EPX_ARRAY_ANALOG) {
    law("lines converted and shifted in", events_.adc_conversions, events_.shift_adds);
  }
  for (int unit = 0; unit < shape.units; ++unit) {
    int64_t sum = 0;
    for (int row = 0; row < shape.rows; ++row) {
      sum += memory_->weight[at(row, unit)];
    }
    law("sum of a column's weights and its register", static_cast<uint64_t>(sum),
        static_cast<uint64_t>(offset_sum_[static_cast<size_t>(unit)]));
  }
  check_cells();
  law("products of the update circuit", events_.update_macs,
      terms * units * static_cast<uint64_t>(shape.rows));
}

// The cells hold the weights: a product with codes that tell rows apart is that of a fresh array.
void Tile::check_cells() const {
  const Cells fresh = programmed();
  epx_array_workspace_t *made = nullptr;
  epx_error_t error = {};
  require(
      epx_array_workspace_create(config_.shape.rows, config_.shape.units, &made, &error) == EPX_OK,
      error.message);
  const std::unique_ptr<epx_array_workspace_t, void (*)(epx_array_workspace_t *)> workspace(
      made, epx_array_workspace_destroy);
  const size_t units = static_cast<size_t>(config_.shape.units);
  std::vector<uint8_t> codes(static_cast<size_t>(config_.shape.rows));
  for (size_t row = 0; row < codes.size(); ++row) {
    codes[row] = static_cast<uint8_t>(37 * row | 1);
  }
  std::vector<int64_t> found(units), expected(units);
  epx_array_forward(cells_.get(), 0, 0, codes.data(), workspace.get(), found.data());
  epx_array_forward(fresh.get(), 0, 0, codes.data(), workspace.get(), expected.data());
  if (found != expected) {
    SC_REPORT_ERROR(name(), "the cells do not hold the weights");
  }
}

void Tile::trace_signals(sc_core::sc_trace_file *file, bool of_chip) const {
  const std::string prefix = std::string(name()) + ".";
  const auto add = [&](const auto &signal, const std::string &text) {
    sc_core::sc_trace(file, signal, prefix + text);
  };
  if (!of_chip) {
    add(clk_i, "clk_i");
    add(rst_ni, "rst_ni");
  }
  add(x_valid_i, "x_valid_i");
  add(x_ready_o, "x_ready_o");
  add(a_valid_i, "a_valid_i");
  add(a_ready_o, "a_ready_o");
  add(p_valid_o, "p_valid_o");
  add(p_ready_i, "p_ready_i");
  add(n_valid_i, "n_valid_i");
  add(y_valid_o, "y_valid_o");
  add(idle_o, "idle_o");
  add(running_, "operation");
  add(phase_trace_, "phase");
  add(index_trace_, "word_index");
  add(bit_trace_, "bit");
  add(slice_trace_, "slice");
  add(turn_, "turn");
  add(row_, "row");
  add(unit_, "unit");
  for (int i = 0; i < 4 && i < config_.shape.units; ++i) {
    add(accumulator_trace_[i], "accumulator" + std::to_string(i));
    add(state_trace_[i], "state" + std::to_string(i));
  }
  add(fire_strobe_, "fire");
  add(update_strobe_, "update");
  for (int i = 0; i < EPX_EVENT_COUNT && !of_chip; ++i) {
    const epx_event_row_t &row = epx_event_rows()[i];
    const char *base = reinterpret_cast<const char *>(&events_);
    add(*reinterpret_cast<const uint64_t *>(base + row.offset), std::string("count_") + row.name);
  }
}

}  // namespace epx
