/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of the step models: pulse after pulse over the cells that still have one to come.
 *
 * Cells with pulses are packed; each pulse is one pass over what is left. A model gives the shape
 * f(w, p) and, for each cell, the three numbers p it needs for the polarity at hand. Included by
 * each step model, so that the compiler sees the shape and vectorises the pass. */
#ifndef EPX_PULSE_STEP_H
#define EPX_PULSE_STEP_H

#include "epx_array_random.h"
#include "epx_clones.h"
#include "epx_pulse_internal.h"

/* Packed cells; arrays of EPX_PULSE_BLOCK. */
typedef struct epx_pulse_walk_t {
  int count;
  uint32_t cell[EPX_PULSE_BLOCK]; /* its number in the array */
  int slot[EPX_PULSE_BLOCK];      /* its place in the caller's arrays */
  int left[EPX_PULSE_BLOCK];      /* pulses to come */
  double w[EPX_PULSE_BLOCK], w_min[EPX_PULSE_BLOCK], w_max[EPX_PULSE_BLOCK];
  double step[EPX_PULSE_BLOCK]; /* with its sign */
  double p0[EPX_PULSE_BLOCK], p1[EPX_PULSE_BLOCK], p2[EPX_PULSE_BLOCK];
  double normal[EPX_PULSE_BLOCK];
} epx_pulse_walk_t;

typedef double (*epx_pulse_shape_t)(double w, double p0, double p1, double p2);
typedef void (*epx_pulse_load_t)(const epx_pulse_cells_t *cells, epx_pulse_walk_t *walk);

#define EPX_PULSE_INLINE static inline __attribute__((always_inline))

EPX_PULSE_INLINE void epx_pulse_pack(const epx_pulse_cells_t *cells, size_t first, int count,
                                     const int16_t *pulses, const double *value,
                                     epx_pulse_walk_t *walk) {
  int n = 0;
  for (int i = 0; i < count; ++i) {
    walk->slot[n] = i;
    n += pulses[i] != 0;
  }
  walk->count = n;
  for (int k = 0; k < n; ++k) {
    const int slot = walk->slot[k], pulse = pulses[slot];
    const size_t cell = first + (size_t)slot;
    walk->cell[k] = (uint32_t)cell;
    walk->left[k] = pulse < 0 ? -pulse : pulse;
    walk->w[k] = value[slot];
    walk->w_min[k] = cells->column[EPX_PULSE_W_MIN][cell];
    walk->w_max[k] = cells->column[EPX_PULSE_W_MAX][cell];
    walk->step[k] =
        pulse > 0 ? cells->column[EPX_PULSE_UP][cell] : -cells->column[EPX_PULSE_DOWN][cell];
  }
}

/* One pulse on every packed cell. */
EPX_PULSE_INLINE void epx_pulse_pass(epx_pulse_walk_t *walk, double sigma, bool additive,
                                     epx_pulse_shape_t shape) {
  const int n = walk->count;
  const double sigma_step = additive ? sigma : 0.0, sigma_shape = additive ? 0.0 : sigma;
  for (int k = 0; k < n; ++k) {
    const double f = shape(walk->w[k], walk->p0[k], walk->p1[k], walk->p2[k]);
    const double noise = sigma_step + sigma_shape * f;
    double w = walk->w[k] + walk->step[k] * (f + noise * walk->normal[k]);
    w = w < walk->w_min[k] ? walk->w_min[k] : w;
    walk->w[k] = w > walk->w_max[k] ? walk->w_max[k] : w;
  }
}

/* Writes finished cells back and closes the ranks. */
EPX_PULSE_INLINE void epx_pulse_retire(epx_pulse_walk_t *walk, double *value) {
  int kept = 0;
  for (int k = 0; k < walk->count; ++k) {
    if (--walk->left[k] == 0) {
      value[walk->slot[k]] = walk->w[k];
      continue;
    }
    if (kept != k) {
      walk->cell[kept] = walk->cell[k];
      walk->slot[kept] = walk->slot[k];
      walk->left[kept] = walk->left[k];
      walk->w[kept] = walk->w[k];
      walk->w_min[kept] = walk->w_min[k];
      walk->w_max[kept] = walk->w_max[k];
      walk->step[kept] = walk->step[k];
      walk->p0[kept] = walk->p0[k];
      walk->p1[kept] = walk->p1[k];
      walk->p2[kept] = walk->p2[k];
    }
    ++kept;
  }
  walk->count = kept;
}

EPX_PULSE_INLINE void epx_pulse_walk(const epx_pulse_cells_t *cells, uint64_t event_key,
                                     size_t first, int count, const int16_t *pulses, double *value,
                                     epx_pulse_load_t load, epx_pulse_shape_t shape) {
  const double sigma = cells->device.c2c;
  epx_pulse_walk_t walk;
  epx_pulse_pack(cells, first, count, pulses, value, &walk);
  load(cells, &walk);
  for (int k = 0; k < walk.count; ++k) {
    walk.normal[k] = 0.0;
  }
  for (uint64_t pulse = 0; walk.count > 0; ++pulse) {
    if (sigma != 0.0) {
      epx_array_normals_of(epx_random_key(event_key, pulse), walk.cell, (size_t)walk.count,
                           walk.normal);
    }
    epx_pulse_pass(&walk, sigma, cells->device.c2c_additive, shape);
    epx_pulse_retire(&walk, value);
  }
}

#endif
