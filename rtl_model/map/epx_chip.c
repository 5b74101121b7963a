/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_chip.h"

long epx_chip_largest_sum(const epx_chip_t *chip) {
  return (long)chip->rows * ((1L << chip->bits_per_cell) - 1) *
         ((1L << chip->dac.converter.bits) - 1);
}

bool epx_chip_exact(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_DIGITAL ||
         (chip->adc.converter.kind == EPX_CONVERTER_IDEAL && epx_device_ideal(&chip->device) &&
          chip->dac.codes == EPX_DAC_DIGITS && epx_dac_exact(&chip->dac.converter));
}

bool epx_chip_noisy(const epx_chip_t *chip) {
  return !epx_chip_exact(chip) &&
         (chip->device.read_noise.sigma != 0.0 || chip->dac.converter.noise != 0.0 ||
          (chip->adc.converter.kind != EPX_CONVERTER_IDEAL && chip->adc.converter.noise != 0.0));
}

bool epx_chip_calibrates(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.converter.kind != EPX_CONVERTER_IDEAL &&
         chip->adc.reach >= EPX_ADC_REACH_BATCH;
}
