// SPDX-License-Identifier: Apache-2.0
// What travels over the SystemC tile's ports: words in, results out.
#ifndef EPX_TILE_WORD_H
#define EPX_TILE_WORD_H

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <systemc>
#include <vector>

namespace epx {

// Fire goes through the neuron unit's port, the others through the array's.
enum class Operation : int { Forward, Fire, Backward, Correlate, Update };
constexpr int operation_count = 5;

struct TileWord {
  Operation operation = Operation::Forward;
  int index = 0;                  // of the word within its operation
  std::vector<uint8_t> lines;     // forward: [rows]; correlate: [window][rows]
  std::vector<int32_t> post;      // backward, correlate: [units]
  std::vector<uint8_t> switches;  // likewise
  int coefficient = 0;            // correlate
  uint64_t draw = 0;              // epx_array_command; update: its number
  int number = 0;                 // of the word within that command: noise is drawn of both
  // Event-driven products: what the array was last driven with, shaped like the above; fresh: with
  // nothing yet, so that no sums are held. Empty: lines are driven whole.
  std::vector<uint8_t> lines_before;
  std::vector<int32_t> post_before;
  std::vector<uint8_t> switches_before;
  bool fresh = false;
  bool event_driven() const { return !lines_before.empty() || !post_before.empty(); }
};

struct TileSums {
  Operation operation = Operation::Forward;
  int index = 0;                  // forward: of the vector; backward: position * window + place
  bool driven = true;             // false: no line had changed
  std::vector<int64_t> sums;      // of the units; backward, of the rows: event-driven, the change
  std::vector<int64_t> pooled;    // forward, a pooling tile, last of a window: the largest sums
  std::vector<uint8_t> switches;  // and where they stood
};

struct TileNeurons {  // one position's neurons, to be fired
  int index = 0;
  std::vector<int64_t> sums;     // pooled
  std::vector<int64_t> operand;  // bias, feedback and nudge at the accumulator's fraction
};

struct TileStates {
  int index = 0;               // of the neurons' position
  std::vector<uint8_t> state;  // [units]
};

// A constant word on a wire: equal means the same word.
template <typename T>
struct Wire {
  std::shared_ptr<const T> word;
  bool operator==(const Wire &other) const { return word == other.word; }
};
template <typename T>
std::ostream &operator<<(std::ostream &stream, const Wire<T> &wire) {
  return stream << (wire.word ? wire.word->index : -1);
}
// Words are not traced; the index they carry is, by the tile.
template <typename T>
void sc_trace(sc_core::sc_trace_file *, const Wire<T> &, const std::string &) {}

}  // namespace epx

#endif
