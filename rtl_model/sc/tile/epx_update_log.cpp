// SPDX-License-Identifier: Apache-2.0
#include "epx_update_log.h"

#include <cerrno>
#include <cinttypes>
#include <cstring>

#include "epx_pulsed.h"

namespace epx {

UpdateLog::~UpdateLog() {
  epx_error_t error = {};
  const epx_status_t status = close(&error);  // of a run that failed: told elsewhere
  static_cast<void>(status);
}

epx_status_t UpdateLog::open(const epx_chip_t &chip, const char *updates, const char *pulses,
                             epx_error_t *error) {
  if (pulses != nullptr && !epx_pulsed(&chip)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.pulses.preset: none; the pulse log %s is of devices that pulses "
                    "move",
                    pulses);
  }
  if (pulses != nullptr) {
    const epx_status_t status = epx_pulse_log_open(pulses, &pulses_, error);
    if (status != EPX_OK) {
      return status;
    }
  }
  if (updates == nullptr) {
    return EPX_OK;
  }
  path_ = updates;
  file_ = std::fopen(updates, "w");
  if (file_ == nullptr) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the update log %s: %s", updates,
                    std::strerror(errno));
  }
  std::fputs(
      "step,tile,layer,row_block,column_block,edge,kind,row,unit,bitline,correlation,velocity_"
      "before,velocity_after,value_before,"
      "value_after,code_before,code_after,draw\n",
      file_);
  return EPX_OK;
}

void UpdateLog::write(const UpdatePlace &place, const UpdateRecord &r) {
  if (file_ != nullptr) {
    write_update(place, r);
  }
  if (pulses_ != nullptr && r.pulses != 0) {
    const epx_pulse_record_t record = {
        r.update, place.tile, place.layer, place.row_block, place.column_block,
        r.row,    r.bitline,  r.pulses,    r.value_before,  r.value_after};
    const epx_status_t status = epx_pulse_log_write(pulses_, &record, nullptr);
    static_cast<void>(status);  // told again by close()
  }
}

void UpdateLog::write_update(const UpdatePlace &place, const UpdateRecord &r) {
  std::fprintf(file_, "%" PRIu64 ",%d,%d,%d,%d,%" PRIu64 ",", step_++, place.tile, place.layer,
               place.row_block, place.column_block, r.edge);
  if (r.bias) {
    std::fprintf(file_, "bias,,%d,,", r.unit);
  } else {
    std::fprintf(file_, "weight,%d,%d,%d,", r.row, r.unit, r.bitline);
  }
  std::fprintf(file_, "%" PRId64 ",%" PRId32 ",%" PRId32 ",%" PRId32 ",%" PRId32 ",", r.correlation,
               r.velocity_before, r.velocity_after, r.value_before, r.value_after);
  if (r.bias) {
    std::fputs(",,", file_);
  } else {
    std::fprintf(file_, "%d,%d,", r.code_before, r.code_after);
  }
  r.draw < 0 ? std::fputs("\n", file_) : std::fprintf(file_, "%d\n", r.draw);
}

epx_status_t UpdateLog::close(epx_error_t *error) {
  const epx_status_t status = epx_pulse_log_close(pulses_, error);
  pulses_ = nullptr;
  if (file_ == nullptr) {
    return status;
  }
  errno = 0;
  const bool failed = std::ferror(file_) != 0;
  const bool lost = std::fclose(file_) != 0;
  file_ = nullptr;
  if (failed || lost) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the update log %s: %s", path_,
                    errno != 0 ? std::strerror(errno) : "an earlier write failed");
  }
  return status;
}

}  // namespace epx
