/* SPDX-License-Identifier: Apache-2.0 */
#include "gradient_npz.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch_npz.h"
#include "epx_ep.h"
#include "epx_golden.h"
#include "epx_npz.h"

/* Everything that the sets share. */
typedef struct job_t {
  const epx_experiment_t *experiment;
  const batch_npz_t *batch;
  epx_substrate_t *golden;
  epx_params_t *gradient;
  double *loss;
  uint8_t *predicted;
  epx_npz_t *out;
} job_t;

/* The present states of every layer as "state.<when>.<layer from 1>". */
static epx_status_t add_states(const job_t *job, const char *when, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int l = 0; status == EPX_OK && l < job->golden->network.layer_count; ++l) {
    char name[EPX_NPZ_NAME_SIZE];
    epx_npz_array_t *array = NULL;
    const epx_layer_shape_t *s = &job->golden->shapes[l];
    const size_t shape[4] = {(size_t)job->batch->n, (size_t)s->out_channels, (size_t)s->out_height,
                             (size_t)s->out_width};
    const bool conv = job->golden->network.layers[l].kind == EPX_LAYER_CONV;
    snprintf(name, sizeof name, "state.%s.%d", when, l + 1);
    status = epx_npz_add(job->out, name, EPX_DTYPE_F64, conv ? 4 : 2, shape, NULL, &array, error);
    if (status == EPX_OK) {
      epx_substrate_states(job->golden, l, array->data);
    }
  }
  return status;
}

static epx_status_t add_gradient(const job_t *job, const char *set, epx_error_t *error) {
  char prefix[64];
  snprintf(prefix, sizeof prefix, "grad.%s.", set);
  return epx_params_to_npz(job->gradient, prefix, job->out, error);
}

/* The free phase, its first step's states, its last and the loss there. */
static epx_status_t add_free(const job_t *job, epx_error_t *error) {
  const size_t n = (size_t)job->batch->n;
  const epx_batch_t batch = batch_npz_whole(job->batch);
  epx_status_t status = epx_substrate_present(job->golden, &batch, error);
  status = status == EPX_OK ? epx_substrate_relax(job->golden, 1, 0.0, error) : status;
  status = status == EPX_OK ? add_states(job, "step1", error) : status;
  status = status == EPX_OK ? epx_ep_free(job->golden, &job->experiment->dynamics, &batch,
                                          job->loss, job->predicted, error)
                            : status;
  status = status == EPX_OK ? add_states(job, "free", error) : status;
  return status == EPX_OK
             ? epx_npz_add(job->out, "loss.free", EPX_DTYPE_F64, 1, &n, job->loss, NULL, error)
             : status;
}

static epx_status_t add_nudged(const job_t *job, const char *when, double beta,
                               epx_error_t *error) {
  epx_substrate_recall_free(job->golden);
  const epx_status_t status =
      epx_substrate_relax(job->golden, job->experiment->dynamics.nudged_steps, beta, error);
  return status == EPX_OK ? add_states(job, when, error) : status;
}

static epx_status_t add_estimate(const job_t *job, epx_estimator_kind_t kind, const char *set,
                                 epx_error_t *error) {
  epx_estimator_t estimator = job->experiment->estimator;
  estimator.kind = kind;
  epx_status_t status =
      epx_ep_nudged(job->golden, &job->experiment->dynamics, &estimator, 1, error);
  status = status == EPX_OK ? epx_substrate_gradient(job->golden, &estimator, job->gradient, error)
                            : status;
  return status == EPX_OK ? add_gradient(job, set, error) : status;
}

static epx_status_t add_bptt(const job_t *job, int steps, const char *set, epx_error_t *error) {
  epx_substrate_recall_free(job->golden);
  const epx_status_t status = epx_golden_bptt(job->experiment->substrate.precision, job->golden,
                                              steps, job->gradient, error);
  return status == EPX_OK ? add_gradient(job, set, error) : status;
}

static epx_status_t add_all(job_t *job, int equilibrium_steps, epx_error_t *error) {
  static const epx_estimator_kind_t kinds[] = {EPX_ESTIMATOR_SYMMETRIC, EPX_ESTIMATOR_ONE_SIDED,
                                               EPX_ESTIMATOR_RICHARDSON};
  const double beta = job->experiment->estimator.beta;
  const bool uni = job->golden->network.connections == EPX_CONNECTIONS_UNIDIRECTIONAL;
  epx_status_t status = add_free(job, error);
  status = status == EPX_OK ? add_nudged(job, "plus", beta, error) : status;
  status = status == EPX_OK ? add_nudged(job, "minus", -beta, error) : status;
  for (int i = 0; status == EPX_OK && !uni && i < 3; ++i) {
    status = add_estimate(job, kinds[i], epx_estimator_row(kinds[i])->name, error);
  }
  for (int rule = 0; status == EPX_OK && uni && rule < 2; ++rule) {
    job->golden->network.backward_rule = rule == 0 ? EPX_BACKWARD_SAME : EPX_BACKWARD_DIFFERENT;
    status = add_estimate(job, EPX_ESTIMATOR_SYMMETRIC,
                          rule == 0 ? "symmetric_same" : "symmetric_different", error);
  }
  if (status == EPX_OK) {
    status = add_bptt(job, job->experiment->dynamics.nudged_steps, "bptt", error);
  }
  return status == EPX_OK ? add_bptt(job, equilibrium_steps, "equilibrium", error) : status;
}

static epx_status_t run(const epx_experiment_t *experiment, const gradient_npz_t *request,
                        const batch_npz_t *batch, const epx_params_t *params, epx_error_t *error) {
  job_t job = {.experiment = experiment, .batch = batch};
  epx_status_t status = epx_golden_create(experiment->substrate.precision, &experiment->network,
                                          batch->n, &job.golden, error);
  if (status != EPX_OK) {
    return status;
  }
  job.golden->relaxation = experiment->dynamics.relaxation;
  job.loss = calloc((size_t)batch->n, sizeof *job.loss);
  job.predicted = calloc((size_t)batch->n, 1);
  if (job.loss == NULL || job.predicted == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d images", batch->n);
  }
  status = status == EPX_OK ? epx_npz_create(&job.out, error) : status;
  status =
      status == EPX_OK ? epx_params_create(&experiment->network, &job.gradient, error) : status;
  status = status == EPX_OK ? epx_substrate_load(job.golden, params, error) : status;
  status = status == EPX_OK ? add_all(&job, request->equilibrium_steps, error) : status;
  status = status == EPX_OK ? epx_npz_write(request->out, job.out, error) : status;
  epx_params_destroy(job.gradient);
  epx_npz_destroy(job.out);
  epx_substrate_destroy(job.golden);
  free(job.loss);
  free(job.predicted);
  return status;
}

epx_status_t gradient_npz_run(const epx_experiment_t *experiment, const gradient_npz_t *request,
                              epx_error_t *error) {
  epx_params_t *params = NULL;
  batch_npz_t batch = {.n = 0};
  epx_status_t status = epx_params_create(&experiment->network, &params, error);
  status = status == EPX_OK ? params_npz_read(request->params, params, error) : status;
  status = status == EPX_OK ? batch_npz_read(request->batch, &experiment->network, &batch, error)
                            : status;
  status = status == EPX_OK ? run(experiment, request, &batch, params, error) : status;
  batch_npz_clear(&batch);
  epx_params_destroy(params);
  return status;
}
