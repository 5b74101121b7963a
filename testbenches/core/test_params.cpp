/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters: files, initialisation; and the estimator table. */
#include "core/core_support.h"

namespace {

epx_network_t sample_network() {
  return make_network({3, 7, 5}, {conv_layer(4, 3, 1, 1, EPX_POOL_MAX), dense_layer(6)}, 5,
                      EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

Npz empty_npz() {
  epx_npz_t *npz = nullptr;
  EXPECT_EQ(epx_npz_create(&npz, nullptr), EPX_OK);
  return Npz(npz);
}

TEST(Params, FileRoundTripKeepsEveryBit) {
  const epx_network_t network = sample_network();
  Random random(5);
  const Params params = random_params(network, random, 3.0);
  const Npz npz = empty_npz();
  epx_error_t error = {};
  ASSERT_EPX_OK(epx_params_to_npz(params.get(), "p.", npz.get(), &error), error);
  const Folder folder;
  const std::string path = folder / "params.npz";
  ASSERT_EPX_OK(epx_npz_write(path.c_str(), npz.get(), &error), error);
  epx_npz_t *raw = nullptr;
  ASSERT_EPX_OK(epx_npz_read(path.c_str(), &raw, &error), error);
  const Npz read(raw);
  const epx_npz_array_t *kernel = epx_npz_find(raw, "p.conv0.weight");
  ASSERT_NE(kernel, nullptr);
  ASSERT_EQ(kernel->dimensions, 4);
  const size_t shape[4] = {4, 3, 3, 3};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(kernel->shape[i], shape[i]);
  const epx_npz_array_t *readout = epx_npz_find(raw, "p.readout.weight");
  ASSERT_NE(readout, nullptr);
  EXPECT_EQ(readout->shape[0], 5u);
  EXPECT_EQ(readout->shape[1], 6u);
  const Params back = make_params(network);
  ASSERT_EPX_OK(epx_params_from_npz(raw, "f", "p.", back.get(), &error), error);
  for (int l = 0; l < params->layer_count; ++l) {
    EXPECT_EQ(layer_values(params, l), layer_values(back, l)) << params->name[l];
  }
}

TEST(Params, ReadsFloat32AndNamesWhatIsWrong) {
  const epx_network_t network =
      make_network({2, 1, 1}, {dense_layer(2)}, 2, EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_TANH);
  const float weight[4] = {0.1f, 0.2f, 0.3f, 0.4f}, bias[2] = {-1.5f, 2.5f};
  const size_t shape[2] = {2, 2}, two = 2;
  const Npz npz = empty_npz();
  const Params params = make_params(network);
  epx_error_t error = {};
  EXPECT_EQ(epx_params_from_npz(npz.get(), "some.npz", "", params.get(), &error),
            EPX_ERR_NOT_FOUND);
  EXPECT_NE(std::string(error.message).find("some.npz"), std::string::npos) << error.message;
  EXPECT_NE(std::string(error.message).find("dense0.weight"), std::string::npos) << error.message;
  ASSERT_EQ(
      epx_npz_add(npz.get(), "dense0.weight", EPX_DTYPE_F32, 2, shape, weight, nullptr, nullptr),
      EPX_OK);
  ASSERT_EQ(epx_npz_add(npz.get(), "dense0.bias", EPX_DTYPE_F32, 1, &two, bias, nullptr, nullptr),
            EPX_OK);
  ASSERT_EPX_OK(epx_params_from_npz(npz.get(), "some.npz", "", params.get(), &error), error);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(params->weight[0][i], (double)weight[i]);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(params->bias[0][i], (double)bias[i]);

  const epx_network_t wider =
      make_network({3, 1, 1}, {dense_layer(2)}, 2, EPX_LOSS_SQUARED_ERROR, EPX_ACTIVATION_TANH);
  const Params other = make_params(wider);
  EXPECT_NE(epx_params_from_npz(npz.get(), "some.npz", "", other.get(), &error), EPX_OK);
  EXPECT_NE(std::string(error.message).find("dense0.weight"), std::string::npos) << error.message;
}

/* The element count alone is not enough: another layout would be read as nonsense. */
TEST(Params, ShapesMustBeExact) {
  const epx_network_t network = sample_network();
  const Params params = make_params(network);
  const size_t flat[2] = {4, 27}, swapped[4] = {3, 4, 3, 3}, longer[5] = {4, 3, 3, 3, 1};
  const struct {
    int dimensions;
    const size_t *shape;
    const char *text;
  } cases[] = {{2, flat, "[4, 27]"}, {4, swapped, "[3, 4, 3, 3]"}, {5, longer, "[4, 3, 3, 3, 1]"}};
  for (const auto &c : cases) {
    const Npz npz = empty_npz();
    ASSERT_EQ(epx_npz_add(npz.get(), "conv0.weight", EPX_DTYPE_F64, c.dimensions, c.shape, nullptr,
                          nullptr, nullptr),
              EPX_OK);
    epx_error_t error = {};
    EXPECT_EQ(epx_params_from_npz(npz.get(), "f.npz", "", params.get(), &error), EPX_ERR_FORMAT);
    EXPECT_EQ(std::string(error.message),
              std::string("f.npz: conv0.weight has shape ") + c.text + "; expected [4, 3, 3, 3].");
  }
}

TEST(Params, NumbersMustBeFinite) {
  const epx_network_t network = sample_network();
  const Params params = make_params(network);
  for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    for (const bool single : {false, true}) {
      std::vector<double> doubles(108, 0.5);
      std::vector<float> floats(108, 0.5f);
      doubles[53] = doubles[90] = value; /* 53: [1, 2, 2, 2] of [4, 3, 3, 3] */
      floats[53] = floats[90] = (float)value;
      const size_t shape[4] = {4, 3, 3, 3};
      const void *data = single ? (const void *)floats.data() : (const void *)doubles.data();
      const Npz npz = empty_npz();
      ASSERT_EQ(epx_npz_add(npz.get(), "conv0.weight", single ? EPX_DTYPE_F32 : EPX_DTYPE_F64, 4,
                            shape, data, nullptr, nullptr),
                EPX_OK);
      epx_error_t error = {};
      EXPECT_EQ(epx_params_from_npz(npz.get(), "f.npz", "", params.get(), &error), EPX_ERR_FORMAT);
      EXPECT_EQ(std::string(error.message).find("f.npz: conv0.weight[1, 2, 2, 2] is "), 0u)
          << error.message;
    }
  }
}

TEST(Params, InitialisationFillsItsRange) {
  const epx_network_t network =
      make_network({3, 16, 16}, {dense_layer(40)}, 10, EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_TANH);
  for (double scale : {1.0, 0.5, 2.0}) {
    const Params params = make_params(network);
    epx_params_initialise(params.get(), 17, scale);
    for (int l = 0; l < params->layer_count; ++l) {
      const double bound = scale / std::sqrt((double)params->fan_in[l]);
      const int count = params->units[l] * params->fan_in[l];
      double low = 0, high = 0, sum = 0, squares = 0;
      for (int i = 0; i < count; ++i) {
        const double w = params->weight[l][i];
        low = std::min(low, w), high = std::max(high, w), sum += w, squares += w * w;
        EXPECT_EQ(w, (double)(float)w);
      }
      for (int u = 0; u < params->units[l]; ++u) {
        EXPECT_LE(std::fabs(params->bias[l][u]), bound * (1 + 1e-6));
      }
      EXPECT_LE(high, bound * (1 + 1e-6));
      EXPECT_GE(low, -bound * (1 + 1e-6));
      EXPECT_GT(high, 0.95 * bound);
      EXPECT_LT(low, -0.95 * bound);
      /* Mean 0 and variance bound^2 / 3, within five standard errors. */
      EXPECT_LT(std::fabs(sum / count), 5 * bound / std::sqrt(3.0 * count));
      EXPECT_NEAR(squares / count / (bound * bound), 1.0 / 3.0, 5 * 0.3 / std::sqrt(count));
    }
  }
}

TEST(Params, InitialisationDependsOnTheSeedAlone) {
  const epx_network_t network = sample_network();
  const Params a = make_params(network), b = make_params(network), c = make_params(network);
  epx_params_initialise(a.get(), 1, 1.0);
  epx_params_initialise(b.get(), 1, 1.0);
  epx_params_initialise(c.get(), 2, 1.0);
  for (int l = 0; l < a->layer_count; ++l) {
    EXPECT_EQ(layer_values(a, l), layer_values(b, l));
    EXPECT_NE(layer_values(a, l), layer_values(c, l));
    EXPECT_NE(a->bias[l][0], a->weight[l][0]);
  }
}

/* An estimator of dL/dtheta must be exact for quantities linear in beta: the coefficients sum to 0
 * and, weighted by the nudges, to the denominator; the read-out's average to 1. */
TEST(Estimator, TableRowsAreConsistentEstimates) {
  for (int k = 0; k < EPX_ESTIMATOR_KIND_COUNT; ++k) {
    const epx_estimator_kind_t kind = (epx_estimator_kind_t)k;
    const epx_estimator_table_row_t *row = epx_estimator_row(kind);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->kind, kind);
    for (int sign : {1, -1}) {
      int sum = 0, slope = 0, curvature = 0, cubic = 0, readout = 0, readout_curvature = 0;
      for (int i = 0; i < row->phase_count; ++i) {
        const epx_phase_t phase = epx_estimator_phase(row, i, sign);
        EXPECT_LE(std::abs(phase.coefficient), EPX_ESTIMATOR_MAX_COEFFICIENT);
        sum += phase.coefficient;
        slope += phase.coefficient * phase.nudge;
        curvature += phase.coefficient * phase.nudge * phase.nudge;
        cubic += phase.coefficient * phase.nudge * phase.nudge * phase.nudge;
        readout += phase.readout_coefficient;
        readout_curvature += phase.readout_coefficient * phase.nudge * phase.nudge;
      }
      EXPECT_EQ(sum, 0) << row->name;
      EXPECT_EQ(slope, row->denominator) << row->name;
      EXPECT_EQ(readout, row->readout_denominator) << row->name;
      const bool even = kind == EPX_ESTIMATOR_SYMMETRIC || kind == EPX_ESTIMATOR_RICHARDSON;
      EXPECT_EQ(curvature == 0, even) << row->name;
      EXPECT_EQ(curvature > 0, !even && (sign > 0 || !row->random_sign)) << row->name;
      EXPECT_EQ(cubic == 0, kind == EPX_ESTIMATOR_RICHARDSON) << row->name;
      EXPECT_EQ(readout_curvature == 0, kind == EPX_ESTIMATOR_RICHARDSON) << row->name;
    }
  }
  EXPECT_EQ(epx_estimator_row(EPX_ESTIMATOR_KIND_COUNT), nullptr);
  EXPECT_STREQ(epx_estimator_row(EPX_ESTIMATOR_SYMMETRIC)->name, "symmetric");
  EXPECT_STREQ(epx_estimator_row(EPX_ESTIMATOR_ONE_SIDED)->name, "one_sided");
}

}  // namespace
