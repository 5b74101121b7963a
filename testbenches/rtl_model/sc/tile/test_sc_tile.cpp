// SPDX-License-Identifier: Apache-2.0
// The SystemC tile against a scalar oracle (results), the closed form (events, cycles) and itself
// with stalls. SystemC elaborates once per process, so every tile runs in a child process of its
// own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "child_process.h"
#include "epx_tile_events.h"
#include "rtl_model/bin_log.h"
#include "rtl_model/sc/tile/tile_oracle.h"

namespace {

using tile_test::Answer;
using tile_test::Choice;
using tile_test::Memory;
using tile_test::Random;
using tile_test::RandomTile;

struct TileRun {
  epx_status_t status = EPX_OK;
  Answer answer;
  Memory memory;
  epx_sc_tile_result_t result = {};
  epx_error_t error = {};
};

TileRun run_tile(const RandomTile &tile) {
  TileRun run;
  run.answer = tile.room();
  run.memory = tile.memory;
  epx_sc_memory_t memory = {run.memory.weight.data(),
                            run.memory.shadow.data(),
                            run.memory.velocity.data(),
                            run.memory.bias.data(),
                            run.memory.bias_velocity.data(),
                            run.memory.lfsr,
                            nullptr};
  run.result.psum = run.answer.psum.data();
  run.result.state = run.answer.state.data();
  run.result.switches = run.answer.switches.data();
  run.result.backward = run.answer.backward.data();
  run.result.correlation = run.answer.correlation.data();
  run.result.bias_correlation = run.answer.bias_correlation.data();
  run.status = epx_sc_tile_run(&tile.job, &memory, &run.result, &run.error);
  run.memory.lfsr = memory.lfsr;
  return run;
}

void expect_results(const RandomTile &tile, const TileRun &run) {
  Memory after;
  const Answer answer = tile.expected(&after);
  ASSERT_EQ(run.status, EPX_OK) << run.error.message;
  EXPECT_EQ(run.answer.psum, answer.psum);
  EXPECT_EQ(run.answer.state, answer.state);
  EXPECT_EQ(run.answer.switches, answer.switches);
  EXPECT_EQ(run.answer.backward, answer.backward);
  EXPECT_EQ(run.answer.correlation, answer.correlation);
  EXPECT_EQ(run.answer.bias_correlation, answer.bias_correlation);
  EXPECT_TRUE(run.memory == after) << "the registers after the update differ";
}

// The closed form's events of the whole job; cycles of its five operations.
epx_events_t closed_form(const RandomTile &tile, uint64_t cycles[5]) {
  epx_events_t events = {};
  const auto count = [](int n) { return static_cast<uint64_t>(n); };
  const epx_sc_tile_job_t &job = tile.job;
  if (job.vectors > 0) {
    cycles[0] = epx_tile_forward(&tile.chip, &tile.shape, count(job.vectors), &events);
  }
  if (job.positions > 0) {
    cycles[1] = epx_tile_backward(&tile.chip, &tile.shape, count(job.positions), &events);
  }
  if (job.terms > 0) {
    cycles[2] = epx_tile_correlate(&tile.shape, count(job.terms), &events);
  }
  if (job.update) {
    cycles[3] = epx_tile_update(&tile.chip, &tile.shape, &events);
  }
  if (tile.shape.pools) {
    cycles[4] = epx_tile_fire(&tile.shape, count(job.vectors / job.window), &events);
  }
  return events;
}

void expect_events(const epx_events_t &found, const epx_events_t &expected) {
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    EXPECT_EQ(epx_event_get(&found, i), epx_event_get(&expected, i)) << epx_event_rows()[i].name;
  }
}

void expect_account(const RandomTile &tile, const TileRun &run) {
  uint64_t cycles[5] = {};
  expect_events(run.result.events, closed_form(tile, cycles));
  EXPECT_EQ(run.result.forward_cycles, cycles[0]);
  EXPECT_EQ(run.result.backward_cycles, cycles[1]);
  EXPECT_EQ(run.result.correlate_cycles, cycles[2]);
  EXPECT_EQ(run.result.update_cycles, cycles[3]);
  EXPECT_EQ(run.result.fire_cycles, cycles[4]);
}

std::string describe(const RandomTile &tile) {
  std::ostringstream text;
  text << tile.shape.rows << " rows, " << tile.shape.units << " units, " << tile.shape.slices
       << " slices of " << tile.chip.bits_per_cell << " bits, window " << tile.job.window
       << ", layer " << tile.job.layer << (tile.shape.pools ? ", pools" : "")
       << (tile.shape.psum_in ? ", psum in" : "") << ", " << tile.job.vectors << " vectors, "
       << tile.job.positions << " positions, " << tile.job.terms << " terms";
  return text.str();
}

// The array kinds, cells, windows and layers in all their pairs, each with random sizes.
class Tiles : public testing::TestWithParam<std::tuple<int, int, int, int>> {
 protected:
  Choice choice(Random *random) const {
    Choice choice;
    choice.kind = static_cast<epx_array_kind_t>(std::get<0>(GetParam()));
    choice.bits_per_cell = std::get<1>(GetParam());
    choice.window = std::get<2>(GetParam());
    choice.layer = std::get<3>(GetParam());
    choice.fires = random->between(0, 3) != 0;
    choice.update = random->between(0, 3) != 0;
    return choice;
  }
};

TEST_P(Tiles, equal_the_oracle_and_the_closed_form) {
  Random random;
  BinLog bins;
  for (int i = 0; i < 6; ++i) {
    const RandomTile tile(choice(&random), &random);
    bins.hit("tile", tile.chip, 0, tile.map, tile.job.window);
    in_child([&] {
      SCOPED_TRACE(describe(tile));
      const TileRun run = run_tile(tile);
      expect_results(tile, run);
      expect_account(tile, run);
    });
  }
}

TEST_P(Tiles, stalls_change_cycles_never_results) {
  Random random;
  BinLog bins;
  for (int i = 0; i < 3; ++i) {
    Choice stalled = choice(&random);
    stalled.stall_percent = 60;
    const RandomTile tile(stalled, &random);
    bins.hit("tile", tile.chip, 0, tile.map, tile.job.window);
    in_child([&] {
      SCOPED_TRACE(describe(tile));
      const TileRun run = run_tile(tile);
      expect_results(tile, run);
      uint64_t cycles[5] = {};
      expect_events(run.result.events, closed_form(tile, cycles));
      EXPECT_GE(run.result.forward_cycles, cycles[0]);
      EXPECT_GE(run.result.correlate_cycles, cycles[2]);
      EXPECT_EQ(run.result.update_cycles, cycles[3]) << "a single word has nothing to wait for";
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Tiles,
                         testing::Combine(testing::Values(EPX_ARRAY_DIGITAL, EPX_ARRAY_ANALOG),
                                          testing::Values(1, 2, 3, 8), testing::Values(1, 4),
                                          testing::Values(0, 1)));

// A vector is done in at most nine cycles here; of 400 waits some last longer, so that the array
// idles.
TEST(Tile, stalls_do_lengthen_a_stream) {
  Random random;
  Choice choice;
  choice.fires = false;
  choice.stall_percent = 90;
  RandomTile tile(choice, &random);
  const std::vector<uint8_t> x(400 * static_cast<size_t>(tile.shape.rows), 1);
  tile.chip.settle_cycles = 0;
  tile.chip.convert_cycles = 1;
  tile.job.vectors = 400;
  tile.job.x = x.data();
  tile.job.psum_in = nullptr;
  tile.shape = epx_sc_tile_shape(&tile.job);
  in_child([&] {
    uint64_t cycles[5] = {};
    closed_form(tile, cycles);
    const TileRun run = run_tile(tile);
    ASSERT_EQ(run.status, EPX_OK) << run.error.message;
    EXPECT_GT(run.result.forward_cycles, cycles[0]);
  });
}

TEST(Tile, a_second_elaboration_is_refused) {
  Random random;
  const RandomTile tile(Choice(), &random);
  in_child([&] {
    EXPECT_EQ(run_tile(tile).status, EPX_OK);
    const TileRun second = run_tile(tile);
    EXPECT_EQ(second.status, EPX_ERR_UNSUPPORTED);
    EXPECT_NE(std::string(second.error.message).find("once per process"), std::string::npos);
  });
}

TEST(Tile, a_converter_that_loses_bits_is_an_error_and_not_a_clip) {
  Random random;
  Choice choice;
  choice.kind = EPX_ARRAY_ANALOG;
  choice.bits_per_cell = 8;
  choice.layer = 0;
  RandomTile tile(choice, &random);
  const int bits = tile.shape.synapse_bits;
  std::fill(tile.memory.weight.begin(), tile.memory.weight.end(),
            static_cast<int8_t>(-(1 << (bits - 1))));
  std::vector<uint8_t> ones(static_cast<size_t>(tile.job.vectors * tile.shape.rows), 1);
  tile.job.x = ones.data();
  tile.chip.adc.converter.bits = bits - 1;  // one row's digit is beyond it
  in_child([&] {
    const TileRun run = run_tile(tile);
    EXPECT_EQ(run.status, EPX_ERR_MISMATCH);
    EXPECT_NE(std::string(run.error.message).find("range"), std::string::npos) << run.error.message;
  });
}

// An ADC converts a line in one step (ideal), a step for each bit (SAR) or for each level (ramp); a
// step lasts convert_cycles. The sizes here are the formula's, not the closed form's.
TEST(Tile, a_conversion_takes_the_steps_of_its_kind) {
  Random random;
  const struct {
    epx_converter_kind_t kind;
    int bits, steps;
  } cases[] = {{EPX_CONVERTER_IDEAL, 20, 1},
               {EPX_CONVERTER_SAR, 4, 4},
               {EPX_CONVERTER_SAR, 7, 7},
               {EPX_CONVERTER_RAMP, 2, 4},
               {EPX_CONVERTER_RAMP, 6, 64}};
  for (const auto &c : cases) {
    Choice choice;
    choice.kind = EPX_ARRAY_ANALOG;
    choice.layer = 0;
    RandomTile tile(choice, &random);
    tile.chip.adc.converter.kind = c.kind;
    tile.chip.adc.converter.bits = c.bits;
    tile.chip.adc.range = 1.0;
    tile.chip.settle_cycles = 2;
    tile.chip.convert_cycles = 3;
    tile.shape = epx_sc_tile_shape(&tile.job);
    const int columns = tile.shape.units * tile.shape.slices;
    const int each = tile.chip.adc.converter.lines_each;
    const int adcs = (tile.chip.columns + each - 1) / each;
    const int turns = (columns + adcs - 1) / adcs;
    const int passes =
        (tile.shape.input_bits + tile.chip.dac.converter.bits - 1) / tile.chip.dac.converter.bits;
    const auto expected =
        static_cast<uint64_t>(tile.job.vectors * (1 + passes * (2 + turns * c.steps * 3)) + 3);
    in_child([&] {
      const TileRun run = run_tile(tile);
      ASSERT_EQ(run.status, EPX_OK) << run.error.message;
      EXPECT_EQ(run.result.forward_cycles, expected)
          << epx_converter_kind_name(c.kind) << ", " << c.bits << " bits";
    });
  }
}

TEST(Tile, bad_jobs_are_refused_by_name) {
  Random random;
  Choice choice;
  choice.window = 4;
  const auto refused = [&](const char *word, const std::function<void(RandomTile *)> &spoil) {
    RandomTile tile(choice, &random);
    spoil(&tile);
    in_child([&] {
      const TileRun run = run_tile(tile);
      EXPECT_EQ(run.status, EPX_ERR_ARGUMENT) << word;
      EXPECT_NE(std::string(run.error.message).find(word), std::string::npos) << run.error.message;
    });
  };
  std::vector<uint8_t> bad(10000, 4);
  refused("windows", [](RandomTile *tile) { ++tile->job.vectors; });
  refused("switch", [&](RandomTile *tile) {
    tile->job.positions = 1;
    tile->job.post_switches = bad.data();
  });
  refused("row block", [](RandomTile *tile) { tile->job.row_block = -1; });
  refused("LFSR", [](RandomTile *tile) { tile->memory.lfsr = 0; });
  refused("chip.timing", [](RandomTile *tile) { tile->chip.convert_cycles = 0; });
  refused(".vcd", [](RandomTile *tile) { tile->job.vcd_path = "wave.txt"; });
}

// A reader of VCD files: declared signals, then times and changes of declared signals only.
struct Vcd {
  std::map<std::string, std::string> names;           // identifier -> name
  std::map<std::string, std::set<std::string>> seen;  // name -> values
  uint64_t last_time = 0, times = 0;
};

void read_vcd(const std::string &path, Vcd *vcd) {
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  std::string line;
  bool defined = false;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "$var") {
      std::string type, width, id, name;
      words >> type >> width >> id >> name;
      ASSERT_TRUE(vcd->names.emplace(id, name).second) << "twice: " << line;
    } else if (first == "$enddefinitions") {
      defined = true;
    } else if (defined && first[0] == '#') {
      const uint64_t time = std::stoull(first.substr(1));
      ASSERT_TRUE(vcd->times == 0 || time > vcd->last_time) << line;
      vcd->last_time = time;
      ++vcd->times;
    } else if (defined && !first.empty() &&
               (first[0] == 'b' || first[0] == '0' || first[0] == '1')) {
      std::string id;
      const bool vector = first[0] == 'b';
      vector ? static_cast<void>(words >> id) : static_cast<void>(id = first.substr(1));
      ASSERT_EQ(vcd->names.count(id), 1u) << "undeclared: " << line;
      vcd->seen[vcd->names[id]].insert(vector ? first.substr(1) : first.substr(0, 1));
    }
  }
  ASSERT_TRUE(defined);
}

TEST(Tile, the_waveform_shows_the_run) {
  Random random;
  Choice choice;
  choice.window = 4;
  RandomTile tile(choice, &random);
  const std::string path = testing::TempDir() + "epx_tile_" + std::to_string(getpid()) + ".vcd";
  tile.job.vcd_path = path.c_str();
  in_child([&] {
    const TileRun run = run_tile(tile);
    expect_results(tile, run);
    expect_account(tile, run);
    Vcd vcd;
    read_vcd(path, &vcd);
    for (const char *name : {"clk_i", "x_valid_i", "x_ready_o", "y_valid_o", "fire", "update"}) {
      const auto ends_with = [&](const auto &entry) {
        const std::string &text = entry.first;
        const size_t n = std::string(name).size();
        return text.size() >= n && text.compare(text.size() - n, n, name) == 0;
      };
      const auto found = std::find_if(vcd.seen.begin(), vcd.seen.end(), ends_with);
      ASSERT_NE(found, vcd.seen.end()) << name;
      EXPECT_EQ(found->second, (std::set<std::string>{"0", "1"})) << name;
    }
    EXPECT_GT(vcd.times, 2 * (run.result.forward_cycles + run.result.update_cycles));
  });
  std::remove(path.c_str());
}

TEST(Tile, an_unwritable_waveform_is_an_io_error) {
  Random random;
  RandomTile tile(Choice(), &random);
  tile.job.vcd_path = "/nonexistent-folder/wave.vcd";
  in_child([&] { EXPECT_EQ(run_tile(tile).status, EPX_ERR_IO); });
}

}  // namespace
