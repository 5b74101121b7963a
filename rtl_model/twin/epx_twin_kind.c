/* SPDX-License-Identifier: Apache-2.0 */
/* The twin as a kind of substrate: what of an experiment it models. */
#include "epx_plan.h"
#include "epx_twin.h"

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

static epx_status_t check(const epx_substrate_setup_t *setup, epx_error_t *error) {
  if (setup->estimator->continual) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "estimator.continual: the twin updates after all phases; the golden substrate "
                    "models continual updates");
  }
  const epx_status_t status = check_cells(setup->chip, error);
  return status == EPX_OK ? epx_plan_check(setup->network, setup->chip, setup->dynamics, error)
                          : status;
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
