/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_walk.h"

static epx_status_t act(const epx_walk_t *walk, epx_act_t act, epx_error_t *error) {
  return walk->observer(walk->context, &act, error);
}

static epx_status_t act_plainly(const epx_walk_t *walk, epx_act_kind_t kind, int phase,
                                epx_error_t *error) {
  return act(walk, (epx_act_t){.kind = kind, .phase = phase}, error);
}

epx_status_t epx_walk_inference(const epx_walk_t *walk, epx_error_t *error) {
  const epx_act_t relax = {
      .kind = EPX_ACT_RELAX, .phase = EPX_FREE_PHASE, .steps = walk->dynamics->free_steps};
  epx_status_t status = act_plainly(walk, EPX_ACT_PRESENT, EPX_FREE_PHASE, error);
  status = status == EPX_OK ? act(walk, relax, error) : status;
  return status == EPX_OK ? act_plainly(walk, EPX_ACT_PREDICT, EPX_FREE_PHASE, error) : status;
}

epx_status_t epx_walk_free(const epx_walk_t *walk, epx_error_t *error) {
  const epx_status_t status = epx_walk_inference(walk, error);
  return status == EPX_OK ? act_plainly(walk, EPX_ACT_KEEP_FREE, EPX_FREE_PHASE, error) : status;
}

epx_status_t epx_walk_nudged(const epx_walk_t *walk, epx_error_t *error) {
  const epx_estimator_table_row_t *row = epx_estimator_row(walk->estimator->kind);
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < row->phase_count; ++i) {
    const epx_phase_t phase = epx_estimator_phase(row, i, walk->sign);
    const epx_act_t relax = {.kind = EPX_ACT_RELAX,
                             .phase = i,
                             .steps = walk->dynamics->nudged_steps,
                             .beta = phase.nudge * walk->estimator->beta};
    const epx_act_t accumulate = {.kind = EPX_ACT_ACCUMULATE, .phase = i, .terms = phase};
    status = act_plainly(walk, EPX_ACT_RECALL, i, error);
    if (status == EPX_OK && epx_estimator_relaxes(walk->estimator, &phase)) {
      status = act(walk, relax, error);
    }
    status = status == EPX_OK ? act(walk, accumulate, error) : status;
  }
  return status;
}

/* One step of a phase with its update: the phase's terms after the step less those before it. */
static epx_status_t continual_step(const epx_walk_t *walk, int i, const epx_phase_t *phase,
                                   bool last, epx_error_t *error) {
  const epx_act_t before = {
      .kind = EPX_ACT_ACCUMULATE, .phase = i, .terms = {phase->nudge, -phase->coefficient, 0}};
  const epx_act_t relax = {
      .kind = EPX_ACT_RELAX, .phase = i, .steps = 1, .beta = phase->nudge * walk->estimator->beta};
  const epx_act_t after = {
      .kind = EPX_ACT_ACCUMULATE,
      .phase = i,
      .terms = {phase->nudge, phase->coefficient, last ? phase->readout_coefficient : 0}};
  epx_status_t status = act(walk, before, error);
  status = status == EPX_OK ? act(walk, relax, error) : status;
  status = status == EPX_OK ? act(walk, after, error) : status;
  return status == EPX_OK ? act_plainly(walk, EPX_ACT_UPDATE, i, error) : status;
}

epx_status_t epx_walk_continual(const epx_walk_t *walk, epx_error_t *error) {
  const epx_estimator_table_row_t *row = epx_estimator_row(walk->estimator->kind);
  const int steps = walk->dynamics->nudged_steps;
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < row->phase_count; ++i) {
    const epx_phase_t phase = epx_estimator_phase(row, i, walk->sign);
    if (!epx_estimator_relaxes(walk->estimator, &phase)) {
      continue; /* a leg that stays at the free state has no steps */
    }
    status = act_plainly(walk, EPX_ACT_RECALL, i, error);
    for (int t = 1; status == EPX_OK && t <= steps; ++t) {
      status = continual_step(walk, i, &phase, t == steps, error);
    }
  }
  return status;
}

epx_status_t epx_walk_update(const epx_walk_t *walk, epx_error_t *error) {
  return act_plainly(walk, EPX_ACT_UPDATE, EPX_FREE_PHASE, error);
}

epx_status_t epx_walk_training(const epx_walk_t *walk, int presentations, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < presentations; ++i) {
    status = epx_walk_free(walk, error);
    status = status == EPX_OK ? epx_walk_nudged(walk, error) : status;
  }
  return status == EPX_OK ? epx_walk_update(walk, error) : status;
}
