// SPDX-License-Identifier: Apache-2.0
#include "epx_tile_bench.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace epx {

namespace {

constexpr int reset_edges = 2;

sc_core::sc_time period(double clock_mhz) {
  const double picoseconds = std::max(2.0, std::round(1e6 / clock_mhz));
  return sc_core::sc_time(picoseconds, sc_core::SC_PS);
}

template <typename T>
std::vector<T> row_of(const T *table, int index, int width) {
  const T *first = table + static_cast<size_t>(index) * static_cast<size_t>(width);
  return std::vector<T>(first, first + width);
}

template <typename T>
void store(const std::vector<T> &values, int index, T *table) {
  if (table != nullptr) {
    std::copy(values.begin(), values.end(), table + static_cast<size_t>(index) * values.size());
  }
}

}  // namespace

SC_HAS_PROCESS(TileBench);

TileBench::TileBench(sc_core::sc_module_name name, const TileConfig &config,
                     const epx_sc_tile_job_t &job, epx_sc_memory_t *memory,
                     epx_sc_tile_result_t *result)
    : sc_module(name),
      clock("clock", period(config.chip.clock_mhz)),
      tile("tile", config, memory),
      shape_(config.shape),
      job_(job),
      result_(result),
      stall_lfsr_(epx_lfsr_seed(job.stall_seed)) {
  tile.clk_i(clock);
  tile.rst_ni(reset_n);
  tile.x_valid_i(x_valid);
  tile.x_i(x);
  tile.x_ready_o(x_ready);
  tile.p_valid_o(p_valid);
  tile.p_o(p);
  tile.y_valid_o(y_valid);
  tile.y_o(y);
  tile.idle_o(idle);
  SC_METHOD(drive_method);
  sensitive << clock.posedge_event();
  dont_initialize();
  SC_METHOD(monitor_method);
  sensitive << clock.posedge_event();
  dont_initialize();
}

int TileBench::words_of(Operation operation) const {
  switch (operation) {
    case Operation::Forward:
      return job_.vectors;
    case Operation::Backward:
      return job_.positions;
    case Operation::Correlate:
      return job_.terms;
    case Operation::Update:
      return job_.update ? 1 : 0;
  }
  return 0;
}

void TileBench::fill_forward(TileWord *word) const {
  word->lines = row_of(job_.x, next_, shape_.rows);
  if (job_.psum_in != nullptr) {
    word->psum = row_of(job_.psum_in, next_, shape_.units);
  }
  if (job_.operand != nullptr && (next_ + 1) % shape_.window == 0) {
    word->operand = row_of(job_.operand, next_ / shape_.window, shape_.units);
  }
}

Wire<TileWord> TileBench::make_word() const {
  auto word = std::make_shared<TileWord>();
  word->operation = static_cast<Operation>(operation_);
  word->index = next_;
  const uint8_t *switches = nullptr;
  if (word->operation == Operation::Forward) {
    fill_forward(word.get());
  } else if (word->operation == Operation::Backward) {
    word->post = row_of(job_.post, next_, shape_.units);
    switches = job_.post_switches;
  } else if (word->operation == Operation::Correlate) {
    word->lines = row_of(job_.pre, next_, shape_.window * shape_.rows);
    word->post = row_of(job_.term_post, next_, shape_.units);
    word->coefficient = job_.coefficient[next_];
    switches = job_.term_switches;
  }
  word->switches.assign(word->post.size(), 0);
  if (switches != nullptr) {
    word->switches = row_of(switches, next_, shape_.units);
  }
  return {word};
}

bool TileBench::stalls() {
  return job_.stall_percent > 0 &&
         static_cast<int>(epx_lfsr_next16(&stall_lfsr_) % 100) < job_.stall_percent;
}

void TileBench::drive_method() {
  reset_n.write(++edge_ > reset_edges);
  if (edge_ <= reset_edges + 1) {
    return;
  }
  if (x_valid.read()) {
    if (!x_ready.read()) {
      return; /* offered until taken */
    }
    ++next_;
    x_valid.write(false);
    draining_ = next_ == words_of(static_cast<Operation>(operation_));
    if (draining_) {
      return; /* idle is old news in this cycle */
    }
  }
  if (draining_ && !idle.read()) {
    return;
  }
  while (operation_ < operation_count && next_ == words_of(static_cast<Operation>(operation_))) {
    ++operation_;
    next_ = 0;
    draining_ = false;
  }
  if (operation_ == operation_count) {
    sc_core::sc_stop();
  } else if (!stalls()) {
    x.write(make_word());
    x_valid.write(true);
  }
}

void TileBench::monitor_method() {
  if (p_valid.read()) {
    const TileSums &sums = *p.read().word;
    ++sums_seen_;
    store(sums.sums, sums.index,
          sums.operation == Operation::Forward ? result_->psum : result_->backward);
  }
  if (y_valid.read()) {
    const TileStates &states = *y.read().word;
    ++states_seen_;
    store(states.state, states.index, result_->state);
    store(states.switches, states.index, result_->switches);
  }
}

void TileBench::finish() {
  tile.check_conservation();
  const uint64_t window = static_cast<uint64_t>(shape_.window);
  const uint64_t vectors = static_cast<uint64_t>(job_.vectors);
  const uint64_t sums = vectors + static_cast<uint64_t>(job_.positions) * window;
  const uint64_t states = shape_.fires ? vectors / window : 0;
  if (sums_seen_ != sums || states_seen_ != states) {
    SC_REPORT_ERROR(name(), ("results collected: " + std::to_string(sums_seen_) + " sums and " +
                             std::to_string(states_seen_) + " state words; expected " +
                             std::to_string(sums) + " and " + std::to_string(states))
                                .c_str());
  }
  store(tile.correlation(), 0, result_->correlation);
  store(tile.bias_correlation(), 0, result_->bias_correlation);
  result_->events = tile.events();
  result_->forward_cycles = tile.cycles(Operation::Forward);
  result_->backward_cycles = tile.cycles(Operation::Backward);
  result_->correlate_cycles = tile.cycles(Operation::Correlate);
  result_->update_cycles = tile.cycles(Operation::Update);
}

}  // namespace epx
