// SPDX-License-Identifier: Apache-2.0
// The phase controller's program: what it broadcasts to every tile and to the host port.
#ifndef EPX_COMMAND_H
#define EPX_COMMAND_H

#include <ostream>
#include <string>
#include <systemc>

namespace epx {

// Waveforms show the number: 1 load, 2 step, 3 predict, 4 store, 5 recall, 6 correlate, 7 update.
enum class Opcode : int { None, Load, Step, Predict, Store, Recall, Correlate, Update };

struct Command {
  int sequence = 0;  // counts up: a new one is a new command
  Opcode opcode = Opcode::None;
  int image = 0;                // of the mini-batch
  int read = 0;                 // of the image's commands that read arrays; load: 0
  double beta = 0.0;            // step: signed nudging factor, 0: free
  int label = 0;                // of the image
  int slot = 0;                 // store, recall: 0 for s*, 1 + phase for s^beta
  bool with_switches = false;   // store
  int coefficient = 0;          // correlate
  int readout_coefficient = 0;  // correlate; 0: the read-out does not learn in this phase
  bool operator==(const Command &other) const { return sequence == other.sequence; }
};
inline std::ostream &operator<<(std::ostream &stream, const Command &command) {
  return stream << command.sequence;
}
inline void sc_trace(sc_core::sc_trace_file *, const Command &, const std::string &) {}

}  // namespace epx

#endif
