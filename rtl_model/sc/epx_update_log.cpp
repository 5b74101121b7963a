// SPDX-License-Identifier: Apache-2.0
#include "epx_update_log.h"

#include <cerrno>
#include <cinttypes>
#include <cstring>

namespace epx {

UpdateLog::~UpdateLog() {
  if (file_ != nullptr) {
    std::fclose(file_);
  }
}

epx_status_t UpdateLog::open(const char *path, epx_error_t *error) {
  if (path == nullptr) {
    return EPX_OK;
  }
  path_ = path;
  file_ = std::fopen(path, "w");
  if (file_ == nullptr) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the update log %s: %s", path,
                    std::strerror(errno));
  }
  std::fputs(
      "step,edge,kind,row,unit,bitline,correlation,velocity_before,velocity_after,value_before,"
      "value_after,code_before,code_after,draw\n",
      file_);
  return EPX_OK;
}

void UpdateLog::write(const UpdateRecord &r) {
  if (file_ == nullptr) {
    return;
  }
  std::fprintf(file_, "%" PRIu64 ",%" PRIu64 ",", step_++, r.edge);
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
  if (file_ == nullptr) {
    return EPX_OK;
  }
  errno = 0;
  const bool failed = std::ferror(file_) != 0;
  const bool lost = std::fclose(file_) != 0;
  file_ = nullptr;
  if (failed || lost) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the update log %s: %s", path_,
                    errno != 0 ? std::strerror(errno) : "an earlier write failed");
  }
  return EPX_OK;
}

}  // namespace epx
