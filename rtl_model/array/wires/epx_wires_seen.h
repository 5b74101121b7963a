/* SPDX-License-Identifier: Apache-2.0 */
/* What the wires of an array leave of its cells (epx_wires.h): as one matrix for each direction. */
#ifndef EPX_WIRES_SEEN_H
#define EPX_WIRES_SEEN_H

#include <stdbool.h>

#include "epx_stop.h"
#include "epx_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

/* seen[inputs][outputs] of g[rows][columns], both in shares of g_max; forward: inputs are rows. A
 * negative g counts as 0. `stop` (NULL: none) is looked at between steps, of which factoring the
 * matrix is the longest: 0.7 s for 256 x 256 cells. Errors: EPX_ERR_INTERRUPTED, EPX_ERR_MEMORY,
 * and EPX_ERR_ARGUMENT beyond EPX_WIRES_MAX_LINES. */
EPX_CHECKED epx_status_t epx_wires_seen(const epx_device_wires_t *wires, int rows, int columns,
                                        bool backward, const double *g, double *seen,
                                        const epx_stop_t *stop, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
