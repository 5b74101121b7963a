// SPDX-License-Identifier: Apache-2.0
// What a node sends and takes over the network.
#include "epx_node.h"

namespace epx {

void Node::send(PacketKind kind, int destination, int index, int first, int count, int64_t bits,
                const int64_t *values, size_t size) {
  Packet *packet = tables_.pool.take();
  packet->kind = kind;
  packet->destination = destination;
  packet->index = index;
  packet->first = first;
  packet->count = count;
  packet->values.assign(values, values + size);
  port_.push(packet, bits);
}

// The codes of a position's neurons to every tile of a tile layer above that reads any of them.
void Node::send_state(int above, int position, const uint8_t *codes) {
  const epx_plan_layer_t &layer = plan_.layer[above];
  const std::vector<int64_t> values(codes, codes + units_);
  for (int rb = 0; rb < layer.map.row_blocks; ++rb) {
    const int count = tables_.count(above, rb, position, unit0_, unit0_ + units_);
    for (int cb = 0; count > 0 && cb < layer.map.column_blocks; ++cb) {
      send(PacketKind::Pixel, epx_floorplan_tile(&plan_.floor, above, rb, cb), position, unit0_,
           count, int64_t{count} * layer.code_bits, values.data(), values.size());
    }
  }
}

// New or recalled states to all that need them in the next step.
void Node::send_states(int position, const uint8_t *codes) {
  const int above = layer_.parameter + 1;
  if (!last()) {
    const int back = epx_plan_back(&plan_, above);
    send_state(above, position, codes);
    if (back != above && plan_.layer[back].fed) {
      send_state(back, position, codes);
    }
  }
  if (partner() != config_.layer) {
    const std::vector<int64_t> values(codes, codes + units_);
    send(PacketKind::State, tables_.home(partner(), config_.column_block), position, 0, units_,
         int64_t{units_} * plan_.state_bits, values.data(), values.size());
  }
}

// Post codes and switches of a position to the other row blocks of this column block.
void Node::send_posts(int position) {
  const size_t at = neuron(position, 0), units = static_cast<size_t>(units_);
  const std::vector<int64_t> values(post_.begin() + static_cast<long>(at),
                                    post_.begin() + static_cast<long>(at + units));
  const int bits = plan_.state_bits + sets() * layer_.switch_bits;
  for (int rb = 0; rb + 1 < layer_.map.row_blocks; ++rb) {
    Packet *packet = tables_.pool.take();
    packet->kind = PacketKind::Post;
    packet->destination = epx_floorplan_tile(&plan_.floor, config_.layer, rb, config_.column_block);
    packet->index = position;
    packet->count = units_;
    packet->values = values;
    for (int set = 0; set < sets(); ++set) {
      const auto from = switches_[set].begin() + static_cast<long>(at);
      packet->switches.insert(packet->switches.end(), from, from + units_);
    }
    port_.push(packet, int64_t{units_} * bits);
  }
}

// A position's switches to the home that holds the other set of weights.
void Node::send_switches(int position) {
  const auto from = switches_[0].begin() + static_cast<long>(neuron(position, 0));
  Packet *packet = tables_.pool.take();
  packet->kind = PacketKind::Switches;
  packet->destination = tables_.home(partner(), config_.column_block);
  packet->index = position;
  packet->count = units_;
  packet->switches.assign(from, from + units_);
  port_.push(packet, int64_t{units_} * layer_.switch_bits);
}

// The read-out's errors to all its tiles: the softmax unit's last act in a step.
void Node::send_errors() {
  std::vector<int32_t> error(logits_.size());
  epx_softmax_error(&tables_.softmax, logits_.data(), g_.units,
                    tables_.layer(config_.layer).fraction, command_.label, error.data());
  for (int cb = 0; cb < layer_.map.column_blocks; ++cb) {
    int first, end;
    epx_map_units(&layer_.map, cb, &first, &end);
    const std::vector<int64_t> values(error.begin() + first, error.begin() + end);
    for (int rb = 0; rb < layer_.map.row_blocks; ++rb) {
      const int to = epx_floorplan_tile(&plan_.floor, config_.layer, rb, cb);
      if (to != self_) {
        send(PacketKind::Post, to, 0, 0, end - first, int64_t{end - first} * EPX_SOFTMAX_ERROR_BITS,
             values.data(), values.size());
        continue;
      }
      std::copy(values.begin(), values.end(), post_.begin());
      posts_ready_ = 1;
    }
  }
}

void Node::take_pixel(const Packet &packet) {
  std::vector<uint8_t> &bank = input_[layer_.fed ? next_bank() : 0];
  const size_t at = static_cast<size_t>(packet.index * g_.in_channels + packet.first);
  for (size_t i = 0; i < packet.values.size(); ++i) {
    bank[at + i] = static_cast<uint8_t>(packet.values[i]);
  }
  events_.state_bits_written += static_cast<uint64_t>(packet.count * layer_.code_bits);
  --pixels_left_;
}

void Node::take_state(const Packet &packet) {
  std::copy(packet.values.begin(), packet.values.end(),
            state_[next_bank()].begin() + static_cast<long>(neuron(packet.index, 0)));
  events_.state_bits_written += static_cast<uint64_t>(packet.count * plan_.state_bits);
  --states_left_;
}

// Positions come in their order; one that is missing would leave what stood there before.
void Node::expect_position(const Packet &packet, const char *what, int expected) const {
  if (packet.index != expected) {
    SC_REPORT_ERROR(name(), (std::string(what) + " of position " + std::to_string(packet.index) +
                             " came before those of position " + std::to_string(expected))
                                .c_str());
  }
}

void Node::take_switches(const Packet &packet) {
  expect_position(packet, "switches", exchanged_ready_);
  std::copy(packet.switches.begin(), packet.switches.end(),
            switches_[1].begin() + static_cast<long>(neuron(packet.index, 0)));
  events_.state_bits_written += static_cast<uint64_t>(packet.count * layer_.switch_bits);
  exchanged_ready_ = packet.index + 1;
}

void Node::take_post(const Packet &packet) {
  expect_position(packet, "posts", posts_ready_);
  const long at = static_cast<long>(neuron(packet.index, 0));
  std::copy(packet.values.begin(), packet.values.end(), post_.begin() + at);
  auto from = packet.switches.begin();
  for (int set = 0; from != packet.switches.end(); ++set, from += units_) {
    std::copy(from, from + units_, switches_[set].begin() + at);
  }
  const int bits =
      readout() ? EPX_SOFTMAX_ERROR_BITS : plan_.state_bits + sets() * layer_.switch_bits;
  events_.state_bits_written += static_cast<uint64_t>(packet.count * bits);
  posts_ready_ = packet.index + 1;
}

void Node::take_feedback(const Packet &packet) {
  const size_t at = neuron(packet.index, 0);
  for (size_t u = 0; u < packet.values.size(); ++u) {
    feedback_[at + u] += packet.values[u];
  }
  const uint64_t count = static_cast<uint64_t>(packet.count);
  events_.psum_adds += count;
  events_.accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * count;
  --feedback_left_[static_cast<size_t>(packet.index)];
}

void Node::take_gathered(const Packet &packet) {
  const size_t at = static_cast<size_t>(packet.index * g_.in_channels);
  for (size_t c = 0; c < packet.values.size(); ++c) {
    gathered_[at + c] += packet.values[c];
  }
  const uint64_t count = static_cast<uint64_t>(packet.count);
  events_.psum_adds += count;
  events_.accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * count;
  gathered_left_[static_cast<size_t>(packet.index)] = 0;
}

void Node::take_logits(const int64_t *logits, int first, int count) {
  std::copy(logits, logits + count, logits_.begin() + first);
  logits_left_ -= count;
  if (logits_left_ == 0) {
    softmax_wait_ = 2 * g_.units;
  }
}

void Node::deliver(const Packet &packet) {
  switch (packet.kind) {
    case PacketKind::Pixel:
      take_pixel(packet);
      return;
    case PacketKind::Partial: {
      auto sums = std::make_shared<TileSums>();
      sums->index = packet.index;
      sums->sums = packet.values;
      partials_.push_back(sums);
      if (partials_.size() + (a_offered_ ? 1 : 0) > static_cast<size_t>(plan_.chip->psum_buffer)) {
        SC_REPORT_ERROR(name(), "more partial sums came than the buffer holds");
      }
      return;
    }
    case PacketKind::Credit:
      if (++credits_ > plan_.chip->psum_buffer) {
        SC_REPORT_ERROR(name(), "more credits came than the buffer holds");
      }
      return;
    case PacketKind::State:
      take_state(packet);
      return;
    case PacketKind::Switches:
      take_switches(packet);
      return;
    case PacketKind::Post:
      take_post(packet);
      return;
    case PacketKind::Gathered:
      take_gathered(packet);
      return;
    case PacketKind::Feedback:
      take_feedback(packet);
      return;
    case PacketKind::Logits:
      take_logits(packet.values.data(), packet.first, packet.count);
      return;
    case PacketKind::Bias:
      bias_.assign(packet.values.begin(), packet.values.end());
      biases_left_ = 0;
      return;
    case PacketKind::Score:
      SC_REPORT_ERROR(name(), "a score came to a tile");
      return;
  }
}

}  // namespace epx
