/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_ep.h"

#include <stdbool.h>

void epx_ep_free(epx_substrate_t *substrate, const epx_dynamics_t *dynamics, const float *x,
                 const uint8_t *labels, int n, double *loss, uint8_t *predicted) {
  const epx_substrate_ops_t *ops = substrate->ops;
  substrate->relaxation = dynamics->relaxation;
  ops->present(substrate, x, labels, n);
  ops->relax(substrate, dynamics->free_steps, 0.0);
  ops->predict(substrate, loss, predicted);
  ops->keep_free(substrate);
}

epx_status_t epx_ep_calibrate(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                              const epx_estimator_t *estimator, const float *x,
                              const uint8_t *labels, int n, epx_error_t *error) {
  const epx_calibration_t batch = {.epoch = EPX_CALIBRATE_ONCE,
                                   .dynamics = dynamics,
                                   .estimator = estimator,
                                   .x = x,
                                   .labels = labels,
                                   .n = n};
  return epx_substrate_calibrate(substrate, &batch, error);
}

void epx_ep_nudged(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                   const epx_estimator_t *estimator, int sign) {
  const epx_substrate_ops_t *ops = substrate->ops;
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  ops->clear_gradient(substrate);
  for (int i = 0; i < row->phase_count; ++i) {
    const epx_phase_t phase = epx_estimator_phase(row, i, sign);
    ops->recall_free(substrate);
    if (epx_estimator_relaxes(estimator, &phase)) {
      ops->relax(substrate, dynamics->nudged_steps, phase.nudge * estimator->beta);
    }
    ops->accumulate(substrate, &phase);
  }
}

/* One step of a phase with its update: the phase's term after the step less that before it. */
static void continual_step(epx_substrate_t *substrate, const epx_estimator_t *estimator,
                           const epx_phase_t *phase, bool last, const epx_update_rule_t *rule) {
  const epx_substrate_ops_t *ops = substrate->ops;
  const epx_phase_t before = {phase->nudge, -phase->coefficient, 0};
  const epx_phase_t after = {phase->nudge, phase->coefficient,
                             last ? phase->readout_coefficient : 0};
  ops->accumulate(substrate, &before);
  ops->relax(substrate, 1, phase->nudge * estimator->beta);
  ops->accumulate(substrate, &after);
  ops->update(substrate, estimator, rule);
}

void epx_ep_continual(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                      const epx_estimator_t *estimator, int sign, const epx_update_rule_t *rule) {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  substrate->ops->clear_gradient(substrate);
  for (int i = 0; i < row->phase_count; ++i) {
    const epx_phase_t phase = epx_estimator_phase(row, i, sign);
    if (!epx_estimator_relaxes(estimator, &phase)) {
      continue; /* a leg that stays at the free state has no steps */
    }
    substrate->ops->recall_free(substrate);
    for (int t = 1; t <= dynamics->nudged_steps; ++t) {
      continual_step(substrate, estimator, &phase, t == dynamics->nudged_steps, rule);
    }
  }
}
