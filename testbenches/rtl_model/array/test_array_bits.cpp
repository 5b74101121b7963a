// SPDX-License-Identifier: Apache-2.0
// The bits of every effect, as a fingerprint: on another processor, by another compiler or at
// another optimisation they must be the same. A change of a law changes them; then, and only then,
// the numbers here.
#include <random>

#include "epx_adc.h"
#include "epx_cell.h"
#include "epx_dac.h"
#include "rtl_model/array/pulse/pulse_support.h"

namespace {

using namespace pulse_test;

template <typename T>
uint64_t fingerprint(const std::vector<T> &values) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  const unsigned char *byte = reinterpret_cast<const unsigned char *>(values.data());
  for (size_t i = 0; i < values.size() * sizeof(T); ++i) hash = (hash ^ byte[i]) * 0x100000001b3u;
  return hash;
}

constexpr size_t kCells = 5000;
constexpr epx_cell_range_t kRange = {0.01, 1.0};

std::vector<double> cells() {
  std::vector<double> g(kCells);
  for (size_t i = 0; i < kCells; ++i) g[i] = 0.01 + 0.99 * (double)(i * 7919 % kCells) / kCells;
  return g;
}

TEST(ArrayBits, OfCells) {
  std::vector<double> g = cells();
  const epx_program_error_t program = {EPX_NOISE_PROPORTIONAL, 0.02, 0.01};
  const epx_read_noise_t noise = {EPX_NOISE_INVERSE, 0.001};
  const epx_drift_t drift = {0.05, 0.3, 1.0};
  const epx_retention_t retention = {100.0, 0.5, 0.1};
  epx_program_error_apply(&program, kRange, 1, 2, 3, 0, kCells, g.data(), g.data());
  EXPECT_EQ(fingerprint(g), 0xe2abb3b4ab0bd910u) << "programming";
  epx_drift_apply(&drift, 1, 2, 0, kCells, 1e4, g.data(), g.data());
  EXPECT_EQ(fingerprint(g), 0x9c3a2e40f1a65280u) << "drift";
  epx_retention_apply(&retention, 1, 2, 0, kCells, 10.0, g.data(), g.data());
  EXPECT_EQ(fingerprint(g), 0x83341bebbe65e134u) << "retention";
  epx_read_noise_apply(&noise, kRange, 1, 2, 4, 0, kCells, g.data(), g.data());
  EXPECT_EQ(fingerprint(g), 0x347f5d2c0908a663u) << "read noise";
  std::vector<int32_t> code(kCells);
  epx_cells_to_codes(0.01, 12, kCells, g.data(), code.data());
  EXPECT_EQ(fingerprint(code), 0x3f1c30eaad6dce6bu) << "codes";
}

TEST(ArrayBits, OfConverters) {
  epx_converter_t c = {EPX_CONVERTER_SAR, 7, 0.3, -0.02, 0.7, 0.5, 0.01, 4};
  epx_adc_t *adc = nullptr;
  epx_dac_t *dac = nullptr;
  ASSERT_EQ(epx_adc_create(&c, 300, 5, 6, &adc, nullptr), EPX_OK);
  ASSERT_EQ(epx_dac_create(&c, 300, 5, 6, &dac, nullptr), EPX_OK);
  std::vector<int64_t> sum(300);
  std::vector<uint8_t> digit(300);
  std::vector<int32_t> driven(300);
  for (int line = 0; line < 300; ++line) {
    ASSERT_EQ(epx_adc_set_range(adc, line, -1000 - line, 3000 - line, nullptr), EPX_OK);
    sum[(size_t)line] = line * 17 - 1500;
    digit[(size_t)line] = (uint8_t)(line % 128);
  }
  EXPECT_GT(epx_adc_convert(adc, 7, 0, 300, sum.data(), sum.data()), 0);
  EXPECT_EQ(fingerprint(sum), 0x1361482d96b64049u) << "ADC";
  epx_dac_drive(dac, 7, 0, 300, digit.data(), driven.data());
  EXPECT_EQ(fingerprint(driven), 0xa19340794ca1499au) << "DAC";
  epx_adc_destroy(adc);
  epx_dac_destroy(dac);
}

TEST(ArrayBits, OfPulses) {
  const struct {
    const char *name;
    uint64_t bits;
  } known[] = {{"ReRAM-ES", 0x51a088728c4c3464u},  {"ReRAM-SB", 0x18ab3cd8e1b5b8fdu},
               {"Capacitor", 0xc00ed0832c132259u}, {"EcRAM", 0xa4a3c90ac3a80569u},
               {"EcRAM-MO", 0xa93528376277e793u},  {"idealised", 0x3b5fde8507a0ea96u},
               {"NeuroSim", 0x0df946e91f014328u}};
  for (const auto &k : known) {
    epx_pulse_device_t d = preset(k.name);
    d.nl_d2d = std::string(k.name) == "NeuroSim" ? 0.1 : 0.0;
    const Cells devices = make(d, kCells, 8, 9);
    std::vector<double> w(kCells, 0.05);
    std::vector<int16_t> n(kCells);
    epx_pulse_limit(devices.get(), 0, kCells, w.data());
    for (uint64_t draw = 0; draw < 5; ++draw) {
      for (size_t i = 0; i < kCells; ++i) n[i] = (int16_t)((int)((i + draw) * 31 % 11) - 5);
      epx_pulse_apply(devices.get(), draw, 0, kCells, n.data(), w.data());
    }
    EXPECT_EQ(fingerprint(w), k.bits) << k.name;
  }
}

}  // namespace
