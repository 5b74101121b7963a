/* SPDX-License-Identifier: Apache-2.0 */
/* Checks across keys, after every value has passed its own type and range. */
#ifndef EPX_CONFIG_CHECK_H
#define EPX_CONFIG_CHECK_H

#include "epx_config_value.h"

/* Where every key was set, so that a check across keys can point at a line too. */
typedef struct epx_config_origins_t {
  const char *path; /* NULL: no file */
  epx_config_origin_t row[EPX_CONFIG_MAX_ROWS];
  epx_config_origin_t layer[EPX_MAX_LAYERS];
} epx_config_origins_t;

/* EPX_ERR_CONFIG for contradictions, EPX_ERR_UNSUPPORTED for what the substrate does not model.
 * The message is "FILE:LINE:COLUMN: KEY: ..." or "--set KEY: ..."; a default is called one. */
EPX_CHECKED epx_status_t epx_config_check(const epx_experiment_t *experiment,
                                          const epx_config_origins_t *origins, epx_error_t *error);

/* The part of these checks that concerns the network. */
EPX_CHECKED epx_status_t epx_config_check_network(const epx_experiment_t *experiment,
                                                  const epx_config_origins_t *origins,
                                                  epx_error_t *error);

#endif
