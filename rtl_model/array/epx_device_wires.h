/* SPDX-License-Identifier: Apache-2.0 */
/* What the wires of an array leave of its cells (epx_wires.h): as one matrix for each direction. */
#ifndef EPX_DEVICE_WIRES_H
#define EPX_DEVICE_WIRES_H

#include <stdbool.h>

#include "epx_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_wires_ends_t {
  EPX_WIRES_OWN,   /* backward drivers and sensors on the ends that forward ones leave free */
  EPX_WIRES_SHARED /* on the same ends, taking turns */
} epx_wires_ends_t;

typedef enum epx_wires_solver_t {
  EPX_WIRES_ITERATIVE, /* epx_wires_fast.h to 1e-9; the direct one where that does not converge */
  EPX_WIRES_DIRECT     /* epx_wires_exact.h */
} epx_wires_solver_t;

/* Plain data; zero has no resistance. */
typedef struct epx_device_wires_t {
  double on_ohm;                                           /* of a cell of g_max */
  double wordline_ohm, bitline_ohm, driver_ohm, sense_ohm; /* as in epx_wires_t */
  epx_wires_ends_t backward;
  epx_wires_solver_t solver;
} epx_device_wires_t;

/* Whether any of the wires has resistance. */
bool epx_device_wires_resist(const epx_device_wires_t *wires);

/* on_ohm, where wires resist, and resistances; messages begin with "wires". */
EPX_CHECKED epx_status_t epx_device_wires_check(const epx_device_wires_t *wires,
                                                epx_error_t *error);

/* seen[inputs][outputs] of g[rows][columns], both in shares of g_max; forward: inputs are rows. A
 * negative g counts as 0. Errors: EPX_ERR_MEMORY, and EPX_ERR_ARGUMENT beyond EPX_WIRES_MAX_LINES.
 */
EPX_CHECKED epx_status_t epx_device_wires_seen(const epx_device_wires_t *wires, int rows,
                                               int columns, bool backward, const double *g,
                                               double *seen, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
