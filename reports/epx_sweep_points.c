/* SPDX-License-Identifier: Apache-2.0 */
/* The points of a sweep: next, record, list. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"
#include "epx_sweep_internal.h"

#define POINT_COLUMNS                                                            \
  "\"index\", settings, status, test_error, train_error, test_loss, energy_uj, " \
  "inference_energy_uj, latency_us, images_per_second, seconds, message"

static double number(sqlite3_stmt *statement, int column) {
  return sqlite3_column_type(statement, column) == SQLITE_NULL
             ? (double)NAN
             : sqlite3_column_double(statement, column);
}

static bool parse_status(const char *name, epx_sweep_status_t *status) {
  for (int i = EPX_SWEEP_PENDING; i <= EPX_SWEEP_FAILED; ++i) {
    if (strcmp(name, epx_sweep_status_name((epx_sweep_status_t)i)) == 0) {
      *status = (epx_sweep_status_t)i;
      return true;
    }
  }
  return false;
}

/* Fills a zeroed point from a row of POINT_COLUMNS; on failure the caller clears it. */
static epx_status_t read_point(epx_sweep_store_t *store, sqlite3_stmt *row,
                               epx_sweep_point_t *point, epx_error_t *error) {
  point->index = sqlite3_column_int(row, 0);
  json_t *settings = json_loads(epx_sweep_text(row, 1), 0, NULL);
  bool ok = parse_status(epx_sweep_text(row, 2), &point->status);
  for (int i = 0; ok && i < store->axis_count; ++i) {
    const char *value = json_string_value(json_object_get(settings, store->axes[i].key));
    point->values[i] = value != NULL ? strdup(value) : NULL;
    ok = point->values[i] != NULL;
  }
  json_decref(settings);
  point->axis_count = store->axis_count;
  point->result =
      (epx_sweep_result_t){number(row, 3), number(row, 4), number(row, 5), number(row, 6),
                           number(row, 7), number(row, 8), number(row, 9), number(row, 10)};
  point->message = strdup(epx_sweep_text(row, 11));
  return ok && point->message != NULL
             ? EPX_OK
             : epx_fail(error, EPX_ERR_FORMAT,
                        "%s: point %d: settings or status are malformed; expected a text for "
                        "each axis.",
                        store->path, point->index);
}

static epx_status_t mark(epx_sweep_store_t *store, int index, const char *from, const char *to,
                         epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  epx_status_t status = epx_sweep_prepare(
      store, "UPDATE point SET status = ? WHERE \"index\" = ? AND status = ?", &statement, error);
  if (status != EPX_OK) {
    return status;
  }
  sqlite3_bind_text(statement, 1, to, -1, SQLITE_STATIC);
  sqlite3_bind_int(statement, 2, index);
  sqlite3_bind_text(statement, 3, from, -1, SQLITE_STATIC);
  status = epx_sweep_finish(store, statement, error);
  if (status == EPX_OK && sqlite3_changes(store->database) != 1) {
    status = epx_fail(error, EPX_ERR_ARGUMENT, "%s: point %d is not %s.", store->path, index, from);
  }
  return status;
}

epx_status_t epx_sweep_next(epx_sweep_store_t *store, epx_sweep_point_t *point, bool *found,
                            epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  epx_sweep_point_t next = {0};
  epx_status_t status = epx_sweep_prepare(store,
                                          "SELECT " POINT_COLUMNS
                                          " FROM point WHERE status = 'pending' "
                                          "ORDER BY \"index\" LIMIT 1",
                                          &statement, error);
  if (status != EPX_OK) {
    return status;
  }
  const int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) {
    status = read_point(store, statement, &next, error);
  } else if (result != SQLITE_DONE) {
    status = epx_sweep_fail(store, "read the next point", error);
  }
  sqlite3_finalize(statement);
  if (status == EPX_OK && result == SQLITE_ROW) {
    status = mark(store, next.index, "pending", "running", error);
    next.status = EPX_SWEEP_RUNNING;
  }
  if (status == EPX_OK) {
    *found = result == SQLITE_ROW;
    if (*found) {
      *point = next;
    }
  } else {
    epx_sweep_point_clear(&next);
  }
  return status;
}

epx_status_t epx_sweep_release(epx_sweep_store_t *store, int index, epx_error_t *error) {
  return mark(store, index, "running", "pending", error);
}

static void bind_number(sqlite3_stmt *statement, int position, double x) {
  if (isfinite(x)) {
    sqlite3_bind_double(statement, position, x);
  } else {
    sqlite3_bind_null(statement, position);
  }
}

epx_status_t epx_sweep_record(epx_sweep_store_t *store, int index, epx_sweep_status_t status,
                              const epx_sweep_result_t *result, const char *message,
                              epx_error_t *error) {
  if (status != EPX_SWEEP_FINISHED && status != EPX_SWEEP_FAILED) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s: point %d ends as finished or failed, not %s.",
                    store->path, index, epx_sweep_status_name(status));
  }
  sqlite3_stmt *statement = NULL;
  epx_status_t outcome = epx_sweep_prepare(
      store,
      "UPDATE point SET status = ?1, test_error = ?2, train_error = ?3, test_loss = ?4, "
      "energy_uj = ?5, inference_energy_uj = ?6, latency_us = ?7, images_per_second = ?8, "
      "seconds = ?9, message = ?10 WHERE \"index\" = ?11 AND status = 'running'",
      &statement, error);
  if (outcome != EPX_OK) {
    return outcome;
  }
  const double numbers[] = {result->test_error,          result->train_error,
                            result->test_loss,           result->energy_uj,
                            result->inference_energy_uj, result->latency_us,
                            result->images_per_second,   result->seconds};
  sqlite3_bind_text(statement, 1, epx_sweep_status_name(status), -1, SQLITE_STATIC);
  for (int i = 0; i < 8; ++i) {
    bind_number(statement, 2 + i, numbers[i]);
  }
  sqlite3_bind_text(statement, 10, message, -1, SQLITE_STATIC); /* NULL binds NULL */
  sqlite3_bind_int(statement, 11, index);
  outcome = epx_sweep_finish(store, statement, error);
  if (outcome == EPX_OK && sqlite3_changes(store->database) != 1) {
    outcome = epx_fail(error, EPX_ERR_ARGUMENT, "%s: point %d is not running.", store->path, index);
  }
  return outcome;
}

epx_status_t epx_sweep_list(epx_sweep_store_t *store, epx_sweep_point_t **points, int *count,
                            epx_error_t *error) {
  epx_sweep_point_t *list = calloc((size_t)store->point_count + 1, sizeof *list);
  if (list == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", store->path);
  }
  sqlite3_stmt *statement = NULL;
  int used = 0, result = SQLITE_DONE;
  epx_status_t status = epx_sweep_prepare(
      store, "SELECT " POINT_COLUMNS " FROM point ORDER BY \"index\"", &statement, error);
  while (status == EPX_OK && used < store->point_count &&
         (result = sqlite3_step(statement)) == SQLITE_ROW) {
    status = read_point(store, statement, &list[used++], error);
  }
  if (status == EPX_OK && result != SQLITE_DONE && result != SQLITE_ROW) {
    status = epx_sweep_fail(store, "read the points", error);
  }
  sqlite3_finalize(statement);
  if (status != EPX_OK) {
    epx_sweep_points_free(list, used);
    return status;
  }
  *points = list;
  *count = used;
  return EPX_OK;
}

void epx_sweep_point_clear(epx_sweep_point_t *point) {
  for (int i = 0; i < EPX_SWEEP_MAX_AXES; ++i) {
    free(point->values[i]);
  }
  free(point->message);
  *point = (epx_sweep_point_t){0};
}

void epx_sweep_points_free(epx_sweep_point_t *points, int count) {
  for (int i = 0; points != NULL && i < count; ++i) {
    epx_sweep_point_clear(&points[i]);
  }
  free(points);
}
