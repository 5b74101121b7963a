// SPDX-License-Identifier: Apache-2.0
#include "epx_host.h"

#include <algorithm>

namespace epx {

SC_HAS_PROCESS(Host);

Host::Host(sc_core::sc_module_name name, ChipTables *tables)
    : sc_module(name), tables_(*tables), first_(tables->plan.layer[0]), port_(tables, EPX_HOST) {
  port_.set_stall(Stall(tables->job.stall_percent, tables->job.stall_seed, uint64_t{1} << 33));
  SC_METHOD(clock_method);
  sensitive << clk_i.pos();
  dont_initialize();
}

void Host::begin(const Command &command) {
  const epx_plan_t &plan = tables_.plan;
  command_ = command;
  pixel_ = pixels_ = scores_left_ = compare_wait_ = 0;
  if (command.opcode == Opcode::Load) {
    pixels_ = first_.g.in_height * first_.g.in_width;
    events_.input_bits += first_.g.in_size * static_cast<uint64_t>(first_.code_bits);
  }
  if (command.opcode == Opcode::Predict) {
    scores_left_ = plan.readout ? 1 : plan.layer[plan.layers - 1].g.units;
    scores_.assign(static_cast<size_t>(scores_left_), 0);
  }
}

// To every tile of layer 0 that reads any of its channels.
void Host::send_pixel(int pixel) {
  const int channels = first_.g.in_channels;
  const uint8_t *codes = tables_.job.input +
                         static_cast<size_t>(command_.image) * first_.g.in_size +
                         static_cast<size_t>(pixel * channels);
  for (int rb = 0; rb < first_.map.row_blocks; ++rb) {
    const int count = tables_.count(0, rb, pixel, 0, channels);
    for (int cb = 0; count > 0 && cb < first_.map.column_blocks; ++cb) {
      Packet *packet = tables_.pool.take();
      packet->kind = PacketKind::Pixel;
      packet->destination = epx_floorplan_tile(&tables_.plan.floor, 0, rb, cb);
      packet->index = pixel;
      packet->count = count;
      packet->values.assign(codes, codes + channels);
      port_.push(packet, int64_t{count} * first_.code_bits);
    }
  }
}

// A prediction of the softmax unit, or states of the last layer, of which the largest is found.
void Host::deliver(const Packet &packet) {
  if (tables_.plan.readout) {
    predicted_ = static_cast<int>(packet.values[0]);
    scores_left_ = 0;
    return;
  }
  std::copy(packet.values.begin(), packet.values.end(), scores_.begin() + packet.first);
  scores_left_ -= packet.count;
  if (scores_left_ == 0) {
    compare_wait_ = static_cast<int>(scores_.size());
  }
}

void Host::compare() {
  if (compare_wait_ == 0) {
    return;
  }
  ++moves_;
  if (--compare_wait_ > 0) {
    return;
  }
  events_.softmax_ops += scores_.size();
  predicted_ = static_cast<int>(std::max_element(scores_.begin(), scores_.end()) - scores_.begin());
}

void Host::clock_method() {
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
    if (pixel_ < pixels_ && port_.queued() < 4) {
      send_pixel(pixel_++);
    }
    compare();
    if (pixel_ == pixels_ && scores_left_ == 0 && compare_wait_ == 0 && port_.empty()) {
      working_ = false;
      done_o.write(true);
    }
  }
  port_.offer(&flit_o);
}

std::string Host::waits() const {
  if (!working_) {
    return "";
  }
  if (scores_left_ > 0) {
    return std::to_string(scores_left_) + " scores";
  }
  return "the network, to take a packet";
}

}  // namespace epx
