/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of an analog array as configured: what a cell's conductance is, and suffers.
 *
 * Conductances g are shares of the largest, g_max = 1. A cell has one device. Where its digits are
 * 0 to n, digit d is written as
 *
 *   g = g_min + (1 - g_min) d / n
 *
 * and a read of g counts n (g - g_min) / (1 - g_min): what g_min adds to a line's current is known
 * for each number of driven lines, and subtracted. The highest slice of a weight counts negatively.
 * Of one bit, its cells are those of the bit and their sum is subtracted; of more, digits -m to
 * m - 1 are written as 0 to 2m - 1, and the m of each driven line is subtracted.
 *
 * A write errs; until the read the conductance drifts, and relaxes; a stuck cell does neither. The
 * wires take their share. Noise of a read is that of the driven cells, whatever the wires. */
#ifndef EPX_DEVICE_H
#define EPX_DEVICE_H

#include <stdbool.h>

#include "epx_cell_effects.h"
#include "epx_device_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Plain data; zero is an ideal device. */
typedef struct epx_device_t {
  double g_min; /* in [0, 0.5] */
  epx_program_error_t program_error;
  double age;                /* seconds from a cell's write to its reads, at least 0 */
  epx_drift_t drift;         /* nu 0: none */
  epx_retention_t retention; /* tau 0: none; rest: in shares of the window from g_min to 1 */
  epx_faults_t faults;
  epx_device_wires_t wires;
  epx_read_noise_t read_noise; /* sigma in [0, 1] */
} epx_device_t;

/* Whether a cell is its digit, exactly and at every read. */
bool epx_device_ideal(const epx_device_t *device);

/* Errors begin with the key at fault, "chip.array.program_error.device: found ...". */
EPX_CHECKED epx_status_t epx_device_check(const epx_device_t *device, epx_error_t *error);

/* The key of an effect that the device has, for who has no devices; NULL where it is ideal. */
const char *epx_device_effect(const epx_device_t *device);

/* Its retention with `rest` as a conductance. */
epx_retention_t epx_device_retention(const epx_device_t *device);

#ifdef __cplusplus
}
#endif
#endif
