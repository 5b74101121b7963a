// SPDX-License-Identifier: Apache-2.0
// How fast SystemC simulates: the bare kernel's limits, one tile and a chip of 16 tiles, in one
// run. SystemC elaborates once per process, so each measurement is a child process.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <systemc>
#include <vector>

#include "epx_chip_check.h"
#include "epx_clock.h"
#include "epx_parallel.h"
#include "epx_sc_tile.h"
#include "epx_twin.h"

namespace {

// Runs the body in a child and returns what it returns.
struct Figures {
  double first, second;
};
Figures in_child(const std::function<Figures()> &body) {
  int ends[2];
  Figures figures = {0, 0};
  if (pipe(ends) != 0) {
    std::exit(1);
  }
  std::fflush(nullptr);
  if (fork() == 0) {
    figures = body();
    const bool written = write(ends[1], &figures, sizeof figures) == sizeof figures;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  const bool read_all = read(ends[0], &figures, sizeof figures) == sizeof figures;
  close(ends[0]);
  int status = 0;
  wait(&status);
  if (!read_all || status != 0) {
    std::fprintf(stderr, "bench_sc: a measurement failed\n");
    std::exit(1);
  }
  return figures;
}

struct Counter : sc_core::sc_module {
  sc_core::sc_in<bool> clk{"clk"};
  uint64_t edges = 0;
  SC_HAS_PROCESS(Counter);
  explicit Counter(sc_core::sc_module_name name) : sc_module(name) {
    SC_METHOD(count);
    sensitive << clk.pos();
    dont_initialize();
  }
  void count() { ++edges; }
};

// Activations a second of so many methods that only count.
Figures bare_kernel(int methods, int edges) {
  sc_core::sc_clock clock("clock", sc_core::sc_time(1, sc_core::SC_NS));
  std::vector<std::unique_ptr<Counter>> counters;
  for (int i = 0; i < methods; ++i) {
    counters.push_back(std::make_unique<Counter>(("c" + std::to_string(i)).c_str()));
    counters.back()->clk(clock);
  }
  const double start = epx_clock_seconds();
  sc_core::sc_start(sc_core::sc_time(edges, sc_core::SC_NS));
  const double seconds = epx_clock_seconds() - start;
  return {static_cast<double>(counters[0]->edges) / seconds,
          static_cast<double>(methods) * static_cast<double>(counters[0]->edges) / seconds};
}

epx_chip_t make_chip() {
  epx_chip_t chip = {};
  chip.input = {true, 0, 7};
  chip.state = {false, 0, 8};
  chip.synapse_count = 1;
  chip.synapse[0] = {true, 1, 6};
  chip.shadow_bits = 8;
  chip.bias = {true, 3, 20};
  chip.velocity = {true, 7, 24};
  chip.state_rounding = EPX_ROUND_NEAREST_EVEN;
  chip.update_rounding = EPX_ROUND_STOCHASTIC;
  chip.lfsr_seed = 1;
  chip.rows = chip.columns = 128;
  chip.bits_per_cell = 1;
  chip.adc.converter.bits = 8;
  chip.dac.converter.bits = 1;
  chip.adc.converter.lines_each = 8;
  chip.settle_cycles = chip.convert_cycles = 1;
  chip.clock_mhz = 1000;
  chip.flit_bits = 128;
  chip.router_cycles = 2;
  chip.buffer_flits = chip.psum_buffer = 4;
  return chip;
}

// Cycles a second, and ns a product, of one full tile that only multiplies forward.
Figures one_tile() {
  const epx_chip_t chip = make_chip();
  epx_layer_map_t map = {};
  epx_error_t error = {};
  if (epx_map_layer(&chip, 1, 16, 128, &map, &error) != EPX_OK) {
    std::exit(1);
  }
  constexpr int vectors = 40000;
  std::vector<uint8_t> x(static_cast<size_t>(vectors) * 128);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<uint8_t>(i * 37 + i / 128);
  }
  std::vector<int8_t> weight(128 * 16);
  for (size_t i = 0; i < weight.size(); ++i) {
    weight[i] = static_cast<int8_t>(i * 91);
  }
  epx_sc_memory_t memory = {weight.data(), nullptr, nullptr, nullptr, nullptr, 1, nullptr};
  epx_sc_tile_job_t job = {};
  job.chip = &chip;
  job.map = &map;
  job.layer = 1;
  job.window = 1;
  job.vectors = vectors;
  job.x = x.data();
  epx_sc_tile_result_t result = {};
  if (epx_sc_tile_run(&job, &memory, &result, &error) != EPX_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
  }
  return {static_cast<double>(result.forward_cycles) / result.seconds,
          1e9 * result.seconds / vectors};
}

epx_network_t sixteen_tiles() {
  epx_network_t network = {};
  network.input[0] = 3;
  network.input[1] = network.input[2] = 16;
  network.layer_count = 2;
  network.layers[0] = {EPX_LAYER_CONV, 32, 3, 1, 1, EPX_POOL_MAX};  // 2 tiles
  network.layers[1] = {EPX_LAYER_CONV, 32, 3, 1, 1, EPX_POOL_MAX};  // 3 x 2 tiles
  network.classes = 32;                                             // 4 x 2 tiles
  network.loss = EPX_LOSS_CROSS_ENTROPY;
  network.activation = EPX_ACTIVATION_HARD_SIGMOID_HALF;
  return network;
}

// A training step of one image; also checks that SystemC and twin agree.
Figures sixteen_tile_chip(int *tiles) {
  const epx_network_t network = sixteen_tiles();
  const epx_chip_t chip = make_chip();
  epx_substrate_t *twin = nullptr;
  epx_params_t *params = nullptr;
  epx_error_t error = {};
  if (epx_twin_create(&network, &chip, 1, &twin, &error) != EPX_OK ||
      epx_params_create(&network, &params, &error) != EPX_OK) {
    std::exit(1);
  }
  epx_params_initialise(params, 1, 1.0);
  std::vector<float> x(3 * 16 * 16);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = 0.01f * static_cast<float>(i % 97) - 0.5f;
  }
  const uint8_t label = 1;
  epx_chip_check_request_t request = {};
  request.dynamics = {60, 15, {}};
  request.estimator.beta = 0.5;
  request.sign = 1;
  request.rule.learning_rate[0] = request.rule.learning_rate[1] = 0.1;
  request.x = x.data();
  request.labels = &label;
  request.images = 1;
  epx_chip_check_t check = {};
  if (epx_substrate_load(twin, params, &error) != EPX_OK ||
      epx_chip_check_run(twin, &request, &check, &error) != EPX_OK ||
      check.differing[EPX_CHIP_CHECK_STATES] != 0) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
  }
  *tiles = check.chip.tiles;
  if (*tiles != 16) {
    std::exit(1);
  }
  return {static_cast<double>(check.chip.cycles) / check.chip.seconds,
          1e9 * check.chip.seconds / static_cast<double>(check.chip.products)};
}

Figures median(int rounds, const std::function<Figures()> &body) {
  std::vector<double> first, second;
  for (int i = 0; i < rounds; ++i) {
    const Figures figures = in_child(body);
    first.push_back(figures.first);
    second.push_back(figures.second);
  }
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  return {first[first.size() / 2], second[second.size() / 2]};
}

}  // namespace

int main() {
  constexpr int rounds = 5;
  epx_parallel_set_threads(1);
  const Figures one = median(rounds, [] { return bare_kernel(1, 2000000); });
  const Figures hundred = median(rounds, [] { return bare_kernel(100, 100000); });
  const Figures tile = median(rounds, one_tile);
  const Figures chip = median(rounds, [] {
    int tiles = 0;
    return sixteen_tile_chip(&tiles);
  });
  std::printf("medians of %d runs\n", rounds);
  std::printf("bare kernel, one clocked method    %8.2f M cycles/s\n", 1e-6 * one.first);
  std::printf("bare kernel, a hundred             %8.2f M cycles/s  %7.1f M activations/s\n",
              1e-6 * hundred.first, 1e-6 * hundred.second);
  std::printf(
      "one tile, forward products         %8.2f M cycles/s  %7.0f ns a product  (%.2f of the "
      "bare kernel)\n",
      1e-6 * tile.first, tile.second, tile.first / one.first);
  std::printf("chip of 16 tiles, a training step  %8.2f M cycles/s  %7.0f ns a product\n",
              1e-6 * chip.first, chip.second);
  return 0;
}
