/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep: a grid of settings and the results of its points, in one SQLite file.
 *
 * Every change is one transaction flushed to disk, so that a sweep killed at any moment resumes
 * with all points that had finished; the point that was running is run again. One process at a time
 * may run a sweep (a lock that dies with the process); any number may read it meanwhile.
 *
 * Schema (format 1): meta(key, value), setting(key, value) of the configuration shared by all
 * points, axis(position, key, "values" as a JSON array), point("index", settings as a JSON object,
 * status, results, message). Points are numbered from 0, the last axis fastest. */
#ifndef EPX_SWEEP_STORE_H
#define EPX_SWEEP_STORE_H

#include <stdbool.h>

#include "epx_settings.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_SWEEP_FORMAT = 1, EPX_SWEEP_MAX_AXES = 8, EPX_SWEEP_MAX_POINTS = 100000 };

/* One swept key and the YAML texts that it takes. */
typedef struct epx_sweep_axis_t {
  const char *key;
  const char *const *values;
  int value_count;
} epx_sweep_axis_t;

typedef struct epx_sweep_definition_t {
  const epx_sweep_axis_t *axes;
  int axis_count;             /* 1 .. EPX_SWEEP_MAX_AXES */
  const epx_settings_t *base; /* the configuration that the axes change; swept keys are ignored */
} epx_sweep_definition_t;

typedef enum epx_sweep_status_t {
  EPX_SWEEP_PENDING,
  EPX_SWEEP_RUNNING,
  EPX_SWEEP_FINISHED,
  EPX_SWEEP_FAILED
} epx_sweep_status_t;

/* Results of a point; NAN where a number is not known. */
typedef struct epx_sweep_result_t {
  double test_error;  /* fraction, 0 .. 1 */
  double train_error; /* fraction */
  double test_loss;
  double energy_uj;           /* per training image */
  double inference_energy_uj; /* per image */
  double latency_us;          /* of one inference */
  double images_per_second;   /* of the simulator, training */
  double seconds;             /* of the simulator */
} epx_sweep_result_t;

/* A point as listed. Owns its texts: epx_sweep_point_clear frees them. */
typedef struct epx_sweep_point_t {
  int index;
  int axis_count;
  char *values[EPX_SWEEP_MAX_AXES]; /* one per axis, in the order of the axes */
  epx_sweep_status_t status;
  epx_sweep_result_t result;
  char *message; /* why it failed, or "" */
} epx_sweep_point_t;

typedef struct epx_sweep_store_t epx_sweep_store_t;

/* "pending", "running", "finished" or "failed". */
const char *epx_sweep_status_name(epx_sweep_status_t status);

/* A result with every number NAN. */
epx_sweep_result_t epx_sweep_result_unknown(void);

/* Opens the sweep to run it, making the file if there is none. Where it exists, the definition must
 * be the stored one; then points that did not finish (running or failed) become pending again.
 * Errors: EPX_ERR_CONFIG names the first axis or setting that differs, both values; EPX_ERR_FORMAT
 * for a file that is no sweep or is corrupt; EPX_ERR_IO where another process runs this sweep. */
EPX_CHECKED epx_status_t epx_sweep_open(const char *path, const epx_sweep_definition_t *definition,
                                        epx_sweep_store_t **store, epx_error_t *error);

/* Opens an existing sweep to read it. EPX_ERR_NOT_FOUND where there is none. */
EPX_CHECKED epx_status_t epx_sweep_open_read(const char *path, epx_sweep_store_t **store,
                                             epx_error_t *error);
void epx_sweep_close(epx_sweep_store_t *store);

/* Number of points, and of those with a status. */
int epx_sweep_point_count(const epx_sweep_store_t *store);
EPX_CHECKED epx_status_t epx_sweep_count(epx_sweep_store_t *store, epx_sweep_status_t status,
                                         int *count, epx_error_t *error);

/* The first pending point, marked running; *found is false where none is left (point untouched). */
EPX_CHECKED epx_status_t epx_sweep_next(epx_sweep_store_t *store, epx_sweep_point_t *point,
                                        bool *found, epx_error_t *error);

/* Puts a running point back to pending (the user stopped the sweep). */
EPX_CHECKED epx_status_t epx_sweep_release(epx_sweep_store_t *store, int index, epx_error_t *error);

/* Records a running point's end: status FINISHED or FAILED, `message` may be NULL.
 * A point that is not running is an EPX_ERR_ARGUMENT: no result is overwritten. */
EPX_CHECKED epx_status_t epx_sweep_record(epx_sweep_store_t *store, int index,
                                          epx_sweep_status_t status,
                                          const epx_sweep_result_t *result, const char *message,
                                          epx_error_t *error);

/* All points in order: *points (free with epx_sweep_points_free) and *count, one consistent view.
 */
EPX_CHECKED epx_status_t epx_sweep_list(epx_sweep_store_t *store, epx_sweep_point_t **points,
                                        int *count, epx_error_t *error);
void epx_sweep_point_clear(epx_sweep_point_t *point);
void epx_sweep_points_free(epx_sweep_point_t *points, int count);

/* The settings shared by all points, into an empty list. */
EPX_CHECKED epx_status_t epx_sweep_settings(epx_sweep_store_t *store, epx_settings_t *settings,
                                            epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
