// SPDX-License-Identifier: Apache-2.0
// Ranges of converters from a batch: histograms against sorted sums, and the twin that observes.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "core/trainer_support.h"
#include "epx_account.h"
#include "epx_ep.h"
#include "epx_observed.h"
#include "epx_parallel.h"
#include "rtl_model/time/account_support.h"
#include "rtl_model/twin/twin_support.h"

namespace {

using Observed = std::unique_ptr<epx_observed_t, void (*)(epx_observed_t *)>;

Observed observe(int lines, int64_t low, int64_t high) {
  epx_observed_t *observed = nullptr;
  EXPECT_EQ(epx_observed_create(lines, &observed, nullptr), EPX_OK);
  for (int line = 0; line < lines; ++line) epx_observed_span(observed, line, low, high);
  return Observed(observed, epx_observed_destroy);
}

TEST(Observed, ranges_are_those_of_sorted_sums_to_a_bin) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int64_t low = -random.integer(0, 5000), high = random.integer(1, 50000);
    const int64_t width = (high - low) / EPX_OBSERVED_BINS * 2 + 1;  // of a bin, at most
    const int lines = random.integer(1, 4), count = random.integer(1, 3000);
    const double coverage = random.chance(0.3) ? 1.0 : random.real(0.3, 1.0);
    const Observed observed = observe(lines, low, high);
    std::vector<int64_t> all;
    for (int i = 0; i < count; ++i) {  // some beyond the span
      all.push_back(
          (int64_t)std::llround(random.real(0, 1) * random.real(0, 1) * (double)(high - low)) +
          low - (random.chance(0.01) ? 100 : 0));
      epx_observed_add(observed.get(), i % lines, all.back(), all.back());
    }
    int64_t bottom, top;
    ASSERT_TRUE(
        epx_observed_range(observed.get(), 0, 1, std::min(lines, count), coverage, &bottom, &top));
    std::sort(all.begin(), all.end());
    const auto below = std::lower_bound(all.begin(), all.end(), bottom) - all.begin();
    const auto above = all.end() - std::upper_bound(all.begin(), all.end(), top);
    const double cut = (1.0 - coverage) / 2.0 * count;
    EXPECT_LE((double)below, cut);
    EXPECT_LE((double)above, cut);
    EXPECT_LT(bottom, top);
    // No wider than needed by more than a bin; the outermost ones end with what lies beyond.
    const size_t rank = (size_t)cut, last = all.size() - 1;
    EXPECT_GE(bottom, all[rank] < low + width ? all.front() : all[rank] - width);
    EXPECT_LE(top, all[last - rank] > high - width
                       ? std::max(all.back(), bottom + 1)
                       : std::max(all[last - rank] + width, bottom + 1));
    if (coverage == 1.0) {
      EXPECT_EQ(bottom, all.front());
      EXPECT_EQ(top, std::max(all.back(), all.front() + 1));
    }
  }
}

TEST(Observed, counts_of_several_threads_add_up) {
  const Observed one = observe(1, 0, 1000), many = observe(1, 0, 1000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) epx_observed_add(many.get(), 0, (i * 7 + t) % 1000, 999);
    });
    for (int i = 0; i < 20000; ++i) epx_observed_add(one.get(), 0, (i * 7 + t) % 1000, 999);
  }
  for (std::thread &thread : threads) thread.join();
  for (const double coverage : {0.2, 0.5, 0.9, 0.999, 1.0}) {
    int64_t a[2], b[2];
    ASSERT_TRUE(epx_observed_range(one.get(), 0, 1, 1, coverage, &a[0], &a[1]));
    ASSERT_TRUE(epx_observed_range(many.get(), 0, 1, 1, coverage, &b[0], &b[1]));
    EXPECT_EQ(a[0], b[0]);
    EXPECT_EQ(a[1], b[1]);
  }
}

TEST(Observed, nothing_has_no_range_and_equal_sums_have_one) {
  const Observed observed = observe(3, -5, 5);
  int64_t low = 7, high = 7;
  EXPECT_FALSE(epx_observed_range(observed.get(), 0, 1, 3, 1.0, &low, &high));
  epx_observed_add(observed.get(), 2, 4, 4);
  EXPECT_FALSE(epx_observed_range(observed.get(), 0, 1, 2, 1.0, &low, &high));
  ASSERT_TRUE(epx_observed_range(observed.get(), 0, 1, 3, 0.5, &low, &high));
  EXPECT_EQ(low, 4);
  EXPECT_EQ(high, 5);
}

epx_network_t network() {
  return make_network({2, 9, 9}, {conv_layer(5, 3, 1, 1, EPX_POOL_MAX), dense_layer(20)}, 5,
                      EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

// Converters that lose bits, of which a batch says what they must reach.
epx_chip_t batch_chip(int adc_bits) {
  epx_chip_t chip = make_chip();
  chip.rows = chip.columns = 96;
  chip.array_kind = EPX_ARRAY_ANALOG;
  chip.adc.converter.kind = EPX_CONVERTER_SAR;
  chip.adc.converter.bits = adc_bits;
  chip.adc.reach = EPX_ADC_REACH_BATCH_LINES;
  return chip;
}

const epx_dynamics_t kDynamics = {6, 3};
const epx_estimator_t kEstimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};

void calibrate(epx_substrate_t *twin, const Batch &batch) {
  const epx_calibration_t step = {kDynamics, kEstimator, batch.whole()};
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_substrate_calibrate(twin, &step, &error), error);
}

// Only where there are no ranges yet.
void calibrate_once(epx_substrate_t *twin, const Batch &batch) {
  const epx_calibration_t step = {kDynamics, kEstimator, batch.whole()};
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_ep_calibrate(twin, &step, &error), error);
}

std::vector<int64_t> ranges_of(epx_substrate_t *twin) {
  epx_npz_t *npz = nullptr;
  std::vector<int64_t> all;
  EXPECT_EQ(epx_npz_create(&npz, nullptr), EPX_OK);
  EXPECT_EQ(epx_substrate_save(twin, npz, nullptr), EPX_OK);
  for (size_t i = 0; i < epx_npz_count(npz); ++i) {
    const epx_npz_array_t *array = epx_npz_at(npz, i);
    if (std::string(array->name).find("adc_reaches") != std::string::npos) {
      const int64_t *data = (const int64_t *)array->data;
      all.insert(all.end(), data, data + array->count);
    }
  }
  epx_npz_destroy(npz);
  return all;
}

Substrate loaded(const epx_chip_t &chip, uint64_t seed, int capacity = 6) {
  Random random(seed);
  Substrate twin = make_twin(network(), chip, capacity);
  load(twin.get(), random_params(network(), random, 1.5));
  return twin;
}

std::string step_bytes(epx_substrate_t *twin, const Batch &batch) {
  std::string bytes;
  run_ep(twin, kDynamics, kEstimator, batch);
  for (int l = 0; l < 2; ++l) {
    const std::vector<double> s = layer_states(twin, l, batch.n);
    append_bytes(bytes, s.data(), s.size());
  }
  const Params gradient = read_gradient(twin, kEstimator);
  for (int l = 0; l < gradient->layer_count; ++l) {
    const std::vector<double> g = layer_values(gradient, l);
    append_bytes(bytes, g.data(), g.size());
  }
  return bytes;
}

// Where every line's sums fit the converter's levels, the batch that was observed is computed as by
// ideal converters; with ranges for the largest digits it is not.
TEST(Calibrate, ranges_that_fit_the_levels_lose_nothing) {
  const int bits = 6;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 100);
    const Batch batch = random_batch(network(), random, 6);
    epx_chip_t ideal = batch_chip(bits), digits = batch_chip(bits);
    ideal.adc.converter.kind = EPX_CONVERTER_IDEAL;
    ideal.adc.converter.bits = 8;
    digits.adc.reach = EPX_ADC_REACH_DIGITS;
    const Substrate twin = loaded(batch_chip(bits), seed);
    calibrate(twin.get(), batch);
    const std::vector<int64_t> ranges = ranges_of(twin.get());
    for (size_t i = 0; i < ranges.size(); i += 2) {
      ASSERT_LT(ranges[i + 1] - ranges[i], 1 << bits) << "the case is not the one meant";
    }
    const std::string exact = step_bytes(loaded(ideal, seed).get(), batch);
    EXPECT_TRUE(step_bytes(twin.get(), batch) == exact);
    EXPECT_FALSE(step_bytes(loaded(digits, seed).get(), batch) == exact);
  }
}

// Levels that outnumber whatever a line can reach lose nothing, whichever batch ranges were taken
// from: not of another batch, nor when weights have moved, by tiles nor by lines.
TEST(Calibrate, spare_levels_take_what_the_batch_did_not_show) {
  for (const int bits_per_cell : {1, 4}) {
    for (const epx_adc_reach_t reach : {EPX_ADC_REACH_BATCH, EPX_ADC_REACH_BATCH_LINES}) {
      SCOPED_TRACE(std::to_string(bits_per_cell) + " bits a cell, reach " + std::to_string(reach));
      Random random(11);
      const Batch faint = random_batch(network(), random, 6, -0.1, 0.1);
      const Batch other = random_batch(network(), random, 6);
      epx_chip_t chip = batch_chip(16), ideal = batch_chip(16);
      chip.bits_per_cell = ideal.bits_per_cell = bits_per_cell;
      chip.adc.reach = reach;
      ideal.adc.converter.kind = EPX_CONVERTER_IDEAL;
      const Substrate twin = loaded(chip, 1), exact = loaded(ideal, 1);
      calibrate(twin.get(), faint);
      epx_update_rule_t rule = {};
      for (double &rate : rule.learning_rate) rate = 0.5;
      for (int step = 0; step < 3; ++step) {
        EXPECT_TRUE(step_bytes(twin.get(), other) == step_bytes(exact.get(), other)) << step;
        update(twin.get(), &kEstimator, &rule);
        update(exact.get(), &kEstimator, &rule);
      }
    }
  }
}

// A range by lines lies within that of the array's slice.
TEST(Calibrate, lines_have_ranges_of_their_own_within_their_slices) {
  Random random(3);
  const Batch batch = random_batch(network(), random, 6);
  epx_chip_t together = batch_chip(4);
  together.adc.reach = EPX_ADC_REACH_BATCH;
  const Substrate by_line = loaded(batch_chip(4), 1), by_slice = loaded(together, 1);
  calibrate(by_line.get(), batch);
  calibrate(by_slice.get(), batch);
  const std::vector<int64_t> line = ranges_of(by_line.get()), slice = ranges_of(by_slice.get());
  ASSERT_EQ(line.size(), slice.size());
  int narrower = 0;
  for (size_t i = 0; i < line.size(); i += 2) {
    if (line[i] == 0 && line[i + 1] == 0) continue;  // never converted
    EXPECT_LE(slice[i], line[i]);
    EXPECT_GE(std::max(slice[i + 1], slice[i] + 1), line[i + 1] - (line[i + 1] == line[i] + 1));
    narrower += slice[i] < line[i] || slice[i + 1] > line[i + 1];
  }
  EXPECT_GT(narrower, 0);
}

TEST(Calibrate, coverage_narrows_ranges) {
  Random random(4);
  const Batch batch = random_batch(network(), random, 6);
  epx_chip_t narrow = batch_chip(4);
  narrow.adc.coverage = 0.8;
  const Substrate all = loaded(batch_chip(4), 2), most = loaded(narrow, 2);
  calibrate(all.get(), batch);
  calibrate(most.get(), batch);
  const std::vector<int64_t> a = ranges_of(all.get()), b = ranges_of(most.get());
  int narrower = 0;
  for (size_t i = 0; i < a.size(); i += 2) {
    EXPECT_LE(b[i + 1] - b[i], a[i + 1] - a[i]);
    narrower += b[i + 1] - b[i] < a[i + 1] - a[i];
  }
  EXPECT_GT(narrower, (int)a.size() / 8);
}

// Headroom is added to each side of what a batch had, but not beyond what digits can reach.
TEST(Calibrate, headroom_widens_ranges_as_far_as_digits_reach) {
  Random random(12);
  const Batch batch = random_batch(network(), random, 6);
  for (const double headroom : {0.3, 2.0}) {
    SCOPED_TRACE(headroom);
    epx_chip_t chip = batch_chip(4);
    const Substrate plain = loaded(chip, 2);
    chip.adc.headroom = headroom;
    const Substrate wide = loaded(chip, 2);
    calibrate(plain.get(), batch);
    calibrate(wide.get(), batch);
    const std::vector<int64_t> a = ranges_of(plain.get()), b = ranges_of(wide.get());
    int limited = 0, wider = 0;
    for (size_t i = 0; i < a.size(); i += 2) {
      const int64_t more = (int64_t)std::ceil(headroom * (double)(a[i + 1] - a[i]));
      EXPECT_GE(b[i], std::min(a[i], a[i] - more));
      EXPECT_LE(b[i], a[i]);
      EXPECT_LE(b[i + 1], a[i + 1] + more);
      EXPECT_GE(b[i + 1], a[i + 1]);
      EXPECT_GE(b[i], -96);  // lines of an array of one bit a cell
      EXPECT_LE(b[i + 1], std::max<int64_t>(96, a[i + 1]));
      limited += b[i] != a[i] - more || b[i + 1] != a[i + 1] + more;
      wider += b[i + 1] - b[i] > a[i + 1] - a[i];
    }
    EXPECT_GT(limited, 0);
    EXPECT_GT(wider, (int)a.size() / 2 / 2);
  }
}

/* As the trainer does after mini-batch number `batch`. */
epx_status_t follow(epx_substrate_t *twin, int batch, epx_error_t *error, int every = 1) {
  return batch % every == 0 ? epx_substrate_follow(twin, error) : EPX_OK;
}

uint64_t clips_of(epx_substrate_t *twin) {
  epx_twin_clips_t clips;
  epx_twin_clips(twin, &clips);
  uint64_t sum = 0;
  for (int i = 0; i < clips.layers; ++i) sum += clips.layer[i][0].clips + clips.layer[i][1].clips;
  return sum;
}

// Ranges from faint images clip what bright ones drive, until they have followed.
TEST(Follow, ranges_widen_until_nothing_clips) {
  for (const epx_adc_reach_t reach : {EPX_ADC_REACH_BATCH, EPX_ADC_REACH_BATCH_LINES}) {
    SCOPED_TRACE(reach);
    Random random(13);
    const Batch faint = random_batch(network(), random, 6, -0.1, 0.1);
    const Batch bright = random_batch(network(), random, 6);
    epx_chip_t chip = batch_chip(4);
    chip.bits_per_cell = 4;
    chip.adc.reach = reach;
    chip.adc.follow_batches = 1;
    const Substrate twin = loaded(chip, 1);
    epx_error_t error = {};
    calibrate(twin.get(), faint);
    std::vector<int64_t> before = ranges_of(twin.get());
    uint64_t clips = 0;
    int rounds = 0;
    do {
      epx_twin_clips_forget(twin.get());
      run_ep(twin.get(), kDynamics, kEstimator, bright);
      clips = clips_of(twin.get());
      ASSERT_EPX_OK(follow(twin.get(), 1, &error), error);
      const std::vector<int64_t> now = ranges_of(twin.get());
      EXPECT_EQ(now != before, clips > 0) << "ranges change where something clips, and only there";
      for (size_t i = 0; i < now.size(); i += 2) {
        EXPECT_LE(now[i], before[i]);
        EXPECT_GE(now[i + 1], before[i + 1]);
      }
      before = now;
      ASSERT_LT(++rounds, 40);
    } while (clips > 0);
    EXPECT_GT(rounds, 1) << "the case is not the one meant";
  }
}

TEST(Follow, is_due_at_every_kth_mini_batch_and_forgets_those_between) {
  Random random(14);
  const Batch faint = random_batch(network(), random, 6, -0.1, 0.1);
  const Batch bright = random_batch(network(), random, 6);
  epx_chip_t chip = batch_chip(4);
  chip.bits_per_cell = 4;
  chip.adc.headroom = 0.2; /* enough for what converters that are not ideal change */
  chip.adc.follow_batches = 3;
  const Substrate twin = loaded(chip, 1);
  epx_error_t error = {};
  calibrate(twin.get(), faint);
  const std::vector<int64_t> before = ranges_of(twin.get());
  for (const int batch : {1, 2, 4}) {
    run_ep(twin.get(), kDynamics, kEstimator, bright);
    ASSERT_EPX_OK(follow(twin.get(), batch, &error, chip.adc.follow_batches), error);
    EXPECT_EQ(ranges_of(twin.get()), before) << batch;
  }
  run_ep(twin.get(), kDynamics, kEstimator, faint); /* as it was calibrated: clips nothing */
  ASSERT_EPX_OK(follow(twin.get(), 3, &error, chip.adc.follow_batches), error);
  EXPECT_EQ(ranges_of(twin.get()), before);
  run_ep(twin.get(), kDynamics, kEstimator, bright);
  ASSERT_EPX_OK(follow(twin.get(), 6, &error, chip.adc.follow_batches), error);
  EXPECT_NE(ranges_of(twin.get()), before);
}

// What coverage leaves out may clip: on the batch that ranges were taken from few lines move, those
// whose sums are others when converters are not ideal; with all to be covered, many do.
TEST(Follow, clips_that_coverage_allows_move_nothing) {
  Random random(15);
  const Batch batch = random_batch(network(), random, 6);
  int moved[2] = {};
  for (const bool strict : {false, true}) {
    epx_chip_t chip = batch_chip(6);
    chip.bits_per_cell = 4;
    chip.adc.coverage = 0.9;
    chip.adc.follow_batches = 1;
    const Substrate twin = loaded(chip, 2);
    calibrate(twin.get(), batch);
    const std::vector<int64_t> before = ranges_of(twin.get());
    chip.adc.coverage = strict ? 1.0 : 0.9;
    const Substrate followed = loaded(chip, 2);
    epx_npz_t *npz = nullptr;
    epx_error_t error = {};
    ASSERT_EQ(epx_npz_create(&npz, nullptr), EPX_OK);
    ASSERT_EQ(twin->ops->save(twin.get(), npz, nullptr), EPX_OK);
    ASSERT_EPX_OK(followed->ops->restore(followed.get(), npz, "copy", &error), error);
    epx_npz_destroy(npz);
    run_ep(followed.get(), kDynamics, kEstimator, batch);
    EXPECT_GT(clips_of(followed.get()), 0u);
    ASSERT_EPX_OK(follow(followed.get(), 1, &error), error);
    const std::vector<int64_t> now = ranges_of(followed.get());
    for (size_t i = 0; i < now.size(); i += 2) {
      moved[strict] += now[i] != before[i] || now[i + 1] != before[i + 1];
    }
  }
  EXPECT_LT(4 * moved[0], moved[1]);
}

TEST(Calibrate, changes_ranges_and_nothing_else) {
  Random random(5);
  const Batch batch = random_batch(network(), random, 6);
  epx_chip_t chip = make_device_chip();  // draws noise
  chip.adc.reach = EPX_ADC_REACH_BATCH_LINES;
  const Substrate twin = loaded(chip, 3), plain = loaded(chip, 3);
  calibrate(twin.get(), batch);
  epx_npz_t *npz[2] = {};
  for (int i = 0; i < 2; ++i) {
    epx_substrate_t *from = i == 0 ? twin.get() : plain.get();
    ASSERT_EQ(epx_npz_create(&npz[i], nullptr), EPX_OK);
    ASSERT_EQ(epx_substrate_save(from, npz[i], nullptr), EPX_OK);
  }
  int differing = 0;
  for (size_t i = 0; i < epx_npz_count(npz[0]); ++i) {
    const epx_npz_array_t *a = epx_npz_at(npz[0], i), *b = epx_npz_at(npz[1], i);
    const bool ranges = std::string(a->name).find("adc_reaches") != std::string::npos;
    const bool same = std::memcmp(a->data, b->data, a->count * epx_dtype_size(a->dtype)) == 0;
    EXPECT_EQ(same, !ranges) << a->name;
    differing += !same;
  }
  EXPECT_EQ(differing, 3);  // layers
  epx_npz_destroy(npz[0]);
  epx_npz_destroy(npz[1]);
  epx_activity_t activity;
  epx_twin_activity(twin.get(), &activity);
  EXPECT_EQ(activity.images, 0u);
}

TEST(Calibrate, is_wanted_where_there_are_no_ranges) {
  Random random(6);
  const Batch first = random_batch(network(), random, 6);
  const Batch second = random_batch(network(), random, 6, -0.2, 0.2);
  const Substrate twin = loaded(batch_chip(5), 4);
  EXPECT_TRUE(epx_substrate_uncalibrated(twin.get()));
  calibrate_once(twin.get(), first);
  EXPECT_FALSE(epx_substrate_uncalibrated(twin.get()));
  const std::vector<int64_t> at_first = ranges_of(twin.get());
  calibrate_once(twin.get(), second);
  EXPECT_EQ(ranges_of(twin.get()), at_first);
  calibrate(twin.get(), second);
  EXPECT_NE(ranges_of(twin.get()), at_first);
  Random other(4);
  load(twin.get(), random_params(network(), other, 1.5));  // a new network has none
  EXPECT_TRUE(epx_substrate_uncalibrated(twin.get()));
  calibrate_once(twin.get(), first);
  EXPECT_EQ(ranges_of(twin.get()), at_first);
  epx_chip_t fixed = batch_chip(5);
  fixed.adc.reach = EPX_ADC_REACH_DIGITS;
  EXPECT_FALSE(epx_substrate_uncalibrated(loaded(fixed, 4).get()));
}

TEST(Calibrate, finds_the_same_on_any_number_of_threads) {
  Random random(7);
  const Batch batch = random_batch(network(), random, 6);
  std::vector<int64_t> first;
  for (const int threads : {1, 2, 5}) {
    epx_parallel_set_threads(threads);
    epx_chip_t chip = make_device_chip();
    chip.adc.reach = EPX_ADC_REACH_BATCH;
    chip.adc.coverage = 0.95;
    const Substrate twin = loaded(chip, 5);
    calibrate(twin.get(), batch);
    if (first.empty()) first = ranges_of(twin.get());
    EXPECT_EQ(ranges_of(twin.get()), first) << threads << " threads";
  }
  epx_parallel_set_threads(kTestThreads);
}

TEST(Follow, does_the_same_on_any_number_of_threads) {
  Random random(16);
  const Batch faint = random_batch(network(), random, 6, -0.1, 0.1);
  const Batch bright = random_batch(network(), random, 6);
  std::vector<int64_t> first;
  epx_twin_clips_t first_clips = {}, clips;
  epx_error_t error = {};
  for (const int threads : {1, 2, 5}) {
    epx_parallel_set_threads(threads);
    epx_chip_t chip = make_device_chip();
    chip.adc.reach = EPX_ADC_REACH_BATCH_LINES;
    chip.adc.coverage = 0.98;
    chip.adc.follow_batches = 1;
    const Substrate twin = loaded(chip, 5);
    calibrate(twin.get(), faint);
    for (int step = 0; step < 2; ++step) {
      run_ep(twin.get(), kDynamics, kEstimator, bright);
      ASSERT_EPX_OK(follow(twin.get(), 1, &error), error);
    }
    epx_twin_clips(twin.get(), &clips);
    if (first.empty()) {
      first = ranges_of(twin.get());
      first_clips = clips;
    }
    EXPECT_EQ(ranges_of(twin.get()), first) << threads << " threads";
    EXPECT_EQ(std::memcmp(&clips, &first_clips, sizeof clips), 0) << threads << " threads";
  }
  EXPECT_GT(first_clips.layer[0][0].clips, 0u);
  epx_parallel_set_threads(kTestThreads);
}

// Conversions are the closed form's, clips those of every step, computed or settled.
TEST(Clips, count_what_the_chip_converts) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 200);
    const Batch batch = random_batch(network(), random, 6);
    const epx_dynamics_t long_dynamics = {60, 3};
    epx_twin_clips_t clips[2];
    uint64_t computed[2];
    for (const int every_step : {0, 1}) {
      epx_chip_t chip = batch_chip(8);
      chip.bits_per_cell = 4;
      chip.adc.coverage = 0.9;
      chip.adc.follow_batches = every_step; /* shares of clips need every step */
      Random weights(seed);
      const Substrate twin = make_twin(network(), chip, 6);
      load(twin.get(), random_params(network(), weights, 0.3));
      calibrate(twin.get(), batch);
      uint64_t asked;
      std::vector<double> loss(6);
      std::vector<uint8_t> predicted(6);
      epx_error_t error = {};
      const epx_batch_t whole = batch.whole();
      ASSERT_EPX_OK(
          epx_ep_free(twin.get(), &long_dynamics, &whole, loss.data(), predicted.data(), &error),
          error);
      epx_twin_steps(twin.get(), &asked, &computed[every_step]);
      epx_twin_clips(twin.get(), &clips[every_step]);
      epx_account_t account;
      const epx_network_t net = network();
      ASSERT_EPX_OK(
          account_with_plan(&net, &chip, &long_dynamics, &kEstimator, 6, nullptr, &account, &error),
          error);
      uint64_t conversions = 0;
      for (int i = 0; i < clips[every_step].layers; ++i) {
        conversions += clips[every_step].layer[i][0].conversions;
        conversions += clips[every_step].layer[i][1].conversions;
      }
      EXPECT_EQ(conversions, 6 * account.inference.adc_conversions);
      EXPECT_GT(clips_of(twin.get()), 0u);
    }
    EXPECT_LT(computed[0], computed[1]) << "the case is not the one meant";
    EXPECT_EQ(std::memcmp(&clips[0], &clips[1], sizeof clips[0]), 0);
  }
}

TEST(Clips, are_in_checkpoints_and_are_forgotten_when_asked) {
  Random random(17);
  const Batch batch = random_batch(network(), random, 6);
  epx_chip_t chip = batch_chip(4);
  chip.adc.reach = EPX_ADC_REACH_WEIGHTS;
  chip.adc.range = 0.1;
  const Substrate twin = loaded(chip, 3), copy = loaded(chip, 4);
  run_ep(twin.get(), kDynamics, kEstimator, batch);
  epx_twin_clips_t before, after;
  epx_twin_clips(twin.get(), &before);
  EXPECT_EQ(before.layers, 3);
  EXPECT_GT(before.layer[0][0].clips, 0u);
  EXPECT_EQ(before.layer[0][1].conversions, 0u) << "the first layer is not read backward";
  epx_npz_t *npz = nullptr;
  epx_error_t error = {};
  ASSERT_EQ(epx_npz_create(&npz, nullptr), EPX_OK);
  ASSERT_EQ(twin->ops->save(twin.get(), npz, nullptr), EPX_OK);
  run_ep(copy.get(), kDynamics, kEstimator, batch);
  ASSERT_EPX_OK(copy->ops->restore(copy.get(), npz, "copy", &error), error);
  epx_npz_destroy(npz);
  epx_twin_clips(copy.get(), &after);
  EXPECT_EQ(std::memcmp(&before, &after, sizeof before), 0);
  epx_twin_clips_forget(copy.get());
  EXPECT_EQ(clips_of(copy.get()), 0u);
}

TEST(Calibrate, runs_continue_bit_identically) {
  for (const int every : {0, 1, 2}) {
    const auto make = [every] {
      const epx_network_t small =
          make_network({3, 32, 32}, {conv_layer(2, 5, 1, 0, EPX_POOL_MAX)}, 10,
                       EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
      epx_chip_t chip = batch_chip(5);
      chip.adc.headroom = 0.1 * every;
      chip.adc.follow_batches = every; /* 0: none */
      chip.adc.coverage = every == 2 ? 0.9 : 1.0;
      const Params params = make_params(small);
      epx_params_initialise(params.get(), 5, 1.0);
      Substrate twin = make_twin(small, chip, 8);
      load(twin.get(), params);
      return twin;
    };
    check_resuming(make, [every](epx_trainer_t *trainer) {
      trainer->calibrate_epochs = every % 2;
      trainer->follow_batches = every;
    });
  }
}

}  // namespace
