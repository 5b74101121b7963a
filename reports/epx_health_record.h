/* SPDX-License-Identifier: Apache-2.0 */
/* health.csv of a run whose numbers have formats: what each layer's formats held, before training
 * (epoch 0) and at the end of each epoch (epx_health.h). */
#ifndef EPX_HEALTH_RECORD_H
#define EPX_HEALTH_RECORD_H

#include "epx_health.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shares from 0 to 1; NAN where the layer has none of the kind, or nothing was presented. */
typedef struct epx_health_row_t {
  int epoch;
  char layer[40];
  double weights_zero, weights_full, reach; /* reach: largest magnitude, a real number */
  double biases_full, velocities_full;
  double updates_lost; /* of weights that are to move, those that would not, to nearest */
  double states_zero, states_full;
  double nudges_lost; /* of pushes, those whose nudge is 0 */
} epx_health_row_t;

epx_health_row_t epx_health_row(int epoch, const epx_health_layer_t *layer);

/* Writes folder/health.csv anew, atomically: the rows of epochs before rows[0].epoch as they stand,
 * then these. */
EPX_CHECKED epx_status_t epx_health_append(const char *folder, const epx_health_row_t *rows,
                                           int count, epx_error_t *error);

/* The rows in order, to be freed by the caller. EPX_ERR_NOT_FOUND where there is no such file;
 * EPX_ERR_FORMAT names file and line. */
EPX_CHECKED epx_status_t epx_health_read(const char *folder, epx_health_row_t **rows, int *count,
                                         epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
