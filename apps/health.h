/* SPDX-License-Identifier: Apache-2.0 */
/* Whether number formats hold what training puts into them. */
#ifndef HEALTH_H
#define HEALTH_H

#include "epx_experiment.h"
#include "epx_substrate.h"

/* What was said already, so that each layer's fault of a kind is said once. Zero: nothing. */
typedef struct health_said_t {
  unsigned layer[EPX_HEALTH_LAYERS];
} health_said_t;

/* Records the substrate's health in folder/health.csv (folder NULL: nowhere); epoch 0: before
 * training. Unless quiet, prints to stderr what formats do not hold, with the key to change and,
 * where one can be told, a format that would fit. Nothing happens where numbers have no formats. */
EPX_CHECKED epx_status_t health_record(const char *folder, int epoch, int quiet,
                                       const epx_experiment_t *experiment,
                                       const epx_substrate_t *substrate, health_said_t *said,
                                       epx_error_t *error);

#endif
