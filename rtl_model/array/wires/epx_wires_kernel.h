/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps over the ladders of an array, EPX_WIRES_LANES vectors at once: the inner loops of
 * epx_wires_fast.c.
 *
 * A ladder with terminal voltage E behind resistance R[0], segments R[k] between cells k-1 and k,
 * and currents f[k] injected at the cells, all of whose far sides are grounded through g[k]. From
 * its far end to its terminal, Y[k] is the conductance and J[k] the current that cell k and all
 * beyond it show to cell k:
 *     Y[k] = g[k] + s[k+1] Y[k+1],  J[k] = f[k] + s[k+1] J[k+1],  s[k] = 1 / (1 + R[k] Y[k]);
 * then, from the terminal, x[k] = s[k] (x[k-1] + R[k] J[k]) with x[-1] = E. The terminal receives
 * s[0] J[0] - s[0] Y[0] E. With E = 0, sum f[k] x[k] = sum R[k] s[k] J[k]^2. */
#ifndef EPX_WIRES_KERNEL_H
#define EPX_WIRES_KERNEL_H

#include "epx_wires_internal.h"

enum { EPX_WIRES_LANES = 8 };

/* Cells and factors, in the orientation of epx_ladder_t, [inputs][outputs] each. */
typedef struct epx_wires_factors_t {
  epx_ladder_t ladder;
  double *g;       /* conductance */
  double *driven;  /* s of the driven lines; their terminal is at j = 0 */
  double *sensed;  /* s of the sensed lines; their terminal is at i = inputs - 1 */
  double *inverse; /* 1 / u of the error bound */
} epx_wires_factors_t;

/* Planes of one block of vectors: [inputs][outputs][lanes]; the lines [outputs][lanes]. */
typedef struct epx_wires_block_t {
  double *residual[2]; /* newest, and the one before; currents into the sensed lines' nodes */
  double *work;        /* between sweeps: J of the sensed lines, or currents from driven lines */
  double *line;        /* J of one driven line */
  double *below;       /* z of the row towards the sensors */
  double *sense;       /* currents that the step z brings to the sensors */
} epx_wires_block_t;

/* Fills driven and sensed from g. */
void epx_wires_factor(epx_wires_factors_t *factors);

/* One vector, without sources: current[inputs][outputs] that the driven lines send into the sensed
 * ones while these are held at u volts: G w(u). */
void epx_wires_drive(const epx_wires_factors_t *factors, const double *u, double *current);

/* One vector: voltages v of the sensed lines that take `current` at their nodes while all driven
 * lines are at 0 V; sense[outputs] is what their sensors receive. v may be current. */
void epx_wires_settle(const epx_wires_factors_t *factors, const double *current, double *v,
                      double *sense);

/* First residual (newest), of sensed lines at 0 V: volts[inputs][lanes]. Then as in _down. */
void epx_wires_start(const epx_wires_factors_t *factors, epx_wires_block_t *block,
                     const double *volts, double *energy);

/* next = keep * before + same * newest + step * work; it becomes the newest residual. The sensed
 * lines are eliminated with it: work = J, block->sense, energy = residual . z, for each lane. */
void epx_wires_down(const epx_wires_factors_t *factors, epx_wires_block_t *block,
                    const double *keep, const double *same, const double *step, double *energy);

/* Substitutes z, then solves the driven lines for it: work = the currents G w(z) that they send
 * into the sensed ones. largest = max |z| / u, feedback = z . work, for each lane. */
void epx_wires_up(const epx_wires_factors_t *factors, epx_wires_block_t *block, double *largest,
                  double *feedback);

#endif
