// SPDX-License-Identifier: Apache-2.0
// Presets as published, models by name, and mistakes in parameters; labels of numbers of pulses.
#include <random>

#include "epx_lfsr.h"
#include "epx_pulse_count.h"
#include "rtl_model/array/pulse/pulse_support.h"

namespace {

using namespace pulse_test;

TEST(PulsePresets, AreThePublishedValues) {
  // aihwkit, simulator/presets/devices.py: dw_min, dw_min_dtod, up_down, up_down_dtod, w_min,
  // w_max, w_min_dtod, w_max_dtod, dw_min_std, gamma_up, gamma_down, additive (mult_noise False).
  const struct {
    const char *name, *model;
    double dw, dw_d2d, up_down, up_down_d2d, w_min, w_max, w_min_d2d, w_max_d2d, c2c, up, down;
    bool additive;
  } published[] = {
      {"ReRAM-ES", "exp_step", 0.00135, 0.2, 0.259359, 0.05, -1, 1, 0.3, 0.3, 5, 5, 5, false},
      {"ReRAM-SB", "soft_bounds", 0.002, 0.3, 0, 0.01, -0.75, 1.25, 0.4, 0.24, 3.75, 0, 0, true},
      {"Capacitor", "linear", 0.005, 0.1, 0, 0.06, -1, 1, 0.07, 0.07, 0.3, 0.05, 0.05, true},
      {"EcRAM", "linear", 0.002, 0.1, 0, 0.01, -0.8276, 1.1724, 0.05, 0.05, 0.3, 0.1153, 0.5085,
       false},
      {"EcRAM-MO", "linear", 2.8214e-4, 0.1, 0, 0.01, -0.8286, 1.1714, 0.05, 0.05, 2, 0.4152,
       0.7342, false},
      {"idealised", "constant", 0.0002, 0.3, 0, 0, -1, 1, 0.3, 0.3, 0.3, 0, 0, false}};
  for (const auto &p : published) {
    const epx_pulse_device_t d = preset(p.name);
    EXPECT_STREQ(d.model, p.model) << p.name;
    const double found[] = {d.dw,    d.dw_d2d,   d.up_down,   d.up_down_d2d,
                            d.w_min, d.w_max,    d.w_min_d2d, d.w_max_d2d,
                            d.c2c,   d.gamma_up, d.gamma_down};
    const double wanted[] = {p.dw,        p.dw_d2d,    p.up_down, p.up_down_d2d, p.w_min, p.w_max,
                             p.w_min_d2d, p.w_max_d2d, p.c2c,     p.up,          p.down};
    for (int i = 0; i < 11; ++i) EXPECT_DOUBLE_EQ(found[i], wanted[i]) << p.name << " value " << i;
    EXPECT_EQ(d.c2c_additive, p.additive) << p.name;
    EXPECT_DOUBLE_EQ(epx_pulse_device_step(&d), p.dw);
  }
  const epx_pulse_device_t es = preset("ReRAM-ES");
  EXPECT_EQ(es.a, -0.5);
  EXPECT_EQ(es.b, -0.5);
  EXPECT_EQ(es.A_up, -1.18445);
  EXPECT_EQ(es.A_down, -0.081404);
  EXPECT_EQ(preset("Capacitor").gamma_d2d, 0.01);
  EXPECT_EQ(preset("EcRAM").gamma_d2d, 0.05);
  EXPECT_EQ(preset("EcRAM-MO").gamma_d2d, 0.05);
  const epx_pulse_device_t ns = preset("NeuroSim");
  const double found[] = {ns.nl_up,      ns.nl_down,      (double)ns.levels, ns.c2c,
                          ns.on_ohm,     ns.on_off_ratio, ns.write_volts,    ns.write_ns,
                          ns.read_volts, ns.read_ns};
  const double wanted[] = {1.75, 1.46, 32, 0.003, 240e3, 100, 4, 50, 0.5, 10};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(found[i], wanted[i]) << i;
  EXPECT_EQ(ns.w_max / ns.w_min, ns.on_off_ratio);
  EXPECT_DOUBLE_EQ(epx_pulse_device_step(&ns), 0.99 / 32);
  EXPECT_EQ(preset_names().size(), 7u);
}

TEST(PulsePresets, AreSoundAndSayWhereTheyAreFrom) {
  epx_error_t error = {};
  for (const std::string &name : preset_names()) {
    const epx_pulse_device_t d = preset(name.c_str());
    EXPECT_EQ(epx_pulse_device_check(&d, &error), EPX_OK) << name << ": " << error.message;
    EXPECT_NE(d.source, nullptr) << name;
  }
  epx_pulse_device_t d;
  expect_error(epx_pulse_preset("PCM", &d, &error), EPX_ERR_NOT_FOUND, error,
               {"PCM", "ReRAM-ES", "NeuroSim"});
}

TEST(PulseModels, AreFoundByName) {
  std::vector<std::string> names;
  for (int i = 0; epx_pulse_model_name(i) != nullptr; ++i) names.push_back(epx_pulse_model_name(i));
  EXPECT_EQ(names, (std::vector<std::string>{"constant", "linear", "soft_bounds", "exp_step",
                                             "exponential"}));
  EXPECT_EQ(epx_pulse_model_name(-1), nullptr);
}

TEST(PulseDevice, MistakesAreNamed) {
  epx_error_t error = {};
  const auto bad = [&](const char *name, void (*spoil)(epx_pulse_device_t *),
                       const std::vector<std::string> &parts) {
    epx_pulse_device_t d = preset(name);
    spoil(&d);
    epx_pulse_cells_t *cells = nullptr;
    error = {};
    expect_error(epx_pulse_cells_create(&d, 1, 1, 1, &cells, &error), EPX_ERR_ARGUMENT, error,
                 parts);
    EXPECT_EQ(cells, nullptr);
  };
  using D = epx_pulse_device_t;
  bad("idealised", [](D *d) { d->model = "cubic"; }, {"device.model", "cubic", "soft_bounds"});
  bad("idealised", [](D *d) { d->model = nullptr; }, {"device.model", "nothing"});
  bad("idealised", [](D *d) { d->dw = -1; }, {"device.dw", "-1"});
  bad("idealised", [](D *d) { d->dw = std::nan(""); }, {"device.dw", "nan"});
  bad("idealised", [](D *d) { d->dw_d2d = 2; }, {"device.dw_d2d", "2"});
  bad("idealised", [](D *d) { d->up_down = 1; }, {"device.up_down", "1"});
  bad("idealised", [](D *d) { d->up_down_d2d = -1; }, {"device.up_down_d2d"});
  bad("idealised", [](D *d) { d->w_min_d2d = -1; }, {"device.w_min_d2d"});
  bad("idealised", [](D *d) { d->w_max_d2d = 7; }, {"device.w_max_d2d", "7"});
  bad("idealised", [](D *d) { d->c2c = 1e9; }, {"device.c2c", "1e+09"});
  bad("idealised", [](D *d) { d->w_min = 1; }, {"device.w_min", "device.w_max"});
  bad("idealised", [](D *d) { d->w_min = 0.1; }, {"device.w_min", "0.1", "spread"});
  bad("EcRAM", [](D *d) { d->gamma_up = 1.5; }, {"device.gamma_up", "1.5"});
  bad("EcRAM", [](D *d) { d->gamma_down = -0.5; }, {"device.gamma_down", "-0.5"});
  bad("EcRAM", [](D *d) { d->gamma_d2d = 3; }, {"device.gamma_d2d", "3"});
  bad("ReRAM-SB", [](D *d) { d->w_min = 0; }, {"device.w_min", "soft_bounds"});
  bad("ReRAM-ES", [](D *d) { d->A_up = HUGE_VAL; }, {"device.A_up", "inf"});
  bad("ReRAM-ES", [](D *d) { d->gamma_down = 99; }, {"device.gamma_down", "99"});
  bad("ReRAM-ES", [](D *d) { d->a = 6; }, {"device.a", "6"});
  bad("NeuroSim", [](D *d) { d->nl_up = 9.5; }, {"device.nl_up", "9.5"});
  bad("NeuroSim", [](D *d) { d->nl_down = -0.001; }, {"device.nl_down", "-0.001"});
  bad("NeuroSim", [](D *d) { d->nl_d2d = -1; }, {"device.nl_d2d", "-1"});
  bad("NeuroSim", [](D *d) { d->levels = 0; }, {"device.levels", "0"});
  const D d = preset("idealised");
  epx_pulse_cells_t *cells = nullptr;
  expect_error(epx_pulse_cells_create(&d, 0, 1, 1, &cells, &error), EPX_ERR_ARGUMENT, error,
               {"0 cells"});
  epx_pulse_cells_destroy(nullptr);
}

// ---- numbers of pulses ----

long double nearest(long double x) {
  return rintl(x);
}

TEST(PulseCount, RoundsTheQuotient) {
  std::mt19937_64 random(3);
  std::vector<int32_t> change;
  for (int i = 0; i < 20000; ++i) change.push_back((int32_t)(random() % 40001) - 20000);
  // Powers of two: the multiplier is exact, ties are many.
  for (int power : {-3, 0, 4, 9}) {
    epx_pulse_rule_t rule;
    epx_error_t error = {};
    for (epx_round_t mode : {EPX_ROUND_NEAREST_EVEN, EPX_ROUND_TRUNCATE_ZERO, EPX_ROUND_TRUNCATE}) {
      ASSERT_EQ(epx_pulse_rule_make(1.0, std::ldexp(1.0, power), mode, 127, &rule, &error), EPX_OK);
      std::vector<int16_t> pulses(change.size());
      const int64_t limited =
          epx_pulse_counts(&rule, 1, 2, 3, 0, change.size(), change.data(), pulses.data());
      int64_t expected_limited = 0;
      for (size_t i = 0; i < change.size(); ++i) {
        const long double x = ldexpl(change[i], -power);
        const long double n = mode == EPX_ROUND_NEAREST_EVEN ? nearest(x)
                              : mode == EPX_ROUND_TRUNCATE   ? floorl(x)
                                                             : truncl(x);
        expected_limited += n > 127 || n < -127;
        ASSERT_EQ(pulses[i], (int)std::max(-127.0L, std::min(127.0L, n)))
            << change[i] << " / 2^" << power;
        ASSERT_EQ(pulses[i], epx_pulse_count(&rule, change[i], 0));
      }
      EXPECT_EQ(limited, expected_limited);
    }
  }
  // Any quotient: the multiplier's relative error is 2^-16.
  epx_pulse_rule_t rule;
  ASSERT_EQ(epx_pulse_rule_make(1.0 / 4096, 0.00135, EPX_ROUND_NEAREST_EVEN, 4095, &rule, nullptr),
            EPX_OK);
  for (int32_t c : change) {
    const long double x = c / 4096.0L / 0.00135L;
    ASSERT_LE(fabsl(epx_pulse_count(&rule, c, 0) - x), 0.5L + fabsl(x) * 0x1p-16L) << c;
  }
}

TEST(PulseCount, StochasticMeanIsTheQuotient) {
  constexpr size_t kCells = 1 << 16;
  epx_pulse_rule_t rule;
  ASSERT_EQ(epx_pulse_rule_make(1.0, 16.0, EPX_ROUND_STOCHASTIC, 31, &rule, nullptr), EPX_OK);
  for (int32_t c : {1, 5, -5, 15, -39, 40}) {
    const std::vector<int32_t> change(kCells, c);
    std::vector<int16_t> pulses(kCells), again(kCells), other(kCells);
    EXPECT_EQ(epx_pulse_counts(&rule, 4, 5, 6, 0, kCells, change.data(), pulses.data()), 0);
    const double floor_c = std::floor(c / 16.0), fraction = c / 16.0 - floor_c;
    size_t up = 0;
    for (int16_t n : pulses) {
      ASSERT_TRUE(n == floor_c || n == floor_c + 1) << n;
      up += n > floor_c;
    }
    expect_fraction(up, kCells, fraction, "rounded up");
    for (size_t i = kCells; i-- > 0;) {
      epx_pulse_counts(&rule, 4, 5, 6, i, 1, &change[i], &again[i]);
    }
    EXPECT_EQ(pulses, again);
    epx_pulse_counts(&rule, 4, 5, 7, 0, kCells, change.data(), other.data());
    EXPECT_NE(pulses, other);
    // The tile's register serves as well.
    epx_lfsr_t lfsr = epx_lfsr_seed(99);
    up = 0;
    for (size_t i = 0; i < kCells; ++i) {
      up += epx_pulse_count(&rule, c, epx_lfsr_next16(&lfsr)) > floor_c;
    }
    expect_fraction(up, kCells, fraction, "rounded up by the register");
  }
}

TEST(PulseCount, MistakesAreNamed) {
  epx_pulse_rule_t rule = {};
  epx_error_t error = {};
  const auto bad = [&](double unit, double step, int mode, int max, const char *key) {
    expect_error(epx_pulse_rule_make(unit, step, (epx_round_t)mode, max, &rule, &error),
                 EPX_ERR_ARGUMENT, error, {key});
  };
  bad(0, 1, 0, 1, "pulses.unit");
  bad(std::nan(""), 1, 0, 1, "pulses.unit");
  bad(1, -1, 0, 1, "pulses.step");
  bad(1, 1e-20, 0, 1, "pulses.unit / pulses.step");
  bad(1e-20, 1, 0, 1, "pulses.unit / pulses.step");
  bad(1, 1, 8, 1, "pulses.rounding");
  bad(1, 1, 0, 0, "pulses.max");
  bad(1, 1, 0, 4096, "pulses.max");
  EXPECT_EQ(rule.max_pulses, 0) << "untouched";
}

}  // namespace
