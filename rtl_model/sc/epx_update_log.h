// SPDX-License-Identifier: Apache-2.0
// What the local update circuit did, synapse by synapse, as CSV. A header line, then a line for
// each synapse in the tile's order (row-major, then the biases):
//
//   step             counts from 0
//   edge             rising clock edge since reset
//   kind             weight or bias
//   row              wordline; empty for a bias
//   unit             output channel of the tile
//   bitline          first of the weight's columns; empty for a bias
//   correlation      exact sum that the update consumed
//   velocity_before, velocity_after   codes
//   value_before, value_after         shadow (of a bias: bias) codes
//   code_before, code_after           synapse codes that the cells held and hold; empty for a bias
//   draw             16 random bits of the step's rounding; empty where it draws none
#ifndef EPX_UPDATE_LOG_H
#define EPX_UPDATE_LOG_H

#include <cstdint>
#include <cstdio>

#include "epx_status.h"

namespace epx {

struct UpdateRecord {
  uint64_t edge;
  bool bias;
  int row, unit, bitline;
  int64_t correlation;
  int32_t velocity_before, velocity_after, value_before, value_after;
  int code_before, code_after;
  int draw;    // -1: none
  int pulses;  // of the weight's device, negative ones down
};

class UpdateLog {
 public:
  UpdateLog() = default;
  ~UpdateLog();
  UpdateLog(const UpdateLog &) = delete;
  UpdateLog &operator=(const UpdateLog &) = delete;

  // path NULL: no log, and the others do nothing. EPX_ERR_IO: cannot be written.
  EPX_CHECKED epx_status_t open(const char *path, epx_error_t *error);
  void write(const UpdateRecord &record);
  // EPX_ERR_IO where anything did not reach the file (which then is incomplete).
  EPX_CHECKED epx_status_t close(epx_error_t *error);
  bool is_open() const { return file_ != nullptr; }

 private:
  std::FILE *file_ = nullptr;
  const char *path_ = nullptr;
  uint64_t step_ = 0;
};

}  // namespace epx

#endif
