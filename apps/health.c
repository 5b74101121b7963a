/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include <math.h>
#include <stdio.h>

#include "epx_health_record.h"
#include "epx_mapping.h"
#include "epx_trainer.h"

/* Shares from which a format is said not to hold its numbers. */
static const double most_zero = 0.5, most_full = 0.1, nearly_all = 0.999;

/* The format of the same width whose range is the least that holds `reach`. */
static epx_qformat_t fitting(epx_qformat_t format, double reach) {
  const int width = epx_qformat_bits(format);
  int exponent = 0;
  (void)frexp(reach, &exponent); /* reach < 2^exponent */
  const int integer = exponent < -64 ? -64 : exponent > 30 ? 30 : exponent;
  format.integer_bits = (int8_t)integer;
  format.fraction_bits = (int8_t)(width - (format.is_signed ? 1 : 0) - integer);
  return format;
}

static bool same(epx_qformat_t a, epx_qformat_t b) {
  return a.integer_bits == b.integer_bits && a.fraction_bits == b.fraction_bits;
}

static void say_weights(const epx_experiment_t *experiment, const epx_health_layer_t *at,
                        double share, const char *what, double reach) {
  const epx_qformat_t now = epx_chip_synapse(&experiment->chip, at->parameter);
  const epx_qformat_t better = fitting(now, reach);
  char text[2][EPX_QFORMAT_TEXT_SIZE];
  fprintf(stderr, "%s: %.1f %% of the weights are %s in %s (the largest is %.3g); ", at->name,
          100.0 * share, what, epx_qformat_print(now, text[0]), at->reach);
  if (reach == 0.0) {
    fprintf(stderr, "all of them are 0: training.init_scale\n");
  } else if (same(now, better)) {
    fprintf(stderr, "chip.synapse.format: more bits\n");
  } else {
    fprintf(stderr, "chip.synapse.format: %s would fit\n", epx_qformat_print(better, text[1]));
  }
}

/* Bits below the last one that would let a typical step move a weight. */
static void say_updates(const epx_experiment_t *experiment, const epx_health_layer_t *at) {
  const int more = at->step > 0.0 ? (int)ceil(-log2(at->step)) : 0;
  const int bits = experiment->chip.shadow_bits + (more > 0 ? more : 1);
  fprintf(stderr,
          "%s: %.1f %% of the updates round to nothing (a typical step is %.2g of a weight's last "
          "bit); ",
          at->name, 100.0 * epx_share_part(&at->updates, at->updates.zero), at->step);
  if (bits <= 16) {
    fprintf(stderr,
            "chip.synapse.shadow_bits: %d would hold them, or chip.rounding.update: "
            "stochastic\n",
            bits);
  } else {
    fprintf(stderr, "training.learning_rate, or chip.rounding.update: stochastic\n");
  }
}

typedef enum fault_t {
  WEIGHTS_ZERO,
  WEIGHTS_FULL,
  BIASES_FULL,
  VELOCITIES_FULL,
  UPDATES_LOST,
  STATES_ZERO,
  STATES_FULL,
  NUDGES_LOST,
  FAULTS
} fault_t;

static bool has(const epx_experiment_t *experiment, const epx_health_layer_t *at, fault_t fault) {
  switch (fault) {
    case WEIGHTS_ZERO:
      return epx_share_part(&at->weights, at->weights.zero) > most_zero;
    case WEIGHTS_FULL:
      return epx_share_part(&at->weights, at->weights.full) > most_full;
    case BIASES_FULL:
      return epx_share_part(&at->biases, at->biases.full) > most_full;
    case VELOCITIES_FULL:
      return epx_share_part(&at->velocities, at->velocities.full) > most_full;
    case UPDATES_LOST: /* what stochastic rounding loses now it brings later */
      return experiment->chip.update_rounding != EPX_ROUND_STOCHASTIC && at->step > 0.0 &&
             epx_share_part(&at->updates, at->updates.zero) > nearly_all;
    case STATES_ZERO:
      return epx_share_part(&at->states, at->states.zero) > nearly_all;
    case STATES_FULL:
      return epx_share_part(&at->states, at->states.full) > nearly_all;
    case NUDGES_LOST:
      return epx_share_part(&at->nudges, at->nudges.zero) > nearly_all;
    case FAULTS:
      break;
  }
  return false;
}

static void say(const epx_experiment_t *experiment, const epx_health_layer_t *at, fault_t fault) {
  char text[2][EPX_QFORMAT_TEXT_SIZE];
  const epx_chip_t *chip = &experiment->chip;
  switch (fault) {
    case WEIGHTS_ZERO:
      say_weights(experiment, at, epx_share_part(&at->weights, at->weights.zero), "0", at->reach);
      break;
    case WEIGHTS_FULL: /* how far they would go the format itself hides */
      say_weights(experiment, at, epx_share_part(&at->weights, at->weights.full),
                  "at an end of their range", 1.5 * at->reach);
      break;
    case BIASES_FULL:
    case VELOCITIES_FULL: {
      const bool bias = fault == BIASES_FULL;
      const epx_share_t *share = bias ? &at->biases : &at->velocities;
      epx_qformat_t now = bias ? chip->bias : chip->velocity, wider = now;
      wider.integer_bits = (int8_t)(wider.integer_bits + 1);
      wider.fraction_bits = (int8_t)(wider.fraction_bits - 1);
      fprintf(stderr, "%s: %.1f %% of the %s are at an end of %s; %s: %s reaches twice as far\n",
              at->name, 100.0 * epx_share_part(share, share->full), bias ? "biases" : "velocities",
              epx_qformat_print(now, text[0]), bias ? "chip.bias" : "chip.velocity",
              epx_qformat_print(wider, text[1]));
      break;
    }
    case UPDATES_LOST:
      say_updates(experiment, at);
      break;
    case STATES_ZERO:
    case STATES_FULL:
      fprintf(stderr,
              "%s: %.1f %% of the states are at the %s end of their range; training.init_scale, "
              "chip.state\n",
              at->name,
              100.0 * epx_share_part(&at->states,
                                     fault == STATES_ZERO ? at->states.zero : at->states.full),
              fault == STATES_ZERO ? "lower" : "upper");
      break;
    case NUDGES_LOST:
      fprintf(stderr,
              "%s: %.1f %% of the nudges round to 0; estimator.beta, or more fraction bits in "
              "chip.synapse.format\n",
              at->name, 100.0 * epx_share_part(&at->nudges, at->nudges.zero));
      break;
    case FAULTS:
      break;
  }
}

static void say_new(const epx_experiment_t *experiment, const epx_health_t *health,
                    health_said_t *said) {
  for (int i = 0; i < health->layers; ++i) {
    for (int fault = 0; fault < FAULTS; ++fault) {
      if ((said->layer[i] >> fault & 1u) == 0 &&
          has(experiment, &health->layer[i], (fault_t)fault)) {
        said->layer[i] |= 1u << fault;
        say(experiment, &health->layer[i], (fault_t)fault);
      }
    }
  }
}

epx_status_t health_record(const char *folder, int epoch, int quiet,
                           const epx_experiment_t *experiment, const epx_substrate_t *substrate,
                           health_said_t *said, epx_error_t *error) {
  epx_health_row_t rows[EPX_HEALTH_LAYERS];
  epx_health_t health;
  if (substrate->ops->health == NULL) {
    return EPX_OK;
  }
  const epx_update_rule_t rule = epx_trainer_rule(&experiment->training, epoch > 0 ? epoch - 1 : 0);
  epx_status_t status =
      substrate->ops->health(substrate, &experiment->estimator, &rule, &health, error);
  if (status != EPX_OK) {
    return status;
  }
  if (quiet == 0) {
    say_new(experiment, &health, said);
  }
  for (int i = 0; i < health.layers; ++i) {
    rows[i] = epx_health_row(epoch, &health.layer[i]);
  }
  return folder != NULL ? epx_health_append(folder, rows, health.layers, error) : EPX_OK;
}
