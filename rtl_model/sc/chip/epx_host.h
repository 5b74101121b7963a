// SPDX-License-Identifier: Apache-2.0
// The host port, west of tile 0: sends an image's pixels to the tiles of layer 0, takes scores.
#ifndef EPX_HOST_H
#define EPX_HOST_H

#include <systemc>
#include <vector>

#include "epx_chip_tables.h"
#include "epx_command.h"
#include "epx_network_port.h"

namespace epx {

class Host : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<Command> command_i{"command_i"};
  sc_core::sc_out<bool> done_o{"done_o"};
  sc_core::sc_in<Flit> flit_i{"flit_i"};
  sc_core::sc_out<bool> ready_o{"ready_o"};
  sc_core::sc_out<Flit> flit_o{"flit_o"};
  sc_core::sc_in<bool> ready_i{"ready_i"};

  Host(sc_core::sc_module_name name, ChipTables *tables);

  int predicted() const { return predicted_; }
  const epx_events_t &events() const { return events_; }
  uint64_t moves() const { return port_.moves() + moves_; }
  std::string waits() const;

 private:
  void clock_method();
  void begin(const Command &command);
  void send_pixel(int pixel);
  void deliver(const Packet &packet);
  void compare();

  ChipTables &tables_;
  const epx_plan_layer_t &first_;
  Command command_;
  bool working_ = false;
  int pixel_ = 0, pixels_ = 0;              // to send
  int scores_left_ = 0, compare_wait_ = 0;  // to take; cycles of the comparison left
  std::vector<int64_t> scores_;
  int predicted_ = 0;
  NetworkPort port_;
  epx_events_t events_ = {};
  uint64_t moves_ = 0;  // of the comparison
};

}  // namespace epx

#endif
