/* SPDX-License-Identifier: Apache-2.0 */
/* The twin as a kind of substrate: what of an experiment it models. */
#include "epx_plan.h"
#include "epx_twin.h"

static epx_status_t check(const epx_substrate_setup_t *setup, epx_error_t *error) {
  if (setup->estimator->continual) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "estimator.continual: the twin updates after all phases; the golden substrate "
                    "models continual updates");
  }
  return epx_plan_check(setup->network, setup->chip, setup->dynamics, error);
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
