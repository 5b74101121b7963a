// SPDX-License-Identifier: Apache-2.0
// The clocked tile. One process on the rising edge moves the pipeline
//
//   x: drive, settle, convert -> shift-and-add -> accumulate (with a: partial sums of the row block
//      before), pool -> p: sums
//   n: neuron unit -> y: states
//
// by one cycle, last stage first, so that members act as registers. Channels are valid/ready: a
// word moves at a rising edge that finds both high. n and y never wait. Arithmetic on codes is that
// of epx_neuron.h and epx_update.h; this module adds time, the handshakes and the event counters.
//
// Ideal converters are lossless: a sum outside their range is an error, never a clipped value.
#ifndef EPX_TILE_H
#define EPX_TILE_H

#include <functional>
#include <systemc>

#include "epx_array.h"
#include "epx_drive.h"
#include "epx_pulsed.h"
#include "epx_sc_tile.h"
#include "epx_sleep.h"
#include "epx_tile_events.h"
#include "epx_tile_word.h"
#include "epx_update_log.h"

namespace epx {

struct TileConfig {
  epx_chip_t chip;
  epx_tile_shape_t shape;
  int number;  // of the tile on its chip
  epx_qformat_t synapse;
  epx_neuron_t neuron;
  int forward_shift;
  epx_update_circuit_t weight_circuit, bias_circuit;
  // Throws std::invalid_argument naming the setting.
  void validate() const;
};

class Tile : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<bool> x_valid_i{"x_valid_i"};
  sc_core::sc_in<Wire<TileWord>> x_i{"x_i"};
  sc_core::sc_out<bool> x_ready_o{"x_ready_o"};
  sc_core::sc_in<bool> a_valid_i{"a_valid_i"};  // partial sums in, vector by vector (psum_in)
  sc_core::sc_in<Wire<TileSums>> a_i{"a_i"};
  sc_core::sc_out<bool> a_ready_o{"a_ready_o"};
  sc_core::sc_out<bool> p_valid_o{"p_valid_o"};  // sums of the units; backward: of the rows
  sc_core::sc_out<Wire<TileSums>> p_o{"p_o"};
  sc_core::sc_in<bool> p_ready_i{"p_ready_i"};
  sc_core::sc_in<bool> n_valid_i{"n_valid_i"};  // neurons to fire
  sc_core::sc_in<Wire<TileNeurons>> n_i{"n_i"};
  sc_core::sc_out<bool> y_valid_o{"y_valid_o"};  // their states
  sc_core::sc_out<Wire<TileStates>> y_o{"y_o"};
  sc_core::sc_out<bool> idle_o{"idle_o"};

  // Works on *memory in place.
  Tile(sc_core::sc_module_name name, const TileConfig &config, epx_sc_memory_t *memory);

  void trace(sc_core::sc_trace_file *file) const override { trace_signals(file, false); }
  // Of a chip's tile: without clock, reset and event counters, which every tile would repeat.
  void trace_in_chip(sc_core::sc_trace_file *file) const { trace_signals(file, true); }
  // Called after every synapse that an update writes.
  void watch_updates(std::function<void(const UpdateRecord &)> watch) {
    watch_update_ = std::move(watch);
  }
  const epx_events_t &events() const { return events_; }
  uint64_t cycles(Operation operation) const;
  uint64_t words(Operation operation) const { return accepted_[static_cast<size_t>(operation)]; }
  // Edges at which anything moved: a watchdog's food.
  uint64_t moves() const { return moves_; }
  // What the pipeline stands at, in words; empty where it is idle.
  std::string state() const;
  // As an update found them, or as they stand.
  const std::vector<int64_t> &correlation() const;
  const std::vector<int64_t> &bias_correlation() const;
  // Reports an SC error where what went in did not come out.
  void check_conservation() const;

 private:
  using Cells = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;
  enum class Phase : int { Ready, Settle, Convert, Correlate, Update };

  // One driven digit. Without bits: an event-driven word that drives nothing.
  struct Pass {
    epx_pass_t drive;
    int slice, place;
    bool first, last;  // of its product
  };
  // What the converters hand to shift-and-add in one cycle.
  struct Conversion {
    bool valid = false, first = false, last = false;
    Pass pass = {};
    int first_line = 0;
    std::vector<int64_t> sums;
    std::shared_ptr<const TileWord> word;
  };
  struct Sums {  // a finished product
    bool valid = false;
    int place = 0;  // backward: position within the window
    bool driven = true;
    std::vector<int64_t> values;
    std::shared_ptr<const TileWord> word;
  };

  void end_of_elaboration() override;
  void trace_signals(sc_core::sc_trace_file *file, bool of_chip) const;
  void clock_method();
  void reset();
  bool busy() const;

  // Stages, in epx_tile_pipeline.cpp.
  void neuron_stage();
  void accumulate_stage();
  void shift_add_stage();
  void take_partial_sums();
  void hold();
  void add_partial_sums();
  void pool(int index, TileSums *sums);

  // Sequencer and array, in epx_tile_array.cpp.
  void sequence();
  void accept();
  void plan_passes();
  void plan_codes(int place);
  void begin_pass();
  uint64_t drive(const Pass &pass);
  void convert_turn();
  void convert(const std::vector<int64_t> &sums);

  // Update circuit, in epx_tile_update.cpp.
  void correlate_row();
  void correlate_biases();
  void update_one();
  void end_update();
  int update_weight(UpdateRecord *record);
  void update_bias(UpdateRecord *record);
  void write_weight(int row, int unit);
  Cells programmed() const;
  void check_cells() const;

  bool backward() const { return word_->operation == Operation::Backward; }
  const epx_driver_t &driver() const { return driver_[backward()]; }
  int lines() const;  // converted in this product: columns, or backward rows
  uint64_t event_of(const Pass &pass) const;
  int input_offset() const {
    return config_.shape.offset ? 1 << (config_.shape.input_bits - 1) : 0;
  }
  size_t at(int row, int unit) const {
    return static_cast<size_t>(row) * static_cast<size_t>(config_.shape.units) +
           static_cast<size_t>(unit);
  }

  uint32_t written(int row, int unit) const {
    return memory_->written != nullptr ? memory_->written[at(row, unit)] : 0;
  }

  const TileConfig config_;
  const epx_driver_t driver_[2];  // of rows, of units
  epx_sc_memory_t *const memory_;
  Cells cells_{nullptr, epx_array_destroy};
  std::unique_ptr<epx_pulsed_t, void (*)(epx_pulsed_t *)> pulsed_{nullptr, epx_pulsed_destroy};
  std::vector<int64_t> offset_sum_;  // [units]: sum of the weights, for the offset correction

  // Registers.
  Phase phase_ = Phase::Ready;
  std::shared_ptr<const TileWord> word_;
  epx_driven_t driven_ = {};  // by the pass, in these:
  std::vector<uint64_t> plane_;
  std::vector<uint8_t> digit_;
  std::vector<int32_t> carried_;
  std::vector<Pass> passes_;  // of the word
  size_t pass_ = 0;
  std::vector<int32_t> code_[4];  // of the word, by place: as driven, or their changes
  uint64_t driven_lines_[4] = {};
  epx_drive_t drive_[4] = {};
  int turn_ = 0, row_ = 0, unit_ = 0;
  int64_t wait_ = 0;  // cycles left of settling, of a conversion, or of a synapse's pulses
  Conversion conversion_;
  std::vector<int64_t> accumulator_;
  Sums finished_;
  std::shared_ptr<const TileSums> partial_;  // from a, not yet added
  bool a_ready_ = false, p_valid_ = false;
  std::vector<std::vector<int64_t>> held_;  // by vector: event-driven forward sums
  std::vector<int64_t> best_;               // of the window so far
  std::vector<uint8_t> best_at_;
  std::vector<int64_t> correlation_, bias_correlation_, kept_correlation_, kept_bias_correlation_;
  epx_lfsr_t lfsr_;
  Sleep sleep_;
  const sc_core::sc_time period_;

  // Counters and what the waveform shows.
  int64_t conversion_cycles_;                        // of one line by its ADC
  uint64_t forward_tree_bits_, backward_tree_bits_;  // one-bit adds of one converted line
  epx_events_t events_ = {};
  uint64_t edge_ = 0, moves_ = 0, first_edge_[operation_count] = {},
           last_edge_[operation_count] = {};
  uint64_t accepted_[operation_count] = {}, retired_[operation_count] = {};
  int running_ = 0, phase_trace_ = 0, index_trace_ = 0, bit_trace_ = 0, slice_trace_ = 0;
  int64_t accumulator_trace_[4] = {};
  int state_trace_[4] = {};
  bool fire_strobe_ = false, update_strobe_ = false;
  std::function<void(const UpdateRecord &)> watch_update_;
};

}  // namespace epx

#endif
