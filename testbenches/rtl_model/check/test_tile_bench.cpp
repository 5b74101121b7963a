// SPDX-License-Identifier: Apache-2.0
// The tile bench: its reference against the scalar oracle, its files, its generator, what it cuts
// out of the twin, and whether it finds and places a difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "child_process.h"
#include "epx_geometry.h"
#include "epx_tile_check.h"
#include "epx_tile_npz.h"
#include "epx_tile_source.h"
#include "rtl_model/sc/chip/chip_case.h"
#include "rtl_model/sc/tile/tile_oracle.h"
#include "rtl_model/twin/twin_support.h"
#include "temporary_folder.h"

namespace {

using tile_test::Choice;
using tile_test::RandomTile;

struct Free {
  void operator()(epx_tile_vectors_t *vectors) const { epx_tile_vectors_destroy(vectors); }
};
using Vectors = std::unique_ptr<epx_tile_vectors_t, Free>;

struct Answered {
  explicit Answered(const epx_tile_vectors_t *vectors) {
    epx_error_t error = {};
    EXPECT_EQ(epx_tile_answer_create(vectors, &answer, &error), EPX_OK) << error.message;
    EXPECT_EQ(epx_tile_answer_compute(vectors, &answer, &error), EPX_OK) << error.message;
  }
  Answered(const Answered &) = delete;
  ~Answered() { epx_tile_answer_clear(&answer); }
  epx_tile_answer_t answer = {};
};

epx_tile_setup_t setup_of(const RandomTile &tile) {
  epx_tile_setup_t setup = {};
  setup.chip = tile.chip;
  setup.map = tile.map;
  setup.place = {tile.job.layer, tile.job.row_block, tile.job.column_block};
  setup.fed = true;
  setup.acts_back = tile.job.layer > 0;
  setup.window = tile.job.window;
  setup.forward_shift = tile.job.forward_shift;
  setup.neuron = tile.job.neuron;
  setup.weight_circuit = tile.job.weight_circuit;
  setup.bias_circuit = tile.job.bias_circuit;
  return setup;
}

// The oracle's job as vectors.
Vectors vectors_of(const RandomTile &tile) {
  const epx_tile_setup_t setup = setup_of(tile);
  const epx_sc_tile_job_t &job = tile.job;
  epx_tile_vectors_t *made = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_tile_vectors_create(&setup, {job.vectors, job.positions, job.terms},
                                    {job.psum_in != nullptr, job.operand != nullptr, job.update},
                                    &made, &error),
            EPX_OK)
      << error.message;
  Vectors v(made);
  const void *from[EPX_TILE_INPUTS] = {job.x,
                                       job.psum_in,
                                       job.operand,
                                       job.post,
                                       job.post_switches,
                                       job.pre,
                                       job.term_post,
                                       job.term_switches,
                                       job.coefficient,
                                       tile.memory.weight.data(),
                                       tile.memory.shadow.data(),
                                       tile.memory.velocity.data(),
                                       tile.memory.bias.data(),
                                       tile.memory.bias_velocity.data(),
                                       &tile.memory.lfsr,
                                       nullptr};  // cells are ideal
  for (int i = 0; i < EPX_TILE_INPUTS; ++i) {
    const epx_tile_array_t &row = epx_tile_inputs()[i];
    const size_t size = epx_tile_array_count(v.get(), &row) * epx_dtype_size(row.dtype);
    if (v->input[i] != nullptr && size > 0) {
      std::memcpy(v->input[i], from[i], size);
    }
  }
  return v;
}

Choice random_choice(quant_test::Random *random) {
  Choice choice;
  choice.window = random->between(0, 1) != 0 ? 4 : 1;
  choice.layer = static_cast<int>(random->between(0, 1));
  choice.bits_per_cell = static_cast<int>(random->between(1, 8));
  choice.fires = random->between(0, 3) != 0;
  choice.update = random->between(0, 3) != 0;
  return choice;
}

template <typename T>
void expect_output(const epx_tile_vectors_t *v, const epx_tile_answer_t &answer,
                   epx_tile_output_t output, const std::vector<T> &expected) {
  if (epx_tile_output_given(v, output)) {
    const T *data = static_cast<const T *>(answer.output[output]);
    EXPECT_EQ(std::vector<T>(data, data + expected.size()), expected)
        << epx_tile_outputs()[output].label;
  }
}

TEST(TileBench, reference_is_the_oracle) {
  quant_test::Random random;
  for (int i = 0; i < 300; ++i) {
    const RandomTile tile(random_choice(&random), &random);
    const Vectors v = vectors_of(tile);
    const Answered reference(v.get());
    tile_test::Memory after;
    const tile_test::Answer oracle = tile.expected(&after);
    const epx_tile_answer_t &answer = reference.answer;
    expect_output(v.get(), answer, EPX_TILE_OUT_PSUM, oracle.psum);
    expect_output(v.get(), answer, EPX_TILE_OUT_STATE, oracle.state);
    expect_output(v.get(), answer, EPX_TILE_OUT_SWITCHES, oracle.switches);
    expect_output(v.get(), answer, EPX_TILE_OUT_BACKWARD, oracle.backward);
    expect_output(v.get(), answer, EPX_TILE_OUT_CORRELATION, oracle.correlation);
    expect_output(v.get(), answer, EPX_TILE_OUT_BIAS_CORRELATION, oracle.bias_correlation);
    expect_output(v.get(), answer, EPX_TILE_OUT_WEIGHT, after.weight);
    expect_output(v.get(), answer, EPX_TILE_OUT_SHADOW, after.shadow);
    expect_output(v.get(), answer, EPX_TILE_OUT_VELOCITY, after.velocity);
    expect_output(v.get(), answer, EPX_TILE_OUT_BIAS, after.bias);
    expect_output(v.get(), answer, EPX_TILE_OUT_BIAS_VELOCITY, after.bias_velocity);
    expect_output(v.get(), answer, EPX_TILE_OUT_LFSR, std::vector<uint32_t>{after.lfsr});
  }
}

// Each element of each output changed in turn is found, counted once and placed.
TEST(TileBench, one_wrong_value_is_found_and_placed) {
  quant_test::Random random;
  Choice choice;
  choice.window = 4;
  choice.update = choice.fires = true;
  auto drawn = std::make_unique<RandomTile>(choice, &random);
  while (!drawn->shape.bias || drawn->job.positions == 0 || drawn->job.terms == 0) {
    drawn = std::make_unique<RandomTile>(choice, &random);
  }
  const RandomTile &tile = *drawn;
  const Vectors v = vectors_of(tile);
  const Answered reference(v.get());
  for (int o = 0; o < EPX_TILE_OUTPUTS; ++o) {
    const epx_tile_array_t &row = epx_tile_outputs()[o];
    void *data = reference.answer.output[o];
    if (!epx_tile_output_given(v.get(), static_cast<epx_tile_output_t>(o))) {
      continue;  // `written`: of cells that are not ideal
    }
    for (size_t i = 0; i < epx_tile_array_count(v.get(), &row); ++i) {
      const int64_t value = epx_tile_get(row.dtype, data, i);
      epx_tile_set(row.dtype, data, i, value ^ 1);
      epx_tile_check_t check;
      epx_error_t error = {};
      ASSERT_EQ(epx_tile_check_answer(v.get(), &reference.answer, &check, &error), EPX_OK);
      epx_tile_set(row.dtype, data, i, value);
      ASSERT_EQ(check.differing, 1) << row.label << " " << i;
      ASSERT_EQ(check.rows[o].from_reference, 1);
      ASSERT_NE(std::string(epx_tile_check_first(&check)).find(", bit 0: found "),
                std::string::npos)
          << epx_tile_check_first(&check);
    }
  }
  // The last weight: last wordline; bit 0 lies on the first of its channel's bitlines.
  int8_t *weight = static_cast<int8_t *>(reference.answer.output[EPX_TILE_OUT_WEIGHT]);
  weight[tile.shape.rows * tile.shape.units - 1] ^= 1;
  epx_tile_check_t check;
  ASSERT_EQ(epx_tile_check_answer(v.get(), &reference.answer, &check, nullptr), EPX_OK);
  const std::string place = "wordline " + std::to_string(tile.shape.rows - 1) + ", bitline " +
                            std::to_string((tile.shape.units - 1) * tile.shape.slices) +
                            " (channel " + std::to_string(tile.shape.units - 1) + "), bit 0";
  EXPECT_NE(std::string(epx_tile_check_first(&check)).find(place), std::string::npos)
      << epx_tile_check_first(&check) << " lacks " << place;
}

TEST(TileBench, files_come_back_as_they_went) {
  quant_test::Random random;
  const Folder folder;
  const std::string path = folder / "v.npz";
  for (int i = 0; i < 50; ++i) {
    const RandomTile tile(random_choice(&random), &random);
    const Vectors v = vectors_of(tile);
    epx_error_t error = {};
    {
      const Answered reference(v.get());
      ASSERT_EQ(epx_tile_answer_expect(&reference.answer, v.get(), &error), EPX_OK);
    }
    ASSERT_EQ(epx_tile_npz_write(path.c_str(), v.get(), &error), EPX_OK) << error.message;
    epx_npz_t *npz = nullptr;
    ASSERT_EQ(epx_npz_read(path.c_str(), &npz, &error), EPX_OK) << error.message;
    epx_tile_place_t place;
    bool given = false;
    ASSERT_EQ(epx_tile_npz_place(npz, "v.npz", &place, &given, &error), EPX_OK);
    EXPECT_TRUE(given);
    EXPECT_EQ(place.row_block, tile.job.row_block);
    epx_tile_setup_t setup = v->setup;
    setup.weight_circuit.rate = setup.bias_circuit.gradient = {0, 0};  // comes from the file
    epx_tile_vectors_t *read = nullptr;
    ASSERT_EQ(epx_tile_npz_read(npz, "v.npz", &setup, &read, &error), EPX_OK) << error.message;
    epx_npz_destroy(npz);
    const Vectors back(read);
    if (v->update) {
      EXPECT_EQ(back->setup.weight_circuit.rate.shift, v->setup.weight_circuit.rate.shift);
      EXPECT_EQ(back->setup.bias_circuit.gradient.mantissa,
                v->setup.bias_circuit.gradient.mantissa);
    }
    const auto same = [&](const epx_tile_array_t &row, const void *a, const void *b) {
      const size_t size = epx_tile_array_count(v.get(), &row) * epx_dtype_size(row.dtype);
      EXPECT_EQ(a == nullptr, b == nullptr) << row.name;
      EXPECT_TRUE(a == nullptr || b == nullptr || std::memcmp(a, b, size) == 0) << row.name;
    };
    for (int a = 0; a < EPX_TILE_INPUTS; ++a) {
      same(epx_tile_inputs()[a], v->input[a], back->input[a]);
    }
    for (int a = 0; a < EPX_TILE_OUTPUTS; ++a) {
      same(epx_tile_outputs()[a], v->expect[a], back->expect[a]);
    }
  }
}

// Of one random tile. Whether its neurons' states are more than the two ends of their format, which
// coarse synapses in front of fine states make impossible.
bool random_vectors_spread(quant_test::Random *random) {
  Choice choice;
  choice.window = 4;
  const RandomTile tile(choice, random);
  const epx_tile_setup_t setup = setup_of(tile);
  epx_tile_vectors_t *made = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_tile_random(&setup, 200, 7, &made, &error), EPX_OK) << error.message;
  const Vectors v(made);
  for (int i = 0; i < EPX_TILE_INPUTS; ++i) {
    const epx_tile_array_t &row = epx_tile_inputs()[i];
    int64_t low, high, least = INT64_MAX, most = INT64_MIN;
    epx_tile_input_range(v.get(), static_cast<epx_tile_input_t>(i), &low, &high);
    const size_t count = v->input[i] != nullptr ? epx_tile_array_count(v.get(), &row) : 0;
    for (size_t k = 0; k < count; ++k) {
      const int64_t value = epx_tile_get(row.dtype, v->input[i], k);
      EXPECT_TRUE(value >= low && value <= high) << row.name << ": " << value;
      least = std::min(least, value);
      most = std::max(most, value);
    }
    if (count > 1000 && i != EPX_TILE_OPERAND && i != EPX_TILE_PSUM_IN) {
      EXPECT_EQ(least, low) << row.name;
      EXPECT_EQ(most, high) << row.name;
    }
  }
  const Answered reference(v.get());
  const uint8_t *state = static_cast<uint8_t *>(reference.answer.output[EPX_TILE_OUT_STATE]);
  const size_t states = epx_tile_array_count(v.get(), &epx_tile_outputs()[EPX_TILE_OUT_STATE]);
  EXPECT_GT(states, 0u);
  const std::set<int> seen(state, state + states);
  return seen.size() > 2 || v->shape.state_bits == 1;
}

TEST(TileBench, random_vectors_stay_in_their_formats_and_reach_their_ends) {
  quant_test::Random random;
  int spread = 0;
  for (int i = 0; i < 16; ++i) {
    spread += random_vectors_spread(&random) ? 1 : 0;
  }
  EXPECT_GE(spread, 10);  // one tile in seventy is too coarse
}

uint64_t seed_of() {
  const char *text = std::getenv("EPX_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
  std::printf("EPX_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// The log without the edges (column 5).
std::string without_edges(const std::string &log) {
  std::istringstream lines(log);
  std::string line, out;
  while (std::getline(lines, line)) {
    size_t first = line.find(',');
    for (int i = 0; i < 4; ++i) {
      first = line.find(',', first + 1);
    }
    out += line.substr(0, first) + line.substr(line.find(',', first + 1)) + "\n";
  }
  return out;
}

std::string read_text(const std::string &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string place_text(const epx_tile_vectors_t *v) {
  const epx_tile_place_t &p = v->setup.place;
  std::ostringstream out;
  out << v->setup.number << ',' << p.layer << ',' << p.row_block << ',' << p.column_block << ',';
  return out.str();
}

// What the log must say, column by column.
std::string replayed_log(const epx_tile_vectors_t *v, const epx_tile_answer_t &answer) {
  std::ostringstream out;
  out << "step,tile,layer,row_block,column_block,kind,row,unit,bitline,correlation,velocity_before,"
         "velocity_after,value_before,"
         "value_after,code_before,code_after,draw\n";
  epx_lfsr_t lfsr = {*static_cast<uint32_t *>(v->input[EPX_TILE_LFSR])};
  const bool draws = v->setup.weight_circuit.rounding == EPX_ROUND_STOCHASTIC;
  const auto in = [&](epx_tile_input_t input, int i) {
    return epx_tile_get(epx_tile_inputs()[input].dtype, v->input[input], static_cast<size_t>(i));
  };
  const auto after = [&](epx_tile_output_t output, int i) {
    return epx_tile_get(epx_tile_outputs()[output].dtype, answer.output[output],
                        static_cast<size_t>(i));
  };
  const int units = v->shape.units, synapses = v->shape.rows * units;
  for (int i = 0; i < synapses + (v->shape.bias ? units : 0); ++i) {
    if (i < synapses) {
      out << i << ',' << place_text(v) << "weight," << i / units << ',' << i % units << ','
          << i % units * v->shape.slices << ',' << after(EPX_TILE_OUT_CORRELATION, i) << ','
          << in(EPX_TILE_VELOCITY, i) << ',' << after(EPX_TILE_OUT_VELOCITY, i) << ','
          << in(EPX_TILE_SHADOW, i) << ',' << after(EPX_TILE_OUT_SHADOW, i) << ','
          << in(EPX_TILE_WEIGHT, i) << ',' << after(EPX_TILE_OUT_WEIGHT, i) << ',';
    } else {
      const int u = i - synapses;
      out << i << ',' << place_text(v) << "bias,," << u << ",,"
          << after(EPX_TILE_OUT_BIAS_CORRELATION, u) << ',' << in(EPX_TILE_BIAS_VELOCITY, u) << ','
          << after(EPX_TILE_OUT_BIAS_VELOCITY, u) << ',' << in(EPX_TILE_BIAS, u) << ','
          << after(EPX_TILE_OUT_BIAS, u) << ",,,";
    }
    if (draws) {
      out << epx_lfsr_next16(&lfsr);
    }
    out << '\n';
  }
  return out.str();
}

// The log against a replay of the reference, with every rounding; draws are those of the register.
TEST(TileBench, the_update_log_tells_what_happened) {
  quant_test::Random random;
  const Folder folder;
  const std::string path = folder / "log.csv";
  for (int rounding = 0; rounding < 8; ++rounding) {
    Choice choice;
    choice.update = true;
    RandomTile tile(choice, &random);
    tile.job.weight_circuit.rounding = tile.job.bias_circuit.rounding =
        static_cast<epx_round_t>(rounding);
    const Vectors v = vectors_of(tile);
    in_child([&] {
      epx_tile_bench_options_t options = {};
      options.update_log_path = path.c_str();
      epx_tile_check_t check;
      epx_error_t error = {};
      ASSERT_EQ(epx_tile_check_run(v.get(), &options, &check, &error), EPX_OK) << error.message;
      const Answered reference(v.get());
      EXPECT_EQ(without_edges(read_text(path)), replayed_log(v.get(), reference.answer));
    });
  }
}

// Random networks, arrays that lose bits and devices that are not ideal among them: any tile's
// share of a step, the read-out's too, with expectations from the twin, also of a later step.
TEST(TileBench, the_twin_the_reference_and_the_tile_agree) {
  Random random(seed_of());
  int readouts = 0, lossy = 0, devices = 0, noisy = 0, pulsed = 0, forward = 0, feedback = 0,
      dacs = 0, batches = 0;
  for (int cases = 0; cases < 80;) {
    const epx_network_t network = random_twin_network(random);
    epx_chip_t chip = random_chip(random);
    chip.adc.converter.bits = 24;
    if (random.chance(0.4)) {
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip.adc.converter.kind = random.chance(0.5) ? EPX_CONVERTER_SAR : EPX_CONVERTER_RAMP;
      chip.adc.converter.bits = random.integer(2, 6);
      chip.adc.range = random.real(0.2, 1.0);
      chip.adc.converter.offset_spread = random.real(0, 1.5);
      chip.adc.converter.gain_spread = random.real(0, 0.1);
      chip.adc.converter.noise = random.chance(0.4) ? random.real(0, 1) : 0.0;
      chip.adc.reach = static_cast<epx_adc_reach_t>(random.integer(0, 3));
      chip.device_seed = static_cast<uint32_t>(random.integer(1, 1000));
    }
    if (random.chance(0.4)) {
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip_test::random_dac(random, &chip);
    }
    if (random.chance(0.4)) {
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip_test::random_device(random, &chip.device);
    }
    chip.event_driven = random.chance(0.3);
    if (random.chance(0.3)) {
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip.pulse_preset = random.integer(1, 7);
      chip.pulse_max = random.chance(0.5) ? 255 : random.integer(1, 20);
      chip.bits_per_cell = 8;
      chip.shadow_bits = random.integer(4, 16);
      chip.device.program_error = {};
    }
    if (epx_twin_check(&network, &chip, nullptr) != EPX_OK) {
      continue;
    }
    ++cases;
    const Params params = random_params(network, random, 2.5, -0.3, 0.9);
    const Batch batch = random_batch(network, random, 2);
    epx_tile_step_t step = {};
    step.dynamics.free_steps = 3;
    step.dynamics.nudged_steps = 2;
    step.estimator.kind =
        static_cast<epx_estimator_kind_t>(random.integer(0, EPX_ESTIMATOR_KIND_COUNT - 1));
    step.estimator.beta = 0.5;
    step.rule.momentum = 0.9;
    std::fill(std::begin(step.rule.learning_rate), std::end(step.rule.learning_rate), 0.3);
    step.x = batch.x.data();
    step.labels = batch.labels.data();
    step.images = 2;
    step.place.layer = random.integer(0, epx_network_parameter_layers(&network) - 1);
    const bool one_way = epx_network_has_backward(&network, step.place.layer);
    step.place.feedback = one_way && random.chance(0.5);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    ASSERT_EQ(epx_network_shapes(&network, shapes, nullptr), EPX_OK);
    const epx_geometry_t g = epx_geometry_of(&network, shapes, step.place.layer);
    epx_layer_map_t map;
    ASSERT_EQ(epx_map_layer(&chip, step.place.layer, g.units, g.fan_in, &map, nullptr), EPX_OK);
    step.place.row_block = random.integer(0, map.row_blocks - 1);
    step.place.column_block = random.integer(0, map.column_blocks - 1);
    const bool readout = step.place.layer == network.layer_count;
    readouts += readout;
    (step.place.feedback ? feedback : forward) += one_way;
    lossy += chip.adc.converter.bits < 16;
    devices += !epx_device_ideal(&chip.device);
    noisy += epx_chip_noisy(&chip);
    dacs += chip.dac.converter.bits > 1;
    batches += epx_chip_calibrates(&chip);
    pulsed += epx_chip_pulsed(&chip);
    const int before = random.integer(0, 2);
    in_child([&] {
      SCOPED_TRACE(describe(network));
      const Substrate twin = make_twin(network, chip, 2);
      load(twin.get(), params);
      epx_error_t error = {};
      epx_tile_vectors_t *made = nullptr;
      const epx_calibration_t ranges = {step.dynamics, step.estimator,
                                        epx_batch_f32(step.x, step.labels, step.images)};
      ASSERT_EQ(epx_ep_calibrate(twin.get(), &ranges, &error), EPX_OK) << error.message;
      for (int i = 0; i < before; ++i) {  // moves images, updates and what is written
        ASSERT_EQ(epx_tile_from_twin(twin.get(), &step, &made, &error), EPX_OK) << error.message;
        epx_tile_vectors_destroy(made);
      }
      ASSERT_EQ(epx_tile_from_twin(twin.get(), &step, &made, &error), EPX_OK) << error.message;
      const Vectors v(made);
      if (before == 0) {  // registers that vectors leave out are those before training
        ASSERT_EQ(epx_tile_vectors_create(&v->setup, {0, 0, 0}, {}, &made, &error), EPX_OK);
        const Vectors fresh(made);
        EXPECT_EQ(*static_cast<uint32_t *>(fresh->input[EPX_TILE_LFSR]),
                  *static_cast<uint32_t *>(v->input[EPX_TILE_LFSR]));
      }
      epx_tile_check_t check;
      const epx_tile_bench_options_t options = {};
      ASSERT_EQ(epx_tile_check_run(v.get(), &options, &check, &error), EPX_OK) << error.message;
      EXPECT_FALSE(epx_tile_check_failed(&check)) << epx_tile_check_first(&check);
      EXPECT_EQ(check.rows[EPX_TILE_OUT_STATE].given > 0, !readout && !step.place.feedback);
      EXPECT_EQ(check.rows[EPX_TILE_OUT_PSUM].given > 0,
                !step.place.feedback || v->setup.window > 1);
      EXPECT_GT(check.rows[EPX_TILE_OUT_CORRELATION].given, 0);
      EXPECT_GT(check.rows[EPX_TILE_OUT_LFSR].given, 0);
      EXPECT_EQ(check.rows[EPX_TILE_OUT_BACKWARD].compared > 0,
                step.place.layer > 0 && one_way == step.place.feedback);
    });
  }
  EXPECT_GT(readouts, 0);
  EXPECT_GT(forward, 0);
  EXPECT_GT(feedback, 0);
  EXPECT_GT(lossy, 0);
  EXPECT_GT(devices, 0);
  EXPECT_GT(noisy, 0);
  EXPECT_GT(pulsed, 0);
  EXPECT_GT(dacs, 0);
  EXPECT_GT(batches, 0);
}

// A job for the second row block of a layer of a small network.
Vectors random_vectors(const epx_chip_t &chip, int layer, uint64_t seed) {
  const epx_network_t network = make_network(
      {2, 12, 12}, {conv_layer(5, 3, 1, 1, EPX_POOL_MAX), conv_layer(6, 3, 1, 1, EPX_POOL_MAX)}, 4,
      EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID);
  epx_plan_t *plan = nullptr;
  epx_estimator_t estimator = {};
  estimator.beta = 0.5;
  epx_update_rule_t rule = {};
  rule.momentum = 0.9;
  std::fill(std::begin(rule.learning_rate), std::end(rule.learning_rate), 0.3);
  epx_tile_setup_t setup;
  epx_error_t error = {};
  epx_tile_vectors_t *made = nullptr;
  EXPECT_EPX_OK(epx_plan_make(&network, &chip, nullptr, &plan, &error), error);
  EXPECT_EPX_OK(epx_tile_setup_make(plan, {layer, 1, 0}, &estimator, &rule, 1, &setup, &error),
                error);
  epx_plan_destroy(plan);
  EXPECT_EPX_OK(epx_tile_random(&setup, 4, seed, &made, &error), error);
  return Vectors(made);
}

// Every effect of devices and converters by itself, with random vectors, registers and numbers of
// writes and events, at random stalls; and that there is something to find: other products than an
// ideal chip's, and where numbers draw, with other numbers.
TEST(TileBench, devices_and_noise_in_turn) {
  Random random(seed_of());
  struct Effect {
    const char *name;
    void (*set)(epx_chip_t *chip);
    bool by_written, by_event;
  };
  const Effect effects[] = {
      {"g_min",  // noticed where wires lead its currents, too
       [](epx_chip_t *c) {
         c->device.g_min = 0.2;
         c->device.wires = {2e4, 2.0, 3.0, 100.0, 50.0, EPX_WIRES_OWN, EPX_WIRES_ITERATIVE};
       },
       false, false},
      {"program_error",
       [](epx_chip_t *c) {
         c->device.program_error = {EPX_NOISE_INDEPENDENT, 0.1, 0.1};
       },
       true, false},
      {"drift",
       [](epx_chip_t *c) {
         c->device.age = 100;
         c->device.drift = {0.1, 0.2, 1.0};
       },
       false, false},
      {"retention",
       [](epx_chip_t *c) {
         c->device.age = 100;
         c->device.retention = {100, 0.5, 0.5};
       },
       false, false},
      {"faults",
       [](epx_chip_t *c) {
         c->device.faults = {0.1, 0.1};
       },
       false, false},
      {"wires",
       [](epx_chip_t *c) {
         c->device.wires = {2e4, 20.0, 30.0, 100.0, 50.0, EPX_WIRES_OWN, EPX_WIRES_ITERATIVE};
       },
       false, false},
      {"read_noise",
       [](epx_chip_t *c) {
         c->device.read_noise = {EPX_NOISE_INDEPENDENT, 0.2};
       },
       false, true},
      {"adc.noise",
       [](epx_chip_t *c) {
         c->adc.converter.kind = EPX_CONVERTER_SAR;
         c->adc.converter.bits = 6;
         c->adc.converter.noise = 1.0;
       },
       false, true},
      {"adc.reach",
       [](epx_chip_t *c) {
         c->adc.converter.kind = EPX_CONVERTER_SAR;
         c->adc.converter.bits = 3;
         c->adc.reach = EPX_ADC_REACH_BATCH_LINES;
       },
       false, false},
      {"dac.codes",
       [](epx_chip_t *c) {
         c->dac.converter.bits = 3;
         c->dac.codes = EPX_DAC_ROUNDED;
       },
       false, false},
      {"dac errors",
       [](epx_chip_t *c) {
         c->dac.converter.bits = 4;
         c->dac.converter.offset_spread = 0.5;
         c->dac.converter.gain_spread = 0.05;
         c->dac.converter.noise = 0.2;
       },
       false, true},
  };
  for (const Effect &effect : effects) {
    SCOPED_TRACE(effect.name);
    epx_chip_t chip = make_chip();
    chip.array_kind = EPX_ARRAY_ANALOG;
    chip.rows = 16;
    chip.columns = 24;
    chip.bits_per_cell = random.integer(1, 3);
    chip.adc.converter.bits = 16;
    chip.device_seed = static_cast<uint32_t>(random.integer(1, 1 << 30));
    const uint64_t seed = static_cast<uint64_t>(random.integer(0, 1 << 30));
    const int layer = random.integer(1, 2), images = random.integer(1, 2);
    const auto vectors = [&](const epx_chip_t &of) {
      Vectors made = random_vectors(of, layer, seed);
      made->draw.images = static_cast<uint32_t>(images);
      return made;
    };
    const auto products = [](const epx_tile_vectors_t *v) {
      const Answered answer(v);
      std::vector<int64_t> sums;
      for (const epx_tile_output_t o : {EPX_TILE_OUT_PSUM, EPX_TILE_OUT_BACKWARD}) {
        const int64_t *data = static_cast<int64_t *>(answer.answer.output[o]);
        sums.insert(sums.end(), data, data + epx_tile_array_count(v, &epx_tile_outputs()[o]));
      }
      return sums;
    };
    const auto ideal = products(vectors(chip).get());
    effect.set(&chip);
    const Vectors v = vectors(chip);
    const auto found = products(v.get());
    EXPECT_NE(found, ideal);
    in_child([&] {
      epx_tile_check_t check;
      epx_tile_bench_options_t options = {};
      options.stall_percent = 20;
      options.stall_seed = static_cast<uint32_t>(seed);
      epx_error_t error = {};
      ASSERT_EQ(epx_tile_check_run(v.get(), &options, &check, &error), EPX_OK) << error.message;
      EXPECT_FALSE(epx_tile_check_failed(&check)) << epx_tile_check_first(&check);
      EXPECT_EQ(check.rows[EPX_TILE_OUT_WRITTEN].compared > 0, !epx_device_ideal(&chip.device));
    });
    if (uint32_t *written = static_cast<uint32_t *>(v->input[EPX_TILE_WRITTEN])) {
      const size_t synapses = static_cast<size_t>(v->shape.rows * v->shape.units);
      std::for_each(written, written + synapses, [](uint32_t &number) { number ^= 1; });
      EXPECT_EQ(products(v.get()) != found, effect.by_written);
      std::for_each(written, written + synapses, [](uint32_t &number) { number ^= 1; });
    }
    for (uint32_t *number : {&v->draw.image, &v->draw.read}) {
      ++*number;
      EXPECT_EQ(products(v.get()) != found, effect.by_event);
      --*number;
    }
  }
}

epx_chip_t pulse_chip(Random &random, int preset) {
  epx_chip_t chip = make_pulse_chip(preset);
  chip.rows = 16;
  chip.columns = 24;
  chip.shadow_bits = random.integer(4, 16);
  chip.pulse_max = random.integer(1, 30);
  chip.device_seed = static_cast<uint32_t>(random.integer(1, 1 << 30));
  return chip;
}

// Registers within the bounds of their cells, before and after; registers from outside are brought
// there, as the twin programs them.
TEST(TileBench, pulses_of_every_preset) {
  Random random(seed_of());
  const Folder folder;
  const std::string path = folder / "v.npz";
  uint64_t pulses = 0;
  for (int preset = 1; preset <= 7; ++preset) {
    SCOPED_TRACE(preset);
    const epx_chip_t chip = pulse_chip(random, preset);
    const Vectors v = random_vectors(chip, random.integer(1, 2),
                                     static_cast<uint64_t>(random.integer(0, 1 << 30)));
    epx_error_t error = {};
    epx_pulsed_t *devices = nullptr;
    ASSERT_EQ(epx_tile_vectors_pulsed(v.get(), &devices, &error), EPX_OK) << error.message;
    const Answered reference(v.get());
    int32_t *before = static_cast<int32_t *>(v->input[EPX_TILE_SHADOW]);
    const int32_t *after = static_cast<int32_t *>(reference.answer.output[EPX_TILE_OUT_SHADOW]);
    const int synapses = v->shape.rows * v->shape.units;
    const auto limited = [&](int i, int32_t shadow) {
      return epx_pulsed_limit(devices, i / v->shape.units, i % v->shape.units, shadow);
    };
    for (int i = 0; i < synapses; ++i) {
      EXPECT_EQ(before[i], limited(i, before[i]));
      EXPECT_EQ(after[i], limited(i, after[i]));
    }
    in_child([&] {
      epx_tile_check_t check;
      const epx_tile_bench_options_t options = {};
      ASSERT_EQ(epx_tile_check_run(v.get(), &options, &check, &error), EPX_OK) << error.message;
      EXPECT_FALSE(epx_tile_check_failed(&check)) << epx_tile_check_first(&check);
      EXPECT_TRUE(check.timed && check.counted);
    });
    pulses += reference.answer.pulses;
    int64_t low, high;
    epx_tile_input_range(v.get(), EPX_TILE_SHADOW, &low, &high);
    std::fill(before, before + synapses, static_cast<int32_t>(high));
    ASSERT_EQ(epx_tile_npz_write(path.c_str(), v.get(), &error), EPX_OK) << error.message;
    epx_npz_t *npz = nullptr;
    ASSERT_EQ(epx_npz_read(path.c_str(), &npz, &error), EPX_OK) << error.message;
    epx_tile_vectors_t *read = nullptr;
    ASSERT_EQ(epx_tile_npz_read(npz, "v.npz", &v->setup, &read, &error), EPX_OK) << error.message;
    epx_npz_destroy(npz);
    const Vectors back(read);
    for (int i = 0; i < synapses; ++i) {
      ASSERT_EQ(static_cast<int32_t *>(back->input[EPX_TILE_SHADOW])[i],
                limited(i, static_cast<int32_t>(high)));
    }
    epx_pulsed_destroy(devices);
  }
  EXPECT_GT(pulses, 1000u);
}

// The log of pulses against the twin's registers before and after the step, and against pulses
// counted from the step of each synapse.
TEST(TileBench, the_pulse_log_replays_from_the_twins_registers) {
  Random random(seed_of());
  const Folder folder;
  const std::string path = folder / "pulses.csv";
  int64_t pulsed = 0;
  const epx_network_t network = make_network({2, 12, 12}, {conv_layer(5, 3, 1, 1, EPX_POOL_MAX)}, 4,
                                             EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID);
  for (int preset = 1; preset <= 7; ++preset) {
    SCOPED_TRACE(preset);
    epx_chip_t chip = pulse_chip(random, preset);
    chip.update_rounding = static_cast<epx_round_t>(random.integer(0, EPX_ROUND_TRUNCATE_ZERO));
    const Batch batch = random_batch(network, random, 2);
    epx_tile_step_t step = {};
    step.place = {random.integer(0, 1), random.integer(0, 1), 0};
    step.dynamics.free_steps = step.dynamics.nudged_steps = 2;
    step.estimator.beta = 0.5;
    step.rule.momentum = 0.5;
    std::fill(std::begin(step.rule.learning_rate), std::end(step.rule.learning_rate), 0.3);
    step.x = batch.x.data();
    step.labels = batch.labels.data();
    step.images = 2;
    const Substrate twin = make_twin(network, chip, 2);
    load(twin.get(), random_params(network, random, 2.5, -0.3, 0.9));
    epx_error_t error = {};
    epx_tile_vectors_t *made = nullptr;
    ASSERT_EQ(epx_tile_from_twin(twin.get(), &step, &made, &error), EPX_OK) << error.message;
    const Vectors v(made);
    in_child([&] {
      epx_tile_bench_options_t options = {};
      options.pulse_log_path = path.c_str();
      epx_tile_check_t check;
      ASSERT_EQ(epx_tile_check_run(v.get(), &options, &check, &error), EPX_OK) << error.message;
    });
    std::ostringstream expected;
    expected << "step,tile,layer,row_block,column_block,row,column,polarity,pulses,before,after\n";
    const epx_update_circuit_t &circuit = v->setup.weight_circuit;
    const int32_t *before = static_cast<int32_t *>(v->input[EPX_TILE_SHADOW]);
    const int32_t *after = static_cast<int32_t *>(v->expect[EPX_TILE_OUT_SHADOW]);
    const int64_t *sums = static_cast<int64_t *>(v->expect[EPX_TILE_OUT_CORRELATION]);
    int32_t *velocity = static_cast<int32_t *>(v->input[EPX_TILE_VELOCITY]);
    epx_lfsr_t lfsr = {*static_cast<uint32_t *>(v->input[EPX_TILE_LFSR])};
    for (int i = 0; i < v->shape.rows * v->shape.units; ++i) {
      const int64_t fall = epx_update_step(&circuit, sums[i], before[i], &velocity[i], &lfsr);
      const int64_t pulses = std::min<int64_t>(std::abs(fall), chip.pulse_max);
      if (pulses > 0) {
        expected << v->draw.update << ',' << place_text(v.get()) << i / v->shape.units << ','
                 << i % v->shape.units << (fall > 0 ? ",down," : ",up,") << pulses << ','
                 << before[i] << ',' << after[i] << '\n';
      } else {
        EXPECT_EQ(before[i], after[i]);
      }
    }
    const std::string text = read_text(path);
    EXPECT_EQ(text, expected.str());
    pulsed += std::count(text.begin(), text.end(), '\n') - 1;
  }
  EXPECT_GT(pulsed, 100);
}

}  // namespace
