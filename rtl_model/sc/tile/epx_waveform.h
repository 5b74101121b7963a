// SPDX-License-Identifier: Apache-2.0
// A simulation with its waveform file.
#ifndef EPX_WAVEFORM_H
#define EPX_WAVEFORM_H

#include <functional>
#include <stdexcept>
#include <string>
#include <systemc>

#include "epx_output.h"
#include "epx_status.h"

namespace epx {

// A waveform that did not reach the disk whole: EPX_ERR_IO of run_simulation.
struct WaveformError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The waveform file of one simulation. It takes its name at close() (epx_output.h).
class Waveform {
 public:
  Waveform() = default;
  ~Waveform();
  Waveform(const Waveform &) = delete;
  Waveform &operator=(const Waveform &) = delete;

  // The file that will be `path`, whose name must end in .vcd; NULL: no waveform.
  EPX_CHECKED epx_status_t open(const char *path, epx_error_t *error);

  // Runs the simulation to sc_stop(), with what `trace` adds in the file. It is written while
  // `wanted` says so, which is asked before the first cycle and whenever the simulation pauses:
  // once from false to true and once back; without `wanted` it is written all the time. Returns the
  // seconds that it took. Throws WaveformError, and std::invalid_argument where the waveform was
  // never wanted.
  double simulate(const std::function<void(sc_core::sc_trace_file *)> &trace,
                  const std::function<bool()> &wanted = nullptr);

  EPX_CHECKED epx_status_t close(epx_error_t *error);
  // Ends the waveform of a run that failed with `why`: what there is is kept as "<path>.partial",
  // which the message of *error then says too; of a run that was refused, nothing is kept.
  void abandon(epx_status_t why, epx_error_t *error);

 private:
  std::string path_;
  epx_output_t *output_ = nullptr;
};

}  // namespace epx

#endif
