/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep as described in YAML:
 *
 *   base: cifar10-small.yaml          # experiment, beside the sweep file; absent: the default
 *   set: {training.epochs: 3}         # changes to it, the same for all points
 *   axes:                             # the grid; the last axis varies fastest
 *     estimator.kind: [one_sided, symmetric]
 *     chip.state: [UQ0.4, UQ0.6, UQ0.8]
 *
 * Errors are EPX_ERR_CONFIG with file, line and column. */
#ifndef SWEEP_FILE_H
#define SWEEP_FILE_H

#include "epx_experiment.h"
#include "epx_sweep_store.h"

enum { SWEEP_FILE_MAX_SET = 64, SWEEP_FILE_MAX_VALUES = 256 };

typedef struct sweep_file_t {
  char path[1024];               /* of this file, for messages */
  char base[1024];               /* path, or "" */
  char *set[SWEEP_FILE_MAX_SET]; /* "key=value" */
  int set_count;
  epx_sweep_axis_t axes[EPX_SWEEP_MAX_AXES];
  int axis_count;
} sweep_file_t;

EPX_CHECKED epx_status_t sweep_file_read(const char *path, sweep_file_t *file, epx_error_t *error);
void sweep_file_free(sweep_file_t *file);

/* The experiment of one point: base, set, extra overrides, then one value per axis (values NULL: of
 * the base alone). */
EPX_CHECKED epx_status_t sweep_file_experiment(const sweep_file_t *file,
                                               const char *const *overrides, int override_count,
                                               char *const *values, epx_experiment_t *experiment,
                                               epx_error_t *error);

/* EPX_ERR_CONFIG where an axis has an unknown key, or a value that no point can take. */
EPX_CHECKED epx_status_t sweep_file_check(const sweep_file_t *file, const char *const *overrides,
                                          int override_count, epx_error_t *error);

#endif
