/* SPDX-License-Identifier: Apache-2.0 */
/* What both solvers share: every read brought to one orientation, and checks of their arguments.
 *
 * In that orientation `inputs` driven lines cross `outputs` sensed lines. Driven line i has its
 * driver before j = 0, sensed line j its sensor behind i = inputs - 1. */
#ifndef EPX_WIRES_INTERNAL_H
#define EPX_WIRES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "epx_wires.h"

typedef struct epx_ladder_t {
  int inputs, outputs;
  double driven_ohm, sensed_ohm; /* a segment of a driven and of a sensed line */
  double driver_ohm, sense_ohm;
  bool flipped; /* line i stands for line inputs - 1 - i, line j for outputs - 1 - j */
} epx_ladder_t;

/* The orientation of a read; wires has been checked. */
epx_ladder_t epx_ladder_of(const epx_wires_t *wires);

/* out[inputs][outputs] = conductance[rows][columns] in that orientation. */
void epx_ladder_arrange(const epx_wires_t *wires, const double *conductance, double *out);

/* Index in the caller's vectors of driven line i and of sensed line j. */
static inline size_t epx_ladder_input(const epx_ladder_t *ladder, int i) {
  return (size_t)(ladder->flipped ? ladder->inputs - 1 - i : i);
}
static inline size_t epx_ladder_output(const epx_ladder_t *ladder, int j) {
  return (size_t)(ladder->flipped ? ladder->outputs - 1 - j : j);
}

/* EPX_ERR_ARGUMENT, naming the first value that is not finite or out of its range. */
EPX_CHECKED epx_status_t epx_wires_check_conductance(const epx_wires_t *wires,
                                                     const double *conductance, epx_error_t *error);
EPX_CHECKED epx_status_t epx_wires_check_volts(const epx_wires_t *wires, int vectors,
                                               const double *volts, epx_error_t *error);

#endif
