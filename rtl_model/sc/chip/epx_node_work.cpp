// SPDX-License-Identifier: Apache-2.0
// One cycle of each of a node's duties.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "epx_node.h"
#include "epx_patch.h"

namespace epx {

// The wordlines of a vector: codes where the kernel lies on the image, else the code of zero.
std::vector<uint8_t> Node::lines(int vector, const std::vector<uint8_t> &memory) const {
  const uint8_t zero =
      static_cast<uint8_t>(config_.layer == 0 ? 1 << (config_.tile.shape.input_bits - 1) : 0);
  std::vector<uint8_t> codes(static_cast<size_t>(row_end_ - row0_), zero);
  epx_patch_t run =
      epx_patch_of(&g_, vector / layer_.window, vector % layer_.window, row0_, row_end_);
  while (epx_patch_next(&run)) {
    if (run.inside) {
      std::memcpy(codes.data() + (run.row - row0_), memory.data() + epx_patch_at(&run),
                  static_cast<size_t>(run.count));
    }
  }
  return codes;
}

void Node::offer_word() {
  if (x_offered_ && x_ready_.read()) {
    x_offered_ = false;
    x_valid_.write(false);
  }
  if (x_offered_ || x_stall_.now()) {
    return;
  }
  if (pixels_first_ && pixels_left_ > 0) {
    return;
  }
  const bool vectors = forward_next_ < forward_count_;
  const bool positions = second_next_ < std::min(second_count_, posts_ready_ * sets());
  if (!vectors && !positions && updates_left_ != 1) {
    return;
  }
  auto word = std::make_shared<TileWord>();
  word->draw = epx_array_command(tables_.job.first_image + static_cast<uint64_t>(command_.image),
                                 static_cast<uint64_t>(command_.read));
  if (vectors) {
    word->operation = Operation::Forward;
    word->index = forward_next_++;
    word->lines = lines(word->index, input_[input_bank()]);
    if (event_driven()) {
      word->lines_before = lines(word->index, input_driven_);
      word->fresh = fresh_;
    }
  } else if (positions) {
    word->index = second_next_ / sets();
    const std::vector<uint8_t> &switches = switches_[second_next_++ % sets()];
    const long at = static_cast<long>(neuron(word->index, 0));
    word->post.assign(post_.begin() + at, post_.begin() + at + units_);
    word->switches.assign(switches.begin() + at, switches.begin() + at + units_);
    word->operation = Operation::Backward;
    if (event_driven() && second_ == Second::Backward) {
      word->post_before.assign(post_driven_.begin() + at, post_driven_.begin() + at + units_);
      word->switches_before.assign(switches_driven_.begin() + at,
                                   switches_driven_.begin() + at + units_);
    }
    if (second_ == Second::Correlate) {
      word->operation = Operation::Correlate;
      word->coefficient = readout() ? command_.readout_coefficient : command_.coefficient;
      for (int place = 0; place < layer_.window; ++place) {
        const std::vector<uint8_t> pre =
            lines(word->index * layer_.window + place, input_[input_bank()]);
        word->lines.insert(word->lines.end(), pre.begin(), pre.end());
      }
    }
  } else {
    word->operation = Operation::Update;
    word->draw = tables_.job.update_number;
    updates_left_ = 2;
  }
  word->number = word->index;
  x_offered_ = true;
  quiet_ = 0;
  x_valid_.write(true);
  x_.write({word});
}

void Node::offer_partial() {
  if (a_offered_ && a_ready_.read()) {
    a_offered_ = false;
    a_valid_.write(false);
    send(PacketKind::Credit, self_ - 1, partial_index_++, 0, 0, 0, nullptr, 0);
  }
  if (!a_offered_ && !partials_.empty() && !a_stall_.now()) {
    a_.write({partials_.front()});
    a_valid_.write(true);
    a_offered_ = true;
    partials_.pop_front();
  }
}

void Node::take_sums() {
  if (!p_open_ || !p_valid_.read()) {
    return;
  }
  const TileSums &sums = *p_.read().word;
  if (sums.operation == Operation::Backward) {
    gather(sums);
    return;
  }
  ++forward_done_;
  if (!home_) {
    --credits_;
    send(PacketKind::Partial, self_ + 1, sums.index, 0, units_,
         int64_t{units_} * EPX_ACCUMULATOR_BITS, sums.sums.data(), sums.sums.size());
  } else if (!sums.pooled.empty()) {
    take_pooled(sums);
  }
}

void Node::take_pooled(const TileSums &sums) {
  const int position = sums.index / layer_.window;
  const size_t at = neuron(position, 0);
  if (readout()) {
    const epx_plan_layer_t &numbers = tables_.layer(config_.layer);
    std::vector<int64_t> logits;
    for (size_t u = 0; u < sums.pooled.size(); ++u) {
      logits.push_back(sums.pooled[u] * (int64_t{1} << numbers.forward_shift) +
                       epx_neuron_bias(bias_[u], plan_.chip->bias, numbers.fraction));
    }
    const int unit = tables_.home(config_.layer, 0);
    if (unit == self_) {
      take_logits(logits.data(), unit0_, units_);
    } else {
      send(PacketKind::Logits, unit, 0, unit0_, units_, int64_t{units_} * EPX_ACCUMULATOR_BITS,
           logits.data(), logits.size());
    }
    return;
  }
  std::copy(sums.switches.begin(), sums.switches.end(),
            switches_[0].begin() + static_cast<long>(at));
  if (command_.opcode != Opcode::Correlate && !feedback()) {
    std::copy(sums.pooled.begin(), sums.pooled.end(), pooled_.begin() + static_cast<long>(at));
    events_.accumulator_bits += EPX_ACCUMULATOR_BITS * sums.pooled.size();
  }
  pooled_ready_ = position + 1;
  if (exchanges()) {
    send_switches(position);
  } else if (second_ != Second::None) {
    keep_posts(position);
  }
}

// Puts a position's states where correlations and backward products find them, here and in the
// other row blocks.
void Node::keep_posts(int position) {
  const long at = static_cast<long>(neuron(position, 0));
  const auto from = state_[post_bank()].begin() + at;
  std::copy(from, from + units_, post_.begin() + at);
  posts_ready_ = position + 1;
  send_posts(position);
}

// Adds the sums of one place of a window to the pixels that its patch covers.
void Node::gather(const TileSums &sums) {
  const int position = sums.index / layer_.window, place = sums.index % layer_.window;
  epx_patch_t run = epx_patch_of(&g_, position, place, row0_, row_end_);
  while (sums.driven && epx_patch_next(&run)) {
    const size_t at = run.inside ? epx_patch_at(&run) : 0;
    for (size_t i = 0; run.inside && i < static_cast<size_t>(run.count); ++i) {
      const int64_t sum = sums.sums[static_cast<size_t>(run.row - row0_) + i];
      gathered_[at + i] += sum;
      if (event_driven()) {
        gathered_own_[at + i] += sum;
      }
      if (layer_.convolves || event_driven()) {
        ++events_.psum_adds;
        events_.accumulator_bits += 2 * EPX_ACCUMULATOR_BITS;
      }
    }
  }
  if (place + 1 < layer_.window) {
    return;
  }
  ++second_done_;
  emit_ready_ = epx_patch_pixels_done(&g_, second_done_ / g_.out_width);
}

// A finished pixel's sums to the next row block or to the neurons below, a pixel a cycle.
void Node::emit() {
  if (emit_next_ == std::min(emit_ready_, emit_count_) || !room() ||
      gathered_left_[static_cast<size_t>(emit_next_)] != 0) {
    return;
  }
  const int below = layer_.parameter - 1, pixel = emit_next_++, channels = g_.in_channels;
  if (gathers() && !home_) {
    const int count = tables_.count_sums(config_.layer, config_.row_block, pixel, 0, channels);
    if (count > 0) {
      send(PacketKind::Gathered, self_ + 1, pixel, 0, count, int64_t{count} * EPX_ACCUMULATOR_BITS,
           gathered_.data() + static_cast<size_t>(pixel * channels), static_cast<size_t>(channels));
    }
    return;
  }
  const epx_layer_map_t &map = plan_.layer[below].map;
  for (int cb = 0; cb < map.column_blocks; ++cb) {
    int first, end;
    epx_map_units(&map, cb, &first, &end);
    const int count = tables_.count_sums(config_.layer, config_.row_block, pixel, first, end);
    if (count > 0) {
      const int64_t *sums = gathered_.data() + static_cast<size_t>(pixel * channels + first);
      send(PacketKind::Feedback, tables_.home(below, cb), pixel, 0, count,
           int64_t{count} * EPX_ACCUMULATOR_BITS, sums, static_cast<size_t>(end - first));
    }
  }
}

// The nudge of a neuron of the last layer at its accumulator's fraction.
int64_t Node::nudge(int position, int unit) {
  const epx_plan_layer_t &numbers = tables_.layer(config_.layer);
  const int state_fraction = plan_.chip->state.fraction_bits;
  int64_t push = 0;
  int fraction = state_fraction;
  if (plan_.readout) {
    const int64_t product = feedback_[neuron(position, unit)];
    push = drifts() ? epx_neuron_held(product, 0) : product;
    fraction = EPX_SOFTMAX_FRACTION + epx_chip_synapse(plan_.chip, plan_.layers).fraction_bits;
  } else {
    const int code = state_[newest_][neuron(position, unit)];
    push = (unit0_ + unit == command_.label ? 1 << fraction : 0) - code;
    ++events_.psum_adds;
  }
  ++events_.scale_ops;
  return epx_neuron_nudge(epx_nudge_scale(command_.beta, fraction, numbers.fraction), command_.beta,
                          push);
}

void Node::fire() {
  if (n_offered_) {
    n_offered_ = false;
    n_valid_.write(false);
  }
  const int position = fire_next_;
  if (position == fire_count_ || !room() || feedback_left_[static_cast<size_t>(position)] > 0 ||
      (forward_count_ > 0 && forward_done_ < (position + 1) * layer_.window)) {
    return;
  }
  const epx_plan_layer_t &numbers = tables_.layer(config_.layer);
  auto neurons = std::make_shared<TileNeurons>();
  neurons->index = position;
  for (int u = 0; u < units_; ++u) {
    const size_t at = neuron(position, u);
    int64_t operand =
        epx_neuron_bias(bias_[static_cast<size_t>(u)], plan_.chip->bias, numbers.fraction);
    if (!last()) {
      const int64_t product =
          drifts() ? epx_neuron_held(feedback_[at], numbers.backward_shift) : feedback_[at];
      operand += product * (int64_t{1} << numbers.backward_shift);
    } else if (command_.beta != 0.0) {
      operand += nudge(position, u);
    }
    neurons->sums.push_back(pooled_[at]);
    neurons->operand.push_back(operand);
  }
  events_.accumulator_bits += EPX_ACCUMULATOR_BITS * static_cast<uint64_t>(units_);
  ++fire_next_;
  n_offered_ = true;
  n_valid_.write(true);
  n_.write({neurons});
}

void Node::take_states() {
  if (!y_valid_.read()) {
    return;
  }
  const TileStates &states = *y_.read().word;
  const size_t at = neuron(states.index, 0);
  uint8_t *to = state_[next_bank()].data() + at;
  std::copy(states.state.begin(), states.state.end(), to);
  changed_ = changed_ || std::memcmp(to, state_[newest_].data() + at, states.state.size()) != 0;
  send_states(states.index, to);
  ++fire_done_;
}

void Node::walk() {
  if (walk_next_ == walk_count_ || !room()) {
    return;
  }
  ++moves_;
  const int position = walk_next_++;
  const size_t at = neuron(position, 0), units = static_cast<size_t>(units_);
  const uint8_t *newest = state_[newest_].data() + at;
  const int state_bits = epx_qformat_bits(plan_.chip->state);
  const int bits = state_bits + (command_.with_switches ? layer_.switch_bits : 0);
  switch (walk_) {
    case Walk::Store: {
      std::vector<uint8_t> &slot = slots_[command_.slot];
      slot.resize(state_[0].size());
      std::copy(newest, newest + units, slot.begin() + static_cast<long>(at));
      break;
    }
    case Walk::Recall: {
      uint8_t *next = state_[next_bank()].data() + at;
      const std::vector<uint8_t> &slot = slots_.at(command_.slot);
      std::copy(slot.begin() + static_cast<long>(at), slot.begin() + static_cast<long>(at + units),
                next);
      send_states(position, next);
      break;
    }
    case Walk::Up:
      send_state(walk_to_, position, newest);
      return;
    case Walk::ToHost: {
      const std::vector<int64_t> values(newest, newest + units);
      send(PacketKind::Score, EPX_HOST, position, unit0_, units_, int64_t{units_} * state_bits,
           values.data(), values.size());
      return;
    }
    case Walk::None:
      return;
  }
  events_.state_bits_read += units * static_cast<uint64_t>(bits);
  events_.state_bits_written += units * static_cast<uint64_t>(bits);
}

void Node::walk_posts() {
  const int ready = exchanges() ? std::min(pooled_ready_, exchanged_ready_) : posts_count_;
  if (posts_next_ < std::min(posts_count_, ready) && room()) {
    keep_posts(posts_next_++);
  }
}

void Node::softmax() {
  if (softmax_wait_ == 0) {
    return;
  }
  ++moves_;
  if (--softmax_wait_ > 0) {
    return;
  }
  events_.softmax_ops += logits_.size();
  if (command_.opcode != Opcode::Predict) {
    send_errors();
    return;
  }
  const auto best = std::max_element(logits_.begin(), logits_.end());
  const int64_t predicted = best - logits_.begin();
  send(PacketKind::Score, EPX_HOST, 0, 0, 1, EPX_ACCUMULATOR_BITS, &predicted, 1);
}

// After the update the biases, which row block 0 learns, go to the home.
void Node::finish_update() {
  if (updates_left_ != 2 || quiet_ < 2) {
    return;
  }
  updates_left_ = 0;
  if (!config_.tile.shape.bias) {
    return;
  }
  if (home_) {
    bias_ = bias_memory_;
    biases_left_ = 0;
    return;
  }
  const std::vector<int64_t> values(bias_memory_.begin(), bias_memory_.end());
  send(PacketKind::Bias, tables_.home(config_.layer, config_.column_block), 0, 0, units_,
       int64_t{units_} * epx_qformat_bits(plan_.chip->bias), values.data(), values.size());
}

}  // namespace epx
