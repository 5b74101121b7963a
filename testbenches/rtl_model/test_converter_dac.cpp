// SPDX-License-Identifier: Apache-2.0
// DACs: every code of every width against the definition in long double; errors and statistics.
#include <memory>

#include "array_support.h"
#include "epx_converter.h"

namespace {

using namespace array_test;

struct Destroy {
  void operator()(epx_dac_t *dac) const { epx_dac_destroy(dac); }
};
using Dac = std::unique_ptr<epx_dac_t, Destroy>;

Dac make(const epx_converter_t &converter, int code_bits, int lines, uint64_t seed = 1) {
  epx_dac_t *dac = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_dac_create(&converter, code_bits, lines, seed, 2, &dac, &error), EPX_OK)
      << error.message;
  return Dac(dac);
}

constexpr double kOne = 1 << EPX_CONVERTER_FRACTION;

TEST(Dac, EveryCodeAsDefined) {
  for (int code_bits = 1; code_bits <= 12; ++code_bits) {
    for (int bits = 1; bits <= 14; ++bits) {
      for (double gain : {0.0, -0.03125, 0.0625}) {
        epx_converter_t c = {};
        c.kind = EPX_CONVERTER_SAR;
        c.bits = bits;
        c.gain = gain;
        c.offset = gain * 8;
        const Dac dac = make(c, code_bits, 1);
        const int dropped = code_bits > bits ? code_bits - bits : 0;
        const long double lsb = exp2l(dropped), top = exp2l(code_bits - dropped) - 1;
        for (int code = 0; code < 1 << code_bits; ++code) {
          const uint16_t x = (uint16_t)code;
          int32_t out;
          const int64_t clips = epx_dac_drive(dac.get(), 0, 0, 1, &x, &out);
          const long double level = rintl(code / lsb);  // to nearest, ties to even
          const long double driven = (level > top ? top : level) * lsb;
          const long double exact = (driven * (1 + gain) + c.offset * lsb) * kOne;
          ASSERT_EQ((long double)out, rintl(exact < 0 ? 0 : exact))
              << "code " << code << " of " << code_bits << " bits by " << bits;
          ASSERT_EQ(clips, level > top ? 1 : 0) << "code " << code;
        }
      }
    }
  }
}

TEST(Dac, IdealOnesAreTheIdentity) {
  const Dac dac = make({}, 16, 65536);
  std::vector<uint16_t> code(65536);
  for (size_t i = 0; i < code.size(); ++i) code[i] = (uint16_t)i;
  std::vector<int32_t> out(code.size());
  EXPECT_EQ(epx_dac_drive(dac.get(), 3, 0, 65536, code.data(), out.data()), 0);
  for (size_t i = 0; i < code.size(); ++i) ASSERT_EQ(out[i], (int32_t)i << 12);
}

TEST(Dac, NoiseAndSpreadHaveTheirSigma) {
  epx_converter_t c = {};
  c.kind = EPX_CONVERTER_SAR;
  c.bits = 8;
  c.noise = 0.25;
  c.offset_spread = 2.0;
  constexpr int kLines = 4096, kEvents = 32;
  const Dac dac = make(c, 8, kLines, 31);
  const std::vector<uint16_t> code(kLines, 100);
  std::vector<std::vector<int32_t>> out(kEvents, std::vector<int32_t>(kLines));
  for (uint64_t event = 0; event < kEvents; ++event) {
    epx_dac_drive(dac.get(), event, 0, kLines, code.data(), out[event].data());
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
    epx_dac_drive(dac.get(), 7, line, 1, &code[0], &single[(size_t)line]);
  }
  EXPECT_EQ(single, out[7]) << "one by one";
}

TEST(Dac, DrivenValuesStayWithin31Bits) {
  epx_converter_t c = {};
  c.kind = EPX_CONVERTER_SAR;
  c.bits = 1;
  c.gain = 1.0;
  c.offset = 65536.0;
  const Dac high = make(c, 16, 1);
  const uint16_t code = 65535;
  int32_t out;
  EXPECT_EQ(epx_dac_drive(high.get(), 0, 0, 1, &code, &out), 1);  // 65535 rounds to level 2 of 0..1
  EXPECT_EQ(out, INT32_MAX);
  c.offset = -65536.0;
  const Dac low = make(c, 16, 1);
  epx_dac_drive(low.get(), 0, 0, 1, &code, &out);
  EXPECT_EQ(out, 0);
}

TEST(Dac, MistakesAreNamed) {
  epx_error_t error = {};
  epx_dac_t *dac = nullptr;
  epx_converter_t c = {};
  c.kind = EPX_CONVERTER_SAR;
  expect_error(epx_dac_create(&c, 8, 1, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac.bits", "0"});
  c.bits = 8;
  expect_error(epx_dac_create(&c, 17, 1, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac", "17 bits"});
  expect_error(epx_dac_create(&c, 8, 0, 1, 1, &dac, &error), EPX_ERR_ARGUMENT, error,
               {"dac", "0 lines"});
  EXPECT_EQ(dac, nullptr);
  epx_dac_destroy(nullptr);
}

}  // namespace
