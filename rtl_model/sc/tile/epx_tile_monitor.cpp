// SPDX-License-Identifier: Apache-2.0
// The bench's monitor, which takes results and knows what must come next, and its watchdog.
#include <algorithm>

#include "epx_tile_bench.h"

namespace epx {

namespace {

const char *const operation_names[operation_count] = {"forward", "fire", "backward", "correlate",
                                                      "update"};

template <typename T>
void store(const std::vector<T> &values, int index, T *table) {
  if (table != nullptr) {
    std::copy(values.begin(), values.end(), table + static_cast<size_t>(index) * values.size());
  }
}

void stamp(uint64_t *times, int index) {
  if (times != nullptr) {
    times[index] =
        static_cast<uint64_t>(sc_core::sc_time_stamp() / sc_core::sc_time(1, sc_core::SC_PS));
  }
}

std::string number(int value) {
  return std::to_string(value);
}

}  // namespace

void TileBench::fail(const std::string &text) const {
  SC_REPORT_ERROR(name(), (text + "; at " + sc_core::sc_time_stamp().to_string()).c_str());
  throw std::logic_error(text);  // not reached where reports throw
}

void TileBench::take_sums(const TileSums *sums) {
  if (sums == nullptr) {
    fail("p_valid_o is high, but p_o carries no word");
  }
  const bool backward = sums->operation == Operation::Backward;
  if (!backward && sums->operation != Operation::Forward) {
    fail("p_o carries sums of an operation that has none");
  }
  int &seen = backward ? backward_seen_ : vectors_seen_;
  const int all = backward ? job_.positions * shape_.window : job_.vectors;
  const std::string what = std::string(backward ? "backward" : "forward") + " sums";
  if (seen == all || sums->index != seen) {
    fail("p_o brings " + what + " number " + number(sums->index) + "; expected " +
         (seen == all ? "no more of them" : "number " + number(seen)));
  }
  const size_t lines = static_cast<size_t>(backward ? shape_.rows : shape_.units);
  const bool ends = !backward && shape_.pools && (seen + 1) % shape_.window == 0;
  const size_t pooled = ends ? lines : 0;
  if (sums->sums.size() != lines || sums->pooled.size() != pooled ||
      sums->switches.size() != pooled) {
    fail("p_o brings " + what + " number " + number(seen) + " with " +
         std::to_string(sums->sums.size()) + " sums, " + std::to_string(sums->pooled.size()) +
         " pooled and " + std::to_string(sums->switches.size()) + " switches; expected " +
         std::to_string(lines) + ", " + std::to_string(pooled) + " and " + std::to_string(pooled));
  }
  store(sums->sums, seen, backward ? result_->backward : result_->psum);
  stamp(backward ? result_->backward_ps : result_->psum_ps, seen);
  if (ends) {
    store(sums->switches, static_cast<int>(pooled_.size()), result_->switches);
    pooled_.push_back(sums->pooled);
  }
  ++seen;
  quiet_ = 0;
}

void TileBench::take_states(const TileStates *states) {
  const int all = words_of(Operation::Fire);
  if (states == nullptr) {
    fail("y_valid_o is high, but y_o carries no word");
  }
  if (states_seen_ == all || states->index != states_seen_) {
    fail("y_o brings states of position " + number(states->index) + "; expected " +
         (states_seen_ == all ? "no more" : "position " + number(states_seen_)));
  }
  if (states->state.size() != static_cast<size_t>(shape_.units)) {
    fail("y_o brings " + std::to_string(states->state.size()) + " states; expected " +
         number(shape_.units));
  }
  store(states->state, states_seen_, result_->state);
  stamp(result_->state_ps, states_seen_);
  ++states_seen_;
  quiet_ = 0;
}

void TileBench::monitor_method() {
  if (held_.word && (!p_valid.read() || !(p.read() == held_))) {
    fail("p_valid_o or p_o changed before the sums were taken (p_ready_i low)");
  }
  held_ = {};
  if (p_valid.read() && p_ready.read()) {
    take_sums(p.read().word.get());
  } else if (p_valid.read()) {
    held_ = p.read();
  }
  if (y_valid.read()) {
    take_states(y.read().word.get());
  }
}

// Every channel that something stands still at.
std::string TileBench::waits() const {
  const std::string operation =
      operation_ < operation_count ? operation_names[operation_] : "nothing";
  std::string text;
  const auto add = [&text](const std::string &what) { text += (text.empty() ? "" : "; ") + what; };
  if (x_valid.read() && !x_ready.read()) {
    add("x: the tile does not take " + operation + " word " + number(next_) + " (x_ready_o low)");
  }
  if (a_valid.read() && !a_ready.read()) {
    add("a: the tile does not take the partial sums of vector " + number(partial_ - 1) +
        " (a_ready_o low)");
  }
  if (draining_ && !idle.read()) {
    add("idle_o: low after the last " + operation + " word");
  }
  if (vectors_seen_ < job_.vectors) {
    add("p: " + number(vectors_seen_) + " of " + number(job_.vectors) + " forward sums came");
  } else if (backward_seen_ < job_.positions * shape_.window) {
    add("p: " + number(backward_seen_) + " of " + number(job_.positions * shape_.window) +
        " backward sums came");
  }
  if (states_seen_ < words_of(Operation::Fire)) {
    add("y: " + number(states_seen_) + " of " + number(words_of(Operation::Fire)) +
        " positions' states came");
  }
  return text.empty() ? "no channel holds a word" : text;
}

void TileBench::watchdog_method() {
  if (++quiet_ > watchdog_) {
    const std::string state = module_state();
    fail("no progress for " + std::to_string(watchdog_) + " cycles: " + waits() +
         (state.empty() ? "" : "; the tile says: " + state));
  }
}

void TileBench::check_complete() const {
  const int backward = job_.positions * shape_.window, states = words_of(Operation::Fire);
  if (vectors_seen_ != job_.vectors || backward_seen_ != backward || states_seen_ != states) {
    fail("the tile was idle before everything came: " + number(vectors_seen_) + " of " +
         number(job_.vectors) + " forward sums, " + number(backward_seen_) + " of " +
         number(backward) + " backward sums, " + number(states_seen_) + " of " + number(states) +
         " positions' states");
  }
}

}  // namespace epx
