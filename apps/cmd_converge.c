/* SPDX-License-Identifier: Apache-2.0 */
/* The second law: how the twin's error against the golden model falls with bits. */
#include <argp.h>
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

enum { KEY_RUN = 0x200, KEY_IMAGES, KEY_BITS /* + convergence_axis_t; last */ };

static const struct argp_option options[] = {
    {"run", KEY_RUN, "DIR", 0, "Use the network and trained parameters of a run folder", 0},
    {"images", KEY_IMAGES, "N", 0, "Number of test images (default 16)", 0},
    {"state-bits", KEY_BITS + CONVERGENCE_STATE, "LOW-HIGH", 0,
     "Bits of a state (default 3-8; none: leave this part out)", 1},
    {"synapse-bits", KEY_BITS + CONVERGENCE_SYNAPSE, "LOW-HIGH", 0,
     "Bits of a synapse, its integer bits as configured (default 3-8)", 1},
    {"adc-bits", KEY_BITS + CONVERGENCE_ADC, "LOW-HIGH", 0,
     "Bits of the ADCs of analog arrays (default: from 3 to where they lose nothing)", 1},
    {"out", 'o', "DIR", 0, "Folder for convergence.csv (default: the run folder, if one is given)",
     0},
    COMMAND_COMMON_OPTIONS,
    {0},
};

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

static void check_end(const arguments_t *arguments, struct argp_state *state) {
  if (arguments->run != NULL && arguments->source.file != NULL) {
    argp_error(state, "--run %s brings its own configuration; leave out %s", arguments->run,
               arguments->source.file);
  }
  if (arguments->run == NULL && arguments->out == NULL) {
    argp_error(state, "expected --out DIR (or --run DIR, which is the folder then)");
  }
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  arguments_t *arguments = state->input;
  if (key >= KEY_BITS && key < KEY_BITS + CONVERGENCE_AXES) {
    const convergence_axis_t axis = (convergence_axis_t)(key - KEY_BITS);
    take_bits(argument, axis, state, &arguments->bits[axis]);
    arguments->default_adc = arguments->default_adc && axis != CONVERGENCE_ADC;
    return 0;
  }
  switch (key) {
    case KEY_RUN:
      arguments->run = argument;
      return 0;
    case KEY_IMAGES:
      arguments->images = command_number("--images", argument, state, 1, 4096);
      return 0;
    case 'o':
      arguments->out = argument;
      return 0;
    case ARGP_KEY_ARG:
      return command_file_argument(argument, state, &arguments->source);
    case ARGP_KEY_END:
      check_end(arguments, state);
      return 0;
    default:
      return command_common_option(key, argument, state, &arguments->source);
  }
}

static const struct argp argp = {
    options,
    parse,
    "[CONFIG.yaml]",
    "Measures how far the twin's free states and gradients are from the golden model's (float64), "
    "over bits of states, of synapses and of ADCs, and fits the factor by which a bit more divides "
    "the error; theory says 2. epxbar report draws the result.",
    0,
    0,
    0};

static void print_point(const epx_convergence_row_t *row) {
  printf("%-7s %2d bits  %-8s states %.3g, gradient %.3g, cosine %.5f\n", row->axis, row->bits,
         row->format, row->states.whole, row->gradient.whole, row->cosine);
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
  epx_status_t status = EPX_OK;
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  if (arguments.run != NULL) {
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
