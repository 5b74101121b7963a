// SPDX-License-Identifier: Apache-2.0
// Processor time of the array effects, on one core, for an array of 128 x 128 cells: read noise,
// programming error, drift; pulses of each preset, at one pulse a cell, at a tenth of the cells,
// and at up to 31 a cell; counting pulses; conversion of 128 columns.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "epx_adc.h"
#include "epx_array.h"
#include "epx_cell.h"
#include "epx_pulse.h"

namespace {

constexpr size_t kCells = 128 * 128;

std::vector<double> conductances() {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0.01, 1.0);
  std::vector<double> g(kCells);
  for (double &value : g) value = uniform(random);
  return g;
}

void per_cell(benchmark::State &state, size_t cells = kCells) {
  state.counters["per_cell"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(cells),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void read_noise(benchmark::State &state) {
  const epx_read_noise_t noise = {static_cast<epx_noise_kind_t>(state.range(0)), 0.01};
  const std::vector<double> g = conductances();
  std::vector<double> read(kCells);
  uint64_t event = 0;
  for (auto _ : state) {
    epx_read_noise_apply(&noise, {0.01, 1.0}, 1, 2, ++event, 0, kCells, g.data(), read.data());
    benchmark::ClobberMemory();
  }
  per_cell(state);
}
BENCHMARK(read_noise)->Arg(EPX_NOISE_INDEPENDENT)->Arg(EPX_NOISE_INVERSE);

void program_error(benchmark::State &state) {
  const epx_program_error_t program = {EPX_NOISE_PROPORTIONAL, 0.02, 0.01};
  const std::vector<double> target = conductances();
  std::vector<double> g(kCells);
  uint64_t event = 0;
  for (auto _ : state) {
    epx_program_error_apply(&program, {0.01, 1.0}, 1, 2, ++event, 0, kCells, target.data(),
                            g.data());
    benchmark::ClobberMemory();
  }
  per_cell(state);
}
BENCHMARK(program_error);

void drift(benchmark::State &state) {
  const epx_drift_t law = {0.05, 0.2, 1.0};
  const std::vector<double> g0 = conductances();
  std::vector<double> g(kCells);
  for (auto _ : state) {
    epx_drift_apply(&law, 1, 2, 0, kCells, 1000.0, g0.data(), g.data());
    benchmark::ClobberMemory();
  }
  per_cell(state);
}
BENCHMARK(drift);

// range(0): preset; range(1): 1, one pulse a cell; 10, a tenth of the cells one pulse; 31, up
// to 31.
void pulses(benchmark::State &state) {
  epx_pulse_device_t device;
  epx_pulse_cells_t *cells = nullptr;
  const char *name = epx_pulse_preset_name(static_cast<int>(state.range(0)));
  if (epx_pulse_preset(name, &device, nullptr) != EPX_OK ||
      epx_pulse_cells_create(&device, kCells, 1, 2, &cells, nullptr) != EPX_OK) {
    state.SkipWithError("no device");
    return;
  }
  std::mt19937 random(1);
  std::vector<int16_t> count(kCells);
  for (int16_t &n : count) {
    const int sign = (random() & 1) != 0 ? 1 : -1;
    const int size = state.range(1) == 31   ? static_cast<int>(random() % 32)
                     : state.range(1) == 10 ? (random() % 10 == 0)
                                            : 1;
    n = static_cast<int16_t>(sign * size);
  }
  std::vector<double> w(kCells, 0.1);
  uint64_t event = 0;
  for (auto _ : state) {
    epx_pulse_apply(cells, ++event, 0, kCells, count.data(), w.data());
    benchmark::ClobberMemory();
  }
  per_cell(state);
  state.SetLabel(std::string(name) + (state.range(1) == 1    ? ", one pulse a cell"
                                      : state.range(1) == 10 ? ", a tenth of the cells"
                                                             : ", 0 to 31 pulses a cell"));
  epx_pulse_cells_destroy(cells);
}
BENCHMARK(pulses)->ArgsProduct({{0, 1, 2, 3, 4, 5, 6}, {10, 1, 31}});

// range(0): 0 without errors, 1 with noise.
void convert(benchmark::State &state) {
  epx_converter_t sar = {EPX_CONVERTER_SAR, 8, 0, 0, 0, 0, 0, 8};
  sar.noise = state.range(0) != 0 ? 0.5 : 0.0;
  epx_adc_t *adc = nullptr;
  constexpr int kLines = 128;
  if (epx_adc_create(&sar, kLines, 1, 2, &adc, nullptr) != EPX_OK) {
    state.SkipWithError("no converter");
    return;
  }
  std::vector<int64_t> sum(kLines), out(kLines);
  std::mt19937 random(1);
  for (int line = 0; line < kLines; ++line) {
    sum[static_cast<size_t>(line)] = static_cast<int64_t>(random() % 20000) - 10000;
    if (epx_adc_set_range(adc, line, -8000, 8000, nullptr) != EPX_OK) {
      state.SkipWithError("no range");
    }
  }
  uint64_t event = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(epx_adc_convert(adc, ++event, 0, kLines, sum.data(), out.data()));
    benchmark::ClobberMemory();
  }
  per_cell(state, kLines);
  epx_adc_destroy(adc);
}
BENCHMARK(convert)->Arg(0)->Arg(1);

// One driven bit of 128 columns through ideal converters. range(0): 0 bit planes, 1 conductances,
// 2 with read noise of a kind that needs variances.
void read_columns(benchmark::State &state) {
  epx_chip_t chip = {};
  chip.dac.converter.bits = 1;
  chip.array_kind = EPX_ARRAY_ANALOG;
  chip.bits_per_cell = 1;
  chip.device.g_min = 0.1;
  chip.device.program_error.device = state.range(0) > 0 ? 0.01 : 0.0;
  chip.device.read_noise = {EPX_NOISE_PROPORTIONAL, state.range(0) > 1 ? 0.01 : 0.0};
  epx_tile_shape_t shape = {};
  shape.rows = 128;
  shape.units = 16;
  shape.slices = shape.synapse_bits = 8;
  epx_array_t *array = nullptr;
  if (epx_array_create(&chip, &shape, 1, &array, nullptr) != EPX_OK) {
    state.SkipWithError("no array");
    return;
  }
  std::vector<uint64_t> plane(2, UINT64_C(0x5555555555555555));
  const epx_driven_t driven = {1, plane.data(), nullptr, nullptr};
  std::vector<int64_t> sums(128);
  uint64_t event = 0;
  for (auto _ : state) {
    epx_array_read_columns(array, ++event, &driven, 0, 128, sums.data());
    benchmark::ClobberMemory();
  }
  epx_array_destroy(array);
}
BENCHMARK(read_columns)->Arg(0)->Arg(1)->Arg(2);

// Products of 256 words with 576 x 128 weights in arrays of 128 x 128 cells. range(0), (1): bits of
// a DAC, of a cell; range(2): of a SAR converter.
void multiply(benchmark::State &state) {
  constexpr int kFanIn = 576, kUnits = 128, kRows = 128, kWords = 256;
  epx_chip_t chip = {};
  chip.array_kind = EPX_ARRAY_ANALOG;
  chip.dac.converter.bits = static_cast<int>(state.range(0));
  chip.bits_per_cell = static_cast<int>(state.range(1));
  chip.adc.converter = {EPX_CONVERTER_SAR, static_cast<int>(state.range(2)), 0, 0, 0, 0, 0, 8};
  chip.adc.range = 1.0;
  chip.device.program_error.device = state.range(3) != 0 ? 0.01 : 0.0;
  chip.device.read_noise.sigma = state.range(3) > 1 ? 0.01 : 0.0;
  chip.adc.converter.noise = state.range(3) > 1 ? 0.5 : 0.0;
  epx_tile_shape_t shape = {};
  shape.slices = (8 + chip.bits_per_cell - 1) / chip.bits_per_cell;
  shape.synapse_bits = shape.input_bits = shape.state_bits = 8;
  const int units = 128 / shape.slices;
  std::vector<epx_array_t *> arrays;
  std::mt19937 random(1);
  for (int first = 0; first < kFanIn; first += kRows) {
    for (int unit = 0; unit < kUnits; unit += units) {
      epx_array_t *array = nullptr;
      shape.rows = std::min(kRows, kFanIn - first);
      shape.units = units;
      if (epx_array_create(&chip, &shape, 1, &array, nullptr) != EPX_OK ||
          epx_array_serve_words(array, nullptr) != EPX_OK) {
        state.SkipWithError("no array");
        return;
      }
      for (int row = 0; row < shape.rows; ++row) {
        for (int u = 0; u < units; ++u) {
          epx_array_write(array, row, u, static_cast<int8_t>(random()), 1);
        }
      }
      if (epx_array_settle(array, nullptr, nullptr) != EPX_OK) {
        state.SkipWithError("not settled");
      }
      arrays.push_back(array);
    }
  }
  epx_words_t words;
  epx_array_workspace_t *workspace = nullptr;
  const epx_driver_t driver = epx_driver_of(&chip, &shape, false);
  if (epx_words_create(epx_words_size(kWords, kFanIn), 8, &words, nullptr) != EPX_OK ||
      epx_array_workspace_create(kRows, units, &workspace, nullptr) != EPX_OK) {
    state.SkipWithError("no memory");
    return;
  }
  std::vector<uint8_t> codes(epx_words_size(kWords, kFanIn));
  for (uint8_t &code : codes) code = static_cast<uint8_t>(random());
  std::vector<int32_t> sums(kWords * kUnits + EPX_ARRAY_LINES);
  epx_clips_t clips = {};
  for (auto _ : state) {
    uint8_t *rows = epx_words_begin(&words, 0, 1, kWords, kFanIn);
    std::copy(codes.begin(), codes.end(), rows);
    epx_words_drive(&words, &driver);
    size_t i = 0;
    for (int first = 0; first < kFanIn; first += kRows) {
      for (int unit = 0; unit < kUnits; unit += units) {
        epx_clips_add(&clips, epx_array_multiply(arrays[i++], 1, false, &words, first, workspace,
                                                 sums.data() + unit, kUnits));
      }
    }
    benchmark::ClobberMemory();
  }
  using benchmark::Counter;
  const double runs = static_cast<double>(state.iterations());
  state.counters["MAC/s"] = Counter(runs * kWords * kFanIn * kUnits, Counter::kIsRate);
  state.counters["conversions/s"] =
      Counter(static_cast<double>(clips.conversions), Counter::kIsRate);
  state.counters["clips"] =
      static_cast<double>(clips.clips) / static_cast<double>(clips.conversions);
  for (epx_array_t *array : arrays) epx_array_destroy(array);
  epx_words_destroy(&words);
  epx_array_workspace_destroy(workspace);
}
BENCHMARK(multiply)
    ->Args({8, 8, 8, 0})
    ->Args({8, 8, 8, 1})
    ->Args({4, 4, 6, 0})
    ->Args({4, 4, 6, 1})
    ->Args({1, 1, 6, 0})
    ->Args({1, 1, 6, 1})
    ->Args({8, 8, 8, 2})
    ->Args({4, 4, 6, 2})
    ->Args({1, 1, 6, 2})
    ->Unit(benchmark::kMillisecond);

}  // namespace
