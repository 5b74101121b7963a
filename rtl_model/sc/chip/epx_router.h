// SPDX-License-Identifier: Apache-2.0
// A router of the mesh: five ports, XY routing, wormhole switching, a finite buffer at each input.
//
// A link is a flit and a ready line; a flit moves at a rising edge that finds a flit and ready. A
// flit spends router_cycles from the edge at which it enters to the edge at which the next router
// can take it. An output serves the inputs that ask in turn (round robin), and stays with a packet
// until its last flit.
#ifndef EPX_ROUTER_H
#define EPX_ROUTER_H

#include <deque>
#include <systemc>

#include "epx_floorplan.h"
#include "epx_ledger.h"
#include "epx_packet.h"
#include "epx_sleep.h"
#include "epx_stall.h"

namespace epx {

class Router : public sc_core::sc_module {
 public:
  enum Direction : int { East, West, South, North, Local };
  static constexpr int ports = 5;

  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_vector<sc_core::sc_in<Flit>> flit_i{"flit_i", ports};
  sc_core::sc_vector<sc_core::sc_out<bool>> ready_o{"ready_o", ports};
  sc_core::sc_vector<sc_core::sc_out<Flit>> flit_o{"flit_o", ports};
  sc_core::sc_vector<sc_core::sc_in<bool>> ready_i{"ready_i", ports};

  Router(sc_core::sc_module_name name, const epx_chip_t &chip, const epx_floorplan_t &plan,
         int tile, int stall_percent, uint32_t stall_seed);

  uint64_t flits() const { return flits_; }  // that have left
  uint64_t flits_of(int owner) const { return flits_of_[owner]; }
  int buffered() const { return buffered_; }
  // Which packets stand here and where they want to go; empty where there are none.
  std::string state() const;
  void trace(sc_core::sc_trace_file *file) const override;

 private:
  struct Waiting {
    Flit flit;
    uint64_t edge;  // the first at which it may leave
  };
  void end_of_elaboration() override;
  void clock_method();
  int route(const Packet &packet) const;
  void send();
  void take();
  void arbitrate();
  bool pass(int input, int output);

  const epx_floorplan_t plan_;
  int x_ = 0, y_ = 0;
  const int buffer_flits_, router_cycles_;
  std::deque<Waiting> buffer_[ports];
  Flit out_[ports];
  int out_owner_[ports] = {};  // of the flits' packets, which their receivers may have given back
  bool ready_[ports] = {}, read_[ports] = {};  // read_: an input gives one flit a cycle
  int owner_[ports];                           // input whose packet holds the output, or -1
  int next_[ports] = {};
  Stall stall_[ports];
  Sleep sleep_;
  const bool sleeps_;  // stalls are drawn at every edge
  int buffered_ = 0;
  uint64_t edge_ = 0, flits_ = 0, flits_of_[EPX_OWNERS] = {};
  int buffered_trace_[ports] = {};
  bool sends_trace_[ports] = {};
};

}  // namespace epx

#endif
