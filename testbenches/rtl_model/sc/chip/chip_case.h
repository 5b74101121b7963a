// SPDX-License-Identifier: Apache-2.0
// A random network, chip and training step for the whole-chip tests: plain data, so that a failing
// case can be shrunk and printed. Parameters and images follow from a seed of its own.
#ifndef CHIP_CASE_H
#define CHIP_CASE_H

#include <cinttypes>
#include <cstdlib>
#include <functional>
#include <sstream>

#include "epx_array.h"
#include "epx_chip_check.h"
#include "epx_ep.h"
#include "epx_pulse.h"
#include "rtl_model/time/account_support.h"
#include "rtl_model/twin/twin_support.h"

namespace chip_test {

struct ChipCase {
  epx_network_t network = {};
  epx_chip_t chip = {};
  epx_dynamics_t dynamics = {};
  epx_estimator_t estimator = {};
  int sign = 1, images = 1, stall_percent = 0, lose_packet = 0;
  int steps_before = 0;  // of training, by the twin alone
  uint64_t data_seed = 1, watchdog_cycles = 0;
  const char *vcd_path = nullptr, *update_log_path = nullptr, *pulse_log_path = nullptr;
  std::function<void(const epx_substrate_t *)> look;  // at the twin, before and after the step

  bool legal() const {
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    return epx_network_shapes(&network, shapes, nullptr) == EPX_OK &&
           epx_twin_check(&network, &chip, nullptr) == EPX_OK;
  }

  epx_status_t run(epx_chip_check_t *check, epx_error_t *error) const {
    Random random(data_seed);
    const Params params = random_params(network, random, 2.5, -0.3, 0.9);
    const Batch batch = random_batch(network, random, images);
    const Substrate twin = make_twin(network, chip, images);
    load(twin.get(), params);
    epx_chip_check_request_t request = {};
    request.dynamics = dynamics;
    request.estimator = estimator;
    request.sign = sign;
    for (double &rate : request.rule.learning_rate) {
      rate = random.real(0.01, 0.6);
    }
    request.rule.momentum = random.chance(0.5) ? 0.9 : 0.0;
    request.rule.weight_decay = random.chance(0.5) ? 1e-2 : 0.0;
    request.x = batch.x.data();
    request.labels = batch.labels.data();
    request.images = images;
    request.stall_percent = stall_percent;
    request.stall_seed = static_cast<uint32_t>(data_seed);
    request.lose_packet = lose_packet;
    request.vcd_path = vcd_path;
    request.update_log_path = update_log_path;
    request.pulse_log_path = pulse_log_path;
    for (int i = 0; i < steps_before; ++i) {
      train_step(twin.get(), request);
    }
    request.watchdog_cycles = watchdog_cycles;
    const epx_calibration_t step = {dynamics, estimator,
                                    epx_batch_f32(batch.x.data(), batch.labels.data(), images)};
    const epx_status_t calibrated = epx_ep_calibrate(twin.get(), &step, error);
    if (calibrated != EPX_OK) {
      return calibrated;
    }
    if (look) {
      look(twin.get());
    }
    const epx_status_t status = epx_chip_check_run(twin.get(), &request, check, error);
    if (look) {
      look(twin.get());
    }
    return status;
  }

  static void train_step(epx_substrate_t *twin, const epx_chip_check_request_t &request) {
    const epx_estimator_table_row_t *row = epx_estimator_row(request.estimator.kind);
    const epx_batch_t images = epx_batch_f32(request.x, request.labels, request.images);
    EXPECT_EQ(epx_substrate_present(twin, &images, nullptr), EPX_OK);
    relax(twin, request.dynamics.free_steps, 0.0);
    keep_free(twin);
    epx_substrate_clear_gradient(twin);
    for (int i = 0; i < row->phase_count; ++i) {
      const epx_phase_t phase = epx_estimator_phase(row, i, request.sign);
      epx_substrate_recall_free(twin);
      relax(twin, request.dynamics.nudged_steps, phase.nudge * request.estimator.beta);
      accumulate(twin, &phase);
    }
    update(twin, &request.estimator, &request.rule);
  }

  // The closed form of the same step: its events, and cycles by kind of command.
  // measured: what the twin did, where it matters.
  epx_account_t account(const epx_activity_t *measured = nullptr) const {
    epx_account_t account = {};
    epx_error_t error = {};
    epx_measured_t both = {};
    if (measured != nullptr) {
      both.training = *measured;
    }
    EXPECT_EPX_OK(account_with_plan(&network, &chip, &dynamics, &estimator, images,
                                    measured != nullptr ? &both : nullptr, &account, &error),
                  error);
    return account;
  }

  // Steps of all images that the program asks for.
  uint64_t free_steps() const { return steps(0); }
  uint64_t nudged_steps() const { return steps(1); }
  uint64_t steps(int nudged) const {
    const epx_estimator_table_row_t *row = epx_estimator_row(estimator.kind);
    int sum = nudged ? 0 : dynamics.free_steps;
    for (int i = 0; i < row->phase_count; ++i) {
      const bool relaxes = epx_estimator_relaxes(&estimator, &row->phases[i]);
      sum += relaxes && (row->phases[i].nudge != 0) == (nudged != 0) ? dynamics.nudged_steps : 0;
    }
    return static_cast<uint64_t>(sum * images);
  }

  int tiles() const {
    epx_account_t result = {};
    epx_error_t error = {};
    const epx_status_t status =
        account_with_plan(&network, &chip, &dynamics, &estimator, images, nullptr, &result, &error);
    return status == EPX_OK ? result.tiles : 1 << 20;
  }

  // Cycles of the whole step in closed form.
  double cycles(const epx_activity_t *measured = nullptr) const {
    const epx_account_t form = account(measured);
    double sum = 0.0;
    for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
      sum += form.kind_cycles[i] * (i == EPX_COMMAND_UPDATE ? 1 : images);
    }
    return sum;
  }

  std::string describe() const {
    std::ostringstream text;
    text << ::describe(network) << "; array " << chip.rows << "x" << chip.columns << " "
         << (chip.array_kind == EPX_ARRAY_DIGITAL             ? "digital"
             : chip.adc.converter.kind == EPX_CONVERTER_IDEAL ? "analog"
                                                              : "lossy")
         << ", DACs of " << chip.dac.converter.bits
         << (chip.dac.codes == EPX_DAC_ROUNDED ? ", rounded" : "")
         << (epx_dac_exact(&chip.dac.converter) ? "" : " with errors")
         << (epx_device_ideal(&chip.device) ? "" : " with devices")
         << (epx_chip_noisy(&chip) ? ", noisy" : "");
    if (chip.pulse_preset > 0) {
      text << ", pulses of " << epx_pulse_preset_name(chip.pulse_preset - 1) << " up to "
           << chip.pulse_max;
    }
    text << ", " << chip.bits_per_cell << " bits a cell, mesh " << chip.mesh_columns
         << " wide, flits of " << chip.flit_bits << ", router " << chip.router_cycles
         << ", buffers " << chip.buffer_flits << " and " << chip.psum_buffer
         << (chip.stop_settled ? ", stops settled" : "")
         << (chip.event_driven ? ", event-driven" : "") << "; T " << dynamics.free_steps << "/"
         << dynamics.nudged_steps << ", " << epx_estimator_row(estimator.kind)->name << " "
         << estimator.beta << (sign < 0 ? " negative" : "") << ", " << images << " images, stalls "
         << stall_percent << " %, " << steps_before << " steps before, data seed " << data_seed;
    return text.str();
  }
};

inline bool epx_account_applies_to(const ChipCase &one) {
  const epx_account_t account = one.account();
  return epx_account_applies(&account, &one.chip);
}

// The smallest case found from a failing one, by steps of which each still fails.
inline ChipCase shrink(ChipCase failing, const std::function<bool(const ChipCase &)> &fails) {
  using Step = std::function<void(ChipCase *)>;
  std::vector<Step> steps = {
      [](ChipCase *c) { c->stall_percent = 0; },
      [](ChipCase *c) { c->steps_before = 0; },
      [](ChipCase *c) { c->images = 1; },
      [](ChipCase *c) { c->chip.event_driven = false; },
      [](ChipCase *c) { c->chip.pulse_preset = 0; },
      [](ChipCase *c) { c->dynamics.free_steps = c->dynamics.nudged_steps = 1; },
      [](ChipCase *c) { c->estimator.kind = EPX_ESTIMATOR_SYMMETRIC; },
      [](ChipCase *c) { c->network.connections = EPX_CONNECTIONS_BIDIRECTIONAL; },
      [](ChipCase *c) { c->network.backward_rule = EPX_BACKWARD_SAME; },
      [](ChipCase *c) {
        c->chip.array_kind = EPX_ARRAY_DIGITAL;
        c->chip.device = {};
        c->chip.adc.converter.noise = 0.0;
        c->chip.dac = {};
        c->chip.dac.converter.bits = 1;
        c->chip.dac.codes = EPX_DAC_DIGITS;
      },
      [](ChipCase *c) {
        c->chip.dac = {};
        c->chip.dac.converter.bits = 1;
      },
      [](ChipCase *c) { c->chip.dac.codes = EPX_DAC_DIGITS; },
      [](ChipCase *c) { c->chip.adc.converter.noise = 0.0; },
      [](ChipCase *c) { c->chip.device = {}; },
      [](ChipCase *c) { c->chip.flit_bits = 128; },
      [](ChipCase *c) { c->chip.router_cycles = c->chip.buffer_flits = 2; },
      [](ChipCase *c) { c->chip.bits_per_cell = 1; },
      [](ChipCase *c) { c->chip.rows = c->chip.columns = 128; },
      [](ChipCase *c) { c->network.input[0] = 1; },
  };
  for (int i = 1; i <= 2; ++i) {
    steps.push_back([i](ChipCase *c) { c->network.input[i] /= 2; });
    steps.push_back([i](ChipCase *c) { --c->network.input[i]; });
  }
  for (int l = 0; l < EPX_MAX_LAYERS; ++l) {
    steps.push_back([l](ChipCase *c) { c->network.layers[l].units /= 2; });
    steps.push_back([l](ChipCase *c) { c->network.layers[l].pool = EPX_POOL_NONE; });
    steps.push_back([l](ChipCase *c) { c->network.layers[l].padding = 0; });
    steps.push_back([l](ChipCase *c) {  // without layer l
      for (int i = l; i + 1 < c->network.layer_count; ++i) {
        c->network.layers[i] = c->network.layers[i + 1];
      }
      c->network.layer_count -= l < c->network.layer_count ? 1 : 0;
    });
  }
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Step &step : steps) {
      ChipCase next = failing;
      step(&next);
      const bool changed = next.describe() != failing.describe();
      if (changed && next.network.layer_count > 0 && next.legal() && fails(next)) {
        failing = next;
        smaller = true;
      }
    }
  }
  return failing;
}

inline Random make_random() {
  const char *text = std::getenv("EPX_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
  std::printf("EPX_TEST_SEED=%" PRIu64 "\n", seed);
  return Random(seed);
}

// Devices with some of their effects.
inline void random_device(Random &random, epx_device_t *device) {
  device->g_min = random.chance(0.5) ? random.real(0.01, 0.3) : 0.0;
  if (random.chance(0.5)) {
    device->program_error = {(epx_noise_kind_t)random.integer(0, device->g_min > 0.0 ? 2 : 1),
                             random.real(0, 0.1), random.chance(0.7) ? random.real(0, 0.1) : 0.0};
  }
  device->age = random.chance(0.7) ? random.real(0, 100) : 0.0;
  if (random.chance(0.4)) {
    device->drift = {random.real(0, 0.2), random.real(0, 0.5), random.real(0.1, 2)};
  }
  if (random.chance(0.4)) {
    device->retention = {random.real(10, 1000), random.real(0, 0.5), random.real(0, 1)};
  }
  if (random.chance(0.4)) {
    device->faults = {random.real(0, 0.1), random.real(0, 0.1)};
  }
  if (random.chance(0.3)) {
    device->wires = {random.real(5e3, 3e5),
                     random.real(0.1, 20),
                     random.real(0.1, 20),
                     random.chance(0.5) ? random.real(1, 500) : 0.0,
                     random.chance(0.5) ? random.real(1, 500) : 0.0,
                     (epx_wires_ends_t)random.integer(0, 1),
                     (epx_wires_solver_t)random.integer(0, 1)};
  }
  if (random.chance(0.4)) {
    device->read_noise = {(epx_noise_kind_t)random.integer(0, device->g_min > 0.0 ? 2 : 1),
                          random.real(0, 0.1)};
  }
}

// DACs of several bits, some with errors.
inline void random_dac(Random &random, epx_chip_t *chip) {
  chip->dac.converter.bits = random.integer(1, 8);
  chip->dac.codes = random.chance(0.3) ? EPX_DAC_ROUNDED : EPX_DAC_DIGITS;
  if (random.chance(0.4)) {
    chip->dac.converter.offset_spread = random.chance(0.5) ? random.real(0, 1) : 0.0;
    chip->dac.converter.gain_spread = random.chance(0.5) ? random.real(0, 0.1) : 0.0;
    chip->dac.converter.offset = random.chance(0.3) ? random.real(-1, 1) : 0.0;
    chip->dac.converter.gain = random.chance(0.3) ? random.real(-0.1, 0.1) : 0.0;
    chip->dac.converter.noise = random.chance(0.5) ? random.real(0, 1) : 0.0;
  }
}

// Synapses that pulses move.
inline void random_pulses(Random &random, epx_chip_t *chip) {
  chip->array_kind = EPX_ARRAY_ANALOG;
  chip->pulse_preset = random.integer(1, 7);
  chip->pulse_max = random.chance(0.5) ? 255 : random.integer(1, 20);
  chip->bits_per_cell = 8;
  chip->shadow_bits = random.integer(4, 16);
  chip->device.program_error = {};
  chip->device_seed = static_cast<uint32_t>(random.integer(1, 1000));
}

inline ChipCase random_case(Random &random) {
  for (;;) {
    ChipCase one;
    one.network = random_twin_network(random);
    one.chip = random_chip(random);
    one.chip.array_kind = random.chance(0.3) ? EPX_ARRAY_ANALOG : EPX_ARRAY_DIGITAL;
    one.chip.update_rounding = (epx_round_t)random.integer(0, EPX_ROUND_TRUNCATE_ZERO);
    one.chip.adc.converter.lines_each = random.integer(1, 8);
    one.chip.adc.converter.bits = 24;
    if (random.chance(0.4)) {  // converters that lose bits
      one.chip.adc.converter.kind = random.chance(0.5) ? EPX_CONVERTER_SAR : EPX_CONVERTER_RAMP;
      one.chip.adc.converter.bits = random.integer(2, 6);
      one.chip.adc.reach = (epx_adc_reach_t)random.integer(0, 3);
      one.chip.adc.coverage = random.chance(0.5) ? 1.0 : random.real(0.5, 1.0);
      one.chip.adc.range = random.real(0.2, 1.0);
      one.chip.adc.converter.offset_spread = random.chance(0.5) ? random.real(0, 1.5) : 0.0;
      one.chip.adc.converter.gain_spread = random.chance(0.5) ? random.real(0, 0.1) : 0.0;
      one.chip.adc.converter.offset = random.chance(0.3) ? random.real(-2, 2) : 0.0;
      one.chip.adc.converter.gain = random.chance(0.3) ? random.real(-0.2, 0.2) : 0.0;
      one.chip.device_seed = static_cast<uint32_t>(random.integer(1, 1000));
    }
    if (one.chip.array_kind == EPX_ARRAY_ANALOG &&
        one.chip.adc.converter.kind != EPX_CONVERTER_IDEAL) {
      one.chip.adc.converter.noise = random.chance(0.4) ? random.real(0, 1) : 0.0;
    }
    if (one.chip.array_kind == EPX_ARRAY_ANALOG && random.chance(0.6)) {
      random_dac(random, &one.chip);
    }
    if (one.chip.array_kind == EPX_ARRAY_ANALOG && random.chance(0.6)) {
      random_device(random, &one.chip.device);
      one.chip.device_seed = static_cast<uint32_t>(random.integer(1, 1000));
    }
    if (one.chip.array_kind == EPX_ARRAY_ANALOG && random.chance(0.3)) {
      random_pulses(random, &one.chip);
    }
    one.chip.settle_cycles = random.integer(0, 2);
    one.chip.convert_cycles = random.integer(1, 2);
    one.chip.mesh_columns = random.chance(0.5) ? 0 : random.integer(1, 9);
    one.chip.flit_bits = random.chance(0.5) ? 128 : random.integer(8, 300);
    one.chip.router_cycles = random.integer(1, 3);
    one.chip.buffer_flits = random.integer(1, 5);
    one.chip.psum_buffer = random.integer(1, 5);
    one.chip.stop_settled = random.chance(0.3);
    one.chip.event_driven = random.chance(0.4);
    one.dynamics.free_steps = one.chip.stop_settled ? random.integer(1, 12) : random.integer(1, 4);
    one.dynamics.nudged_steps = random.integer(1, 3);
    one.estimator.kind =
        static_cast<epx_estimator_kind_t>(random.integer(0, EPX_ESTIMATOR_KIND_COUNT - 1));
    one.estimator.beta = random.real(0.1, 1.5);
    one.estimator.free_leg = random.chance(0.3) ? EPX_FREE_LEG_CONTINUE : EPX_FREE_LEG_STOP;
    one.sign = random.chance(0.5) ? 1 : -1;
    one.images = random.integer(1, 2);
    one.stall_percent = random.chance(0.4) ? random.integer(1, 60) : 0;
    one.steps_before = random.chance(0.4) ? random.integer(1, 3) : 0;
    one.data_seed = static_cast<uint64_t>(random.integer(1, 1 << 30));
    if (one.legal() && one.tiles() <= 120) {
      return one;
    }
  }
}

// A chip whose network leaves room: the closed form's cycles are for such.
inline ChipCase roomy_case(Random &random) {
  for (;;) {
    ChipCase one = random_case(random);
    one.chip.state = q_unsigned(0, random.integer(4, 8));
    one.chip.flit_bits = 64 << random.integer(0, 2);
    one.chip.buffer_flits = one.chip.router_cycles + random.integer(1, 5);
    one.chip.psum_buffer = random.integer(3, 6);
    one.stall_percent = 0;
    one.chip.stop_settled = one.chip.event_driven = false;
    one.dynamics = {random.integer(1, 3), random.integer(1, 2), {}};
    one.images = 1;
    if (one.legal() && epx_account_applies_to(one)) {
      return one;
    }
  }
}

}  // namespace chip_test

#endif
