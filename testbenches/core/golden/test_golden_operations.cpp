// SPDX-License-Identifier: Apache-2.0
// Operations that may fail, parts of mini-batches, images in float64: on golden substrates.
#include <cfloat>

#include "core/golden/golden_support.h"
#include "core/parts_support.h"

namespace {

const CreateGolden kPrecisions[] = {epx_golden_f32_create, epx_golden_f64_create};

epx_network_t any_small(uint64_t seed) {
  Random random(seed);
  return any_network(random);
}

std::function<Substrate()> maker(CreateGolden create, const epx_network_t &network) {
  return [=] {
    Random random(3);
    Substrate golden = make_golden(create, network, 16);
    load(golden.get(), random_params(network, random, 1.5));
    return golden;
  };
}

// Processes that hold whole groups of samples (eighths of a mini-batch, and eights that relax side
// by side) give one process's bits.
TEST(GoldenOperations, PartsOfAMiniBatchMakeTheWhole) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const epx_network_t network = any_small(seed);
    Random random(seed + 50);
    const Batch batch = random_batch(network, random, 16);
    for (const CreateGolden create : kPrecisions) {
      for (const int cut : {0, 8, 16}) {
        expect_parts_make_the_whole(maker(create, network), batch, cut);
      }
    }
  }
}

// Every place of every mini-batch at which it could be cut: either the parts are one process's, to
// the bit, or they are refused.
TEST(GoldenOperations, OtherPartsAreRefused) {
  int taken = 0, refused = 0;
  for (const int total : {5, 8, 9, 16, 24, 32, 40}) {
    const epx_network_t network = any_small((uint64_t)total);
    Random random((uint64_t)total);
    const Batch batch = random_batch(network, random, total);
    const auto make = [&] {
      Substrate golden = make_golden(epx_golden_f32_create, network, total);
      Random own(7);
      load(golden.get(), random_params(network, own, 1.5));
      return golden;
    };
    for (int cut = 0; cut <= total; ++cut) {
      SCOPED_TRACE(std::to_string(cut) + " of " + std::to_string(total));
      const Substrate golden = make();
      const size_t image = batch.x.size() / (size_t)total;
      const epx_batch_t first = part_of(batch, image, 0, cut);
      const epx_batch_t second = part_of(batch, image, cut, total);
      epx_error_t error = {};
      const epx_status_t status = epx_substrate_present(golden.get(), &first, &error);
      EXPECT_EQ(epx_substrate_present(golden.get(), &second, &error), status);
      if (status == EPX_OK) {
        expect_parts_make_the_whole(make, batch, cut);
        ++taken;
      } else {
        EXPECT_EQ(status, EPX_ERR_UNSUPPORTED);
        EXPECT_NE(std::string(error.message).find("expected parts that begin and end at 0, "),
                  std::string::npos)
            << error.message;
        ++refused;
      }
    }
  }
  EXPECT_GE(taken, 7 * 2 + 3);
  EXPECT_GE(refused, 50);
}

TEST(GoldenOperations, BatchesThatAreNoPartAreRefused) {
  const epx_network_t network = any_small(1);
  Random random(1);
  const Batch batch = random_batch(network, random, 17);
  const Substrate golden = maker(epx_golden_f32_create, network)();
  const struct {
    int n, first, total;
    const char *message;
  } cases[] = {{17, 0, 17, "17 samples; expected 0 to 16"},
               {-1, 0, 4, "-1 samples"},
               {4, 1, 4, "samples 1 to 4 of a mini-batch of 4"},
               {4, -1, 4, "samples -1 to 2 of a mini-batch of 4"},
               {0, 0, 0, "of a mini-batch of 0"}};
  for (const auto &c : cases) {
    const epx_batch_t part = {batch.x.data(), EPX_DTYPE_F32, batch.labels.data(), c.n,
                              c.first,        c.total};
    epx_error_t error = {};
    EXPECT_EQ(epx_substrate_present(golden.get(), &part, &error), EPX_ERR_ARGUMENT);
    EXPECT_NE(std::string(error.message).find(c.message), std::string::npos) << error.message;
  }
}

// Images that float32 cannot hold reach float64 whole; the same values in either type are the same.
TEST(GoldenOperations, ImagesKeepTheirPrecision) {
  const epx_network_t network = any_small(2);
  Random random(2);
  const Batch batch = random_batch(network, random, 4);
  std::vector<double> x(batch.x.begin(), batch.x.end()), fine = x;
  for (double &value : fine) value *= 1 + 1e-9;
  for (const CreateGolden create : kPrecisions) {
    std::vector<double> states[3];
    for (int i = 0; i < 3; ++i) {
      const Substrate golden = maker(create, network)();
      const epx_batch_t images =
          i == 0 ? batch.whole()
                 : epx_batch_f64(i == 1 ? x.data() : fine.data(), batch.labels.data(), batch.n);
      ASSERT_EQ(epx_substrate_present(golden.get(), &images, nullptr), EPX_OK);
      relax(golden.get(), 5, 0);
      states[i] = layer_states(golden.get(), 0, batch.n);
    }
    EXPECT_EQ(states[0], states[1]);
    EXPECT_EQ(states[1] == states[2], create == epx_golden_f32_create);
  }
}

// A stop ends every operation at once, and nothing that training keeps has changed.
TEST(GoldenOperations, StopsAreHeard) {
  const epx_network_t network = any_small(3);
  Random random(3);
  const Batch batch = random_batch(network, random, 4);
  const epx_batch_t images = batch.whole();
  for (const CreateGolden create : kPrecisions) {
    const Substrate golden = maker(create, network)();
    const std::string before = saved_bytes(golden.get());
    epx_stop_t stop = {};
    golden->stop = &stop;
    present(golden.get(), batch);
    epx_stop_request(&stop);
    const epx_phase_t phase = {1, 1, 1};
    double loss[4];
    uint8_t predicted[4];
    epx_error_t error = {};
    EXPECT_EQ(epx_substrate_present(golden.get(), &images, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_relax(golden.get(), 1000000000, 0.5, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_predict(golden.get(), loss, predicted, &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_keep_free(golden.get(), &error), EPX_ERR_INTERRUPTED);
    EXPECT_EQ(epx_substrate_accumulate(golden.get(), &phase, &error), EPX_ERR_INTERRUPTED);
    EXPECT_STREQ(error.message, "interrupted");
    golden->stop = nullptr;
    EXPECT_TRUE(saved_bytes(golden.get()) == before);
  }
}

// Where numbers leave the finite ones, the layer is named.
TEST(GoldenOperations, DivergenceNamesTheLayer) {
  const epx_network_t network = make_network({1, 4, 4}, {dense_layer(5), dense_layer(4)}, 3,
                                             EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_TANH);
  Random random(4);
  const Batch batch = random_batch(network, random, 4);
  const epx_batch_t images = batch.whole();
  const epx_dynamics_t dynamics = {5, 3};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  double loss[4];
  uint8_t predicted[4];
  epx_error_t error = {};
  const Substrate golden = make_golden(epx_golden_f32_create, network, 4);
  Params params = random_params(network, random, 1.0);
  load(golden.get(), params);
  run_ep(golden.get(), dynamics, estimator, batch);
  epx_update_rule_t rule = {};
  for (double &rate : rule.learning_rate) rate = 1.0;
  rule.learning_rate[1] = FLT_MAX;
  rule.weight_decay = 1e10;
  EXPECT_EQ(epx_substrate_update(golden.get(), &estimator, &rule, &error), EPX_ERR_DIVERGED);
  EXPECT_NE(std::string(error.message).find("the update of layer dense1"), std::string::npos)
      << error.message;
  const std::string before = saved_bytes(golden.get());
  for (const double value : {(double)NAN, (double)INFINITY, -1e300, 0x1.0002p48}) {
    params->weight[2][3] = value;
    EXPECT_EQ(epx_substrate_load(golden.get(), params.get(), &error), EPX_ERR_ARGUMENT) << value;
    EXPECT_EQ(std::string(error.message).rfind("readout.weight, element 3 of 12, is ", 0), 0u)
        << error.message;
    EXPECT_TRUE(saved_bytes(golden.get()) == before) << "registers touched";
    std::vector<double> pixels(4 * 16, 0.5);
    pixels[21] = value;
    const epx_batch_t bright = epx_batch_f64(pixels.data(), images.labels, 4);
    EXPECT_EQ(epx_ep_free(golden.get(), &dynamics, &bright, loss, predicted, &error),
              EPX_ERR_ARGUMENT);
    EXPECT_EQ(std::string(error.message).rfind("image 1, element 5 of 16, is ", 0), 0u)
        << error.message;
  }
  params->weight[2][3] = NAN;
  EXPECT_EQ(epx_params_finite(params.get(), "", nullptr), EPX_ERR_DIVERGED);
  params->weight[2][3] = 0.1;
  EXPECT_EQ(epx_params_finite(params.get(), "", nullptr), EPX_OK);
  params->bias[1][2] = INFINITY;
  EXPECT_EQ(epx_params_finite(params.get(), "", &error), EPX_ERR_DIVERGED);
  EXPECT_STREQ(error.message, "dense1.bias holds inf, element 2 of 4");
}

}  // namespace
