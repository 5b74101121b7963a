/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "epx_clock.h"
#include "epx_ep.h"
#include "epx_random.h"

enum { KEY_SHUFFLE = 0x73687566, KEY_AUGMENT = 0x61756721, KEY_SIGN = 0x7369676e };

double epx_trainer_learning_rate(const epx_training_t *training, int layer, int epoch) {
  const int length = training->schedule_epochs > 0 ? training->schedule_epochs : training->epochs;
  const double first = training->learning_rate[training->learning_rate_count == 1 ? 0 : layer];
  const double last = training->final_learning_rate;
  if (epoch >= length) {
    return last;
  }
  const double pi = 3.14159265358979323846;
  return last + 0.5 * (first - last) * (1.0 + cos(pi * epoch / length));
}

epx_update_rule_t epx_trainer_rule(const epx_training_t *training, int epoch) {
  epx_update_rule_t rule = {.momentum = training->momentum, .weight_decay = training->weight_decay};
  for (int l = 0; l <= EPX_MAX_LAYERS; ++l) {
    rule.learning_rate[l] = epx_trainer_learning_rate(training, l, epoch);
  }
  return rule;
}

/* Buffers of one mini-batch. */
typedef struct batch_t {
  int size;
  uint32_t *order; /* of the whole data set */
  float *x;
  uint8_t *labels, *predicted;
  double *loss;
} batch_t;

static void batch_free(batch_t *batch) {
  free(batch->order);
  free(batch->x);
  free(batch->labels);
  free(batch->predicted);
  free(batch->loss);
}

/* Room for a mini-batch, or for the whole data set where that is smaller. */
static epx_status_t batch_make(const epx_trainer_t *trainer, const epx_dataset_t *dataset,
                               batch_t *batch, epx_error_t *error) {
  const int images =
      trainer->training.batch < dataset->count ? trainer->training.batch : dataset->count;
  const size_t size = (size_t)images;
  const size_t image = (size_t)dataset->channels * (size_t)dataset->height * (size_t)dataset->width;
  *batch = (batch_t){
      .size = images,
      .order = malloc((size_t)dataset->count * sizeof *batch->order),
      .x = malloc(size * image * sizeof *batch->x),
      .labels = malloc(size),
      .predicted = malloc(size),
      .loss = malloc(size * sizeof *batch->loss),
  };
  if (batch->order == NULL || batch->x == NULL || batch->labels == NULL ||
      batch->predicted == NULL || batch->loss == NULL) {
    batch_free(batch);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for mini-batches of %zu", size);
  }
  for (int i = 0; i < dataset->count; ++i) {
    batch->order[i] = (uint32_t)i;
  }
  return EPX_OK;
}

/* Puts where a failure of training happened before its message. */
static epx_status_t located(epx_status_t status, const char *where, epx_error_t *error) {
  if (status == EPX_ERR_DIVERGED && error != NULL) {
    const epx_error_t what = *error;
    return epx_fail(error, status, "diverged in %s: %s", where, what.message);
  }
  return status;
}

/* Images left from `first` on that make the next mini-batch. */
static int batch_images(const epx_dataset_t *dataset, const batch_t *batch, int first) {
  const int left = dataset->count - first;
  return left < batch->size ? left : batch->size;
}

/* Loads images [first, first + n) of the order and relaxes them freely; adds to the sums. */
static epx_status_t run_free(const epx_trainer_t *trainer, const epx_dataset_t *dataset,
                             batch_t *batch, int first, int n, bool augment, uint64_t key,
                             double *loss_sum, int64_t *wrong, epx_error_t *error) {
  epx_dataset_batch(dataset, batch->order + first, n, augment, key, batch->x, batch->labels);
  const epx_batch_t images = epx_batch_f32(batch->x, batch->labels, n);
  const epx_status_t status = epx_ep_free(trainer->substrate, &trainer->dynamics, &images,
                                          batch->loss, batch->predicted, error);
  for (int i = 0; status == EPX_OK && i < n; ++i) {
    *loss_sum += batch->loss[i];
    *wrong += batch->predicted[i] != batch->labels[i] ? 1 : 0;
  }
  return status;
}

static void report(const epx_trainer_t *trainer, const char *phase, int epoch, int done, int total,
                   double loss_sum, int64_t wrong) {
  if (trainer->hooks.progress != NULL && done > 0) {
    const epx_progress_t progress = {phase, epoch + 1,       trainer->training.epochs, done,
                                     total, loss_sum / done, (double)wrong / done};
    trainer->hooks.progress(trainer->hooks.context, &progress);
  }
}

static epx_split_result_t split_result(double loss_sum, int64_t wrong, int images, double seconds) {
  return (epx_split_result_t){loss_sum / images, (double)wrong / images, images, seconds};
}

/* The sign of beta for the mini-batch that begins with this image, for estimators that draw it. */
static int draw_sign(uint64_t seed, uint64_t epoch, int first_image) {
  const uint64_t key = epx_random_key(epx_random_key(seed, KEY_SIGN), epoch);
  return epx_random_bits(key, (uint64_t)first_image) >> 63 != 0 ? -1 : 1;
}

/* Phases and update of the mini-batch that has just relaxed freely. */
static epx_status_t learn(const epx_trainer_t *trainer, int sign, const epx_update_rule_t *rule,
                          epx_error_t *error) {
  epx_substrate_t *substrate = trainer->substrate;
  if (trainer->estimator.continual) {
    return epx_ep_continual(substrate, &trainer->dynamics, &trainer->estimator, sign, rule, error);
  }
  const epx_status_t status =
      epx_ep_nudged(substrate, &trainer->dynamics, &trainer->estimator, sign, error);
  return status == EPX_OK ? epx_substrate_update(substrate, &trainer->estimator, rule, error)
                          : status;
}

/* On the images that come first, as they will come, in the epochs that are due. */
static epx_status_t calibrate(const epx_trainer_t *trainer, int epoch, batch_t *batch,
                              uint64_t augment_key, epx_error_t *error) {
  const int every = trainer->calibrate_epochs;
  const bool due = every > 0 ? epoch % every == 0 : epoch == 0;
  if (!due && !epx_substrate_uncalibrated(trainer->substrate)) {
    return EPX_OK;
  }
  const int n = batch_images(trainer->train, batch, 0);
  epx_dataset_batch(trainer->train, batch->order, n, trainer->augment, augment_key, batch->x,
                    batch->labels);
  const epx_calibration_t step = {.dynamics = trainer->dynamics,
                                  .estimator = trainer->estimator,
                                  .batch = epx_batch_f32(batch->x, batch->labels, n)};
  return epx_substrate_calibrate(trainer->substrate, &step, error);
}

/* After the batch-th mini-batch of an epoch, from 1, where it is due. */
static epx_status_t follow(const epx_trainer_t *trainer, int batch, epx_error_t *error) {
  const int every = trainer->follow_batches;
  return every > 0 && batch % every == 0 ? epx_substrate_follow(trainer->substrate, error) : EPX_OK;
}

/* One mini-batch; *state moves on where it succeeds. */
static epx_status_t train_batch(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                                batch_t *batch, uint64_t augment_key, const epx_update_rule_t *rule,
                                epx_error_t *error) {
  const epx_dataset_t *dataset = trainer->train;
  epx_trainer_state_t next = *state;
  const double start = epx_clock_seconds();
  const int n = batch_images(dataset, batch, state->next_image);
  const int sign = draw_sign(trainer->training.seed, (uint64_t)state->epoch, state->next_image);
  epx_status_t status = run_free(trainer, dataset, batch, state->next_image, n, trainer->augment,
                                 augment_key, &next.loss_sum, &next.wrong, error);
  status = status == EPX_OK ? learn(trainer, sign, rule, error) : status;
  status = status == EPX_OK ? follow(trainer, state->next_image / batch->size + 1, error) : status;
  if (status != EPX_OK) {
    char where[96];
    snprintf(where, sizeof where, "epoch %d, mini-batch %d (images %d to %d)", state->epoch + 1,
             state->next_image / batch->size + 1, state->next_image + 1, state->next_image + n);
    return located(status, where, error);
  }
  next.next_image += n;
  next.seconds += epx_clock_seconds() - start;
  *state = next;
  report(trainer, "train", state->epoch, state->next_image, dataset->count, state->loss_sum,
         state->wrong);
  return EPX_OK;
}

static epx_status_t train_epoch(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                                batch_t *batch, epx_error_t *error) {
  const epx_dataset_t *dataset = trainer->train;
  const uint64_t seed = trainer->training.seed, epoch = (uint64_t)state->epoch;
  const uint64_t augment_key = epx_random_key(epx_random_key(seed, KEY_AUGMENT), epoch);
  const epx_update_rule_t rule = epx_trainer_rule(&trainer->training, state->epoch);
  epx_dataset_shuffle(batch->order, dataset->count,
                      epx_random_key(epx_random_key(seed, KEY_SHUFFLE), epoch));
  epx_status_t status = EPX_OK;
  if (state->next_image == 0) {
    status = calibrate(trainer, state->epoch, batch, augment_key, error);
  }
  while (status == EPX_OK && state->next_image < dataset->count) {
    status = train_batch(trainer, state, batch, augment_key, &rule, error);
    if (status == EPX_OK && trainer->hooks.batch_done != NULL) {
      status = trainer->hooks.batch_done(trainer->hooks.context, state, error);
    }
  }
  return status;
}

epx_status_t epx_trainer_evaluate(const epx_trainer_t *trainer, const epx_dataset_t *dataset,
                                  int epoch, epx_split_result_t *result, epx_error_t *error) {
  batch_t batch;
  epx_status_t status = batch_make(trainer, dataset, &batch, error);
  if (status != EPX_OK) {
    return status;
  }
  const double start = epx_clock_seconds();
  double loss_sum = 0.0;
  int64_t wrong = 0;
  int done = 0;
  while (status == EPX_OK && done < dataset->count) {
    const int n = batch_images(dataset, &batch, done);
    status = run_free(trainer, dataset, &batch, done, n, false, 0, &loss_sum, &wrong, error);
    if (status != EPX_OK) {
      char where[96];
      snprintf(where, sizeof where, "the test after epoch %d (images %d to %d)", epoch + 1,
               done + 1, done + n);
      status = located(status, where, error);
      break;
    }
    done += n;
    report(trainer, "test", epoch, done, dataset->count, loss_sum, wrong);
  }
  batch_free(&batch);
  if (status == EPX_OK) {
    *result = split_result(loss_sum, wrong, done, epx_clock_seconds() - start);
  }
  return status;
}

static epx_status_t finish_epoch(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                                 epx_error_t *error) {
  epx_epoch_result_t result = {
      .epoch = state->epoch + 1,
      .train = split_result(state->loss_sum, state->wrong, trainer->train->count, state->seconds),
      .learning_rate = epx_trainer_learning_rate(&trainer->training, 0, state->epoch),
  };
  const epx_status_t status =
      epx_trainer_evaluate(trainer, trainer->test, state->epoch, &result.test, error);
  if (status != EPX_OK) {
    return status;
  }
  *state = (epx_trainer_state_t){.epoch = state->epoch + 1};
  return trainer->hooks.epoch_done == NULL
             ? EPX_OK
             : trainer->hooks.epoch_done(trainer->hooks.context, state, &result, error);
}

epx_status_t epx_trainer_run(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                             epx_error_t *error) {
  batch_t batch;
  epx_status_t status = batch_make(trainer, trainer->train, &batch, error);
  if (status != EPX_OK) {
    return status;
  }
  while (status == EPX_OK && state->epoch < trainer->training.epochs) {
    status = train_epoch(trainer, state, &batch, error);
    status = status == EPX_OK ? finish_epoch(trainer, state, error) : status;
  }
  if (status == EPX_ERR_INTERRUPTED) {
    status = epx_fail(error, status, "interrupted in epoch %d after %d images", state->epoch + 1,
                      state->next_image);
  }
  batch_free(&batch);
  return status;
}
