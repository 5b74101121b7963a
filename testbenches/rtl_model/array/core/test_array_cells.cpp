// SPDX-License-Identifier: Apache-2.0
// The array's cells as conductances: products against plain loops over cells that the device models
// give all at once, and the statistics of what the array reads against each effect's closed form.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "epx_cell.h"
#include "epx_wires_exact.h"
#include "epx_wires_fast.h"
#include "epx_wires_seen.h"
#include "rtl_model/array/core/array_reads.h"
#include "rtl_model/twin/twin_support.h"

namespace {

using Array = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;

constexpr int kTile = 3;

struct Case {
  epx_chip_t chip = make_chip();
  epx_tile_shape_t shape = {};
  std::vector<int> code;  // [rows][units]

  Case(int rows, int units, int bits, int bits_per_cell) {
    chip.array_kind = EPX_ARRAY_ANALOG;
    chip.bits_per_cell = bits_per_cell;
    chip.device_seed = 77;
    shape.rows = rows;
    shape.units = units;
    shape.synapse_bits = bits;
    shape.slices = (bits + bits_per_cell - 1) / bits_per_cell;
    shape.input_bits = shape.state_bits = 8;
    code.assign(static_cast<size_t>(rows * units), 0);
  }
  int columns() const { return shape.units * shape.slices; }
  int cells() const { return shape.rows * columns(); }
  Array make(uint32_t written = 0) const {
    epx_array_t *array = nullptr;
    epx_error_t error = {};
    EXPECT_EPX_OK(epx_array_create(&chip, &shape, kTile, &array, &error), error);
    write(array, written);
    return Array(array, epx_array_destroy);
  }
  void write(epx_array_t *array, uint32_t written) const {
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      epx_array_write(array, i / shape.units, i % shape.units, code[static_cast<size_t>(i)],
                      written);
    }
  }
  int digit_bits(int slice) const {
    return std::min(chip.bits_per_cell, shape.synapse_bits - slice * chip.bits_per_cell);
  }
  // A slice's digit of a code, by division.
  int digit(int value, int slice) const {
    const int base = 1 << chip.bits_per_cell;
    for (int s = 0; s < slice; ++s) {
      value = (value - (value % base + base) % base) / base;
    }
    return slice + 1 == shape.slices ? value : (value % base + base) % base;
  }
};

// What each cell counts, [rows][columns]: every cell of the array written at once.
std::vector<int64_t> oracle(const Case &one, uint32_t written) {
  const epx_device_t &device = one.chip.device;
  const size_t count = static_cast<size_t>(one.cells());
  std::vector<double> g(count);
  std::vector<double> low(count), span(count);
  for (size_t i = 0; i < count; ++i) {
    const int column = static_cast<int>(i) % one.columns(), slice = column % one.shape.slices;
    const int row = static_cast<int>(i) / one.columns(), unit = column / one.shape.slices;
    const int bits = one.digit_bits(slice);
    const bool last = slice + 1 == one.shape.slices;
    low[i] = !last ? 0.0 : bits == 1 ? 0.0 : -std::ldexp(1.0, bits - 1);
    span[i] = last && bits == 1 ? -1.0 : std::ldexp(1.0, bits) - 1.0;
    const int digit = one.digit(one.code[static_cast<size_t>(row * one.shape.units + unit)], slice);
    g[i] = device.g_min + (1.0 - device.g_min) * ((digit - low[i]) / span[i]);
  }
  const epx_cell_range_t range = {device.g_min, 1.0};
  epx_program_error_apply(&device.program_error, range, one.chip.device_seed, kTile, written, 0,
                          count, g.data(), g.data());
  const uint64_t seed = one.chip.device_seed;
  if (device.drift.nu > 0.0) {
    epx_drift_apply(&device.drift, seed, kTile, 0, count, device.age, g.data(), g.data());
  }
  if (device.retention.tau > 0.0) {
    epx_retention_t retention = device.retention;
    retention.rest = device.g_min + (1.0 - device.g_min) * retention.rest;
    epx_retention_apply(&retention, seed, kTile, 0, count, device.age, g.data(), g.data());
  }
  for (size_t i = 0; i < count; ++i) {
    const epx_fault_t fault = epx_fault_of(&device.faults, seed, kTile, i);
    g[i] = fault == EPX_FAULT_STUCK_MIN ? device.g_min : fault == EPX_FAULT_STUCK_MAX ? 1.0 : g[i];
  }
  std::vector<int64_t> value(count);
  for (size_t i = 0; i < count; ++i) {
    const double digit = low[i] + span[i] * ((g[i] - device.g_min) / (1.0 - device.g_min));
    value[i] = std::llrint(std::ldexp(digit, 12));
  }
  return value;
}

// All reads of one row alone, in digits: what its cells count.
std::vector<double> read_row(const Case &one, const epx_array_t *array, int row) {
  std::vector<uint64_t> driven(epx_array_chunks(one.shape.rows), 0);
  driven[static_cast<size_t>(row / 64)] |= uint64_t{1} << (row % 64);
  std::vector<int64_t> sums(static_cast<size_t>(one.columns()));
  read_columns(array, 1, driven, one.columns(), sums.data());
  std::vector<double> values;
  for (const int64_t sum : sums) {
    values.push_back(std::ldexp(static_cast<double>(sum), -epx_array_fraction(array)));
  }
  return values;
}

std::vector<double> read_cells(const Case &one, const epx_array_t *array) {
  std::vector<double> all;
  for (int row = 0; row < one.shape.rows; ++row) {
    const std::vector<double> values = read_row(one, array, row);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

struct Moments {
  double mean = 0.0, sigma = 0.0;
};
Moments moments(const std::vector<double> &x) {
  double sum = 0.0, square = 0.0;
  for (const double v : x) sum += v;
  const double mean = sum / static_cast<double>(x.size());
  for (const double v : x) square += (v - mean) * (v - mean);
  return {mean, std::sqrt(square / static_cast<double>(x.size() - 1))};
}
// Within six standard deviations of an estimate from n normal numbers.
void expect_sigma(const std::vector<double> &x, double sigma) {
  const double n = static_cast<double>(x.size());
  EXPECT_NEAR(moments(x).mean, 0.0, 6.0 * sigma / std::sqrt(n));
  EXPECT_NEAR(moments(x).sigma / sigma, 1.0, 6.0 / std::sqrt(2.0 * n));
}
std::vector<double> minus(std::vector<double> a, const std::vector<double> &b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

void random_device(Random &random, epx_device_t *device) {
  device->g_min = random.chance(0.5) ? random.real(0.01, 0.5) : 0.0;
  device->program_error = {
      static_cast<epx_noise_kind_t>(random.integer(0, device->g_min > 0.0 ? 2 : 1)),
      random.real(0, 0.2), random.real(0.001, 0.2)};
  device->age = random.real(0, 1000);
  if (random.chance(0.4)) {
    device->drift = {random.real(0, 0.3), random.real(0, 1), random.real(0.1, 10)};
  }
  if (random.chance(0.4)) {
    device->retention = {random.real(1, 1000), random.real(0, 1), random.real(0, 1)};
  }
  if (random.chance(0.4)) {
    device->faults = {random.real(0, 0.3), random.real(0, 0.3)};
  }
}

TEST(ArrayCells, products_are_those_of_plain_loops_over_the_cells) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int bits = random.integer(2, 8), rows = random.integer(1, 700);
    Case one(rows, random.integer(1, 40), bits, random.integer(1, 8));
    one.shape.signed_post = random.chance(0.5);
    random_device(random, &one.chip.device);
    for (int &code : one.code) code = random.integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
    const uint32_t written = static_cast<uint32_t>(random.integer(0, 5));
    const Array array = one.make(written);
    const ArrayWorkspace workspace = make_workspace(one.shape);
    const std::vector<int64_t> value = oracle(one, written);
    const auto weight = [&](int r, int u) {
      int64_t sum = 0;
      for (int s = 0; s < one.shape.slices; ++s) {
        sum += value[static_cast<size_t>(r * one.columns() + u * one.shape.slices + s)] *
               (int64_t{1} << (s * one.chip.bits_per_cell));
      }
      return sum;
    };
    const auto whole = [](int64_t sum) { return std::llrint(std::ldexp((long double)sum, -12)); };

    std::vector<uint8_t> codes, switches;
    std::vector<int32_t> posts;
    for (int r = 0; r < rows; ++r) codes.push_back((uint8_t)random.integer(0, 255));
    std::vector<int64_t> sums((size_t)one.shape.units), back((size_t)rows);
    epx_array_forward(array.get(), 1, 0, codes.data(), workspace.get(), sums.data());
    for (int u = 0; u < one.shape.units; ++u) {
      int64_t sum = 0;
      for (int r = 0; r < rows; ++r) sum += codes[(size_t)r] * weight(r, u);
      EXPECT_EQ(sums[(size_t)u], whole(sum)) << u;
    }
    for (int u = 0; u < one.shape.units; ++u) {
      posts.push_back(one.shape.signed_post ? random.integer(-128, 127) : random.integer(0, 255));
      switches.push_back((uint8_t)random.integer(0, 3));
    }
    epx_array_backward(array.get(), 1, 0, posts.data(), switches.data(), 2, workspace.get(),
                       back.data());
    for (int r = 0; r < rows; ++r) {
      int64_t sum = 0;
      for (int u = 0; u < one.shape.units; ++u) {
        sum += switches[(size_t)u] == 2 ? posts[(size_t)u] * weight(r, u) : 0;
      }
      EXPECT_EQ(back[(size_t)r], whole(sum)) << r;
    }
  }
}

// A write of the same weight with the same number finds the cells as they are; with another number
// it draws anew.
TEST(ArrayCells, only_a_new_write_changes_a_cell) {
  Case one(16, 16, 8, 2);
  one.chip.device.program_error = {EPX_NOISE_INDEPENDENT, 0.02, 0.03};
  const Array array = one.make();
  const std::vector<double> before = read_cells(one, array.get());
  one.write(array.get(), 0);
  EXPECT_EQ(read_cells(one, array.get()), before);
  epx_array_write(array.get(), 3, 5, 0, 9);
  const std::vector<double> after = read_cells(one, array.get());
  for (int i = 0; i < one.cells(); ++i) {
    const bool rewritten = i / one.columns() == 3 && i % one.columns() / one.shape.slices == 5;
    EXPECT_EQ(after[(size_t)i] != before[(size_t)i], rewritten) << i;
  }
}

// Errors of one write and of the difference between two: device^2 + cycle^2 and 2 cycle^2, in
// digits the window's share times its steps. Digits in the middle, so that no limit acts.
TEST(ArrayCells, programming_errors_have_their_sigmas) {
  for (const epx_noise_kind_t kind :
       {EPX_NOISE_INDEPENDENT, EPX_NOISE_PROPORTIONAL, EPX_NOISE_INVERSE}) {
    Case one(128, 128, 8, 8);
    one.chip.device.g_min = 0.2;
    one.chip.device.program_error = {kind, 0.01, 0.02};
    const Array first = one.make(1), second = one.make(2);
    const double g = 0.2 + 0.8 * 128.0 / 255.0;  // of code 0
    const double size = kind == EPX_NOISE_INDEPENDENT    ? 1.0
                        : kind == EPX_NOISE_PROPORTIONAL ? g
                                                         : 1.0 / g;
    const double unit = size * 255.0 / 0.8;
    const std::vector<double> a = read_cells(one, first.get()), b = read_cells(one, second.get());
    expect_sigma(a, unit * std::sqrt(0.01 * 0.01 + 0.02 * 0.02));
    expect_sigma(minus(a, b), unit * std::sqrt(2.0) * 0.02);
  }
}

TEST(ArrayCells, other_tiles_and_seeds_are_other_devices) {
  Case one(32, 32, 8, 8);
  one.chip.device.program_error = {EPX_NOISE_INDEPENDENT, 0.02, 0.0};
  const std::vector<double> before = read_cells(one, one.make().get());
  ++one.chip.device_seed;
  const std::vector<double> after = read_cells(one, one.make().get());
  expect_sigma(minus(before, after), 255.0 * 0.02 * std::sqrt(2.0));
}

// Without spread: a conductance of g0 is g0 (t / t0)^-nu, and what g_min adds is subtracted as if
// it had not drifted.
TEST(ArrayCells, conductances_drift_and_relax_in_closed_form) {
  Case one(8, 8, 8, 8);
  Random random(5);
  for (int &code : one.code) code = random.integer(-128, 127);
  one.chip.device.g_min = 0.1;
  one.chip.device.drift = {0.05, 0.0, 2.0};
  one.chip.device.retention = {300.0, 0.0, 0.25};
  for (const double age : {0.0, 1.0, 2.0, 50.0, 1e4}) {
    one.chip.device.age = age;
    const Array array = one.make();
    const std::vector<double> found = read_cells(one, array.get());
    for (size_t i = 0; i < found.size(); ++i) {
      double g = 0.1 + 0.9 * (one.code[i] + 128) / 255.0;
      g *= age > 2.0 ? std::pow(age / 2.0, -0.05) : 1.0;
      const double rest = 0.1 + 0.9 * 0.25;
      g = rest + (g - rest) * std::exp(-age / 300.0);
      EXPECT_NEAR(found[i], -128.0 + 255.0 * (g - 0.1) / 0.9, 0.51 / 4096.0) << age << " " << i;
    }
  }
}

// A stuck cell reads as its lowest or highest digit whatever is written; as many as asked for.
TEST(ArrayCells, stuck_cells_read_the_same_at_every_write) {
  Case one(128, 128, 4, 2);
  one.chip.device.faults = {0.05, 0.1};
  const Array array = one.make();
  std::vector<double> found[4];
  for (int digit = 0; digit < 4; ++digit) {  // of both slices; the upper is -2 to 1
    for (int &code : one.code) code = (digit << 2 | digit) - (digit > 1 ? 16 : 0);
    one.write(array.get(), 0);
    found[digit] = read_cells(one, array.get());
  }
  int low = 0, high = 0;
  for (size_t i = 0; i < found[0].size(); ++i) {
    const bool upper = i % 2 == 1;
    const double least = upper ? -2.0 : 0.0, most = upper ? 1.0 : 3.0;
    const bool stuck = found[0][i] == found[1][i];
    for (int digit = 0; digit < 4; ++digit) {
      const double written = upper && digit > 1 ? digit - 4 : digit;
      EXPECT_EQ(found[digit][i], stuck ? found[0][i] : written);
    }
    low += stuck && found[0][i] == least;
    high += stuck && found[0][i] == most;
    EXPECT_TRUE(!stuck || found[0][i] == least || found[0][i] == most);
  }
  const double n = one.cells();
  EXPECT_NEAR(low / n, 0.05, 6.0 * std::sqrt(0.05 * 0.95 / n));
  EXPECT_NEAR(high / n, 0.1, 6.0 * std::sqrt(0.1 * 0.9 / n));
}

// One read of each line at each of many events, less the mean of its line: columns, or rows of the
// one slice, with every second line driven.
std::vector<double> read_noise(const Case &one, const epx_array_t *array, bool rows, int events) {
  const int count = rows ? one.shape.rows : one.columns();
  std::vector<uint64_t> driven(4, UINT64_C(0x5555555555555555));
  driven.resize(epx_array_chunks(rows ? one.shape.units : one.shape.rows));
  std::vector<double> all, mean(static_cast<size_t>(count), 0.0);
  for (int draw = 0; draw < events; ++draw) {
    std::vector<int64_t> sums(static_cast<size_t>(count));
    const uint64_t number = epx_array_draw(epx_array_command(1, 2), draw, 0, 0, 0);
    if (rows) {
      read_rows(array, number, driven, 0, count, sums.data());
    } else {
      read_columns(array, number, driven, count, sums.data());
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      all.push_back(std::ldexp(static_cast<double>(sums[i]), -12));
      mean[i] += all.back() / events;
    }
  }
  for (size_t i = 0; i < all.size(); ++i) all[i] -= mean[i % mean.size()];
  return all;
}

// Neighbours in a list of independent numbers do not correlate.
void expect_independent(const std::vector<double> &x, size_t distance) {
  double sum = 0.0, square = 0.0;
  for (size_t i = 0; i + distance < x.size(); ++i) {
    sum += x[i] * x[i + distance];
    square += x[i] * x[i];
  }
  EXPECT_LT(std::fabs(sum / square), 6.0 / std::sqrt(static_cast<double>(x.size())));
}

TEST(ArrayCells, noise_of_a_line_is_the_sum_of_its_driven_cells_noise) {
  constexpr int lines = 128, events = 300;
  for (const epx_noise_kind_t kind :
       {EPX_NOISE_INDEPENDENT, EPX_NOISE_PROPORTIONAL, EPX_NOISE_INVERSE}) {
    for (const bool rows : {false, true}) {
      SCOPED_TRACE(std::to_string(kind) + (rows ? " rows" : " columns"));
      Case one(lines, lines, 8, 8);
      one.chip.device.g_min = 0.2;
      one.chip.device.read_noise = {kind, 0.01};
      for (int i = 0; i < lines * lines; ++i) {  // lines alike, driven cells of two kinds
        const int driven = rows ? i % lines : i / lines;
        one.code[static_cast<size_t>(i)] = driven % 4 < 2 ? -100 : 90;
      }
      const auto variance = [kind](double code) {
        const double g = 0.2 + 0.8 * (code + 128.0) / 255.0;
        return kind == EPX_NOISE_INDEPENDENT    ? 1.0
               : kind == EPX_NOISE_PROPORTIONAL ? g * g
                                                : 1.0 / (g * g);
      };
      const double sum = lines / 4 * (variance(-100) + variance(90));
      const double sigma = 0.01 * 255.0 / 0.8 * std::sqrt(sum);
      const Array array = one.make();
      const std::vector<double> noise = read_noise(one, array.get(), rows, events);
      expect_sigma(noise, sigma * std::sqrt(1.0 - 1.0 / events));
      expect_independent(noise, 1);      // of the next line
      expect_independent(noise, lines);  // at the next draw number
    }
  }
}

// Digits of one bit: the read of a slice has that slice's steps, whatever its sign.
TEST(ArrayCells, noise_counts_in_the_digits_of_its_slice) {
  Case one(64, 1, 6, 4);  // a slice of four bits, one of two
  one.chip.device.read_noise = {EPX_NOISE_INDEPENDENT, 0.02};
  const Array array = one.make();
  const std::vector<double> noise = read_noise(one, array.get(), false, 4000);
  for (int slice = 0; slice < 2; ++slice) {
    std::vector<double> part;
    for (size_t i = (size_t)slice; i < noise.size(); i += 2) part.push_back(noise[i]);
    expect_sigma(part, 0.02 * (slice == 0 ? 15.0 : 3.0) * std::sqrt(32.0));
  }
}

// A converter's noise of some LSB, and the rounding to its levels: noise^2 + 1/12 LSB^2.
TEST(ArrayCells, noise_of_converters_is_drawn_at_every_read) {
  for (const bool device : {false, true}) {
    Case one(64, 64, 8, 1);
    for (int &code : one.code) code = 0x55;
    one.chip.adc.converter.kind = EPX_CONVERTER_SAR;
    one.chip.adc.converter.bits = 5;
    one.chip.adc.converter.noise = 1.5;
    one.chip.device.read_noise.sigma = device ? 0.01 : 0.0;
    const Array array = one.make();
    const std::vector<double> noise = read_noise(one, array.get(), false, 400);
    std::vector<double> part;  // columns of ones: no zeros, which clip
    for (size_t i = 0; i < noise.size(); i += 2) part.push_back(noise[i]);
    const double q = std::ceil(64.0 * 4096.0 / 31.0) / 4096.0;
    const double own = device ? 0.01 * 0.01 * 32.0 : 0.0;
    expect_sigma(part,
                 std::sqrt((1.5 * 1.5 + 1.0 / 12.0) * q * q + own) * std::sqrt(1.0 - 1.0 / 400.0));
    expect_independent(part, 1);
    expect_independent(part, 256);
  }
}

// Settling looks at a stop between steps; vectors are solved some at a time, each as in one go.
TEST(ArrayCells, settling_of_wires_stops_when_asked) {
  for (const int solver : {EPX_WIRES_ITERATIVE, EPX_WIRES_DIRECT}) {
    Random random(9);
    Case one(70, 41, 8, 8);
    one.chip.device.wires = {2e4, 2.0, 3.0, 50.0, 20.0, EPX_WIRES_OWN, (epx_wires_solver_t)solver};
    for (int &code : one.code) code = random.integer(-128, 127);
    const Array array = one.make();
    epx_stop_t stop = {0};
    epx_error_t error = {};
    epx_stop_request(&stop);
    EXPECT_EQ(epx_array_settle(array.get(), &stop, &error), EPX_ERR_INTERRUPTED);
    EXPECT_STREQ(error.message, "interrupted");
    ASSERT_EPX_OK(epx_array_settle(array.get(), nullptr, &error), error); /* all the same */
    EXPECT_EQ(epx_array_settle(array.get(), &stop, &error), EPX_OK) << "nothing is left to do";

    std::vector<double> g(70 * 41), seen(g.size()), whole(g.size()), unit(70 * 70, 0.0), siemens;
    for (double &x : g) x = random.real(0.0, 1.0);
    for (int i = 0; i < 70; ++i) unit[(size_t)(i * 71)] = 1.0;
    for (const double x : g) siemens.push_back(x / 2e4);
    ASSERT_EPX_OK(epx_wires_seen(&one.chip.device.wires, 70, 41, false, g.data(), seen.data(),
                                 nullptr, &error),
                  error);
    const epx_wires_t model = {70, 41, 2.0, 3.0, 50.0, 20.0, EPX_WIRES_FORWARD};
    if (solver == EPX_WIRES_DIRECT) {
      epx_wires_exact_t *exact = nullptr;
      ASSERT_EPX_OK(epx_wires_exact_create(&model, &exact, &error), error);
      ASSERT_EPX_OK(epx_wires_exact_program(exact, siemens.data(), &error), error);
      ASSERT_EPX_OK(epx_wires_exact_solve(exact, 70, unit.data(), whole.data(), &error), error);
      epx_wires_exact_destroy(exact);
    } else {
      const epx_wires_limits_t limits = {1e-9, 0};
      epx_wires_fast_t *fast = nullptr;
      ASSERT_EPX_OK(epx_wires_fast_create(&model, &fast, &error), error);
      ASSERT_EPX_OK(epx_wires_fast_program(fast, siemens.data(), &error), error);
      ASSERT_EPX_OK(epx_wires_fast_effective(fast, &limits, whole.data(), nullptr, &error), error);
      epx_wires_fast_destroy(fast);
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i], whole[i] * 2e4) << i;
    }
  }
}

// A digit of each cell read alone, forward and backward, against the voltages and currents of the
// whole network as the direct solver has them for drives of many lines at once.
TEST(ArrayCells, wires_take_their_share_in_either_direction) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int rows = random.integer(1, 40), units = random.integer(1, 40);
    Case one(rows, units, 8, 8);
    epx_device_t &device = one.chip.device;
    device.g_min = random.chance(0.5) ? 0.1 : 0.0;
    device.wires = {random.real(1e4, 1e5),
                    random.real(0.5, 10),
                    random.real(0.5, 10),
                    random.chance(0.5) ? random.real(10, 300) : 0.0,
                    random.chance(0.5) ? random.real(10, 300) : 0.0,
                    (epx_wires_ends_t)random.integer(0, 1),
                    (epx_wires_solver_t)random.integer(0, 1)};
    for (int &code : one.code) code = random.integer(-128, 127);
    const Array array = one.make();
    epx_error_t error = {};
    ASSERT_EPX_OK(epx_array_settle(array.get(), nullptr, &error), error);
    std::vector<double> siemens;
    for (const int code : one.code) {
      const double g = device.g_min + (1.0 - device.g_min) * (code + 128) / 255.0;
      siemens.push_back(g / device.wires.on_ohm);
    }
    for (const bool backward : {false, true}) {
      const int inputs = backward ? units : rows, outputs = backward ? rows : units;
      const epx_wires_t wires = {rows,
                                 units,
                                 device.wires.wordline_ohm,
                                 device.wires.bitline_ohm,
                                 device.wires.driver_ohm,
                                 device.wires.sense_ohm,
                                 !backward ? EPX_WIRES_FORWARD
                                 : device.wires.backward == EPX_WIRES_SHARED
                                     ? EPX_WIRES_BACKWARD_SHARED
                                     : EPX_WIRES_BACKWARD};
      std::vector<uint64_t> driven(epx_array_chunks(inputs), 0);
      std::vector<double> volts, amps((size_t)outputs);
      int count = 0;
      for (int i = 0; i < inputs; ++i) {
        const bool on = random.chance(0.5);
        volts.push_back(on ? 1.0 : 0.0);
        driven[(size_t)(i / 64)] |= (uint64_t)on << (i % 64);
        count += on;
      }
      epx_wires_exact_t *exact = nullptr;
      ASSERT_EPX_OK(epx_wires_exact_create(&wires, &exact, &error), error);
      ASSERT_EPX_OK(epx_wires_exact_program(exact, siemens.data(), &error), error);
      ASSERT_EPX_OK(epx_wires_exact_solve(exact, 1, volts.data(), amps.data(), &error), error);
      epx_wires_exact_destroy(exact);
      std::vector<int64_t> sums((size_t)outputs);
      if (backward) {
        read_rows(array.get(), 1, driven, 0, outputs, sums.data());
      } else {
        read_columns(array.get(), 1, driven, outputs, sums.data());
      }
      for (int i = 0; i < outputs; ++i) {
        const double g = amps[(size_t)i] * device.wires.on_ohm - count * device.g_min;
        const double expected = -128.0 * count + 255.0 * g / (1.0 - device.g_min);
        // Each driven cell rounds to 2^-12; the iteration errs by 1e-9 of its row.
        EXPECT_NEAR(std::ldexp((double)sums[(size_t)i], -12), expected,
                    count * (0.51 / 4096.0 + 255e-9 / 0.9))
            << (backward ? "row " : "column ") << i;
      }
    }
  }
}

// Ranges that follow the weights: no read clips, whatever is driven, and a line that reaches less
// has finer steps: a read errs by half a step of its own line's reach at most.
TEST(ArrayCells, ranges_follow_the_weights_of_each_line) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int bits = random.integer(2, 8), rows = random.integer(1, 130);
    Case one(rows, random.integer(1, 20), bits, random.integer(1, 8));
    if (random.chance(0.5)) random_device(random, &one.chip.device);
    for (int &code : one.code) {
      code = random.chance(0.5) ? 0 : random.integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
    }
    const Array exact = one.make();
    one.chip.adc.converter.kind = EPX_CONVERTER_SAR;
    one.chip.adc.converter.bits = random.integer(3, 8);
    one.chip.adc.reach = EPX_ADC_REACH_WEIGHTS;
    const Array array = one.make();
    epx_error_t error = {};
    ASSERT_EPX_OK(epx_array_settle(array.get(), nullptr, &error), error);
    const auto check = [&](bool back, int slice) {
      const int inputs = back ? one.shape.units : rows, outputs = back ? rows : one.columns();
      std::vector<double> low((size_t)outputs, 0.0), high((size_t)outputs, 0.0);
      const auto read = [&](const epx_array_t *from, const std::vector<uint64_t> &driven) {
        std::vector<int64_t> sums((size_t)outputs);
        if (back) {
          read_rows(from, 1, driven, slice, outputs, sums.data());
        } else {
          read_columns(from, 1, driven, outputs, sums.data());
        }
        std::vector<double> values;
        for (const int64_t sum : sums) {
          values.push_back(std::ldexp((double)sum, -epx_array_fraction(from)));
        }
        return values;
      };
      for (int i = 0; i < inputs; ++i) {  // cells alone: what each line can reach
        std::vector<uint64_t> driven(epx_array_chunks(inputs), 0);
        driven[(size_t)(i / 64)] = uint64_t{1} << (i % 64);
        const std::vector<double> cells = read(exact.get(), driven);
        for (size_t o = 0; o < cells.size(); ++o) (cells[o] < 0.0 ? low : high)[o] += cells[o];
      }
      for (int trial = 0; trial < 10; ++trial) {
        std::vector<uint64_t> driven(epx_array_chunks(inputs), 0);
        for (int i = 0; i < inputs; ++i) {
          driven[(size_t)(i / 64)] |= (uint64_t)random.chance(trial / 9.0) << (i % 64);
        }
        const std::vector<double> expected = read(exact.get(), driven);
        const std::vector<double> found = read(array.get(), driven);
        for (size_t o = 0; o < expected.size(); ++o) {
          // 2^bits levels, one of them 0, over the reach in whole digits; a step of one at least.
          const double reach = std::ceil(high[o]) - std::floor(low[o]);
          const double step =
              std::max(1.0, reach / (std::ldexp(1.0, one.chip.adc.converter.bits) - 2.0));
          EXPECT_LE(std::fabs(found[o] - expected[o]), 0.5 * step + 0.001)
              << (back ? "row " : "column ") << o << " reaches " << low[o] << " to " << high[o];
        }
      }
    };
    check(false, 0);
    for (int slice = 0; slice < one.shape.slices; ++slice) check(true, slice);
  }
}

TEST(ArrayCells, a_device_that_cannot_be_is_refused_by_name) {
  Case one(4, 4, 8, 8);
  epx_array_t *array = nullptr;
  epx_error_t error = {};
  const auto refused = [&](const char *key, const epx_device_t &device) {
    one.chip.device = device;
    EXPECT_EQ(epx_array_create(&one.chip, &one.shape, 0, &array, &error), EPX_ERR_ARGUMENT) << key;
    EXPECT_EQ(std::string(error.message).rfind(std::string("chip.array.") + key, 0), 0u)
        << error.message;
  };
  epx_device_t device = {};
  device.program_error = {EPX_NOISE_INVERSE, 0.02, 0.0};
  refused("program_error.kind", device);
  device.program_error.kind = EPX_NOISE_INDEPENDENT;
  device.g_min = 0.6;
  refused("g_min", device);
  device.g_min = 0.0;
  device.age = -1.0;
  refused("age", device);
  device.age = 0.0;
  device.drift.nu = 0.1;
  refused("drift.t0", device);
  device.drift.t0 = 1.0;
  device.retention = {1.0, 0.0, 1.5};
  refused("retention.rest", device);
  device.retention.rest = 1.0;
  device.faults = {0.6, 0.5};
  refused("faults.stuck", device);
  device.faults = {0.5, 0.5};
  device.read_noise.sigma = 1.5;
  refused("read_noise.sigma", device);
  device.read_noise.sigma = 0.0;
  device.wires.bitline_ohm = 1.0;
  refused("wires.on_ohm", device);
  device.wires.on_ohm = 1e5;
  device.wires.sense_ohm = -1.0;
  refused("wires: sense_ohm", device);
  device.wires.sense_ohm = 0.0;
  one.shape.rows = EPX_WIRES_MAX_LINES + 1;
  refused("wires", device);
}

}  // namespace
