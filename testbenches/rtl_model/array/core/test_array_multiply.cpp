// SPDX-License-Identifier: Apache-2.0
// Products of many words at once against the same words one by one: sums, clips, clips by line,
// and what calibration observes, for random arrays of every kind. The buffers end at unmapped
// pages. CTest runs it at each instruction-set level (EPX_CPU).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "epx_cpu.h"
#include "quant/quant_guarded.h"
#include "rtl_model/array/core/array_reads.h"
#include "rtl_model/twin/twin_support.h"

namespace {

using Array = std::unique_ptr<epx_array_t, void (*)(epx_array_t *)>;

struct Case {
  epx_chip_t chip = make_chip();
  epx_tile_shape_t shape = {};
  bool observes = false, follows = false, all_on = false;
  std::vector<int> weight;
  std::vector<int64_t> reaches;

  explicit Case(Random &random) {
    chip.array_kind = EPX_ARRAY_ANALOG;
    shape.synapse_bits = random.integer(2, 8);
    chip.bits_per_cell = random.integer(1, shape.synapse_bits);
    shape.slices = (shape.synapse_bits + chip.bits_per_cell - 1) / chip.bits_per_cell;
    shape.rows = random.integer(1, 150);
    shape.units = random.integer(1, 40);
    shape.input_bits = random.integer(1, 8);
    shape.signed_post = random.chance(0.3);
    shape.state_bits = shape.signed_post ? 13 : random.integer(1, 8);
    chip.dac.converter.bits = random.integer(1, 8);
    chip.dac.codes = random.chance(0.3) ? EPX_DAC_ROUNDED : EPX_DAC_DIGITS;
    chip.adc.converter.kind = random.chance(0.2)
                                  ? EPX_CONVERTER_IDEAL
                                  : (random.chance(0.5) ? EPX_CONVERTER_SAR : EPX_CONVERTER_RAMP);
    chip.adc.converter.bits = random.integer(2, 12);
    chip.adc.range = random.chance(0.5) ? 1.0 : random.integer(2, 100) / 100.0;
    chip.adc.coverage = 0.99;
    chip.adc.reach = random.chance(0.5) ? EPX_ADC_REACH_WEIGHTS : EPX_ADC_REACH_DIGITS;
    if (random.chance(0.3)) {  // lines and cells of bits
      chip.dac.converter.bits = chip.bits_per_cell = 1;
      shape.slices = shape.synapse_bits;
      (random.chance(0.5) ? shape.rows : shape.units) = random.integer(1, 300);
    }
    if (random.chance(0.3)) {
      chip.adc.converter.gain_spread = 0.02;
      chip.adc.converter.offset = 0.7;
      chip.adc.converter.offset_spread = 0.5;
    }
    if (random.chance(0.15)) chip.adc.converter.noise = 0.5;
    if (random.chance(0.3)) {
      chip.device.g_min = 0.1;
      chip.device.program_error.device = 0.01;
      if (random.chance(0.5)) chip.device.read_noise.sigma = 0.01;
    }
    if (random.chance(0.15)) chip.dac.converter.noise = 0.1;
    observes = random.chance(0.2);
    follows = random.chance(0.5);
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      const int half = 1 << (shape.synapse_bits - 1);
      weight.push_back(random.integer(-half, half - 1));
    }
    if (random.chance(0.4)) {  // ranges of a batch, some of them without 0, some missing
      chip.adc.reach = EPX_ADC_REACH_BATCH_LINES;
      for (size_t i = 0; i < epx_tile_reach_count(&shape) / 2; ++i) {
        const int64_t low = random.integer(-2000, 500);
        reaches.push_back(low);
        reaches.push_back(random.chance(0.1) ? low : low + random.integer(1, 3000));
      }
    }
  }

  Array make(bool serves_words) const {
    epx_array_t *array = nullptr;
    epx_error_t error = {};
    EXPECT_EPX_OK(epx_array_create(&chip, &shape, 3, &array, &error), error);
    if (serves_words) {
      EXPECT_EPX_OK(epx_array_serve_words(array, &error), error);
    }
    for (int i = 0; i < shape.rows * shape.units; ++i) {
      epx_array_write(array, i / shape.units, i % shape.units, weight[(size_t)i], 1);
    }
    EXPECT_EPX_OK(epx_array_settle(array, nullptr, &error), error);
    if (!reaches.empty()) {
      EXPECT_EPX_OK(epx_array_set_reaches(array, reaches.data(), &error), error);
    }
    if (follows) {
      EXPECT_EPX_OK(epx_array_follow(array, &error), error);
    }
    if (observes) {
      EXPECT_EPX_OK(epx_array_observe(array, &error), error);
    }
    return Array(array, epx_array_destroy);
  }
};

// What calibration and following clips make of what the array has seen.
std::vector<int64_t> seen(const Case &one, const epx_array_t *array) {
  std::vector<int64_t> ranges(epx_tile_reach_count(&one.shape));
  epx_array_observed(array, &one.chip, ranges.data());
  std::vector<int64_t> widened = one.reaches;
  if (one.follows && !widened.empty()) epx_array_widen(array, &one.chip, widened.data());
  ranges.insert(ranges.end(), widened.begin(), widened.end());
  return ranges;
}

struct Words {
  int count, places, first, lines;
  std::vector<int32_t> code;  // [count][lines]
};

Words random_words(Random &random, const Case &one, bool backward) {
  const bool posts = backward && one.shape.signed_post;
  Words words = {posts ? 1 : random.integer(1, 40), 1, random.integer(0, 9),
                 random.integer(0, 5) + (backward ? one.shape.units : one.shape.rows)};
  if (backward && !posts && random.chance(0.5)) {
    words.places = 4;
    words.count = words.count / 4 * 4 + 4;
  }
  const int bits = backward ? one.shape.state_bits : one.shape.input_bits;
  const int most = (1 << (posts ? bits - 1 : bits)) - 1;
  for (int i = 0; i < words.count * words.lines; ++i) {
    const int code = random.chance(0.4) ? 0 : random.integer(posts ? -most - 1 : 0, most);
    words.code.push_back(one.all_on ? most : code);
  }
  return words;
}

class Product {
 public:
  Product(Random &random, const Case &one, bool backward)
      : one_(one), backward_(backward), words_(random_words(random, one, backward)) {
    driven_ = backward ? one.shape.units : one.shape.rows;
    read_ = backward ? one.shape.rows : one.shape.units;
    first_line_ = words_.lines - driven_;
  }

  void expect_same() const {
    const Array at_once = one_.make(true), each = one_.make(false);
    std::vector<int32_t> sums;
    const epx_clips_t found = multiply(at_once.get(), &sums);
    epx_clips_t expected = {};
    const ArrayWorkspace workspace = make_workspace(one_.shape);
    for (int word = 0; word < words_.count; ++word) {
      std::vector<int64_t> product((size_t)read_);
      epx_clips_add(&expected, multiply_one(each.get(), word, workspace.get(), product.data()));
      for (int i = 0; i < read_; ++i) {
        ASSERT_LT(std::abs(product[(size_t)i]), INT32_MAX - 7) << "the case leaves 32 bits";
        ASSERT_EQ(sums[(size_t)(word * read_ + i)], 7 + product[(size_t)i])
            << "word " << word << ", line " << i;
      }
    }
    EXPECT_EQ(found.conversions, expected.conversions);
    EXPECT_EQ(found.clips, expected.clips);
    EXPECT_EQ(seen(one_, at_once.get()), seen(one_, each.get()));
  }

 private:
  epx_clips_t multiply_one(const epx_array_t *array, int word, epx_array_workspace_t *workspace,
                           int64_t *product) const {
    const int number = words_.first + word / words_.places, place = word % words_.places;
    const int32_t *codes = words_.code.data() + word * words_.lines + first_line_;
    if (!backward_) {
      const std::vector<uint8_t> bytes(codes, codes + driven_);
      return epx_array_forward(array, 5, number, bytes.data(), workspace, product);
    }
    const std::vector<uint8_t> switches((size_t)driven_, (uint8_t)place);
    return epx_array_backward(array, 5, number, codes, switches.data(), place, workspace, product);
  }

  // The sums of all words, which begin with 7.
  epx_clips_t multiply(const epx_array_t *array, std::vector<int32_t> *found) const {
    const epx_driver_t driver = epx_driver_of(&one_.chip, &one_.shape, backward_);
    const ArrayWorkspace workspace = make_workspace(one_.shape);
    epx_words_t words;
    epx_error_t error = {};
    EXPECT_EPX_OK(epx_words_create(epx_words_size(words_.count, words_.lines),
                                   epx_driver_pass_count(&driver), &words, &error),
                  error);
    if (one_.shape.signed_post && backward_) {
      epx_words_drive_one(&words, &driver, words_.code.data(), words_.first, words_.lines);
    } else {
      uint8_t *rows =
          epx_words_begin(&words, words_.first, words_.places, words_.count, words_.lines);
      for (int i = 0; i < words_.count * words_.lines; ++i) {
        rows[(size_t)(i / words_.lines) * words.pitch + (size_t)(i % words_.lines)] =
            (uint8_t)words_.code[(size_t)i];
      }
      epx_words_drive(&words, &driver);
    }
    // The same digits, as tight as may be, at the end of a page.
    std::vector<std::unique_ptr<quant_test::Guarded>> digits;
    const size_t pitch = (size_t)words_.lines + 3;
    for (int p = 0; p < words.passes; ++p) {
      digits.emplace_back(new quant_test::Guarded((size_t)words_.count * pitch, true));
      for (int w = 0; w < words_.count; ++w) {
        const uint8_t *from = words.digit[p] + (size_t)w * words.pitch;
        std::copy(from, from + words_.lines, digits.back()->as<uint8_t>() + (size_t)w * pitch);
      }
      words.digit[p] = digits.back()->as<uint8_t>();
    }
    words.pitch = pitch;
    const size_t ldc = (size_t)read_,
                 whole = (ldc + EPX_ARRAY_LINES - 1) / EPX_ARRAY_LINES * EPX_ARRAY_LINES;
    const quant_test::Guarded sums(((size_t)(words_.count - 1) * ldc + whole) * sizeof(int32_t),
                                   true);
    std::fill_n(sums.as<int32_t>(), (size_t)(words_.count - 1) * ldc + whole, 7);
    const epx_clips_t clips = epx_array_multiply(array, 5, backward_, &words, first_line_,
                                                 workspace.get(), sums.as<int32_t>(), ldc);
    found->assign(sums.as<int32_t>(), sums.as<int32_t>() + (size_t)words_.count * ldc);
    epx_words_destroy(&words);
    return clips;
  }

  const Case &one_;
  bool backward_;
  Words words_;
  int driven_, read_, first_line_;
};

TEST(ArrayMultiply, many_words_give_what_each_gives_alone) {
  std::printf("level %s\n", epx_cpu_level_name(epx_cpu_level()));
  for (uint64_t seed = 1; seed <= 160; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Case one(random);
    Product(random, one, false).expect_same();
    Product(random, one, true).expect_same();
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
}

// Levels that a gain of the converter's own spreads over more than a byte.
TEST(ArrayMultiply, counts_of_bits_with_a_large_gain) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Case one(random);
    one.chip.dac.converter = {};
    one.chip.device = {};
    one.chip.dac.codes = EPX_DAC_DIGITS;
    one.chip.dac.converter.bits = one.chip.bits_per_cell = 1;
    one.chip.adc.converter = {EPX_CONVERTER_SAR, 12, 0, 0.9, 0, 0, 0, 8};
    one.chip.adc.range = 1.0;
    one.chip.adc.reach = EPX_ADC_REACH_DIGITS;
    one.reaches.clear();
    one.all_on = true;
    one.shape.synapse_bits = one.shape.slices = 4;
    one.shape.rows = 250;
    one.shape.input_bits = 8;
    one.weight.assign((size_t)(one.shape.rows * one.shape.units), 7);
    Product(random, one, false).expect_same();
  }
}

}  // namespace
