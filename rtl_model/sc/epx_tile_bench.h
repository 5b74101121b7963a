// SPDX-License-Identifier: Apache-2.0
// Clock, reset, drivers and monitor around one tile: feeds the job's words in order, waits for an
// idle tile between operations, collects what comes out. Stalls hold back words, partial sums and
// the taking of results.
#ifndef EPX_TILE_BENCH_H
#define EPX_TILE_BENCH_H

#include <systemc>

#include "epx_tile.h"

namespace epx {

class TileBench : public sc_core::sc_module {
 public:
  TileBench(sc_core::sc_module_name name, const TileConfig &config, const epx_sc_tile_job_t &job,
            epx_sc_memory_t *memory, epx_sc_tile_result_t *result);

  void trace(sc_core::sc_trace_file *file) const { tile.trace(file); }
  // Copies correlations, events and cycles into the result; reports broken laws as SC errors.
  void finish();

  sc_core::sc_clock clock;
  sc_core::sc_signal<bool> reset_n{"reset_n"}, x_valid{"x_valid"}, x_ready{"x_ready"};
  sc_core::sc_signal<bool> a_valid{"a_valid"}, a_ready{"a_ready"}, n_valid{"n_valid"};
  sc_core::sc_signal<bool> p_valid{"p_valid"}, p_ready{"p_ready"}, y_valid{"y_valid"}, idle{"idle"};
  sc_core::sc_signal<Wire<TileWord>> x{"x"};
  sc_core::sc_signal<Wire<TileSums>> a{"a"}, p{"p"};
  sc_core::sc_signal<Wire<TileNeurons>> n{"n"};
  sc_core::sc_signal<Wire<TileStates>> y{"y"};
  Tile tile;

 private:
  void drive_method();
  void partial_sums_method();
  void monitor_method();
  bool offer_finished();
  void fire();
  int words_of(Operation operation) const;
  Wire<TileWord> make_word() const;
  void fill_forward(TileWord *word) const;
  bool stalls();

  const epx_tile_shape_t shape_;
  const epx_sc_tile_job_t &job_;
  epx_sc_tile_result_t *const result_;
  epx_lfsr_t stall_lfsr_;
  int edge_ = 0, operation_ = 0, next_ = 0;  // next_: of the operation's words, not yet offered
  int partial_ = 0;                          // next partial sums to offer
  bool draining_ = false;                    // the operation's words are accepted; wait for idle
  uint64_t sums_seen_ = 0, states_seen_ = 0;
  std::vector<std::vector<int64_t>> pooled_;  // by position, to be fired
};

}  // namespace epx

#endif
