// SPDX-License-Identifier: Apache-2.0
// A simulation with its waveform file.
#ifndef EPX_WAVEFORM_H
#define EPX_WAVEFORM_H

#include <functional>
#include <stdexcept>
#include <systemc>

#include "epx_status.h"

namespace epx {

// A waveform that did not reach the disk whole: EPX_ERR_IO of run_simulation.
struct WaveformError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Whether vcd_path ends in .vcd and can be written; NULL is fine.
epx_status_t check_waveform(const char *vcd_path, epx_error_t *error);

// Runs the simulation to sc_stop(), with a waveform of what `trace` adds where vcd_path is not
// NULL. The file is open while `wanted` says so, which is asked before the first cycle and whenever
// the simulation pauses: once from false to true and once back; without `wanted` it is open all the
// time. Returns the seconds that it took. Throws WaveformError, and std::invalid_argument where the
// waveform was never wanted.
double simulate_with_waveform(const char *vcd_path,
                              const std::function<void(sc_core::sc_trace_file *)> &trace,
                              const std::function<bool()> &wanted = nullptr);

}  // namespace epx

#endif
