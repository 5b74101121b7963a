// SPDX-License-Identifier: Apache-2.0
// A node of the chip: a tile, the memories around it, its control and its port to the router.
//
// The tiles of a layer's column block form a chain over its row blocks. Partial sums travel along
// the chain, against credits; its last tile, the home, pools, has the neurons and fires. Feedback
// arrays (unidirectional connections) form chains of their own. Their home has a copy of the states
// and finds switches of its own; the layer's own arrays then make no backward products.
//
// One process moves everything by a cycle. A command is a set of duties, each a counter that runs
// to its end:
//
//   forward   wordline vectors through the array; sums go on to the next row block or are pooled
//   second    with the posts of the home: backward products, or correlations
//   emit      gathered sums of the backward products to the neurons below
//   fire      at home, when a position's sums and all its feedback are there
//   walk      at home, position by position: store, recall, states to the read-out, to feedback
//             arrays that need them for correlations alone, or to the host
//   posts     at home, to its row blocks, where no product has to give the switches: of layer 0
//             (they are static), without pooling; or where the other home's switches are waited for
#ifndef EPX_NODE_H
#define EPX_NODE_H

#include <deque>
#include <map>
#include <string>
#include <systemc>
#include <vector>

#include "epx_chip_tables.h"
#include "epx_command.h"
#include "epx_network_port.h"
#include "epx_sleep.h"
#include "epx_stall.h"
#include "epx_tile.h"

namespace epx {

struct NodeConfig {
  int layer, row_block, column_block;  // tile layer
  TileConfig tile;
};

class Node : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<Command> command_i{"command_i"};
  sc_core::sc_out<bool> done_o{"done_o"};
  sc_core::sc_out<bool> changed_o{"changed_o"};  // a state, in the step that is done
  sc_core::sc_in<Flit> flit_i{"flit_i"};
  sc_core::sc_out<bool> ready_o{"ready_o"};
  sc_core::sc_out<Flit> flit_o{"flit_o"};
  sc_core::sc_in<bool> ready_i{"ready_i"};

  Node(sc_core::sc_module_name name, const NodeConfig &config, ChipTables *tables,
       const std::vector<int32_t> &bias, epx_sc_memory_t *memory);

  const NodeConfig &config() const { return config_; }
  bool home() const { return home_; }
  int self() const { return self_; }
  // States and switches of the home's neurons as they stand, [positions][units].
  const std::vector<uint8_t> &states() const { return state_[newest_]; }
  const std::vector<uint8_t> &switches() const { return switches_[0]; }
  const std::vector<int32_t> &bias() const { return bias_; }  // of the home's neurons
  void add_events(epx_events_t *events) const;
  uint64_t moves() const { return tile.moves() + port_.moves() + moves_; }
  // What it waits for, in words; empty where its part is done.
  std::string waits() const;
  void trace(sc_core::sc_trace_file *file) const override;

  Tile tile;

 private:
  enum class Second { None, Backward, Correlate };
  enum class Walk { None, Store, Recall, Up, ToHost };

  void end_of_elaboration() override;
  void clock_method();
  // epx_node_command.cpp: what a command asks for, and when it is done.
  void begin(const Command &command);
  void clear_duties();
  void begin_products();
  void begin_home();
  bool finished();
  // epx_node_packets.cpp
  void deliver(const Packet &packet);
  void take_pixel(const Packet &packet);
  void take_feedback(const Packet &packet);
  void take_gathered(const Packet &packet);
  void take_logits(const int64_t *logits, int first, int count);
  void send(PacketKind kind, int destination, int index, int first, int count, int64_t bits,
            const int64_t *values, size_t size);
  void send_state(int above, int position, const uint8_t *codes);
  void send_states(int position, const uint8_t *codes);
  void take_state(const Packet &packet);
  void take_post(const Packet &packet);
  void take_switches(const Packet &packet);
  void expect_position(const Packet &packet, const char *what, int expected) const;
  void send_posts(int position);
  void send_switches(int position);
  void send_errors();
  // epx_node_work.cpp: one cycle of each duty.
  void offer_word();
  void offer_partial();
  void take_sums();
  void take_pooled(const TileSums &sums);
  void keep_posts(int position);
  void gather(const TileSums &sums);
  void emit();
  void fire();
  void take_states();
  void walk();
  void walk_posts();
  void softmax();
  void finish_update();
  std::vector<uint8_t> lines(int vector, const std::vector<uint8_t> &memory) const;
  void keep_driven();
  int64_t nudge(int position, int unit);

  bool room() const { return port_.queued() < queue_limit; }
  bool readout() const { return layer_.role == EPX_ROLE_READOUT; }
  bool feedback() const { return layer_.role == EPX_ROLE_FEEDBACK; }
  // Whether correlations need the switches of both sets of weights.
  bool exchanges() const { return command_.opcode == Opcode::Correlate && layer_.sets > 1; }
  int sets() const { return exchanges() ? layer_.sets : 1; }
  // The tile layer that makes the other set's switches.
  int partner() const {
    return feedback() ? layer_.parameter : epx_plan_back(&plan_, layer_.parameter);
  }
  // Sums of overlapping windows are added up along the row blocks; of a dense layer, whose rows do
  // not meet, every row block sends its own.
  bool gathers() const { return layer_.convolves; }
  // Whether errors of every drive stay in sums that arrays hold (epx_neuron_held).
  bool drifts() const { return plan_.chip->event_driven && !epx_chip_exact(plan_.chip); }
  bool event_driven() const { return plan_.chip->event_driven && layer_.parameter > 0; }
  bool last() const { return layer_.parameter + 1 == plan_.layers; }
  // Of two banks the other one; of three the one that does not keep the free states.
  int next_bank() const {
    int bank = 0;
    while (bank == newest_ || bank == free_) {
      ++bank;
    }
    return bank;
  }
  // Rule `different`: one side of a correlation is free, the codes of the layer's own arrays or the
  // posts of its feedback arrays.
  bool correlates_free() const {
    return command_.opcode == Opcode::Correlate && plan_.keeps_free && layer_.parameter > 0;
  }
  int input_bank() const {
    return !layer_.fed ? 0 : correlates_free() && !feedback() ? free_ : newest_;
  }
  int post_bank() const { return correlates_free() && feedback() ? free_ : newest_; }
  size_t neuron(int position, int unit) const {
    return static_cast<size_t>(position) * static_cast<size_t>(units_) + static_cast<size_t>(unit);
  }

  static constexpr size_t queue_limit = 4;  // packets, before new work waits

  const NodeConfig config_;
  ChipTables &tables_;
  const epx_plan_t &plan_;
  const epx_plan_layer_t &layer_;
  const epx_geometry_t &g_;
  const int self_;
  const bool home_;
  const int units_, positions_, unit0_;
  int row0_ = 0, row_end_ = 0;

  // Memories.
  std::vector<uint8_t> input_[3];       // [pixels][channels]
  std::vector<uint8_t> state_[3];       // [positions][units]: of this step, of the next, free ones
  int newest_ = 0, free_ = -1;          // banks of both
  std::vector<int32_t> post_;           // [positions][units]
  std::vector<uint8_t> switches_[2];    // likewise: its own, and those of the partner's arrays
  std::vector<int64_t> pooled_;         // likewise: sums of the home's neurons
  std::vector<int64_t> feedback_;       // likewise
  std::vector<int> feedback_left_;      // [positions]: packets
  std::vector<int> feedback_expected_;  // likewise, of a command with feedback
  std::vector<int64_t> gathered_;       // [pixels][channels]
  std::vector<char> gathered_left_, gathered_expected_;  // [pixels]: from the row block before
  std::map<int, std::vector<uint8_t>> slots_;            // stored states
  // Event-driven: what the array was last driven with, and its own sums of the pixels, without the
  // row block before; fresh: it was not driven since the image came.
  std::vector<uint8_t> input_driven_, switches_driven_;
  std::vector<int32_t> post_driven_;
  std::vector<int64_t> gathered_own_;
  bool fresh_ = true;
  std::vector<int32_t> bias_;                // at home
  const std::vector<int32_t> &bias_memory_;  // of row block 0
  int pixels_expected_ = 0;

  // Duties.
  Command command_;
  bool working_ = false, changed_ = false;
  int forward_next_ = 0, forward_done_ = 0, forward_count_ = 0;
  Second second_ = Second::None;
  int second_next_ = 0, second_done_ = 0, second_count_ = 0, posts_ready_ = 0;
  int emit_next_ = 0, emit_ready_ = 0, emit_count_ = 0;
  int fire_next_ = 0, fire_done_ = 0, fire_count_ = 0;
  Walk walk_ = Walk::None;
  int walk_next_ = 0, walk_count_ = 0;
  int walk_to_ = 0;  // tile layer
  int posts_next_ = 0, posts_count_ = 0, pooled_ready_ = 0, exchanged_ready_ = 0;
  int states_left_ = 0;
  int pixels_left_ = 0, biases_left_ = 0, logits_left_ = 0, softmax_wait_ = 0;
  int updates_left_ = 0, quiet_ = 0;
  bool pixels_first_ = false;
  std::vector<int64_t> logits_;
  std::deque<std::shared_ptr<const TileSums>> partials_;
  int partial_index_ = 0, credits_ = 0;

  // To the tile and back.
  sc_core::sc_signal<bool> x_valid_{"x_valid"}, x_ready_{"x_ready"}, a_valid_{"a_valid"},
      a_ready_{"a_ready"}, p_valid_{"p_valid"}, p_ready_{"p_ready"}, n_valid_{"n_valid"},
      y_valid_{"y_valid"}, idle_{"idle"};
  sc_core::sc_signal<Wire<TileWord>> x_{"x"};
  sc_core::sc_signal<Wire<TileSums>> a_{"a"}, p_{"p"};
  sc_core::sc_signal<Wire<TileNeurons>> n_{"n"};
  sc_core::sc_signal<Wire<TileStates>> y_{"y"};
  bool x_offered_ = false, a_offered_ = false, p_open_ = false, n_offered_ = false;
  NetworkPort port_;
  Stall x_stall_, a_stall_, p_stall_;
  Sleep sleep_;
  epx_events_t events_ = {};
  uint64_t moves_ = 0;  // of duties that neither tile nor port see
  int opcode_trace_ = 0, queued_trace_ = 0;
};

}  // namespace epx

#endif
