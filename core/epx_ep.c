/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_ep.h"

void epx_ep_free(epx_substrate_t *substrate, const epx_dynamics_t *dynamics, const float *x,
                 const uint8_t *labels, int n, double *loss, uint8_t *predicted) {
  const epx_substrate_ops_t *ops = substrate->ops;
  ops->present(substrate, x, labels, n);
  ops->relax(substrate, dynamics->free_steps, 0.0);
  ops->predict(substrate, loss, predicted);
  ops->keep_free(substrate);
}

void epx_ep_nudged(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                   const epx_estimator_t *estimator) {
  const epx_substrate_ops_t *ops = substrate->ops;
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  ops->clear_gradient(substrate);
  for (int i = 0; i < row->phase_count; ++i) {
    const epx_phase_t *phase = &row->phases[i];
    ops->recall_free(substrate);
    if (phase->nudge != 0) {
      ops->relax(substrate, dynamics->nudged_steps, phase->nudge * estimator->beta);
    }
    ops->accumulate(substrate, phase);
  }
}
