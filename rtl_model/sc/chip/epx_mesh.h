// SPDX-License-Identifier: Apache-2.0
// The chip as a module: nodes and routers on a mesh, the host port, the controller, and the wires.
#ifndef EPX_MESH_H
#define EPX_MESH_H

#include <memory>
#include <systemc>
#include <vector>

#include "epx_controller.h"
#include "epx_host.h"
#include "epx_node.h"
#include "epx_router.h"

namespace epx {

class Mesh : public sc_core::sc_module {
 public:
  Mesh(sc_core::sc_module_name name, ChipTables *tables);

  sc_core::sc_clock clock;
  // Copies the tiles' registers back into the job's layers.
  void store_registers() const;
  // Events by owner and command, of the commands that have ended.
  const epx_ledger_t &ledger() const { return ledger_; }
  uint64_t products() const;
  const Controller &controller() const { return *controller_; }
  void set_predicted(uint8_t *predicted) { predicted_ = predicted; }
  void check_conservation() const;
  // Restricts the waveform; throws std::invalid_argument naming what matches nothing.
  void show(const epx_sc_view_t &view);
  void trace(sc_core::sc_trace_file *file) const;
  // Called after every synapse that any tile updates.
  void watch_updates(
      const std::function<void(const UpdatePlace &, const UpdateRecord &)> &watch) const;

 private:
  // A tile's registers, in the tile's order.
  struct Memory {
    std::vector<int8_t> weight;
    std::vector<int32_t> shadow, velocity, bias_velocity;
    std::vector<uint32_t> written;  // empty where arrays are exact
    epx_sc_memory_t registers;
  };
  struct Link {
    sc_core::sc_signal<Flit> flit;
    sc_core::sc_signal<bool> ready;
  };

  void make_node(int l, int row_block, int column_block);
  void make_router(const std::string &place);
  size_t places() const { return static_cast<size_t>(plan_.floor.rows * plan_.floor.columns); }
  void load_memory(int l, int row_block, int column_block, Memory *memory);
  void connect();
  Link *link();
  void ended(const Command &command);
  void count_events(epx_events_t events[EPX_OWNERS]) const;
  void book_events(epx_command_kind_t kind);
  void stuck() const;
  uint64_t moves() const;

  ChipTables &tables_;
  const epx_plan_t &plan_;
  const uint64_t watchdog_;                                  // cycles
  std::vector<std::unique_ptr<Memory>> memory_;              // by tile
  std::vector<std::unique_ptr<std::vector<int32_t>>> bias_;  // of row block 0, by tile
  std::vector<std::unique_ptr<Node>> node_;
  std::vector<std::unique_ptr<Router>> router_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::unique_ptr<Link>> links_;
  sc_core::sc_signal<bool> reset_n_{"reset_n"};
  sc_core::sc_signal<Command> command_{"command"};
  sc_core::sc_vector<sc_core::sc_signal<bool>> done_, changed_;
  std::vector<bool> shown_;  // by place; empty: all
  uint8_t *predicted_ = nullptr;
  epx_events_t booked_[EPX_OWNERS] = {};  // what is in the ledger so far
  epx_ledger_t ledger_ = {};
};

}  // namespace epx

#endif
