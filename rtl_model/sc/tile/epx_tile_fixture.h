// SPDX-License-Identifier: Apache-2.0
// Puts a tile, ours or a designer's own, into the bench and runs a job on it.
//
// A module that takes part has the ports of epx::Tile (epx_tile.h, words in epx_tile_word.h) and
// the constructor
//
//   Module(sc_core::sc_module_name, const epx::TileConfig &, epx_sc_memory_t *)
//
// Its registers lie in *memory, which it reads when it is built and after a reset, and where an
// update leaves the new ones. What else it has is used, under these names:
//
//   const std::vector<int64_t> &correlation() const, bias_correlation() const
//                                       as an update found them, or as they stand; else not
//                                       compared
//   const epx_events_t &events() const  counted as the closed form does; else not compared
//   uint64_t cycles(epx::Operation) const
//                                       of the closed form's pipeline; else the bench counts at the
//                                       ports, and nothing is compared
//   std::string state() const           what it stands at, for the watchdog's message
//   void trace(sc_core::sc_trace_file *) const
//                                       its part of the waveform; else the bench traces the ports
//   void check_conservation() const     reports an SC error where its own laws do not hold
//   void watch_updates(std::function<void(const epx::UpdateRecord &)>)
//                                       for the logs of updates and pulses
#ifndef EPX_TILE_FIXTURE_H
#define EPX_TILE_FIXTURE_H

#include <type_traits>

#include "epx_simulation.h"
#include "epx_tile.h"
#include "epx_tile_bench.h"
#include "epx_waveform.h"

namespace epx {

// Checks of a job before anything is built; they name what is wrong.
epx_status_t check_tile_job(const epx_sc_tile_job_t &job, const epx_sc_memory_t &memory,
                            epx_error_t *error);
TileConfig tile_config(const epx_sc_tile_job_t &job);

namespace detail {

// Member functions that a module may have.
template <typename M, typename = void>
struct HasCorrelation : std::false_type {};
template <typename M>
struct HasCorrelation<M, std::void_t<decltype(std::declval<const M &>().correlation()),
                                     decltype(std::declval<const M &>().bias_correlation())>>
    : std::true_type {};
template <typename M, typename = void>
struct HasEvents : std::false_type {};
template <typename M>
struct HasEvents<M, std::void_t<decltype(std::declval<const M &>().events())>> : std::true_type {};
template <typename M, typename = void>
struct HasCycles : std::false_type {};
template <typename M>
struct HasCycles<M, std::void_t<decltype(std::declval<const M &>().cycles(Operation::Fire))>>
    : std::true_type {};
template <typename M, typename = void>
struct HasState : std::false_type {};
template <typename M>
struct HasState<M, std::void_t<decltype(std::string(std::declval<const M &>().state()))>>
    : std::true_type {};
// sc_module has a trace() of its own, with another result: ours is declared by the module.
template <typename M, typename = void>
struct HasTrace : std::false_type {};
template <typename M>
struct HasTrace<M, std::enable_if_t<std::is_same_v<decltype(&M::trace),
                                                   void (M::*)(sc_core::sc_trace_file *) const>>>
    : std::true_type {};
template <typename M, typename = void>
struct HasConservation : std::false_type {};
template <typename M>
struct HasConservation<M, std::void_t<decltype(std::declval<const M &>().check_conservation())>>
    : std::true_type {};
template <typename M, typename = void>
struct HasWatch : std::false_type {};
template <typename M>
struct HasWatch<M, std::void_t<decltype(std::declval<M &>().watch_updates(
                       std::function<void(const UpdateRecord &)>()))>> : std::true_type {};

}  // namespace detail

template <typename Module>
class TileFixture : public TileBench {
 public:
  TileFixture(sc_core::sc_module_name name, const epx_sc_tile_job_t &job, epx_sc_memory_t *memory,
              epx_sc_tile_result_t *result)
      : TileBench(name, job, result), tile("tile", tile_config(job), memory), result_(result) {
    connect(tile);
  }

  void trace(sc_core::sc_trace_file *file) const override {
    if constexpr (detail::HasTrace<Module>::value) {
      tile.trace(file);
    } else {
      trace_ports(file);
    }
  }

  // Copies what does not come through ports into the result; broken laws are SC errors.
  void finish() {
    check_complete();
    if constexpr (detail::HasConservation<Module>::value) {
      tile.check_conservation();
    }
    result_->correlated = detail::HasCorrelation<Module>::value;
    if constexpr (detail::HasCorrelation<Module>::value) {
      copy(tile.correlation(), result_->correlation);
      copy(tile.bias_correlation(), result_->bias_correlation);
    }
    result_->counted = detail::HasEvents<Module>::value;
    if constexpr (detail::HasEvents<Module>::value) {
      result_->events = tile.events();
    }
    result_->timed = detail::HasCycles<Module>::value;
    result_->forward_cycles = cycles(Operation::Forward);
    result_->fire_cycles = cycles(Operation::Fire);
    result_->backward_cycles = cycles(Operation::Backward);
    result_->correlate_cycles = cycles(Operation::Correlate);
    result_->update_cycles = cycles(Operation::Update);
  }

  Module tile;

 protected:
  std::string module_state() const override {
    if constexpr (detail::HasState<Module>::value) {
      return tile.state();
    }
    return "";
  }

 private:
  static void copy(const std::vector<int64_t> &from, int64_t *to) {
    if (to != nullptr) {
      std::copy(from.begin(), from.end(), to);
    }
  }
  uint64_t cycles(Operation operation) const {
    if constexpr (detail::HasCycles<Module>::value) {
      return tile.cycles(operation);
    } else {
      return port_cycles(operation);
    }
  }

  epx_sc_tile_result_t *const result_;
};

// epx_sc_tile_run (epx_sc_tile.h) for any module; its errors too.
template <typename Module>
epx_status_t run_tile(const epx_sc_tile_job_t *job, epx_sc_memory_t *memory,
                      epx_sc_tile_result_t *result, epx_error_t *error) {
  UpdateLog log;
  Waveform waveform;
  epx_status_t status = check_tile_job(*job, *memory, error);
  const char *const logged =
      job->update_log_path != nullptr ? job->update_log_path : job->pulse_log_path;
  if (status == EPX_OK && logged != nullptr && !detail::HasWatch<Module>::value) {
    status = epx_fail(error, EPX_ERR_UNSUPPORTED,
                      "update log %s: this tile does not tell its updates (watch_updates)", logged);
  }
  status = status == EPX_OK ? waveform.open(job->vcd_path, error) : status;
  status = status == EPX_OK ? log.open(*job->chip, job->update_log_path, job->pulse_log_path, error)
                            : status;
  if (status != EPX_OK) {
    return status;
  }
  const auto simulate = [&] {
    TileFixture<Module> bench("bench", *job, memory, result);
    if constexpr (detail::HasWatch<Module>::value) {
      if (log.is_open()) {
        const UpdatePlace place = {job->number, job->layer, job->row_block, job->column_block};
        bench.tile.watch_updates(
            [&log, place](const UpdateRecord &record) { log.write(place, record); });
      }
    }
    result->seconds = waveform.simulate([&](sc_core::sc_trace_file *file) { bench.trace(file); });
    bench.finish();
  };
  status = run_simulation("SystemC tile", simulate, error);
  return end_outputs(status, &waveform, &log, error);
}

}  // namespace epx

#endif
