// SPDX-License-Identifier: Apache-2.0
#include "epx_simulation.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <stdexcept>

#include "epx_waveform.h"

// The SystemC library's own main() calls this; programs of this project have a main() of their own.
int sc_main(int, char **) {
  return 1;
}

namespace epx {

namespace {

bool elaborated = false;

// Reports become exceptions or nothing: a library neither prints nor exits.
void quiet_reports() {
  using sc_core::sc_report_handler;
  sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
  sc_report_handler::set_actions(sc_core::SC_ERROR, sc_core::SC_THROW);
  sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
}

}  // namespace

sc_core::sc_time clock_period(double clock_mhz) {
  const double picoseconds = std::min(1e9, std::max(2.0, std::round(1e6 / clock_mhz)));
  return sc_core::sc_time(picoseconds, sc_core::SC_PS);
}

epx_status_t run_simulation(const char *what, const std::function<void()> &simulate,
                            epx_error_t *error) {
  if (elaborated) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "SystemC elaborates once per process: run the second %s in a new process",
                    what);
  }
  try {
    elaborated = true;
    quiet_reports();
    simulate();
  } catch (const WaveformError &exception) {
    return epx_fail(error, EPX_ERR_IO, "%s", exception.what());
  } catch (const std::invalid_argument &exception) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s", exception.what());
  } catch (const sc_core::sc_report &report) {
    return epx_fail(error, EPX_ERR_MISMATCH, "%s: %s: %s", what, report.get_msg_type(),
                    report.get_msg());
  } catch (const std::bad_alloc &) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the %s", what);
  } catch (const std::exception &exception) {
    return epx_fail(error, EPX_ERR_MISMATCH, "%s: %s", what, exception.what());
  }
  return EPX_OK;
}

}  // namespace epx
