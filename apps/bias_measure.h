/* SPDX-License-Identifier: Apache-2.0 */
/* The bias laboratory's measurements: a network, a mini-batch, and the error of every estimate of a
 * grid against the exact gradients. */
#ifndef BIAS_MEASURE_H
#define BIAS_MEASURE_H

#include "batch_npz.h"
#include "bias_grid.h"
#include "epx_bias_record.h"
#include "epx_experiment.h"

/* How far a grid has come; `line`: the point just measured, "" where it was recorded before. */
typedef struct bias_progress_t {
  int done, total, measured; /* points; measured: in this process */
  const char *line;
} bias_progress_t;

typedef struct bias_request_t {
  const epx_experiment_t *experiment; /* network, dynamics, estimator, training rates, chip */
  const bias_grid_t *grid;
  const epx_params_t *params;
  const batch_npz_t *batch;
  int equilibrium_steps;
  epx_bias_record_t *record;
  void (*progress)(void *context, const bias_progress_t *progress);
  int (*stop)(void); /* non-zero: end before the next point with EPX_ERR_INTERRUPTED */
  void *context;
} bias_request_t;

/* Points of the grid. */
int bias_measure_count(const bias_request_t *request);

/* Measures every point that the record lacks and appends it. Numbers do not depend on threads or on
 * which points were measured before. */
EPX_CHECKED epx_status_t bias_measure(const bias_request_t *request, epx_error_t *error);

#endif
