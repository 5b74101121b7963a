/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "epx_clock.h"
#include "epx_config.h"
#include "epx_output.h"
#include "epx_record_file.h"
#include "epx_sweep_report.h"
#include "run.h"
#include "sweep_file.h"

typedef struct arguments_t {
  command_source_t source; /* its file is the sweep's */
  const char *out;
  bool quiet, list, csv, markdown;
} arguments_t;

static const epx_option_t options[] = {
    {"out", 'o', "FILE", "Results file, SQLite (default: runs/NAME.sqlite)", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, out)},
    {"list", 0, NULL, "Run nothing: print the table of what is there", EPX_OPTION_FLAG,
     EPX_OPTION_AT(arguments_t, list)},
    {"csv", 0, NULL, "Print the table as CSV", EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, csv)},
    {"markdown", 0, NULL, "Print the table in Markdown", EPX_OPTION_FLAG,
     EPX_OPTION_AT(arguments_t, markdown)},
    {"quiet", 'q', NULL, "No progress bar and no line an epoch", EPX_OPTION_FLAG,
     EPX_OPTION_AT(arguments_t, quiet)},
    {0}};

static void take_sweep(void *values, char *argument, struct argp_state *state) {
  command_source_t *source = values;
  if (source->file != NULL) {
    argp_error(state, "more than one sweep file: %s", argument);
  }
  source->file = argument;
}

static void check(void *values, struct argp_state *state) {
  const arguments_t *arguments = values;
  if (arguments->source.file == NULL) {
    argp_error(state, "expected a sweep file");
  }
}

static const char help[] =
    "Trains at every point of a grid of settings. Results go to one SQLite file; run the same "
    "command again to go on where it stopped: finished points are never run again. Prints a table, "
    "and writes a page with charts beside the results file.";

static epx_sweep_result_t result_of(const run_result_t *run, double seconds) {
  const epx_epoch_result_t *last = &run->epoch;
  epx_sweep_result_t result = epx_sweep_result_unknown();
  result.energy_uj = run->training_energy_uj;
  result.inference_energy_uj = run->inference_energy_uj;
  result.latency_us = run->inference_latency_us;
  result.test_error = last->test.error;
  result.train_error = last->train.error;
  result.test_loss = last->test.loss;
  result.images_per_second = last->train.images / last->train.seconds;
  result.seconds = seconds;
  return result;
}

/* Interrupted, or no data, disk or memory: the next point would fare no better. The other failures
 * are the point's own. */
static bool ends_sweep(epx_status_t status) {
  return status == EPX_ERR_INTERRUPTED || status == EPX_ERR_NOT_FOUND || status == EPX_ERR_IO ||
         status == EPX_ERR_FORMAT || status == EPX_ERR_MEMORY;
}

/* Trains one point and records how it ended. */
static epx_status_t run_point(const arguments_t *arguments, const sweep_file_t *file,
                              epx_sweep_store_t *store, const epx_sweep_point_t *point,
                              epx_error_t *error) {
  const run_options_t run = {.quiet = arguments->quiet, .command_line = "epxbar sweep"};
  epx_experiment_t experiment;
  run_result_t last;
  epx_sweep_result_t result = epx_sweep_result_unknown();
  epx_error_t failure = {0};
  const double start = epx_clock_seconds();
  epx_status_t status =
      sweep_file_experiment(file, arguments->source.overrides, arguments->source.override_count,
                            point->values, &experiment, &failure);
  status = status == EPX_OK ? run_train(&experiment, &run, &last, &failure) : status;
  if (status == EPX_OK) {
    result = result_of(&last, epx_clock_seconds() - start);
  }
  if (ends_sweep(status)) {
    *error = failure;
    const epx_status_t released = epx_sweep_release(store, point->index, error);
    return released == EPX_OK ? status : released;
  }
  if (status != EPX_OK) {
    fprintf(stderr, "point %d failed: %s\n", point->index, failure.message);
    return epx_sweep_record(store, point->index, EPX_SWEEP_FAILED, &result, failure.message, error);
  }
  char note[EPX_ERROR_MESSAGE_SIZE + 16] = "";
  if (last.unpriced[0] != '\0') {
    snprintf(note, sizeof note, "no energies: %s", last.unpriced);
  }
  return epx_sweep_record(store, point->index, EPX_SWEEP_FINISHED, &result, note, error);
}

static epx_status_t run_points(const arguments_t *arguments, const sweep_file_t *file,
                               epx_sweep_store_t *store, epx_error_t *error) {
  const int total = epx_sweep_point_count(store);
  for (;;) {
    epx_sweep_point_t point;
    bool found;
    epx_status_t status = epx_sweep_next(store, &point, &found, error);
    if (status != EPX_OK || !found) {
      return status;
    }
    fprintf(stderr, "point %d (%d of %d):", point.index, point.index + 1, total);
    for (int a = 0; a < point.axis_count; ++a) {
      fprintf(stderr, " %s=%s", file->axes[a].key, point.values[a]);
    }
    fprintf(stderr, "\n");
    status = run_point(arguments, file, store, &point, error);
    epx_sweep_point_clear(&point);
    if (status != EPX_OK) {
      return status;
    }
  }
}

/* Makes the folder of a path, as train makes its run folder. */
static epx_status_t make_parent(const char *path, epx_error_t *error) {
  char folder[1024];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (slash == NULL || slash == folder) {
    return EPX_OK;
  }
  *slash = '\0';
  return epx_folder_make(folder, error);
}

/* The page of a sweep stands beside its results. */
enum { PAGE_SIZE = 1100 };

static void page_path(const char *path, char page[PAGE_SIZE]) {
  snprintf(page, PAGE_SIZE, "%s.html", path);
}

static epx_status_t open_store(const arguments_t *arguments, const sweep_file_t *file,
                               const char *path, epx_sweep_store_t **store, epx_error_t *error) {
  epx_experiment_t base;
  epx_settings_t settings = {0};
  char page[PAGE_SIZE];
  epx_status_t status = sweep_file_experiment(file, arguments->source.overrides,
                                              arguments->source.override_count, NULL, &base, error);
  status = status == EPX_OK ? sweep_file_check(file, arguments->source.overrides,
                                               arguments->source.override_count, error)
                            : status;
  status = status == EPX_OK ? make_parent(path, error) : status;
  page_path(path, page);
  status = status == EPX_OK ? epx_output_check(page, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  epx_config_each(&base, epx_settings_visit, &settings);
  const epx_sweep_definition_t definition = {file->axes, file->axis_count, &settings};
  status = epx_sweep_open(path, &definition, store, error);
  epx_settings_clear(&settings);
  return status;
}

/* "runs/NAME.sqlite" for ".../NAME.yaml". */
static void default_path(const char *sweep, char path[1024]) {
  const char *slash = strrchr(sweep, '/');
  const char *name = slash != NULL ? slash + 1 : sweep;
  const char *dot = strrchr(name, '.');
  snprintf(path, 1024, "runs/%.*s.sqlite", dot != NULL ? (int)(dot - name) : (int)strlen(name),
           name);
}

static epx_status_t show(const arguments_t *arguments, epx_sweep_store_t *store, const char *path,
                         epx_error_t *error) {
  char page[PAGE_SIZE];
  const epx_table_format_t format = arguments->csv        ? EPX_TABLE_CSV
                                    : arguments->markdown ? EPX_TABLE_MARKDOWN
                                                          : EPX_TABLE_TEXT;
  epx_status_t status = epx_sweep_write_table(store, format, stdout, error);
  page_path(path, page);
  if (status == EPX_OK) {
    status = epx_sweep_report_write(store, page, error);
  }
  if (status == EPX_OK) {
    fprintf(stderr, "results: %s   page: %s\n", path, page);
  }
  return status;
}

int command_sweep(int argc, char **argv) {
  arguments_t arguments = {0};
  sweep_file_t file;
  epx_sweep_store_t *store = NULL;
  epx_error_t error = {0};
  char path[1024];
  const epx_command_line_t line = {
      .arguments = "SWEEP.yaml",
      .help = help,
      .sets = {{options, &arguments}, {command_common_options, &arguments.source}},
      .argument = take_sweep,
      .argument_values = &arguments.source,
      .check = check,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  default_path(arguments.source.file, path);
  if (arguments.out != NULL) {
    snprintf(path, sizeof path, "%s", arguments.out);
  }
  status = sweep_file_read(arguments.source.file, &file, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  if (arguments.list) {
    status = epx_sweep_open_read(path, &store, &error);
  } else {
    status = open_store(&arguments, &file, path, &store, &error);
    status = status == EPX_OK ? run_points(&arguments, &file, store, &error) : status;
  }
  if (status == EPX_OK) {
    status = show(&arguments, store, path, &error);
  }
  int failed = 0, total = 0;
  if (status == EPX_OK && !arguments.list) {
    total = epx_sweep_point_count(store);
    status = epx_sweep_count(store, EPX_SWEEP_FAILED, &failed, &error);
  }
  epx_sweep_close(store);
  sweep_file_free(&file);
  if (failed > 0) {
    fprintf(stderr, "epxbar: %d of %d points failed; the same command tries them again\n", failed,
            total);
    return 1;
  }
  if (status == EPX_ERR_INTERRUPTED) {
    fprintf(stderr, "epxbar: %s; the same command goes on with that point\n", error.message);
    return 1;
  }
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
