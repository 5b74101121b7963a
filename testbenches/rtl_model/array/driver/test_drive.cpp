// SPDX-License-Identifier: Apache-2.0
// Event-driven drives: what they count against plain loops, what they add to products, and that a
// twin learns the same with them.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "epx_array.h"
#include "epx_ep.h"
#include "epx_parallel.h"
#include "epx_tile_events.h"
#include "rtl_model/array/core/array_reads.h"
#include "rtl_model/twin/twin_support.h"

namespace {

std::vector<int32_t> random_changes(Random &random, int count, int largest) {
  std::vector<int32_t> change;
  for (int i = 0; i < count; ++i) {
    change.push_back(random.chance(0.6) ? 0 : random.integer(-largest, largest));
  }
  return change;
}

// Events by driving line after line, bit after bit.
struct Plain {
  uint64_t passes = 0, lines = 0;
  Plain(const std::vector<int32_t> &change, int digit) {
    for (const int sign : {1, -1}) {
      uint64_t moved = 0;
      for (const int32_t c : change) moved += c * sign > 0;
      for (int bit = 0; bit < 31; bit += digit) {
        bool any = false;
        for (const int32_t c : change) {
          any = any || (c * sign > 0 && (std::abs(c) >> bit) % (1 << digit) != 0);
        }
        passes += any;
        lines += any ? moved : 0;
      }
    }
  }
};

TEST(Drive, counts_the_passes_and_lines_of_plain_loops) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int count = random.integer(1, 150), lines = random.integer(1, 90),
              slices = random.integer(1, 8);
    const std::vector<int32_t> change =
        random_changes(random, count, random.chance(0.5) ? 255 : 1 << 17);
    const epx_drive_t drive = epx_drive_of(change.data(), count);
    const epx_driver_t driver = {random.integer(1, 8), 0, 8, false};
    const Plain plain(change, driver.digit_bits);
    EXPECT_EQ((uint64_t)epx_drive_passes(&driver, &drive, nullptr), plain.passes);
    epx_chip_t chip = make_chip();
    for (const epx_array_kind_t kind : {EPX_ARRAY_DIGITAL, EPX_ARRAY_ANALOG}) {
      chip.array_kind = kind;
      epx_events_t events = {};
      epx_drive_events(&chip, &driver, &drive, slices, lines, count, &events);
      const uint64_t conversions = plain.passes * (uint64_t)(slices * lines);
      EXPECT_EQ(events.line_drives, plain.lines * (uint64_t)slices);
      EXPECT_EQ(events.cell_reads, plain.lines * (uint64_t)(slices * lines));
      EXPECT_EQ(events.shift_adds, conversions);
      EXPECT_EQ(events.adc_conversions, kind == EPX_ARRAY_ANALOG ? conversions : 0);
      EXPECT_EQ(events.tree_bits, kind == EPX_ARRAY_DIGITAL
                                      ? conversions * epx_tree_bits(count, chip.bits_per_cell)
                                      : 0);
    }
  }
}

TEST(Drive, of_codes_is_that_of_their_change) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<uint8_t> before, now;
    std::vector<int32_t> change;
    for (int i = random.integer(1, 200); i > 0; --i) {
      before.push_back((uint8_t)random.integer(0, 255));
      now.push_back(random.chance(0.5) ? before.back() : (uint8_t)random.integer(0, 255));
      change.push_back(now.back() - before.back());
    }
    const int count = (int)change.size();
    const epx_drive_t a = epx_drive_of_codes(before.data(), now.data(), count);
    const epx_drive_t b = epx_drive_of(change.data(), count);
    for (int sign = 0; sign < EPX_DRIVE_SIGNS; ++sign) {
      EXPECT_EQ(a.bits[sign], b.bits[sign]);
      EXPECT_EQ(a.lines[sign], b.lines[sign]);
    }
  }
}

using Array = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;

Array random_array(Random &random, epx_tile_shape_t *shape, epx_driver_t driver[2]) {
  epx_chip_t chip = make_chip();
  chip.dac.converter.bits = random.integer(1, 8);
  chip.dac.codes = random.chance(0.5) ? EPX_DAC_ROUNDED : EPX_DAC_DIGITS;
  const int bits = random.integer(2, 8);
  chip.bits_per_cell = random.integer(1, bits);
  shape->rows = random.integer(1, 200);
  shape->units = random.integer(1, 80);
  shape->synapse_bits = bits;
  shape->slices = (bits + chip.bits_per_cell - 1) / chip.bits_per_cell;
  shape->input_bits = 8;
  shape->signed_post = random.chance(0.5);
  shape->state_bits = shape->signed_post ? 18 : 8;
  driver[0] = epx_driver_of(&chip, shape, false);
  driver[1] = epx_driver_of(&chip, shape, true);
  epx_array_t *array = nullptr;
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_array_create(&chip, shape, 0, &array, &error), error);
  for (int i = 0; i < shape->rows * shape->units; ++i) {
    epx_array_write(array, i / shape->units, i % shape->units,
                    random.integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1), 0);
  }
  return Array(array, epx_array_destroy);
}

TEST(Drive, of_a_change_adds_what_is_missing_of_the_product) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    epx_tile_shape_t shape = {};
    epx_driver_t driver[2];
    const Array array = random_array(random, &shape, driver);
    const ArrayWorkspace workspace = make_workspace(shape);
    std::vector<uint8_t> before, now;
    std::vector<int32_t> change;
    for (int r = 0; r < shape.rows; ++r) {
      before.push_back((uint8_t)random.integer(0, 255));
      now.push_back(random.chance(0.5) ? before.back() : (uint8_t)random.integer(0, 255));
      change.push_back(epx_driver_code(&driver[0], now.back()) -
                       epx_driver_code(&driver[0], before.back()));
    }
    std::vector<int64_t> a((size_t)shape.units), b(a.size()), d(a.size());
    const epx_drive_t drive = epx_drive_of(change.data(), shape.rows);
    epx_array_forward(array.get(), 0, 0, before.data(), workspace.get(), a.data());
    epx_array_forward(array.get(), 0, 0, now.data(), workspace.get(), b.data());
    epx_array_forward_change(array.get(), 0, 0, &drive, change.data(), workspace.get(), d.data());
    for (size_t u = 0; u < a.size(); ++u) EXPECT_EQ(a[u] + d[u], b[u]);
  }
}

// Posts and switches move at once; each place of the window has its own change.
TEST(Drive, backward_adds_what_is_missing_at_every_place) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    epx_tile_shape_t shape = {};
    epx_driver_t driver[2];
    const Array array = random_array(random, &shape, driver);
    const ArrayWorkspace workspace = make_workspace(shape);
    const int low = shape.signed_post ? -(1 << 16) : 0, high = shape.signed_post ? 1 << 16 : 255;
    std::vector<int32_t> post[2];
    std::vector<uint8_t> switches[2];
    for (int u = 0; u < shape.units; ++u) {
      post[0].push_back(random.integer(low, high));
      switches[0].push_back((uint8_t)random.integer(0, 3));
      post[1].push_back(random.chance(0.5) ? post[0].back() : random.integer(low, high));
      switches[1].push_back(random.chance(0.7) ? switches[0].back()
                                               : (uint8_t)random.integer(0, 3));
    }
    for (int place = 0; place < 4; ++place) {
      std::vector<int32_t> change(post[0].size());
      std::vector<int64_t> a((size_t)shape.rows), b(a.size()), d(a.size());
      epx_drive_change(&driver[1], post[0].data(), switches[0].data(), post[1].data(),
                       switches[1].data(), place, shape.units, change.data());
      const epx_drive_t drive = epx_drive_of(change.data(), shape.units);
      epx_array_backward(array.get(), 0, 0, post[0].data(), switches[0].data(), place,
                         workspace.get(), a.data());
      epx_array_backward(array.get(), 0, 0, post[1].data(), switches[1].data(), place,
                         workspace.get(), b.data());
      epx_array_backward_change(array.get(), 0, 0, place, &drive, change.data(), workspace.get(),
                                d.data());
      for (size_t r = 0; r < a.size(); ++r) EXPECT_EQ(a[r] + d[r], b[r]);
    }
  }
}

struct Outcome {
  std::string bytes;
  epx_activity_t activity;
  epx_events_t driven;
};

Outcome train(const epx_network_t &network, const epx_chip_t &chip, uint64_t seed, int samples) {
  Random random(seed);
  const Substrate twin = make_twin(network, chip, samples);
  load(twin.get(), random_params(network, random, 2.0));
  Outcome outcome;
  outcome.bytes =
      training_bytes(twin.get(), {15, 6}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, samples, seed,
                     "twin.clips");  // fewer conversions are made where only changes are driven
  epx_twin_activity(twin.get(), &outcome.activity);
  outcome.driven = epx_activity_driven(&outcome.activity);
  return outcome;
}

// Also where converters could lose bits, but have enough of them not to.
TEST(Drive, a_twin_learns_the_same_on_any_number_of_threads) {
  uint64_t drives = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const epx_network_t network = random_twin_network(random);
    epx_chip_t chip = random_chip(random);
    if (seed % 3 == 0) {
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip.adc.converter.kind = EPX_CONVERTER_SAR;
      chip.adc.converter.bits = 14;
    }
    if (epx_twin_check(&network, &chip, nullptr) != EPX_OK) continue;
    const Outcome whole = train(network, chip, seed, 5);
    EXPECT_EQ(whole.driven.line_drives, 0u);
    chip.event_driven = true;
    Outcome first;
    for (const int threads : {1, 3}) {
      epx_parallel_set_threads(threads);
      const Outcome outcome = train(network, chip, seed, 5);
      EXPECT_TRUE(outcome.bytes == whole.bytes) << threads << " threads";
      if (threads == 1) first = outcome;
      for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
        EXPECT_EQ(epx_event_get(&outcome.driven, i), epx_event_get(&first.driven, i))
            << epx_event_rows()[i].name;
      }
    }
    epx_parallel_set_threads(kTestThreads);
    drives += first.driven.line_drives;
  }
  EXPECT_GT(drives, 10000u);
}

// A sample that has settled costs nothing, and a new image the drive of everything again.
TEST(Drive, counts_nothing_of_a_settled_sample) {
  const epx_network_t network =
      make_network({2, 8, 8}, {conv_layer(5, 3, 1, 1, EPX_POOL_MAX), dense_layer(6)}, 4,
                   EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
  int settled = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    epx_chip_t chip = make_chip(3);
    chip.event_driven = true;
    const Params params = random_params(network, random, 0.5);
    const Batch batch = random_batch(network, random, 1);
    const Substrate twin = make_twin(network, chip, 1);
    load(twin.get(), params);
    epx_activity_t at[4];
    present(twin.get(), batch);
    relax(twin.get(), 60, 0);
    epx_twin_activity(twin.get(), &at[0]);
    const std::vector<double> before = layer_states(twin.get(), 0, 1);
    relax(twin.get(), 1, 0);
    if (layer_states(twin.get(), 0, 1) != before) continue;
    ++settled;
    relax(twin.get(), 40, 0);
    epx_twin_activity(twin.get(), &at[1]);
    EXPECT_EQ(epx_activity_driven(&at[0]).line_drives, epx_activity_driven(&at[1]).line_drives)
        << "seed " << seed;
    present(twin.get(), batch);
    relax(twin.get(), 60, 0);
    epx_twin_activity(twin.get(), &at[2]);
    EXPECT_EQ(epx_activity_driven(&at[2]).line_drives - epx_activity_driven(&at[1]).line_drives,
              epx_activity_driven(&at[0]).line_drives);
    EXPECT_EQ(at[2].images, 2u);
  }
  EXPECT_GT(settled, 0);
}

}  // namespace
