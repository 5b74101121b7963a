/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_ep.h"

#include <math.h>
#include <stdlib.h>

#include "epx_walk.h"

/* What the substrate needs beside an act itself. */
typedef struct ep_t {
  epx_substrate_t *substrate;
  const epx_estimator_t *estimator;
  const epx_batch_t *batch;
  const epx_update_rule_t *rule;
  double *loss;
  uint8_t *predicted;
} ep_t;

/* Does one act of the walk on the substrate. */
static epx_status_t compute(void *context, const epx_act_t *act, epx_error_t *error) {
  const ep_t *ep = context;
  epx_substrate_t *substrate = ep->substrate;
  switch (act->kind) {
    case EPX_ACT_PRESENT:
      return epx_substrate_present(substrate, ep->batch, error);
    case EPX_ACT_RELAX:
      return epx_substrate_relax(substrate, act->steps, act->beta, error);
    case EPX_ACT_PREDICT:
      return epx_substrate_predict(substrate, ep->loss, ep->predicted, error);
    case EPX_ACT_KEEP_FREE:
      return epx_substrate_keep_free(substrate, error);
    case EPX_ACT_RECALL:
      epx_substrate_recall_free(substrate);
      return EPX_OK;
    case EPX_ACT_ACCUMULATE:
      return epx_substrate_accumulate(substrate, &act->terms, error);
    case EPX_ACT_UPDATE:
      return epx_substrate_update(substrate, ep->estimator, ep->rule, error);
  }
  return EPX_OK;
}

/* Names the first layer of which the parameters, or the present states, are not finite; EPX_OK
 * where there is none, or no memory to look. */
static epx_status_t find_not_finite(epx_substrate_t *substrate, int n, epx_error_t *error) {
  epx_params_t *params = NULL;
  epx_error_t ignored;
  epx_status_t status = EPX_OK;
  if (epx_params_create(&substrate->network, &params, &ignored) == EPX_OK &&
      epx_substrate_store(substrate, params, &ignored) == EPX_OK) {
    status = epx_params_finite(params, "", error);
  }
  epx_params_destroy(params);
  for (int l = 0; status == EPX_OK && l < substrate->network.layer_count; ++l) {
    const size_t count = (size_t)n * substrate->shapes[l].out_size;
    double *states = malloc(count * sizeof *states);
    char name[24];
    epx_network_layer_name(&substrate->network, l, name);
    if (states != NULL) {
      epx_substrate_states(substrate, l, states);
    }
    for (size_t i = 0; states != NULL && status == EPX_OK && i < count; ++i) {
      if (!isfinite(states[i])) {
        status = epx_fail(error, EPX_ERR_DIVERGED, "the states of layer %s hold %s", name,
                          epx_not_finite_name(states[i]));
      }
    }
    free(states);
  }
  return status;
}

static epx_status_t check_losses(epx_substrate_t *substrate, const double *loss, int n,
                                 epx_error_t *error) {
  for (int i = 0; i < n; ++i) {
    if (!isfinite(loss[i])) {
      const epx_status_t status = find_not_finite(substrate, n, error);
      return status != EPX_OK ? status
                              : epx_fail(error, EPX_ERR_DIVERGED,
                                         "the loss of sample %d is %s, at the output of the last "
                                         "layer",
                                         i, epx_not_finite_name(loss[i]));
    }
  }
  return EPX_OK;
}

epx_status_t epx_ep_free(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                         const epx_batch_t *batch, double *loss, uint8_t *predicted,
                         epx_error_t *error) {
  ep_t ep = {.substrate = substrate, .batch = batch, .loss = loss, .predicted = predicted};
  const epx_walk_t walk = {.dynamics = dynamics, .observer = compute, .context = &ep};
  substrate->relaxation = dynamics->relaxation;
  const epx_status_t status = epx_walk_free(&walk, error);
  return status == EPX_OK ? check_losses(substrate, loss, batch->n, error) : status;
}

epx_status_t epx_ep_calibrate(epx_substrate_t *substrate, const epx_calibration_t *step,
                              epx_error_t *error) {
  return epx_substrate_uncalibrated(substrate) ? epx_substrate_calibrate(substrate, step, error)
                                               : EPX_OK;
}

epx_status_t epx_ep_nudged(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                           const epx_estimator_t *estimator, int sign, epx_error_t *error) {
  ep_t ep = {.substrate = substrate, .estimator = estimator};
  const epx_walk_t walk = {dynamics, estimator, sign, compute, &ep};
  epx_substrate_clear_gradient(substrate);
  return epx_walk_nudged(&walk, error);
}

epx_status_t epx_ep_continual(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                              const epx_estimator_t *estimator, int sign,
                              const epx_update_rule_t *rule, epx_error_t *error) {
  ep_t ep = {.substrate = substrate, .estimator = estimator, .rule = rule};
  const epx_walk_t walk = {dynamics, estimator, sign, compute, &ep};
  epx_substrate_clear_gradient(substrate);
  return epx_walk_continual(&walk, error);
}
