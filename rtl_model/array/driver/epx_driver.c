/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_driver.h"

#include "epx_clones.h"
#include "epx_round.h"

static int smaller(int a, int b) {
  return a < b ? a : b;
}

epx_driver_t epx_driver_of(const epx_chip_t *chip, const epx_tile_shape_t *tile, bool backward) {
  const bool is_signed = backward && tile->signed_post;
  const int end = (backward ? tile->state_bits : tile->input_bits) - (is_signed ? 1 : 0);
  const int lost = end - chip->dac.converter.bits;
  return (epx_driver_t){.digit_bits = chip->dac.converter.bits,
                        .low = chip->dac.codes == EPX_DAC_ROUNDED && lost > 0 ? lost : 0,
                        .end = end,
                        .is_signed = is_signed};
}

int epx_driver_passes(const epx_driver_t *driver, epx_pass_t passes[EPX_MAX_PASSES]) {
  int count = 0;
  for (int bit = driver->low; bit < driver->end; bit += driver->digit_bits) {
    const int bits = smaller(driver->digit_bits, driver->end - bit);
    passes[count++] = (epx_pass_t){.bit = bit, .bits = bits, .sign = 1, .number = bit};
  }
  if (driver->is_signed) {
    passes[count++] =
        (epx_pass_t){.bit = driver->end, .bits = 1, .sign = -1, .number = driver->end};
  }
  return count;
}

int epx_driver_pass_count(const epx_driver_t *driver) {
  const int digits = (driver->end - driver->low + driver->digit_bits - 1) / driver->digit_bits;
  return digits + (driver->is_signed ? 1 : 0);
}

int32_t epx_driver_round(const epx_driver_t *driver, int32_t code) {
  const int64_t level = epx_round_shift(code, driver->low, EPX_ROUND_NEAREST_EVEN, 0);
  const int64_t top = (INT64_C(1) << (driver->end - driver->low)) - 1;
  return (int32_t)((level > top ? top : level) * (INT64_C(1) << driver->low));
}

EPX_CLONES static void digits(const int32_t *restrict code, int count, int bit, int mask,
                              uint8_t *restrict digit) {
  for (int i = 0; i < count; ++i) {
    digit[i] = (uint8_t)(code[i] >> bit & mask);
  }
}

void epx_pass_digits(const epx_pass_t *pass, const int32_t *code, int count, uint8_t *digit) {
  digits(code, count, pass->bit, (1 << pass->bits) - 1, digit);
}
