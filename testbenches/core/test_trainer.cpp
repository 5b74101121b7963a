/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop: schedule, order of the data, stopping and continuing. */
#include "core/golden/golden_support.h"
#include "core/trainer_support.h"

namespace {

epx_network_t small_network() {
  return make_network({3, 32, 32}, {conv_layer(3, 5, 3, 1, EPX_POOL_MAX), dense_layer(6)}, 10,
                      EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

MakeSubstrate golden_maker(CreateGolden create, const epx_network_t &network = small_network(),
                           const epx_relaxation_t &relaxation = {}) {
  return [=] {
    const Params params = make_params(network);
    epx_params_initialise(params.get(), 5, 1.0);
    Substrate golden = make_golden(create, network, 8);
    golden->relaxation = relaxation;
    load(golden.get(), params);
    return golden;
  };
}

TEST(Trainer, LearningRateIsACosine) {
  epx_training_t training = {};
  training.epochs = 12;
  training.learning_rate_count = 3;
  training.learning_rate[0] = 0.25;
  training.learning_rate[1] = 0.1;
  training.learning_rate[2] = 0.0;
  training.final_learning_rate = 1e-3;
  for (int schedule : {0, 5, 40}) {
    training.schedule_epochs = schedule;
    const int length = schedule == 0 ? 12 : schedule;
    for (int layer = 0; layer < 3; ++layer) {
      for (int epoch = 0; epoch <= 50; ++epoch) {
        const double first = training.learning_rate[layer];
        const double expected =
            epoch >= length
                ? 1e-3
                : 1e-3 + (first - 1e-3) * 0.5 * (1 + std::cos(std::acos(-1.0) * epoch / length));
        EXPECT_NEAR(epx_trainer_learning_rate(&training, layer, epoch), expected, 1e-15)
            << "schedule " << schedule << " layer " << layer << " epoch " << epoch;
      }
    }
  }
  training.schedule_epochs = 0;
  EXPECT_EQ(epx_trainer_learning_rate(&training, 0, 0), 0.25);
  EXPECT_NEAR(epx_trainer_learning_rate(&training, 0, 6), (0.25 + 1e-3) / 2, 1e-15);
  training.learning_rate_count = 1;
  EXPECT_EQ(epx_trainer_learning_rate(&training, 2, 0), 0.25) << "one rate serves all layers";
}

TEST(Trainer, ContinuesBitIdenticallyInFloat32) {
  check_resuming(golden_maker(epx_golden_f32_create));
}
TEST(Trainer, ContinuesBitIdenticallyInFloat64) {
  check_resuming(golden_maker(epx_golden_f64_create));
}

epx_network_t unidirectional(epx_backward_rule_t rule) {
  epx_network_t network = small_network();
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  network.backward_rule = rule;
  return network;
}

TEST(Trainer, ContinuesWithBackwardWeights) {
  for (epx_backward_rule_t rule : {EPX_BACKWARD_SAME, EPX_BACKWARD_DIFFERENT}) {
    check_resuming(golden_maker(epx_golden_f32_create, unidirectional(rule)));
  }
}

TEST(Trainer, ContinuesWithRandomSign) {
  check_resuming(golden_maker(epx_golden_f64_create), [](epx_trainer_t *trainer) {
    trainer->estimator.kind = EPX_ESTIMATOR_RANDOM_SIGN;
    trainer->estimator.free_leg = EPX_FREE_LEG_CONTINUE;
  });
}

TEST(Trainer, ContinuesWithContinualUpdates) {
  const epx_relaxation_t relaxation = {EPX_UPDATE_ALTERNATING, EPX_SWITCHES_FROZEN, 0};
  check_resuming(golden_maker(epx_golden_f32_create, unidirectional(EPX_BACKWARD_SAME), relaxation),
                 [](epx_trainer_t *trainer) {
                   trainer->estimator.kind = EPX_ESTIMATOR_RANDOM_SIGN;
                   trainer->estimator.continual = true;
                   trainer->training.momentum = trainer->training.weight_decay = 0;
                 });
}

/* Nudges seen by a substrate that wraps another. */
std::vector<double> nudges;
epx_status_t (*wrapped_relax)(epx_substrate_t *, int, double, epx_error_t *);
epx_status_t note_relax(epx_substrate_t *self, int steps, double beta, epx_error_t *error) {
  if (beta != 0) nudges.push_back(beta);
  return wrapped_relax(self, steps, beta, error);
}

std::vector<double> drawn(epx_estimator_kind_t kind, uint64_t seed, int epochs) {
  const Data data = generated_data(100, 4);
  epx_substrate_ops_t ops; /* outlives the substrate */
  const Substrate golden = golden_maker(epx_golden_f32_create)();
  ops = *golden->ops;
  wrapped_relax = ops.relax;
  ops.relax = note_relax;
  golden->ops = &ops;
  nudges.clear();
  Stopper stopper;
  epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
  trainer.training.batch = 1;
  trainer.training.epochs = epochs;
  trainer.training.seed = seed;
  trainer.dynamics.free_steps = trainer.dynamics.nudged_steps = 1;
  trainer.estimator.kind = kind;
  epx_trainer_state_t state = {};
  EXPECT_EQ(epx_trainer_run(&trainer, &state, nullptr), EPX_OK);
  EXPECT_EQ(stopper.batches, 100 * epochs);
  return nudges;
}

/* One sign for a mini-batch, from seed, epoch and place alone: both, about half each (within five
 * standard errors), neither alternating nor the same in every epoch. */
TEST(Trainer, RandomSignIsDrawnForEveryMiniBatch) {
  const std::vector<double> first = drawn(EPX_ESTIMATOR_RANDOM_SIGN, 5, 4);
  ASSERT_EQ(first.size(), 400u);
  int plus = 0, changes = 0, unlike = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(std::fabs(first[i]), 0.5);
    plus += first[i] > 0 ? 1 : 0;
    changes += i > 0 && first[i] != first[i - 1] ? 1 : 0;
    unlike += i >= 100 && first[i] != first[i - 100] ? 1 : 0;
  }
  EXPECT_NEAR(plus, 200, 50);
  EXPECT_NEAR(changes, 200, 50);
  EXPECT_NEAR(unlike, 150, 43);
  EXPECT_EQ(first, drawn(EPX_ESTIMATOR_RANDOM_SIGN, 5, 4));
  EXPECT_NE(first, drawn(EPX_ESTIMATOR_RANDOM_SIGN, 6, 4));
  EXPECT_EQ(drawn(EPX_ESTIMATOR_ONE_SIDED, 5, 1), std::vector<double>(100, 0.5)) << "no draw";
}

/* The mean loss and error that an epoch reports are those of its images, counted by hand. */
TEST(Trainer, EvaluationCountsEveryImageOnce) {
  const Data data = generated_data(10, 21);
  const Substrate golden = golden_maker(epx_golden_f64_create)();
  Stopper stopper;
  const epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
  epx_split_result_t result = {};
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_trainer_evaluate(&trainer, data.test.get(), 0, &result, &error), error);
  EXPECT_EQ(result.images, 21);
  double loss_sum = 0;
  int wrong = 0;
  for (uint32_t i = 0; i < 21; ++i) {
    std::vector<float> x(3 * 32 * 32);
    uint8_t label, predicted;
    double loss;
    epx_dataset_batch(data.test.get(), &i, 1, false, 0, x.data(), &label);
    const epx_batch_t one = epx_batch_f32(x.data(), &label, 1);
    ASSERT_EPX_OK(epx_ep_free(golden.get(), &trainer.dynamics, &one, &loss, &predicted, &error),
                  error);
    loss_sum += loss;
    wrong += predicted != label ? 1 : 0;
  }
  EXPECT_NEAR(result.loss, loss_sum / 21, 1e-12);
  EXPECT_EQ(result.error, wrong / 21.0);
}

/* With rate 0 nothing moves but the order, so that the epoch's loss depends on the augmentation. */
TEST(Trainer, AugmentationAndSeedMatter) {
  const Data data = generated_data(16, 4);
  double losses[3];
  for (int variant = 0; variant < 3; ++variant) {
    const Substrate golden = golden_maker(epx_golden_f64_create)();
    Stopper stopper;
    epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
    trainer.training.learning_rate[0] = trainer.training.final_learning_rate = 0;
    trainer.augment = variant > 0;
    trainer.training.seed = variant == 2 ? 6 : 5;
    const std::string before = saved_bytes(golden.get()).substr(0, 200);
    epx_trainer_state_t state = {};
    ASSERT_EQ(epx_trainer_run(&trainer, &state, nullptr), EPX_OK);
    EXPECT_EQ(saved_bytes(golden.get()).substr(0, 200), before) << "rate 0 moved the weights";
    ASSERT_EQ(stopper.epochs.size(), 2u);
    losses[variant] = stopper.epochs[0].train.loss;
    EXPECT_EQ(variant == 0,
              std::fabs(stopper.epochs[0].train.loss - stopper.epochs[1].train.loss) < 1e-12)
        << "augmentation must change from epoch to epoch";
    EXPECT_EQ(stopper.epochs[0].test.loss, stopper.epochs[1].test.loss);
  }
  EXPECT_NE(losses[0], losses[1]);
  EXPECT_NE(losses[1], losses[2]);
}

/* A failure of the hook ends the run with that failure. */
TEST(Trainer, HooksEndTheRun) {
  const Data data = generated_data(16, 4);
  const Substrate golden = golden_maker(epx_golden_f32_create)();
  Stopper stopper;
  epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
  trainer.hooks.epoch_done = [](void *, const epx_trainer_state_t *, const epx_epoch_result_t *,
                                epx_error_t *error) {
    return epx_fail(error, EPX_ERR_IO, "disk full");
  };
  epx_trainer_state_t state = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_trainer_run(&trainer, &state, &error), EPX_ERR_IO);
  EXPECT_STREQ(error.message, "disk full");
  EXPECT_EQ(state.epoch, 1);
}

/* A substrate that wraps a golden one: counts calibrations, requests a stop in a relaxation. */
struct Wrapped {
  epx_substrate_ops_t ops;
  const epx_substrate_ops_t *own;
  epx_stop_t stop;
  int relaxations, stop_at;
  bool ranges;
  std::vector<int> calibrated; /* mini-batches done before each */
  const Stopper *stopper;
};
Wrapped wrapped;

epx_status_t stopping_relax(epx_substrate_t *self, int steps, double beta, epx_error_t *error) {
  if (++wrapped.relaxations == wrapped.stop_at) epx_stop_request(&wrapped.stop);
  return wrapped.own->relax(self, steps, beta, error);
}
epx_status_t count_calibration(epx_substrate_t *, const epx_calibration_t *step, epx_error_t *) {
  EXPECT_EQ(step->batch.n, 8);
  wrapped.calibrated.push_back(wrapped.stopper->batches);
  wrapped.ranges = true;
  return EPX_OK;
}
bool no_ranges(const epx_substrate_t *) {
  return !wrapped.ranges;
}

Substrate wrap(const Stopper *stopper) {
  Substrate golden = golden_maker(epx_golden_f32_create)();
  wrapped = {};
  wrapped.own = golden->ops;
  wrapped.ops = *golden->ops;
  wrapped.ops.relax = stopping_relax;
  wrapped.ops.calibrate = count_calibration;
  wrapped.ops.uncalibrated = no_ranges;
  wrapped.stopper = stopper;
  golden->ops = &wrapped.ops;
  golden->stop = &wrapped.stop;
  return golden;
}

/* Before epochs 0, k, 2k, ...; 0: before the first; and wherever there are no ranges yet. */
TEST(Trainer, CalibratesWhenAnEpochIsDue) {
  const Data data = generated_data(16, 4);
  const struct {
    int every, from_epoch;
    bool ranges;
    std::vector<int> expected; /* two mini-batches an epoch */
  } cases[] = {{0, 0, false, {0}},    {0, 0, true, {0}}, {1, 0, false, {0, 2, 4, 6}},
               {2, 0, false, {0, 4}}, {3, 1, true, {4}}, {3, 1, false, {0, 4}},
               {0, 2, true, {}},      {0, 2, false, {0}}};
  for (const auto &c : cases) {
    Stopper stopper;
    const Substrate golden = wrap(&stopper);
    wrapped.ranges = c.ranges;
    epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
    trainer.training.epochs = 4;
    trainer.calibrate_epochs = c.every;
    epx_trainer_state_t state = {};
    state.epoch = c.from_epoch;
    ASSERT_EQ(epx_trainer_run(&trainer, &state, nullptr), EPX_OK);
    EXPECT_EQ(wrapped.calibrated, c.expected) << c.every << " from epoch " << c.from_epoch;
  }
}

/* A stop in any relaxation of the second mini-batch ends the run there; from the checkpoint of the
 * first it goes on as if nothing had happened. */
TEST(Trainer, StopsInTheMiddleOfAMiniBatch) {
  const Data data = generated_data(20, 4);
  const Folder folder;
  const std::string path = folder / "checkpoint.npz";
  Stopper whole;
  const Substrate reference = golden_maker(epx_golden_f32_create)();
  epx_trainer_t trainer = make_trainer(reference.get(), data, &whole);
  epx_trainer_state_t state = {};
  ASSERT_EQ(epx_trainer_run(&trainer, &state, nullptr), EPX_OK);
  for (int relaxation = 4; relaxation <= 6; ++relaxation) {
    SCOPED_TRACE(relaxation);
    Stopper first, second;
    epx_error_t error = {};
    {
      const Substrate golden = wrap(&first);
      wrapped.stop_at = relaxation;
      trainer = make_trainer(golden.get(), data, &first);
      trainer.hooks.context = &first;
      trainer.hooks.batch_done = [](void *context, const epx_trainer_state_t *at, epx_error_t *e) {
        ++((Stopper *)context)->batches;
        return epx_checkpoint_write(((Stopper *)context)->path.c_str(),
                                    ((Stopper *)context)->substrate, at, e);
      };
      first.path = path;
      state = {};
      ASSERT_EQ(epx_trainer_run(&trainer, &state, &error), EPX_ERR_INTERRUPTED);
      EXPECT_STREQ(error.message, "interrupted in epoch 1 after 8 images");
      EXPECT_EQ(first.batches, 1);
      EXPECT_EQ(state.next_image, 8);
      EXPECT_EQ(wrapped.relaxations, relaxation);
    }
    const Substrate golden = golden_maker(epx_golden_f32_create)();
    trainer = make_trainer(golden.get(), data, &second);
    ASSERT_EPX_OK(epx_checkpoint_read(path.c_str(), golden.get(), &state, &error), error);
    ASSERT_EPX_OK(epx_trainer_run(&trainer, &state, &error), error);
    EXPECT_TRUE(saved_bytes(golden.get()) == saved_bytes(reference.get()));
  }
}

/* Mini-batches larger than the data set are the data set. */
TEST(Trainer, TakesNoMoreThanTheImagesThereAre) {
  const Data data = generated_data(8, 4);
  std::string bytes[2];
  for (int i = 0; i < 2; ++i) {
    Stopper stopper;
    const Substrate golden = golden_maker(epx_golden_f64_create)(); /* 8 samples */
    epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
    trainer.training.batch = i == 0 ? 8 : 65536;
    epx_trainer_state_t state = {};
    epx_error_t error = {};
    ASSERT_EPX_OK(epx_trainer_run(&trainer, &state, &error), error);
    bytes[i] = saved_bytes(golden.get());
  }
  EXPECT_TRUE(bytes[0] == bytes[1]);
}

/* The message says where: epoch, mini-batch, images, layer. */
TEST(Trainer, SaysWhereItDiverged) {
  const Data data = generated_data(20, 4);
  Stopper stopper;
  const Substrate golden = golden_maker(epx_golden_f32_create)();
  epx_trainer_t trainer = make_trainer(golden.get(), data, &stopper);
  trainer.estimator.beta = 1e-310;
  epx_trainer_state_t state = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_trainer_run(&trainer, &state, &error), EPX_ERR_DIVERGED);
  EXPECT_EQ(
      std::string(error.message)
          .find("diverged in epoch 1, mini-batch 1 (images 1 to 8): the update of layer conv0"),
      0u)
      << error.message;
  EXPECT_EQ(stopper.batches, 0);
  EXPECT_NE(epx_checkpoint_write("never.npz", golden.get(), &state, &error), EPX_OK);
}

}  // namespace
