// SPDX-License-Identifier: Apache-2.0
// The bench's drivers; its monitor and watchdog are in epx_tile_monitor.cpp.
#include "epx_tile_bench.h"

#include <algorithm>

#include "epx_simulation.h"

namespace epx {

namespace {

constexpr int reset_edges = 2;

template <typename T>
std::vector<T> row_of(const T *table, int index, int width) {
  const T *first = table + static_cast<size_t>(index) * static_cast<size_t>(width);
  return std::vector<T>(first, first + width);
}

}  // namespace

SC_HAS_PROCESS(TileBench);

TileBench::TileBench(sc_core::sc_module_name name, const epx_sc_tile_job_t &job,
                     epx_sc_tile_result_t *result)
    : sc_module(name),
      clock("clock", clock_period(job.chip->clock_mhz)),
      shape_(epx_sc_tile_shape(&job)),
      job_(job),
      result_(result),
      watchdog_(job.watchdog_cycles > 0 ? job.watchdog_cycles : epx_sc_tile_patience(&job)),
      stall_(job.stall_percent, job.stall_seed, 0) {
  SC_METHOD(drive_method);
  sensitive << clock.posedge_event();
  dont_initialize();
  SC_METHOD(partial_sums_method);
  sensitive << clock.posedge_event();
  dont_initialize();
  SC_METHOD(monitor_method);
  sensitive << clock.posedge_event();
  dont_initialize();
  SC_METHOD(watchdog_method);
  sensitive << clock.posedge_event();
  dont_initialize();
}

void TileBench::trace_ports(sc_core::sc_trace_file *file) const {
  const std::string prefix = std::string(name()) + ".tile.";
  const auto add = [&](const sc_core::sc_signal<bool> &signal, const char *port) {
    sc_core::sc_trace(file, signal, prefix + port);
  };
  sc_core::sc_trace(file, clock, prefix + "clk_i");
  add(reset_n, "rst_ni");
  add(x_valid, "x_valid_i");
  add(x_ready, "x_ready_o");
  add(a_valid, "a_valid_i");
  add(a_ready, "a_ready_o");
  add(p_valid, "p_valid_o");
  add(p_ready, "p_ready_i");
  add(n_valid, "n_valid_i");
  add(y_valid, "y_valid_o");
  add(idle, "idle_o");
}

int TileBench::words_of(Operation operation) const {
  switch (operation) {
    case Operation::Forward:
      return job_.vectors;
    case Operation::Fire:
      return job_.operand != nullptr ? job_.vectors / job_.window : 0;
    case Operation::Backward:
      return job_.positions;
    case Operation::Correlate:
      return job_.terms;
    case Operation::Update:
      return job_.update ? 1 : 0;
  }
  return 0;
}

Wire<TileWord> TileBench::make_word() const {
  auto word = std::make_shared<TileWord>();
  word->operation = static_cast<Operation>(operation_);
  word->index = next_;
  const uint8_t *switches = nullptr;
  epx_sc_tile_read_t read = {job_.draw.update, next_};
  if (word->operation == Operation::Forward) {
    word->lines = row_of(job_.x, next_, shape_.rows);
    read = epx_sc_tile_read(&job_.draw, job_.vectors, next_);
  } else if (word->operation == Operation::Backward) {
    word->post = row_of(job_.post, next_, shape_.units);
    read = epx_sc_tile_read(&job_.draw, job_.positions, next_);
    switches = job_.post_switches;
  } else if (word->operation == Operation::Correlate) {
    word->lines = row_of(job_.pre, next_, shape_.window * shape_.rows);
    word->post = row_of(job_.term_post, next_, shape_.units);
    word->coefficient = job_.coefficient[next_];
    switches = job_.term_switches;
  }
  word->draw = read.command;
  word->number = read.word;
  word->switches.assign(word->post.size(), 0);
  if (switches != nullptr) {
    word->switches = row_of(switches, next_, shape_.units);
  }
  return {word};
}

// Whether nothing stands offered; a word that was taken leaves the wire.
bool TileBench::offer_finished() {
  if (!x_valid.read()) {
    return true;
  }
  if (!x_ready.read()) {
    return false;
  }
  if (next_++ == 0) {
    first_edge_[operation_] = static_cast<uint64_t>(edge_);
  }
  quiet_ = 0;
  x_valid.write(false);
  draining_ = next_ == words_of(static_cast<Operation>(operation_));
  return !draining_;  // idle is old news in this cycle
}

void TileBench::fire() {
  if (static_cast<size_t>(next_) >= pooled_.size()) {
    fail("idle_o is high, but p_o has brought the sums of " + std::to_string(vectors_seen_) +
         " of " + std::to_string(job_.vectors) + " forward words");
  }
  auto neurons = std::make_shared<TileNeurons>();
  neurons->index = next_;
  neurons->sums = pooled_[static_cast<size_t>(next_)];
  neurons->operand = row_of(job_.operand, next_, shape_.units);
  first_edge_[operation_] = next_ == 0 ? static_cast<uint64_t>(edge_) : first_edge_[operation_];
  last_edge_[operation_] = static_cast<uint64_t>(edge_);
  quiet_ = 0;
  n.write({neurons});
  n_valid.write(true);
  ++next_;
}

void TileBench::drive_method() {
  reset_n.write(++edge_ > reset_edges);
  n_valid.write(false);
  if (edge_ <= reset_edges + 1 || !offer_finished() || (draining_ && !idle.read())) {
    return;
  }
  if (draining_) {
    last_edge_[operation_] = static_cast<uint64_t>(edge_);
  }
  while (operation_ < operation_count && next_ == words_of(static_cast<Operation>(operation_))) {
    ++operation_;
    next_ = 0;
    draining_ = false;
  }
  if (operation_ == operation_count) {
    if (!n_valid.read() && !y_valid.read()) {
      sc_core::sc_stop();
    }
  } else if (stall_.now()) {
    return;
  } else if (operation_ == static_cast<int>(Operation::Fire)) {
    fire();
  } else {
    x.write(make_word());
    x_valid.write(true);
  }
}

void TileBench::partial_sums_method() {
  p_ready.write(!stall_.now());
  if (job_.psum_in == nullptr || (a_valid.read() && !a_ready.read())) {
    return;
  }
  if (a_valid.read()) {
    quiet_ = 0;
  }
  a_valid.write(false);
  if (partial_ < job_.vectors && !stall_.now()) {
    auto sums = std::make_shared<TileSums>();
    sums->index = partial_;
    sums->sums = row_of(job_.psum_in, partial_, shape_.units);
    ++partial_;
    a.write({sums});
    a_valid.write(true);
  }
}

uint64_t TileBench::port_cycles(Operation operation) const {
  const size_t i = static_cast<size_t>(operation);
  return first_edge_[i] == 0 ? 0 : last_edge_[i] - first_edge_[i] + 1;
}

}  // namespace epx
