// SPDX-License-Identifier: Apache-2.0
// ADCs: every sum of a range against the definition in long double, levels against a search by
// trial, errors against closed forms and statistics, calibration against a sorted copy.
#include <memory>
#include <random>

#include "epx_adc.h"
#include "rtl_model/array/array_support.h"

namespace {

using namespace array_test;

struct Destroy {
  void operator()(epx_adc_t *adc) const { epx_adc_destroy(adc); }
};
using Adc = std::unique_ptr<epx_adc_t, Destroy>;

Adc make(const epx_converter_t &converter, int lines, uint64_t seed = 1, uint64_t tile = 2) {
  epx_adc_t *adc = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_adc_create(&converter, lines, seed, tile, &adc, &error), EPX_OK) << error.message;
  return Adc(adc);
}

epx_converter_t sar(int bits) {
  epx_converter_t converter = {};
  converter.kind = EPX_CONVERTER_SAR;
  converter.bits = bits;
  return converter;
}

void set_range(const Adc &adc, int line, int64_t low, int64_t high) {
  epx_error_t error = {};
  ASSERT_EQ(epx_adc_set_range(adc.get(), line, low, high, &error), EPX_OK) << error.message;
}

constexpr int64_t kOne = INT64_C(1) << EPX_CONVERTER_FRACTION;

struct Expected {
  int64_t out;
  bool clip;
};

// The definition, slowly. `front`: what the converter's input is multiplied by and shifted by.
Expected slow(const Adc &adc, int line, int bits, int64_t sum, long double gain = 1,
              long double offset = 0) {
  int64_t low, step;
  epx_adc_levels(adc.get(), line, &low, &step);
  const long double t = rintl((long double)sum * kOne * gain + offset * step);
  const long double k = floorl((t - low) / step + 0.5L), top = exp2l(bits) - 1;
  const long double code = k < 0 ? 0 : k > top ? top : k;
  return {(int64_t)(low + code * step), k < 0 || k > top};
}

TEST(Adc, EverySumOfARangeAsDefined) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 400; ++round) {
    const int bits = 2 + (int)(random() % 9);
    const Adc adc = make(sar(bits), 1);
    const int64_t span = 1 + (int64_t)(random() % 3000);
    const int64_t low = (int64_t)(random() % 3000) - 2000;
    set_range(adc, 0, low, low + span);
    const int64_t margin = span / 4 + 3;
    int64_t clips = 0;
    for (int64_t sum = low - margin; sum <= low + span + margin; ++sum) {
      int64_t out;
      const int64_t clipped = epx_adc_convert(adc.get(), 0, 0, 1, &sum, &out);
      const Expected expected = slow(adc, 0, bits, sum);
      ASSERT_EQ(out, expected.out)
          << "sum " << sum << " of " << low << " + " << span << ", " << bits << " bits";
      ASSERT_EQ(clipped, expected.clip ? 1 : 0) << "sum " << sum;
      if (sum >= low && sum <= low + span) {
        ASSERT_EQ(clipped, 0) << "sum " << sum << " lies in range";
      }
      clips += clipped;
    }
    EXPECT_GT(clips, 0);
  }
}

TEST(Adc, LevelsAreTheFinestThatCover) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 300; ++round) {
    const int bits = 2 + (int)(random() % 5);
    const int64_t levels = INT64_C(1) << bits;
    const Adc adc = make(sar(bits), 1);
    const int64_t low = -(int64_t)(random() % 9), high = low + 1 + (int64_t)(random() % 12);
    set_range(adc, 0, low, high);
    int64_t bottom, step;
    epx_adc_levels(adc.get(), 0, &bottom, &step);
    EXPECT_LE(bottom, low * kOne);
    EXPECT_GE(bottom + step * (levels - 1), high * kOne);
    if (high < 0) continue;
    EXPECT_EQ(bottom % step, 0) << "0 is a level";
    // By trial: no smaller step has levels enough.
    int64_t trial = 1;
    const auto count = [&](int64_t q) {
      return (int64_t)(ceill(-(long double)low * kOne / q) + ceill((long double)high * kOne / q)) +
             1;
    };
    while (count(trial) > levels) ++trial;
    EXPECT_EQ(step, trial) << low << " to " << high << ", " << bits << " bits";
  }
}

TEST(Adc, LosslessOnesAreTheIdentity) {
  const epx_converter_t ideal = {};
  for (const Adc &adc : {make(ideal, 3), make(sar(11), 3)}) {
    for (int line = 0; line < 3; ++line) set_range(adc, line, -1023, 1023);
    for (int64_t s = -1023; s <= 1023; ++s) {
      const int64_t sum[3] = {s, -s, s / 2};
      int64_t out[3];
      EXPECT_EQ(epx_adc_convert(adc.get(), 5, 0, 3, sum, out), 0);
      for (int line = 0; line < 3; ++line) ASSERT_EQ(out[line], sum[line] * kOne);
    }
  }
  // The ideal one has no range.
  const Adc adc = make(ideal, 1);
  int64_t sum = (INT64_C(1) << 38) - 1, out;
  EXPECT_EQ(epx_adc_convert(adc.get(), 0, 0, 1, &sum, &out), 0);
  EXPECT_EQ(out, sum * kOne);
}

TEST(Adc, StepsAndNamesOfTheKinds) {
  EXPECT_EQ(epx_converter_steps(EPX_CONVERTER_SAR, 6), 6);
  EXPECT_EQ(epx_converter_steps(EPX_CONVERTER_RAMP, 6), 64);
  EXPECT_EQ(epx_converter_steps(EPX_CONVERTER_IDEAL, 6), 1);
  EXPECT_STREQ(epx_converter_kind_name(EPX_CONVERTER_SAR), "sar");
  EXPECT_EQ(epx_converter_kind_name((epx_converter_kind_t)7), nullptr);
}

TEST(Adc, RampAndSarTransferAlike) {
  epx_converter_t ramp = sar(5);
  ramp.kind = EPX_CONVERTER_RAMP;
  const Adc a = make(sar(5), 1), b = make(ramp, 1);
  set_range(a, 0, -50, 70);
  set_range(b, 0, -50, 70);
  for (int64_t sum = -80; sum < 100; ++sum) {
    int64_t x, y;
    EXPECT_EQ(epx_adc_convert(a.get(), 1, 0, 1, &sum, &x),
              epx_adc_convert(b.get(), 1, 0, 1, &sum, &y));
    EXPECT_EQ(x, y);
  }
}

TEST(Adc, GainAndOffsetAsDefined) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 200; ++round) {
    epx_converter_t converter = sar(3 + (int)(random() % 8));
    // Dyadic numbers: exact in double as in long double, so ties are the same.
    converter.gain = std::ldexp((double)(random() % 64) - 32, -9);
    converter.offset = std::ldexp((double)(random() % 64) - 32, -4);
    const Adc adc = make(converter, 1);
    set_range(adc, 0, -700, 900);
    for (int64_t sum = -1000; sum <= 1200; ++sum) {
      int64_t out;
      const int64_t clips = epx_adc_convert(adc.get(), 0, 0, 1, &sum, &out);
      const Expected expected =
          slow(adc, 0, converter.bits, sum, 1.0L + converter.gain, converter.offset);
      ASSERT_EQ(out, expected.out)
          << "sum " << sum << " gain " << converter.gain << " offset " << converter.offset;
      ASSERT_EQ(clips, expected.clip ? 1 : 0);
    }
  }
}

// A fine converter (1/16 sum a step) shows its input noise almost as it is; the step adds a
// variance of 1/12 LSB^2.
TEST(Adc, NoiseHasItsSigmaAndIsIndependent) {
  epx_converter_t converter = sar(14);
  converter.noise = 3.0;
  constexpr int kLines = 64, kEvents = 1000;
  const Adc adc = make(converter, kLines, 21, 4);
  for (int line = 0; line < kLines; ++line) set_range(adc, line, -512, 511);
  int64_t low, step;
  epx_adc_levels(adc.get(), 0, &low, &step);
  std::vector<double> all, line0, line1, now, next;
  std::vector<int64_t> sum(kLines, 7), out(kLines);
  for (uint64_t draw = 0; draw < kEvents; ++draw) {
    ASSERT_EQ(epx_adc_convert(adc.get(), draw, 0, kLines, sum.data(), out.data()), 0);
    for (int64_t o : out) all.push_back((double)(o - 7 * kOne) / (double)step);
    line0.push_back((double)out[0]);
    line1.push_back((double)out[1]);
  }
  expect_normal_moments(all, 0.0, std::sqrt(9.0 + 1.0 / 12), "ADC noise");
  expect_uncorrelated(line0, line1, "neighbouring lines");
  now.assign(all.begin(), all.end() - kLines);
  next.assign(all.begin() + kLines, all.end());
  expect_uncorrelated(now, next, "neighbouring events");
}

TEST(Adc, SharedConvertersShareTheirErrors) {
  epx_converter_t converter = sar(16);
  converter.offset_spread = 100.0;
  converter.gain_spread = 0.01;
  converter.lines_each = 8;
  constexpr int kLines = 8192;
  const Adc adc = make(converter, kLines, 22);
  for (int line = 0; line < kLines; ++line) set_range(adc, line, -4096, 4096);
  int64_t low, step;
  epx_adc_levels(adc.get(), 0, &low, &step);
  std::vector<int64_t> zero(kLines, 0), big(kLines, 2000), at_zero(kLines), at_big(kLines);
  EXPECT_EQ(epx_adc_convert(adc.get(), 1, 0, kLines, zero.data(), at_zero.data()), 0);
  EXPECT_EQ(epx_adc_convert(adc.get(), 2, 0, kLines, big.data(), at_big.data()), 0);
  std::vector<double> offset, gain;
  for (size_t line = 0; line < kLines; ++line) {
    if (line % 8 != 0) {
      ASSERT_EQ(at_zero[line], at_zero[line - 1]) << "line " << line;
      ASSERT_EQ(at_big[line], at_big[line - 1]) << "line " << line;
    } else {
      offset.push_back((double)at_zero[line] / (double)step);
      gain.push_back((double)(at_big[line] - at_zero[line]) / (2000.0 * kOne) - 1);
    }
  }
  expect_normal_moments(offset, 0.0, 100.0, "offset spread");
  expect_normal_moments(gain, 0.0, 0.01, "gain spread");
  expect_uncorrelated(offset, gain, "offset and gain");
}

TEST(Adc, LinesOneByOneAreTheBankAtOnce) {
  epx_converter_t converter = sar(6);
  converter.noise = 1.5;
  converter.gain_spread = 0.02;
  converter.offset_spread = 0.5;
  constexpr int kLines = 700;  // several blocks and a rest
  const Adc adc = make(converter, kLines), other = make(converter, kLines, 1, 3);
  std::mt19937_64 random(14);
  std::vector<int64_t> sum(kLines), all(kLines), single(kLines), in_place, elsewhere(kLines);
  for (int line = 0; line < kLines; ++line) {
    const int64_t high = 1 + (int64_t)(random() % 500);
    set_range(adc, line, -high, high);
    set_range(other, line, -high, high);
    sum[(size_t)line] = (int64_t)(random() % 1000) - 500;
  }
  const int64_t clips = epx_adc_convert(adc.get(), 9, 0, kLines, sum.data(), all.data());
  int64_t single_clips = 0;
  for (int line = kLines - 1; line >= 0; --line) {
    const size_t i = (size_t)line;
    single_clips += epx_adc_convert(adc.get(), 9, line, 1, &sum[i], &single[i]);
  }
  EXPECT_EQ(all, single);
  EXPECT_EQ(clips, single_clips);
  EXPECT_GT(clips, 0);
  in_place = sum;
  epx_adc_convert(adc.get(), 9, 0, kLines, in_place.data(), in_place.data());
  EXPECT_EQ(all, in_place);
  epx_adc_convert(other.get(), 9, 0, kLines, sum.data(), elsewhere.data());
  EXPECT_NE(all, elsewhere) << "another tile has other noise";
}

TEST(Adc, CountsTheClipsOfEachLine) {
  constexpr int kLines = 200;
  const Adc adc = make(sar(5), kLines);
  std::mt19937_64 random(15);
  std::vector<epx_adc_clips_t> counted(kLines), expected(kLines);
  std::vector<int64_t> low(kLines), high(kLines), sum(kLines), out(kLines);
  for (int line = 0; line < kLines; ++line) {
    const auto i = static_cast<size_t>(line);
    low[i] = -static_cast<int64_t>(random() % 30);
    high[i] = low[i] + 31;  // a step of 1: no sum between two levels
    set_range(adc, line, low[i], high[i]);
  }
  epx_adc_count(adc.get(), counted.data());
  int64_t clips = 0;
  for (uint64_t draw = 0; draw < 50; ++draw) {
    for (size_t i = 0; i < kLines; ++i) {
      sum[i] = static_cast<int64_t>(random() % 70) - 35;
      expected[i].below += sum[i] < low[i];
      expected[i].above += sum[i] > high[i];
    }
    clips += epx_adc_convert(adc.get(), draw, 0, 130, sum.data(), out.data());
    clips += epx_adc_convert(adc.get(), draw, 130, kLines - 130, &sum[130], &out[130]);
  }
  int64_t all = 0;
  for (size_t i = 0; i < kLines; ++i) {
    EXPECT_EQ(counted[i].below, expected[i].below) << i;
    EXPECT_EQ(counted[i].above, expected[i].above) << i;
    all += static_cast<int64_t>(counted[i].below + counted[i].above);
  }
  EXPECT_EQ(clips, all);
  EXPECT_GT(clips, 0);
  epx_adc_count(adc.get(), nullptr);
  epx_adc_convert(adc.get(), 0, 0, kLines, sum.data(), out.data());
  EXPECT_EQ(counted[0].below, expected[0].below);
}

TEST(Adc, ExtremesDoNotOverflow) {
  const int64_t limit = (INT64_C(1) << 38) - 1;
  for (int bits : {2, 9, 16}) {
    for (double gain : {0.0, 1.0}) {
      epx_converter_t converter = sar(bits);
      converter.gain = gain;
      converter.offset = gain != 0.0 ? -65536.0 : 0.0;
      const Adc adc = make(converter, 1);
      for (const auto &range : {std::pair<int64_t, int64_t>{-limit, limit},
                                {0, limit},
                                {-limit, 0},
                                {limit - 1, limit},
                                {-1, 0}}) {
        set_range(adc, 0, range.first, range.second);
        for (int64_t sum : {-limit, (int64_t)-1, (int64_t)0, (int64_t)1, limit}) {
          int64_t out;
          const int64_t clips = epx_adc_convert(adc.get(), 0, 0, 1, &sum, &out);
          const Expected expected = slow(adc, 0, bits, sum, 1.0L + gain, converter.offset);
          EXPECT_EQ(out, expected.out) << sum << ", " << bits << " bits, gain " << gain;
          EXPECT_EQ(clips, expected.clip ? 1 : 0) << sum << ", " << bits << " bits, gain " << gain;
        }
      }
    }
  }
  const Adc one = make(sar(1), 1);
  set_range(one, 0, 0, limit);
  int64_t sum = limit, out;
  EXPECT_EQ(epx_adc_convert(one.get(), 0, 0, 1, &sum, &out), 0);
  EXPECT_EQ(out, limit * kOne);
  // Without a range everything clips to 0.
  const Adc none = make(sar(4), 1);
  EXPECT_EQ(epx_adc_convert(none.get(), 0, 0, 1, &sum, &out), 1);
  EXPECT_EQ(out, 0);
}

TEST(Adc, MistakesAreNamed) {
  epx_error_t error = {};
  epx_adc_t *adc = nullptr;
  const auto create = [&](const epx_converter_t &c, int lines) {
    const epx_status_t status = epx_adc_create(&c, lines, 1, 1, &adc, &error);
    EXPECT_EQ(adc, nullptr);
    return status;
  };
  epx_converter_t c = sar(17);
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.bits", "17", "1 to 16"});
  c = sar(8);
  c.kind = (epx_converter_kind_t)9;
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.kind", "9"});
  c = sar(8);
  c.noise = -0.1;
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.noise", "-0.1"});
  c = sar(8);
  c.gain = std::nan("");
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.gain", "nan"});
  c = sar(8);
  c.offset_spread = HUGE_VAL;
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.offset_spread", "inf"});
  c = sar(8);
  c.lines_each = -1;
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.lines_each", "-1"});
  c = {};
  c.offset = 1.0;
  expect_error(create(c, 1), EPX_ERR_ARGUMENT, error, {"adc.kind", "ideal"});
  expect_error(create(sar(8), 0), EPX_ERR_ARGUMENT, error, {"adc", "0 lines"});
  expect_error(create(sar(8), 70000), EPX_ERR_ARGUMENT, error, {"adc", "70000 lines"});

  const Adc good = make(sar(8), 4), one = make(sar(1), 1);
  expect_error(epx_adc_set_range(good.get(), 4, 0, 1, &error), EPX_ERR_ARGUMENT, error,
               {"adc.range", "line 4", "0 to 3"});
  expect_error(epx_adc_set_range(good.get(), 2, 5, 5, &error), EPX_ERR_ARGUMENT, error,
               {"adc.range", "line 2", "5 to 5"});
  expect_error(epx_adc_set_range(good.get(), 2, 5, INT64_C(1) << 38, &error), EPX_ERR_ARGUMENT,
               error, {"adc.range"});
  expect_error(epx_adc_set_range(one.get(), 0, -5, 5, &error), EPX_ERR_UNSUPPORTED, error,
               {"adc.bits", "-5 to 5"});
  epx_adc_destroy(nullptr);
}

}  // namespace
