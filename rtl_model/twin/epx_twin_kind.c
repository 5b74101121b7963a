/* SPDX-License-Identifier: Apache-2.0 */
/* The twin as a kind of substrate: what of an experiment it models. */
#include "epx_trainer.h"
#include "epx_twin_internal.h"

/* A cell may hold more than its weight has (pulses move the one cell of weights of several widths);
 * who writes a configuration hardly means it. */
static epx_status_t check_cells(const epx_chip_t *chip, epx_error_t *error) {
  for (int l = 0; l < chip->synapse_count; ++l) {
    const int bits = epx_qformat_bits(chip->synapse[l]);
    if (chip->bits_per_cell > bits) {
      return epx_fail(error, EPX_ERR_CONFIG,
                      "chip.array.bits_per_cell: a weight of parameter layer %d has %d bits", l,
                      bits);
    }
  }
  return EPX_OK;
}

/* Constants of the update circuits, at the schedule's first and last learning rates. */
static epx_status_t check_training(const epx_plan_t *plan, const epx_substrate_setup_t *setup,
                                   epx_error_t *error) {
  const epx_training_t *training = setup->training;
  const int scheduled = training->schedule_epochs;
  const int end = training->epochs > scheduled ? training->epochs : scheduled;
  const epx_update_rule_t first = epx_trainer_rule(training, 0);
  const epx_update_rule_t last = epx_trainer_rule(training, end);
  epx_status_t status = twin_check_rule(plan, setup->estimator, &first, "training.learning_rate",
                                        training->batch, error);
  if (status == EPX_OK) {
    status = twin_check_rule(plan, setup->estimator, &last, "training.final_learning_rate",
                             training->batch, error);
  }
  return status == EPX_OK ? EPX_OK : EPX_ERR_ARGUMENT;
}

static epx_status_t check(const epx_substrate_setup_t *setup, epx_error_t *error) {
  if (setup->estimator->continual) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "estimator.continual: the twin updates after all phases; the golden substrate "
                    "models continual updates");
  }
  epx_plan_t *plan = NULL;
  epx_status_t status = check_cells(setup->chip, error);
  status = status == EPX_OK
               ? epx_plan_make(setup->network, setup->chip, setup->dynamics, &plan, error)
               : status;
  if (status == EPX_OK && setup->training != NULL) {
    status = check_training(plan, setup, error);
  }
  epx_plan_destroy(plan);
  return status;
}

static epx_status_t create(const epx_substrate_setup_t *setup, int capacity,
                           epx_substrate_t **substrate, epx_error_t *error) {
  return epx_twin_create(setup->network, setup->chip, capacity, substrate, error);
}

const epx_substrate_kind_t epx_twin_kind = {
    .name = "twin",
    .help = "the chip's integers",
    .on_chip = true,
    .check = check,
    .create = create,
};
