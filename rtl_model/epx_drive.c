/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_drive.h"

#include <string.h>

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

void epx_drive_change(const int32_t *before, const uint8_t *switches_before, const int32_t *now,
                      const uint8_t *switches_now, int place, int count, int32_t *change) {
  for (int i = 0; i < count; ++i) {
    change[i] =
        (switches_now[i] == place ? now[i] : 0) - (switches_before[i] == place ? before[i] : 0);
  }
}

void epx_drive_pass(const int32_t *change, int count, int sign, int bit, uint64_t *driven) {
  memset(driven, 0, ((size_t)count + 63) / 64 * sizeof *driven);
  for (int i = 0; i < count; ++i) {
    const int32_t magnitude = sign == EPX_DRIVE_RISEN ? change[i] : -change[i];
    driven[i / 64] |= (uint64_t)(magnitude > 0 && (magnitude >> bit & 1) != 0) << (i % 64);
  }
}

void epx_drive_events(const epx_chip_t *chip, const epx_drive_t *drive, int slices, int lines,
                      int leaves, epx_events_t *events) {
  uint64_t drives = 0;
  for (int sign = 0; sign < EPX_DRIVE_SIGNS; ++sign) {
    drives += (uint64_t)(__builtin_popcount(drive->bits[sign]) * drive->lines[sign]);
  }
  drives *= (uint64_t)slices;
  events->line_drives += drives;
  events->cell_reads += drives * (uint64_t)lines;
  epx_tile_conversions(chip, (uint64_t)(epx_drive_passes(drive) * slices), lines, leaves, events);
}
