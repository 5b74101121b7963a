// SPDX-License-Identifier: Apache-2.0
// The chip's account: against the SystemC tiles of a whole layer, against counts by plain loops
// over synapses, and against what must not change with the tile's size.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "epx_account.h"
#include "epx_geometry.h"
#include "epx_sc_tile.h"
#include "quant/quant_random.h"
#include "rtl_model/time/account_support.h"

namespace {

using quant_test::make_format;
using quant_test::Random;

int draw(Random *random, int low, int high) {
  return static_cast<int>(random->between(low, high));
}

epx_chip_t random_chip(Random *random) {
  epx_chip_t chip = {};
  const int bits = draw(random, 2, 8), input = draw(random, 2, 8);
  // Products from below (of inputs) and from above (of states) are added at one scale, in 32 bits:
  // the plan refuses formats that lie too far apart.
  const int state =
      draw(random, std::max(1, input - 4), std::min({8, input + 2, input + bits - 3}));
  chip.input = make_format(true, input, input - 1);
  chip.state = make_format(false, state, state);
  chip.synapse_count = 1;
  chip.synapse[0] = make_format(true, bits, bits - 2);
  chip.shadow_bits = draw(random, 0, 16);
  chip.bias = make_format(true, 24, 20);
  chip.velocity = make_format(true, 32, 24);
  chip.array_kind = static_cast<epx_array_kind_t>(draw(random, 0, 1));
  chip.rows = draw(random, 2, 16);
  chip.bits_per_cell = draw(random, 1, 3);
  chip.columns = draw(random, 8, 24);
  chip.dac.converter.bits = chip.array_kind == EPX_ARRAY_ANALOG ? draw(random, 1, 8) : 1;
  chip.adc.converter.bits = 24;
  chip.adc.converter.lines_each = draw(random, 1, 8);
  if (chip.array_kind == EPX_ARRAY_ANALOG && draw(random, 0, 1) == 1) {
    chip.adc.converter.kind = draw(random, 0, 1) == 1 ? EPX_CONVERTER_SAR : EPX_CONVERTER_RAMP;
    chip.adc.converter.bits = draw(random, 2, 6);
    chip.adc.range = 1.0;
  }
  chip.settle_cycles = draw(random, 0, 2);
  chip.convert_cycles = draw(random, 1, 2);
  chip.clock_mhz = 500.0;
  chip.flit_bits = draw(random, 8, 200);
  chip.router_cycles = draw(random, 1, 3);
  chip.buffer_flits = draw(random, 1, 6);
  chip.psum_buffer = draw(random, 1, 6);
  return chip;
}

epx_layer_t conv(int units, int kernel, int padding, epx_pool_t pool) {
  return {EPX_LAYER_CONV, units, kernel, 1, padding, pool};
}

// One to three layers; the last one dense where the loss is the squared error.
epx_network_t random_network(Random *random) {
  epx_network_t network = {};
  network.input[0] = draw(random, 1, 3);
  network.input[1] = network.input[2] = draw(random, 12, 15);
  network.classes = draw(random, 2, 6);
  network.loss = static_cast<epx_loss_t>(draw(random, 0, 1));
  network.activation = EPX_ACTIVATION_HARD_SIGMOID_HALF;
  const int convolutions = draw(random, 1, 2);
  for (int l = 0; l < convolutions; ++l) {
    const int kernel = draw(random, 1, 3);
    const epx_pool_t pool = draw(random, 0, 1) != 0 ? EPX_POOL_MAX : EPX_POOL_NONE;
    network.layers[network.layer_count++] =
        conv(draw(random, 1, 9), kernel, draw(random, 0, kernel - 1), pool);
  }
  if (network.loss == EPX_LOSS_SQUARED_ERROR) {
    network.layers[network.layer_count++] = {EPX_LAYER_DENSE, network.classes, 0, 0, 0,
                                             EPX_POOL_NONE};
  }
  return network;
}

epx_account_t account_of(const epx_network_t &network, const epx_chip_t &chip, int free_steps,
                         int nudged_steps, epx_estimator_kind_t kind = EPX_ESTIMATOR_SYMMETRIC) {
  const epx_dynamics_t dynamics = {free_steps, nudged_steps};
  const epx_estimator_t estimator = {kind, 0.5};
  epx_account_t account = {};
  epx_error_t error = {};
  EXPECT_EQ(account_with_plan(&network, &chip, &dynamics, &estimator, 4, nullptr, &account, &error),
            EPX_OK)
      << error.message;
  return account;
}

// ---- every tile of a layer in SystemC ----

struct TileCount {
  epx_events_t forward, correlate, update;
  uint64_t forward_cycles, correlate_cycles, update_cycles;
};

// Forward vectors, terms and an update of one tile of a layer, in a child process.
TileCount run_tile(const epx_chip_t &chip, const epx_layer_map_t &map, int window, int vectors,
                   int positions, int row_block, int column_block) {
  TileCount count = {};
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    epx_sc_tile_job_t job = {};
    job.chip = &chip;
    job.map = &map;
    job.row_block = row_block;
    job.column_block = column_block;
    job.window = window;
    const epx_tile_shape_t tile = epx_sc_tile_shape(&job);
    const size_t rows = static_cast<size_t>(tile.rows), units = static_cast<size_t>(tile.units);
    const std::vector<uint8_t> codes(static_cast<size_t>(vectors) * rows, 1);
    const std::vector<int32_t> posts(static_cast<size_t>(positions) * units, 1);
    const std::vector<uint8_t> switches(posts.size(), 0);
    const std::vector<int64_t> psum(static_cast<size_t>(vectors) * units, 1);
    const std::vector<int> coefficient(static_cast<size_t>(positions), 1);
    std::vector<int8_t> weight(rows * units, 1);
    std::vector<int32_t> shadow(rows * units), velocity(shadow), bias(units), bias_velocity(units);
    epx_sc_memory_t memory = {weight.data(), shadow.data(),        velocity.data(),
                              bias.data(),   bias_velocity.data(), 1,
                              nullptr};
    job.vectors = vectors;
    job.x = codes.data();
    job.psum_in = row_block > 0 ? psum.data() : nullptr;
    job.terms = positions;
    job.pre = codes.data();
    job.term_post = posts.data();
    job.term_switches = switches.data();
    job.coefficient = coefficient.data();
    job.update = true;
    const epx_scale_t none = {0, 0};
    job.weight_circuit = {
        none, none, none, none, chip.velocity, chip.synapse[0], EPX_ROUND_STOCHASTIC};
    job.bias_circuit = job.weight_circuit;
    epx_sc_tile_result_t result = {};
    epx_error_t error = {};
    const epx_status_t status = epx_sc_tile_run(&job, &memory, &result, &error);
    count.forward = result.events;
    count.forward_cycles = result.forward_cycles;
    count.correlate_cycles = result.correlate_cycles;
    count.update_cycles = result.update_cycles;
    const bool written = write(ends[1], &count, sizeof count) == sizeof count;
    _exit(status == EPX_OK && written ? 0 : 1);
  }
  close(ends[1]);
  EXPECT_EQ(read(ends[0], &count, sizeof count), static_cast<ssize_t>(sizeof count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return count;
}

// A network of one convolution has no backward product: its forward events, correlations and update
// are those of its tiles alone.
TEST(Account, equals_the_systemc_tiles_of_a_layer) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    const epx_chip_t chip = random_chip(&random);
    epx_network_t network = {};
    network.input[0] = draw(&random, 1, 3);
    network.input[1] = network.input[2] = 6;
    network.classes = draw(&random, 2, 9);
    network.loss = EPX_LOSS_SQUARED_ERROR;
    network.layer_count = 1;
    network.layers[0] =
        conv(network.classes, round % 2 ? 6 : 5, 0, round % 2 ? EPX_POOL_NONE : EPX_POOL_MAX);
    const int window = round % 2 ? 1 : 4;
    const int fan_in = network.input[0] * (round % 2 ? 36 : 25);
    const epx_account_t account = account_of(network, chip, 3, 2);
    epx_layer_map_t map = {};
    epx_error_t error = {};
    ASSERT_EQ(epx_map_layer(&chip, 0, network.classes, fan_in, &map, &error), EPX_OK);
    epx_events_t sum = {};
    uint64_t forward = 0, correlate = 0, update = 0;
    for (int rb = 0; rb < map.row_blocks; ++rb) {
      for (int cb = 0; cb < map.column_blocks; ++cb) {
        const TileCount tile = run_tile(chip, map, window, window, 1, rb, cb);
        epx_events_add(&sum, &tile.forward, 1);
        forward = std::max(forward, tile.forward_cycles);
        correlate = std::max(correlate, tile.correlate_cycles);
        update = std::max(update, tile.update_cycles);
      }
    }
    EXPECT_EQ(account.tiles, map.row_blocks * map.column_blocks);
    EXPECT_EQ(account.inference.line_drives, sum.line_drives);
    EXPECT_EQ(account.inference.cell_reads, sum.cell_reads);
    EXPECT_EQ(account.inference.tree_bits, sum.tree_bits);
    EXPECT_EQ(account.inference.adc_conversions, sum.adc_conversions);
    EXPECT_EQ(account.inference.shift_adds, sum.shift_adds);
    EXPECT_EQ(account.update.update_ops, sum.update_ops);
    EXPECT_EQ(account.update.register_bits, sum.register_bits);
    EXPECT_EQ(account.update.cell_writes, sum.cell_writes);
    EXPECT_EQ(account.training.update_macs, 2 * sum.update_macs) << "two phases";
    EXPECT_EQ(account.training.correlation_bits,
              2 * (sum.correlation_bits - account.update.correlation_bits));
    // A command takes at least as long as its slowest tile (test_sc_chip: exactly how long).
    EXPECT_GE(account.inference_cycles[EPX_PART_INPUT], static_cast<double>(forward));
    EXPECT_GE(account.training_cycles[EPX_PART_CORRELATIONS], 2.0 * static_cast<double>(correlate));
    EXPECT_GE(account.training_cycles[EPX_PART_UPDATE], static_cast<double>(update) / 4.0);
  }
}

// ---- counts by plain loops ----

struct Loops {
  uint64_t macs_forward = 0;   // synapse times position, window positions included
  uint64_t macs_backward = 0;  // synapse times switched position
  uint64_t neurons = 0, compares = 0, parameters = 0, synapses = 0;
};

// Counts one at a time over layers [first, last).
Loops count_loops(const epx_network_t &network, int first, int last) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  epx_error_t error = {};
  EXPECT_EQ(epx_network_shapes(&network, shapes, &error), EPX_OK) << error.message;
  Loops loops;
  for (int l = first; l < last; ++l) {
    const epx_geometry_t g = epx_geometry_of(&network, shapes, l);
    for (int y = 0; y < g.out_height; ++y) {
      for (int x = 0; x < g.out_width; ++x) {
        for (int u = 0; u < g.units; ++u) {
          const uint64_t window = g.pool == EPX_POOL_MAX ? 4 : 1;
          loops.macs_forward += window * static_cast<uint64_t>(g.fan_in);
          loops.macs_backward += static_cast<uint64_t>(g.fan_in);
          loops.compares += window - 1;
          ++loops.neurons;
        }
      }
    }
    loops.synapses += static_cast<uint64_t>(g.units) * static_cast<uint64_t>(g.fan_in);
    loops.parameters += static_cast<uint64_t>(g.units) * static_cast<uint64_t>(g.fan_in + 1);
  }
  return loops;
}

TEST(Account, charges_every_product_of_every_step) {
  Random random;
  for (int round = 0; round < 50; ++round) {
    const epx_chip_t chip = random_chip(&random);
    const epx_network_t network = random_network(&random);
    const int layers = network.layer_count, all = epx_network_parameter_layers(&network);
    const int free_steps = draw(&random, 1, 20), nudged_steps = draw(&random, 1, 9);
    const epx_account_t a = account_of(network, chip, free_steps, nudged_steps);
    const Loops input = count_loops(network, 0, 1), states = count_loops(network, 0, layers);
    const Loops moving = count_loops(network, 1, layers);
    const Loops readout = count_loops(network, layers, all), whole = count_loops(network, 0, all);
    const int bits = epx_qformat_bits(chip.synapse[0]);
    const uint64_t slices =
        static_cast<uint64_t>((bits + chip.bits_per_cell - 1) / chip.bits_per_cell);
    const auto passes = [&](int code_bits) {  // digits of the DACs
      return static_cast<uint64_t>((code_bits + chip.dac.converter.bits - 1) /
                                   chip.dac.converter.bits);
    };
    const uint64_t input_passes = passes(epx_qformat_bits(chip.input));
    const uint64_t state_passes = passes(epx_qformat_bits(chip.state));
    const uint64_t free_u = static_cast<uint64_t>(free_steps);
    const uint64_t nudged_u = 2 * static_cast<uint64_t>(nudged_steps);
    // Cells read: layer 0 once; each step forward and back; the read-out once, and at each nudged
    // step with its error of 16 bits and a sign; the switches of the two phases' last states.
    const uint64_t step = slices * state_passes * (moving.macs_forward + moving.macs_backward);
    const uint64_t logits = slices * state_passes * readout.macs_forward;
    const uint64_t inference = slices * input_passes * input.macs_forward + free_u * step + logits;
    EXPECT_EQ(a.inference.cell_reads, inference);
    EXPECT_EQ(a.training.cell_reads,
              inference +
                  nudged_u * (step + logits + slices * (passes(16) + 1) * readout.macs_backward) +
                  2 * (slices * state_passes * moving.macs_forward + logits));
    EXPECT_EQ(a.inference.neuron_ops, free_u * states.neurons);
    EXPECT_EQ(a.training.neuron_ops, (free_u + nudged_u) * states.neurons);
    EXPECT_EQ(a.training.pool_compares, input.compares + (free_u + nudged_u + 2) * moving.compares);
    EXPECT_EQ(a.training.update_macs, 2 * whole.macs_backward);
    EXPECT_EQ(a.update.update_ops, whole.parameters);
    EXPECT_EQ(a.update.cell_writes, slices * whole.synapses);
    EXPECT_EQ(a.inference.input_bits, static_cast<uint64_t>(epx_qformat_bits(chip.input)) *
                                          static_cast<uint64_t>(network.input[0]) *
                                          static_cast<uint64_t>(network.input[1]) *
                                          static_cast<uint64_t>(network.input[2]));
    EXPECT_EQ(a.training.input_bits, a.inference.input_bits);
  }
}

TEST(Account, one_sided_saves_exactly_one_nudged_phase) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const epx_chip_t chip = random_chip(&random);
    epx_network_t network = random_network(&random);
    network.loss = EPX_LOSS_SQUARED_ERROR;  // else the read-out's terms differ as well
    network.layers[network.layer_count - 1] = {EPX_LAYER_DENSE, network.classes, 0, 0, 0,
                                               EPX_POOL_NONE};
    const int steps = draw(&random, 1, 9);
    const epx_account_t symmetric = account_of(network, chip, 5, steps);
    const epx_account_t one_sided = account_of(network, chip, 5, steps, EPX_ESTIMATOR_ONE_SIDED);
    const epx_account_t longer = account_of(network, chip, 5, 2 * steps, EPX_ESTIMATOR_ONE_SIDED);
    for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
      EXPECT_EQ(epx_event_get(&symmetric.training, i), epx_event_get(&longer.training, i))
          << epx_event_rows()[i].name;
    }
    for (int part = 0; part < EPX_PART_COUNT; ++part) {
      // Fractions of cycles are summed in another order.
      const double cycles = symmetric.training_cycles[part];
      EXPECT_NEAR(longer.training_cycles[part], cycles, 1e-12 * cycles) << part;
      EXPECT_LE(one_sided.training_cycles[part], cycles * (1 + 1e-12)) << part;
    }
  }
}

TEST(Account, work_does_not_depend_on_the_tiles_size) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    epx_chip_t chip = random_chip(&random);
    const epx_network_t network = random_network(&random);
    const epx_account_t small = account_of(network, chip, 3, 2);
    chip.rows = 4096;
    chip.columns = 4096;
    chip.adc.converter.kind = EPX_CONVERTER_IDEAL;  // whatever the rows
    chip.adc.converter.bits = 24;
    const epx_account_t large = account_of(network, chip, 3, 2);
    EXPECT_GE(small.tiles, large.tiles);
    EXPECT_EQ(large.tiles, epx_network_parameter_layers(&network));
    EXPECT_EQ(small.training.cell_reads, large.training.cell_reads);
    EXPECT_EQ(small.training.neuron_ops, large.training.neuron_ops);
    EXPECT_EQ(small.training.update_macs, large.training.update_macs);
    EXPECT_EQ(small.update.update_ops, large.update.update_ops);
    EXPECT_EQ(small.update.register_bits, large.update.register_bits);
    EXPECT_GE(small.training.noc_bits, large.training.noc_bits);
    EXPECT_GE(small.training.shift_adds, large.training.shift_adds);
  }
}

TEST(Account, refuses_what_the_chip_has_not) {
  epx_network_t network = {};
  network.input[0] = 1;
  network.input[1] = network.input[2] = 8;
  network.layer_count = 1;
  network.layers[0] = conv(2, 3, 1, EPX_POOL_AVG);
  network.classes = 2;
  network.loss = EPX_LOSS_CROSS_ENTROPY;
  Random random;
  const epx_chip_t chip = random_chip(&random);
  const epx_dynamics_t dynamics = {2, 2}, none = {0, 2};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  epx_account_t account = {};
  account.tiles = -7;
  epx_error_t error = {};
  EXPECT_EQ(account_with_plan(&network, &chip, &dynamics, &estimator, 1, nullptr, &account, &error),
            EPX_ERR_UNSUPPORTED);
  EXPECT_NE(std::string(error.message).find("network.layers[0]: the twin models pool max or none"),
            std::string::npos);
  network.layers[0].pool = EPX_POOL_MAX;
  EXPECT_EQ(account_with_plan(&network, &chip, &none, &estimator, 1, nullptr, &account, &error),
            EPX_ERR_ARGUMENT);
  EXPECT_EQ(account_with_plan(&network, &chip, &dynamics, &estimator, 0, nullptr, &account, &error),
            EPX_ERR_ARGUMENT);
  EXPECT_EQ(account.tiles, -7) << "untouched on failure";
}

}  // namespace
