// SPDX-License-Identifier: Apache-2.0
// DACs: every digit against the definition in long double; errors and statistics.
#include <memory>

#include "epx_dac.h"
#include "rtl_model/array/array_support.h"

namespace {

using namespace array_test;

struct Destroy {
  void operator()(epx_dac_t *dac) const { epx_dac_destroy(dac); }
};
using Dac = std::unique_ptr<epx_dac_t, Destroy>;

Dac make(const epx_converter_t &converter, int lines, uint64_t seed = 1) {
  epx_dac_t *dac = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_dac_create(&converter, lines, seed, 2, &dac, &error), EPX_OK) << error.message;
  return Dac(dac);
}

constexpr double kOne = 1 << EPX_CONVERTER_FRACTION;

TEST(Dac, EveryDigitAsDefined) {
  std::vector<uint8_t> digit(256);
  for (size_t i = 0; i < digit.size(); ++i) digit[i] = (uint8_t)i;
  for (double gain : {0.0, -0.03125, 0.0625}) {
    for (double offset : {0.0, 0.25, -2.5}) {
      epx_converter_t c = {};
      c.bits = 8;
      c.gain = gain;
      c.offset = offset;
      const Dac dac = make(c, 256);
      EXPECT_EQ(epx_dac_exact(&c), gain == 0.0 && offset == 0.0);
      std::vector<int32_t> out(256);
      epx_dac_drive(dac.get(), 3, 0, 256, digit.data(), out.data());
      EXPECT_EQ(out[0], 0) << "grounded";
      for (int d = 1; d < 256; ++d) {
        const long double exact = (d * (1 + (long double)gain) + offset) * kOne;
        ASSERT_EQ((long double)out[(size_t)d], rintl(exact < 0 ? 0 : exact)) << "digit " << d;
      }
    }
  }
}

TEST(Dac, NoiseAndSpreadHaveTheirSigma) {
  epx_converter_t c = {};
  c.bits = 8;
  c.noise = 0.25;
  c.offset_spread = 2.0;
  constexpr int kLines = 4096, kEvents = 32;
  const Dac dac = make(c, kLines, 31);
  const std::vector<uint8_t> digit(kLines, 100);
  std::vector<std::vector<int32_t>> out(kEvents, std::vector<int32_t>(kLines));
  for (uint64_t draw = 0; draw < kEvents; ++draw) {
    epx_dac_drive(dac.get(), draw, 0, kLines, digit.data(), out[draw].data());
  }
  std::vector<double> difference, mean;
  for (size_t line = 0; line < kLines; ++line) {
    double sum = 0;
    for (const auto &o : out) sum += o[line] / kOne / kEvents;
    mean.push_back(sum - 100);
    difference.push_back((out[1][line] - out[0][line]) / kOne);
  }
  expect_normal_moments(difference, 0.0, 0.25 * std::sqrt(2.0), "DAC noise");
  expect_normal_moments(mean, 0.0, std::sqrt(4.0 + 0.0625 / kEvents), "DAC offset spread");
  std::vector<int32_t> single(kLines);
  for (int line = kLines - 1; line >= 0; --line) {
    epx_dac_drive(dac.get(), 7, line, 1, &digit[0], &single[(size_t)line]);
  }
  EXPECT_EQ(single, out[7]) << "one by one";
}

TEST(Dac, WhatIsCarriedHasItsLimits) {
  epx_converter_t c = {};
  c.bits = 1;
  c.offset = 65536.0;
  const uint8_t digit = 1;
  int32_t out;
  epx_dac_drive(make(c, 1).get(), 0, 0, 1, &digit, &out);
  EXPECT_EQ(out, EPX_DAC_MOST << EPX_CONVERTER_FRACTION);
  c.offset = -65536.0;
  epx_dac_drive(make(c, 1).get(), 0, 0, 1, &digit, &out);
  EXPECT_EQ(out, 0);
}

TEST(Dac, MistakesAreNamed) {
  epx_error_t error = {};
  epx_dac_t *dac = nullptr;
  epx_converter_t c = {};
  expect_error(epx_dac_create(&c, 1, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac.bits", "0"});
  c.bits = 9;
  expect_error(epx_dac_create(&c, 1, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac.bits", "9", "1 to 8"});
  c.bits = 8;
  expect_error(epx_dac_create(&c, 0, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac", "0 lines"});
  EXPECT_EQ(dac, nullptr);
  epx_dac_destroy(nullptr);
}

}  // namespace
