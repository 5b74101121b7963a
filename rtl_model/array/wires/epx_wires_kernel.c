/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_wires_kernel.h"

#include <stdint.h>
#include <string.h>

#include "epx_clones.h"

/* All vectors of a block for one node. */
typedef double lanes_t __attribute__((vector_size(8 * EPX_WIRES_LANES), aligned(8), may_alias));
typedef int64_t bits_t __attribute__((vector_size(8 * EPX_WIRES_LANES), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Resistance of cell (i, j) towards its line's terminal. */
INLINE double driven_ohm(const epx_ladder_t *l, int j) {
  return j == 0 ? l->driver_ohm : l->driven_ohm;
}
INLINE double sensed_ohm(const epx_ladder_t *l, int i) {
  return i == l->inputs - 1 ? l->sense_ohm : l->sensed_ohm;
}

void epx_wires_factor(epx_wires_factors_t *f) {
  const epx_ladder_t *l = &f->ladder;
  for (int i = 0; i < l->inputs; ++i) {
    const size_t row = (size_t)i * l->outputs;
    double beyond = 0.0;
    for (int j = l->outputs - 1; j >= 0; --j) {
      const double y = f->g[row + j] + beyond;
      f->driven[row + j] = 1.0 / (1.0 + driven_ohm(l, j) * y);
      beyond = f->driven[row + j] * y;
    }
  }
  for (int j = 0; j < l->outputs; ++j) {
    double beyond = 0.0;
    for (int i = 0; i < l->inputs; ++i) {
      const size_t at = (size_t)i * l->outputs + j;
      const double y = f->g[at] + beyond;
      f->sensed[at] = 1.0 / (1.0 + sensed_ohm(l, i) * y);
      beyond = f->sensed[at] * y;
    }
  }
}

/* ---- one vector ---- */

void epx_wires_drive(const epx_wires_factors_t *f, const double *u, double *current) {
  const epx_ladder_t *l = &f->ladder;
  for (int i = 0; i < l->inputs; ++i) {
    const size_t row = (size_t)i * l->outputs;
    const double *g = f->g + row, *s = f->driven + row;
    double *line = current + row, beyond = 0.0, x = 0.0;
    for (int j = l->outputs - 1; j >= 0; --j) {
      line[j] = g[j] * u[row + j] + beyond;
      beyond = s[j] * line[j];
    }
    for (int j = 0; j < l->outputs; ++j) {
      x = s[j] * (x + driven_ohm(l, j) * line[j]);
      line[j] = g[j] * x;
    }
  }
}

EPX_CLONES void epx_wires_settle(const epx_wires_factors_t *f, const double *current, double *v,
                                 double *sense) {
  const epx_ladder_t *l = &f->ladder;
  const int columns = l->outputs;
  memset(sense, 0, (size_t)columns * sizeof *sense);
  for (int i = 0; i < l->inputs; ++i) {
    const size_t row = (size_t)i * columns;
    for (int j = 0; j < columns; ++j) {
      v[row + j] = current[row + j] + sense[j];
      sense[j] = f->sensed[row + j] * v[row + j];
    }
  }
  for (int i = l->inputs - 1; i >= 0; --i) {
    const double ohm = sensed_ohm(l, i), *s = f->sensed + (size_t)i * columns;
    double *x = v + (size_t)i * columns;
    const double *below = x + columns;
    for (int j = 0; j < columns; ++j) {
      x[j] = s[j] * ((i < l->inputs - 1 ? below[j] : 0.0) + ohm * x[j]);
    }
  }
}

/* ---- a block of vectors ---- */

/* A node of a sensed line takes its current: *j becomes J, *beyond s J. (Pointers: vectors passed
 * by value would depend on the instruction set.) */
INLINE void eliminate(const lanes_t *current, double s, lanes_t *j, lanes_t *beyond,
                      lanes_t *energy) {
  *j = *current + *beyond;
  *beyond = s * *j;
  *energy += *j * *beyond;
}

/* *high = max(*high, |x|), *high >= 0: such numbers are ordered like their bits. */
INLINE void keep_larger(const lanes_t *x, lanes_t *high) {
  const bits_t size = (bits_t)*x & INT64_MAX, old = (bits_t)*high, more = size > old;
  *high = (lanes_t)((size & more) | (old & ~more));
}

EPX_CLONES void epx_wires_start(const epx_wires_factors_t *f, epx_wires_block_t *block,
                                const double *volts, double *energy) {
  const epx_ladder_t *l = &f->ladder;
  const int columns = l->outputs;
  lanes_t *sense = (lanes_t *)block->sense, total = {0};
  memset(sense, 0, (size_t)columns * sizeof *sense);
  for (int i = 0; i < l->inputs; ++i) {
    const size_t row = (size_t)i * columns;
    lanes_t *residual = (lanes_t *)block->residual[0] + row, *work = (lanes_t *)block->work + row;
    lanes_t x = ((const lanes_t *)volts)[i], sum = {0};
    for (int j = 0; j < columns; ++j) {
      x = f->driven[row + j] * x;
      residual[j] = f->g[row + j] * x;
      eliminate(&residual[j], f->sensed[row + j], &work[j], &sense[j], &sum);
    }
    total += sensed_ohm(l, i) * sum;
  }
  *(lanes_t *)energy = total;
}

EPX_CLONES void epx_wires_down(const epx_wires_factors_t *f, epx_wires_block_t *block,
                               const double *keep, const double *same, const double *step,
                               double *energy) {
  const epx_ladder_t *l = &f->ladder;
  const int columns = l->outputs;
  const lanes_t a = *(const lanes_t *)keep, b = *(const lanes_t *)same, c = *(const lanes_t *)step;
  lanes_t *sense = (lanes_t *)block->sense, total = {0};
  memset(sense, 0, (size_t)columns * sizeof *sense);
  for (int i = 0; i < l->inputs; ++i) {
    const size_t row = (size_t)i * columns;
    const lanes_t *newest = (const lanes_t *)block->residual[0] + row;
    lanes_t *before = (lanes_t *)block->residual[1] + row, *work = (lanes_t *)block->work + row;
    lanes_t sum = {0};
    for (int j = 0; j < columns; ++j) {
      before[j] = a * before[j] + b * newest[j] + c * work[j];
      eliminate(&before[j], f->sensed[row + j], &work[j], &sense[j], &sum);
    }
    total += sensed_ohm(l, i) * sum;
  }
  *(lanes_t *)energy = total;
  double *const swap = block->residual[0];
  block->residual[0] = block->residual[1];
  block->residual[1] = swap;
}

EPX_CLONES void epx_wires_up(const epx_wires_factors_t *f, epx_wires_block_t *block,
                             double *largest, double *feedback) {
  const epx_ladder_t *l = &f->ladder;
  const int columns = l->outputs;
  lanes_t *line = (lanes_t *)block->line, *below = (lanes_t *)block->below;
  lanes_t high = {0}, total = {0};
  memset(below, 0, (size_t)columns * sizeof *below);
  for (int i = l->inputs - 1; i >= 0; --i) {
    const size_t row = (size_t)i * columns;
    const double *g = f->g + row, *driven = f->driven + row, *sensed = f->sensed + row;
    const double *inverse = f->inverse + row, ohm = sensed_ohm(l, i);
    lanes_t *work = (lanes_t *)block->work + row, beyond = {0}, x = {0};
    for (int j = columns - 1; j >= 0; --j) {
      const lanes_t z = sensed[j] * (below[j] + ohm * work[j]);
      const lanes_t scaled = inverse[j] * z;
      keep_larger(&scaled, &high);
      below[j] = z;
      line[j] = g[j] * z + beyond;
      beyond = driven[j] * line[j];
    }
    for (int j = 0; j < columns; ++j) {
      x = driven[j] * (x + driven_ohm(l, j) * line[j]);
      work[j] = g[j] * x;
      total += below[j] * work[j];
    }
  }
  *(lanes_t *)largest = high;
  *(lanes_t *)feedback = total;
}
