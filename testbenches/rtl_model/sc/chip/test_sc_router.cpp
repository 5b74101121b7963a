// SPDX-License-Identifier: Apache-2.0
// One router in the middle of a mesh of 3 x 3, its five neighbours played by the test: ways,
// cycles, buffers, turns. SystemC elaborates once per process, so every router runs in a child
// process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "epx_router.h"
#include "epx_simulation.h"

namespace {

using epx::Flit;
using epx::Packet;
using epx::Router;

constexpr size_t ports = Router::ports;

void in_child(const std::function<void()> &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    body();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0) << "see the child's output above";
}

epx_chip_t make_chip(int router_cycles, int buffer_flits) {
  epx_chip_t chip = {};
  chip.dac.converter.bits = 1;
  chip.router_cycles = router_cycles;
  chip.buffer_flits = buffer_flits;
  return chip;
}

epx_floorplan_t make_plan() {
  epx_floorplan_t plan = {};
  plan.tiles = 9;
  plan.columns = plan.rows = 3;
  return plan;
}

struct Arrival {
  int edge;
  size_t port;
  Flit flit;
};

// Tile 4 is in the middle. A neighbour offers a flit until an edge finds it and ready.
class Bench {
 public:
  Bench(int router_cycles, int buffer_flits, int stall_percent = 0)
      : router_("router", make_chip(router_cycles, buffer_flits), make_plan(), 4, stall_percent,
                1) {
    router_.clk_i(clock_);
    router_.rst_ni(reset_n_);
    for (size_t port = 0; port < ports; ++port) {
      router_.flit_i[port](in_[port]);
      router_.ready_o[port](in_ready_[port]);
      router_.flit_o[port](out_[port]);
      router_.ready_i[port](out_ready_[port]);
      open[port] = true;
    }
    cycle();
    reset_n_.write(true);
    arrivals.clear();
    edge_ = 0;
  }

  Packet *packet(int destination, int flits) {
    packets_.push_back(std::make_unique<Packet>());
    packets_.back()->destination = destination;
    packets_.back()->flits = flits;
    return packets_.back().get();
  }
  void send(size_t port, int destination, int flits = 1) {
    Packet *one = packet(destination, flits);
    one->source = static_cast<int>(port);
    for (int i = 0; i < flits; ++i) {
      queue_[port].push_back({one, i});
    }
  }

  void cycle() {
    for (size_t port = 0; port < ports; ++port) {
      in_[port].write(queue_[port].empty() ? Flit{} : queue_[port].front());
      out_ready_[port].write(open[port]);
    }
    sc_core::sc_start(half_);
    for (size_t port = 0; port < ports; ++port) {
      if (!queue_[port].empty() && in_ready_[port].read() && reset_n_.read()) {
        queue_[port].pop_front();
        entered.push_back(edge_);
      }
      if (open[port] && out_[port].read().packet != nullptr) {
        arrivals.push_back({edge_, port, out_[port].read()});
      }
      ready_cycles += in_ready_[port].read();
    }
    clock_.write(true);
    sc_core::sc_start(half_);
    clock_.write(false);
    ++edge_;
  }
  void cycles(int count) {
    for (int i = 0; i < count; ++i) {
      cycle();
    }
  }

  bool open[ports];
  std::vector<Arrival> arrivals;
  std::vector<int> entered;  // edges
  int ready_cycles = 0;      // of all inputs

 private:
  sc_core::sc_signal<bool> clock_, reset_n_, in_ready_[ports], out_ready_[ports];
  sc_core::sc_signal<Flit> in_[ports], out_[ports];
  Router router_;
  std::deque<Flit> queue_[ports];
  std::vector<std::unique_ptr<Packet>> packets_;
  int edge_ = 0;
  const sc_core::sc_time half_ = epx::clock_period(1000.0) / 2.0;
};

// Every second row of tiles runs from right to left; the host is west of tile 0.
TEST(Router, sends_packets_along_the_row_first) {
  const struct {
    int destination;
    Router::Direction port;
  } ways[] = {{0, Router::West},  {1, Router::North},      {2, Router::East}, {3, Router::East},
              {4, Router::Local}, {5, Router::West},       {6, Router::West}, {7, Router::South},
              {8, Router::East},  {EPX_HOST, Router::West}};
  in_child([&] {
    Bench bench(1, 4);
    for (const auto &way : ways) {
      bench.arrivals.clear();
      bench.send(Router::Local, way.destination);
      bench.cycles(5);
      ASSERT_EQ(bench.arrivals.size(), 1u) << way.destination;
      EXPECT_EQ(bench.arrivals[0].port, static_cast<size_t>(way.port)) << way.destination;
    }
  });
}

TEST(Router, takes_its_cycles_and_passes_a_flit_a_cycle) {
  for (int router_cycles = 1; router_cycles <= 5; ++router_cycles) {
    in_child([&] {
      Bench bench(router_cycles, 5);
      bench.send(Router::West, 4, 20);
      bench.cycles(40);
      ASSERT_EQ(bench.arrivals.size(), 20u);
      for (int i = 0; i < 20; ++i) {
        const size_t at = static_cast<size_t>(i);
        EXPECT_EQ(bench.arrivals[at].edge - bench.entered[at], router_cycles) << i;
        EXPECT_EQ(bench.arrivals[at].flit.index, i);
        EXPECT_EQ(bench.entered[at], bench.entered[0] + i);
      }
    });
  }
}

TEST(Router, holds_as_many_flits_as_its_buffer_and_its_output) {
  for (int buffer = 1; buffer <= 4; ++buffer) {
    in_child([&] {
      Bench bench(2, buffer);
      bench.open[Router::East] = false;
      bench.send(Router::West, 3, 20);
      bench.cycles(40);
      EXPECT_EQ(bench.entered.size(), static_cast<size_t>(buffer) + 1);
      bench.open[Router::East] = true;
      bench.cycles(60);
      EXPECT_EQ(bench.arrivals.size(), 20u) << "none is lost";
    });
  }
}

TEST(Router, lets_inputs_take_turns_and_packets_stay_whole) {
  in_child([] {
    Bench bench(1, 4);
    for (int i = 0; i < 30; ++i) {
      for (const size_t port : {Router::East, Router::West, Router::South, Router::North}) {
        bench.send(port, 4, 3);
      }
    }
    bench.cycles(4 * 3 * 10 + 10);
    std::vector<const Packet *> order;
    for (size_t i = 0; i < bench.arrivals.size(); ++i) {
      const Flit &flit = bench.arrivals[i].flit;
      ASSERT_EQ(flit.index, static_cast<int>(i % 3)) << "packets do not mix";
      if (flit.head()) {
        order.push_back(flit.packet);
      } else {
        ASSERT_EQ(flit.packet, order.back());
      }
    }
    ASSERT_GE(order.size(), 40u);
    for (size_t i = 4; i < 40; ++i) {
      EXPECT_EQ(order[i]->source, order[i - 4]->source) << i;
      EXPECT_NE(order[i]->source, order[i - 1]->source) << i;
    }
  });
}

TEST(Router, stalls_each_input_as_often_as_asked) {
  in_child([] {
    Bench bench(1, 4, 30);
    bench.ready_cycles = 0;
    bench.cycles(2000);
    EXPECT_NEAR(bench.ready_cycles / (2000.0 * ports), 0.7, 0.03);
  });
}

}  // namespace
