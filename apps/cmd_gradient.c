/* SPDX-License-Identifier: Apache-2.0 */
/* With --params: states and gradients from .npz to .npz (gradient_npz.h). Else holds the EP
 * estimate against backpropagation through time on one fixed mini-batch: for the golden model
 * (float64) and the twin, for several nudging factors and poolings, layer by layer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement.h"
#include "command.h"
#include "epx_config.h"
#include "epx_ep.h"
#include "epx_golden.h"
#include "epx_output.h"
#include "epx_records.h"
#include "epx_twin.h"
#include "gdu.h"
#include "gradient_npz.h"
#include "run.h"

enum { MAX_BETAS = 32, MAX_ROWS = 4096 };

typedef struct arguments_t {
  command_source_t source;
  const char *run, *out;
  double beta[MAX_BETAS];
  int beta_count;
  bool pool[3]; /* by epx_pool_t */
  bool keep_pool, twin, gdu;
  int images; /* 0: not given */
  gradient_npz_t npz;
} arguments_t;

static void take_betas(void *values, char *list, struct argp_state *state) {
  arguments_t *arguments = values;
  arguments->beta_count = 0;
  for (char *item = strtok(list, ","); item != NULL; item = strtok(NULL, ",")) {
    double beta;
    if (!command_take_beta(item, &beta) || arguments->beta_count == MAX_BETAS) {
      argp_error(state, "--beta: '%s'; expected up to %d numbers in (0, 100], of at least 1.2e-38",
                 item, MAX_BETAS);
    }
    arguments->beta[arguments->beta_count++] = beta;
  }
  if (arguments->beta_count == 0) {
    argp_error(state, "--beta: expected numbers in (0, 100], such as 0.1,0.3");
  }
}

static void take_pools(void *values, char *list, struct argp_state *state) {
  arguments_t *arguments = values;
  arguments->keep_pool = false;
  for (char *item = strtok(list, ","); item != NULL; item = strtok(NULL, ",")) {
    if (strcmp(item, "max") == 0) {
      arguments->pool[EPX_POOL_MAX] = true;
    } else if (strcmp(item, "avg") == 0) {
      arguments->pool[EPX_POOL_AVG] = true;
    } else {
      argp_error(state, "--pool: '%s'; expected max or avg", item);
    }
  }
  if (!arguments->pool[EPX_POOL_MAX] && !arguments->pool[EPX_POOL_AVG]) {
    argp_error(state, "--pool: expected max, avg or both, such as max,avg");
  }
}

static const epx_option_t options[] = {
    {"run", 0, "DIR", "Use the network and trained parameters of a run folder", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, run)},
    {"beta", 0, "LIST", "Nudging factors (default: 0.01,0.03,0.1,0.3,1)", EPX_OPTION_CALL,
     .take = take_betas},
    {"pool", 0, "LIST", "Poolings to try, of max,avg (default: as configured)", EPX_OPTION_CALL,
     .take = take_pools},
    {"images", 0, "N", "Size of the mini-batch (default 32)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, images), .low = 1, .high = 4096},
    {"twin", 0, NULL, "Also hold the twin's estimate against the golden model's BPTT",
     EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, twin)},
    {"gdu", 0, NULL,
     "Check the gradient-descending updates: EP after each nudged step against BPTT over as many, "
     "into gdu.csv of the folder",
     EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, gdu)},
    {"out", 'o', "PATH",
     "Folder for gradient.json (default: the run folder, if one is given); with --params: the .npz "
     "file to write",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, out)},
    {"params", 0, "P.npz",
     "Take the parameters from this file, the batch from --batch, and write states and gradients "
     "of every estimator, of BPTT and at equilibrium to --out",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, npz.params), .group = 1},
    {"batch", 0, "B.npz", "Images x [N][C][H][W] and labels y [N]", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, npz.batch), .group = 1},
    {"equilibrium-steps", 0, "N",
     "Steps of BPTT that stand for the equilibrium gradient (default 200)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, npz.equilibrium_steps), .low = 1, .high = 100000, .group = 1},
    {0}};

/* Options of one of the command's two modes are refused in the other. */
static void check(void *values, struct argp_state *state) {
  const arguments_t *arguments = values;
  const bool comparison = arguments->run != NULL || arguments->beta_count > 0 ||
                          !arguments->keep_pool || arguments->images > 0 || arguments->twin ||
                          arguments->gdu;
  command_check_run("run", arguments->run, &arguments->source, state);
  if ((arguments->npz.params != NULL) != (arguments->npz.batch != NULL)) {
    argp_error(state, "--params and --batch belong together");
  }
  if (arguments->npz.params == NULL && arguments->npz.equilibrium_steps != 0) {
    argp_error(state, "--equilibrium-steps goes with --params");
  }
  if (arguments->gdu && (arguments->twin || !arguments->keep_pool)) {
    argp_error(state, "--gdu takes the network as configured; leave out --twin and --pool");
  }
  if (arguments->npz.params != NULL && arguments->out == NULL) {
    argp_error(state, "--params needs --out G.npz");
  }
  if (arguments->npz.params != NULL && comparison) {
    argp_error(state, "--run, --beta, --pool, --images, --twin and --gdu do not go with --params");
  }
}

/* --out is a file in one mode and a folder in the other. */
static epx_status_t check_out(const arguments_t *arguments, epx_error_t *error) {
  const gradient_npz_t *npz = &arguments->npz;
  if (arguments->out == NULL) {
    return EPX_OK;
  }
  if (npz->params == NULL) {
    return epx_output_check_folder(arguments->out, error);
  }
  if (epx_output_same(arguments->out, npz->params) || epx_output_same(arguments->out, npz->batch)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "--out %s would replace what is read", arguments->out);
  }
  return epx_output_check(arguments->out, error);
}

static const char help[] =
    "Holds the equilibrium-propagation estimate of the gradient against backpropagation through "
    "time over the nudged steps, on the first test images, layer by layer.";

/* Everything that one comparison needs. */
typedef struct study_t {
  epx_experiment_t experiment;
  epx_params_t *params, *reference, *estimate;
  float *x;
  uint8_t *labels, *predicted;
  double *loss;
  int images;
  char network_name[128];
  epx_gradient_row_t *rows;
  int row_count;
} study_t;

static epx_batch_t study_batch(const study_t *study) {
  return epx_batch_f32(study->x, study->labels, study->images);
}

static const char *pool_name(const epx_network_t *network) {
  return epx_pool_name((int)epx_network_pool(network));
}

static void describe(const epx_network_t *network, char text[128]) {
  int at = 0;
  for (int l = 0; l < network->layer_count && at < 100; ++l) {
    at += snprintf(text + at, 128 - (size_t)at, "%s%s %d", l > 0 ? " - " : "",
                   network->layers[l].kind == EPX_LAYER_CONV ? "conv" : "dense",
                   network->layers[l].units);
  }
}

static void add_rows(study_t *study, const epx_estimator_t *estimator, const char *substrate) {
  const char *pool = pool_name(&study->experiment.network);
  const char *name = epx_estimator_row(estimator->kind)->name;
  const int layers = study->params->layer_count;
  printf("%-5s %-9s %-7s beta %-6g cosine", pool, name, substrate, estimator->beta);
  for (int l = 0; l < layers && study->row_count < MAX_ROWS; ++l) {
    const agreement_t a = agreement_of(study->estimate, study->reference, l);
    study->rows[study->row_count++] = (epx_gradient_row_t){
        study->network_name,    pool,     name,          substrate,       estimator->beta,
        study->params->name[l], a.cosine, a.relative_l2, a.sign_agreement};
    if (isfinite(a.cosine)) {
      printf("  %s %.4f", study->params->name[l], a.cosine);
    } else { /* a gradient of 0 has no direction */
      printf("  %s none (gradient 0)", study->params->name[l]);
    }
  }
  printf("\n");
}

static epx_status_t estimate_all(study_t *study, const arguments_t *arguments,
                                 epx_substrate_t *substrate, const char *label,
                                 epx_error_t *error) {
  static const epx_estimator_kind_t kinds[] = {EPX_ESTIMATOR_SYMMETRIC, EPX_ESTIMATOR_ONE_SIDED,
                                               EPX_ESTIMATOR_RICHARDSON};
  const epx_dynamics_t *dynamics = &study->experiment.dynamics;
  const epx_batch_t batch = study_batch(study);
  epx_status_t status =
      epx_ep_free(substrate, dynamics, &batch, study->loss, study->predicted, error);
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; ++k) {
    for (int b = 0; status == EPX_OK && b < arguments->beta_count; ++b) {
      epx_estimator_t estimator = study->experiment.estimator;
      estimator.kind = kinds[k];
      estimator.beta = arguments->beta[b];
      status = epx_ep_nudged(substrate, dynamics, &estimator, 1, error);
      status = status == EPX_OK
                   ? epx_substrate_gradient(substrate, &estimator, study->estimate, error)
                   : status;
      if (status == EPX_OK) {
        add_rows(study, &estimator, label);
      }
    }
  }
  return status;
}

/* How far the free state still moves: the largest change over one more step. */
static epx_status_t residual(epx_substrate_t *golden, double *result, epx_error_t *error) {
  double largest = 0.0;
  epx_status_t status = EPX_OK;
  for (int l = 0; status == EPX_OK && l < golden->network.layer_count; ++l) {
    const size_t count = (size_t)golden->capacity * golden->shapes[l].out_size;
    double *before = malloc(count * sizeof *before), *after = malloc(count * sizeof *after);
    if (before != NULL && after != NULL) {
      epx_substrate_recall_free(golden);
      epx_substrate_states(golden, l, before);
      status = epx_substrate_relax(golden, 1, 0.0, error);
      epx_substrate_states(golden, l, after);
      for (size_t i = 0; i < count; ++i) {
        largest = fmax(largest, fabs(after[i] - before[i]));
      }
    }
    free(before);
    free(after);
  }
  epx_substrate_recall_free(golden);
  *result = largest;
  return status;
}

static epx_status_t study_pool(study_t *study, const arguments_t *arguments, epx_error_t *error) {
  const epx_experiment_t *experiment = &study->experiment;
  epx_substrate_t *golden = NULL, *twin = NULL;
  epx_status_t status = epx_golden_f64_create(&experiment->network, study->images, &golden, error);
  if (status != EPX_OK) {
    return status;
  }
  const epx_calibration_t step = {experiment->dynamics, experiment->estimator, study_batch(study)};
  double change = 0.0;
  status = epx_substrate_load(golden, study->params, error);
  status = status == EPX_OK ? epx_ep_free(golden, &experiment->dynamics, &step.batch, study->loss,
                                          study->predicted, error)
                            : status;
  status = status == EPX_OK ? residual(golden, &change, error) : status;
  if (status == EPX_OK) {
    printf("%-5s largest change of a state over one more free step: %.2g\n",
           pool_name(&experiment->network), change);
    status =
        epx_golden_f64_bptt(golden, experiment->dynamics.nudged_steps, study->reference, error);
  }
  status = status == EPX_OK ? estimate_all(study, arguments, golden, "golden", error) : status;
  epx_error_t why = {0};
  bool twin_too = status == EPX_OK && arguments->twin;
  if (twin_too && run_check_twin(experiment, &why) != EPX_OK) {
    twin_too = false;
    fprintf(stderr, "epxbar: the twin is left out with %s: %s\n", pool_name(&experiment->network),
            why.message);
  }
  if (twin_too) {
    status = epx_twin_create(&experiment->network, &experiment->chip, study->images, &twin, error);
    status = status == EPX_OK ? epx_substrate_load(twin, study->params, error) : status;
    status = status == EPX_OK ? epx_ep_calibrate(twin, &step, error) : status;
    status = status == EPX_OK ? estimate_all(study, arguments, twin, "twin", error) : status;
  }
  epx_substrate_destroy(golden);
  epx_substrate_destroy(twin);
  return status;
}

static epx_status_t load_batch(study_t *study, epx_error_t *error) {
  const size_t n = (size_t)study->images;
  study->predicted = calloc(n, 1);
  study->loss = calloc(n, sizeof *study->loss);
  study->rows = calloc(MAX_ROWS, sizeof *study->rows);
  if (study->predicted == NULL || study->loss == NULL || study->rows == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d images", study->images);
  }
  return run_test_images(&study->experiment, 0, study->images, &study->x, &study->labels, error);
}

static epx_status_t study_all(study_t *study, const arguments_t *arguments, epx_error_t *error) {
  const epx_network_t *network = &study->experiment.network;
  epx_status_t status = epx_params_create(network, &study->params, error);
  status = status == EPX_OK ? epx_params_create(network, &study->reference, error) : status;
  status = status == EPX_OK ? epx_params_create(network, &study->estimate, error) : status;
  status = status == EPX_OK ? run_params(&study->experiment, arguments->run, study->params, error)
                            : status;
  status = status == EPX_OK ? load_batch(study, error) : status;
  describe(network, study->network_name);
  if (status == EPX_OK && arguments->gdu) {
    return gdu_run(&study->experiment, study->params, study->x, study->labels, study->images,
                   arguments->beta, arguments->beta_count,
                   arguments->out != NULL ? arguments->out : arguments->run, error);
  }
  if (status == EPX_OK && arguments->keep_pool) {
    return study_pool(study, arguments, error);
  }
  for (int pool = EPX_POOL_MAX; status == EPX_OK && pool <= EPX_POOL_AVG; ++pool) {
    if (arguments->pool[pool]) {
      epx_network_set_pool(&study->experiment.network, (epx_pool_t)pool);
      status = study_pool(study, arguments, error);
    }
  }
  return status;
}

/* The .npz mode: network, dynamics, estimator and precision are all it takes from the file. */
static int run_npz(arguments_t *arguments) {
  epx_error_t error = {0};
  epx_experiment_t experiment;
  arguments->npz.out = arguments->out;
  if (arguments->npz.equilibrium_steps == 0) {
    arguments->npz.equilibrium_steps = 200;
  }
  epx_status_t status =
      epx_config_load_network(arguments->source.file, arguments->source.overrides,
                              arguments->source.override_count, &experiment, &error);
  status = status == EPX_OK ? gradient_npz_run(&experiment, &arguments->npz, &error) : status;
  return status == EPX_OK ? 0 : command_failed(status, &error);
}

int command_gradient(int argc, char **argv) {
  static const double betas[] = {0.01, 0.03, 0.1, 0.3, 1.0};
  arguments_t arguments = {.keep_pool = true};
  char path[1024];
  epx_error_t error = {0};
  study_t study = {0};
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
  status = status == EPX_OK ? check_out(&arguments, &error) : status;
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  if (arguments.beta_count == 0) {
    arguments.beta_count = sizeof betas / sizeof betas[0];
    memcpy(arguments.beta, betas, sizeof betas);
  }
  if (arguments.npz.params != NULL) {
    return run_npz(&arguments);
  }
  if (arguments.run != NULL) {
    snprintf(path, sizeof path, "%s/config.yaml", arguments.run);
    arguments.source.file = path;
  }
  const char *out = arguments.out != NULL ? arguments.out : arguments.run;
  study.images = arguments.images > 0 ? arguments.images : 32;
  status = epx_config_load_network(arguments.source.file, arguments.source.overrides,
                                   arguments.source.override_count, &study.experiment, &error);
  status = status == EPX_OK ? study_all(&study, &arguments, &error) : status;
  if (status == EPX_OK && out != NULL && !arguments.gdu) {
    const epx_gradient_record_t record = {study.images, "BPTT over the nudged steps", "float64",
                                          study.rows, study.row_count};
    status = epx_gradient_record_write(out, &record, &error);
  }
  epx_params_destroy(study.params);
  epx_params_destroy(study.reference);
  epx_params_destroy(study.estimate);
  free(study.x);
  free(study.labels);
  free(study.predicted);
  free(study.loss);
  free(study.rows);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
