/* SPDX-License-Identifier: Apache-2.0 */
/* One experiment: everything that a YAML file describes, as plain data. */
#ifndef EPX_EXPERIMENT_H
#define EPX_EXPERIMENT_H

#include "epx_chip.h"
#include "epx_dataset.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_network.h"
#include "epx_substrates.h"
#include "epx_training.h"

typedef struct epx_substrate_config_t {
  epx_substrate_id_t kind;   /* of the registry */
  epx_precision_t precision; /* golden only */
} epx_substrate_config_t;

typedef struct epx_experiment_t {
  epx_network_t network;
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  epx_substrate_config_t substrate;
  epx_training_t training;
  epx_data_config_t data;
  epx_chip_t chip;
} epx_experiment_t;

/* The kind of its substrate. */
static inline const epx_substrate_kind_t *epx_experiment_kind(const epx_experiment_t *experiment) {
  return epx_substrate_kind((int)experiment->substrate.kind);
}

/* What a substrate of any kind is made from. */
static inline epx_substrate_setup_t epx_experiment_setup(const epx_experiment_t *experiment) {
  const epx_substrate_setup_t setup = {
      &experiment->network,  &experiment->dynamics,           &experiment->estimator,
      &experiment->training, experiment->substrate.precision, &experiment->chip};
  return setup;
}

#endif
