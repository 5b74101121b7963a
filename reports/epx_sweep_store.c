/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_sweep_store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "epx_output.h"
#include "epx_sweep_internal.h"

static const char *const STATUS_NAMES[] = {"pending", "running", "finished", "failed"};
enum { BUSY_TIMEOUT_MS = 10000 };

const char *epx_sweep_status_name(epx_sweep_status_t status) {
  return STATUS_NAMES[status];
}

epx_sweep_result_t epx_sweep_result_unknown(void) {
  return (epx_sweep_result_t){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

epx_status_t epx_sweep_fail(epx_sweep_store_t *store, const char *action, epx_error_t *error) {
  const int code = sqlite3_errcode(store->database);
  const epx_status_t status = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? EPX_ERR_FORMAT
                              : code == SQLITE_NOMEM                          ? EPX_ERR_MEMORY
                                                                              : EPX_ERR_IO;
  if (code == SQLITE_NOTADB) {
    return epx_fail(error, status, "%s: found no SQLite database; expected a sweep file.",
                    store->path);
  }
  return epx_fail(error, status, "%s: cannot %s: %s.", store->path, action,
                  sqlite3_errmsg(store->database));
}

epx_status_t epx_sweep_run(epx_sweep_store_t *store, const char *sql, epx_error_t *error) {
  return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK
             ? EPX_OK
             : epx_sweep_fail(store, "use the sweep", error);
}

epx_status_t epx_sweep_prepare(epx_sweep_store_t *store, const char *sql, sqlite3_stmt **statement,
                               epx_error_t *error) {
  return sqlite3_prepare_v2(store->database, sql, -1, statement, NULL) == SQLITE_OK
             ? EPX_OK
             : epx_sweep_fail(store, "use the sweep", error);
}

epx_status_t epx_sweep_finish(epx_sweep_store_t *store, sqlite3_stmt *statement,
                              epx_error_t *error) {
  const int result = sqlite3_step(statement);
  const epx_status_t status =
      result == SQLITE_DONE ? EPX_OK : epx_sweep_fail(store, "write the sweep", error);
  sqlite3_finalize(statement);
  return status;
}

const char *epx_sweep_text(sqlite3_stmt *statement, int column) {
  const unsigned char *text = sqlite3_column_text(statement, column);
  return text != NULL ? (const char *)text : "";
}

static epx_status_t lock_file(epx_sweep_store_t *store, epx_error_t *error) {
  const epx_status_t status = epx_output_check(store->path, error);
  if (status != EPX_OK) {
    return status;
  }
  store->lock = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (store->lock < 0) {
    return epx_fail(error, EPX_ERR_IO, "%s: cannot open the sweep for writing: %s.", store->path,
                    strerror(errno));
  }
  if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? epx_fail(error, EPX_ERR_IO,
                          "%s: another process is running this sweep; wait for it or stop it.",
                          store->path)
               : epx_fail(error, EPX_ERR_IO, "%s: cannot lock the sweep: %s.", store->path,
                          strerror(errno));
  }
  return EPX_OK;
}

/* Readers open for writing too (where the file allows it): a sweep killed in the middle of a
 * transaction leaves a journal that the next to open must roll back. */
static epx_status_t open_database(epx_sweep_store_t *store, epx_error_t *error) {
  if (sqlite3_open_v2(store->path, &store->database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
    return store->database == NULL
               ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", store->path)
               : epx_sweep_fail(store, "open the sweep", error);
  }
  sqlite3_busy_timeout(store->database, BUSY_TIMEOUT_MS);
  sqlite3_stmt *check = NULL;
  epx_status_t status = epx_sweep_prepare(store, "PRAGMA quick_check(1)", &check, error);
  if (status != EPX_OK) {
    return status;
  }
  const int result = sqlite3_step(check);
  if (result != SQLITE_ROW) {
    status = epx_sweep_fail(store, "read the sweep", error);
  } else if (strcmp(epx_sweep_text(check, 0), "ok") != 0) {
    status = epx_fail(error, EPX_ERR_FORMAT, "%s: the sweep file is corrupt: %s.", store->path,
                      epx_sweep_text(check, 0));
  }
  sqlite3_finalize(check);
  return status;
}

static epx_status_t has_tables(epx_sweep_store_t *store, bool *found, epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  const epx_status_t status =
      epx_sweep_prepare(store, "SELECT count(*) FROM sqlite_master", &statement, error);
  if (status != EPX_OK) {
    return status;
  }
  *found = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;
  sqlite3_finalize(statement);
  return EPX_OK;
}

static epx_status_t make_store(const char *path, epx_sweep_store_t **store, epx_error_t *error) {
  epx_sweep_store_t *made = calloc(1, sizeof *made);
  if (made != NULL) {
    made->lock = -1;
    made->path = strdup(path);
  }
  if (made == NULL || made->path == NULL) {
    free(made);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  *store = made;
  return EPX_OK;
}

epx_status_t epx_sweep_open(const char *path, const epx_sweep_definition_t *definition,
                            epx_sweep_store_t **store, epx_error_t *error) {
  epx_sweep_store_t *made = NULL;
  bool exists = false;
  int points = 0;
  epx_status_t status = epx_sweep_check(definition, &points, error);
  if (status == EPX_OK) {
    status = make_store(path, &made, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  status = lock_file(made, error);
  if (status == EPX_OK) {
    status = open_database(made, error);
  }
  if (status == EPX_OK) {
    status = has_tables(made, &exists, error);
  }
  if (status == EPX_OK && !exists) {
    status = epx_sweep_make(made, definition, error);
  }
  if (status == EPX_OK) {
    status = epx_sweep_load(made, error);
  }
  if (status == EPX_OK && exists) {
    status = epx_sweep_compare(made, definition, error);
  }
  if (status == EPX_OK && exists) {
    status = epx_sweep_run(made,
                           "UPDATE point SET status = 'pending', message = NULL "
                           "WHERE status IN ('running', 'failed')",
                           error);
  }
  if (status == EPX_OK) {
    *store = made;
  } else {
    epx_sweep_close(made);
  }
  return status;
}

epx_status_t epx_sweep_open_read(const char *path, epx_sweep_store_t **store, epx_error_t *error) {
  if (access(path, F_OK) != 0) {
    return epx_fail(error, EPX_ERR_NOT_FOUND, "%s: cannot open the sweep: %s.", path,
                    strerror(errno));
  }
  epx_sweep_store_t *made = NULL;
  epx_status_t status = make_store(path, &made, error);
  if (status != EPX_OK) {
    return status;
  }
  status = open_database(made, error);
  if (status == EPX_OK) {
    status = epx_sweep_load(made, error);
  }
  if (status == EPX_OK) {
    *store = made;
  } else {
    epx_sweep_close(made);
  }
  return status;
}

void epx_sweep_close(epx_sweep_store_t *store) {
  if (store == NULL) {
    return;
  }
  sqlite3_close(store->database);
  if (store->lock >= 0) {
    close(store->lock);
  }
  for (int i = 0; i < EPX_SWEEP_MAX_AXES; ++i) {
    free((void *)store->axes[i].values);
    json_decref(store->axis_values[i]);
  }
  free(store->path);
  free(store);
}

int epx_sweep_point_count(const epx_sweep_store_t *store) {
  return store->point_count;
}

epx_status_t epx_sweep_count(epx_sweep_store_t *store, epx_sweep_status_t status, int *count,
                             epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  epx_status_t result =
      epx_sweep_prepare(store, "SELECT count(*) FROM point WHERE status = ?", &statement, error);
  if (result != EPX_OK) {
    return result;
  }
  sqlite3_bind_text(statement, 1, epx_sweep_status_name(status), -1, SQLITE_STATIC);
  if (sqlite3_step(statement) == SQLITE_ROW) {
    *count = sqlite3_column_int(statement, 0);
  } else {
    result = epx_sweep_fail(store, "count points", error);
  }
  sqlite3_finalize(statement);
  return result;
}

epx_status_t epx_sweep_settings(epx_sweep_store_t *store, epx_settings_t *settings,
                                epx_error_t *error) {
  sqlite3_stmt *statement = NULL;
  epx_status_t status =
      epx_sweep_prepare(store, "SELECT key, value FROM setting ORDER BY rowid", &statement, error);
  if (status != EPX_OK) {
    return status;
  }
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    epx_settings_set(settings, epx_sweep_text(statement, 0), epx_sweep_text(statement, 1));
  }
  status = result == SQLITE_DONE ? epx_settings_check(settings, error)
                                 : epx_sweep_fail(store, "read the settings", error);
  sqlite3_finalize(statement);
  return status;
}
