/* SPDX-License-Identifier: Apache-2.0 */
/* Training runs that stop after a given mini-batch, for any substrate. */
#ifndef EPX_TRAINER_SUPPORT_H
#define EPX_TRAINER_SUPPORT_H

#include <functional>

#include "core/core_support.h"
#include "epx_checkpoint.h"
#include "epx_dataset.h"
#include "epx_trainer.h"

/* Builds one substrate, always alike: same network, same initial parameters. */
using MakeSubstrate = std::function<Substrate()>;

struct DatasetDeleter {
  void operator()(epx_dataset_t *dataset) const { epx_dataset_destroy(dataset); }
};
using Dataset = std::unique_ptr<epx_dataset_t, DatasetDeleter>;

struct Data {
  Dataset train, test;
};

inline Data generated_data(int train_images, int test_images) {
  epx_data_config_t config = {};
  config.set = EPX_DATA_GENERATED;
  config.seed = 3;
  config.train_count = config.test_count = 100;
  config.train_limit = train_images;
  config.test_limit = test_images;
  epx_dataset_t *train = nullptr, *test = nullptr;
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_dataset_open(&config, &train, &test, &error), error);
  return {Dataset(train), Dataset(test)};
}

/* Counts mini-batches; ends the run after the one asked for, with a checkpoint. */
struct Stopper {
  epx_substrate_t *substrate = nullptr;
  std::string path;
  int stop_after = -1; /* mini-batches of this leg; -1: never */
  int batches = 0;
  std::vector<epx_epoch_result_t> epochs;
};

inline epx_status_t stop_batch(void *context, const epx_trainer_state_t *state,
                               epx_error_t *error) {
  Stopper *stopper = (Stopper *)context;
  if (++stopper->batches != stopper->stop_after) return EPX_OK;
  const epx_status_t status =
      epx_checkpoint_write(stopper->path.c_str(), stopper->substrate, state, error);
  return status != EPX_OK ? status : epx_fail(error, EPX_ERR_INTERRUPTED, "stopped");
}

inline epx_status_t note_epoch(void *context, const epx_trainer_state_t *,
                               const epx_epoch_result_t *result, epx_error_t *) {
  ((Stopper *)context)->epochs.push_back(*result);
  return EPX_OK;
}

inline epx_trainer_t make_trainer(epx_substrate_t *substrate, const Data &data, Stopper *stopper) {
  epx_trainer_t trainer = {};
  trainer.training.epochs = 2;
  trainer.training.batch = 8;
  trainer.training.learning_rate_count = 1;
  trainer.training.learning_rate[0] = 0.2;
  trainer.training.final_learning_rate = 0.01;
  trainer.training.momentum = 0.9;
  trainer.training.weight_decay = 3e-4;
  trainer.training.seed = 5;
  trainer.dynamics = {6, 3};
  trainer.estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  trainer.augment = true;
  trainer.substrate = substrate;
  trainer.train = data.train.get();
  trainer.test = data.test.get();
  trainer.hooks.context = stopper;
  trainer.hooks.batch_done = stop_batch;
  trainer.hooks.epoch_done = note_epoch;
  stopper->substrate = substrate;
  return trainer;
}

inline bool same_result(const epx_split_result_t &a, const epx_split_result_t &b) {
  return a.loss == b.loss && a.error == b.error && a.images == b.images;
}

inline void as_made(epx_trainer_t *) {}

/* Stops after each mini-batch in turn; the continued run must end as the uninterrupted one did.
 * `change`: what the runs have in place of make_trainer's settings. */
inline void check_resuming(const MakeSubstrate &make,
                           const std::function<void(epx_trainer_t *)> &change = as_made) {
  const Data data = generated_data(20, 9);
  const int batches = 2 * 3;
  const Folder folder;
  epx_error_t error = {};
  Stopper whole;
  const Substrate reference = make();
  epx_trainer_t trainer = make_trainer(reference.get(), data, &whole);
  change(&trainer);
  epx_trainer_state_t state = {};
  const std::string untrained = saved_bytes(reference.get());
  ASSERT_EPX_OK(epx_trainer_run(&trainer, &state, &error), error);
  ASSERT_EQ(whole.batches, batches);
  ASSERT_EQ(whole.epochs.size(), 2u);
  const std::string expected = saved_bytes(reference.get());
  ASSERT_NE(expected, untrained);
  for (int stop = 1; stop <= batches; ++stop) {
    SCOPED_TRACE("stopped after mini-batch " + std::to_string(stop));
    Stopper first, second;
    first.path = folder / "checkpoint.npz";
    first.stop_after = stop;
    {
      const Substrate substrate = make();
      trainer = make_trainer(substrate.get(), data, &first);
      change(&trainer);
      state = {};
      ASSERT_EQ(epx_trainer_run(&trainer, &state, &error), EPX_ERR_INTERRUPTED);
      ASSERT_EQ(first.batches, stop);
    }
    const Substrate substrate = make();
    trainer = make_trainer(substrate.get(), data, &second);
    change(&trainer);
    state = {};
    ASSERT_EPX_OK(epx_checkpoint_read(first.path.c_str(), substrate.get(), &state, &error), error);
    ASSERT_EPX_OK(epx_trainer_run(&trainer, &state, &error), error);
    EXPECT_EQ(first.batches + second.batches, batches);
    EXPECT_TRUE(saved_bytes(substrate.get()) == expected) << "registers differ";
    ASSERT_GE(second.epochs.size(), 1u);
    EXPECT_TRUE(same_result(second.epochs.back().train, whole.epochs.back().train));
    EXPECT_TRUE(same_result(second.epochs.back().test, whole.epochs.back().test));
    EXPECT_EQ(state.epoch, 2);
    EXPECT_EQ(state.next_image, 0);
  }
}

#endif
