/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints on disk: exact, and refused where they are corrupt or belong to something else. */
#include <fstream>
#include <iterator>

#include "core/golden/golden_support.h"
#include "core/trainer_support.h"

namespace {

constexpr epx_activation_t kHalf = EPX_ACTIVATION_HARD_SIGMOID_HALF;

epx_network_t base_network() {
  return make_network({3, 8, 8}, {conv_layer(4, 3, 1, 1, EPX_POOL_MAX), dense_layer(10)}, 10,
                      EPX_LOSS_CROSS_ENTROPY, kHalf);
}

Substrate fresh(CreateGolden create, const epx_network_t &network) {
  Substrate golden = make_golden(create, network, 4);
  const Params params = make_params(network);
  epx_params_initialise(params.get(), 9, 1.0);
  load(golden.get(), params);
  return golden;
}

class Checkpoint : public testing::Test {
 protected:
  void SetUp() override {
    const Substrate golden = fresh(epx_golden_f32_create, base_network());
    (void)training_bytes(golden.get(), {4, 2}, {EPX_ESTIMATOR_SYMMETRIC, 0.5}, 4, 1);
    bytes_ = saved_bytes(golden.get());
    epx_error_t error = {};
    ASSERT_EPX_OK(epx_checkpoint_write(path_.c_str(), golden.get(), &state_, &error), error);
  }
  /* Reading into `golden` must fail; the message must hold the path and `expected`. */
  void expect_refused(const Substrate &golden, const std::string &expected) {
    epx_error_t error = {};
    epx_trainer_state_t state = {7, 7, 7, 7, 7};
    const std::string before = saved_bytes(golden.get());
    const epx_status_t status = epx_checkpoint_read(path_.c_str(), golden.get(), &state, &error);
    EXPECT_TRUE(status == EPX_ERR_FORMAT || status == EPX_ERR_NOT_FOUND || status == EPX_ERR_IO)
        << epx_status_string(status);
    EXPECT_NE(std::string(error.message).find(path_), std::string::npos) << error.message;
    EXPECT_NE(std::string(error.message).find(expected), std::string::npos)
        << "expected " << expected << " in: " << error.message;
    EXPECT_EQ(state.epoch, 7) << "touched on failure";
    EXPECT_TRUE(saved_bytes(golden.get()) == before) << "registers touched on failure";
  }

  const Folder folder_;
  const std::string path_ = folder_ / "checkpoint.npz";
  const epx_trainer_state_t state_ = {3, 16, 12.25, 9, 1.5};
  std::string bytes_;
};

TEST_F(Checkpoint, RestoresEverything) {
  const Substrate golden = fresh(epx_golden_f32_create, base_network());
  epx_trainer_state_t state = {};
  epx_error_t error = {};
  ASSERT_NE(saved_bytes(golden.get()), bytes_);
  ASSERT_EPX_OK(epx_checkpoint_read(path_.c_str(), golden.get(), &state, &error), error);
  EXPECT_TRUE(saved_bytes(golden.get()) == bytes_);
  EXPECT_EQ(state.epoch, state_.epoch);
  EXPECT_EQ(state.next_image, state_.next_image);
  EXPECT_EQ(state.loss_sum, state_.loss_sum);
  EXPECT_EQ(state.wrong, state_.wrong);
  EXPECT_EQ(state.seconds, state_.seconds);
}

TEST_F(Checkpoint, HoldsParametersForOtherPrograms) {
  epx_npz_t *raw = nullptr;
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_npz_read(path_.c_str(), &raw, &error), error);
  const Npz npz(raw);
  const Substrate golden = fresh(epx_golden_f32_create, base_network());
  epx_trainer_state_t state;
  ASSERT_EPX_OK(epx_checkpoint_read(path_.c_str(), golden.get(), &state, &error), error);
  const Params stored = make_params(base_network()), read = make_params(base_network());
  ASSERT_EQ(epx_substrate_store(golden.get(), stored.get(), nullptr), EPX_OK);
  ASSERT_EPX_OK(epx_params_from_npz(raw, "c", "param.", read.get(), &error), error);
  for (int l = 0; l < read->layer_count; ++l) {
    EXPECT_EQ(layer_values(stored, l), layer_values(read, l));
  }
}

TEST_F(Checkpoint, MissingFile) {
  std::filesystem::remove(path_);
  expect_refused(fresh(epx_golden_f32_create, base_network()), "");
}

TEST_F(Checkpoint, AnotherPrecision) {
  expect_refused(fresh(epx_golden_f64_create, base_network()), "golden.0.weight");
}

TEST_F(Checkpoint, MoreUnits) {
  epx_network_t network = base_network();
  network.layers[1].units = 11;
  expect_refused(fresh(epx_golden_f32_create, network), "dense0");
}

TEST_F(Checkpoint, AnotherKernelOfTheSameFanIn) {
  epx_network_t network = base_network();
  network.input[0] = 27;
  network.layers[0].kernel = 1;
  network.layers[0].padding = 0;
  expect_refused(fresh(epx_golden_f32_create, network), "conv0");
}

/* 64 + 10 + 10 units with squared error hold arrays of the very sizes of the read-out. */
TEST_F(Checkpoint, AnotherLossWithTheSameSizes) {
  epx_network_t network = base_network();
  network.layers[network.layer_count++] = dense_layer(10);
  network.loss = EPX_LOSS_SQUARED_ERROR;
  expect_refused(fresh(epx_golden_f32_create, network), "dense1");
}

TEST_F(Checkpoint, OtherConnections) {
  epx_network_t network = base_network();
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  const Substrate uni = fresh(epx_golden_f32_create, network);
  expect_refused(uni, "dense0.backward");
  ASSERT_EQ(epx_checkpoint_write(path_.c_str(), uni.get(), &state_, nullptr), EPX_OK);
  expect_refused(fresh(epx_golden_f32_create, base_network()), "dense0.backward");
}

/* Backward weights and their momentum, bit for bit. */
TEST_F(Checkpoint, RestoresBackwardWeights) {
  epx_network_t network = base_network();
  network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
  const epx_dynamics_t dynamics = {4, 2, {}};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  for (CreateGolden create : {epx_golden_f32_create, epx_golden_f64_create}) {
    const Substrate trained = fresh(create, network), restored = fresh(create, network);
    (void)training_bytes(trained.get(), dynamics, estimator, 4, 1);
    ASSERT_EQ(epx_checkpoint_write(path_.c_str(), trained.get(), &state_, nullptr), EPX_OK);
    epx_trainer_state_t state = {};
    ASSERT_EQ(epx_checkpoint_read(path_.c_str(), restored.get(), &state, nullptr), EPX_OK);
    EXPECT_TRUE(saved_bytes(restored.get()) == saved_bytes(trained.get()));
    EXPECT_TRUE(training_bytes(restored.get(), dynamics, estimator, 4, 2) ==
                training_bytes(trained.get(), dynamics, estimator, 4, 2));
  }
}

/* The first layers of a deeper network of equal widths. */
TEST_F(Checkpoint, AShallowerNetwork) {
  epx_network_t deep = base_network(), shallow = base_network();
  deep.layers[deep.layer_count++] = dense_layer(10);
  const Substrate golden = fresh(epx_golden_f32_create, deep);
  ASSERT_EQ(epx_checkpoint_write(path_.c_str(), golden.get(), &state_, nullptr), EPX_OK);
  expect_refused(fresh(epx_golden_f32_create, shallow), "dense1");
}

TEST_F(Checkpoint, ADeeperNetwork) {
  epx_network_t deep = base_network();
  deep.layers[deep.layer_count++] = dense_layer(10);
  expect_refused(fresh(epx_golden_f32_create, deep), "dense1");
}

TEST_F(Checkpoint, NotACheckpoint) {
  epx_npz_t *raw = nullptr;
  ASSERT_EQ(epx_npz_create(&raw, nullptr), EPX_OK);
  const Npz npz(raw);
  const Params params = make_params(base_network());
  ASSERT_EQ(epx_params_to_npz(params.get(), "param.", raw, nullptr), EPX_OK);
  ASSERT_EQ(epx_npz_write(path_.c_str(), raw, nullptr), EPX_OK);
  expect_refused(fresh(epx_golden_f32_create, base_network()), "trainer.position");
}

TEST_F(Checkpoint, ImpossiblePosition) {
  const epx_trainer_state_t impossible[] = {{-1, 0, 0, 0, 0}, {0, -8, 0, 0, 0}};
  const Substrate golden = fresh(epx_golden_f32_create, base_network());
  for (const epx_trainer_state_t &state : impossible) {
    ASSERT_EQ(epx_checkpoint_write(path_.c_str(), golden.get(), &state, nullptr), EPX_OK);
    expect_refused(golden, "trainer.position");
  }
}

/* Cut anywhere or with any one byte changed: an error, or (a byte that nothing reads) the truth. */
TEST_F(Checkpoint, DamagedFiles) {
  std::ifstream in(path_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Random random(31);
  const Substrate golden = fresh(epx_golden_f32_create, base_network());
  int refused = 0;
  for (int round = 0; round < 120; ++round) {
    std::string damaged = whole;
    const int at = random.integer(0, (int)whole.size() - 1);
    const bool cut = round % 2 == 0;
    SCOPED_TRACE((cut ? "cut at " : "changed at ") + std::to_string(at));
    if (cut) {
      damaged.resize((size_t)at);
    } else {
      damaged[(size_t)at] = (char)(damaged[(size_t)at] ^ (1 << random.integer(0, 7)));
    }
    std::ofstream(path_, std::ios::binary) << damaged;
    epx_error_t error = {};
    epx_trainer_state_t state = {};
    const epx_status_t status = epx_checkpoint_read(path_.c_str(), golden.get(), &state, &error);
    refused += status != EPX_OK ? 1 : 0;
    EXPECT_FALSE(cut && status == EPX_OK);
    if (status == EPX_OK) {
      EXPECT_TRUE(saved_bytes(golden.get()) == bytes_);
      EXPECT_EQ(state.next_image, state_.next_image);
    } else {
      EXPECT_NE(std::string(error.message).find(path_), std::string::npos) << error.message;
    }
  }
  EXPECT_GT(refused, 90);
}

}  // namespace
