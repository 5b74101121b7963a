// SPDX-License-Identifier: Apache-2.0
// Devices and owners for the tests of pulse updates.
#ifndef PULSE_SUPPORT_H
#define PULSE_SUPPORT_H

#include <memory>

#include "epx_pulse.h"
#include "rtl_model/array/array_support.h"

namespace pulse_test {

using namespace array_test;

struct Destroy {
  void operator()(epx_pulse_cells_t *cells) const { epx_pulse_cells_destroy(cells); }
};
using Cells = std::unique_ptr<epx_pulse_cells_t, Destroy>;

inline Cells make(const epx_pulse_device_t &device, size_t count, uint64_t seed = 1,
                  uint64_t tile = 2) {
  epx_pulse_cells_t *cells = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_pulse_cells_create(&device, count, seed, tile, &cells, &error), EPX_OK)
      << error.message;
  return Cells(cells);
}

inline epx_pulse_device_t preset(const char *name) {
  epx_pulse_device_t device = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_pulse_preset(name, &device, &error), EPX_OK) << error.message;
  return device;
}

// The mean device: no spread, no noise.
inline epx_pulse_device_t mean_of(epx_pulse_device_t device) {
  device.w_min_d2d = device.w_max_d2d = device.dw_d2d = device.up_down_d2d = 0;
  device.c2c = device.gamma_d2d = device.nl_d2d = 0;
  return device;
}

inline std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (int i = 0; epx_pulse_preset_name(i) != nullptr; ++i)
    names.push_back(epx_pulse_preset_name(i));
  return names;
}

// `pulses` on cell 0, at most EPX_PULSE_MAX a time.
inline double pulsed(const Cells &cells, double w, int pulses, uint64_t draw = 1) {
  while (pulses != 0) {
    const int now = std::max(-EPX_PULSE_MAX, std::min<int>(EPX_PULSE_MAX, pulses));
    const int16_t n = static_cast<int16_t>(now);
    epx_pulse_apply(cells.get(), draw++, 0, 1, &n, &w);
    pulses -= now;
  }
  return w;
}

// The law of one pulse, from the header, in long double: the mean device's step at w.
inline long double step_at(const epx_pulse_device_t &d, long double w, int polarity) {
  const std::string model = d.model;
  if (model == "exponential") {
    // dw/dP = (B - (w - w_min)) / A
    return NAN;
  }
  const bool up = polarity > 0;
  const long double scale =
      d.dw * (1 + (up ? std::min(d.up_down, 0.0) : -std::max(d.up_down, 0.0)));
  long double f = 1;
  if (model == "linear") {
    f = up ? 1 - d.gamma_up * w / d.w_max : 1 - d.gamma_down * w / d.w_min;
  } else if (model == "soft_bounds") {
    f = up ? 1 - w / d.w_max : 1 - w / d.w_min;
  } else if (model == "exp_step") {
    const long double z = 2 * d.a * w / ((long double)d.w_max - d.w_min) + d.b;
    f = up ? 1 - d.A_up * expl(d.gamma_up * z) : 1 - d.A_down * expl(-d.gamma_down * z);
    f = std::max(f, 0.0L);
  }
  return (up ? 1 : -1) * scale * f;
}

}  // namespace pulse_test

#endif
