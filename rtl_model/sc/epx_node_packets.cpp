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

// The codes of a position's neurons to every tile above that reads any of them.
void Node::send_state(int position, const uint8_t *codes) {
  const int above = config_.layer + 1;
  const plan_layer_t &layer = plan_.layer[above];
  const std::vector<int64_t> values(codes, codes + units_);
  for (int rb = 0; rb < layer.map.row_blocks; ++rb) {
    const int count = tables_.count(above, rb, position, unit0_, unit0_ + units_);
    for (int cb = 0; count > 0 && cb < layer.map.column_blocks; ++cb) {
      send(PacketKind::Pixel, epx_floorplan_tile(&plan_.floor, above, rb, cb), position, unit0_,
           count, int64_t{count} * layer.code_bits, values.data(), values.size());
    }
  }
}

// Post codes and switches of a position to the other row blocks of this column block.
void Node::send_posts(int position) {
  const size_t at = neuron(position, 0), units = static_cast<size_t>(units_);
  const std::vector<int64_t> values(post_.begin() + static_cast<long>(at),
                                    post_.begin() + static_cast<long>(at + units));
  const int bits = epx_qformat_bits(plan_.chip->state) + layer_.switch_bits;
  for (int rb = 0; rb + 1 < layer_.map.row_blocks; ++rb) {
    Packet *packet = tables_.pool.take();
    packet->kind = PacketKind::Post;
    packet->destination = epx_floorplan_tile(&plan_.floor, config_.layer, rb, config_.column_block);
    packet->index = position;
    packet->count = units_;
    packet->values = values;
    packet->switches.assign(switches_.begin() + static_cast<long>(at),
                            switches_.begin() + static_cast<long>(at + units));
    port_.push(packet, int64_t{units_} * bits);
  }
}

// The read-out's errors to all its tiles: the softmax unit's last act in a step.
void Node::send_errors() {
  std::vector<int32_t> error(logits_.size());
  epx_softmax_error(&tables_.softmax, logits_.data(), g_.units,
                    tables_.job.layers[config_.layer].fraction, command_.label, error.data());
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
  const bool next = !readout() && config_.layer > 0;
  std::vector<uint8_t> &bank = input_[next ? 1 - input_bank_ : input_bank_];
  const size_t at = static_cast<size_t>(packet.index * g_.in_channels + packet.first);
  for (size_t i = 0; i < packet.values.size(); ++i) {
    bank[at + i] = static_cast<uint8_t>(packet.values[i]);
  }
  events_.state_bits_written += static_cast<uint64_t>(packet.count * layer_.code_bits);
  --pixels_left_;
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
    case PacketKind::Post: {
      const size_t at = neuron(packet.index, 0);
      std::copy(packet.values.begin(), packet.values.end(), post_.begin() + static_cast<long>(at));
      std::copy(packet.switches.begin(), packet.switches.end(),
                switches_.begin() + static_cast<long>(at));
      const int bits = readout() ? EPX_SOFTMAX_ERROR_BITS
                                 : epx_qformat_bits(plan_.chip->state) + layer_.switch_bits;
      events_.state_bits_written += static_cast<uint64_t>(packet.count * bits);
      posts_ready_ = packet.index + 1;
      return;
    }
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
