/* SPDX-License-Identifier: Apache-2.0 */
/* The wires of an array as configured; array/wires/ finds what they leave of its cells. */
#ifndef EPX_DEVICE_WIRES_H
#define EPX_DEVICE_WIRES_H

#include <stdbool.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_wires_ends_t {
  EPX_WIRES_OWN,   /* backward drivers and sensors are on the ends that forward ones leave free */
  EPX_WIRES_SHARED /* backward drivers and sensors are on the forward ones' ends, and take turns */
} epx_wires_ends_t;

typedef enum epx_wires_solver_t {
  EPX_WIRES_ITERATIVE, /* epx_wires_fast.h to 1e-9; the direct one where that does not converge */
  EPX_WIRES_DIRECT     /* epx_wires_exact.h */
} epx_wires_solver_t;

/* A resistance is 0, or EPX_WIRES_MIN_OHM to EPX_WIRES_MAX_OHM. */
#define EPX_WIRES_MAX_SIEMENS 1e3 /* of a cell */
#define EPX_WIRES_MIN_OHM 1e-3    /* of what is not exactly 0: less would drown in rounding */
#define EPX_WIRES_MAX_OHM 1e9

/* Plain data; zero has no resistance. */
typedef struct epx_device_wires_t {
  double on_ohm;                                           /* of a cell of g_max */
  double wordline_ohm, bitline_ohm, driver_ohm, sense_ohm; /* as in epx_wires_t */
  epx_wires_ends_t backward;
  epx_wires_solver_t solver;
} epx_device_wires_t;

/* Whether any of the wires has resistance. */
bool epx_device_wires_resist(const epx_device_wires_t *wires);

/* Whether a resistance is in its range; the message names it. */
EPX_CHECKED epx_status_t epx_wires_check_ohm(const char *name, double ohm, epx_error_t *error);

/* Checks the resistances and, where any is above 0, on_ohm; messages begin with "wires". */
EPX_CHECKED epx_status_t epx_device_wires_check(const epx_device_wires_t *wires,
                                                epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
