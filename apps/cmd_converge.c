/* SPDX-License-Identifier: Apache-2.0 */
/* The second law: how the twin's error against the golden model falls with bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "convergence_measure.h"
#include "epx_config.h"
#include "epx_record_file.h"
#include "run.h"

typedef struct arguments_t {
  command_source_t source;
  const char *run, *out;
  convergence_bits_t bits[CONVERGENCE_AXES];
  bool default_adc;
  int images;
} arguments_t;

/* The bits that each part can have; an ADC's: EPX_CONVERTER_MAX_BITS. */
static const convergence_bits_t limits[CONVERGENCE_AXES] = {
    [CONVERGENCE_STATE] = {1, 8},
    [CONVERGENCE_SYNAPSE] = {2, 8},
    [CONVERGENCE_ADC] = {2, EPX_CONVERTER_MAX_BITS}};

static void take_bits(const char *argument, convergence_axis_t axis, struct argp_state *state,
                      convergence_bits_t *bits) {
  int end = 0;
  convergence_bits_t found = {1, 0};
  if (strcmp(argument, "none") != 0 &&
      (sscanf(argument, "%d-%d%n", &found.low, &found.high, &end) != 2 || argument[end] != '\0' ||
       found.low < limits[axis].low || found.high > limits[axis].high || found.low > found.high)) {
    argp_error(state, "--%s-bits %s: expected none or LOW-HIGH within %d-%d",
               convergence_axis_name(axis), argument, limits[axis].low, limits[axis].high);
  }
  *bits = found;
}

static void take_state(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  take_bits(argument, CONVERGENCE_STATE, state, &arguments->bits[CONVERGENCE_STATE]);
}

static void take_synapse(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  take_bits(argument, CONVERGENCE_SYNAPSE, state, &arguments->bits[CONVERGENCE_SYNAPSE]);
}

static void take_adc(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  take_bits(argument, CONVERGENCE_ADC, state, &arguments->bits[CONVERGENCE_ADC]);
  arguments->default_adc = false;
}

static const epx_option_t options[] = {
    {"run", 0, "DIR", "Use the network and trained parameters of a run folder", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, run)},
    {"images", 0, "N", "Number of test images (default 16)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, images), .low = 1, .high = 4096},
    {"state-bits", 0, "LOW-HIGH", "Bits of a state (default 3-8; none: leave this part out)",
     EPX_OPTION_CALL, .take = take_state, .group = 1},
    {"synapse-bits", 0, "LOW-HIGH",
     "Bits of a synapse, its integer bits as configured (default 3-8)", EPX_OPTION_CALL,
     .take = take_synapse, .group = 1},
    {"adc-bits", 0, "LOW-HIGH",
     "Bits of the ADCs of analog arrays (default: from 3 to where they lose nothing)",
     EPX_OPTION_CALL, .take = take_adc, .group = 1},
    {"out", 'o', "DIR", "Folder for convergence.csv (default: the run folder, if one is given)",
     EPX_OPTION_FOLDER, EPX_OPTION_AT(arguments_t, out)},
    {0}};

static void check(void *values, struct argp_state *state) {
  const arguments_t *arguments = values;
  command_check_run("run", arguments->run, &arguments->source, state);
  if (arguments->run == NULL && arguments->out == NULL) {
    argp_error(state, "expected --out DIR (or --run DIR, which is the folder then)");
  }
}

static const char help[] =
    "Measures how far the twin's free states and gradients are from the golden model's (float64), "
    "over bits of states, of synapses and of ADCs, and fits the factor by which a bit more divides "
    "the error; theory says 2. epxbar report draws the result.";

/* A number, or words where golden's states or gradient, which it is a share of, are 0. */
static void print_share(const char *name, const char *format, double value, const char *end) {
  printf("%s ", name);
  if (isfinite(value)) {
    printf(format, value);
  } else {
    printf("none (golden's 0)");
  }
  printf("%s", end);
}

static void print_point(const epx_convergence_row_t *row) {
  printf("%-7s %2d bits  %-8s ", row->axis, row->bits, row->format);
  print_share("states", "%.3g", row->states.whole, ", ");
  print_share("gradient", "%.3g", row->gradient.whole, ", ");
  print_share("cosine", "%.5f", row->cosine, "\n");
  fflush(stdout);
}

static void print_fit(const epx_convergence_row_t *rows, int count, convergence_axis_t axis,
                      bool gradient) {
  const char *name = convergence_axis_name(axis), *what = gradient ? "gradient" : "states";
  const epx_convergence_fit_t fit = epx_convergence_fit(rows, count, name, gradient);
  if (fit.determined) {
    printf("%-7s error of %s / %.2f a bit, %d to %d bits\n", name, what, fit.factor, fit.low,
           fit.high);
  } else {
    printf("%-7s error of %s: %d points, which determine no law\n", name, what, fit.used);
  }
}

static epx_status_t measure(const arguments_t *arguments, const epx_experiment_t *experiment,
                            epx_params_t *params, epx_convergence_row_t *rows, int *count,
                            epx_error_t *error) {
  convergence_request_t request = {.experiment = experiment,
                                   .params = params,
                                   .images = arguments->images,
                                   .point = print_point};
  uint8_t *labels = NULL;
  for (int axis = 0; axis < CONVERGENCE_AXES; ++axis) {
    request.bits[axis] = arguments->bits[axis];
  }
  if (arguments->default_adc) {
    const int lossless = convergence_lossless_bits(&experiment->chip);
    request.bits[CONVERGENCE_ADC] = (convergence_bits_t){
        3, lossless < EPX_CONVERTER_MAX_BITS ? lossless : EPX_CONVERTER_MAX_BITS};
  }
  epx_status_t status = run_params(experiment, arguments->run, params, error);
  status = status == EPX_OK
               ? run_test_images(experiment, 0, arguments->images, &request.x, &labels, error)
               : status;
  request.labels = labels;
  status = status == EPX_OK ? convergence_measure(&request, rows, count, error) : status;
  free(request.x);
  free(labels);
  return status;
}

int command_converge(int argc, char **argv) {
  arguments_t arguments = {.images = 16,
                           .default_adc = true,
                           .bits = {[CONVERGENCE_STATE] = {3, 8}, [CONVERGENCE_SYNAPSE] = {3, 8}}};
  epx_convergence_row_t rows[CONVERGENCE_MAX_ROWS];
  epx_experiment_t experiment;
  epx_params_t *params = NULL;
  epx_error_t error = {0};
  char path[EPX_PATH_SIZE];
  int count = 0;
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
  if (status == EPX_OK && arguments.run != NULL) {
    status = epx_path_join(arguments.run, "config.yaml", path, &error);
    arguments.source.file = path;
  }
  status = status == EPX_OK
               ? epx_config_load_network(arguments.source.file, arguments.source.overrides,
                                         arguments.source.override_count, &experiment, &error)
               : status;
  status = status == EPX_OK ? run_check_twin(&experiment, &error) : status;
  status = status == EPX_OK ? epx_params_create(&experiment.network, &params, &error) : status;
  status =
      status == EPX_OK ? measure(&arguments, &experiment, params, rows, &count, &error) : status;
  for (int axis = 0; status == EPX_OK && axis < CONVERGENCE_AXES; ++axis) {
    print_fit(rows, count, (convergence_axis_t)axis, false);
    print_fit(rows, count, (convergence_axis_t)axis, true);
  }
  status = status == EPX_OK
               ? epx_convergence_write(arguments.out != NULL ? arguments.out : arguments.run, rows,
                                       count, &error)
               : status;
  epx_params_destroy(params);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
