/* SPDX-License-Identifier: Apache-2.0 */
#include "chip_drive.h"

#include <math.h>
#include <stdlib.h>

#include "epx_ep.h"
#include "epx_twin.h"

enum { EVENT, WHOLE, TWINS };

typedef struct pair_t {
  epx_substrate_t *twin[TWINS];
  epx_params_t *params, *gradient[TWINS];
  double *states[TWINS], *loss;
  uint8_t *predicted;
  size_t size; /* of all layers' states */
} pair_t;

static void release(pair_t *pair) {
  for (int i = 0; i < TWINS; ++i) {
    epx_substrate_destroy(pair->twin[i]);
    epx_params_destroy(pair->gradient[i]);
    free(pair->states[i]);
  }
  epx_params_destroy(pair->params);
  free(pair->loss);
  free(pair->predicted);
}

static epx_status_t open_pair(const epx_experiment_t *experiment, epx_substrate_t *from, int n,
                              pair_t *pair, epx_error_t *error) {
  const epx_network_t *network = &experiment->network;
  epx_chip_t chip = experiment->chip;
  epx_status_t status = epx_params_create(network, &pair->params, error);
  status = status == EPX_OK ? epx_substrate_store(from, pair->params, error) : status;
  for (int l = 0; l < network->layer_count; ++l) {
    pair->size += (size_t)n * from->shapes[l].out_size;
  }
  for (int i = 0; status == EPX_OK && i < TWINS; ++i) {
    chip.event_driven = i == EVENT;
    status = epx_twin_create(network, &chip, n, &pair->twin[i], error);
    status = status == EPX_OK ? epx_substrate_load(pair->twin[i], pair->params, error) : status;
    status = status == EPX_OK ? epx_params_create(network, &pair->gradient[i], error) : status;
    pair->states[i] = malloc(pair->size * sizeof *pair->states[i]);
  }
  pair->loss = malloc((size_t)n * sizeof *pair->loss);
  pair->predicted = malloc((size_t)n);
  if (status == EPX_OK && (pair->states[EVENT] == NULL || pair->states[WHOLE] == NULL ||
                           pair->loss == NULL || pair->predicted == NULL)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for two twins of %d images", n);
  }
  return status;
}

static epx_status_t train(const epx_experiment_t *experiment, pair_t *pair, int i, const float *x,
                          const uint8_t *labels, int n, epx_error_t *error) {
  epx_substrate_t *twin = pair->twin[i];
  double *states = pair->states[i];
  const epx_calibration_t step = {experiment->dynamics, experiment->estimator,
                                  epx_batch_f32(x, labels, n)};
  epx_status_t status = epx_ep_calibrate(twin, &step, error);
  status = status == EPX_OK
               ? epx_ep_free(twin, &step.dynamics, &step.batch, pair->loss, pair->predicted, error)
               : status;
  for (int l = 0; status == EPX_OK && l < experiment->network.layer_count; ++l) {
    epx_substrate_states(twin, l, states);
    states += (size_t)n * twin->shapes[l].out_size;
  }
  status =
      status == EPX_OK ? epx_ep_nudged(twin, &step.dynamics, &step.estimator, 1, error) : status;
  return status == EPX_OK ? epx_substrate_gradient(twin, &step.estimator, pair->gradient[i], error)
                          : status;
}

epx_status_t chip_drive_compare(const epx_experiment_t *experiment, epx_substrate_t *twin,
                                const float *x, const uint8_t *labels, int n, chip_drive_t *result,
                                epx_error_t *error) {
  pair_t pair = {.size = 0};
  epx_status_t status = open_pair(experiment, twin, n, &pair, error);
  for (int i = 0; status == EPX_OK && i < TWINS; ++i) {
    status = train(experiment, &pair, i, x, labels, n, error);
  }
  if (status == EPX_OK) {
    *result = (chip_drive_t){.states = (double)pair.size};
    for (size_t i = 0; i < pair.size; ++i) {
      const double steps = ldexp(fabs(pair.states[EVENT][i] - pair.states[WHOLE][i]),
                                 experiment->chip.state.fraction_bits);
      result->differing += steps > 0.0 ? 1.0 / (double)pair.size : 0.0;
      result->rms += steps * steps / (double)pair.size;
      result->largest = fmax(result->largest, steps);
    }
    result->rms = sqrt(result->rms);
    result->gradient = agreement_of(pair.gradient[EVENT], pair.gradient[WHOLE], -1);
  }
  release(&pair);
  return status;
}
