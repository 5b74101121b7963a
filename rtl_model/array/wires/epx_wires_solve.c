/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_parallel.h"
#include "epx_wires_fast_internal.h"

enum { LANES = EPX_WIRES_LANES, DEFAULT_ITERATIONS = 1000 };
static const double default_tolerance = 1e-6;
static const double full_scale_share = 1e-6; /* of what counts as a vector's largest current */

/* One call of epx_wires_fast_solve; a block is an item of its parallel loop. */
typedef struct job_t {
  epx_wires_fast_t *fast;
  double tolerance;
  int max_iterations, vectors;
  const double *volts;
  double *amps;    /* [vectors][outputs] */
  double *bound;   /* [vectors]; above tolerance: not converged */
  int *iterations; /* [blocks] */
} job_t;

/* The vectors of one block on their way. */
typedef struct lanes_state_t {
  int count;
  bool done[LANES];
  double floor[LANES]; /* least current that errors are compared with */
  double energy[LANES], feedback[LANES], largest[LANES];
  double old_energy[LANES], gamma[LANES], omega[LANES];
  double keep[LANES], same[LANES], step[LANES];
} lanes_state_t;

static void load(const job_t *job, int first, epx_wires_scratch_t *s, lanes_state_t *lanes) {
  const epx_ladder_t *l = &job->fast->factors.ladder;
  double high[LANES] = {0.0};
  for (int i = 0; i < l->inputs; ++i) {
    for (int lane = 0; lane < LANES; ++lane) {
      const double *volts = job->volts + (size_t)(first + lane) * l->inputs;
      const double v = lane < lanes->count ? volts[epx_ladder_input(l, i)] : 0.0;
      s->volts[(size_t)i * LANES + lane] = v;
      high[lane] = fmax(high[lane], fabs(v));
    }
  }
  for (int lane = 0; lane < LANES; ++lane) {
    lanes->done[lane] = lane >= lanes->count;
    lanes->floor[lane] = full_scale_share * high[lane] * job->fast->full_scale;
  }
  memset(s->amps[0], 0, (size_t)l->outputs * LANES * sizeof(double));
  memset(s->amps[1], 0, (size_t)l->outputs * LANES * sizeof(double));
}

/* Writes the currents behind the step z of every vector that is within its tolerance, once; true
 * when all are. */
static bool finish(const job_t *job, int first, const epx_wires_scratch_t *s,
                   lanes_state_t *lanes) {
  const epx_ladder_t *l = &job->fast->factors.ladder;
  bool all = true;
  for (int lane = 0; lane < lanes->count; ++lane) {
    double scale = lanes->floor[lane];
    for (int j = 0; j < l->outputs && !lanes->done[lane]; ++j) {
      const size_t at = (size_t)j * LANES + lane;
      scale = fmax(scale, fabs(s->amps[0][at] + s->block.sense[at]));
    }
    const double bound = job->fast->gain * lanes->largest[lane];
    if (!lanes->done[lane]) {
      job->bound[first + lane] = bound > 0.0 ? bound / scale : 0.0;
    }
    if (!lanes->done[lane] && bound <= job->tolerance * scale) {
      double *amps = job->amps + (size_t)(first + lane) * l->outputs;
      for (int j = 0; j < l->outputs; ++j) {
        const size_t at = (size_t)j * LANES + lane;
        amps[epx_ladder_output(l, j)] = s->amps[0][at] + s->block.sense[at];
      }
      lanes->done[lane] = true;
    }
    all = all && lanes->done[lane];
  }
  return all;
}

/* Coefficients of the next residual (Concus, Golub, O'Leary): gamma is the step of steepest
 * descent, omega the weight of new against before. Vectors that are done stand still. */
static void coefficients(lanes_state_t *lanes, bool first) {
  for (int lane = 0; lane < LANES; ++lane) {
    const double curvature = lanes->energy[lane] - lanes->feedback[lane];
    if (lanes->done[lane] || !(curvature > 0.0)) {
      lanes->keep[lane] = 0.0;
      lanes->same[lane] = 1.0;
      lanes->step[lane] = 0.0;
      continue;
    }
    const double gamma = lanes->energy[lane] / curvature;
    const double omega = first ? 1.0
                               : 1.0 / (1.0 - gamma / lanes->gamma[lane] * lanes->energy[lane] /
                                                  lanes->old_energy[lane] / lanes->omega[lane]);
    lanes->keep[lane] = 1.0 - omega;
    lanes->same[lane] = omega * (1.0 - gamma);
    lanes->step[lane] = omega * gamma;
    lanes->gamma[lane] = gamma;
    lanes->omega[lane] = omega;
    lanes->old_energy[lane] = lanes->energy[lane];
  }
}

/* The sensors' currents follow the residual. */
static void advance_amps(const epx_ladder_t *l, epx_wires_scratch_t *s,
                         const lanes_state_t *lanes) {
  double *before = s->amps[1];
  for (int j = 0; j < l->outputs; ++j) {
    for (int lane = 0; lane < LANES; ++lane) {
      const size_t at = (size_t)j * LANES + lane;
      before[at] = lanes->keep[lane] * before[at] +
                   (lanes->same[lane] + lanes->step[lane]) * s->amps[0][at] +
                   lanes->step[lane] * s->block.sense[at];
    }
  }
  s->amps[1] = s->amps[0];
  s->amps[0] = before;
}

static void solve_block(void *context, int item, int thread) {
  const job_t *job = context;
  const epx_wires_factors_t *factors = &job->fast->factors;
  epx_wires_scratch_t *s = &job->fast->scratch[thread];
  const int first = item * LANES, left = job->vectors - first;
  _Alignas(64) lanes_state_t lanes = {.count = left < LANES ? left : LANES};
  load(job, first, s, &lanes);
  epx_wires_start(factors, &s->block, s->volts, lanes.energy);
  for (int k = 0;; ++k) {
    epx_wires_up(factors, &s->block, lanes.largest, lanes.feedback);
    job->iterations[item] = k;
    if (finish(job, first, s, &lanes) || k == job->max_iterations) {
      return;
    }
    coefficients(&lanes, k == 0);
    advance_amps(&factors->ladder, s, &lanes);
    epx_wires_down(factors, &s->block, lanes.keep, lanes.same, lanes.step, lanes.energy);
  }
}

static epx_status_t check_limits(const epx_wires_limits_t *limits, job_t *job, epx_error_t *error) {
  job->tolerance = limits->tolerance != 0.0 ? limits->tolerance : default_tolerance;
  job->max_iterations = limits->max_iterations != 0 ? limits->max_iterations : DEFAULT_ITERATIONS;
  if (!(job->tolerance >= 1e-12 && job->tolerance <= 0.1)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "wires: the tolerance is %g; expected 1e-12 to 0.1",
                    job->tolerance);
  }
  if (job->max_iterations < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "wires: max_iterations is %d; expected 1 or more",
                    job->max_iterations);
  }
  return EPX_OK;
}

/* Sums up the vectors' bounds and the blocks' iterations. */
static epx_status_t conclude(const job_t *job, int blocks, epx_wires_report_t *report,
                             epx_error_t *error) {
  epx_wires_report_t all = {0};
  for (int k = 0; k < blocks; ++k) {
    all.iterations = job->iterations[k] > all.iterations ? job->iterations[k] : all.iterations;
  }
  for (int n = 0; n < job->vectors; ++n) {
    if (!(job->bound[n] <= job->tolerance)) {
      return epx_fail(error, EPX_ERR_NO_CONVERGENCE,
                      "wires: vector %d is known to %.2g of its largest current after %d "
                      "iterations; expected %.2g",
                      n, job->bound[n], job->max_iterations, job->tolerance);
    }
    all.bound = fmax(all.bound, job->bound[n]);
  }
  if (report != NULL) {
    *report = all;
  }
  return EPX_OK;
}

epx_status_t epx_wires_fast_solve(epx_wires_fast_t *fast, const epx_wires_limits_t *limits,
                                  int vectors, const double *volts, double *amps,
                                  epx_wires_report_t *report, epx_error_t *error) {
  job_t job = {.fast = fast, .vectors = vectors, .volts = volts};
  epx_status_t status = check_limits(limits, &job, error);
  if (status == EPX_OK && !fast->programmed) {
    status = epx_fail(error, EPX_ERR_ARGUMENT, "wires: solve before program");
  }
  status = status == EPX_OK ? epx_wires_check_volts(&fast->wires, vectors, volts, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  const int blocks = (vectors + LANES - 1) / LANES;
  const size_t numbers = (size_t)vectors * fast->factors.ladder.outputs;
  job.amps = malloc((numbers + 1) * sizeof(double));
  job.bound = malloc(((size_t)vectors + 1) * sizeof(double));
  job.iterations = malloc(((size_t)blocks + 1) * sizeof(int));
  if (job.amps == NULL || job.bound == NULL || job.iterations == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "wires: no memory for %d vectors", vectors);
  } else {
    epx_parallel_for(blocks, solve_block, &job);
    status = conclude(&job, blocks, report, error);
  }
  if (status == EPX_OK) {
    memcpy(amps, job.amps, numbers * sizeof(double));
  }
  free(job.amps);
  free(job.bound);
  free(job.iterations);
  return status;
}

epx_status_t epx_wires_fast_effective(epx_wires_fast_t *fast, const epx_wires_limits_t *limits,
                                      double *siemens, epx_wires_report_t *report,
                                      epx_error_t *error) {
  const int inputs = fast->factors.ladder.inputs;
  double *unit = calloc((size_t)inputs * inputs, sizeof *unit);
  if (unit == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "wires: no memory for %d unit vectors", inputs);
  }
  for (int i = 0; i < inputs; ++i) {
    unit[(size_t)i * inputs + i] = 1.0;
  }
  const epx_status_t status =
      epx_wires_fast_solve(fast, limits, inputs, unit, siemens, report, error);
  free(unit);
  return status;
}
