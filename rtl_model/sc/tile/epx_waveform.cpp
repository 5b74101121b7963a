// SPDX-License-Identifier: Apache-2.0
#include "epx_waveform.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "epx_clock.h"

namespace epx {

namespace {

// Whether the waveform ends with the present time: SystemC does not look whether its writes
// succeed.
bool is_whole(const std::string &path) {
  char end[64] = {};
  std::FILE *file = std::fopen(path.c_str(), "rb");
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
using TraceFile = std::unique_ptr<sc_core::sc_trace_file, CloseTrace>;

// SystemC divides by zero when it closes a file that it could not open: whether one can be opened
// is tried before.
TraceFile open_trace(const std::string &path) {
  std::FILE *tried = std::fopen(path.c_str(), "ab");
  if (tried == nullptr) {
    throw WaveformError("cannot write the waveform file " + path + ": " + std::strerror(errno));
  }
  std::fclose(tried);
  std::string stem = path;  // SystemC appends ".vcd"
  stem.resize(stem.size() - 4);
  TraceFile file(sc_core::sc_create_vcd_trace_file(stem.c_str()));
  file->set_time_unit(1, sc_core::SC_PS);
  return file;
}

}  // namespace

Waveform::~Waveform() {
  abandon(EPX_ERR_ARGUMENT, nullptr);
}

epx_status_t Waveform::open(const char *path, epx_error_t *error) {
  if (path == nullptr) {
    return EPX_OK;
  }
  path_ = path;
  if (path_.size() < 5 || path_.compare(path_.size() - 4, 4, ".vcd") != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "waveform file %s; expected a name that ends in .vcd",
                    path);
  }
  return epx_output_open(path, ".vcd", &output_, error);
}

epx_status_t Waveform::close(epx_error_t *error) {
  epx_output_t *output = output_;
  output_ = nullptr;
  return output != nullptr ? epx_output_commit(output, error) : EPX_OK;
}

void Waveform::abandon(epx_status_t why, epx_error_t *error) {
  if (why == EPX_ERR_ARGUMENT || why == EPX_ERR_UNSUPPORTED) {
    epx_output_discard(output_);
  } else {
    epx_output_set_aside(output_, error);
  }
  output_ = nullptr;
}

double Waveform::simulate(const std::function<void(sc_core::sc_trace_file *)> &trace,
                          const std::function<bool()> &wanted) {
  TraceFile file;
  bool begun = output_ == nullptr;
  const std::string temporary = output_ != nullptr ? epx_output_temporary(output_) : "";
  const auto close = [&] {
    file.reset();
    if (!is_whole(temporary)) {
      throw WaveformError("cannot write the waveform file " + path_ + " whole: is the disk full?");
    }
  };
  const auto follow = [&] {
    const bool want = !wanted || wanted();
    if (want && !begun) {
      begun = true;
      file = open_trace(temporary);
      trace(file.get());
    } else if (!want && file != nullptr) {
      close();
    }
  };
  const double start = epx_clock_seconds();
  do {
    follow();
    sc_core::sc_start();
  } while (sc_core::sc_get_status() == sc_core::SC_PAUSED);
  const double seconds = epx_clock_seconds() - start;
  if (file != nullptr) {
    close();
  }
  if (!begun) {
    throw std::invalid_argument("waveform: the simulation ended before it was to begin");
  }
  return seconds;
}

}  // namespace epx
