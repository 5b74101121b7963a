/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_drive.h"

#include "epx_clones.h"

EPX_CLONES epx_drive_t epx_drive_of(const int32_t *change, int count) {
  int32_t risen = 0, fallen = 0;
  int up = 0, down = 0;
  for (int i = 0; i < count; ++i) {
    risen |= change[i] > 0 ? change[i] : 0;
    fallen |= change[i] < 0 ? -change[i] : 0;
    up += change[i] > 0;
    down += change[i] < 0;
  }
  return (epx_drive_t){{(uint32_t)risen, (uint32_t)fallen}, {up, down}};
}

EPX_CLONES epx_drive_t epx_drive_of_codes(const uint8_t *before, const uint8_t *now, int count) {
  uint8_t risen = 0, fallen = 0;
  int up = 0, down = 0;
  for (int i = 0; i < count; ++i) {
    risen |= (uint8_t)(now[i] > before[i] ? now[i] - before[i] : 0);
    fallen |= (uint8_t)(now[i] < before[i] ? before[i] - now[i] : 0);
    up += now[i] > before[i];
    down += now[i] < before[i];
  }
  return (epx_drive_t){{risen, fallen}, {up, down}};
}

void epx_drive_change(const epx_driver_t *driver, const int32_t *before,
                      const uint8_t *switches_before, const int32_t *now,
                      const uint8_t *switches_now, int place, int count, int32_t *change) {
  for (int i = 0; i < count; ++i) {
    change[i] = (switches_now[i] == place ? epx_driver_code(driver, now[i]) : 0) -
                (switches_before[i] == place ? epx_driver_code(driver, before[i]) : 0);
  }
}

int epx_drive_passes(const epx_driver_t *driver, const epx_drive_t *drive, epx_pass_t *passes) {
  int count = 0;
  for (int sign = 0; sign < EPX_DRIVE_SIGNS; ++sign) {
    for (uint32_t left = drive->bits[sign]; left != 0;) {
      const int lowest = __builtin_ctz(left) - driver->low;
      const int bit = driver->low + lowest / driver->digit_bits * driver->digit_bits;
      if (passes != NULL) {
        passes[count] = (epx_pass_t){.bit = bit,
                                     .bits = driver->digit_bits,
                                     .sign = sign == EPX_DRIVE_RISEN ? 1 : -1,
                                     .number = sign * 128 + bit};
      }
      ++count;
      left = bit + driver->digit_bits < 32 ? left & UINT32_MAX << (bit + driver->digit_bits) : 0;
    }
  }
  return count;
}

EPX_CLONES static void digits(const int32_t *restrict change, int count, int sign, int bit,
                              int mask, uint8_t *restrict digit) {
  for (int i = 0; i < count; ++i) {
    const int32_t magnitude = sign * change[i];
    digit[i] = (uint8_t)((magnitude > 0 ? magnitude : 0) >> bit & mask);
  }
}

void epx_drive_digits(const epx_pass_t *pass, const int32_t *change, int count, uint8_t *digit) {
  digits(change, count, pass->sign, pass->bit, (1 << pass->bits) - 1, digit);
}
