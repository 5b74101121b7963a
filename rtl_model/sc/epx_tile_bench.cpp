// SPDX-License-Identifier: Apache-2.0
#include "epx_tile_bench.h"

#include <algorithm>
#include <string>

#include "epx_simulation.h"

namespace epx {

namespace {

constexpr int reset_edges = 2;

template <typename T, typename U = T>
std::vector<U> row_of(const T *table, int index, int width) {
  const T *first = table + static_cast<size_t>(index) * static_cast<size_t>(width);
  return std::vector<U>(first, first + width);
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
      clock("clock", clock_period(config.chip.clock_mhz)),
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
  tile.a_valid_i(a_valid);
  tile.a_i(a);
  tile.a_ready_o(a_ready);
  tile.p_valid_o(p_valid);
  tile.p_o(p);
  tile.p_ready_i(p_ready);
  tile.n_valid_i(n_valid);
  tile.n_i(n);
  tile.y_valid_o(y_valid);
  tile.y_o(y);
  tile.idle_o(idle);
  SC_METHOD(drive_method);
  sensitive << clock.posedge_event();
  dont_initialize();
  SC_METHOD(partial_sums_method);
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
  if (word->operation == Operation::Forward) {
    word->lines = row_of(job_.x, next_, shape_.rows);
  } else if (word->operation == Operation::Backward) {
    word->post = row_of<uint8_t, int32_t>(job_.post, next_, shape_.units);
    switches = job_.post_switches;
  } else if (word->operation == Operation::Correlate) {
    word->lines = row_of(job_.pre, next_, shape_.window * shape_.rows);
    word->post = row_of<uint8_t, int32_t>(job_.term_post, next_, shape_.units);
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

// Whether nothing stands offered; a word that was taken leaves the wire.
bool TileBench::offer_finished() {
  if (!x_valid.read()) {
    return true;
  }
  if (!x_ready.read()) {
    return false;
  }
  ++next_;
  x_valid.write(false);
  draining_ = next_ == words_of(static_cast<Operation>(operation_));
  return !draining_;  // idle is old news in this cycle
}

void TileBench::fire() {
  auto neurons = std::make_shared<TileNeurons>();
  neurons->index = next_;
  neurons->sums = pooled_[static_cast<size_t>(next_)];
  neurons->operand = row_of(job_.operand, next_, shape_.units);
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
  while (operation_ < operation_count && next_ == words_of(static_cast<Operation>(operation_))) {
    ++operation_;
    next_ = 0;
    draining_ = false;
  }
  if (operation_ == operation_count) {
    if (!n_valid.read() && !y_valid.read()) {
      sc_core::sc_stop();
    }
  } else if (stalls()) {
    return;
  } else if (operation_ == static_cast<int>(Operation::Fire)) {
    fire();
  } else {
    x.write(make_word());
    x_valid.write(true);
  }
}

void TileBench::partial_sums_method() {
  p_ready.write(!stalls());
  if (job_.psum_in == nullptr || (a_valid.read() && !a_ready.read())) {
    return;
  }
  a_valid.write(false);
  if (partial_ < job_.vectors && !stalls()) {
    auto sums = std::make_shared<TileSums>();
    sums->index = partial_;
    sums->sums = row_of(job_.psum_in, partial_, shape_.units);
    ++partial_;
    a.write({sums});
    a_valid.write(true);
  }
}

void TileBench::monitor_method() {
  if (p_valid.read() && p_ready.read()) {
    const TileSums &sums = *p.read().word;
    ++sums_seen_;
    store(sums.sums, sums.index,
          sums.operation == Operation::Forward ? result_->psum : result_->backward);
    if (!sums.pooled.empty()) {
      store(sums.switches, static_cast<int>(pooled_.size()), result_->switches);
      pooled_.push_back(sums.pooled);
    }
  }
  if (y_valid.read()) {
    const TileStates &states = *y.read().word;
    ++states_seen_;
    store(states.state, states.index, result_->state);
  }
}

void TileBench::finish() {
  tile.check_conservation();
  const uint64_t window = static_cast<uint64_t>(shape_.window);
  const uint64_t vectors = static_cast<uint64_t>(job_.vectors);
  const uint64_t sums = vectors + static_cast<uint64_t>(job_.positions) * window;
  const uint64_t states = shape_.pools ? vectors / window : 0;
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
  result_->fire_cycles = tile.cycles(Operation::Fire);
  result_->backward_cycles = tile.cycles(Operation::Backward);
  result_->correlate_cycles = tile.cycles(Operation::Correlate);
  result_->update_cycles = tile.cycles(Operation::Update);
}

}  // namespace epx
