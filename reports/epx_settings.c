/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_settings.h"

#include <stdlib.h>
#include <string.h>

static epx_setting_t *find(const epx_settings_t *settings, const char *key) {
  for (int i = 0; i < settings->count; ++i) {
    if (strcmp(settings->items[i].key, key) == 0) {
      return &settings->items[i];
    }
  }
  return NULL;
}

static epx_setting_t *grow(epx_settings_t *settings) {
  if (settings->count == settings->capacity) {
    const int capacity = settings->capacity == 0 ? 64 : 2 * settings->capacity;
    epx_setting_t *items = realloc(settings->items, (size_t)capacity * sizeof *items);
    if (items == NULL) {
      return NULL;
    }
    settings->items = items;
    settings->capacity = capacity;
  }
  return &settings->items[settings->count];
}

void epx_settings_set(epx_settings_t *settings, const char *key, const char *value) {
  char *copy = strdup(value);
  epx_setting_t *item = find(settings, key);
  if (copy != NULL && item != NULL) {
    free(item->value);
    item->value = copy;
    return;
  }
  char *name = strdup(key);
  item = grow(settings);
  if (copy == NULL || name == NULL || item == NULL) {
    free(copy);
    free(name);
    settings->out_of_memory = true;
    return;
  }
  *item = (epx_setting_t){name, copy};
  ++settings->count;
}

void epx_settings_visit(void *context, const char *key, const char *value) {
  epx_settings_set(context, key, value);
}

const char *epx_settings_get(const epx_settings_t *settings, const char *key) {
  const epx_setting_t *item = find(settings, key);
  return item != NULL ? item->value : NULL;
}

epx_status_t epx_settings_check(const epx_settings_t *settings, epx_error_t *error) {
  return settings->out_of_memory
             ? epx_fail(error, EPX_ERR_MEMORY, "Out of memory while copying the settings.")
             : EPX_OK;
}

void epx_settings_clear(epx_settings_t *settings) {
  for (int i = 0; i < settings->count; ++i) {
    free(settings->items[i].key);
    free(settings->items[i].value);
  }
  free(settings->items);
  *settings = (epx_settings_t){0};
}
