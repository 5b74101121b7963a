/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the records of run folders. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"
#include "epx_report_internal.h"

/* Reads folder/name where it exists; counts it in *found. */
static epx_status_t load_json(const char *folder, const char *name, json_t **object, int *found,
                              epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_status_t status = epx_path_join(folder, name, path, error);
  if (status == EPX_OK) {
    status = epx_json_read(path, object, error);
  }
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_metrics(const char *folder, epx_report_run_t *run, int *found,
                                 epx_error_t *error) {
  const epx_status_t status = epx_metrics_read(folder, &run->metrics, &run->metrics_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

/* bias.json alone is no record: a run that was killed before its first row. */
static epx_status_t load_bias(const char *folder, epx_report_run_t *run, int *found,
                              epx_error_t *error) {
  int described = 0;
  epx_status_t status = epx_bias_rows_read(folder, &run->bias, &run->bias_count, error);
  *found += status == EPX_OK;
  if (status == EPX_OK) {
    status = load_json(folder, "bias.json", &run->bias_info, &described, error);
  }
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_alignment(const char *folder, epx_report_run_t *run, int *found,
                                   epx_error_t *error) {
  const epx_status_t status =
      epx_alignment_read(folder, &run->alignment, &run->alignment_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_clips(const char *folder, epx_report_run_t *run, int *found,
                               epx_error_t *error) {
  const epx_status_t status = epx_clips_read(folder, &run->clips, &run->clip_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_health(const char *folder, epx_report_run_t *run, int *found,
                                epx_error_t *error) {
  const epx_status_t status = epx_health_read(folder, &run->health, &run->health_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_gdu(const char *folder, epx_report_run_t *run, int *found,
                             epx_error_t *error) {
  const epx_status_t status = epx_gdu_read(folder, &run->gdu, &run->gdu_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_convergence(const char *folder, epx_report_run_t *run, int *found,
                                     epx_error_t *error) {
  const epx_status_t status =
      epx_convergence_read(folder, &run->convergence, &run->convergence_count, error);
  *found += status == EPX_OK;
  return status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
}

static epx_status_t load_run(const char *folder, epx_report_run_t *run, epx_error_t *error) {
  int found = 0;
  epx_status_t status = load_json(folder, "manifest.json", &run->manifest, &found, error);
  if (status == EPX_OK) {
    status = load_metrics(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_json(folder, "gradient.json", &run->gradient, &found, error);
  }
  if (status == EPX_OK) {
    status = load_json(folder, "cost.json", &run->cost, &found, error);
  }
  if (status == EPX_OK) {
    status = load_json(folder, "tile.json", &run->tile, &found, error);
  }
  if (status == EPX_OK) {
    status = load_bias(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_gdu(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_convergence(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_alignment(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_clips(folder, run, &found, error);
  }
  if (status == EPX_OK) {
    status = load_health(folder, run, &found, error);
  }
  if (status == EPX_OK && found == 0) {
    status =
        epx_fail(error, EPX_ERR_NOT_FOUND,
                 "%s: found no record of a run; expected a folder with manifest.json, "
                 "metrics.csv, gradient.json, bias.csv, gdu.csv, convergence.csv, cost.json or "
                 "tile.json.",
                 folder);
  }
  return status;
}

/* The last `parts` components of a path, without slashes at its end. */
static void make_label(const char *folder, int parts, char label[128]) {
  size_t end = strlen(folder);
  while (end > 1 && folder[end - 1] == '/') {
    --end;
  }
  size_t start = end;
  while (start > 0 && (folder[start - 1] != '/' || --parts > 0)) {
    --start;
  }
  snprintf(label, 128, "%.*s", (int)(end - start), folder + start);
}

epx_status_t epx_report_runs_load(const char *const *folders, int count, epx_report_run_t *runs,
                                  epx_error_t *error) {
  for (int i = 0; i < count; ++i) {
    const epx_status_t status = load_run(folders[i], &runs[i], error);
    if (status != EPX_OK) {
      return status;
    }
    make_label(folders[i], 1, runs[i].label);
  }
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < i; ++j) {
      if (strcmp(runs[i].label, runs[j].label) == 0) {
        make_label(folders[i], 1000, runs[i].label);
        make_label(folders[j], 1000, runs[j].label);
      }
    }
  }
  return EPX_OK;
}

void epx_report_runs_clear(epx_report_run_t *runs, int count) {
  for (int i = 0; i < count; ++i) {
    json_decref(runs[i].manifest);
    json_decref(runs[i].gradient);
    json_decref(runs[i].cost);
    json_decref(runs[i].tile);
    json_decref(runs[i].bias_info);
    free(runs[i].metrics);
    free(runs[i].bias);
    free(runs[i].gdu);
    free(runs[i].convergence);
    free(runs[i].alignment);
    free(runs[i].clips);
    free(runs[i].health);
  }
}

const char *epx_report_config(const epx_report_run_t *run, const char *key) {
  return epx_json_get_text(json_object_get(run->manifest, "config"), key);
}

const epx_metrics_row_t *epx_report_last(const epx_report_run_t *run, epx_split_t split) {
  const epx_metrics_row_t *last = NULL;
  for (int i = 0; i < run->metrics_count; ++i) {
    if (run->metrics[i].split == split) {
      last = &run->metrics[i];
    }
  }
  return last;
}

const epx_metrics_row_t *epx_report_best(const epx_report_run_t *run, epx_split_t split) {
  const epx_metrics_row_t *best = NULL;
  for (int i = 0; i < run->metrics_count; ++i) {
    const epx_metrics_row_t *row = &run->metrics[i];
    if (row->split == split && isfinite(row->error) && (best == NULL || row->error < best->error)) {
      best = row;
    }
  }
  return best;
}

double epx_report_own_cosine(const epx_report_run_t *run) {
  const char *substrate = epx_json_get_text(run->manifest, "substrate");
  const double beta = strtod(epx_report_config(run, "estimator.beta"), NULL);
  double worst = NAN;
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(run->gradient, "rows"), i, row) {
    if (strcmp(epx_json_get_text(row, "estimator"), epx_report_config(run, "estimator.kind")) ==
            0 &&
        strcmp(epx_json_get_text(row, "substrate"), substrate) == 0 &&
        epx_json_get_number(row, "beta") == beta) {
      worst = fmin(worst, epx_json_get_number(row, "cosine"));
    }
  }
  return worst;
}
