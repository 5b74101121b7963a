/* SPDX-License-Identifier: Apache-2.0 */
/* Random chips and networks that the twin models. */
#ifndef EPX_TWIN_SUPPORT_H
#define EPX_TWIN_SUPPORT_H

#include "core/core_support.h"
#include "epx_twin.h"

inline epx_qformat_t q_signed(int integer_bits, int fraction_bits) {
  return {true, (int8_t)integer_bits, (int8_t)fraction_bits};
}
inline epx_qformat_t q_unsigned(int integer_bits, int fraction_bits) {
  return {false, (int8_t)integer_bits, (int8_t)fraction_bits};
}

/* The default chip with states and synapses of some bits. */
inline epx_chip_t make_chip(int state_bits = 8, int synapse_bits = 8) {
  epx_chip_t chip = {};
  chip.input = q_signed(0, 7);
  chip.state = q_unsigned(0, state_bits);
  chip.synapse_count = 1;
  chip.synapse[0] = q_signed(1, synapse_bits - 2);
  chip.shadow_bits = 8;
  chip.bias = q_signed(3, 20);
  chip.velocity = q_signed(7, 24);
  chip.state_rounding = EPX_ROUND_NEAREST_EVEN;
  chip.update_rounding = EPX_ROUND_STOCHASTIC;
  chip.lfsr_seed = 1;
  chip.array_kind = EPX_ARRAY_DIGITAL;
  chip.rows = chip.columns = 128;
  chip.bits_per_cell = 1;
  chip.adc.converter.lines_each = 8;
  chip.adc.converter.bits = 8;
  chip.dac.converter.bits = 1;
  chip.adc.coverage = 1.0;
  chip.adc.calibrate_epochs = 1;
  chip.adc.range = 1.0;
  chip.pulse_max = 255;
  chip.device_seed = 1;
  chip.settle_cycles = chip.convert_cycles = 1;
  chip.clock_mhz = 1000;
  chip.flit_bits = 128;
  chip.router_cycles = 2;
  chip.buffer_flits = chip.psum_buffer = 4;
  return chip;
}

/* The default chip with small arrays of devices that have all effects at once. */
inline epx_chip_t make_device_chip() {
  epx_chip_t chip = make_chip();
  chip.rows = chip.columns = 40;
  chip.array_kind = EPX_ARRAY_ANALOG;
  chip.bits_per_cell = 4;
  chip.adc.converter.kind = EPX_CONVERTER_SAR;
  chip.device.g_min = 0.1;
  chip.device.program_error = {EPX_NOISE_PROPORTIONAL, 0.02, 0.02};
  chip.device.age = 100.0;
  chip.device.drift = {0.03, 0.2, 1.0};
  chip.device.retention = {1e4, 0.5, 0.5};
  chip.device.faults = {0.01, 0.01};
  chip.device.wires = {2e4, 2.0, 3.0, 100.0, 50.0, EPX_WIRES_OWN, EPX_WIRES_ITERATIVE};
  chip.device.read_noise = {EPX_NOISE_INVERSE, 0.01};
  chip.adc.converter.noise = 0.3;
  chip.adc.reach = EPX_ADC_REACH_WEIGHTS;
  return chip;
}

/* The default chip with synapses that pulses move. */
inline epx_chip_t make_pulse_chip(int preset) {
  epx_chip_t chip = make_chip();
  chip.array_kind = EPX_ARRAY_ANALOG;
  chip.bits_per_cell = 8;
  chip.adc.converter.bits = 16;
  chip.shadow_bits = 14;
  chip.pulse_preset = preset;
  return chip;
}

inline epx_chip_t random_chip(Random &random) {
  epx_chip_t chip = make_chip(random.integer(1, 8));
  chip.input = q_signed(random.integer(-1, 1), 0);
  chip.input.fraction_bits = (int8_t)(random.integer(2, 8) - 1 - chip.input.integer_bits);
  chip.synapse_count = random.chance(0.3) ? 1 : EPX_MAX_LAYERS + 1;
  for (int l = 0; l < chip.synapse_count; ++l) {
    const int bits = random.integer(2, 8), integer_bits = random.integer(-1, 2);
    chip.synapse[l] = q_signed(integer_bits, bits - 1 - integer_bits);
  }
  chip.shadow_bits = random.integer(0, 16);
  chip.bias = random.chance(0.5) ? q_signed(3, 20) : q_signed(2, random.integer(2, 16));
  chip.velocity = random.chance(0.5) ? q_signed(7, 24) : q_signed(3, random.integer(4, 20));
  chip.state_rounding = random.chance(0.7) ? EPX_ROUND_NEAREST_EVEN : EPX_ROUND_TRUNCATE;
  chip.update_rounding = (epx_round_t)random.integer(0, 2);
  chip.lfsr_seed = (uint32_t)random.integer(0, 1 << 30);
  chip.rows = random.integer(3, 40);
  chip.columns = random.integer(8, 40);
  chip.bits_per_cell = random.integer(1, 3);
  return chip;
}

/* One to four layers: convolutions of odd sizes and channel counts, then dense ones, with either
 * kind of connections. A few are wide or have a large image, so that they fill several blocks of
 * the integer kernels. */
inline epx_network_t random_twin_network(Random &random) {
  for (;;) {
    const epx_loss_t loss = random.chance(0.5) ? EPX_LOSS_CROSS_ENTROPY : EPX_LOSS_SQUARED_ERROR;
    const int classes = random.integer(2, 6), total = random.integer(1, 4);
    const int most_units = random.chance(0.08) ? 70 : 7, side = random.chance(0.08) ? 22 : 9;
    std::vector<epx_layer_t> layers;
    bool dense = false;
    for (int l = 0; l < total; ++l) {
      dense = dense || random.chance(0.35);
      const int kernel = random.integer(1, 5);
      layers.push_back(dense ? dense_layer(random.integer(1, most_units + 2))
                             : conv_layer(random.integer(1, most_units), kernel,
                                          random.chance(0.15) ? random.integer(2, 3) : 1,
                                          random.integer(0, kernel - 1),
                                          random.chance(0.5) ? EPX_POOL_MAX : EPX_POOL_NONE));
    }
    if (loss == EPX_LOSS_SQUARED_ERROR) layers.back() = dense_layer(classes);
    if (most_units > 7 && side > 9) continue;
    epx_network_t network = make_network(
        {random.integer(1, 5), random.integer(3, side), random.integer(3, side)}, layers, classes,
        loss, random.chance(0.5) ? EPX_ACTIVATION_HARD_SIGMOID : EPX_ACTIVATION_HARD_SIGMOID_HALF);
    network.connections = (epx_connections_t)random.integer(0, 1);
    network.backward_rule = (epx_backward_rule_t)random.integer(0, 1);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    if (epx_network_shapes(&network, shapes, nullptr) == EPX_OK) return network;
  }
}

inline Substrate make_twin(const epx_network_t &network, const epx_chip_t &chip, int capacity) {
  epx_error_t error = {};
  epx_substrate_t *twin = nullptr;
  EXPECT_EPX_OK(epx_twin_create(&network, &chip, capacity, &twin, &error), error);
  return Substrate(twin);
}

#endif
