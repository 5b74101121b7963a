// SPDX-License-Identifier: Apache-2.0
// What local update circuits did, as CSV: one file of every synapse that they updated, and one of
// every device that they pulsed (rtl_model/array/pulse/epx_pulse_log.h). The first is a header
// line, then a line for each synapse, of a tile in its order (row-major, then the biases):
//
//   step             counts lines from 0
//   tile             number on the chip
//   layer            parameter layer (feedback arrays: of the same number, and another tile)
//   row_block, column_block
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

#include "epx_chip.h"
#include "epx_output.h"
#include "epx_pulse_log.h"
#include "epx_status.h"
#include "epx_waveform.h"

namespace epx {

struct UpdateRecord {
  uint64_t edge;
  uint32_t update;  // its number
  bool bias;
  int row, unit, bitline;
  int64_t correlation;
  int32_t velocity_before, velocity_after, value_before, value_after;
  int code_before, code_after;
  int draw;    // -1: none
  int pulses;  // of the weight's device, negative ones down
};

// A tile of the logs.
struct UpdatePlace {
  int tile, layer, row_block, column_block;
};

class UpdateLog {
 public:
  UpdateLog() = default;
  ~UpdateLog();
  UpdateLog(const UpdateLog &) = delete;
  UpdateLog &operator=(const UpdateLog &) = delete;

  // A path that is NULL: no such log. EPX_ERR_IO: cannot be written; EPX_ERR_ARGUMENT: a log of
  // pulses of a chip that has none.
  EPX_CHECKED epx_status_t open(const epx_chip_t &chip, const char *updates, const char *pulses,
                                epx_error_t *error);
  void write(const UpdatePlace &place, const UpdateRecord &record);
  // Gives the files their names. EPX_ERR_IO where anything did not reach one, which then is
  // "<path>.partial", and an older file stays.
  EPX_CHECKED epx_status_t close(epx_error_t *error);
  // Ends the logs of a run that failed with `why`: what there is is kept as "<path>.partial", which
  // the message of *error then says too; of a run that was refused, nothing is kept.
  void abandon(epx_status_t why, epx_error_t *error);
  bool is_open() const { return file_ != nullptr || pulses_ != nullptr; }

 private:
  void write_update(const UpdatePlace &place, const UpdateRecord &record);

  epx_output_t *output_ = nullptr;
  std::FILE *file_ = nullptr;  // of the output
  epx_pulse_log_t *pulses_ = nullptr;
  uint64_t step_ = 0;
};

// Ends the files of a simulation: they take their names where it went well, and what is there is
// set aside where it failed with `status`. Returns the first failure.
epx_status_t end_outputs(epx_status_t status, Waveform *waveform, UpdateLog *log,
                         epx_error_t *error);

}  // namespace epx

#endif
