/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_chip.h"

bool epx_chip_exact(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_DIGITAL ||
         (chip->adc.kind == EPX_CONVERTER_IDEAL && epx_device_ideal(&chip->device) &&
          chip->dac_codes == EPX_DAC_DIGITS && epx_dac_exact(&chip->dac));
}

bool epx_chip_noisy(const epx_chip_t *chip) {
  return !epx_chip_exact(chip) &&
         (chip->device.read_noise.sigma != 0.0 || chip->dac.noise != 0.0 ||
          (chip->adc.kind != EPX_CONVERTER_IDEAL && chip->adc.noise != 0.0));
}

bool epx_chip_calibrates(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.kind != EPX_CONVERTER_IDEAL &&
         chip->adc_reach >= EPX_ADC_REACH_BATCH;
}
