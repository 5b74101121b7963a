// SPDX-License-Identifier: Apache-2.0
// Clock, reset, drivers, monitor and watchdog around any module with a tile's ports: feeds the
// job's words in order, waits for an idle tile between operations, collects what comes out. Stalls
// hold back words, partial sums and the taking of results. epx_tile_fixture.h puts a module in.
//
// What the tile does wrong at its ports is an SC error that names the channel: a word that is not
// expected or not of the right size, a result that is withdrawn before it is taken, no progress.
#ifndef EPX_TILE_BENCH_H
#define EPX_TILE_BENCH_H

#include <string>
#include <systemc>
#include <vector>

#include "epx_sc_tile.h"
#include "epx_stall.h"
#include "epx_tile_word.h"

namespace epx {

class TileBench : public sc_core::sc_module {
 public:
  // job, result: outlive the bench. Watchdog: job.watchdog_cycles.
  TileBench(sc_core::sc_module_name name, const epx_sc_tile_job_t &job,
            epx_sc_tile_result_t *result);

  // Binds a module's ports (those of epx::Tile, by name) to the bench.
  template <typename Module>
  void connect(Module &tile) {
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
  }

  // The ports of the module as signals "NAME.tile.x_valid_i", ...
  void trace_ports(sc_core::sc_trace_file *file) const;

  // After the simulation: whether everything came.
  void check_complete() const;
  // From the edge that took an operation's first word to the one that found the tile idle.
  uint64_t port_cycles(Operation operation) const;

  sc_core::sc_clock clock;
  sc_core::sc_signal<bool> reset_n{"reset_n"}, x_valid{"x_valid"}, x_ready{"x_ready"};
  sc_core::sc_signal<bool> a_valid{"a_valid"}, a_ready{"a_ready"}, n_valid{"n_valid"};
  sc_core::sc_signal<bool> p_valid{"p_valid"}, p_ready{"p_ready"}, y_valid{"y_valid"}, idle{"idle"};
  sc_core::sc_signal<Wire<TileWord>> x{"x"};
  sc_core::sc_signal<Wire<TileSums>> a{"a"}, p{"p"};
  sc_core::sc_signal<Wire<TileNeurons>> n{"n"};
  sc_core::sc_signal<Wire<TileStates>> y{"y"};

 protected:
  // What the module says it stands at; "" where it does not say.
  virtual std::string module_state() const { return ""; }

 private:
  void drive_method();
  void partial_sums_method();
  void monitor_method();
  void watchdog_method();
  bool offer_finished();
  void fire();
  void take_sums(const TileSums *sums);
  void take_states(const TileStates *states);
  int words_of(Operation operation) const;
  Wire<TileWord> make_word() const;
  std::string waits() const;
  [[noreturn]] void fail(const std::string &text) const;

  const epx_tile_shape_t shape_;
  const epx_sc_tile_job_t &job_;
  epx_sc_tile_result_t *const result_;
  const uint64_t watchdog_;
  Stall stall_;                              // of all channels
  int edge_ = 0, operation_ = 0, next_ = 0;  // next_: of the operation's words, not yet offered
  int partial_ = 0;                          // next partial sums to offer
  bool draining_ = false;                    // the operation's words are accepted; wait for idle
  int vectors_seen_ = 0, backward_seen_ = 0, states_seen_ = 0;
  uint64_t quiet_ = 0;  // edges without progress
  uint64_t first_edge_[operation_count] = {}, last_edge_[operation_count] = {};
  Wire<TileSums> held_;                       // p_o while it waits to be taken
  std::vector<std::vector<int64_t>> pooled_;  // by position, to be fired
};

}  // namespace epx

#endif
