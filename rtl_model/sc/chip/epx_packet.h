// SPDX-License-Identifier: Apache-2.0
// What travels on the network-on-chip. A packet is moved as flits, one a cycle over each link; the
// first carries the header, the last closes the packet's path.
#ifndef EPX_PACKET_H
#define EPX_PACKET_H

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <systemc>
#include <vector>

namespace epx {

enum class PacketKind : int {
  Pixel,     // input codes of a layer's pixel
  Partial,   // partial sums to the next row block
  Credit,    // the next row block has taken a partial sum out of its buffer
  State,     // a position's states to the home of the layer's feedback arrays
  Switches,  // of a position, between the homes of a layer and of its feedback arrays
  Post,      // post codes and switches of a position to the other row blocks
  Gathered,  // a pixel's sums so far, along the row blocks of a convolution
  Feedback,  // sums of a layer's rows back to the neurons below
  Logits,    // of one column block to the softmax unit
  Bias,      // from row block 0, which learns them, to the home
  Score      // to the host
};

struct Packet {
  PacketKind kind = PacketKind::Pixel;
  int source = 0, destination = 0;  // tiles, or EPX_HOST
  int owner = 0;                    // of the source (epx_ledger.h)
  int index = 0;                    // of the pixel, vector or position
  int first = 0;                    // channel or unit of values[0]
  int count = 0;                    // values that count as sent; the others are zeros
  int flits = 1;
  std::vector<int64_t> values;
  std::vector<uint8_t> switches;  // one set after another
};

struct Flit {
  Packet *packet = nullptr;
  int index = 0;  // within the packet
  bool operator==(const Flit &other) const {
    return packet == other.packet && index == other.index;
  }
  bool head() const { return index == 0; }
  bool tail() const { return index + 1 == packet->flits; }
};
inline std::ostream &operator<<(std::ostream &stream, const Flit &flit) {
  return stream << (flit.packet == nullptr ? -1 : flit.index);
}
// Flits are not traced; routers trace their buffers and what leaves them.
inline void sc_trace(sc_core::sc_trace_file *, const Flit &, const std::string &) {}

// Owns all packets, so that none is lost where a simulation ends in the middle.
class PacketPool {
 public:
  Packet *take() {
    if (free_.empty()) {
      all_.push_back(std::make_unique<Packet>());
      free_.push_back(all_.back().get());
    }
    Packet *packet = free_.back();
    free_.pop_back();
    packet->values.clear();
    packet->switches.clear();
    packet->index = packet->first = packet->count = 0;
    return packet;
  }
  void give_back(Packet *packet) { free_.push_back(packet); }
  size_t travelling() const { return all_.size() - free_.size(); }

 private:
  std::vector<std::unique_ptr<Packet>> all_;
  std::vector<Packet *> free_;
};

}  // namespace epx

#endif
