/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a training run: manifest.json (what ran) and metrics.csv (how it went).
 *
 * manifest.json is written at the start with status "running" and again at the end; a run that was
 * killed keeps "running". metrics.csv gets one row per epoch and split, each in a single appending
 * write flushed to disk: a kill loses at most the row being written, and a resume drops what is
 * beyond the checkpoint. */
#ifndef EPX_RUN_RECORD_H
#define EPX_RUN_RECORD_H

#include <stdint.h>

#include "epx_settings.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_MANIFEST_FORMAT = 1 };

typedef enum epx_run_status_t {
  EPX_RUN_RUNNING,
  EPX_RUN_FINISHED,
  EPX_RUN_INTERRUPTED, /* the user asked to stop; can be resumed */
  EPX_RUN_FAILED
} epx_run_status_t;

/* "running", "finished", "interrupted" or "failed". */
const char *epx_run_status_name(epx_run_status_t status);

typedef struct epx_run_dataset_t {
  const char *name;        /* "cifar10" */
  const char *source;      /* file, folder, or how it was generated */
  const char *fingerprint; /* of the training part */
  const char *note;        /* what a reader must know ("generated, not CIFAR-10"), or "" */
  int train, test;         /* images */
} epx_run_dataset_t;

/* What is known before the first epoch. Everything is copied into the manifest; nothing is kept. */
typedef struct epx_run_info_t {
  const char *command_line;
  const char *substrate; /* "golden" or "twin" */
  uint64_t seed;
  epx_run_dataset_t dataset;
  const epx_settings_t *settings; /* every key of the configuration */
} epx_run_info_t;

typedef enum epx_split_t { EPX_SPLIT_TRAIN, EPX_SPLIT_TEST } epx_split_t;

typedef struct epx_metrics_row_t {
  int epoch; /* from 1 */
  epx_split_t split;
  double loss;  /* mean over images */
  double error; /* fraction of images classified wrongly, 0 .. 1 */
  int64_t images;
  double images_per_second;
  double seconds;
  double learning_rate; /* of the first parameter layer in this epoch */
} epx_metrics_row_t;

typedef struct epx_run_record_t epx_run_record_t;

/* Starts a record in a folder, made if missing. A folder that already holds a run is an
 * EPX_ERR_ARGUMENT: no run is ever overwritten. One that holds only a start that came to nothing
 * (no checkpoint.npz, no epoch in metrics.csv) is taken. */
EPX_CHECKED epx_status_t epx_run_record_create(const char *folder, const epx_run_info_t *info,
                                               epx_run_record_t **record, epx_error_t *error);

/* Continues the record of an interrupted or killed run after last_epoch epochs and next_image
 * images of the one under way: keeps how the run began, counts the resume, adds an entry with what
 * was changed to its history (epx_run_history.h), and drops the rows of epochs after last_epoch (0:
 * all). EPX_ERR_NOT_FOUND without a manifest. */
EPX_CHECKED epx_status_t epx_run_record_resume(const char *folder, const epx_run_info_t *info,
                                               int last_epoch, int next_image,
                                               epx_run_record_t **record, epx_error_t *error);

/* Whether epx_run_record_create would start a record there; changes nothing. */
EPX_CHECKED epx_status_t epx_run_record_check(const char *folder, epx_error_t *error);

/* Appends one row to metrics.csv. */
EPX_CHECKED epx_status_t epx_run_record_append(epx_run_record_t *record,
                                               const epx_metrics_row_t *row, epx_error_t *error);

/* Writes the final status and time; `message` (may be NULL) says why a run failed or stopped. */
EPX_CHECKED epx_status_t epx_run_record_finish(epx_run_record_t *record, epx_run_status_t status,
                                               const char *message, epx_error_t *error);

/* Closes the files; a record that was not finished stays "running" in its manifest. */
void epx_run_record_destroy(epx_run_record_t *record);

/* Reads folder/metrics.csv: *rows (malloc) and *count. A last line without its newline (a write cut
 * short) is left out; any other malformed line is an EPX_ERR_FORMAT naming file, line and column.
 */
EPX_CHECKED epx_status_t epx_metrics_read(const char *folder, epx_metrics_row_t **rows, int *count,
                                          epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
