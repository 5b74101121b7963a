// SPDX-License-Identifier: Apache-2.0
#include "epx_controller.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "epx_account.h"
#include "epx_program.h"
#include "epx_walk.h"

namespace epx {

namespace {
constexpr int reset_edges = 2;
// A command takes a cycle to arrive, and its first effect on `done` another to come back.
constexpr int issue_cycles = 3;
// From all done, seen, to the next command; the command's way and that of `done` make up the rest.
constexpr int barrier_cycles = EPX_BARRIER_CYCLES - 2;
constexpr uint64_t watch_every = 256;  // at most: moves of all tiles are summed each time
}  // namespace

epx_command_kind_t kind_of(const Command &command) {
  switch (command.opcode) {
    case Opcode::Step:
      return command.beta != 0.0 ? EPX_COMMAND_NUDGED_STEP : EPX_COMMAND_FREE_STEP;
    case Opcode::Predict:
      return EPX_COMMAND_PREDICT;
    case Opcode::Store:
      return EPX_COMMAND_STORE;
    case Opcode::Recall:
      return EPX_COMMAND_RECALL;
    case Opcode::Correlate:
      return EPX_COMMAND_CORRELATE;
    case Opcode::Update:
      return EPX_COMMAND_UPDATE;
    default:
      return EPX_COMMAND_LOAD;
  }
}

namespace {

Opcode opcode_of(epx_command_kind_t kind) {
  switch (kind) {
    case EPX_COMMAND_FREE_STEP:
    case EPX_COMMAND_NUDGED_STEP:
      return Opcode::Step;
    case EPX_COMMAND_PREDICT:
      return Opcode::Predict;
    case EPX_COMMAND_STORE:
      return Opcode::Store;
    case EPX_COMMAND_RECALL:
      return Opcode::Recall;
    case EPX_COMMAND_CORRELATE:
      return Opcode::Correlate;
    case EPX_COMMAND_UPDATE:
      return Opcode::Update;
    default:
      return Opcode::Load;
  }
}

bool reads_arrays(Opcode opcode) {
  return opcode == Opcode::Step || opcode == Opcode::Predict || opcode == Opcode::Correlate;
}

// Appends the next command, which keeps image and label of the one before.
void append(const epx_command_t &what, std::vector<Command> *program, Command *command) {
  command->opcode = opcode_of(what.kind);
  command->read =
      what.kind == EPX_COMMAND_LOAD ? 0 : command->read + (reads_arrays(command->opcode) ? 1 : 0);
  ++command->sequence;
  program->push_back(*command);
  Command &next = program->back();
  next.beta = what.beta;
  next.with_switches = what.switches;
  next.slot = what.kind == EPX_COMMAND_STORE && what.switches ? 1 + what.phase
              : what.kind == EPX_COMMAND_CORRELATE            ? what.phase
                                                              : 0;
  next.coefficient = what.terms.coefficient;
  next.readout_coefficient = what.terms.readout_coefficient;
}

}  // namespace

std::vector<Command> make_program(const epx_sc_chip_job_t &job) {
  const epx_program_t image = epx_program_of(&job.dynamics, &job.estimator, job.sign);
  std::vector<Command> program;
  Command command;
  for (command.image = 0; command.image < job.images; ++command.image) {
    command.label = job.labels[command.image];
    for (int i = 0; i < image.count; ++i) {
      for (int t = 0; t < image.command[i].times; ++t) {
        append(image.command[i], &program, &command);
      }
    }
  }
  if (job.update) {
    --command.image;
    append({EPX_COMMAND_UPDATE, 1, EPX_FREE_PHASE, 0.0, false, {}}, &program, &command);
  }
  return program;
}

SC_HAS_PROCESS(Controller);

Controller::Controller(sc_core::sc_module_name name, const std::vector<Command> &program, int tiles,
                       bool stop_settled, uint64_t watchdog_cycles,
                       std::function<void(const Command &)> ended, std::function<uint64_t()> moves,
                       std::function<void()> stuck)
    : sc_module(name),
      done_i("done_i", static_cast<size_t>(tiles) + 1),  // and the host
      changed_i("changed_i", static_cast<size_t>(tiles)),
      program_(program),
      stop_settled_(stop_settled),
      watchdog_cycles_(watchdog_cycles),
      ended_(std::move(ended)),
      moves_(std::move(moves)),
      stuck_(std::move(stuck)) {
  SC_METHOD(clock_method);
  sensitive << clk_i.pos();
  dont_initialize();
}

// A listener stays done until the next command, so that each is asked once a command.
bool Controller::all_done() {
  while (first_not_done_ < done_i.size() && done_i[first_not_done_].read()) {
    ++first_not_done_;
  }
  return first_not_done_ == done_i.size();
}

// After a step that changed no state the others of its phase would change none.
void Controller::skip_settled() {
  if (!stop_settled_ || program_[next_ - 1].opcode != Opcode::Step) {
    return;
  }
  for (const auto &changed : changed_i) {
    if (changed.read()) {
      return;
    }
  }
  while (next_ < program_.size() && program_[next_].opcode == Opcode::Step) {
    ++next_;
  }
}

void Controller::watch() {
  if (edge_ % std::min(watch_every, watchdog_cycles_) != 0) {
    return;
  }
  const uint64_t moves = moves_();
  if (moves != seen_moves_) {
    seen_moves_ = moves;
    moved_edge_ = edge_;
  } else if (edge_ - moved_edge_ >= watchdog_cycles_) {
    stuck_();
  }
}

void Controller::show(const epx_sc_view_t &view) {
  const auto check = [](const char *what, const uint64_t range[2], uint64_t last) {
    if (range[1] != 0 && range[1] < range[0]) {
      throw std::invalid_argument("waveform of " + std::string(what) + " " +
                                  std::to_string(range[0]) + " to " + std::to_string(range[1]) +
                                  ": it would end before it begins");
    }
    if (std::max(range[0], range[1]) > last) {
      throw std::invalid_argument("waveform of " + std::string(what) + " " +
                                  std::to_string(range[0]) + " to " + std::to_string(range[1]) +
                                  ": there are " + std::to_string(last));
    }
  };
  check("cycles", view.cycles, UINT64_MAX);
  check("commands", view.commands, program_.size());
  view_ = view;
  was_shown_ = shown();
}

bool Controller::shown() const {
  const auto within = [](const uint64_t range[2], uint64_t now) {
    return now >= range[0] && (range[1] == 0 || now <= range[1]);
  };
  return within(view_.cycles, edge_) &&
         within(view_.commands, static_cast<uint64_t>(sequence_trace_));
}

void Controller::clock_method() {
  ++edge_;
  advance();
  if (!ended_program_ && shown() != was_shown_) {
    was_shown_ = !was_shown_;
    sc_core::sc_pause();
  }
}

void Controller::advance() {
  rst_no.write(edge_ > reset_edges);
  if (edge_ <= reset_edges + 1 || (wait_ > 0 && --wait_ > 0)) {
    return;
  }
  if (running_) {
    if (!all_done()) {
      watch();
      return;
    }
    running_ = false;
    wait_ = barrier_cycles;
    return;
  }
  if (next_ > 0) {
    const Command &command = program_[next_ - 1];
    kind_cycles_[kind_of(command)] += edge_ - issued_;
    ++kind_count_[kind_of(command)];
    ended_(command);
    skip_settled();
  }
  if (next_ == program_.size()) {
    ended_program_ = true;
    sc_core::sc_stop();
    return;
  }
  const Command &command = program_[next_++];
  command_o.write(command);
  opcode_trace_ = static_cast<int>(command.opcode);
  sequence_trace_ = command.sequence;
  image_trace_ = command.image;
  beta_trace_ = command.beta;
  issued_ = moved_edge_ = edge_;
  first_not_done_ = 0;
  running_ = true;
  wait_ = issue_cycles;
}

void Controller::trace(sc_core::sc_trace_file *file) const {
  const std::string prefix = std::string(name()) + ".";
  sc_core::sc_trace(file, opcode_trace_, prefix + "command");
  sc_core::sc_trace(file, sequence_trace_, prefix + "sequence");
  sc_core::sc_trace(file, image_trace_, prefix + "image");
  sc_core::sc_trace(file, beta_trace_, prefix + "beta");
}

}  // namespace epx
