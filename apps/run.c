/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alignment.h"
#include "clips.h"
#include "cost_record.h"
#include "epx_checkpoint.h"
#include "epx_clock.h"
#include "epx_config.h"
#include "epx_output.h"
#include "epx_record_file.h"
#include "epx_run_record.h"
#include "epx_twin.h"
#include "health.h"
#include "progress.h"
#include "run_resume.h"

static epx_stop_t stop;

/* Says so at once; whoever computes looks at `stop` and returns. A second signal kills. */
static void on_interrupt(int signal_number) {
  static const char text[] = "\nepxbar: stopping; once more stops without waiting\n";
  const int before = errno; /* of whom the signal interrupts */
  (void)signal_number;
  epx_stop_request(&stop);
  const ssize_t told = write(STDERR_FILENO, text, sizeof text - 1);
  (void)told; /* where it fails there is nobody to tell */
  errno = before;
}

void run_catch_interrupt(void) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool run_interrupted(void) {
  return epx_stop_requested(&stop);
}

epx_status_t run_params(const epx_experiment_t *experiment, const char *folder,
                        epx_params_t *params, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_npz_t *npz = NULL;
  if (folder == NULL) {
    epx_params_initialise(params, experiment->training.seed, experiment->training.init_scale);
    return EPX_OK;
  }
  run_say_edits(folder);
  epx_status_t status = epx_path_join(folder, "checkpoint.npz", path, error);
  status = status == EPX_OK ? epx_npz_read(path, &npz, error) : status;
  if (status == EPX_OK) {
    status = epx_params_from_npz(npz, path, "param.", params, error);
    epx_npz_destroy(npz);
  }
  return status;
}

epx_status_t run_check_twin(const epx_experiment_t *experiment, epx_error_t *error) {
  epx_substrate_setup_t setup = epx_experiment_setup(experiment);
  setup.training = NULL; /* nothing is updated */
  return epx_twin_kind.check(&setup, error);
}

epx_status_t run_make_substrate(const epx_experiment_t *experiment, int capacity,
                                epx_substrate_t **out, epx_error_t *error) {
  epx_substrate_t *substrate = NULL;
  epx_params_t *params = NULL;
  const epx_substrate_setup_t setup = epx_experiment_setup(experiment);
  epx_status_t status =
      epx_experiment_kind(experiment)->create(&setup, capacity, &substrate, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_params_create(&experiment->network, &params, error);
  status = status == EPX_OK ? run_params(experiment, NULL, params, error) : status;
  status = status == EPX_OK ? epx_substrate_load(substrate, params, error) : status;
  epx_params_destroy(params);
  if (status != EPX_OK) {
    epx_substrate_destroy(substrate);
    return status;
  }
  *out = substrate;
  return EPX_OK;
}

epx_status_t run_open_data(const epx_experiment_t *experiment, epx_dataset_t **train,
                           epx_dataset_t **test, epx_error_t *error) {
  epx_data_config_t data = experiment->data;
  data.classes = experiment->network.classes;
  epx_status_t status = epx_dataset_open(&data, train, test, error);
  if (status != EPX_OK) {
    return status;
  }
  const int *input = experiment->network.input;
  const epx_dataset_t *set = *train;
  if (set->channels != input[0] || set->height != input[1] || set->width != input[2]) {
    status =
        epx_fail(error, EPX_ERR_CONFIG,
                 "network.input: [%d, %d, %d]; expected [%d, %d, %d], the shape of the images "
                 "in %s",
                 input[0], input[1], input[2], set->channels, set->height, set->width, set->source);
  } else if (set->classes != experiment->network.classes) {
    status = epx_fail(error, EPX_ERR_CONFIG, "network.classes: %d; expected %d, as in %s",
                      experiment->network.classes, set->classes, set->source);
  }
  if (status != EPX_OK) {
    epx_dataset_destroy(*train);
    epx_dataset_destroy(*test);
    *train = *test = NULL;
  }
  return status;
}

epx_status_t run_test_images(const epx_experiment_t *experiment, int first, int n, float **x,
                             uint8_t **labels, epx_error_t *error) {
  epx_dataset_t *train = NULL, *test = NULL;
  epx_status_t status = run_open_data(experiment, &train, &test, error);
  if (status != EPX_OK) {
    return status;
  }
  const size_t image = (size_t)test->channels * (size_t)test->height * (size_t)test->width;
  uint32_t *indices = malloc((size_t)n * sizeof *indices);
  *x = malloc((size_t)n * image * sizeof **x);
  *labels = malloc((size_t)n);
  if (n > test->count) {
    status = epx_fail(error, EPX_ERR_ARGUMENT, "--images %d: the test part has %d images", n,
                      test->count);
  } else if (first > test->count - n) {
    status = epx_fail(error, EPX_ERR_ARGUMENT,
                      "--image %d: the test part has %d images; expected 0 to %d", first,
                      test->count, test->count - n);
  } else if (indices == NULL || *x == NULL || *labels == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d images", n);
  } else {
    for (int i = 0; i < n; ++i) {
      indices[i] = (uint32_t)(first + i);
    }
    epx_dataset_batch(test, indices, n, false, 0, *x, *labels);
  }
  if (status != EPX_OK) {
    free(*x);
    free(*labels);
    *x = NULL;
    *labels = NULL;
  }
  free(indices);
  epx_dataset_destroy(train);
  epx_dataset_destroy(test);
  return status;
}

/* What the trainer's hooks share. */
typedef struct run_t {
  const epx_experiment_t *experiment;
  const run_options_t *options;
  epx_substrate_t *substrate;
  epx_run_record_t *record;
  progress_t progress;
  double last_checkpoint;
  epx_activity_t epoch_start, trained; /* of the twin: at the epoch's start, after its training */
  cost_book_t *book;                   /* NULL: no chip */
  run_result_t last;
  health_said_t said;
} run_t;

static epx_status_t checkpoint(run_t *run, const epx_trainer_state_t *state, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  if (run->options->folder == NULL) {
    return EPX_OK;
  }
  run->last_checkpoint = epx_clock_seconds();
  const epx_status_t status = epx_path_join(run->options->folder, "checkpoint.npz", path, error);
  return status == EPX_OK ? epx_checkpoint_write(path, run->substrate, state, error) : status;
}

static void on_progress(void *context, const epx_progress_t *now) {
  run_t *run = context;
  progress_draw(&run->progress, now);
}

static bool measures(const run_t *run) {
  return epx_experiment_kind(run->experiment)->on_chip &&
         epx_cost_needs_measurement(&run->experiment->chip);
}

static epx_status_t on_batch(void *context, const epx_trainer_state_t *state, epx_error_t *error) {
  run_t *run = context;
  if (measures(run)) {
    epx_twin_activity(run->substrate, &run->trained);
  }
  const double due = run->options->checkpoint_seconds;
  if (run_interrupted()) {
    const epx_status_t status = checkpoint(run, state, error);
    return status != EPX_OK
               ? status
               : epx_fail(error, EPX_ERR_INTERRUPTED, "interrupted in epoch %d after %d images",
                          state->epoch + 1, state->next_image);
  }
  if (due > 0.0 && epx_clock_seconds() - run->last_checkpoint > due) {
    return checkpoint(run, state, error);
  }
  return EPX_OK;
}

static epx_metrics_row_t metrics_row(const epx_epoch_result_t *result, epx_split_t split) {
  const epx_split_result_t *part = split == EPX_SPLIT_TRAIN ? &result->train : &result->test;
  return (epx_metrics_row_t){
      .epoch = result->epoch,
      .split = split,
      .loss = part->loss,
      .error = part->error,
      .images = part->images,
      .images_per_second = part->seconds > 0.0 ? part->images / part->seconds : 0.0,
      .seconds = part->seconds,
      .learning_rate = result->learning_rate,
  };
}

/* What the epoch's images did, of a chip whose account needs it. */
static epx_status_t record_measured(run_t *run, epx_error_t *error) {
  char text[320];
  if (!measures(run)) {
    return EPX_OK;
  }
  epx_measured_t *measured = &run->book->measured;
  measured->training = run->trained;
  epx_activity_take_off(&measured->training, &run->epoch_start);
  epx_twin_activity(run->substrate, &run->epoch_start);
  measured->inference = run->epoch_start;
  epx_activity_take_off(&measured->inference, &run->trained);
  const epx_status_t status = cost_book_measure(run->book, error);
  if (status == EPX_OK && !run->options->quiet) {
    cost_measured_text(run->book, text, sizeof text);
    fprintf(stderr, "%s", text);
  }
  return status == EPX_OK && run->record != NULL
             ? cost_record_write(run->options->folder, run->book, error)
             : status;
}

static epx_status_t on_epoch(void *context, const epx_trainer_state_t *state,
                             const epx_epoch_result_t *result, epx_error_t *error) {
  run_t *run = context;
  char speed[RATE_SIZE];
  epx_status_t status = EPX_OK;
  run->last.epoch = *result;
  progress_clear(&run->progress);
  if (!run->options->quiet) {
    fprintf(stderr,
            "epoch %d/%d  train loss %.4f error %.2f %%  test loss %.4f error %.2f %%  "
            "%s\n",
            result->epoch, run->experiment->training.epochs, result->train.loss,
            100.0 * result->train.error, result->test.loss, 100.0 * result->test.error,
            rate_text(result->train.images / result->train.seconds, speed));
  }
  for (int split = 0; run->record != NULL && status == EPX_OK && split < 2; ++split) {
    const epx_metrics_row_t row =
        metrics_row(result, split == 0 ? EPX_SPLIT_TRAIN : EPX_SPLIT_TEST);
    status = epx_run_record_append(run->record, &row, error);
  }
  status = status == EPX_OK ? record_measured(run, error) : status;
  if (status == EPX_OK) {
    status = health_record(run->options->folder, result->epoch, run->options->quiet,
                           run->experiment, run->substrate, &run->said, error);
  }
  if (status == EPX_OK) {
    status = clips_record(run->options->folder, result->epoch, run->options->quiet, run->experiment,
                          run->substrate, error);
  }
  if (status == EPX_OK) {
    status = alignment_record(run->options->folder, result->epoch, run->options->quiet,
                              run->substrate, error);
  }
  return status == EPX_OK ? checkpoint(run, state, error) : status;
}

/* Writes the experiment into the folder as config.yaml. */
static epx_status_t write_config(const char *folder, const epx_experiment_t *experiment,
                                 epx_error_t *error) {
  char path[EPX_PATH_SIZE], *text = NULL;
  size_t size = 0;
  epx_status_t status = epx_path_join(folder, "config.yaml", path, error);
  if (status != EPX_OK) {
    return status;
  }
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  status = epx_config_write(experiment, out, error);
  if (fclose(out) != 0 && status == EPX_OK) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  status = status == EPX_OK ? epx_output_write(path, text, size, error) : status;
  free(text);
  return status;
}

static epx_status_t open_record(run_t *run, const epx_dataset_t *train, const epx_dataset_t *test,
                                const epx_trainer_state_t *state, epx_error_t *error) {
  const epx_experiment_t *experiment = run->experiment;
  static const char *const sets[] = {"generated", "cifar10", "idx"};
  const bool generated = experiment->data.set == EPX_DATA_GENERATED;
  epx_settings_t settings = {0};
  epx_config_each(experiment, epx_settings_visit, &settings);
  const epx_run_info_t info = {
      .command_line = run->options->command_line,
      .substrate = run->substrate->ops->name,
      .seed = experiment->training.seed,
      .dataset = {sets[experiment->data.set], train->source, train->fingerprint,
                  generated ? "generated images, not photographs" : "", train->count, test->count},
      .settings = &settings,
  };
  const char *folder = run->options->folder;
  epx_status_t status = run->options->resume
                            ? epx_run_record_resume(folder, &info, state->epoch, state->next_image,
                                                    &run->record, error)
                            : epx_run_record_create(folder, &info, &run->record, error);
  if (status == EPX_OK) {
    status = write_config(folder, experiment, error);
  }
  epx_settings_clear(&settings);
  return status;
}

static epx_status_t close_record(run_t *run, epx_status_t status, epx_error_t *error) {
  if (run->record == NULL) {
    return status;
  }
  const epx_run_status_t end = status == EPX_OK                ? EPX_RUN_FINISHED
                               : status == EPX_ERR_INTERRUPTED ? EPX_RUN_INTERRUPTED
                                                               : EPX_RUN_FAILED;
  epx_error_t second = {0};
  const epx_status_t written =
      epx_run_record_finish(run->record, end, status == EPX_OK ? NULL : error->message, &second);
  epx_run_record_destroy(run->record);
  if (status == EPX_OK && written != EPX_OK) {
    *error = second;
    return written;
  }
  return status;
}

/* A resumed run must see the images that it began with. */
static epx_status_t check_same_data(const char *folder, const epx_dataset_t *train,
                                    epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  json_t *manifest = NULL;
  epx_status_t status = epx_path_join(folder, "manifest.json", path, error);
  status = status == EPX_OK ? epx_json_read(path, &manifest, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  const char *before = epx_json_get_text(json_object_get(manifest, "dataset"), "fingerprint");
  if (strcmp(before, train->fingerprint) != 0) {
    status = epx_fail(error, EPX_ERR_FORMAT,
                      "%s: other training images than those of the run: fingerprint %s; expected "
                      "%s, as in %s",
                      train->source, train->fingerprint, before, path);
  }
  json_decref(manifest);
  return status;
}

static epx_status_t train_open(run_t *run, const epx_dataset_t *train, const epx_dataset_t *test,
                               epx_error_t *error) {
  const epx_experiment_t *experiment = run->experiment;
  epx_trainer_state_t state = {0};
  char path[EPX_PATH_SIZE];
  epx_status_t status = EPX_OK;
  if (run->options->resume) {
    status = epx_path_join(run->options->folder, "checkpoint.npz", path, error);
    status = status == EPX_OK ? epx_checkpoint_read(path, run->substrate, &state, error) : status;
    status = status == EPX_OK ? check_same_data(run->options->folder, train, error) : status;
    status =
        status == EPX_OK ? run_say_resume(run->options->folder, experiment, &state, error) : status;
  }
  if (status == EPX_OK && run->options->folder != NULL) {
    status = open_record(run, train, test, &state, error);
  }
  if (status == EPX_OK && run->options->folder != NULL) {
    status = cost_record_write(run->options->folder, run->book, error);
  }
  if (status == EPX_OK && !run->options->resume) {
    status = checkpoint(run, &state, error); /* so that a kill at any time later can be resumed */
    status = status == EPX_OK ? alignment_record(run->options->folder, 0, run->options->quiet,
                                                 run->substrate, error)
                              : status;
    status = status == EPX_OK ? health_record(run->options->folder, 0, run->options->quiet,
                                              experiment, run->substrate, &run->said, error)
                              : status;
  }
  if (status != EPX_OK) {
    return status;
  }
  if (run->options->resume && state.epoch >= experiment->training.epochs) {
    fprintf(stderr,
            "%s: finished already, after epoch %d; --set training.epochs=N with a larger N trains "
            "on\n",
            run->options->folder, state.epoch);
  }
  const epx_trainer_t trainer = {
      .training = experiment->training,
      .dynamics = experiment->dynamics,
      .estimator = experiment->estimator,
      .augment = experiment->data.augment,
      .calibrate_epochs = experiment->chip.adc.calibrate_epochs,
      .follow_batches = experiment->chip.adc.follow_batches,
      .substrate = run->substrate,
      .train = train,
      .test = test,
      .hooks = {run, on_progress, on_batch, on_epoch},
  };
  run->last_checkpoint = epx_clock_seconds();
  progress_start(&run->progress, run->options->quiet);
  status = epx_trainer_run(&trainer, &state, error);
  progress_clear(&run->progress);
  return status;
}

/* Everything that can be refused without a substrate, before the folder is made or touched. */
static epx_status_t check_run(epx_experiment_t *experiment, const run_options_t *options,
                              cost_book_t **book, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  if (options->resume) {
    status = run_check_resume(options->folder, experiment, error);
  } else {
    run_fix_schedule(experiment);
    status = options->folder != NULL ? epx_run_record_check(options->folder, error) : EPX_OK;
  }
  status = status == EPX_OK ? cost_book_open(experiment, book, error) : status;
  if (status == EPX_OK) {
    cost_record_say(*book);
  }
  return status;
}

static void result_of(const run_t *run, run_result_t *result) {
  const cost_book_t *book = run->book;
  const bool known = book != NULL && book->complete;
  *result = run->last;
  snprintf(result->unpriced, sizeof result->unpriced, "%s",
           book == NULL || book->priced ? "" : book->why);
  result->training_energy_uj = known ? book->cost.training.energy_uj : (double)NAN;
  result->inference_energy_uj = known ? book->cost.inference.energy_uj : (double)NAN;
  result->inference_latency_us = known ? book->cost.inference.latency_us : (double)NAN;
}

epx_status_t run_train(const epx_experiment_t *asked, const run_options_t *options,
                       run_result_t *result, epx_error_t *error) {
  epx_experiment_t experiment = *asked;
  run_t *run = calloc(1, sizeof *run);
  if (run == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for a run");
  }
  run->experiment = &experiment;
  run->options = options;
  epx_dataset_t *train = NULL, *test = NULL;
  epx_status_t status = check_run(&experiment, options, &run->book, error);
  if (status == EPX_OK) {
    status = run_open_data(&experiment, &train, &test, error);
  }
  if (status == EPX_OK) {
    const int images = train->count > test->count ? train->count : test->count;
    const int batch = experiment.training.batch;
    status =
        run_make_substrate(&experiment, batch < images ? batch : images, &run->substrate, error);
  }
  if (status == EPX_OK) {
    run_catch_interrupt();
    run->substrate->stop = &stop;
    status = train_open(run, train, test, error);
    status = close_record(run, status, error);
  }
  if (status == EPX_OK && result != NULL) {
    result_of(run, result);
  }
  cost_book_close(run->book);
  epx_substrate_destroy(run->substrate);
  epx_dataset_destroy(train);
  epx_dataset_destroy(test);
  free(run);
  return status;
}

epx_status_t run_load(const char *folder, const command_source_t *source, int capacity,
                      epx_experiment_t *experiment, epx_substrate_t **out, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_trainer_state_t state;
  epx_status_t status = epx_path_join(folder, "config.yaml", path, error);
  if (status == EPX_OK) {
    status = epx_config_load(path, source->overrides, source->override_count, experiment, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  run_say_edits(folder);
  epx_substrate_t *substrate = NULL;
  status = run_make_substrate(experiment, capacity, &substrate, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_path_join(folder, "checkpoint.npz", path, error);
  status = status == EPX_OK ? epx_checkpoint_read(path, substrate, &state, error) : status;
  if (status != EPX_OK) {
    epx_substrate_destroy(substrate);
    return status;
  }
  *out = substrate;
  return EPX_OK;
}
