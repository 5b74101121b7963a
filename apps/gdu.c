/* SPDX-License-Identifier: Apache-2.0 */
#include "gdu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agreement.h"
#include "epx_ep.h"
#include "epx_gdu_record.h"
#include "epx_golden.h"

enum { SAMPLED = 4 }; /* parameters of a layer that are followed one by one */

typedef struct gdu_t {
  const epx_experiment_t *experiment;
  epx_substrate_t *golden;
  int steps, layers;
  epx_params_t **bptt; /* [steps]: of the last t + 1 steps */
  epx_params_t *ep;
  size_t sampled[EPX_MAX_LAYERS + 1][SAMPLED]; /* indices into the layer's weights */
  epx_gdu_row_t *rows;
  int row_count;
} gdu_t;

static double norm(const epx_params_t *params, int l) {
  double sum = 0.0;
  const size_t units = (size_t)params->units[l], weights = units * (size_t)params->fan_in[l];
  for (size_t i = 0; i < weights; ++i) {
    sum += params->weight[l][i] * params->weight[l][i];
    sum += params->backward[l] != NULL ? params->backward[l][i] * params->backward[l][i] : 0.0;
  }
  for (size_t i = 0; i < units; ++i) {
    sum += params->bias[l][i] * params->bias[l][i];
  }
  return sqrt(sum);
}

/* Follows, in each quarter of a layer's weights, the one with the steepest gradient. */
static void choose_sampled(gdu_t *gdu) {
  const epx_params_t *whole = gdu->bptt[gdu->steps - 1];
  for (int l = 0; l < gdu->layers; ++l) {
    const size_t weights = (size_t)whole->units[l] * (size_t)whole->fan_in[l];
    for (size_t part = 0; part < SAMPLED; ++part) {
      size_t best = weights * part / SAMPLED;
      for (size_t i = best; i < weights * (part + 1) / SAMPLED; ++i) {
        best = fabs(whole->weight[l][i]) > fabs(whole->weight[l][best]) ? i : best;
      }
      gdu->sampled[l][part] = best;
    }
  }
}

static epx_status_t make_bptt(gdu_t *gdu, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int t = 0; status == EPX_OK && t < gdu->steps; ++t) {
    status = epx_params_create(&gdu->experiment->network, &gdu->bptt[t], error);
    if (status == EPX_OK) {
      epx_substrate_recall_free(gdu->golden);
    }
    status =
        status == EPX_OK ? epx_golden_f64_bptt(gdu->golden, t + 1, gdu->bptt[t], error) : status;
  }
  return status;
}

/* Rows of one layer after t + 1 steps; an update is minus a gradient. */
static void add_rows(gdu_t *gdu, const char *estimator, double beta, int t, int l) {
  const agreement_t a = agreement_of(gdu->ep, gdu->bptt[t], l);
  epx_gdu_row_t row = {.beta = beta, .step = t + 1, .parameter = -1};
  snprintf(row.estimator, sizeof row.estimator, "%s", estimator);
  snprintf(row.layer, sizeof row.layer, "%s", gdu->ep->name[l]);
  row.cosine = a.cosine;
  row.relative_l2 = a.relative_l2;
  row.ep = norm(gdu->ep, l);
  row.bptt = norm(gdu->bptt[t], l);
  gdu->rows[gdu->row_count++] = row;
  row.cosine = row.relative_l2 = NAN;
  for (int i = 0; i < SAMPLED; ++i) {
    const size_t at = gdu->sampled[l][i];
    row.parameter = (int)at;
    row.ep = -gdu->ep->weight[l][at];
    row.bptt = -gdu->bptt[t]->weight[l][at];
    gdu->rows[gdu->row_count++] = row;
  }
}

/* One nudging factor: the estimate after 1, 2, ... nudged steps, each from the free state. */
static epx_status_t follow(gdu_t *gdu, double beta, epx_error_t *error) {
  epx_estimator_t estimator = gdu->experiment->estimator;
  epx_dynamics_t dynamics = gdu->experiment->dynamics;
  const char *name = epx_estimator_row(estimator.kind)->name;
  const int first = gdu->row_count;
  estimator.beta = beta;
  for (int t = 0; t < gdu->steps; ++t) {
    dynamics.nudged_steps = t + 1;
    epx_status_t status = epx_ep_nudged(gdu->golden, &dynamics, &estimator, 1, error);
    status =
        status == EPX_OK ? epx_substrate_gradient(gdu->golden, &estimator, gdu->ep, error) : status;
    if (status != EPX_OK) {
      return status;
    }
    for (int l = 0; l < gdu->layers; ++l) {
      add_rows(gdu, name, beta, t, l);
    }
  }
  printf("%s beta %g, %d steps, lowest cosine over steps with a gradient:", name, beta, gdu->steps);
  for (int l = 0; l < gdu->layers; ++l) {
    double lowest = NAN;
    for (int i = first + l * (SAMPLED + 1); i < gdu->row_count; i += gdu->layers * (SAMPLED + 1)) {
      lowest = fmin(lowest, gdu->rows[i].cosine);
    }
    if (isfinite(lowest)) {
      printf("  %s %.4f", gdu->ep->name[l], lowest);
    } else { /* at no step is there a gradient that has a direction */
      printf("  %s none (gradient 0)", gdu->ep->name[l]);
    }
  }
  printf("\n");
  return EPX_OK;
}

epx_status_t gdu_run(const epx_experiment_t *experiment, const epx_params_t *params, const float *x,
                     const uint8_t *labels, int n, const double *beta, int betas,
                     const char *folder, epx_error_t *error) {
  gdu_t gdu = {.experiment = experiment,
               .steps = experiment->dynamics.nudged_steps,
               .layers = params->layer_count};
  const size_t rows = (size_t)betas * (size_t)gdu.steps * (size_t)gdu.layers * (SAMPLED + 1);
  double *loss = calloc((size_t)n, sizeof *loss);
  uint8_t *predicted = calloc((size_t)n, 1);
  gdu.rows = calloc(rows, sizeof *gdu.rows);
  gdu.bptt = calloc((size_t)gdu.steps, sizeof(epx_params_t *));
  epx_status_t status = EPX_OK;
  if (loss == NULL || predicted == NULL || gdu.rows == NULL || gdu.bptt == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d steps", gdu.steps);
    goto cleanup;
  }
  status = epx_params_create(&experiment->network, &gdu.ep, error);
  if (status == EPX_OK) {
    status = epx_golden_f64_create(&experiment->network, n, &gdu.golden, error);
  }
  if (status != EPX_OK) {
    goto cleanup;
  }
  status = epx_substrate_load(gdu.golden, params, error);
  const epx_batch_t batch = epx_batch_f32(x, labels, n);
  status = status == EPX_OK
               ? epx_ep_free(gdu.golden, &experiment->dynamics, &batch, loss, predicted, error)
               : status;
  status = status == EPX_OK ? make_bptt(&gdu, error) : status;
  if (status == EPX_OK) {
    choose_sampled(&gdu);
  }
  for (int b = 0; status == EPX_OK && b < betas; ++b) {
    status = follow(&gdu, beta[b], error);
  }
  if (status == EPX_OK && folder != NULL) {
    status = epx_gdu_write(folder, gdu.rows, gdu.row_count, error);
  }
cleanup:
  for (int t = 0; gdu.bptt != NULL && t < gdu.steps; ++t) {
    epx_params_destroy(gdu.bptt[t]);
  }
  epx_params_destroy(gdu.ep);
  epx_substrate_destroy(gdu.golden);
  free(gdu.bptt);
  free(gdu.rows);
  free(loss);
  free(predicted);
  return status;
}
