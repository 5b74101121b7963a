/* SPDX-License-Identifier: Apache-2.0 */
/* Currents of an array with resistive wires (epx_wires.h) by sparse nodal analysis: a direct
 * solution, the reference of the iterative one in epx_wires_fast.h.
 *
 * One unknown for each node of a line; nodes that no resistance separates are one node, nodes on a
 * source or on ground none. The symmetric positive definite matrix is ordered by approximate
 * minimum degree (AMD: Amestoy, Davis, Duff, ACM TOMS 30, 2004) and factored as L D L' (LDL: Davis,
 * ACM TOMS 31, 2005); both are libraries of SuiteSparse.
 *
 * Rounding: a diagonal element holds a cell's conductance beside that of its wires, so that about
 * 2^-53 * (driver_ohm + sense_ohm + a line's resistance) / (a segment's resistance) of a current is
 * uncertain. That is 1e-13 for wires of ohms, and below 1e-8 in the worst case tested, milliohms
 * beside kilohms. Currents of one vector share the error of the largest. */
#ifndef EPX_WIRES_EXACT_H
#define EPX_WIRES_EXACT_H

#include "epx_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_wires_exact_t epx_wires_exact_t;

/* Orders and analyses the array's graph; cells hold no conductance yet. Errors: EPX_ERR_ARGUMENT
 * (epx_wires_check), EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_wires_exact_create(const epx_wires_t *wires, epx_wires_exact_t **exact,
                                                epx_error_t *error);
void epx_wires_exact_destroy(epx_wires_exact_t *exact);

/* Factors the matrix of conductance[rows][columns] (siemens, 0 to EPX_WIRES_MAX_SIEMENS), which is
 * copied. On failure the earlier factors are gone. */
EPX_CHECKED epx_status_t epx_wires_exact_program(epx_wires_exact_t *exact,
                                                 const double *conductance, epx_error_t *error);

/* amps[vectors][outputs] of volts[vectors][inputs]; sizes by epx_wires_inputs and _outputs.
 * EPX_ERR_ARGUMENT: a voltage out of +-EPX_WIRES_MAX_VOLTS, or nothing was programmed. */
EPX_CHECKED epx_status_t epx_wires_exact_solve(const epx_wires_exact_t *exact, int vectors,
                                               const double *volts, double *amps,
                                               epx_error_t *error);

/* Nodes of the matrix, and numbers below the diagonal of L. */
long epx_wires_exact_nodes(const epx_wires_exact_t *exact);
long epx_wires_exact_fill(const epx_wires_exact_t *exact);

#ifdef __cplusplus
}
#endif
#endif
