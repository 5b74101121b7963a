// SPDX-License-Identifier: Apache-2.0
// The array that twin and SystemC share: products against plain loops, and what converters that
// lose bits do to them, against the theory of rounding.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "rtl_model/array/core/array_reads.h"
#include "rtl_model/twin/twin_support.h"

namespace {

using Array = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;

struct Case {
  epx_chip_t chip = make_chip();
  epx_tile_shape_t shape = {};
  std::vector<int> weight;  // [rows][units]

  Case(Random &random, int rows, int units, int bits, int bits_per_cell) {
    chip.array_kind = EPX_ARRAY_ANALOG;
    chip.bits_per_cell = bits_per_cell;
    shape.rows = rows;
    shape.units = units;
    shape.synapse_bits = bits;
    shape.slices = (bits + bits_per_cell - 1) / bits_per_cell;
    shape.input_bits = shape.state_bits = 8;
    for (int i = 0; i < rows * units; ++i) {
      weight.push_back(random.integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1));
    }
  }
  Array make() const {
    epx_array_t *array = nullptr;
    epx_error_t error = {};
    EXPECT_EPX_OK(epx_array_create(&chip, &shape, 3, &array, &error), error);
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      epx_array_write(array, i / shape.units, i % shape.units, weight[(size_t)i], 0);
    }
    return Array(array, epx_array_destroy);
  }
  int64_t forward(const std::vector<uint8_t> &codes, int unit) const {
    int64_t sum = 0;
    for (int r = 0; r < shape.rows; ++r) {
      sum += int64_t{codes[(size_t)r]} * weight[(size_t)(r * shape.units + unit)];
    }
    return sum;
  }
};

std::vector<uint8_t> random_codes(Random &random, int count) {
  std::vector<uint8_t> codes;
  for (int i = 0; i < count; ++i) codes.push_back((uint8_t)random.integer(0, 255));
  return codes;
}

TEST(ArrayProduct, ideal_converters_give_the_products_of_plain_loops) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int bits = random.integer(2, 8);
    Case one(random, random.integer(1, 200), random.integer(1, 80), bits, random.integer(1, bits));
    one.shape.signed_post = random.chance(0.5);
    const Array array = one.make();
    const ArrayWorkspace workspace = make_workspace(one.shape);
    const std::vector<uint8_t> codes = random_codes(random, one.shape.rows);
    std::vector<int64_t> sums((size_t)one.shape.units), back((size_t)one.shape.rows);
    epx_array_forward(array.get(), 1, 0, codes.data(), workspace.get(), sums.data());
    for (int u = 0; u < one.shape.units; ++u) EXPECT_EQ(sums[(size_t)u], one.forward(codes, u));

    std::vector<int32_t> posts;
    std::vector<uint8_t> switches;
    for (int u = 0; u < one.shape.units; ++u) {
      posts.push_back(one.shape.signed_post ? random.integer(-128, 127) : random.integer(0, 255));
      switches.push_back((uint8_t)random.integer(0, 3));
    }
    epx_array_backward(array.get(), 1, 0, posts.data(), switches.data(), 2, workspace.get(),
                       back.data());
    for (int r = 0; r < one.shape.rows; ++r) {
      int64_t sum = 0;
      for (int u = 0; u < one.shape.units; ++u) {
        sum += switches[(size_t)u] == 2
                   ? int64_t{posts[(size_t)u]} * one.weight[(size_t)(r * one.shape.units + u)]
                   : 0;
      }
      EXPECT_EQ(back[(size_t)r], sum);
    }
  }
}

// A workspace is not cleared: what a larger array, with DACs that err, left there does not matter.
TEST(ArrayProduct, a_workspace_serves_one_array_after_another) {
  Random random(3);
  Case largest(random, 190, 210, 4, 2);
  largest.chip.dac.converter.bits = 8;
  largest.chip.dac.converter.noise = 0.3;
  const Array large = largest.make();
  const ArrayWorkspace shared = make_workspace(largest.shape);
  const std::vector<uint8_t> ones(190, 255), none(210, 0);
  const std::vector<int32_t> posts(210, 255);
  for (int i = 0; i < 30; ++i) {
    SCOPED_TRACE("array " + std::to_string(i));
    Case one(random, random.integer(1, 190), random.integer(1, 210), 4, 2);
    one.chip.dac.converter.bits = random.integer(1, 8);
    const Array array = one.make();
    const std::vector<uint8_t> codes = random_codes(random, one.shape.rows);
    std::vector<int64_t> expected[2], found[2];
    std::vector<int32_t> of_codes(codes.begin(), codes.end());
    of_codes.resize((size_t)one.shape.units, 77);
    for (const bool fresh : {true, false}) {
      const ArrayWorkspace own = make_workspace(one.shape);
      epx_array_workspace_t *const workspace = fresh ? own.get() : shared.get();
      std::vector<int64_t> *sums = fresh ? expected : found;
      sums[0].resize(210);
      sums[1].resize(190);
      if (!fresh) {
        epx_array_forward(large.get(), 1, 0, ones.data(), workspace, sums[0].data());
        epx_array_backward(large.get(), 1, 0, posts.data(), none.data(), 0, workspace,
                           sums[1].data());
      }
      epx_array_forward(array.get(), 2, 1, codes.data(), workspace, sums[0].data());
      epx_array_backward(array.get(), 2, 1, of_codes.data(), none.data(), 0, workspace,
                         sums[1].data());
      sums[0].resize((size_t)one.shape.units);
      sums[1].resize((size_t)one.shape.rows);
    }
    EXPECT_EQ(found[0], expected[0]);
    EXPECT_EQ(found[1], expected[1]);
  }
}

TEST(ArrayProduct, a_converter_with_a_level_for_every_sum_loses_nothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int cell = random.integer(1, 3);
    Case one(random, random.integer(1, 128), random.integer(1, 30), random.integer(4, 8), cell);
    one.chip.adc.converter.kind = EPX_CONVERTER_SAR;
    one.chip.adc.converter.bits = 12;
    const Array array = one.make();
    const ArrayWorkspace workspace = make_workspace(one.shape);
    ASSERT_GT(epx_array_fraction(array.get()), 0);
    const std::vector<uint8_t> codes = random_codes(random, one.shape.rows);
    std::vector<int64_t> sums((size_t)one.shape.units);
    epx_array_forward(array.get(), 1, 0, codes.data(), workspace.get(), sums.data());
    for (int u = 0; u < one.shape.units; ++u) EXPECT_EQ(sums[(size_t)u], one.forward(codes, u));
  }
}

// One bit a cell, 128 wordlines: a conversion of step q leaves an error that is even over
// (-q/2, q/2]: of variance q^2/12, or, where a whole q meets whole sums, (q^2 - 1)/12. Slices weigh
// 2^s, the last -2^s, driven bits 2^b. Each bit less of the converter doubles q.
TEST(ArrayProduct, the_error_of_lossy_converters_falls_with_their_bits_as_rounding_theory_says) {
  constexpr int rows = 128, units = 16, bits = 8, vectors = 400;
  for (int adc_bits = 4; adc_bits <= 6; ++adc_bits) {
    Random random(7);
    Case one(random, rows, units, bits, 1);
    one.chip.adc.converter.kind = EPX_CONVERTER_SAR;
    one.chip.adc.converter.bits = adc_bits;
    const Array array = one.make();
    const ArrayWorkspace workspace = make_workspace(one.shape);
    double sum = 0.0, square = 0.0;
    std::vector<int64_t> products(units);
    for (int v = 0; v < vectors; ++v) {
      const std::vector<uint8_t> codes = random_codes(random, rows);
      epx_array_forward(array.get(), 1, 0, codes.data(), workspace.get(), products.data());
      for (int u = 0; u < units; ++u) {
        const double e = (double)(products[(size_t)u] - one.forward(codes, u));
        sum += e;
        square += e * e;
      }
    }
    // 2^b levels from 0 to 128 or -128 to 0: the finest step that covers them, not a whole number.
    const double q = std::ceil(rows * 4096.0 / ((1 << adc_bits) - 1)) / 4096.0;
    double weights = 0.0;
    for (int b = 0; b < 8; ++b) {
      for (int s = 0; s < bits; ++s) weights += std::ldexp(1.0, 2 * (b + s));
    }
    const double n = vectors * units, mean = sum / n, sigma = std::sqrt(square / n - mean * mean);
    const double low = std::sqrt((q * q - 1.0) / 12.0 * weights);
    const double high = std::sqrt(q * q / 12.0 * weights);
    printf("%d bits: sigma %.0f, theory %.0f to %.0f, mean %.0f\n", adc_bits, sigma, low, high,
           mean);
    EXPECT_GT(sigma, 0.95 * low);
    EXPECT_LT(sigma, 1.05 * high);
    EXPECT_LT(std::fabs(mean), 0.1 * low);
  }
}

TEST(ArrayProduct, a_range_that_is_too_small_clips) {
  Random random(11);
  Case one(random, 64, 8, 8, 1);
  one.chip.adc.converter.kind = EPX_CONVERTER_RAMP;
  one.chip.adc.converter.bits = 4;
  one.chip.adc.range = 0.25;
  const Array array = one.make();
  std::vector<uint64_t> all(epx_array_chunks(64), ~UINT64_C(0));
  std::vector<int64_t> sums(64);
  read_columns(array.get(), 1, all, 64, sums.data());
  int clipped = 0;
  for (int c = 0; c < 64; ++c) {
    int64_t exact = 0;
    for (int r = 0; r < 64; ++r) {
      exact += one.weight[(size_t)(r * 8 + c / 8)] >> (c % 8) & 1;
    }
    exact = c % 8 == 7 ? -exact : exact;
    const double got = std::ldexp((double)sums[(size_t)c], -epx_array_fraction(array.get()));
    if (std::llabs(exact) > 16) {
      ++clipped;
      EXPECT_NEAR(std::fabs(got), 16.0, 0.1) << c << ": " << exact;
    } else {
      EXPECT_NEAR(got, (double)exact, 8.1 / 15);  // half a step
    }
  }
  EXPECT_GT(clipped, 20);
}

}  // namespace
