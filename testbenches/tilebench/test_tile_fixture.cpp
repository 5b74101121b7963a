// SPDX-License-Identifier: Apache-2.0
// The bench must find what a designer's tile does wrong: a relay around our tile spoils one thing
// at its ports, and the message must name the channel. SystemC elaborates once per process, so
// every run has a child process of its own.
#include <gtest/gtest.h>

#include <functional>

#include "child_process.h"
#include "epx_config.h"
#include "epx_tile_command.h"
#include "epx_tile_fixture.h"

namespace {

enum class Fault {
  None,
  NeverReady,
  NoPartialSums,
  NeverIdle,
  LosesSums,
  LosesLastSums,
  WithdrawsSums,
  SumsOutOfOrder,
  SumsTooFew,
  SumsWithoutWord,
  SumsOfNothing,
  StatesTwice,
  StatesLost,
  StatesTooMany,
  StateWithoutWord,
  WrongSum,
  WrongFeedback,
  WrongState,
  WrongWeight,
  WrongEvents,
  WrongCycles,
};
Fault fault = Fault::None;

// Our tile behind signals, of which one is spoilt.
class Relay : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<bool> x_valid_i{"x_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileWord>> x_i{"x_i"};
  sc_core::sc_out<bool> x_ready_o{"x_ready_o"};
  sc_core::sc_in<bool> a_valid_i{"a_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileSums>> a_i{"a_i"};
  sc_core::sc_out<bool> a_ready_o{"a_ready_o"};
  sc_core::sc_out<bool> p_valid_o{"p_valid_o"};
  sc_core::sc_out<epx::Wire<epx::TileSums>> p_o{"p_o"};
  sc_core::sc_in<bool> p_ready_i{"p_ready_i"};
  sc_core::sc_in<bool> n_valid_i{"n_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileNeurons>> n_i{"n_i"};
  sc_core::sc_out<bool> y_valid_o{"y_valid_o"};
  sc_core::sc_out<epx::Wire<epx::TileStates>> y_o{"y_o"};
  sc_core::sc_out<bool> idle_o{"idle_o"};

  Relay(sc_core::sc_module_name name, const epx::TileConfig &config, epx_sc_memory_t *memory)
      : sc_module(name), memory_(memory), inner_("inner", config, memory) {
    inner_.clk_i(clk_i);
    inner_.rst_ni(rst_ni);
    inner_.x_valid_i(x_valid_);
    inner_.x_i(x_i);
    inner_.x_ready_o(x_ready_);
    inner_.a_valid_i(a_valid_);
    inner_.a_i(a_i);
    inner_.a_ready_o(a_ready_);
    inner_.p_valid_o(p_valid_);
    inner_.p_o(p_);
    inner_.p_ready_i(p_ready_);
    inner_.n_valid_i(n_valid_i);
    inner_.n_i(n_i);
    inner_.y_valid_o(y_valid_);
    inner_.y_o(y_);
    inner_.idle_o(idle_);
    SC_HAS_PROCESS(Relay);
    SC_METHOD(relay_method);
    sensitive << clk_i.pos() << x_valid_i << a_valid_i << p_ready_i << x_ready_ << a_ready_
              << p_valid_ << p_ << y_valid_ << y_ << idle_;
  }

  const std::vector<int64_t> &correlation() const { return inner_.correlation(); }
  const std::vector<int64_t> &bias_correlation() const { return inner_.bias_correlation(); }
  const epx_events_t &events() const {
    counted_ = inner_.events();
    counted_.shift_adds += fault == Fault::WrongEvents ? 1 : 0;
    return counted_;
  }
  std::string state() const { return inner_.state(); }
  void check_conservation() const {  // runs last: spoil what no port shows
    if (fault == Fault::WrongWeight) {
      memory_->weight[0] = static_cast<int8_t>(memory_->weight[0] ^ 2);
    }
  }

 private:
  void relay_method() {
    const bool accepts = fault != Fault::NeverReady && fault != Fault::NoPartialSums;
    x_ready_o.write(x_ready_.read() && fault != Fault::NeverReady);
    x_valid_.write(x_valid_i.read() && fault != Fault::NeverReady);
    a_ready_o.write(a_ready_.read() && accepts);
    a_valid_.write(a_valid_i.read() && accepts);
    idle_o.write(idle_.read() && fault != Fault::NeverIdle);
    relay_sums();
    relay_states();
  }

  void relay_sums() {
    const epx::Wire<epx::TileSums> sums = p_.read();
    bool valid = p_valid_.read(), ready = p_ready_i.read();
    std::shared_ptr<epx::TileSums> copy;
    if (sums.word) {
      copy = std::make_shared<epx::TileSums>(*sums.word);
    }
    const bool forward = copy && copy->operation == epx::Operation::Forward;
    switch (fault) {
      case Fault::LosesSums:
        if (forward && copy->index == 3) valid = false, ready = true;
        break;
      case Fault::LosesLastSums:
        if (copy && !forward && copy->index + 1 == last_place) valid = false, ready = true;
        break;
      case Fault::WithdrawsSums:
        waited_ = valid && !ready && clk_i.posedge() ? waited_ + 1 : valid && !ready ? waited_ : 0;
        valid = valid && waited_ < 2;
        break;
      case Fault::SumsOutOfOrder:
        if (forward && copy->index == 3) copy->index = 4;
        break;
      case Fault::SumsTooFew:
        if (copy) copy->sums.pop_back();
        break;
      case Fault::SumsWithoutWord:
        copy.reset();
        break;
      case Fault::SumsOfNothing:
        if (copy) copy->operation = epx::Operation::Update;
        break;
      case Fault::WrongSum:
        if (forward && copy->index == 2) copy->sums[1] ^= 4;
        break;
      case Fault::WrongFeedback:
        if (copy && !forward && copy->index == 5) copy->sums[7] ^= 8;
        break;
      default:
        break;
    }
    p_valid_o.write(valid);
    p_ready_.write(ready);
    if (!(sums == relayed_)) {  // a copy for each word: the same word is the same pointer
      relayed_ = sums;
      sent_ = {copy};
    }
    p_o.write(sent_);
  }

  void relay_states() {
    const epx::Wire<epx::TileStates> states = y_.read();
    bool valid = y_valid_.read();
    std::shared_ptr<epx::TileStates> copy;
    if (states.word) {
      copy = std::make_shared<epx::TileStates>(*states.word);
      if (fault == Fault::StatesTwice && copy->index == 1) copy->index = 0;
      if (fault == Fault::StatesLost && copy->index == 1) valid = false;
      if (fault == Fault::StatesTooMany) copy->state.push_back(0);
      if (fault == Fault::StateWithoutWord) copy.reset();
      if (fault == Fault::WrongState && copy->index == 1) copy->state[6] ^= 1;
    }
    y_valid_o.write(valid);
    y_o.write({copy});
  }

 public:
  static int last_place;  // backward positions times window

 private:
  epx_sc_memory_t *const memory_;
  sc_core::sc_signal<bool> x_valid_{"x_valid"}, x_ready_{"x_ready"}, a_valid_{"a_valid"};
  sc_core::sc_signal<bool> a_ready_{"a_ready"}, p_valid_{"p_valid"}, p_ready_{"p_ready"};
  sc_core::sc_signal<bool> y_valid_{"y_valid"}, idle_{"idle"};
  sc_core::sc_signal<epx::Wire<epx::TileSums>> p_{"p"};
  sc_core::sc_signal<epx::Wire<epx::TileStates>> y_{"y"};
  epx::Wire<epx::TileSums> relayed_, sent_;
  int waited_ = 0;
  mutable epx_events_t counted_ = {};

 protected:
  epx::Tile inner_;
};
int Relay::last_place = 0;

// The same, of the closed form's pipeline.
class Timed : public Relay {
 public:
  using Relay::Relay;
  uint64_t cycles(epx::Operation operation) const {
    const bool wrong = fault == Fault::WrongCycles && operation == epx::Operation::Correlate;
    return inner_.cycles(operation) + (wrong ? 1 : 0);
  }
};

// A tile of two layers with several row blocks: it takes partial sums and pools.
epx_status_t run(int stall_percent, epx_tile_check_t *check, epx_error_t *error,
                 epx_tile_run_fn run_fn = &epx::run_tile<Relay>) {
  epx_experiment_t experiment;
  const char *settings[] = {"chip.array.rows=32", "chip.array.columns=64"};
  epx_tile_command_t command = epx_tile_command_default();
  command.random = 4;
  command.bench.run = run_fn;
  command.bench.stall_percent = stall_percent;
  command.bench.stall_seed = 5;
  epx_tile_vectors_t *vectors = nullptr;
  epx_status_t status = epx_config_load(nullptr, settings, 2, &experiment, error);
  status =
      status == EPX_OK ? epx_tile_command_open(&command, &experiment, &vectors, error) : status;
  if (status == EPX_OK) {
    Relay::last_place = vectors->counts.positions * vectors->setup.window;
    status = epx_tile_check_run(vectors, &command.bench, check, error);
  }
  epx_tile_vectors_destroy(vectors);
  return status;
}

TEST(TileFixture, a_relay_without_fault_passes_and_its_cycles_are_not_compared) {
  for (const int stalls : {0, 50}) {
    in_child([&] {
      epx_tile_check_t check;
      epx_error_t error = {};
      ASSERT_EQ(run(stalls, &check, &error), EPX_OK) << error.message;
      EXPECT_FALSE(epx_tile_check_failed(&check)) << epx_tile_check_first(&check);
      EXPECT_TRUE(check.counted);
      EXPECT_FALSE(check.timed);
      for (const epx_tile_cycles_row_t &row : check.cycles) {
        EXPECT_GE(row.cycles + 1, row.expected) << row.name;  // counted at the ports
      }
    });
  }
}

// What the bench says of each fault at the ports.
struct Broken {
  Fault fault;
  int stalls;
  const char *message;
};

void PrintTo(const Broken &one, std::ostream *out) {
  *out << one.message;
}

class BrokenPorts : public testing::TestWithParam<Broken> {};

TEST_P(BrokenPorts, are_named) {
  const Broken &one = GetParam();
  in_child([&] {
    fault = one.fault;
    epx_tile_check_t check;
    epx_error_t error = {};
    EXPECT_EQ(run(one.stalls, &check, &error), EPX_ERR_MISMATCH);
    EXPECT_NE(std::string(error.message).find(one.message), std::string::npos) << error.message;
  });
}

INSTANTIATE_TEST_SUITE_P(
    , BrokenPorts,
    testing::Values(
        Broken{Fault::NeverReady, 0, "x: the tile does not take forward word 0 (x_ready_o low)"},
        Broken{Fault::NoPartialSums, 0, "a: the tile does not take the partial sums of vector 0"},
        Broken{Fault::NoPartialSums, 0, "the tile says: forward word 2, no partial sums"},
        Broken{Fault::NeverIdle, 0, "idle_o: low after the last forward word"},
        Broken{Fault::LosesSums, 0, "p_o brings forward sums number 4; expected number 3"},
        Broken{
            Fault::LosesLastSums, 0,
            "the tile was idle before everything came: 16 of 16 forward sums, 15 of 16 backward"},
        Broken{Fault::WithdrawsSums, 50, "p_valid_o or p_o changed before the sums were taken"},
        Broken{Fault::SumsOutOfOrder, 0, "p_o brings forward sums number 4; expected number 3"},
        Broken{Fault::SumsTooFew, 0, "7 sums, 0 pooled and 0 switches; expected 8, 0 and 0"},
        Broken{Fault::SumsWithoutWord, 0, "p_valid_o is high, but p_o carries no word"},
        Broken{Fault::SumsOfNothing, 0, "p_o carries sums of an operation that has none"},
        Broken{Fault::StatesTwice, 0, "y_o brings states of position 0; expected position 1"},
        Broken{Fault::StatesLost, 0, "y_o brings states of position 2; expected position 1"},
        Broken{Fault::StatesTooMany, 0, "y_o brings 9 states; expected 8"},
        Broken{Fault::StateWithoutWord, 0, "y_valid_o is high, but y_o carries no word"}));

// Events and cycles: a difference is a failure, and cycles are compared only without stalls.
TEST(TileFixture, wrong_events_and_cycles_are_failures) {
  const auto counts = [](Fault what, int stalls, int events, int cycles) {
    in_child([&] {
      fault = what;
      epx_tile_check_t check;
      epx_error_t error = {};
      ASSERT_EQ(run(stalls, &check, &error, &epx::run_tile<Timed>), EPX_OK) << error.message;
      EXPECT_EQ(check.differing, 0);
      EXPECT_EQ(check.timed, stalls == 0);
      EXPECT_EQ(check.unequal_events, events);
      EXPECT_EQ(check.unequal_cycles, cycles);
      EXPECT_EQ(epx_tile_check_failed(&check), events + cycles > 0);
    });
  };
  counts(Fault::None, 0, 0, 0);
  counts(Fault::WrongEvents, 0, 1, 0);
  counts(Fault::WrongCycles, 0, 0, 1);
  counts(Fault::WrongCycles, 40, 0, 0);
}

// Wrong values: the row, the place, the bit and the time.
TEST(TileFixture, wrong_values_are_placed) {
  const auto first = [](Fault what, epx_tile_output_t output, const char *place) {
    in_child([&] {
      fault = what;
      epx_tile_check_t check;
      epx_error_t error = {};
      ASSERT_EQ(run(0, &check, &error), EPX_OK) << error.message;
      EXPECT_EQ(check.rows[output].differing, 1);
      EXPECT_EQ(check.differing, 1) << epx_tile_check_first(&check);
      const std::string text = check.rows[output].first_difference;
      EXPECT_NE(text.find(place), std::string::npos) << text;
      const bool timed = output != EPX_TILE_OUT_WEIGHT;
      EXPECT_EQ(text.find("; came at ") != std::string::npos, timed) << text;
    });
  };
  first(Fault::WrongSum, EPX_TILE_OUT_PSUM, "vector 2, bitlines 8 to 15 (channel 1), bit 2");
  first(Fault::WrongFeedback, EPX_TILE_OUT_BACKWARD,
        "position 1, place 1 of the window, wordline 7, bit 3");
  first(Fault::WrongState, EPX_TILE_OUT_STATE, "position 1, bitlines 48 to 55 (channel 6), bit 0");
  first(Fault::WrongWeight, EPX_TILE_OUT_WEIGHT, "wordline 0, bitline 1 (channel 0), bit 1");
}

}  // namespace
