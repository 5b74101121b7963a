/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_trainer.h"

#include <math.h>
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

static epx_status_t batch_make(const epx_trainer_t *trainer, const epx_dataset_t *dataset,
                               batch_t *batch, epx_error_t *error) {
  const size_t size = (size_t)trainer->training.batch;
  const size_t image = (size_t)dataset->channels * (size_t)dataset->height * (size_t)dataset->width;
  *batch = (batch_t){
      .size = trainer->training.batch,
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

/* Loads images [first, first + n) of the order and relaxes them freely; adds to the sums. */
static int run_free(const epx_trainer_t *trainer, const epx_dataset_t *dataset, batch_t *batch,
                    int first, bool augment, uint64_t key, double *loss_sum, int64_t *wrong) {
  const int left = dataset->count - first;
  const int n = left < batch->size ? left : batch->size;
  epx_dataset_batch(dataset, batch->order + first, n, augment, key, batch->x, batch->labels);
  epx_ep_free(trainer->substrate, &trainer->dynamics, batch->x, batch->labels, n, batch->loss,
              batch->predicted);
  for (int i = 0; i < n; ++i) {
    *loss_sum += batch->loss[i];
    *wrong += batch->predicted[i] != batch->labels[i] ? 1 : 0;
  }
  return n;
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
static void learn(const epx_trainer_t *trainer, int sign, const epx_update_rule_t *rule) {
  epx_substrate_t *substrate = trainer->substrate;
  if (trainer->estimator.continual) {
    epx_ep_continual(substrate, &trainer->dynamics, &trainer->estimator, sign, rule);
    return;
  }
  epx_ep_nudged(substrate, &trainer->dynamics, &trainer->estimator, sign);
  substrate->ops->update(substrate, &trainer->estimator, rule);
}

/* On the images that come first, as they will come. */
static epx_status_t calibrate(const epx_trainer_t *trainer, int epoch, batch_t *batch,
                              uint64_t augment_key, epx_error_t *error) {
  const epx_dataset_t *dataset = trainer->train;
  const int n = dataset->count < batch->size ? dataset->count : batch->size;
  epx_dataset_batch(dataset, batch->order, n, trainer->augment, augment_key, batch->x,
                    batch->labels);
  const epx_calibration_t request = {.epoch = epoch,
                                     .dynamics = &trainer->dynamics,
                                     .estimator = &trainer->estimator,
                                     .x = batch->x,
                                     .labels = batch->labels,
                                     .n = n};
  return epx_substrate_calibrate(trainer->substrate, &request, error);
}

static epx_status_t train_epoch(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                                batch_t *batch, epx_error_t *error) {
  const epx_dataset_t *dataset = trainer->train;
  const uint64_t seed = trainer->training.seed, epoch = (uint64_t)state->epoch;
  const uint64_t augment_key = epx_random_key(epx_random_key(seed, KEY_AUGMENT), epoch);
  const epx_update_rule_t rule = epx_trainer_rule(&trainer->training, state->epoch);
  epx_dataset_shuffle(batch->order, dataset->count,
                      epx_random_key(epx_random_key(seed, KEY_SHUFFLE), epoch));
  if (state->next_image == 0) {
    const epx_status_t status = calibrate(trainer, state->epoch, batch, augment_key, error);
    if (status != EPX_OK) {
      return status;
    }
  }
  while (state->next_image < dataset->count) {
    const double start = epx_clock_seconds();
    const int sign = draw_sign(seed, epoch, state->next_image);
    state->next_image += run_free(trainer, dataset, batch, state->next_image, trainer->augment,
                                  augment_key, &state->loss_sum, &state->wrong);
    learn(trainer, sign, &rule);
    const int trained = (state->next_image + batch->size - 1) / batch->size;
    const epx_status_t followed = epx_substrate_follow(trainer->substrate, trained, error);
    if (followed != EPX_OK) {
      return followed;
    }
    state->seconds += epx_clock_seconds() - start;
    report(trainer, "train", state->epoch, state->next_image, dataset->count, state->loss_sum,
           state->wrong);
    if (trainer->hooks.batch_done != NULL) {
      const epx_status_t status = trainer->hooks.batch_done(trainer->hooks.context, state, error);
      if (status != EPX_OK) {
        return status;
      }
    }
  }
  return EPX_OK;
}

epx_status_t epx_trainer_evaluate(const epx_trainer_t *trainer, const epx_dataset_t *dataset,
                                  int epoch, epx_split_result_t *result, epx_error_t *error) {
  batch_t batch;
  const epx_status_t status = batch_make(trainer, dataset, &batch, error);
  if (status != EPX_OK) {
    return status;
  }
  const double start = epx_clock_seconds();
  double loss_sum = 0.0;
  int64_t wrong = 0;
  int done = 0;
  while (done < dataset->count) {
    done += run_free(trainer, dataset, &batch, done, false, 0, &loss_sum, &wrong);
    report(trainer, "test", epoch, done, dataset->count, loss_sum, wrong);
  }
  batch_free(&batch);
  *result = split_result(loss_sum, wrong, done, epx_clock_seconds() - start);
  return EPX_OK;
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
  batch_free(&batch);
  return status;
}
