// SPDX-License-Identifier: Apache-2.0
// The phase controller broadcasts a program's commands, each when all tiles and the host have done
// the one before.
#ifndef EPX_CONTROLLER_H
#define EPX_CONTROLLER_H

#include <functional>
#include <systemc>
#include <vector>

#include "epx_command.h"
#include "epx_sc_chip.h"

namespace epx {

class Controller : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_out<bool> rst_no{"rst_no"};
  sc_core::sc_out<Command> command_o{"command_o"};
  sc_core::sc_vector<sc_core::sc_in<bool>> done_i;
  sc_core::sc_vector<sc_core::sc_in<bool>> changed_i;  // of the tiles

  // ended: called when a command has been done by all. moves: of the whole chip, ever more; stuck:
  // called where it stood still for watchdog_cycles.
  Controller(sc_core::sc_module_name name, const std::vector<Command> &program, int tiles,
             bool stop_settled, uint64_t watchdog_cycles,
             std::function<void(const Command &)> ended, std::function<uint64_t()> moves,
             std::function<void()> stuck);

  void trace(sc_core::sc_trace_file *file) const;
  // Pauses the simulation where the waveform is to begin or to end. Throws std::invalid_argument
  // where the view ends before it begins, or asks for commands that the program has not.
  void show(const epx_sc_view_t &view);
  // Whether the waveform is wanted now.
  bool shown() const;
  uint64_t cycles() const { return edge_; }
  uint64_t cycles_of(epx_command_kind_t kind) const { return kind_cycles_[kind]; }
  uint64_t count_of(epx_command_kind_t kind) const { return kind_count_[kind]; }

 private:
  void clock_method();
  void advance();
  bool all_done();
  void skip_settled();
  void watch();

  const std::vector<Command> program_;
  const bool stop_settled_;
  const uint64_t watchdog_cycles_;
  const std::function<void(const Command &)> ended_;
  const std::function<uint64_t()> moves_;
  const std::function<void()> stuck_;
  size_t next_ = 0, first_not_done_ = 0;
  int wait_ = 0;
  bool running_ = false, ended_program_ = false;
  epx_sc_view_t view_ = {};
  bool was_shown_ = true;
  uint64_t edge_ = 0, issued_ = 0, seen_moves_ = 0, moved_edge_ = 0;
  uint64_t kind_cycles_[EPX_COMMAND_KINDS] = {}, kind_count_[EPX_COMMAND_KINDS] = {};
  int opcode_trace_ = 0, sequence_trace_ = 0, image_trace_ = 0;
  double beta_trace_ = 0.0;
};

// The commands of one mini-batch.
std::vector<Command> make_program(const epx_sc_chip_job_t &job);
epx_command_kind_t kind_of(const Command &command);

}  // namespace epx

#endif
