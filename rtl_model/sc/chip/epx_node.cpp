// SPDX-License-Identifier: Apache-2.0
#include "epx_node.h"

namespace epx {

SC_HAS_PROCESS(Node);

Node::Node(sc_core::sc_module_name name, const NodeConfig &config, ChipTables *tables,
           const std::vector<int32_t> &bias, epx_sc_memory_t *memory)
    : sc_module(name),
      tile("tile", config.tile, memory),
      config_(config),
      tables_(*tables),
      plan_(tables->plan),
      layer_(plan_.layer[config.layer]),
      g_(layer_.g),
      self_(epx_floorplan_tile(&plan_.floor, config.layer, config.row_block, config.column_block)),
      home_(config.row_block + 1 == layer_.map.row_blocks),
      units_(config.tile.shape.units),
      positions_(g_.out_height * g_.out_width),
      unit0_(config.column_block * layer_.map.weights_per_tile),
      bias_memory_(bias),
      port_(tables, self_) {
  const size_t neurons = neuron(positions_, 0);
  epx_map_rows(&layer_.map, config.row_block, &row0_, &row_end_);
  for (int bank = 0; bank < 3; ++bank) {
    input_[bank].assign(g_.in_size, 0);
    state_[bank].assign(neurons, 0);
  }
  post_.assign(neurons, 0);
  switches_[0].assign(neurons, 0);
  switches_[1].assign(neurons, 0);
  pooled_.assign(neurons, 0);
  feedback_.assign(neurons, 0);
  feedback_left_.assign(static_cast<size_t>(positions_), 0);
  feedback_expected_.assign(static_cast<size_t>(positions_), 0);
  gathered_.assign(g_.in_size, 0);
  gathered_own_.assign(g_.in_size, 0);
  input_driven_.assign(g_.in_size, 0);
  post_driven_.assign(neurons, 0);
  switches_driven_.assign(neurons, 0);
  gathered_expected_.assign(static_cast<size_t>(g_.in_height * g_.in_width), 0);
  for (size_t pixel = 0; gathers() && pixel < gathered_expected_.size(); ++pixel) {
    gathered_expected_[pixel] =
        config.row_block > 0 && tables_.count_sums(config.layer, config.row_block - 1,
                                                   static_cast<int>(pixel), 0, g_.in_channels) > 0;
  }
  bias_ = bias;
  const bool driven_back =
      layer_.role == EPX_ROLE_STATES && layer_.parameter + 1 < plan_.parameter_layers;
  const int above = driven_back ? epx_plan_back(&plan_, layer_.parameter + 1) : 0;
  for (int p = 0; driven_back && p < positions_; ++p) {
    const epx_plan_layer_t &layer = plan_.layer[above];
    for (int rb = layer.convolves ? layer.map.row_blocks - 1 : 0; rb < layer.map.row_blocks; ++rb) {
      const bool sent = tables_.count_sums(above, rb, p, unit0_, unit0_ + units_) > 0;
      feedback_expected_[static_cast<size_t>(p)] += sent ? layer.map.column_blocks : 0;
    }
  }
  for (int pixel = 0; pixel < g_.in_height * g_.in_width; ++pixel) {
    const int below = layer_.parameter - 1;
    const int sources = below < 0 ? 1 : plan_.layer[below].map.column_blocks;
    for (int cb = 0; cb < sources; ++cb) {
      int first = 0, end = g_.in_channels;
      if (below >= 0) {
        epx_map_units(&plan_.layer[below].map, cb, &first, &end);
      }
      pixels_expected_ += tables_.count(config.layer, config.row_block, pixel, first, end) > 0;
    }
  }
  const auto stall = [&](int channel) {
    return Stall(tables_.job.stall_percent, tables_.job.stall_seed,
                 (uint64_t{1} << 32) + static_cast<uint64_t>(self_ * 4 + channel));
  };
  x_stall_ = stall(0);
  a_stall_ = stall(1);
  p_stall_ = stall(2);
  port_.set_stall(stall(3));
  tile.clk_i(clk_i);
  tile.rst_ni(rst_ni);
  tile.x_valid_i(x_valid_);
  tile.x_i(x_);
  tile.x_ready_o(x_ready_);
  tile.a_valid_i(a_valid_);
  tile.a_i(a_);
  tile.a_ready_o(a_ready_);
  tile.p_valid_o(p_valid_);
  tile.p_o(p_);
  tile.p_ready_i(p_ready_);
  tile.n_valid_i(n_valid_);
  tile.n_i(n_);
  tile.y_valid_o(y_valid_);
  tile.y_o(y_);
  tile.idle_o(idle_);
  SC_METHOD(clock_method);
  sensitive << clk_i.pos();
  dont_initialize();
}

void Node::end_of_elaboration() {
  sleep_.wake_on(flit_i);
  sleep_.wake_on(command_i);
}

void Node::clock_method() {
  if (sleep_.waking()) {
    return;
  }
  if (!rst_ni.read()) {
    port_.reset(&ready_o);
    done_o.write(true);
    return;
  }
  port_.clock(flit_i, &ready_o, &flit_o, ready_i,
              [this](const Packet &packet) { deliver(packet); });
  if (command_i.read().sequence != command_.sequence) {
    begin(command_i.read());
    working_ = true;
    done_o.write(false);
  }
  if (working_) {
    take_sums();
    take_states();
    offer_partial();
    offer_word();
    emit();
    fire();
    walk();
    walk_posts();
    softmax();
    finish_update();
    if (finished()) {
      working_ = false;
      changed_o.write(changed_);
      done_o.write(true);
    }
    // Sums may use room that the other duties leave: the array must not wait for them.
    const bool open =
        working_ && port_.queued() < 2 * queue_limit && (home_ || credits_ > 0) && !p_stall_.now();
    if (open != p_open_) {
      p_open_ = open;
      p_ready_.write(open);
    }
  }
  port_.offer(&flit_o);
  queued_trace_ = static_cast<int>(port_.queued());
  const bool fired = n_offered_ || y_valid_.read();
  if (!working_ && port_.empty() && !fired && tables_.job.stall_percent == 0 &&
      flit_i.read().packet == nullptr) {
    sleep_.sleep();
  }
}

void Node::add_events(epx_events_t *events) const {
  epx_events_add(events, &events_, 1);
  epx_events_add(events, &tile.events(), 1);
}

void Node::trace(sc_core::sc_trace_file *file) const {
  const std::string prefix = std::string(name()) + ".";
  const auto add = [&](const auto &value, const char *text) {
    sc_core::sc_trace(file, value, prefix + text);
  };
  add(opcode_trace_, "command");
  add(working_, "working");
  add(forward_next_, "forward_word");
  add(forward_done_, "forward_done");
  add(second_next_, "second_word");
  add(second_done_, "second_done");
  add(emit_next_, "feedback_pixel");
  add(fire_done_, "fired");
  add(pixels_left_, "pixels_left");
  add(credits_, "credits");
  add(queued_trace_, "packets_queued");
  tile.trace_in_chip(file);
}

}  // namespace epx
