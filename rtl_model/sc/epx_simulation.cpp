// SPDX-License-Identifier: Apache-2.0
#include "epx_simulation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "epx_clock.h"

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

// A waveform that did not reach the disk whole.
struct WaveformError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Whether the waveform ends with the time at which the simulation stopped: SystemC does not look
// whether its writes succeed.
bool waveform_is_whole(const char *path) {
  char end[64] = {};
  std::FILE *file = std::fopen(path, "rb");
  if (file == nullptr) {
    return false;
  }
  const bool read = std::fseek(file, -static_cast<long>(sizeof end), SEEK_END) == 0 &&
                    std::fread(end, 1, sizeof end, file) == sizeof end;
  std::fclose(file);
  const std::string text(end, sizeof end);
  const std::string last = "#" + std::to_string(sc_core::sc_time_stamp().value()) + "\n";
  const size_t at = text.rfind('#');
  return read && at != std::string::npos && text.compare(at, last.size(), last) == 0;
}

struct CloseTrace {
  void operator()(sc_core::sc_trace_file *file) const { sc_core::sc_close_vcd_trace_file(file); }
};

}  // namespace

sc_core::sc_time clock_period(double clock_mhz) {
  const double picoseconds = std::min(1e9, std::max(2.0, std::round(1e6 / clock_mhz)));
  return sc_core::sc_time(picoseconds, sc_core::SC_PS);
}

epx_status_t check_waveform(const char *vcd_path, epx_error_t *error) {
  if (vcd_path == nullptr) {
    return EPX_OK;
  }
  const std::string name = vcd_path;
  if (name.size() < 5 || name.compare(name.size() - 4, 4, ".vcd") != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "waveform file %s; expected a name that ends in .vcd",
                    vcd_path);
  }
  std::FILE *file = std::fopen(vcd_path, "w");
  if (file == nullptr) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the waveform file %s", vcd_path);
  }
  std::fclose(file);
  return EPX_OK;
}

double simulate_with_waveform(const char *vcd_path,
                              const std::function<void(sc_core::sc_trace_file *)> &trace) {
  std::unique_ptr<sc_core::sc_trace_file, CloseTrace> file;
  if (vcd_path != nullptr) {
    std::string stem = vcd_path;  // SystemC appends ".vcd"
    stem.resize(stem.size() - 4);
    file.reset(sc_core::sc_create_vcd_trace_file(stem.c_str()));
    file->set_time_unit(1, sc_core::SC_PS);
    trace(file.get());
  }
  const double start = epx_clock_seconds();
  sc_core::sc_start();
  const double seconds = epx_clock_seconds() - start;
  file.reset();
  if (vcd_path != nullptr && !waveform_is_whole(vcd_path)) {
    throw WaveformError("cannot write the waveform file " + std::string(vcd_path) +
                        " whole: is the disk full?");
  }
  return seconds;
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
