/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop, written once for every substrate.
 *
 * Shuffling and augmentation depend on (seed, epoch, image) alone, so that a run stopped after any
 * mini-batch and continued from its checkpoint is the uninterrupted run, bit for bit. A run that
 * the substrate's stop ends in the middle of a mini-batch goes on from the checkpoint before it. */
#ifndef EPX_TRAINER_H
#define EPX_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_dataset.h"
#include "epx_dynamics.h"
#include "epx_substrate.h"
#include "epx_training.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a run stands: everything beside the substrate that a checkpoint needs. */
typedef struct epx_trainer_state_t {
  int epoch;       /* epochs finished */
  int next_image;  /* of the shuffled order of the epoch under way */
  double loss_sum; /* over the images of this epoch so far */
  int64_t wrong;
  double seconds; /* spent on this epoch's training so far */
} epx_trainer_state_t;

typedef struct epx_split_result_t {
  double loss;  /* mean */
  double error; /* fraction of images misclassified */
  int images;
  double seconds;
} epx_split_result_t;

typedef struct epx_epoch_result_t {
  int epoch; /* from 1 */
  epx_split_result_t train, test;
  double learning_rate; /* of the first parameter layer in this epoch */
} epx_epoch_result_t;

typedef struct epx_progress_t {
  const char *phase;  /* "train" or "test" */
  int epoch, epochs;  /* from 1 */
  int done, total;    /* images of this phase */
  double loss, error; /* so far in this phase */
} epx_progress_t;

/* Calls back into the application; any may be NULL. */
typedef struct epx_trainer_hooks_t {
  void *context;
  void (*progress)(void *context, const epx_progress_t *progress);
  /* After every mini-batch: may write a checkpoint. Returns a failure to end the run with it. */
  epx_status_t (*batch_done)(void *context, const epx_trainer_state_t *state, epx_error_t *error);
  epx_status_t (*epoch_done)(void *context, const epx_trainer_state_t *state,
                             const epx_epoch_result_t *result, epx_error_t *error);
} epx_trainer_hooks_t;

typedef struct epx_trainer_t {
  epx_training_t training;
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  bool augment;
  int calibrate_epochs; /* the substrate takes ranges from the first images of every so many epochs;
                           0: of the first. Where it has none yet, of the next */
  int follow_batches;   /* they follow every so many mini-batches of an epoch; 0: none */
  epx_substrate_t *substrate;
  const epx_dataset_t *train, *test;
  epx_trainer_hooks_t hooks;
} epx_trainer_t;

/* Learning rate of a parameter layer in an epoch (from 0): cosine annealing. */
double epx_trainer_learning_rate(const epx_training_t *training, int layer, int epoch);
/* The rule of an epoch's updates. */
epx_update_rule_t epx_trainer_rule(const epx_training_t *training, int epoch);

/* Trains from *state to the last epoch, keeping *state current: that of the last whole mini-batch.
 * Errors: EPX_ERR_DIVERGED with epoch, mini-batch and layer, EPX_ERR_INTERRUPTED, those of the
 * substrate and of the hooks. */
EPX_CHECKED epx_status_t epx_trainer_run(const epx_trainer_t *trainer, epx_trainer_state_t *state,
                                         epx_error_t *error);

/* Free phases over a whole data set, without augmentation. */
EPX_CHECKED epx_status_t epx_trainer_evaluate(const epx_trainer_t *trainer,
                                              const epx_dataset_t *dataset, int epoch,
                                              epx_split_result_t *result, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
