// SPDX-License-Identifier: Apache-2.0
// What a command asks of a node, and when it has done it.
#include "epx_node.h"

namespace epx {

void Node::clear_duties() {
  forward_next_ = forward_done_ = forward_count_ = 0;
  second_ = Second::None;
  second_next_ = second_done_ = second_count_ = posts_ready_ = 0;
  emit_next_ = emit_ready_ = emit_count_ = 0;
  fire_next_ = fire_done_ = fire_count_ = 0;
  walk_ = Walk::None;
  walk_next_ = walk_count_ = 0;
  posts_next_ = posts_count_ = pooled_ready_ = exchanged_ready_ = states_left_ = 0;
  pixels_left_ = biases_left_ = logits_left_ = softmax_wait_ = updates_left_ = quiet_ = 0;
  partial_index_ = 0;
  credits_ = plan_.chip->psum_buffer;
  pixels_first_ = changed_ = false;
}

// Products on the array: forward vectors, then backward products or correlations.
void Node::begin_products() {
  const bool nudged = command_.opcode == Opcode::Step && command_.beta != 0.0;
  const bool learns =
      command_.opcode == Opcode::Correlate && (!readout() || command_.readout_coefficient != 0);
  const bool relaxes =
      command_.opcode == Opcode::Step && (readout() ? nudged : layer_.parameter > 0);
  const bool reads_out = command_.opcode == Opcode::Predict && readout();
  const bool loads = command_.opcode == Opcode::Load && config_.layer == 0;
  if (reads_out || loads || ((relaxes || learns) && (readout() || layer_.fed))) {
    forward_count_ = positions_ * layer_.window;
  }
  if ((relaxes && layer_.acts_back) || learns) {
    second_ = relaxes ? Second::Backward : Second::Correlate;
    second_count_ = positions_ * sets();
  }
  if (second_ == Second::Backward) {
    emit_count_ = g_.in_height * g_.in_width;
    gathered_ = gathered_own_;  // zeros, unless event-driven
    gathered_left_ = gathered_expected_;
  }
  const bool moves = command_.opcode == Opcode::Step || command_.opcode == Opcode::Recall;
  pixels_first_ =
      (forward_count_ > 0 && (readout() || loads)) || (learns && feedback() && !layer_.fed);
  pixels_left_ = pixels_first_ || (layer_.fed && moves) ? pixels_expected_ : 0;
  states_left_ = home_ && feedback() && moves ? positions_ : 0;
  const bool pooled_first = forward_count_ > 0 && !exchanges();
  posts_count_ = home_ && !readout() && second_count_ > 0 && !pooled_first ? positions_ : 0;
  if (readout() && home_ && config_.column_block == 0 && forward_count_ > 0) {
    logits_left_ = g_.units;
    logits_.assign(static_cast<size_t>(g_.units), 0);
  }
}

// What the home of a state layer's neurons does beside.
void Node::begin_home() {
  const bool has_readout = plan_.readout;
  const bool nudged = command_.opcode == Opcode::Step && command_.beta != 0.0;
  walk_to_ = last() ? plan_.layers : epx_plan_back(&plan_, layer_.parameter + 1);
  switch (command_.opcode) {
    case Opcode::Step:
      fire_count_ = positions_;
      std::fill(feedback_.begin(), feedback_.end(), 0);
      feedback_left_.assign(static_cast<size_t>(positions_), 0);
      if (!last() || (nudged && has_readout)) {
        feedback_left_ = feedback_expected_;
      }
      walk_ = last() && nudged && has_readout ? Walk::Up : Walk::None;
      break;
    case Opcode::Predict:
      walk_ = !last() ? Walk::None : has_readout ? Walk::Up : Walk::ToHost;
      break;
    case Opcode::Correlate:
      walk_ = last() ? (has_readout && command_.readout_coefficient != 0 ? Walk::Up : Walk::None)
              : plan_.layer[walk_to_].fed ? Walk::None
                                          : Walk::Up;
      break;
    case Opcode::Store:
      walk_ = Walk::Store;
      break;
    case Opcode::Recall:
      walk_ = Walk::Recall;
      break;
    default:
      break;
  }
  walk_count_ = walk_ == Walk::None ? 0 : positions_;
}

// Event-driven: what the command that ends drove its array with.
void Node::keep_driven() {
  if (event_driven() && forward_count_ > 0) {
    fresh_ = false;
    input_driven_ = input_[input_bank()];
  }
  if (event_driven() && second_ == Second::Backward) {
    post_driven_ = post_;
    switches_driven_ = switches_[0];
  }
}

void Node::begin(const Command &command) {
  keep_driven();
  const Opcode before = command_.opcode;
  if (before == Opcode::Step || before == Opcode::Recall) {
    newest_ = next_bank();
    free_ = before == Opcode::Recall && plan_.keeps_free ? newest_ : free_;
  }
  command_ = command;
  opcode_trace_ = static_cast<int>(command.opcode);
  clear_duties();
  if (command.opcode == Opcode::Load) {
    free_ = -1;
    for (int bank = 0; bank < 3; ++bank) {
      std::fill(state_[bank].begin(), state_[bank].end(), 0);
      std::fill(input_[bank].begin(), input_[bank].end(), 0);
    }
    fresh_ = true;
    std::fill(input_driven_.begin(), input_driven_.end(), 0);
    std::fill(post_driven_.begin(), post_driven_.end(), 0);
    std::fill(switches_driven_.begin(), switches_driven_.end(), 0);
    std::fill(gathered_own_.begin(), gathered_own_.end(), 0);
  }
  begin_products();
  if (home_ && layer_.role == EPX_ROLE_STATES) {
    begin_home();
  }
  if (command.opcode == Opcode::Update) {
    updates_left_ = 1;
    biases_left_ = home_ && !feedback() ? 1 : 0;
  }
}

bool Node::finished() {
  const bool quiet = !x_offered_ && idle_.read();
  quiet_ = quiet ? quiet_ + 1 : 0;
  return quiet_ >= 2 && forward_done_ == forward_count_ && second_next_ == second_count_ &&
         (second_ != Second::Backward || second_done_ == second_count_) &&
         emit_next_ == emit_count_ && fire_done_ == fire_count_ && walk_next_ == walk_count_ &&
         posts_next_ == posts_count_ && states_left_ == 0 && pixels_left_ == 0 &&
         biases_left_ == 0 && logits_left_ == 0 && softmax_wait_ == 0 && updates_left_ == 0 &&
         partials_.empty() && !a_offered_ && credits_ == plan_.chip->psum_buffer && port_.empty();
}

std::string Node::waits() const {
  if (!working_) {
    return "";
  }
  const auto text = [](int n) { return std::to_string(n); };
  const auto tile_text = [&](int t) { return "tile " + text(t); };
  std::string why;
  const auto add = [&why](const std::string &what) { why += (why.empty() ? "" : ", ") + what; };
  if (pixels_left_ > 0) {
    add(text(pixels_left_) + " pixels of " +
        (config_.layer == 0 ? std::string("the host") : "layer " + text(layer_.parameter - 1)));
  }
  if (forward_done_ < forward_count_ && config_.row_block > 0 && partials_.empty() && !a_offered_ &&
      !(pixels_first_ && pixels_left_ > 0)) {
    add("partial sums of vector " + text(forward_done_) + " from " + tile_text(self_ - 1));
  }
  if (credits_ < plan_.chip->psum_buffer && !home_) {
    add(text(plan_.chip->psum_buffer - credits_) + " credits from " + tile_text(self_ + 1));
  }
  if (states_left_ > 0) {
    add(text(states_left_) + " positions' states from " +
        tile_text(tables_.home(layer_.parameter, config_.column_block)));
  }
  if (posts_next_ < posts_count_ && exchanges() && exchanged_ready_ == posts_next_) {
    add("the switches of position " + text(posts_next_) + " from " +
        tile_text(tables_.home(partner(), config_.column_block)));
  }
  if (second_next_ < second_count_ && second_next_ == posts_ready_ * sets() && !home_) {
    add("the posts of position " + text(posts_ready_) + " from " +
        tile_text(readout() ? tables_.home(config_.layer, 0)
                            : tables_.home(config_.layer, config_.column_block)));
  }
  if (emit_next_ < emit_ready_ && gathered_left_[static_cast<size_t>(emit_next_)] != 0) {
    add("the sums of pixel " + text(emit_next_) + " from " + tile_text(self_ - 1));
  }
  if (fire_next_ < fire_count_ && feedback_left_[static_cast<size_t>(fire_next_)] > 0) {
    add(text(feedback_left_[static_cast<size_t>(fire_next_)]) +
        " packets of feedback for position " + text(fire_next_) + " from layer " +
        text(layer_.parameter + 1));
  }
  if (logits_left_ > 0) {
    add(text(logits_left_) + " logits");
  }
  if (biases_left_ > 0 && config_.row_block > 0) {
    add("biases from " +
        tile_text(tables_.home(config_.layer, config_.column_block) - config_.row_block));
  }
  if (port_.first() != nullptr) {
    add("the network, to take a packet for " + (port_.first()->destination == EPX_HOST
                                                    ? std::string("the host")
                                                    : tile_text(port_.first()->destination)));
  }
  if (!tile.state().empty()) {
    add("its array, at " + tile.state());
  }
  return why.empty() ? "nothing it knows of" : why;
}

}  // namespace epx
