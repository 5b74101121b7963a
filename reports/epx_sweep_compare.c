/* SPDX-License-Identifier: Apache-2.0 */
/* Is the sweep that the user asks for the one in the file? */
#include <string.h>

#include "epx_sweep_internal.h"

static epx_status_t compare_axis(const epx_sweep_store_t *store, int position,
                                 const epx_sweep_axis_t *asked, epx_error_t *error) {
  const epx_sweep_axis_t *stored = &store->axes[position];
  if (strcmp(stored->key, asked->key) != 0) {
    return epx_fail(error, EPX_ERR_CONFIG,
                    "%s: another sweep: axis %d is %s in the file, %s in this sweep.", store->path,
                    position + 1, stored->key, asked->key);
  }
  for (int i = 0; i < stored->value_count && i < asked->value_count; ++i) {
    if (strcmp(stored->values[i], asked->values[i]) != 0) {
      return epx_fail(error, EPX_ERR_CONFIG,
                      "%s: another sweep: value %d of axis %s is %s in the file, %s in this sweep.",
                      store->path, i + 1, stored->key, stored->values[i], asked->values[i]);
    }
  }
  if (stored->value_count != asked->value_count) {
    return epx_fail(error, EPX_ERR_CONFIG,
                    "%s: another sweep: axis %s has %d values in the file, %d in this sweep.",
                    store->path, stored->key, stored->value_count, asked->value_count);
  }
  return EPX_OK;
}

static epx_status_t compare_axes(const epx_sweep_store_t *store,
                                 const epx_sweep_definition_t *definition, epx_error_t *error) {
  for (int i = 0; i < store->axis_count && i < definition->axis_count; ++i) {
    const epx_status_t status = compare_axis(store, i, &definition->axes[i], error);
    if (status != EPX_OK) {
      return status;
    }
  }
  if (store->axis_count != definition->axis_count) {
    return epx_fail(error, EPX_ERR_CONFIG,
                    "%s: another sweep: it has %d axes in the file, %d in this sweep.", store->path,
                    store->axis_count, definition->axis_count);
  }
  return EPX_OK;
}

static bool is_stored_axis(const epx_sweep_store_t *store, const char *key) {
  for (int i = 0; i < store->axis_count; ++i) {
    if (strcmp(store->axes[i].key, key) == 0) {
      return true;
    }
  }
  return false;
}

static const char *or_absent(const char *value) {
  return value != NULL ? value : "absent";
}

static epx_status_t settings_differ(const epx_sweep_store_t *store, const char *key,
                                    const char *stored, const char *asked, epx_error_t *error) {
  return epx_fail(error, EPX_ERR_CONFIG,
                  "%s: another configuration: %s is %s in the file, %s in this sweep; "
                  "use another file, or the old setting.",
                  store->path, key, or_absent(stored), or_absent(asked));
}

static epx_status_t compare_settings(const epx_sweep_store_t *store, const epx_settings_t *stored,
                                     const epx_settings_t *asked, epx_error_t *error) {
  for (int i = 0; i < asked->count; ++i) {
    const char *key = asked->items[i].key;
    const char *value = epx_settings_get(stored, key);
    if (!is_stored_axis(store, key) &&
        (value == NULL || strcmp(value, asked->items[i].value) != 0)) {
      return settings_differ(store, key, value, asked->items[i].value, error);
    }
  }
  for (int i = 0; i < stored->count; ++i) {
    if (epx_settings_get(asked, stored->items[i].key) == NULL) {
      return settings_differ(store, stored->items[i].key, stored->items[i].value, NULL, error);
    }
  }
  return EPX_OK;
}

epx_status_t epx_sweep_compare(epx_sweep_store_t *store, const epx_sweep_definition_t *definition,
                               epx_error_t *error) {
  static const epx_settings_t none;
  epx_settings_t stored = {0};
  epx_status_t status = compare_axes(store, definition, error);
  if (status == EPX_OK) {
    status = epx_sweep_settings(store, &stored, error);
  }
  if (status == EPX_OK) {
    status = compare_settings(store, &stored, definition->base != NULL ? definition->base : &none,
                              error);
  }
  epx_settings_clear(&stored);
  return status;
}
