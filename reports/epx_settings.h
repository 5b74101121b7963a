/* SPDX-License-Identifier: Apache-2.0 */
/* A list of settings, dotted key -> YAML text: how reports and sweeps hold a configuration.
 *
 * Filled by epx_config_each(experiment, epx_settings_visit, &settings). */
#ifndef EPX_SETTINGS_H
#define EPX_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_setting_t {
  char *key;
  char *value;
} epx_setting_t;

/* Initialise with {0}. Items are owned by the list and keep their order of addition. */
typedef struct epx_settings_t {
  epx_setting_t *items;
  int count, capacity;
  bool out_of_memory; /* an addition failed; the functions that take a list then refuse it */
} epx_settings_t;

/* Sets a key; a key already there takes the new value. Failures set out_of_memory. */
void epx_settings_set(epx_settings_t *settings, const char *key, const char *value);

/* The same as a callback of epx_config_each; context is the epx_settings_t. */
void epx_settings_visit(void *context, const char *key, const char *value);

/* The value of a key, or NULL. */
const char *epx_settings_get(const epx_settings_t *settings, const char *key);

/* EPX_ERR_MEMORY where an addition failed, EPX_OK otherwise. */
EPX_CHECKED epx_status_t epx_settings_check(const epx_settings_t *settings, epx_error_t *error);

/* Frees the items and empties the list. */
void epx_settings_clear(epx_settings_t *settings);

#ifdef __cplusplus
}
#endif
#endif
