/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes, errors and names of networks, against counting by hand. */
#include "core/core_support.h"

namespace {

constexpr epx_activation_t kHalf = EPX_ACTIVATION_HARD_SIGMOID_HALF;
constexpr epx_loss_t kSquared = EPX_LOSS_SQUARED_ERROR;
constexpr epx_loss_t kEntropy = EPX_LOSS_CROSS_ENTROPY;

/* Places of a window of `kernel` that fit into `size` cells, `stride` apart. */
int count_windows(int size, int kernel, int stride) {
  int count = 0;
  for (int at = 0; at + kernel <= size; at += stride) ++count;
  return count;
}

TEST(Network, ShapesOfThePapersNetwork) {
  const epx_network_t network =
      make_network({3, 32, 32},
                   {conv_layer(128, 3, 1, 1, EPX_POOL_MAX), conv_layer(256, 3, 1, 1, EPX_POOL_MAX),
                    conv_layer(512, 3, 1, 1, EPX_POOL_MAX), conv_layer(512, 3, 1, 0, EPX_POOL_MAX)},
                   10, kEntropy, kHalf);
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  ASSERT_EQ(epx_network_shapes(&network, shapes, nullptr), EPX_OK);
  const int side[4] = {16, 8, 4, 1};
  size_t parameters = 0;
  for (int l = 0; l <= 4; ++l) {
    parameters += shapes[l].weight_count + (size_t)shapes[l].out_channels;
    if (l < 4) {
      EXPECT_EQ(shapes[l].out_height, side[l]);
    }
  }
  EXPECT_EQ(shapes[4].fan_in, 512);
  EXPECT_EQ(parameters, 3843850u);
  EXPECT_EQ(epx_network_parameter_layers(&network), 5);
}

TEST(Network, RandomShapesEqualCounting) {
  Random random(11);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    const epx_layer_t layer =
        conv_layer(random.integer(1, 5), random.integer(1, 6), random.integer(1, 4),
                   random.integer(0, 4), (epx_pool_t)random.integer(0, 2));
    const int height = random.integer(1, 9), width = random.integer(1, 9);
    const epx_network_t network =
        make_network({random.integer(1, 4), height, width}, {layer}, 3, kEntropy, kHalf);
    SCOPED_TRACE(describe(network));
    const int pool = layer.pool == EPX_POOL_NONE ? 1 : 2;
    const int rows = count_windows(height + 2 * layer.padding, layer.kernel, layer.stride);
    const int columns = count_windows(width + 2 * layer.padding, layer.kernel, layer.stride);
    const bool legal = rows / pool > 0 && columns / pool > 0;
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    memset(shapes, 0x5a, sizeof shapes);
    epx_error_t error = {};
    const epx_status_t status = epx_network_shapes(&network, shapes, &error);
    if (!legal) {
      ++refused;
      EXPECT_EQ(status, EPX_ERR_ARGUMENT);
      EXPECT_NE(std::string(error.message).find("network.layers[0]"), std::string::npos);
      EXPECT_EQ(((const unsigned char *)shapes)[0], 0x5a) << "touched on failure";
      continue;
    }
    ASSERT_EQ(status, EPX_OK) << error.message;
    EXPECT_EQ(shapes[0].conv_height, rows);
    EXPECT_EQ(shapes[0].conv_width, columns);
    EXPECT_EQ(shapes[0].out_height, rows / pool);
    EXPECT_EQ(shapes[0].out_width, columns / pool);
    EXPECT_EQ(shapes[0].fan_in, network.input[0] * layer.kernel * layer.kernel);
    EXPECT_EQ(shapes[0].in_size, (size_t)(network.input[0] * height * width));
    EXPECT_EQ(shapes[0].out_size, (size_t)(layer.units * (rows / pool) * (columns / pool)));
    EXPECT_EQ(shapes[0].weight_count, (size_t)(layer.units * shapes[0].fan_in));
    EXPECT_EQ(shapes[1].fan_in, (int)shapes[0].out_size);
    EXPECT_EQ(shapes[1].out_channels, 3);
  }
  EXPECT_GT(refused, 10);
}

struct Bad {
  const char *expected;
  void (*break_it)(epx_network_t *);
};

TEST(Network, ErrorsNameTheKey) {
  const Bad bad[] = {
      {"network.input[1]", [](epx_network_t *n) { n->input[1] = 0; }},
      {"network.layers", [](epx_network_t *n) { n->layer_count = 0; }},
      {"network.layers", [](epx_network_t *n) { n->layer_count = EPX_MAX_LAYERS + 1; }},
      {"network.classes", [](epx_network_t *n) { n->classes = 1; }},
      {"network.classes", [](epx_network_t *n) { n->classes = 256; }},
      {"network.layers[0]", [](epx_network_t *n) { n->layers[0].kernel = 9; }},
      {"network.layers[0]", [](epx_network_t *n) { n->layers[0].stride = 0; }},
      {"network.layers[0]", [](epx_network_t *n) { n->layers[0].padding = -1; }},
      {"network.layers[0]", [](epx_network_t *n) { n->layers[0].kernel = 0; }},
      {"network.layers[1]", [](epx_network_t *n) { n->layers[1].units = 0; }},
      {"network.layers[1]", [](epx_network_t *n) { n->layers[1].units = 4; }},
      {"nothing is left",
       [](epx_network_t *n) {
         n->layers[0].kernel = 8;
         n->layers[0].pool = EPX_POOL_MAX;
       }},
  };
  for (const Bad &b : bad) {
    epx_network_t network = make_network(
        {1, 6, 6}, {conv_layer(2, 3, 1, 1, EPX_POOL_NONE), dense_layer(3)}, 3, kSquared, kHalf);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    ASSERT_EQ(epx_network_shapes(&network, shapes, nullptr), EPX_OK);
    b.break_it(&network);
    epx_error_t error = {};
    EXPECT_EQ(epx_network_shapes(&network, shapes, &error), EPX_ERR_ARGUMENT);
    EXPECT_NE(std::string(error.message).find(b.expected), std::string::npos)
        << "expected " << b.expected << " in: " << error.message;
  }
}

TEST(Network, NamesCountByKind) {
  const epx_network_t network =
      make_network({1, 6, 6},
                   {conv_layer(2, 3, 1, 1, EPX_POOL_NONE), dense_layer(3),
                    conv_layer(2, 1, 1, 0, EPX_POOL_NONE), dense_layer(4)},
                   3, kEntropy, kHalf);
  const char *expected[] = {"conv0", "dense0", "conv1", "dense1", "readout"};
  for (int l = 0; l < 5; ++l) {
    char name[24];
    epx_network_layer_name(&network, l, name);
    EXPECT_STREQ(name, expected[l]);
  }
}

}  // namespace
