/* SPDX-License-Identifier: Apache-2.0 */
/* Loops: variant (pooling, switches, steps) -> formats -> estimator -> beta. The exact gradients of
 * a variant and the free state of a format are computed when the first point that needs them is
 * missing, and once. */
#include "bias_measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement.h"
#include "bias_quantise.h"
#include "epx_ep.h"
#include "epx_golden.h"
#include "epx_twin.h"

/* Everything of the present variant. */
typedef struct lab_t {
  const bias_request_t *request;
  epx_network_t network;
  epx_dynamics_t dynamics;
  epx_pool_t pool;
  bool referenced; /* bptt and equilibrium are those of the variant */
  epx_params_t *bptt, *equilibrium, *estimate, *quantised;
  double *loss;
  uint8_t *predicted;
  epx_substrate_t *substrate; /* of the present formats, after its free phase; or NULL */
  bias_progress_t progress;
  char line[192];
} lab_t;

static epx_status_t free_phase(lab_t *lab, epx_substrate_t *substrate, const epx_params_t *params,
                               epx_error_t *error) {
  epx_status_t status = epx_substrate_load(substrate, params, error);
  const epx_calibration_t step = {lab->dynamics, lab->request->experiment->estimator,
                                  batch_npz_whole(lab->request->batch)};
  status = status == EPX_OK ? epx_ep_calibrate(substrate, &step, error) : status;
  return status == EPX_OK
             ? epx_ep_free(substrate, &lab->dynamics, &step.batch, lab->loss, lab->predicted, error)
             : status;
}

/* The exact gradients of the variant, in float64 with exact parameters. */
static epx_status_t make_references(lab_t *lab, epx_error_t *error) {
  epx_substrate_t *golden = NULL;
  if (lab->referenced) {
    return EPX_OK;
  }
  epx_status_t status =
      epx_golden_f64_create(&lab->network, lab->request->batch->n, &golden, error);
  if (status != EPX_OK) {
    return status;
  }
  status = free_phase(lab, golden, lab->request->params, error);
  if (status == EPX_OK) {
    epx_substrate_recall_free(golden);
    status = epx_golden_f64_bptt(golden, lab->dynamics.nudged_steps, lab->bptt, error);
  }
  if (status == EPX_OK) {
    status = epx_golden_f64_bptt(golden, lab->request->equilibrium_steps, lab->equilibrium, error);
  }
  lab->referenced = status == EPX_OK;
  epx_substrate_destroy(golden);
  return status;
}

/* The members of a row that the variant fixes. */
static epx_bias_row_t variant_row(const lab_t *lab, const char *rung) {
  epx_bias_row_t row = {.free_steps = lab->dynamics.free_steps,
                        .nudged_steps = lab->dynamics.nudged_steps};
  snprintf(row.pool, sizeof row.pool, "%s", epx_pool_name(lab->pool));
  snprintf(row.switches, sizeof row.switches, "%s",
           epx_switches_name(lab->dynamics.relaxation.switches));
  snprintf(row.update, sizeof row.update, "%s",
           epx_update_order_name(lab->dynamics.relaxation.update));
  snprintf(row.rung, sizeof row.rung, "%s", rung);
  return row;
}

/* Whether the block that ends with this row (layer "all", reference "equilibrium") is recorded. */
static bool is_recorded(const lab_t *lab, epx_bias_row_t row) {
  strcpy(row.layer, "all");
  strcpy(row.reference, "equilibrium");
  return epx_bias_record_has(lab->request->record, &row) != 0;
}

static int add_agreement(const lab_t *lab, epx_bias_row_t row, const char *name,
                         const epx_params_t *estimate, const epx_params_t *reference,
                         epx_bias_row_t *rows) {
  const int layers = lab->request->params->layer_count;
  strcpy(row.reference, name);
  for (int l = 0; l <= layers; ++l) {
    const agreement_t a = agreement_of(estimate, reference, l < layers ? l : -1);
    strcpy(row.layer, l < layers ? lab->request->params->name[l] : "all");
    row.cosine = a.cosine;
    row.relative_l2 = a.relative_l2;
    row.sign_agreement = a.sign_agreement;
    rows[l] = row;
  }
  return layers + 1;
}

/* Appends the block of one estimate: every layer against one or both references. */
static epx_status_t record_estimate(lab_t *lab, epx_bias_row_t row, const epx_params_t *estimate,
                                    bool against_bptt, epx_error_t *error) {
  epx_bias_row_t rows[2 * (EPX_MAX_LAYERS + 2)];
  int count = 0;
  if (against_bptt) {
    count += add_agreement(lab, row, "bptt", estimate, lab->bptt, rows);
    snprintf(lab->line, sizeof lab->line,
             "%s %s %s beta %g, states %s, synapses %s, %s: cosine %.4f", row.pool, row.switches,
             row.estimator, row.beta, row.state, row.synapse, row.rung, rows[count - 1].cosine);
  } else {
    snprintf(lab->line, sizeof lab->line, "%s %s BPTT over %d steps against equilibrium", row.pool,
             row.switches, row.nudged_steps);
  }
  count += add_agreement(lab, row, "equilibrium", estimate, lab->equilibrium, rows + count);
  return epx_bias_record_append(lab->request->record, rows, count, error);
}

/* Counts a point; false where it is recorded already. */
static bool begin_point(lab_t *lab, const epx_bias_row_t *row) {
  ++lab->progress.done;
  lab->line[0] = '\0';
  if (is_recorded(lab, *row)) {
    lab->progress.line = lab->line;
    lab->request->progress(lab->request->context, &lab->progress);
    return false;
  }
  return true;
}

static epx_status_t end_point(lab_t *lab, epx_error_t *error) {
  ++lab->progress.measured;
  lab->progress.line = lab->line;
  lab->request->progress(lab->request->context, &lab->progress);
  return lab->request->stop() != 0
             ? epx_fail(error, EPX_ERR_INTERRUPTED,
                        "interrupted after point %d of %d; the same command goes on",
                        lab->progress.done, lab->progress.total)
             : EPX_OK;
}

static epx_status_t measure_finite_t(lab_t *lab, epx_error_t *error) {
  epx_bias_row_t row = variant_row(lab, "finite_t");
  strcpy(row.state, "float64");
  strcpy(row.synapse, "exact");
  if (!begin_point(lab, &row)) {
    return EPX_OK;
  }
  epx_status_t status = make_references(lab, error);
  status = status == EPX_OK ? record_estimate(lab, row, lab->bptt, false, error) : status;
  return status == EPX_OK ? end_point(lab, error) : status;
}

/* The golden model in the formats, relaxed freely; made once. */
static epx_status_t prepare(lab_t *lab, const bias_format_t *state, const bias_format_t *synapse,
                            epx_error_t *error) {
  if (lab->substrate != NULL) {
    return EPX_OK;
  }
  const epx_precision_t precision = state->single ? EPX_PRECISION_FLOAT32 : EPX_PRECISION_FLOAT64;
  epx_status_t status =
      epx_golden_create(precision, &lab->network, lab->request->batch->n, &lab->substrate, error);
  if (status != EPX_OK) {
    return status;
  }
  if (state->quantised) {
    epx_golden_f64_quantise_states(lab->substrate, state->format);
  }
  bias_quantise_params(lab->request->params, synapse->quantised ? &synapse->format : NULL,
                       lab->quantised);
  return free_phase(lab, lab->substrate, lab->quantised, error);
}

static epx_status_t estimate(lab_t *lab, const epx_estimator_t *estimator, epx_error_t *error) {
  const epx_status_t status = epx_ep_nudged(lab->substrate, &lab->dynamics, estimator, 1, error);
  return status == EPX_OK ? epx_substrate_gradient(lab->substrate, estimator, lab->estimate, error)
                          : status;
}

static epx_bias_row_t point_row(const lab_t *lab, const char *rung, const char *state,
                                const char *synapse, const epx_estimator_t *estimator) {
  epx_bias_row_t row = variant_row(lab, rung);
  snprintf(row.state, sizeof row.state, "%s", state);
  snprintf(row.synapse, sizeof row.synapse, "%s", synapse);
  snprintf(row.estimator, sizeof row.estimator, "%s", epx_estimator_row(estimator->kind)->name);
  row.beta = estimator->beta;
  return row;
}

/* Item k of estimators x betas; the rest as configured. */
static epx_estimator_t grid_estimator(const lab_t *lab, int k) {
  const bias_grid_t *grid = lab->request->grid;
  epx_estimator_t estimator = lab->request->experiment->estimator;
  estimator.kind = grid->estimator[k / grid->betas];
  estimator.beta = grid->beta[k % grid->betas];
  return estimator;
}

static epx_status_t measure_formats(lab_t *lab, const bias_format_t *state,
                                    const bias_format_t *synapse, epx_error_t *error) {
  const bias_grid_t *grid = lab->request->grid;
  const char *rung = synapse->quantised                  ? "synapse"
                     : state->quantised || state->single ? "state"
                                                         : "finite_beta";
  epx_status_t status = EPX_OK;
  for (int k = 0; status == EPX_OK && k < grid->estimators * grid->betas; ++k) {
    const epx_estimator_t estimator = grid_estimator(lab, k);
    const epx_bias_row_t row = point_row(lab, rung, state->name, synapse->name, &estimator);
    if (!begin_point(lab, &row)) {
      continue;
    }
    status = make_references(lab, error);
    status = status == EPX_OK ? prepare(lab, state, synapse, error) : status;
    status = status == EPX_OK ? estimate(lab, &estimator, error) : status;
    status = status == EPX_OK ? record_estimate(lab, row, lab->estimate, true, error) : status;
    status = status == EPX_OK ? end_point(lab, error) : status;
  }
  epx_substrate_destroy(lab->substrate);
  lab->substrate = NULL;
  return status;
}

/* Whether the twin models the variant. */
static bool has_chip(const lab_t *lab) {
  const epx_relaxation_t *relaxation = &lab->dynamics.relaxation;
  return lab->request->grid->chip && relaxation->update == EPX_UPDATE_SYNCHRONOUS &&
         relaxation->switches == EPX_SWITCHES_LIVE && relaxation->tolerance == 0.0 &&
         epx_twin_check(&lab->network, &lab->request->experiment->chip, NULL) == EPX_OK;
}

/* The chip's own formats, whole; then the rounding of the update that would follow. */
static epx_status_t measure_chip_point(lab_t *lab, const epx_estimator_t *estimator,
                                       const char *state, const char *synapse, epx_error_t *error) {
  const epx_experiment_t *experiment = lab->request->experiment;
  const epx_bias_row_t chip = point_row(lab, "chip", state, synapse, estimator);
  const epx_bias_row_t update = point_row(lab, "update", state, synapse, estimator);
  if (!begin_point(lab, &chip) && is_recorded(lab, update)) {
    return EPX_OK;
  }
  epx_status_t status = make_references(lab, error);
  if (status == EPX_OK && lab->substrate == NULL) {
    status = epx_twin_create(&lab->network, &experiment->chip, lab->request->batch->n,
                             &lab->substrate, error);
    status =
        status == EPX_OK ? free_phase(lab, lab->substrate, lab->request->params, error) : status;
  }
  status = status == EPX_OK ? estimate(lab, estimator, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  if (!is_recorded(lab, chip)) {
    status = record_estimate(lab, chip, lab->estimate, true, error);
  }
  bias_round_update(lab->estimate, &experiment->chip, &experiment->training);
  status = status == EPX_OK ? record_estimate(lab, update, lab->estimate, true, error) : status;
  return status == EPX_OK ? end_point(lab, error) : status;
}

static epx_status_t measure_chip(lab_t *lab, epx_error_t *error) {
  const bias_grid_t *grid = lab->request->grid;
  const epx_chip_t *chip = &lab->request->experiment->chip;
  char state[EPX_QFORMAT_TEXT_SIZE], synapse[EPX_QFORMAT_TEXT_SIZE];
  epx_status_t status = EPX_OK;
  epx_qformat_print(chip->state, state);
  epx_qformat_print(chip->synapse[0], synapse);
  for (int l = 1; l < chip->synapse_count; ++l) {
    if (memcmp(&chip->synapse[l], &chip->synapse[0], sizeof chip->synapse[0]) != 0) {
      strcpy(synapse, "by layer");
    }
  }
  for (int k = 0; status == EPX_OK && k < grid->estimators * grid->betas; ++k) {
    const epx_estimator_t estimator = grid_estimator(lab, k);
    status = measure_chip_point(lab, &estimator, state, synapse, error);
  }
  epx_substrate_destroy(lab->substrate);
  lab->substrate = NULL;
  return status;
}

static epx_status_t measure_variant(lab_t *lab, epx_error_t *error) {
  const bias_grid_t *grid = lab->request->grid;
  lab->referenced = false;
  epx_status_t status = measure_finite_t(lab, error);
  for (int k = 0; status == EPX_OK && k < grid->synapses * grid->states; ++k) {
    status = measure_formats(lab, &grid->state[k % grid->states], &grid->synapse[k / grid->states],
                             error);
  }
  return status == EPX_OK && has_chip(lab) ? measure_chip(lab, error) : status;
}

/* Calls visit for every variant of the grid until one fails. Without max pooling there are no
 * switches to tell apart. */
typedef epx_status_t visit_t(lab_t *lab, epx_error_t *error);

static epx_status_t each_variant(lab_t *lab, visit_t *visit, epx_error_t *error) {
  const bias_grid_t *grid = lab->request->grid;
  const epx_experiment_t *experiment = lab->request->experiment;
  epx_status_t status = EPX_OK;
  for (int p = 0; p < (grid->pools > 0 ? grid->pools : 1); ++p) {
    lab->network = experiment->network;
    if (grid->pools > 0) {
      epx_network_set_pool(&lab->network, grid->pool[p]);
    }
    lab->pool = epx_network_pool(&lab->network);
    const int kinds = grid->switch_kinds > 0 && lab->pool == EPX_POOL_MAX ? grid->switch_kinds : 1;
    const int pairs = grid->step_pairs > 0 ? grid->step_pairs : 1;
    for (int k = 0; status == EPX_OK && k < kinds * pairs; ++k) {
      lab->dynamics = experiment->dynamics;
      if (lab->pool != EPX_POOL_MAX) {
        lab->dynamics.relaxation.switches = EPX_SWITCHES_LIVE;
      } else if (grid->switch_kinds > 0) {
        lab->dynamics.relaxation.switches = grid->switches[k / pairs];
      }
      if (grid->step_pairs > 0) {
        lab->dynamics.free_steps = grid->steps[k % pairs].free;
        lab->dynamics.nudged_steps = grid->steps[k % pairs].nudged;
      }
      status = visit(lab, error);
    }
  }
  return status;
}

static epx_status_t count_variant(lab_t *lab, epx_error_t *error) {
  const bias_grid_t *grid = lab->request->grid;
  const int formats = grid->states * grid->synapses + (has_chip(lab) ? 1 : 0);
  (void)error;
  lab->progress.total += 1 + formats * grid->estimators * grid->betas;
  return EPX_OK;
}

int bias_measure_count(const bias_request_t *request) {
  lab_t lab = {.request = request};
  const epx_status_t status = each_variant(&lab, count_variant, NULL);
  (void)status; /* counting cannot fail */
  return lab.progress.total;
}

epx_status_t bias_measure(const bias_request_t *request, epx_error_t *error) {
  const size_t n = (size_t)request->batch->n;
  const epx_network_t *network = &request->experiment->network;
  lab_t lab = {.request = request, .progress = {.total = bias_measure_count(request)}};
  lab.loss = calloc(n, sizeof *lab.loss);
  lab.predicted = calloc(n, 1);
  epx_status_t status = EPX_OK;
  if (lab.loss == NULL || lab.predicted == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %zu images", n);
  }
  epx_params_t **const params[] = {&lab.bptt, &lab.equilibrium, &lab.estimate, &lab.quantised};
  for (size_t i = 0; status == EPX_OK && i < sizeof params / sizeof params[0]; ++i) {
    status = epx_params_create(network, params[i], error);
  }
  status = status == EPX_OK ? each_variant(&lab, measure_variant, error) : status;
  for (size_t i = 0; i < sizeof params / sizeof params[0]; ++i) {
    epx_params_destroy(*params[i]);
  }
  free(lab.loss);
  free(lab.predicted);
  return status;
}
