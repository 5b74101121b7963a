// SPDX-License-Identifier: Apache-2.0
#include "epx_mesh.h"

#include <fnmatch.h>

#include <algorithm>
#include <stdexcept>

#include "epx_simulation.h"

namespace epx {

Mesh::Mesh(sc_core::sc_module_name name, ChipTables *tables)
    : sc_module(name),
      clock("clock", clock_period(tables->plan.chip->clock_mhz)),
      tables_(*tables),
      plan_(tables->plan),
      watchdog_(tables->job.watchdog_cycles > 0 ? tables->job.watchdog_cycles : 10000),
      done_("done", static_cast<size_t>(plan_.floor.tiles) + 1),
      changed_("changed", static_cast<size_t>(plan_.floor.tiles)) {
  for (int i = 0; i < plan_.tile_layers; ++i) {  // in the order of the tiles' numbers
    const int l = epx_tile_layer_placed(plan_.network, i);
    for (int cb = 0; cb < plan_.layer[l].map.column_blocks; ++cb) {
      for (int rb = 0; rb < plan_.layer[l].map.row_blocks; ++rb) {
        make_node(l, rb, cb);
      }
    }
  }
  for (size_t i = node_.size(); i < places(); ++i) {  // the mesh is a rectangle
    make_router("unused_" + std::to_string(i));
  }
  host_ = std::make_unique<Host>("host", tables);
  controller_ = std::make_unique<Controller>(
      "controller", make_program(tables_.job), plan_.floor.tiles, plan_.chip->stop_settled,
      watchdog_, [this](const Command &command) { ended(command); }, [this] { return moves(); },
      [this] { stuck(); });
  connect();
}

// The twin's [unit][row] registers of one tile, as [row][unit].
void Mesh::load_memory(int l, int row_block, int column_block, Memory *memory) {
  const epx_plan_layer_t &layer = plan_.layer[l];
  const epx_sc_layer_t &numbers = tables_.job.layers[l];
  int row, row_end, unit, unit_end;
  epx_map_rows(&layer.map, row_block, &row, &row_end);
  epx_map_units(&layer.map, column_block, &unit, &unit_end);
  for (int k = row; k < row_end; ++k) {
    for (int u = unit; u < unit_end; ++u) {
      const size_t at =
          static_cast<size_t>(u) * static_cast<size_t>(layer.map.fan_in) + static_cast<size_t>(k);
      memory->shadow.push_back(numbers.shadow[at]);
      memory->velocity.push_back(numbers.velocity[at]);
      memory->weight.push_back(epx_update_visible(numbers.shadow[at], plan_.chip->shadow_bits,
                                                  epx_chip_synapse(plan_.chip, layer.parameter)));
      if (numbers.written != nullptr) {
        memory->written.push_back(numbers.written[at]);
      }
    }
  }
  const size_t at_reaches =
      epx_map_reaches(&layer.map, column_block * layer.map.row_blocks + row_block);
  bias_.push_back(std::make_unique<std::vector<int32_t>>());
  if (layer.role != EPX_ROLE_FEEDBACK) {
    memory->bias_velocity.assign(numbers.bias_velocity + unit, numbers.bias_velocity + unit_end);
    bias_.back()->assign(numbers.bias + unit, numbers.bias + unit_end);
  }
  memory->registers = {memory->weight.data(),
                       memory->shadow.data(),
                       memory->velocity.data(),
                       bias_.back()->data(),
                       memory->bias_velocity.data(),
                       numbers.lfsr[row_block * layer.map.column_blocks + column_block].state,
                       numbers.written != nullptr ? memory->written.data() : nullptr,
                       numbers.reaches != nullptr ? numbers.reaches + at_reaches : nullptr};
}

void Mesh::make_node(int l, int row_block, int column_block) {
  const epx_sc_layer_t &numbers = tables_.job.layers[l];
  memory_.push_back(std::make_unique<Memory>());
  load_memory(l, row_block, column_block, memory_.back().get());
  NodeConfig config = {l, row_block, column_block, {}};
  config.tile.chip = *plan_.chip;
  config.tile.shape = epx_plan_tile(&plan_, l, row_block, column_block);
  config.tile.number = epx_floorplan_tile(&plan_.floor, l, row_block, column_block);
  config.tile.synapse = epx_chip_synapse(plan_.chip, plan_.layer[l].parameter);
  config.tile.neuron = plan_.layer[l].neuron;
  config.tile.forward_shift = plan_.layer[l].forward_shift;
  config.tile.weight_circuit = numbers.weight_circuit;
  config.tile.bias_circuit = numbers.bias_circuit;
  char layer[EPX_OWNER_NAME_SIZE];
  const std::string place = std::string(epx_plan_owner_name(&plan_, l, layer)) + "_r" +
                            std::to_string(row_block) + "_c" + std::to_string(column_block);
  node_.push_back(std::make_unique<Node>(place.c_str(), config, &tables_, *bias_.back(),
                                         &memory_.back()->registers));
  make_router(place);
}

void Mesh::make_router(const std::string &place) {
  router_.push_back(std::make_unique<Router>(("router_" + place).c_str(), *plan_.chip, plan_.floor,
                                             static_cast<int>(router_.size()),
                                             tables_.job.stall_percent, tables_.job.stall_seed));
}

Mesh::Link *Mesh::link() {
  links_.push_back(std::make_unique<Link>());
  return links_.back().get();
}

void Mesh::connect() {
  const auto common = [this](auto &module, size_t listener) {
    module.clk_i(clock);
    module.rst_ni(reset_n_);
    module.command_i(command_);
    module.done_o(done_[listener]);
  };
  const auto join = [this](Router *router, size_t port, auto &end) {  // a router and an end point
    Link *out = link(), *in = link();
    router->flit_o[port](out->flit);
    router->ready_i[port](out->ready);
    end.flit_i(out->flit);
    end.ready_o(out->ready);
    end.flit_o(in->flit);
    end.ready_i(in->ready);
    router->flit_i[port](in->flit);
    router->ready_o[port](in->ready);
  };
  std::vector<std::vector<bool>> joined(places(), std::vector<bool>(Router::ports, false));
  const auto pair = [&](size_t a, Router::Direction a_side, size_t b, Router::Direction b_side) {
    const auto one_way = [this](Router *from, size_t out, Router *to, size_t in) {
      Link *wire = link();
      from->flit_o[out](wire->flit);
      from->ready_i[out](wire->ready);
      to->flit_i[in](wire->flit);
      to->ready_o[in](wire->ready);
    };
    one_way(router_[a].get(), a_side, router_[b].get(), b_side);
    one_way(router_[b].get(), b_side, router_[a].get(), a_side);
    joined[a][a_side] = joined[b][b_side] = true;
  };
  std::vector<std::vector<size_t>> at(
      static_cast<size_t>(plan_.floor.rows),
      std::vector<size_t>(static_cast<size_t>(plan_.floor.columns)));
  for (size_t i = 0; i < places(); ++i) {
    int x, y;
    epx_floorplan_place(&plan_.floor, static_cast<int>(i), &x, &y);
    at[static_cast<size_t>(y)][static_cast<size_t>(x)] = i;
    router_[i]->clk_i(clock);
    router_[i]->rst_ni(reset_n_);
    if (i < node_.size()) {
      common(*node_[i], i);
      node_[i]->changed_o(changed_[i]);
      join(router_[i].get(), Router::Local, *node_[i]);
      joined[i][Router::Local] = true;
    }
  }
  common(*host_, node_.size());
  join(router_[0].get(), Router::West, *host_);
  joined[0][Router::West] = true;
  for (size_t y = 0; y < at.size(); ++y) {
    for (size_t x = 0; x < at[y].size(); ++x) {
      if (x + 1 < at[y].size()) {
        pair(at[y][x], Router::East, at[y][x + 1], Router::West);
      }
      if (y + 1 < at.size()) {
        pair(at[y][x], Router::South, at[y + 1][x], Router::North);
      }
    }
  }
  for (size_t i = 0; i < places(); ++i) {  // the rim, and routers without a tile
    for (size_t port = 0; port < Router::ports; ++port) {
      if (!joined[i][port]) {
        Link *out = link(), *in = link();
        router_[i]->flit_o[port](out->flit);
        router_[i]->ready_i[port](out->ready);
        router_[i]->flit_i[port](in->flit);
        router_[i]->ready_o[port](in->ready);
      }
    }
  }
  controller_->clk_i(clock);
  controller_->rst_no(reset_n_);
  controller_->command_o(command_);
  controller_->done_i(done_);
  controller_->changed_i(changed_);
}

uint64_t Mesh::moves() const {
  uint64_t sum = host_->moves();
  for (const auto &node : node_) {
    sum += node->moves();
  }
  for (const auto &router : router_) {
    sum += router->flits();
  }
  return sum;
}

// A deadlock: who waits for whom.
void Mesh::stuck() const {
  std::string text = "deadlock: nothing has moved for " + std::to_string(watchdog_) + " cycles.";
  const auto add = [&text](const std::string &who, const std::string &why) {
    if (!why.empty() && text.size() < 1500) {
      text += " " + who + " waits for " + why + ".";
    }
  };
  for (size_t i = 0; i < places(); ++i) {
    if (i < node_.size()) {
      add("Tile " + std::to_string(i) + " (" + node_[i]->basename() + ")", node_[i]->waits());
    }
    if (!router_[i]->state().empty() && text.size() < 1500) {
      text += " In the router of tile " + std::to_string(i) + " " + router_[i]->state() + ".";
    }
  }
  add("The host", host_->waits());
  SC_REPORT_ERROR(name(), text.c_str());
}

void Mesh::ended(const Command &command) {
  const epx_sc_chip_job_t &job = tables_.job;
  book_events(kind_of(command));
  if (command.opcode == Opcode::Predict && predicted_ != nullptr) {
    predicted_[command.image] = static_cast<uint8_t>(host_->predicted());
  }
  const bool free = command.opcode == Opcode::Predict;
  if (job.observe == nullptr || (!free && command.opcode != Opcode::Correlate)) {
    return;
  }
  for (int l = 0; l < plan_.tile_layers; ++l) {
    const epx_geometry_t &g = plan_.layer[l].g;
    if (plan_.layer[l].role == EPX_ROLE_READOUT) {
      continue;
    }
    std::vector<uint8_t> states(g.out_size), switches(g.out_size);
    const size_t units = static_cast<size_t>(g.units);
    for (int cb = 0; cb < plan_.layer[l].map.column_blocks; ++cb) {
      const Node &home = *node_[static_cast<size_t>(tables_.home(l, cb))];
      int first, end;
      epx_map_units(&plan_.layer[l].map, cb, &first, &end);
      const size_t width = static_cast<size_t>(end - first);
      for (size_t p = 0; p < g.out_size / units; ++p) {
        std::copy_n(home.states().data() + p * width, width,
                    states.data() + p * units + static_cast<size_t>(first));
        std::copy_n(home.switches().data() + p * width, width,
                    switches.data() + p * units + static_cast<size_t>(first));
      }
    }
    job.observe(job.context, command.image, free ? -1 : command.slot, l, states.data(),
                free || plan_.layer[l].window == 1 ? nullptr : switches.data());
  }
}

void Mesh::store_registers() const {
  for (const auto &node : node_) {
    const NodeConfig &config = node->config();
    const epx_layer_map_t &map = plan_.layer[config.layer].map;
    const epx_sc_layer_t &numbers = tables_.job.layers[config.layer];
    const Memory &memory = *memory_[static_cast<size_t>(node->self())];
    int row, row_end, unit, unit_end;
    epx_map_rows(&map, config.row_block, &row, &row_end);
    epx_map_units(&map, config.column_block, &unit, &unit_end);
    size_t i = 0;
    for (int k = row; k < row_end; ++k) {
      for (int u = unit; u < unit_end; ++u, ++i) {
        const size_t at =
            static_cast<size_t>(u) * static_cast<size_t>(map.fan_in) + static_cast<size_t>(k);
        numbers.shadow[at] = memory.shadow[i];
        numbers.velocity[at] = memory.velocity[i];
        if (numbers.written != nullptr) {
          numbers.written[at] = memory.written[i];
        }
      }
    }
    numbers.lfsr[config.row_block * map.column_blocks + config.column_block].state =
        memory.registers.lfsr;
    if (config.tile.shape.bias) {
      const std::vector<int32_t> &bias = *bias_[static_cast<size_t>(node->self())];
      std::copy(bias.begin(), bias.end(), numbers.bias + unit);
      std::copy(memory.bias_velocity.begin(), memory.bias_velocity.end(),
                numbers.bias_velocity + unit);
    }
  }
}

// All that has been counted so far.
void Mesh::count_events(epx_events_t events[EPX_OWNERS]) const {
  std::fill_n(events, static_cast<size_t>(EPX_OWNERS), epx_events_t{});
  for (const auto &node : node_) {
    node->add_events(&events[node->config().layer]);
  }
  epx_events_add(&events[EPX_OWNER_HOST], &host_->events(), 1);
  for (const auto &router : router_) {
    for (int owner = 0; owner < EPX_OWNERS; ++owner) {
      events[owner].noc_bits +=
          router->flits_of(owner) * static_cast<uint64_t>(plan_.chip->flit_bits);
    }
  }
}

// What was counted since the command before is this command's.
void Mesh::book_events(epx_command_kind_t kind) {
  std::vector<epx_events_t> now(EPX_OWNERS);
  count_events(now.data());
  for (size_t owner = 0; owner < now.size(); ++owner) {
    epx_events_add(&ledger_.at[owner][kind], &now[owner], 1);
    epx_events_add(&ledger_.at[owner][kind], &booked_[owner], UINT64_MAX);  // -1, modulo 2^64
    booked_[owner] = now[owner];
  }
}

uint64_t Mesh::products() const {
  uint64_t sum = 0;
  for (const auto &node : node_) {
    sum += node->tile.words(Operation::Forward) +
           node->tile.words(Operation::Backward) *
               static_cast<uint64_t>(node->config().tile.shape.window);
  }
  return sum;
}

void Mesh::watch_updates(
    const std::function<void(const UpdatePlace &, const UpdateRecord &)> &watch) const {
  for (const auto &node : node_) {
    const NodeConfig &config = node->config();
    const UpdatePlace place = {node->self(), plan_.layer[config.layer].parameter, config.row_block,
                               config.column_block};
    node->tile.watch_updates([watch, place](const UpdateRecord &record) { watch(place, record); });
  }
}

void Mesh::check_conservation() const {
  for (const auto &node : node_) {
    node->tile.check_conservation();
    const size_t first = static_cast<size_t>(node->self() - node->config().row_block);
    if (node->home() && node->bias() != *bias_[first]) {
      SC_REPORT_ERROR(node->name(), "the home's biases are not those that row block 0 learned");
    }
  }
  for (const auto &router : router_) {
    if (router->buffered() != 0) {
      SC_REPORT_ERROR(router->name(), "flits are left in the router");
    }
  }
  if (tables_.pool.travelling() != 0) {
    SC_REPORT_ERROR(name(), "packets are left on the network");
  }
  std::vector<epx_events_t> now(EPX_OWNERS);
  count_events(now.data());
  for (size_t owner = 0; owner < now.size(); ++owner) {
    for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
      if (epx_event_get(&now[owner], i) != epx_event_get(&booked_[owner], i)) {
        SC_REPORT_ERROR(name(), "events happened after the last command");
      }
    }
  }
}

void Mesh::show(const epx_sc_view_t &view) {
  controller_->show(view);
  if (view.tiles == nullptr) {
    return;
  }
  shown_.assign(places(), false);
  const std::string list = view.tiles;
  size_t begin = 0;
  while (list != "none" && begin <= list.size()) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string pattern = list.substr(begin, end - begin);
    bool found = false;
    for (size_t i = 0; i < node_.size(); ++i) {
      const std::string number = std::to_string(i);
      if (fnmatch(pattern.c_str(), node_[i]->basename(), 0) == 0 ||
          fnmatch(pattern.c_str(), number.c_str(), 0) == 0) {
        shown_[i] = found = true;
      }
    }
    if (!found) {
      throw std::invalid_argument("waveform: no tile matches '" + pattern + "'; they are 0 (" +
                                  node_.front()->basename() + ") to " +
                                  std::to_string(node_.size() - 1) + " (" +
                                  node_.back()->basename() + "), or none");
    }
    begin = end + 1;
  }
}

void Mesh::trace(sc_core::sc_trace_file *file) const {
  const std::string prefix = std::string(name()) + ".";
  sc_core::sc_trace(file, clock, prefix + "clk");
  sc_core::sc_trace(file, reset_n_, prefix + "rst_n");
  controller_->trace(file);
  for (size_t i = 0; i < places(); ++i) {
    if (!shown_.empty() && !shown_[i]) {
      continue;
    }
    if (i < node_.size()) {
      node_[i]->trace(file);
    }
    router_[i]->trace(file);
  }
}

}  // namespace epx
