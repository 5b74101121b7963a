// SPDX-License-Identifier: Apache-2.0
// What the C doors share: one elaboration a process, the waveform file, exceptions into a status.
#ifndef EPX_SIMULATION_H
#define EPX_SIMULATION_H

#include <functional>
#include <systemc>

#include "epx_status.h"

namespace epx {

// At least 2 ps and at most 1 ms, so that the longest simulation's time is representable. Cycles do
// not depend on it, only the waveform's scale does.
sc_core::sc_time clock_period(double clock_mhz);

// Calls simulate() with reports turned into exceptions. what: "SystemC tile", for messages.
epx_status_t run_simulation(const char *what, const std::function<void()> &simulate,
                            epx_error_t *error);

// Whether vcd_path ends in .vcd and can be written; NULL is fine.
epx_status_t check_waveform(const char *vcd_path, epx_error_t *error);

// Runs the simulation to sc_stop(), with a waveform of what `trace` adds where vcd_path is not
// NULL. Returns the seconds that it took; throws where the waveform is not whole (EPX_ERR_IO of
// run_simulation).
double simulate_with_waveform(const char *vcd_path,
                              const std::function<void(sc_core::sc_trace_file *)> &trace);

}  // namespace epx

#endif
