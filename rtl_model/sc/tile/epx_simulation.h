// SPDX-License-Identifier: Apache-2.0
// What the C doors share: one elaboration a process, exceptions into a status.
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

}  // namespace epx

#endif
