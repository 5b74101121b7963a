/* SPDX-License-Identifier: Apache-2.0 */
/* What a chip refuses: what its units lack, and settings that contradict each other. */
#include "epx_plan_internal.h"

epx_status_t epx_plan_check_dynamics(const epx_dynamics_t *dynamics, epx_error_t *error) {
  const epx_relaxation_t *relaxation = &dynamics->relaxation;
  const char *unmodelled =
      relaxation->update != EPX_UPDATE_SYNCHRONOUS ? "dynamics.update: the twin is synchronous"
      : relaxation->switches != EPX_SWITCHES_LIVE  ? "dynamics.switches: the twin's are live"
      : relaxation->tolerance != 0.0               ? "dynamics.tolerance: the twin is exact, 0"
                                                   : NULL;
  return unmodelled == NULL ? EPX_OK : epx_fail(error, EPX_ERR_UNSUPPORTED, "%s", unmodelled);
}

static epx_status_t check_registers(const epx_chip_t *chip, epx_error_t *error) {
  if (!chip->bias.is_signed) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "chip.bias: the twin's biases are signed");
  }
  if (!chip->velocity.is_signed) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.velocity: the twin's momentum registers are signed");
  }
  return EPX_OK;
}

static epx_status_t check_formats(const epx_chip_t *chip, epx_error_t *error) {
  const int state = epx_qformat_bits(chip->state), input = epx_qformat_bits(chip->input);
  if (chip->state.is_signed || chip->state.integer_bits != 0 || state < 1 || state > 8) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.state: the twin holds states in UQ0.1 to UQ0.8");
  }
  if (!chip->input.is_signed || input < 2 || input > 8) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.input: the twin takes signed inputs of 2 to 8 bits");
  }
  if (chip->state_rounding != EPX_ROUND_NEAREST_EVEN &&
      chip->state_rounding != EPX_ROUND_TRUNCATE) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.rounding.state: the neuron unit rounds nearest_even or truncate");
  }
  return EPX_OK;
}

static epx_status_t check_converters(const epx_chip_t *chip, epx_error_t *error) {
  epx_status_t status = epx_converter_check(&chip->adc.converter, "chip.array.adc", error);
  status = status == EPX_OK ? epx_dac_check(&chip->dac.converter, "chip.array.dac", error) : status;
  if (status == EPX_OK && chip->adc.converter.kind != EPX_CONVERTER_IDEAL &&
      (chip->adc.converter.bits < 2 || !(chip->adc.range > 0.0 && chip->adc.range <= 1.0))) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.array: a lossy converter needs adc_bits of at least 2, and a range above "
                    "0 and at most 1");
  }
  return status;
}

static epx_status_t check_pulses(const epx_chip_t *chip, epx_qformat_t synapse,
                                 epx_error_t *error) {
  if (!epx_chip_pulsed(chip)) {
    return EPX_OK;
  }
  if (chip->array_kind != EPX_ARRAY_ANALOG) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.pulses.preset: a digital array has none; expected chip.array.kind "
                    "analog");
  }
  if (chip->bits_per_cell < epx_qformat_bits(synapse)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.bits_per_cell: %d; pulses move the one cell of a weight, which "
                    "holds all its %d bits",
                    chip->bits_per_cell, epx_qformat_bits(synapse));
  }
  if (chip->shadow_bits < 4) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.synapse.shadow_bits: %d; a conductance that pulses move needs 4 or more",
                    chip->shadow_bits);
  }
  if (chip->device.program_error.device != 0.0 || chip->device.program_error.cycle != 0.0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.program_error: pulses have errors of their own; expected 0");
  }
  return EPX_OK;
}

static epx_status_t check_analog(const epx_network_t *network, const epx_chip_t *chip,
                                 const epx_plan_layer_t *layer, epx_error_t *error) {
  const char *effect = chip->adc.converter.noise != 0.0       ? "chip.array.adc.noise"
                       : chip->dac.converter.bits > 1         ? "chip.array.dac.bits"
                       : chip->dac.codes == EPX_DAC_ROUNDED   ? "chip.array.dac.codes"
                       : !epx_dac_exact(&chip->dac.converter) ? "chip.array.dac"
                                                              : epx_device_effect(&chip->device);
  if (chip->array_kind == EPX_ARRAY_DIGITAL && effect != NULL) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: a digital array has none; expected chip.array.kind analog", effect);
  }
  epx_status_t status =
      chip->array_kind == EPX_ARRAY_ANALOG ? check_converters(chip, error) : EPX_OK;
  status = status == EPX_OK ? check_pulses(chip, layer->synapse, error) : status;
  if (status != EPX_OK || epx_chip_exact(chip)) {
    return status;
  }
  if (layer->g.fan_in > EPX_PLAN_ANALOG_LINES || layer->g.units > EPX_PLAN_ANALOG_LINES) {
    char key[EPX_LAYER_KEY_SIZE];
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "%s: a fan-in of %d and %d units; on arrays that are not exact "
                    "the twin multiplies at most %d of each",
                    epx_network_layer_key(network, layer->parameter, key), layer->g.fan_in,
                    layer->g.units, EPX_PLAN_ANALOG_LINES);
  }
  return epx_device_check(&chip->device, error);
}

static epx_status_t check_layer(const epx_network_t *network, int l, epx_error_t *error) {
  const epx_layer_t *layer = &network->layers[l];
  if (layer->kind != EPX_LAYER_CONV) {
    return EPX_OK;
  }
  if (layer->pool == EPX_POOL_AVG || layer->padding >= layer->kernel) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: the twin models pool max or none and padding "
                    "below the kernel; the golden substrate models the rest",
                    l);
  }
  return EPX_OK;
}

epx_status_t plan_refuse_chip(const epx_network_t *network, const epx_chip_t *chip,
                              const epx_dynamics_t *dynamics, epx_error_t *error) {
  epx_status_t status = dynamics != NULL ? epx_plan_check_dynamics(dynamics, error) : EPX_OK;
  status = status == EPX_OK ? check_registers(chip, error) : status;
  status = status == EPX_OK ? check_formats(chip, error) : status;
  for (int l = 0; status == EPX_OK && l < network->layer_count; ++l) {
    status = check_layer(network, l, error);
  }
  return status;
}

epx_status_t plan_refuse_layer(const epx_plan_t *plan, const epx_plan_layer_t *layer,
                               epx_error_t *error) {
  const epx_chip_t *chip = plan->chip;
  const epx_geometry_t *g = &layer->g;
  const int l = layer->parameter, bits = epx_qformat_bits(layer->synapse);
  if (!layer->synapse.is_signed || bits < 2 || bits > 8 || chip->shadow_bits < 0 ||
      chip->shadow_bits > 16) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.synapse: the twin holds signed synapses of 2 to 8 bits and 0 to 16 "
                    "shadow bits (parameter layer %d, the read-out last)",
                    l);
  }
  if (l < plan->layers && (int64_t)g->out_height * g->out_width > INT32_MAX / (255 * 255)) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: %d x %d positions; the twin correlates one sample in 32 "
                    "bits, which hold %d",
                    l, g->out_height, g->out_width, INT32_MAX / (255 * 255));
  }
  return check_analog(plan->network, chip, layer, error);
}
