// SPDX-License-Identifier: Apache-2.0
#include "epx_router.h"

#include <algorithm>
#include <string>

namespace epx {

namespace {
const char *const direction_names[Router::ports] = {"east", "west", "south", "north", "local"};
}

SC_HAS_PROCESS(Router);

Router::Router(sc_core::sc_module_name name, const epx_chip_t &chip, const epx_floorplan_t &plan,
               int tile, int stall_percent, uint32_t stall_seed)
    : sc_module(name),
      plan_(plan),
      buffer_flits_(chip.buffer_flits),
      router_cycles_(chip.router_cycles),
      sleeps_(stall_percent == 0) {
  epx_floorplan_place(&plan_, tile, &x_, &y_);
  for (int port = 0; port < ports; ++port) {
    owner_[port] = -1;
    stall_[port] = Stall(stall_percent, stall_seed, static_cast<uint64_t>(tile * ports + port));
  }
  SC_METHOD(clock_method);
  sensitive << clk_i.pos();
  dont_initialize();
}

void Router::end_of_elaboration() {
  for (const auto &port : flit_i) {
    sleep_.wake_on(port);
  }
}

// Along the row, then along the column; the host lies west of tile 0.
int Router::route(const Packet &packet) const {
  int x, y;
  epx_floorplan_place(&plan_, packet.destination == EPX_HOST ? 0 : packet.destination, &x, &y);
  if (x != x_) {
    return x > x_ ? East : West;
  }
  if (y != y_) {
    return y > y_ ? South : North;
  }
  return packet.destination == EPX_HOST ? West : Local;
}

void Router::send() {
  for (int port = 0; port < ports; ++port) {
    if (out_[port].packet != nullptr && ready_i[static_cast<size_t>(port)].read()) {
      ++flits_of_[out_owner_[port]];
      out_[port] = {};
      ++flits_;
      --buffered_;
    }
  }
}

void Router::take() {
  for (int port = 0; port < ports; ++port) {
    if (!ready_[port]) {
      continue;
    }
    const Flit flit = flit_i[static_cast<size_t>(port)].read();
    if (flit.packet != nullptr) {
      buffer_[port].push_back({flit, edge_ + static_cast<uint64_t>(router_cycles_) - 1});
      ++buffered_;
    }
  }
}

// Moves the flit at the head of an input to an output, where it may go there now.
bool Router::pass(int input, int output) {
  std::deque<Waiting> &buffer = buffer_[input];
  if (read_[input] || buffer.empty() || buffer.front().edge > edge_) {
    return false;
  }
  const Flit flit = buffer.front().flit;
  if (owner_[output] < 0 && (!flit.head() || route(*flit.packet) != output)) {
    return false;
  }
  buffer.pop_front();
  read_[input] = true;
  out_[output] = flit;
  out_owner_[output] = flit.packet->owner;
  owner_[output] = flit.tail() ? -1 : input;
  return true;
}

void Router::arbitrate() {
  std::fill(read_, read_ + ports, false);
  for (int output = 0; output < ports; ++output) {
    if (out_[output].packet != nullptr) {
      continue;
    }
    if (owner_[output] >= 0) {
      pass(owner_[output], output);
      continue;
    }
    for (int i = 0; i < ports; ++i) {
      const int input = (next_[output] + i) % ports;
      if (pass(input, output)) {
        next_[output] = (input + 1) % ports;
        break;
      }
    }
  }
}

void Router::clock_method() {
  if (sleep_.waking()) {
    return;
  }
  if (!rst_ni.read()) {
    for (int port = 0; port < ports; ++port) {
      ready_[port] = true;
      ready_o[static_cast<size_t>(port)].write(true);
    }
    return;
  }
  ++edge_;
  const bool was_empty = buffered_ == 0;
  if (!was_empty) {
    send();
  }
  take();
  if (buffered_ > 0) {
    arbitrate();
  }
  for (int port = 0; port < ports; ++port) {
    if (buffered_ > 0 || !was_empty) {
      flit_o[static_cast<size_t>(port)].write(out_[port]);
    }
    const bool ready =
        static_cast<int>(buffer_[port].size()) < buffer_flits_ && !stall_[port].now();
    if (ready != ready_[port]) {
      ready_[port] = ready;
      ready_o[static_cast<size_t>(port)].write(ready);
    }
    buffered_trace_[port] = static_cast<int>(buffer_[port].size());
    sends_trace_[port] = out_[port].packet != nullptr;
  }
  if (sleeps_ && was_empty && buffered_ == 0) {
    sleep_.sleep();
  }
}

std::string Router::state() const {
  std::string text;
  for (int port = 0; port < ports; ++port) {
    for (const Waiting &waiting : buffer_[port]) {
      if (waiting.flit.head()) {
        text += std::string(text.empty() ? "" : "; ") + "from " + direction_names[port] +
                " a packet of tile " + std::to_string(waiting.flit.packet->source) + " to " +
                (waiting.flit.packet->destination == EPX_HOST
                     ? std::string("the host")
                     : "tile " + std::to_string(waiting.flit.packet->destination)) +
                " wants to go " + direction_names[route(*waiting.flit.packet)];
      }
    }
  }
  return text;
}

void Router::trace(sc_core::sc_trace_file *file) const {
  for (int port = 0; port < ports; ++port) {
    const std::string prefix = std::string(name()) + "." + direction_names[port];
    sc_core::sc_trace(file, buffered_trace_[port], prefix + "_buffered");
    sc_core::sc_trace(file, sends_trace_[port], prefix + "_sends");
  }
}

}  // namespace epx
