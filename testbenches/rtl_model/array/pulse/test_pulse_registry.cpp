// SPDX-License-Identifier: Apache-2.0
// Presets as published, models by name, and mistakes in parameters; labels of numbers of pulses.
#include <random>

#include "epx_lfsr.h"
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

}  // namespace
