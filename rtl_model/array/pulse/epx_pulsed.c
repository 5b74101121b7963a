/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_pulsed.h"

#include <math.h>
#include <stdlib.h>

#include "epx_pulse.h"

struct epx_pulsed_t {
  epx_pulse_cells_t *cells;
  int units, max_pulses;
  double zero, code; /* the device's value of weight 0; and of one shadow code */
  epx_qformat_t shadow_format;
};

static const epx_pulse_device_t *preset(const epx_chip_t *chip, epx_pulse_device_t *device) {
  const epx_status_t status =
      epx_pulse_preset(epx_pulse_preset_name(chip->pulse_preset - 1), device, NULL);
  return status == EPX_OK ? device : NULL;
}

/* The device's range that weights of full scale, 2^integer_bits, take; its value at weight 0. */
static double unit_of(const epx_pulse_device_t *device, double *zero) {
  const bool signs = device->w_min < 0.0;
  *zero = signs ? 0.0 : 0.5 * (device->w_min + device->w_max);
  return signs ? 1.0 : 0.5 * (device->w_max - device->w_min);
}

epx_status_t epx_pulsed_create(const epx_chip_t *chip, epx_qformat_t synapse,
                               const epx_tile_shape_t *shape, int tile, epx_pulsed_t **out,
                               epx_error_t *error) {
  epx_status_t status = EPX_OK;
  epx_pulse_device_t device;
  epx_pulsed_t *pulsed = calloc(1, sizeof *pulsed);
  if (pulsed == NULL || preset(chip, &device) == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for a tile's devices");
  }
  if (status == EPX_OK) {
    const double unit = unit_of(&device, &pulsed->zero);
    pulsed->units = shape->units;
    pulsed->max_pulses = chip->pulse_max;
    pulsed->shadow_format = synapse;
    pulsed->shadow_format.fraction_bits = (int8_t)(synapse.fraction_bits + chip->shadow_bits);
    pulsed->code = ldexp(unit, -synapse.integer_bits - pulsed->shadow_format.fraction_bits);
    status = epx_pulse_cells_create(&device, (size_t)shape->rows * (size_t)shape->units,
                                    chip->device_seed, (uint64_t)tile, &pulsed->cells, error);
  }
  if (status != EPX_OK) {
    epx_pulsed_destroy(pulsed);
    return status;
  }
  *out = pulsed;
  return EPX_OK;
}

void epx_pulsed_destroy(epx_pulsed_t *pulsed) {
  if (pulsed != NULL) {
    epx_pulse_cells_destroy(pulsed->cells);
    free(pulsed);
  }
}

epx_scale_t epx_pulsed_rate(const epx_chip_t *chip, epx_qformat_t synapse, double learning_rate) {
  epx_pulse_device_t device;
  double zero;
  if (preset(chip, &device) == NULL) {
    return epx_scale_from(0.0);
  }
  const double full = ldexp(1.0 / unit_of(&device, &zero), synapse.integer_bits);
  return epx_scale_from(ldexp(learning_rate / (epx_pulse_device_step(&device) * full),
                              -chip->velocity.fraction_bits));
}

static int32_t to_shadow(const epx_pulsed_t *pulsed, double value) {
  const double codes = nearbyint((value - pulsed->zero) / pulsed->code);
  return (int32_t)epx_saturate_to((int64_t)codes, pulsed->shadow_format);
}

static size_t cell_of(const epx_pulsed_t *pulsed, int row, int unit) {
  return (size_t)row * (size_t)pulsed->units + (size_t)unit;
}

static double value_of(const epx_pulsed_t *pulsed, size_t cell, int32_t shadow) {
  double value = pulsed->zero + pulsed->code * shadow;
  epx_pulse_limit(pulsed->cells, cell, 1, &value); /* its bounds lie between two codes */
  return value;
}

int32_t epx_pulsed_limit(const epx_pulsed_t *pulsed, int row, int unit, int32_t shadow) {
  return to_shadow(pulsed, value_of(pulsed, cell_of(pulsed, row, unit), shadow));
}

int epx_pulsed_update(const epx_pulsed_t *pulsed, const epx_update_circuit_t *circuit,
                      uint32_t update, int row, int unit, int64_t correlation, int32_t *shadow,
                      int32_t *velocity, epx_lfsr_t *lfsr) {
  const int64_t step = epx_update_step(circuit, correlation, *shadow, velocity, lfsr);
  const int16_t pulses = (int16_t)epx_saturate(-step, -pulsed->max_pulses, pulsed->max_pulses);
  if (pulses != 0) {
    const size_t cell = cell_of(pulsed, row, unit);
    double value = value_of(pulsed, cell, *shadow);
    epx_pulse_apply(pulsed->cells, update, cell, 1, &pulses, &value);
    *shadow = to_shadow(pulsed, value);
  }
  return pulses;
}
