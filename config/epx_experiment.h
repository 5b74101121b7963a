/* SPDX-License-Identifier: Apache-2.0 */
/* One experiment: everything that a YAML file describes, as plain data. */
#ifndef EPX_EXPERIMENT_H
#define EPX_EXPERIMENT_H

#include "epx_chip.h"
#include "epx_dataset.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_network.h"
#include "epx_training.h"

typedef enum epx_substrate_kind_t { EPX_SUBSTRATE_GOLDEN, EPX_SUBSTRATE_TWIN } epx_substrate_kind_t;
typedef enum epx_precision_t { EPX_PRECISION_FLOAT32, EPX_PRECISION_FLOAT64 } epx_precision_t;

typedef struct epx_substrate_config_t {
  epx_substrate_kind_t kind;
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

#endif
