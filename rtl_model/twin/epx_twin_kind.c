/* SPDX-License-Identifier: Apache-2.0 */
/* The twin as a kind of substrate: what of an experiment it models. */
#include "epx_twin.h"

static epx_status_t check_dynamics(const epx_substrate_setup_t *setup, epx_error_t *error) {
  const epx_relaxation_t *relaxation = &setup->dynamics->relaxation;
  const char *unmodelled =
      setup->estimator->continual ? "estimator.continual: the twin updates after all phases; the "
                                    "golden substrate models continual updates"
      : relaxation->update != EPX_UPDATE_SYNCHRONOUS ? "dynamics.update: the twin is synchronous"
      : relaxation->switches != EPX_SWITCHES_LIVE    ? "dynamics.switches: the twin's are live"
      : relaxation->tolerance != 0.0                 ? "dynamics.tolerance: the twin is exact, 0"
                                                     : NULL;
  return unmodelled == NULL ? EPX_OK : epx_fail(error, EPX_ERR_UNSUPPORTED, "%s", unmodelled);
}

/* Registers, each blamed by itself; the rest are rules of epx_twin_check. */
static epx_status_t check_registers(const epx_chip_t *chip, epx_error_t *error) {
  if (!chip->bias.is_signed) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED, "chip.bias: the twin's biases are signed");
  }
  if (!chip->velocity.is_signed) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.velocity: the twin's momentum registers are signed");
  }
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
  epx_status_t status = check_dynamics(setup, error);
  status = status == EPX_OK ? check_registers(setup->chip, error) : status;
  return status == EPX_OK ? epx_twin_check(setup->network, setup->chip, error) : status;
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
