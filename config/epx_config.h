/* SPDX-License-Identifier: Apache-2.0 */
/* Reading experiments from YAML, through one table of keys: type, range, unit, default, help.
 *
 * The parser, `epxbar config --explain` and docs/configuration.md all come from that table. Errors
 * are EPX_ERR_CONFIG with "FILE:LINE:COLUMN: KEY: what was found; expected ..." (overrides: "--set
 * KEY: ..."). */
#ifndef EPX_CONFIG_H
#define EPX_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "epx_experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The embedded default: the demo's experiment (generated set, small convolutional network). */
void epx_config_default(epx_experiment_t *experiment);

/* Starts from the default, reads the file (NULL: none), applies overrides "a.b.c=value" in order,
 * and then checks across keys. */
EPX_CHECKED epx_status_t epx_config_load(const char *path, const char *const *overrides,
                                         int override_count, epx_experiment_t *experiment,
                                         epx_error_t *error);

/* Does the same without the checks of data, training and chip, for commands that use the network,
 * its dynamics and its estimator alone. */
EPX_CHECKED epx_status_t epx_config_load_network(const char *path, const char *const *overrides,
                                                 int override_count, epx_experiment_t *experiment,
                                                 epx_error_t *error);

/* Every key with type, range, unit, default and help; `prefix` (NULL: all) selects keys below it;
 * format: plain text for a terminal, or Markdown. */
typedef enum epx_config_format_t { EPX_CONFIG_TEXT, EPX_CONFIG_MARKDOWN } epx_config_format_t;
EPX_CHECKED epx_status_t epx_config_explain(FILE *out, const char *prefix,
                                            epx_config_format_t format, epx_error_t *error);

/* Calls visit(context, "network.loss", "cross_entropy") for every key, values in YAML flow form. */
typedef void epx_config_visit_t(void *context, const char *key, const char *value);
void epx_config_each(const epx_experiment_t *experiment, epx_config_visit_t *visit, void *context);

/* Whether the key may have another value when a run goes on (train --resume), and all such keys. */
bool epx_config_may_change(const char *key);
const char *const *epx_config_resume_keys(int *count);

/* Writes the experiment as a YAML file that loads back to the same experiment. */
EPX_CHECKED epx_status_t epx_config_write(const epx_experiment_t *experiment, FILE *out,
                                          epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
