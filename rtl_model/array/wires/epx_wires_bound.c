/* SPDX-License-Identifier: Apache-2.0 */
/* The error bound of epx_wires_fast.h: a vector u > 0 with M u <= theta u.
 *
 * (I - M) u = e with some e > 0 would give theta = 1 - min(e / u), and next to no better one exists
 * if e is even. Taken is e = the sensed lines' voltages while all driven lines are held at 1 V, so
 * that H u = g for the matrix H of the sensed lines alone (driven lines eliminated). Conjugate
 * gradients need not go far: with a change z left to make, (I - M) u = e - z, and |z| <= e / 2
 * still leaves u > 0. What they find is then put to the test by one step of M: theta is the largest
 * (M u) / u. Bounds of this kind: Varga, Matrix Iterative Analysis, 1962, chapter 2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_wires_fast_internal.h"

enum { MAX_STEPS = 2000 };
static const double smallest_u = 1e-9;          /* beside the largest; lines that take no current */
static const double highest_theta = 1.0 - 1e-9; /* 1 - theta must stand out from rounding */

/* Planes [inputs][outputs] of one vector. */
typedef struct plane_t {
  double *x, *residual, *z, *even; /* even: e */
  double *p, *s_p, *h_p;           /* direction; S and H times it, S: the sensed lines alone */
} plane_t;

static double dot(const double *a, const double *b, size_t count) {
  double sum = 0.0;
  for (size_t k = 0; k < count; ++k) {
    sum += a[k] * b[k];
  }
  return sum;
}

/* |z| <= e / 2 everywhere. */
static bool near_enough(const plane_t *a, size_t cells) {
  for (size_t k = 0; k < cells; ++k) {
    if (fabs(a->z[k]) > 0.5 * a->even[k]) {
      return false;
    }
  }
  return true;
}

/* x: roughly H^-1 g. */
static void solve_roughly(const epx_wires_factors_t *f, const plane_t *a, double *sense,
                          size_t cells) {
  double energy = 0.0;
  memset(a->x, 0, cells * sizeof(double));
  memset(a->p, 0, cells * sizeof(double));
  memset(a->s_p, 0, cells * sizeof(double));
  memcpy(a->residual, f->g, cells * sizeof(double));
  epx_wires_settle(f, f->g, a->even, sense);
  for (int step = 0; step < MAX_STEPS; ++step) {
    const double old = energy;
    epx_wires_settle(f, a->residual, a->z, sense);
    energy = dot(a->residual, a->z, cells);
    if (!(energy > 0.0) || near_enough(a, cells)) {
      return;
    }
    for (size_t k = 0; k < cells; ++k) {
      const double beta = step > 0 ? energy / old : 0.0;
      a->p[k] = a->z[k] + beta * a->p[k];
      a->s_p[k] = a->residual[k] + beta * a->s_p[k];
    }
    epx_wires_drive(f, a->p, a->h_p);
    for (size_t k = 0; k < cells; ++k) {
      a->h_p[k] = a->s_p[k] - a->h_p[k];
    }
    const double alpha = energy / dot(a->p, a->h_p, cells);
    for (size_t k = 0; k < cells; ++k) {
      a->x[k] += alpha * a->p[k];
      a->residual[k] -= alpha * a->h_p[k];
    }
  }
}

void epx_wires_find_bound(epx_wires_fast_t *fast) {
  const epx_wires_factors_t *f = &fast->factors;
  const size_t cells = (size_t)f->ladder.inputs * f->ladder.outputs;
  epx_wires_block_t *block = &fast->scratch[0].block; /* planes of 8 vectors: room enough */
  double *const at[2] = {block->residual[0], block->work}, *sense = block->sense;
  const plane_t a = {at[0], at[0] + cells, at[0] + 2 * cells, at[0] + 3 * cells,
                     at[1], at[1] + cells, at[1] + 2 * cells};
  solve_roughly(f, &a, sense, cells);
  double high = 0.0, theta = 0.0, most = 0.0;
  for (size_t k = 0; k < cells; ++k) {
    high = fmax(high, a.x[k]);
  }
  for (size_t k = 0; k < cells; ++k) {
    a.x[k] = high > 0.0 ? fmax(a.x[k] / high, smallest_u) : 1.0;
  }
  epx_wires_drive(f, a.x, a.z);
  epx_wires_settle(f, a.z, a.z, sense);
  for (size_t k = 0; k < cells; ++k) {
    theta = fmax(theta, a.z[k] / a.x[k]);
    f->inverse[k] = 1.0 / a.x[k];
  }
  for (int j = 0; j < f->ladder.outputs; ++j) {
    most = fmax(most, sense[j]);
  }
  fast->gain = theta <= highest_theta ? most / (1.0 - theta) : INFINITY;
  memset(at[0], 0, cells * 4 * sizeof(double));
}
