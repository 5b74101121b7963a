/* SPDX-License-Identifier: Apache-2.0 */
/* The definition of a sweep: written once, loaded, compared. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"
#include "epx_sweep_internal.h"

static const char SCHEMA[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE setting(key TEXT UNIQUE NOT NULL, value TEXT NOT NULL);"
    "CREATE TABLE axis(position INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL,"
    " \"values\" TEXT NOT NULL);"
    "CREATE TABLE point(\"index\" INTEGER PRIMARY KEY, settings TEXT NOT NULL,"
    " status TEXT NOT NULL CHECK(status IN ('pending', 'running', 'finished', 'failed')),"
    " test_error REAL, train_error REAL, test_loss REAL, energy_uj REAL,"
    " inference_energy_uj REAL, latency_us REAL, images_per_second REAL, seconds REAL,"
    " message TEXT);"
    "INSERT INTO meta VALUES('format', '1'), ('program', 'epxbar'), ('version', '" EPX_VERSION
    "');";

static bool is_axis(const epx_sweep_definition_t *definition, const char *key) {
  for (int i = 0; i < definition->axis_count; ++i) {
    if (strcmp(definition->axes[i].key, key) == 0) {
      return true;
    }
  }
  return false;
}

/* Checks one axis against itself and those before it, and multiplies *points by its length. */
static epx_status_t check_axis(const epx_sweep_definition_t *definition, int position, int *points,
                               epx_error_t *error) {
  const epx_sweep_axis_t *axis = &definition->axes[position];
  for (int i = 0; i < position; ++i) {
    if (strcmp(definition->axes[i].key, axis->key) == 0) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "The sweep names the axis %s twice.", axis->key);
    }
  }
  if (axis->value_count < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "The sweep's axis %s has no values.", axis->key);
  }
  for (int i = 0; i < axis->value_count; ++i) {
    for (int j = 0; j < i; ++j) {
      if (strcmp(axis->values[i], axis->values[j]) == 0) {
        return epx_fail(error, EPX_ERR_ARGUMENT, "The sweep's axis %s has the value %s twice.",
                        axis->key, axis->values[i]);
      }
    }
  }
  if (axis->value_count > EPX_SWEEP_MAX_POINTS / *points) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "The sweep has more than %d points.",
                    EPX_SWEEP_MAX_POINTS);
  }
  *points *= axis->value_count;
  return EPX_OK;
}

epx_status_t epx_sweep_check(const epx_sweep_definition_t *definition, int *points,
                             epx_error_t *error) {
  if (definition->axis_count < 1 || definition->axis_count > EPX_SWEEP_MAX_AXES) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "A sweep needs 1 to %d axes; found %d.",
                    EPX_SWEEP_MAX_AXES, definition->axis_count);
  }
  *points = 1;
  for (int i = 0; i < definition->axis_count; ++i) {
    const epx_status_t status = check_axis(definition, i, points, error);
    if (status != EPX_OK) {
      return status;
    }
  }
  return definition->base != NULL ? epx_settings_check(definition->base, error) : EPX_OK;
}

/* Inserts (first, second, json) into a table; takes over the JSON value. */
static epx_status_t insert_json(epx_sweep_store_t *store, const char *sql, int number,
                                const char *key, json_t *value, epx_error_t *error) {
  char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
  json_decref(value);
  if (text == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", store->path);
  }
  sqlite3_stmt *statement = NULL;
  epx_status_t status = epx_sweep_prepare(store, sql, &statement, error);
  if (status == EPX_OK) {
    sqlite3_bind_int(statement, 1, number);
    sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
    if (key != NULL) {
      sqlite3_bind_text(statement, 3, key, -1, SQLITE_STATIC);
    }
    status = epx_sweep_finish(store, statement, error);
  }
  free(text);
  return status;
}

static epx_status_t insert_axes(epx_sweep_store_t *store, const epx_sweep_definition_t *definition,
                                epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < definition->axis_count; ++i) {
    const epx_sweep_axis_t *axis = &definition->axes[i];
    json_t *values = json_array();
    for (int v = 0; v < axis->value_count; ++v) {
      json_array_append_new(values, epx_json_text(axis->values[v]));
    }
    status = insert_json(store, "INSERT INTO axis(position, \"values\", key) VALUES(?, ?, ?)", i,
                         axis->key, values, error);
  }
  return status;
}

static epx_status_t insert_points(epx_sweep_store_t *store,
                                  const epx_sweep_definition_t *definition, int points,
                                  epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int index = 0; status == EPX_OK && index < points; ++index) {
    json_t *settings = json_object();
    int stride = points;
    for (int i = 0; i < definition->axis_count; ++i) {
      const epx_sweep_axis_t *axis = &definition->axes[i];
      stride /= axis->value_count;
      json_object_set_new(settings, axis->key,
                          epx_json_text(axis->values[index / stride % axis->value_count]));
    }
    status =
        insert_json(store, "INSERT INTO point(\"index\", settings, status) VALUES(?, ?, 'pending')",
                    index, NULL, settings, error);
  }
  return status;
}

static epx_status_t insert_settings(epx_sweep_store_t *store,
                                    const epx_sweep_definition_t *definition, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && definition->base != NULL && i < definition->base->count;
       ++i) {
    const epx_setting_t *item = &definition->base->items[i];
    if (is_axis(definition, item->key)) {
      continue;
    }
    sqlite3_stmt *statement = NULL;
    status =
        epx_sweep_prepare(store, "INSERT INTO setting(key, value) VALUES(?, ?)", &statement, error);
    if (status == EPX_OK) {
      sqlite3_bind_text(statement, 1, item->key, -1, SQLITE_STATIC);
      sqlite3_bind_text(statement, 2, item->value, -1, SQLITE_STATIC);
      status = epx_sweep_finish(store, statement, error);
    }
  }
  return status;
}

epx_status_t epx_sweep_make(epx_sweep_store_t *store, const epx_sweep_definition_t *definition,
                            epx_error_t *error) {
  int points = 0;
  epx_status_t status = epx_sweep_check(definition, &points, error);
  if (status == EPX_OK) {
    status = epx_sweep_run(store, "BEGIN IMMEDIATE", error);
  }
  if (status == EPX_OK) {
    status = epx_sweep_run(store, SCHEMA, error);
  }
  if (status == EPX_OK) {
    status = insert_settings(store, definition, error);
  }
  if (status == EPX_OK) {
    status = insert_axes(store, definition, error);
  }
  if (status == EPX_OK) {
    status = insert_points(store, definition, points, error);
  }
  return status == EPX_OK ? epx_sweep_run(store, "COMMIT", error) : status;
}

static epx_status_t load_axis(epx_sweep_store_t *store, const char *key, const char *text,
                              epx_error_t *error) {
  json_t *object = json_pack("{s:s, s:o}", "key", key, "values", json_loads(text, 0, NULL));
  json_t *values = json_object_get(object, "values");
  const size_t count = json_array_size(values);
  const char **texts = calloc(count + 1, sizeof *texts);
  bool ok = texts != NULL && count > 0 && store->axis_count < EPX_SWEEP_MAX_AXES;
  for (size_t i = 0; ok && i < count; ++i) {
    texts[i] = json_string_value(json_array_get(values, i));
    ok = texts[i] != NULL;
  }
  if (!ok) {
    free(texts);
    json_decref(object);
    return epx_fail(error, EPX_ERR_FORMAT, "%s: the values of axis %s are no list of texts.",
                    store->path, key);
  }
  const int position = store->axis_count++;
  store->axis_values[position] = object;
  store->axes[position] = (epx_sweep_axis_t){epx_json_get_text(object, "key"), texts, (int)count};
  return EPX_OK;
}

/* One text that a query gives, compared by the caller; "" where there is none. */
static epx_status_t query_text(epx_sweep_store_t *store, const char *sql, char text[64],
                               epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) != SQLITE_OK) {
    return sqlite3_errcode(store->database) == SQLITE_ERROR
               ? epx_fail(error, EPX_ERR_FORMAT,
                          "%s: found an SQLite database of another program; expected a sweep file.",
                          store->path)
               : epx_sweep_fail(store, "read the sweep", error);
  }
  text[0] = '\0';
  if (sqlite3_step(statement) == SQLITE_ROW) {
    strncat(text, epx_sweep_text(statement, 0), 63);
  }
  sqlite3_finalize(statement);
  return EPX_OK;
}

static epx_status_t check_point_count(const epx_sweep_store_t *store, epx_error_t *error) {
  int64_t expected = store->axis_count > 0 ? 1 : 0;
  for (int i = 0; i < store->axis_count && expected <= EPX_SWEEP_MAX_POINTS; ++i) {
    expected *= store->axes[i].value_count;
  }
  return store->point_count == expected
             ? EPX_OK
             : epx_fail(error, EPX_ERR_FORMAT, "%s: found %d points; expected %lld from the axes.",
                        store->path, store->point_count, (long long)expected);
}

epx_status_t epx_sweep_load(epx_sweep_store_t *store, epx_error_t *error) {
  char text[64];
  epx_status_t status =
      query_text(store,
                 "SELECT value FROM meta WHERE key = 'format' AND EXISTS"
                 "(SELECT * FROM meta WHERE key = 'program' AND value = 'epxbar')",
                 text, error);
  if (status != EPX_OK) {
    return status;
  }
  if (strcmp(text, "1") != 0) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: found sweep format '%s'; expected %d.", store->path,
                    text, EPX_SWEEP_FORMAT);
  }
  sqlite3_stmt *statement = NULL;
  status = epx_sweep_prepare(store, "SELECT key, \"values\" FROM axis ORDER BY position",
                             &statement, error);
  int result = SQLITE_DONE;
  while (status == EPX_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
    status = load_axis(store, epx_sweep_text(statement, 0), epx_sweep_text(statement, 1), error);
  }
  if (status == EPX_OK && result != SQLITE_DONE) {
    status = epx_sweep_fail(store, "read the axes", error);
  }
  sqlite3_finalize(statement);
  if (status == EPX_OK) {
    status = query_text(store, "SELECT count(*) FROM point", text, error);
    store->point_count = atoi(text);
  }
  return status == EPX_OK ? check_point_count(store, error) : status;
}
