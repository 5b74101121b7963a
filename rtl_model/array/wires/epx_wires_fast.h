/* SPDX-License-Identifier: Apache-2.0 */
/* Currents of an array with resistive wires (epx_wires.h) by iteration over its lines, many vectors
 * at once, with a bound on the error of every vector.
 *
 * A line whose crossing lines were held at known voltages is a ladder of resistors, which one
 * elimination from its far end to its terminal and one substitution back solve exactly. All driven
 * lines, then all sensed lines solved so is one step; a Gauss-Seidel iteration over the two planes.
 * Conjugate gradients on the sensed lines' voltages, preconditioned with those lines' own
 * solutions, accelerate it in the three-term form, which keeps two residuals and nothing else
 * (Concus, Golub, O'Leary, Sparse Matrix Computations, 1976, pp. 309-332). The ladders are
 * eliminated in resistances, without a subtraction, so that any of them may be 0.
 *
 * The bound. Let M be one Gauss-Seidel step without sources, z the change that the next step would
 * make to the sensed lines' voltages. M has no negative element. For any u > 0 with M u <= theta u,
 * theta < 1 (Collatz and Wielandt: theta bounds M's spectral radius), the error that remains behind
 * that step changes current c by at most
 *     max|z / u| / (1 - theta) * (current c of a step whose sensed lines begin at u volts),
 * up to rounding. u is found once for each programming (epx_wires_bound.c).
 *
 * A vector's currents depend on that vector alone: not on the batch, nor on threads. */
#ifndef EPX_WIRES_FAST_H
#define EPX_WIRES_FAST_H

#include "epx_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_wires_fast_t epx_wires_fast_t;

/* When to stop. {0}: the defaults. */
typedef struct epx_wires_limits_t {
  double tolerance;   /* 1e-12 to 0.1; 0: 1e-6. A vector is done where the bound on the error of
                         every current is at most tolerance * its largest current. Currents that
                         nearly cancel: where that is below 1e-6 of what its highest voltage would
                         drive through the cells of one sensed line at most, relative to this */
  int max_iterations; /* 1 or more; 0: 1000 */
} epx_wires_limits_t;

typedef struct epx_wires_report_t {
  int iterations; /* steps of conjugate gradients, the most that any vector took */
  double bound;   /* the largest error bound over vectors, in the terms of `tolerance` */
} epx_wires_report_t;

/* Memory for the array and for epx_parallel_threads() threads: set their number before. Cells hold
 * no conductance yet. Errors: EPX_ERR_ARGUMENT (epx_wires_check), EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_wires_fast_create(const epx_wires_t *wires, epx_wires_fast_t **fast,
                                               epx_error_t *error);
void epx_wires_fast_destroy(epx_wires_fast_t *fast);

/* Sets conductance[rows][columns] (siemens, 0 to EPX_WIRES_MAX_SIEMENS; copied).
 * EPX_ERR_NO_CONVERGENCE: no u was found that gives a bound, for cells that conduct far better than
 * their wires; nothing is programmed then. */
EPX_CHECKED epx_status_t epx_wires_fast_program(epx_wires_fast_t *fast, const double *conductance,
                                                epx_error_t *error);

/* amps[vectors][outputs] of volts[vectors][inputs]; sizes by epx_wires_inputs and _outputs.
 * *report (may be NULL). EPX_ERR_NO_CONVERGENCE: some vector missed its tolerance within
 * max_iterations; EPX_ERR_ARGUMENT: a voltage out of +-EPX_WIRES_MAX_VOLTS, limits out of range, or
 * nothing was programmed. One call at a time for each `fast`. */
EPX_CHECKED epx_status_t epx_wires_fast_solve(epx_wires_fast_t *fast,
                                              const epx_wires_limits_t *limits, int vectors,
                                              const double *volts, double *amps,
                                              epx_wires_report_t *report, epx_error_t *error);

/* The array as one matrix, siemens[inputs][outputs]: amps = volts * siemens, for as long as the
 * cells keep their conductances. Each row is the solution for 1 V on one line, so that its elements
 * are within tolerance * its largest; a product whose terms nearly cancel is less exact than
 * epx_wires_fast_solve in proportion. Errors as there. */
EPX_CHECKED epx_status_t epx_wires_fast_effective(epx_wires_fast_t *fast,
                                                  const epx_wires_limits_t *limits, double *siemens,
                                                  epx_wires_report_t *report, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
