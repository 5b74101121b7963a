/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_run_record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "epx_host.h"
#include "epx_metrics.h"
#include "epx_output.h"
#include "epx_record_file.h"
#include "epx_run_history.h"

struct epx_run_record_t {
  char folder[EPX_PATH_SIZE];
  json_t *manifest;
  int metrics; /* file descriptor, appending; -1: closed */
};

const char *epx_run_status_name(epx_run_status_t status) {
  switch (status) {
    case EPX_RUN_RUNNING:
      return "running";
    case EPX_RUN_FINISHED:
      return "finished";
    case EPX_RUN_INTERRUPTED:
      return "interrupted";
    case EPX_RUN_FAILED:
      return "failed";
  }
  return "unknown";
}

static json_t *make_host(void) {
  epx_host_t host;
  epx_host_describe(&host);
  return json_pack("{s:o, s:i, s:i, s:s}", "processor", epx_json_text(host.processor), "cores",
                   host.cores, "threads", host.threads, "instruction_set", host.instruction_set);
}

static json_t *make_config(const epx_settings_t *settings) {
  json_t *config = json_object();
  for (int i = 0; settings != NULL && i < settings->count; ++i) {
    json_object_set_new(config, settings->items[i].key, epx_json_text(settings->items[i].value));
  }
  return config;
}

static json_t *make_dataset(const epx_run_dataset_t *dataset) {
  return json_pack("{s:o, s:o, s:o, s:o, s:i, s:i}", "name", epx_json_text(dataset->name), "source",
                   epx_json_text(dataset->source), "fingerprint",
                   epx_json_text(dataset->fingerprint), "note", epx_json_text(dataset->note),
                   "train", dataset->train, "test", dataset->test);
}

/* Where a run stands when its record begins or goes on; old: its manifest, or NULL. */
typedef struct position_t {
  const json_t *old;
  int epoch, image;
} position_t;

/* A manifest with status "running"; NULL: out of memory. */
static json_t *make_manifest(const epx_run_info_t *info, const position_t *at) {
  char now[32], digest[EPX_DIGEST_SIZE];
  epx_utc_now(now);
  const json_t *old = at->old;
  const char *started = old != NULL ? epx_json_get_text(old, "started") : now;
  const char *began = old != NULL ? epx_json_get_text(old, "command_line") : info->command_line;
  const int resumes =
      old != NULL ? 1 + (int)json_integer_value(json_object_get(old, "resumes")) : 0;
  json_t *config = make_config(info->settings);
  json_t *history = old != NULL ? epx_history_of(old) : json_array();
  json_array_append_new(history, epx_history_entry(at->epoch, at->image, info->command_line,
                                                   json_object_get(old, "config"), config));
  return json_pack("{s:i, s:s, s:s, s:o, s:s, s:n, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
                   "format", EPX_MANIFEST_FORMAT, "program", "epxbar", "version", EPX_VERSION,
                   "command_line", epx_json_text(began), "started", started, "finished", "status",
                   epx_run_status_name(EPX_RUN_RUNNING), "resumes", resumes, "host", make_host(),
                   "seed", json_integer((json_int_t)info->seed), "substrate",
                   epx_json_text(info->substrate), "dataset", make_dataset(&info->dataset),
                   "config", config, "config_digest", epx_config_digest(config, digest), "history",
                   history);
}

static epx_status_t write_manifest(const epx_run_record_t *record, epx_error_t *error) {
  return epx_json_write(record->folder, "manifest.json", json_incref(record->manifest), error);
}

static epx_status_t open_metrics(epx_run_record_t *record, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  const epx_status_t status = epx_path_join(record->folder, "metrics.csv", path, error);
  if (status != EPX_OK) {
    return status;
  }
  record->metrics = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  return record->metrics >= 0 ? EPX_OK
                              : epx_fail(error, EPX_ERR_IO, "%s: cannot open for writing: %s.",
                                         path, strerror(errno));
}

/* Writes metrics.csv anew with the rows of epochs up to last_epoch. */
static epx_status_t rewrite_metrics(const char *folder, const epx_metrics_row_t *rows, int count,
                                    int last_epoch, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_status_t status = epx_path_join(folder, "metrics.csv", path, error);
  if (status != EPX_OK) {
    return status;
  }
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  fputs(epx_metrics_header(), out);
  for (int i = 0; i < count; ++i) {
    char line[EPX_METRICS_LINE_SIZE];
    if (rows[i].epoch <= last_epoch) {
      epx_metrics_format(&rows[i], line);
      fputs(line, out);
    }
  }
  status = fclose(out) == 0 ? epx_output_write(path, text, size, error)
                            : epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  free(text);
  return status;
}

/* A record whose manifest is made but not written; checks what the caller gave. */
static epx_status_t make_record(const char *folder, const epx_run_info_t *info,
                                const position_t *at, epx_run_record_t **record,
                                epx_error_t *error) {
  if (info->settings != NULL) {
    const epx_status_t status = epx_settings_check(info->settings, error);
    if (status != EPX_OK) {
      return status;
    }
  }
  epx_run_record_t *made = calloc(1, sizeof *made);
  if (made != NULL) {
    made->metrics = -1;
    snprintf(made->folder, sizeof made->folder, "%s", folder);
    made->manifest = make_manifest(info, at);
  }
  if (made == NULL || made->manifest == NULL) {
    free(made);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the manifest.", folder);
  }
  *record = made;
  return EPX_OK;
}

static epx_status_t start(epx_run_record_t *made, epx_run_record_t **record, epx_error_t *error) {
  epx_status_t status = write_manifest(made, error);
  if (status == EPX_OK) {
    status = open_metrics(made, error);
  }
  if (status == EPX_OK) {
    *record = made;
  } else {
    epx_run_record_destroy(made);
  }
  return status;
}

/* Whether the folder has a file of that name. */
static epx_status_t look(const char *folder, const char *name, bool *there, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  const epx_status_t status = epx_path_join(folder, name, path, error);
  if (status == EPX_OK) {
    *there = access(path, F_OK) == 0;
  }
  return status;
}

epx_status_t epx_run_record_check(const char *folder, epx_error_t *error) {
  bool manifest = false, trained = false;
  epx_status_t status = epx_output_check_folder(folder, error);
  status = status == EPX_OK ? look(folder, "manifest.json", &manifest, error) : status;
  status = status == EPX_OK ? look(folder, "checkpoint.npz", &trained, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  if (manifest && !trained) {
    epx_metrics_row_t *rows = NULL;
    int count = 0;
    status = epx_metrics_read(folder, &rows, &count, NULL);
    trained = (status != EPX_OK && status != EPX_ERR_NOT_FOUND) || count > 0;
    free(rows);
  }
  return manifest && trained
             ? epx_fail(error, EPX_ERR_ARGUMENT,
                        "%s/manifest.json: the folder already holds a run; resume it or choose "
                        "another folder.",
                        folder)
             : EPX_OK;
}

epx_status_t epx_run_record_create(const char *folder, const epx_run_info_t *info,
                                   epx_run_record_t **record, epx_error_t *error) {
  const position_t start_of_all = {0};
  epx_status_t status = epx_run_record_check(folder, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_run_record_t *made = NULL;
  status = make_record(folder, info, &start_of_all, &made, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_folder_make(folder, error);
  if (status == EPX_OK) {
    status = rewrite_metrics(folder, NULL, 0, 0, error);
  }
  if (status != EPX_OK) {
    epx_run_record_destroy(made);
    return status;
  }
  return start(made, record, error);
}

epx_status_t epx_run_record_resume(const char *folder, const epx_run_info_t *info, int last_epoch,
                                   int next_image, epx_run_record_t **record, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  json_t *old = NULL;
  epx_metrics_row_t *rows = NULL;
  int count = 0;
  epx_run_record_t *made = NULL;
  epx_status_t status = epx_path_join(folder, "manifest.json", path, error);
  if (status == EPX_OK) {
    status = epx_json_read(path, &old, error);
  }
  if (status == EPX_OK &&
      json_integer_value(json_object_get(old, "format")) != EPX_MANIFEST_FORMAT) {
    status = epx_fail(error, EPX_ERR_FORMAT, "%s: format: found %lld; expected %d.", path,
                      (long long)json_integer_value(json_object_get(old, "format")),
                      EPX_MANIFEST_FORMAT);
  }
  if (status == EPX_OK) {
    status = epx_metrics_read(folder, &rows, &count, error);
  }
  if (status == EPX_OK) {
    const position_t at = {old, last_epoch, next_image};
    status = make_record(folder, info, &at, &made, error);
  }
  if (status == EPX_OK) {
    status = rewrite_metrics(folder, rows, count, last_epoch, error);
    if (status == EPX_OK) {
      status = start(made, record, error);
    } else {
      epx_run_record_destroy(made);
    }
  }
  free(rows);
  json_decref(old);
  return status;
}

epx_status_t epx_run_record_append(epx_run_record_t *record, const epx_metrics_row_t *row,
                                   epx_error_t *error) {
  char line[EPX_METRICS_LINE_SIZE];
  const int length = epx_metrics_format(row, line);
  const ssize_t written = write(record->metrics, line, (size_t)length);
  if (written != length || fsync(record->metrics) != 0) {
    return epx_fail(error, EPX_ERR_IO, "%s/metrics.csv: cannot append epoch %d: %s.",
                    record->folder, row->epoch,
                    written >= 0 && written != length ? "disk full" : strerror(errno));
  }
  return EPX_OK;
}

epx_status_t epx_run_record_finish(epx_run_record_t *record, epx_run_status_t status,
                                   const char *message, epx_error_t *error) {
  char now[32];
  epx_utc_now(now);
  int failed = json_object_set_new(record->manifest, "finished", json_string(now));
  failed |=
      json_object_set_new(record->manifest, "status", json_string(epx_run_status_name(status)));
  if (message != NULL) {
    failed |= json_object_set_new(record->manifest, "message", epx_json_text(message));
  }
  if (failed) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the manifest.", record->folder);
  }
  return write_manifest(record, error);
}

void epx_run_record_destroy(epx_run_record_t *record) {
  if (record == NULL) {
    return;
  }
  if (record->metrics >= 0) {
    close(record->metrics);
  }
  json_decref(record->manifest);
  free(record);
}
