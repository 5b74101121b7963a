// SPDX-License-Identifier: Apache-2.0
#include "epx_update_log.h"

#include <cinttypes>

#include "epx_pulsed.h"

namespace epx {

UpdateLog::~UpdateLog() {
  abandon(EPX_ERR_ARGUMENT, nullptr);
}

epx_status_t UpdateLog::open(const epx_chip_t &chip, const char *updates, const char *pulses,
                             epx_error_t *error) {
  if (pulses != nullptr && !epx_chip_pulsed(&chip)) {
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
  const epx_status_t status = epx_output_open(updates, nullptr, &output_, error);
  if (status != EPX_OK) {
    return status;
  }
  file_ = epx_output_stream(output_);
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
  if (output_ == nullptr) {
    return status;
  }
  epx_error_t second = {};
  const bool written = std::ferror(file_) == 0;
  if (!written) {
    epx_fail(&second, EPX_ERR_IO, "cannot write the update log whole: is the disk full?");
    epx_output_set_aside(output_, &second);
  }
  const epx_status_t ended = written ? epx_output_commit(output_, &second) : EPX_ERR_IO;
  output_ = nullptr;
  file_ = nullptr;
  return status != EPX_OK  ? status
         : ended != EPX_OK ? epx_fail(error, ended, "%s", second.message)
                           : EPX_OK;
}

void UpdateLog::abandon(epx_status_t why, epx_error_t *error) {
  const bool began = why != EPX_ERR_ARGUMENT && why != EPX_ERR_UNSUPPORTED;
  epx_pulse_log_abandon(pulses_, began, error);
  if (began) {
    epx_output_set_aside(output_, error);
  } else {
    epx_output_discard(output_);
  }
  pulses_ = nullptr;
  output_ = nullptr;
  file_ = nullptr;
}

epx_status_t end_outputs(epx_status_t status, Waveform *waveform, UpdateLog *log,
                         epx_error_t *error) {
  if (status != EPX_OK) {
    waveform->abandon(status, error);
    log->abandon(status, error);
    return status;
  }
  status = waveform->close(error);
  const epx_status_t logged = log->close(status == EPX_OK ? error : nullptr);
  return status == EPX_OK ? logged : status;
}

}  // namespace epx
