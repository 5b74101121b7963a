// SPDX-License-Identifier: Apache-2.0
// A module's port to its router: a queue of packets that leave flit by flit, and packets put
// together again from the flits that come.
#ifndef EPX_NETWORK_PORT_H
#define EPX_NETWORK_PORT_H

#include <deque>

#include "epx_chip_tables.h"
#include "epx_stall.h"

namespace epx {

class NetworkPort {
 public:
  NetworkPort(ChipTables *tables, int self)
      : tables_(*tables), self_(self), owner_(epx_plan_owner(&tables->plan, self)) {}
  void set_stall(const Stall &stall) { stall_ = stall; }

  // Puts a packet in the queue; its source and flits are filled in.
  void push(Packet *packet, int64_t payload_bits) {
    packet->source = self_;
    packet->owner = owner_;
    packet->flits = epx_packet_flits(tables_.plan.chip, payload_bits);
    if (++tables_.packets == tables_.job.lose_packet) {
      tables_.pool.give_back(packet);
      return;
    }
    queue_.push_back(packet);
  }
  size_t queued() const { return queue_.size(); }
  bool empty() const { return queue_.empty(); }
  const Packet *first() const { return queue_.empty() ? nullptr : queue_.front(); }
  uint64_t moves() const { return moves_; }

  void reset(sc_core::sc_out<bool> *ready) {
    open_ = true;
    ready->write(true);
  }

  // One cycle; a packet whose last flit has come is handed to `deliver` and given back.
  template <typename Deliver>
  void clock(const sc_core::sc_in<Flit> &in, sc_core::sc_out<bool> *ready,
             sc_core::sc_out<Flit> *out, const sc_core::sc_in<bool> &taken, Deliver deliver) {
    if (offered_ && taken.read()) {
      ++moves_;
      if (++flit_ == queue_.front()->flits) {
        queue_.pop_front();
        flit_ = 0;
      }
      offered_ = false;
      out->write({});
    }
    const Flit flit = in.read();
    if (open_ && flit.packet != nullptr) {
      ++moves_;
      if (flit.tail()) {
        deliver(*flit.packet);
        tables_.pool.give_back(flit.packet);
      }
    }
    const bool open = !stall_.now();
    if (open != open_) {
      open_ = open;
      ready->write(open);
    }
  }
  // Offers the next flit; to be called last in a cycle.
  void offer(sc_core::sc_out<Flit> *out) {
    if (!offered_ && !queue_.empty()) {
      offered_ = true;
      out->write({queue_.front(), flit_});
    }
  }

 private:
  ChipTables &tables_;
  const int self_, owner_;
  std::deque<Packet *> queue_;
  int flit_ = 0;
  bool offered_ = false, open_ = false;
  uint64_t moves_ = 0;
  Stall stall_;
};

}  // namespace epx

#endif
