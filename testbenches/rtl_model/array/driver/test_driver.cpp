// SPDX-License-Identifier: Apache-2.0
// DACs on an array's lines: passes against codes, products against plain loops over what is driven,
// errors of DACs against sums of currents.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>
#include <vector>

#include "epx_array.h"
#include "epx_dac.h"
#include "rtl_model/array/core/array_reads.h"
#include "rtl_model/twin/twin_support.h"

namespace {

using Array = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;

constexpr int kTile = 5;

epx_driver_t random_driver(Random &random) {
  epx_driver_t driver = {random.integer(1, 8), 0, random.integer(1, 16), random.chance(0.5)};
  driver.low = random.chance(0.5) ? std::max(0, driver.end - driver.digit_bits) : 0;
  return driver;
}

TEST(Driver, passes_add_up_to_what_is_driven) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const epx_driver_t driver = random_driver(random);
    epx_pass_t passes[EPX_MAX_PASSES];
    const int count = epx_driver_passes(&driver, passes);
    EXPECT_EQ(epx_driver_pass_count(&driver), count);
    EXPECT_EQ(count, (driver.end - driver.low + driver.digit_bits - 1) / driver.digit_bits +
                         driver.is_signed);
    std::set<int> numbers;
    for (int i = 0; i < count; ++i) numbers.insert(passes[i].number);
    EXPECT_EQ((int)numbers.size(), count);
    const int top = (1 << driver.end) - 1, bottom = driver.is_signed ? -top - 1 : 0;
    for (int code = bottom; code <= top; code += random.integer(1, 1 + (top - bottom) / 300)) {
      const int32_t driven = epx_driver_code(&driver, code);
      int64_t sum = 0;
      for (int i = 0; i < count; ++i) {
        uint8_t digit;
        epx_pass_digits(&passes[i], &driven, 1, &digit);
        ASSERT_LT(digit, 1 << driver.digit_bits);
        sum += passes[i].sign * digit * (int64_t{1} << passes[i].bit);
      }
      ASSERT_EQ(sum, driven);
      const double step = std::ldexp(1.0, driver.low);
      const double level = std::min(std::rint(code / step), std::floor(top / step));
      ASSERT_EQ(driven, level * step) << code;
    }
  }
}

struct Case {
  epx_chip_t chip = make_chip();
  epx_tile_shape_t shape = {};
  std::vector<int> weight;  // [rows][units]

  explicit Case(Random &random) {
    const int bits = random.integer(2, 8);
    chip.array_kind = EPX_ARRAY_ANALOG;
    chip.bits_per_cell = random.integer(1, bits);
    chip.dac.converter.bits = random.integer(1, 8);
    chip.device_seed = (uint32_t)random.integer(1, 1000);
    shape.rows = random.integer(1, 200);
    shape.units = random.integer(1, 60);
    shape.synapse_bits = bits;
    shape.slices = (bits + chip.bits_per_cell - 1) / chip.bits_per_cell;
    shape.input_bits = random.integer(1, 8);
    shape.signed_post = random.chance(0.5);
    shape.state_bits = shape.signed_post ? 17 : 8;
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      weight.push_back(random.integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1));
    }
  }
  Array make() const {
    epx_array_t *array = nullptr;
    epx_error_t error = {};
    EXPECT_EPX_OK(epx_array_create(&chip, &shape, kTile, &array, &error), error);
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      epx_array_write(array, i / shape.units, i % shape.units, weight[(size_t)i], 0);
    }
    return Array(array, epx_array_destroy);
  }
  int at(int row, int unit) const { return weight[(size_t)(row * shape.units + unit)]; }
};

TEST(Driver, products_are_those_of_plain_loops_over_what_is_driven) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Case one(random);
    one.chip.dac.codes = random.chance(0.5) ? EPX_DAC_ROUNDED : EPX_DAC_DIGITS;
    // Conductances with a g_min count whole digits, too.
    one.chip.device.g_min = random.chance(0.3) ? 0.125 : 0.0;
    const Array array = one.make();
    const ArrayWorkspace workspace = make_workspace(one.shape);
    const auto driven = [&](int code, int end) {  // signed codes have a sign bit beside them
      if (one.chip.dac.codes == EPX_DAC_DIGITS || end <= one.chip.dac.converter.bits) return code;
      const double step = std::ldexp(1.0, end - one.chip.dac.converter.bits);
      return (
          int)(std::min(std::rint(code / step), std::ldexp(1.0, one.chip.dac.converter.bits) - 1) *
               step);
    };
    std::vector<uint8_t> codes;
    for (int r = 0; r < one.shape.rows; ++r) {
      codes.push_back((uint8_t)random.integer(0, (1 << one.shape.input_bits) - 1));
    }
    std::vector<int64_t> sums((size_t)one.shape.units), back((size_t)one.shape.rows);
    epx_array_forward(array.get(), 1, 0, codes.data(), workspace.get(), sums.data());
    for (int u = 0; u < one.shape.units; ++u) {
      int64_t sum = 0;
      for (int r = 0; r < one.shape.rows; ++r) {
        sum += int64_t{driven(codes[(size_t)r], one.shape.input_bits)} * one.at(r, u);
      }
      ASSERT_EQ(sums[(size_t)u], sum) << u;
    }
    std::vector<int32_t> posts;
    std::vector<uint8_t> switches;
    const bool is_signed = one.shape.signed_post;
    for (int u = 0; u < one.shape.units; ++u) {
      posts.push_back(is_signed ? random.integer(-(1 << 16), (1 << 16) - 1)
                                : random.integer(0, 255));
      switches.push_back((uint8_t)random.integer(0, 3));
    }
    epx_array_backward(array.get(), 1, 0, posts.data(), switches.data(), 2, workspace.get(),
                       back.data());
    for (int r = 0; r < one.shape.rows; ++r) {
      int64_t sum = 0;
      for (int u = 0; u < one.shape.units; ++u) {
        sum += switches[(size_t)u] == 2
                   ? int64_t{driven(posts[(size_t)u], is_signed ? 16 : 8)} * one.at(r, u)
                   : 0;
      }
      ASSERT_EQ(back[(size_t)r], sum) << r;
    }
  }
}

// What drives one pass.
struct Driven {
  std::vector<uint64_t> plane;
  std::vector<uint8_t> digit;
  std::vector<int32_t> carried;
  epx_driven_t driven = {};
  Driven(int lines, int bits)
      : plane((size_t)bits * epx_array_chunks(lines)),
        digit((size_t)lines),
        carried((size_t)lines) {
    driven = {bits, plane.data(), digit.data(), carried.data()};
  }
};

// A line's current is that of whole conductances, n (g / (1 - g_min)) digits each; what is known to
// belong to g_min and to a signed slice's zero is subtracted for the digits as they should be.
TEST(Driver, errors_of_dacs_are_errors_of_the_whole_current) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Case one(random);
    one.chip.dac.converter.offset_spread = random.real(0, 1);
    one.chip.dac.converter.gain_spread = random.real(0, 0.1);
    one.chip.dac.converter.offset = random.real(-0.5, 0.5);
    one.chip.dac.converter.gain = random.real(-0.1, 0.1);
    one.chip.dac.converter.noise = random.real(0, 0.5);
    const double g_min = one.chip.device.g_min = random.chance(0.5) ? random.real(0, 0.3) : 0.0;
    const Array array = one.make();
    const bool backward = random.chance(0.5);
    const int lines = backward ? one.shape.units : one.shape.rows;
    const int count = backward ? one.shape.rows : one.shape.units * one.shape.slices;
    const int slice_read = random.integer(0, one.shape.slices - 1);
    Driven in(lines, one.chip.dac.converter.bits);
    for (uint8_t &d : in.digit)
      d = (uint8_t)random.integer(0, (1 << one.chip.dac.converter.bits) - 1);
    const uint64_t draw = epx_array_draw(epx_array_command(3, 4), 5, 0, 0, 2);
    epx_array_drive(array.get(), draw, backward, &in.driven);
    std::vector<int64_t> sums((size_t)count);
    if (backward) {
      epx_array_read_rows(array.get(), draw, &in.driven, slice_read, 0, count, sums.data());
    } else {
      epx_array_read_columns(array.get(), draw, &in.driven, 0, count, sums.data());
    }
    epx_dac_t *dac = nullptr;
    ASSERT_EQ(epx_dac_create(&one.chip.dac.converter, lines, one.chip.device_seed,
                             2 * kTile + backward, &dac, nullptr),
              EPX_OK);
    std::vector<int32_t> carried((size_t)lines);
    epx_dac_drive(dac, draw, 0, lines, in.digit.data(), carried.data());
    epx_dac_destroy(dac);
    for (int i = 0; i < count; ++i) {
      const int slice = backward ? slice_read : i % one.shape.slices;
      const int shift = slice * one.chip.bits_per_cell;
      const bool last = slice + 1 == one.shape.slices;
      const int bits = std::min(one.chip.bits_per_cell, one.shape.synapse_bits - shift);
      const double n = (1 << bits) - 1, floor = n * g_min / (1.0 - g_min);
      double current = 0.0, known = 0.0, beyond = 0.0;
      for (int line = 0; line < lines; ++line) {
        const int code = backward ? one.at(i, line) : one.at(line, i / one.shape.slices);
        const int field = code >> shift & ((1 << bits) - 1);
        // The last slice of several bits is written from its least digit up.
        const int half = last && bits > 1 ? 1 << (bits - 1) : 0;
        const int steps = half > 0 ? (field + half) % (1 << bits) : field;
        const double line_carries = std::ldexp(carried[(size_t)line], -12);
        current += (steps + floor) * line_carries;
        known += (half + floor) * in.digit[(size_t)line];
        beyond += line_carries - in.digit[(size_t)line];
      }
      const double sum = (current - known) * (last && bits == 1 ? -1.0 : 1.0);
      const double grain = std::ldexp(1.0, -12);  // of sums; of what is subtracted for a line
      ASSERT_NEAR(std::ldexp((double)sums[(size_t)i], -12), sum,
                  grain * (0.51 + 0.5 * std::fabs(beyond)))
          << i;
    }
  }
}

// The noise of a cell is of its conductance: what its line carries multiplies it.
TEST(Driver, read_noise_grows_with_the_digit) {
  for (const epx_noise_kind_t kind :
       {EPX_NOISE_INDEPENDENT, EPX_NOISE_PROPORTIONAL, EPX_NOISE_INVERSE}) {
    SCOPED_TRACE(kind);
    Random random(7);
    Case one(random);
    one.chip.bits_per_cell = 8;
    one.chip.dac.converter.bits = 4;
    one.chip.device.g_min = 0.2;
    one.chip.device.read_noise = {kind, 0.01};
    one.shape.rows = one.shape.units = 128;
    one.shape.synapse_bits = 8;
    one.shape.slices = 1;
    one.weight.assign(128 * 128, 50);
    const Array array = one.make();
    const double g = 0.2 + 0.8 * (50.0 + 128.0) / 255.0;
    const double variance = kind == EPX_NOISE_INDEPENDENT    ? 1.0
                            : kind == EPX_NOISE_PROPORTIONAL ? g * g
                                                             : 1.0 / (g * g);
    double squares = 0.0, mean = 0.0;
    Driven in(128, 4);
    for (int line = 0; line < 128; ++line) {
      in.digit[(size_t)line] = (uint8_t)(line % 16);
      squares += line % 16 * (line % 16);
      mean += 50.0 * (line % 16);
    }
    const double sigma = 0.01 * 255.0 / 0.8 * std::sqrt(variance * squares);
    double sum = 0.0, square = 0.0;
    const int events = 200, reads = 128 * events;
    std::vector<int64_t> sums(128);
    for (int draw = 0; draw < events; ++draw) {
      epx_array_drive(array.get(), (uint64_t)draw, false, &in.driven);
      epx_array_read_columns(array.get(), (uint64_t)draw, &in.driven, 0, 128, sums.data());
      for (const int64_t s : sums) {
        const double x = std::ldexp((double)s, -12) - mean;
        sum += x;
        square += x * x;
      }
    }
    // Six standard errors of a mean and of a deviation.
    EXPECT_LT(std::fabs(sum / reads), 6.0 * sigma / std::sqrt(reads));
    EXPECT_NEAR(std::sqrt(square / reads) / sigma, 1.0, 6.0 / std::sqrt(2.0 * reads));
  }
}

}  // namespace
