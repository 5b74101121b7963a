/* SPDX-License-Identifier: Apache-2.0 */
/* The bias laboratory: how far the gradient estimate is from the exact one, over estimators,
 * nudging factors and number formats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bias_measure.h"
#include "command.h"
#include "epx_clock.h"
#include "epx_config.h"
#include "epx_hash.h"
#include "epx_record_file.h"
#include "run.h"

typedef struct arguments_t {
  command_source_t source;
  const char *run, *out, *params, *batch;
  bias_grid_t grid;
  int images, equilibrium_steps;
  bool quiet;
} arguments_t;

static void take_axis(void *values, bias_axis_t axis, const char *list, struct argp_state *state) {
  arguments_t *arguments = values;
  epx_error_t error = {0};
  if (bias_grid_parse(&arguments->grid, axis, list, &error) != EPX_OK) {
    argp_error(state, "%s", error.message);
  }
}

#define AXIS(function, axis)                                                     \
  static void function(void *values, char *argument, struct argp_state *state) { \
    take_axis(values, axis, argument, state);                                    \
  }
AXIS(take_estimators, BIAS_ESTIMATORS)
AXIS(take_betas, BIAS_BETAS)
AXIS(take_states, BIAS_STATES)
AXIS(take_synapses, BIAS_SYNAPSES)
AXIS(take_steps, BIAS_STEPS)
AXIS(take_pools, BIAS_POOLS)
AXIS(take_switches, BIAS_SWITCHES)
#undef AXIS

static const epx_option_t options[] = {
    {"run", 0, "DIR", "Use the network and trained parameters of a run folder", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, run)},
    {"params", 0, "P.npz", "Use the parameters of this file", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, params)},
    {"batch", 0, "B.npz", "Images x and labels y to measure on (default: the first test images)",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, batch)},
    {"images", 0, "N", "Number of test images (default 16)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, images), .low = 1, .high = 4096},
    {"out", 'o', "DIR",
     "Folder for bias.csv and bias.json (default: the run folder, if one is given)",
     EPX_OPTION_FOLDER, EPX_OPTION_AT(arguments_t, out)},
    {"estimators", 0, "LIST", "Default: one_sided,symmetric,richardson", EPX_OPTION_CALL,
     .take = take_estimators, .group = 1},
    {"beta", 0, "LIST", "Nudging factors (default: 0.01,0.02,0.05,0.1,0.2,0.5,1)", EPX_OPTION_CALL,
     .take = take_betas, .group = 1},
    {"states", 0, "LIST",
     "State formats (default: float64,UQ0.4,UQ0.6,UQ0.8,UQ0.12,UQ0.16; float32 too)",
     EPX_OPTION_CALL, .take = take_states, .group = 1},
    {"synapses", 0, "LIST", "Synapse formats of every layer (default: exact; Q1.6, ...)",
     EPX_OPTION_CALL, .take = take_synapses, .group = 1},
    {"steps", 0, "LIST", "Free/nudged steps, such as 250/30,60/15 (default: as configured)",
     EPX_OPTION_CALL, .take = take_steps, .group = 1},
    {"pool", 0, "LIST", "Of max,avg (default: as configured)", EPX_OPTION_CALL, .take = take_pools,
     .group = 1},
    {"switches", 0, "LIST", "Of live,frozen (default: as configured)", EPX_OPTION_CALL,
     .take = take_switches, .group = 1},
    {"chip", 0, NULL,
     "Climb the ladder to the end: also the twin in the chip's own formats, and the rounding of "
     "the update",
     EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, grid.chip), .group = 1},
    {"equilibrium-steps", 0, "N",
     "Steps of BPTT that stand for the equilibrium gradient (default 200)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, equilibrium_steps), .low = 1, .high = 100000, .group = 1},
    {"quiet", 'q', NULL, "No progress", EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, quiet)},
    {0}};

static void check(void *values, struct argp_state *state) {
  const arguments_t *arguments = values;
  command_check_run("run", arguments->run, &arguments->source, state);
  if (arguments->run != NULL && arguments->params != NULL) {
    argp_error(state, "--run %s brings its own parameters; leave out --params", arguments->run);
  }
  if (arguments->run == NULL && arguments->out == NULL) {
    argp_error(state, "expected --out DIR (or --run DIR, which is the folder then)");
  }
}

static const char help[] =
    "Measures the error of the gradient estimate against backpropagation through time and against "
    "the gradient at equilibrium, for every estimator, nudging factor and number format of the "
    "lists, on one mini-batch. Run the same command again to go on where it stopped, or with "
    "longer lists to add to it; epxbar report shows the result.";

/* Progress: a bar on a terminal. */
typedef struct display_t {
  bool bar;
  double start, drawn;
} display_t;

static void show_progress(void *context, const bias_progress_t *progress) {
  display_t *display = context;
  const double now = epx_clock_seconds();
  if (!display->bar || (now - display->drawn < 0.1 && progress->done < progress->total)) {
    return;
  }
  display->drawn = now;
  char bar[21];
  const int filled = 20 * progress->done / progress->total;
  const double each = progress->measured > 0 ? (now - display->start) / progress->measured : 0.0;
  const long left = (long)(each * (progress->total - progress->done) + 0.5);
  memset(bar, '.', 20);
  memset(bar, '#', (size_t)filled);
  bar[20] = '\0';
  fprintf(stderr, "\r\033[Kpoint %d/%d [%s] %ldm%02lds left  %.110s", progress->done,
          progress->total, bar, left / 60, left % 60, progress->line);
  fflush(stderr);
}

static uint64_t hash_params(const epx_params_t *params) {
  uint64_t hash = EPX_HASH_START;
  for (int l = 0; l < params->layer_count; ++l) {
    const size_t units = (size_t)params->units[l], weights = units * (size_t)params->fan_in[l];
    hash = epx_hash_bytes(hash, params->weight[l], weights * sizeof(double));
    hash = epx_hash_bytes(hash, params->bias[l], units * sizeof(double));
    if (params->backward[l] != NULL) {
      hash = epx_hash_bytes(hash, params->backward[l], weights * sizeof(double));
    }
  }
  return hash;
}

/* Keys on which the numbers depend and that are no axis of the grid. */
static void visit_setting(void *context, const char *key, const char *value) {
  static const char *const kept[] = {"network.", "dynamics.update", "dynamics.tolerance",
                                     "estimator.free_leg", "chip."};
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; ++i) {
    if (strncmp(key, kept[i], strlen(kept[i])) == 0) {
      fprintf(context, "%s=%s\n", key, value);
    }
  }
}

/* Everything of one call. */
typedef struct study_t {
  epx_experiment_t experiment;
  epx_params_t *params;
  batch_npz_t batch;
  epx_bias_record_t *record;
} study_t;

static epx_status_t open_record(const arguments_t *arguments, study_t *study, const char *folder,
                                epx_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  char parameters[80], images[120];
  const epx_network_t *network = &study->experiment.network;
  const size_t image = (size_t)network->input[0] * (size_t)network->input[1] *
                       (size_t)network->input[2] * epx_dtype_size(study->batch.dtype);
  uint64_t batch = epx_hash_bytes(EPX_HASH_START, study->batch.x, (size_t)study->batch.n * image);
  batch = epx_hash_bytes(batch, study->batch.labels, (size_t)study->batch.n);
  snprintf(parameters, sizeof parameters, "%016llx",
           (unsigned long long)hash_params(study->params));
  snprintf(images, sizeof images, "%d, fingerprint %016llx", study->batch.n,
           (unsigned long long)batch);
  FILE *out = open_memstream(&text, &size);
  if (out != NULL) {
    epx_config_each(&study->experiment, visit_setting, out);
    fprintf(out, "parameters=%s\nimages=%s\nequilibrium_steps=%d\n", parameters, images,
            arguments->equilibrium_steps);
  }
  if (out == NULL || fclose(out) != 0) {
    free(text);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the settings of %s", folder);
  }
  const char *const names[] = {"version", "parameters", "parameter fingerprint", "data", "images"};
  const char *const values[] = {EPX_VERSION,
                                arguments->run != NULL      ? arguments->run
                                : arguments->params != NULL ? arguments->params
                                                            : "fresh, drawn from training.seed",
                                parameters,
                                arguments->batch != NULL ? arguments->batch
                                : study->experiment.data.set == EPX_DATA_GENERATED
                                    ? "generated images"
                                    : study->experiment.data.path,
                                images};
  const epx_status_t status =
      epx_bias_record_open(folder, text, names, values, 5, &study->record, error);
  free(text);
  return status;
}

static epx_status_t load_params(const arguments_t *arguments, study_t *study, epx_error_t *error) {
  return arguments->params != NULL
             ? params_npz_read(arguments->params, study->params, error)
             : run_params(&study->experiment, arguments->run, study->params, error);
}

static epx_status_t load_batch(const arguments_t *arguments, study_t *study, epx_error_t *error) {
  if (arguments->batch != NULL) {
    return batch_npz_read(arguments->batch, &study->experiment.network, &study->batch, error);
  }
  float *x = NULL;
  const epx_status_t status =
      run_test_images(&study->experiment, 0, arguments->images, &x, &study->batch.labels, error);
  study->batch.n = arguments->images;
  study->batch.dtype = EPX_DTYPE_F32;
  study->batch.x = x;
  return status;
}

static int stop_asked(void) {
  return run_interrupted();
}

static epx_status_t measure(const arguments_t *arguments, study_t *study, const char *folder,
                            epx_error_t *error) {
  display_t display = {.bar = !arguments->quiet && isatty(STDERR_FILENO),
                       .start = epx_clock_seconds()};
  const bias_request_t request = {
      .experiment = &study->experiment,
      .grid = &arguments->grid,
      .params = study->params,
      .batch = &study->batch,
      .equilibrium_steps = arguments->equilibrium_steps,
      .record = study->record,
      .progress = show_progress,
      .stop = stop_asked,
      .context = &display,
  };
  run_catch_interrupt();
  const epx_status_t status = bias_measure(&request, error);
  if (display.bar) {
    fprintf(stderr, "\r\033[K");
  }
  if (status != EPX_OK) {
    return status;
  }
  if (!arguments->quiet) {
    fprintf(stderr, "%d points in %s/bias.csv; epxbar report %s shows them\n",
            bias_measure_count(&request), folder, folder);
  }
  return epx_bias_record_close(study->record, error);
}

int command_bias(int argc, char **argv) {
  arguments_t arguments = {.images = 16, .equilibrium_steps = 200};
  study_t study = {0};
  epx_error_t error = {0};
  char path[EPX_PATH_SIZE];
  bias_grid_default(&arguments.grid);
  const epx_command_line_t line = {
      .arguments = "[CONFIG.yaml]",
      .help = help,
      .sets = {{options, &arguments}, {command_common_options, &arguments.source}},
      .argument = command_take_file,
      .argument_values = &arguments.source,
      .check = check,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  const char *folder = arguments.out != NULL ? arguments.out : arguments.run;
  if (status == EPX_OK && arguments.run != NULL) {
    status = epx_path_join(arguments.run, "config.yaml", path, &error);
    arguments.source.file = path;
  }
  if (status == EPX_OK) {
    status = epx_config_load_network(arguments.source.file, arguments.source.overrides,
                                     arguments.source.override_count, &study.experiment, &error);
  }
  if (status == EPX_OK) {
    status = epx_params_create(&study.experiment.network, &study.params, &error);
  }
  status = status == EPX_OK ? load_params(&arguments, &study, &error) : status;
  status = status == EPX_OK ? load_batch(&arguments, &study, &error) : status;
  status = status == EPX_OK ? open_record(&arguments, &study, folder, &error) : status;
  status = status == EPX_OK ? measure(&arguments, &study, folder, &error) : status;
  epx_bias_record_destroy(study.record);
  epx_params_destroy(study.params);
  batch_npz_clear(&study.batch);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
