/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of an analog array as configured: how a digit becomes a conductance, and what happens
 * to the conductance until it is read.
 *
 * A cell has one device. Its conductance g is given as a share of the largest one, g_max = 1. Digit
 * d of a cell with the digits 0 to n is written as
 *
 *   g = g_min + (1 - g_min) d / n
 *
 * and a read of g counts n (g - g_min) / (1 - g_min) digits. With g_min = 0.1 and n = 3, digit 2 is
 * g = 0.7, and a read of 0.7 counts 3 * 0.6 / 0.9 = 2. What g_min adds to a line's current depends
 * on the number of driven lines alone, so that it can be subtracted exactly.
 *
 * The highest slice of a weight has signed digits. With one bit, the digit is 0 or -1: its cell is
 * written as the bit, and the column's sum is subtracted. With more bits, the digits -m to m - 1
 * are written as 0 to 2m - 1, and m is subtracted for each driven line.
 *
 * Effects act in this order: the write has an error; from the write to the read the conductance
 * drifts and then relaxes (retention); a stuck cell has its stuck value, whatever was written. Then
 * the wires change what drivers and sensors see of the cells. Read noise is that of the driven
 * cells' own conductances, with or without wires. */
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
  epx_retention_t retention; /* tau 0: none; rest: as a share of the way from g_min to 1 */
  epx_faults_t faults;
  epx_device_wires_t wires;
  epx_read_noise_t read_noise; /* sigma in [0, 1] */
} epx_device_t;

/* Whether every read of a cell counts its digit exactly. */
bool epx_device_ideal(const epx_device_t *device);

/* Errors begin with the key at fault, "chip.array.program_error.device: found ...". */
EPX_CHECKED epx_status_t epx_device_check(const epx_device_t *device, epx_error_t *error);

/* The key of one effect that the device has, for the message of a digital array, which has none;
 * NULL where the device is ideal. */
const char *epx_device_effect(const epx_device_t *device);

/* The device's retention, with `rest` turned from a share into a conductance. */
epx_retention_t epx_device_retention(const epx_device_t *device);

#ifdef __cplusplus
}
#endif
#endif
