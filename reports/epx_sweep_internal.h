/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sweep store share. */
#ifndef EPX_SWEEP_INTERNAL_H
#define EPX_SWEEP_INTERNAL_H

#include <jansson.h>
#include <sqlite3.h>

#include "epx_sweep_store.h"

struct epx_sweep_store_t {
  char *path;
  sqlite3 *database;
  int lock; /* file descriptor that holds the lock; -1: reading only */
  int axis_count;
  epx_sweep_axis_t axes[EPX_SWEEP_MAX_AXES];
  json_t *axis_values[EPX_SWEEP_MAX_AXES]; /* arrays that own the texts of axes[].values */
  int point_count;
};

/* EPX_ERR_FORMAT, _IO or _MEMORY from the database's last error, naming the file and the action. */
epx_status_t epx_sweep_fail(epx_sweep_store_t *store, const char *action, epx_error_t *error);

/* Runs statements without results. */
EPX_CHECKED epx_status_t epx_sweep_run(epx_sweep_store_t *store, const char *sql,
                                       epx_error_t *error);

/* Compiles one statement. */
EPX_CHECKED epx_status_t epx_sweep_prepare(epx_sweep_store_t *store, const char *sql,
                                           sqlite3_stmt **statement, epx_error_t *error);

/* Steps a statement that gives no row, and finalises it. */
EPX_CHECKED epx_status_t epx_sweep_finish(epx_sweep_store_t *store, sqlite3_stmt *statement,
                                          epx_error_t *error);

/* The text of a column; "" for NULL. */
const char *epx_sweep_text(sqlite3_stmt *statement, int column);

/* Checks axes and settings; *points is the size of the grid. Errors: EPX_ERR_ARGUMENT. */
EPX_CHECKED epx_status_t epx_sweep_check(const epx_sweep_definition_t *definition, int *points,
                                         epx_error_t *error);

/* Makes tables, settings, axes and points, in one transaction. */
EPX_CHECKED epx_status_t epx_sweep_make(epx_sweep_store_t *store,
                                        const epx_sweep_definition_t *definition,
                                        epx_error_t *error);

/* Checks format and axes of the file and loads them into the store. */
EPX_CHECKED epx_status_t epx_sweep_load(epx_sweep_store_t *store, epx_error_t *error);

/* EPX_ERR_CONFIG that names the first difference between file and definition. */
EPX_CHECKED epx_status_t epx_sweep_compare(epx_sweep_store_t *store,
                                           const epx_sweep_definition_t *definition,
                                           epx_error_t *error);

#endif
