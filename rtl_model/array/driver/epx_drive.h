/* SPDX-License-Identifier: Apache-2.0 */
/* What an event-driven array drives (chip.event_driven): only the lines whose codes changed since
 * they were last driven. A change is the code now less the code as last driven, both as DACs drive
 * them (epx_driver_code). Each pass (epx_driver.h) carries one digit of the changes' magnitudes, of
 * the lines that rose or of the lines that fell; its sums are added to the held sums for rising
 * lines and subtracted for falling ones. A pass whose digit is 0 on every line is not made; a
 * vector without a pass leaves the array alone. Example: lines that go from 178 to 180 and from 7
 * to 6 take two passes of bit-serial DACs, bit 1 rising and bit 0 falling, instead of eight.
 *
 * The tile counts passes as it makes them; the twin counts them from states alone. */
#ifndef EPX_DRIVE_H
#define EPX_DRIVE_H

#include "epx_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_DRIVE_RISEN, EPX_DRIVE_FALLEN, EPX_DRIVE_SIGNS };

typedef struct epx_drive_t {
  uint32_t bits[EPX_DRIVE_SIGNS]; /* set in the magnitude of any line */
  int lines[EPX_DRIVE_SIGNS];     /* that rose, that fell */
} epx_drive_t;

/* The bits and lines of `count` changes; |change| < 2^31. */
epx_drive_t epx_drive_of(const int32_t *change, int count);
/* The same of codes: `before` as last driven, and `now`. */
epx_drive_t epx_drive_of_codes(const uint8_t *before, const uint8_t *now, int count);

/* Changes of what columns receive at one place of a window: a post where its switch points there,
 * else 0; as last driven and now. */
void epx_drive_change(const epx_driver_t *driver, const int32_t *before,
                      const uint8_t *switches_before, const int32_t *now,
                      const uint8_t *switches_now, int place, int count, int32_t *change);

/* The passes that a drive takes; passes may be NULL. */
int epx_drive_passes(const epx_driver_t *driver, const epx_drive_t *drive, epx_pass_t *passes);

/* What lines carry in such a pass: digits of changes of its sign. */
void epx_drive_digits(const epx_pass_t *pass, const int32_t *change, int count, uint8_t *digit);

#ifdef __cplusplus
}
#endif
#endif
