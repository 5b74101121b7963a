/* SPDX-License-Identifier: Apache-2.0 */
/* What the twin does not model is refused, naming the layer or the key. */
#include "epx_mapping.h"
#include "rtl_model/twin/twin_support.h"

namespace {

struct Case {
  const char *named;
  epx_status_t status;
  void (*change)(epx_network_t *, epx_chip_t *);
};

constexpr epx_status_t kUnsupported = EPX_ERR_UNSUPPORTED;

const Case kCases[] = {
    {"network.layers[1]", kUnsupported,
     [](epx_network_t *n, epx_chip_t *) { n->layers[1].pool = EPX_POOL_AVG; }},
    {"network.layers[0]", kUnsupported,
     [](epx_network_t *n, epx_chip_t *) { n->layers[0].padding = 3; }},
    {"network.activation", kUnsupported,
     [](epx_network_t *n, epx_chip_t *) { n->activation = EPX_ACTIVATION_SIGMOID; }},
    {"network.activation", kUnsupported,
     [](epx_network_t *n, epx_chip_t *) { n->activation = EPX_ACTIVATION_TANH; }},
    {"chip.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state = q_unsigned(0, 9); }},
    {"chip.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state = q_unsigned(1, 7); }},
    {"chip.state", kUnsupported, [](epx_network_t *, epx_chip_t *c) { c->state = q_signed(0, 7); }},
    {"chip.input", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->input = q_unsigned(0, 8); }},
    {"chip.input", kUnsupported, [](epx_network_t *, epx_chip_t *c) { c->input = q_signed(0, 8); }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_STOCHASTIC; }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_NEAREST_UP; }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_NEAREST_ZERO; }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_NEAREST_DOWN; }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_NEAREST_AWAY; }},
    {"chip.rounding.state", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->state_rounding = EPX_ROUND_TRUNCATE_ZERO; }},
    {"chip.synapse", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->synapse[0] = q_signed(1, 7); }},
    {"chip.synapse", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->synapse[0] = q_signed(0, 0); }},
    {"chip.synapse", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) { c->synapse[0] = q_unsigned(0, 8); }},
    {"parameter layer 2", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) {
       c->synapse_count = EPX_MAX_LAYERS + 1;
       for (epx_qformat_t &format : c->synapse) format = q_signed(1, 6);
       c->synapse[2] = q_signed(1, 7);
     }},
    {"shadow bits", kUnsupported, [](epx_network_t *, epx_chip_t *c) { c->shadow_bits = 17; }},
    {"shadow bits", kUnsupported, [](epx_network_t *, epx_chip_t *c) { c->shadow_bits = -1; }},
    {"parameter layer 2", kUnsupported,
     [](epx_network_t *, epx_chip_t *c) {
       c->synapse_count = EPX_MAX_LAYERS + 1;
       for (epx_qformat_t &format : c->synapse) format = q_signed(1, 6);
       c->synapse[2] = q_signed(4, -1);
     }},
    {"network.layers[1]", kUnsupported, /* neighbours whose fractions lie 20 bits apart */
     [](epx_network_t *, epx_chip_t *c) {
       c->synapse_count = EPX_MAX_LAYERS + 1;
       for (epx_qformat_t &format : c->synapse) format = q_signed(1, 6);
       c->synapse[2] = q_signed(-19, 26);
     }},
    {"network.layers[2]", kUnsupported, /* 53248 inputs of one neuron */
     [](epx_network_t *n, epx_chip_t *) {
       n->input[1] = n->input[2] = 64;
       n->layers[0].pool = n->layers[1].pool = EPX_POOL_NONE;
       n->layers[1].units = 13;
     }},
    {"network.layers[0]", kUnsupported, /* one sample alone would fill 32-bit correlations */
     [](epx_network_t *n, epx_chip_t *) {
       n->input[1] = n->input[2] = 200;
       n->layers[0].pool = EPX_POOL_NONE;
       n->layers[1].units = n->layers[2].units = 1;
       n->layers[2] = conv_layer(1, 1, 1, 0, EPX_POOL_MAX);
     }},
    {"chip.bias", EPX_ERR_ARGUMENT,
     [](epx_network_t *, epx_chip_t *c) { c->bias = q_unsigned(3, 20); }},
    {"chip.velocity", EPX_ERR_ARGUMENT,
     [](epx_network_t *, epx_chip_t *c) { c->velocity = q_unsigned(3, 20); }},
    {"chip.array.columns", EPX_ERR_ARGUMENT,
     [](epx_network_t *, epx_chip_t *c) { c->columns = 7; }},
    {"chip.array.adc_bits", EPX_ERR_ARGUMENT,
     [](epx_network_t *, epx_chip_t *c) {
       c->array_kind = EPX_ARRAY_ANALOG;
       c->rows = 128;
       c->adc.converter.bits = 7;
     }},
    {"chip.array.program_error", EPX_ERR_ARGUMENT, /* of a digital array */
     [](epx_network_t *, epx_chip_t *c) { c->device.program_error.cycle = 0.1; }},
    {"chip.array.adc.noise", EPX_ERR_ARGUMENT, /* of a digital array */
     [](epx_network_t *, epx_chip_t *c) { c->adc.converter.noise = 0.1; }},
    {"chip.array.adc.kind", EPX_ERR_ARGUMENT, /* of an ideal converter */
     [](epx_network_t *, epx_chip_t *c) {
       c->array_kind = EPX_ARRAY_ANALOG;
       c->adc.converter.noise = 0.1;
     }},
    {"chip.array.program_error.device", EPX_ERR_ARGUMENT,
     [](epx_network_t *, epx_chip_t *c) {
       c->array_kind = EPX_ARRAY_ANALOG;
       c->device.program_error.device = -0.1;
     }},
    {"network.layers[0]", EPX_ERR_ARGUMENT,
     [](epx_network_t *n, epx_chip_t *) { n->layers[0].kernel = 30; }},
};

epx_network_t legal_network() {
  return make_network(
      {3, 12, 12},
      {conv_layer(4, 3, 1, 1, EPX_POOL_MAX), conv_layer(4, 3, 1, 1, EPX_POOL_MAX), dense_layer(6)},
      5, EPX_LOSS_CROSS_ENTROPY, EPX_ACTIVATION_HARD_SIGMOID_HALF);
}

TEST(TwinUnsupported, IsRefusedByName) {
  for (const Case &c : kCases) {
    epx_network_t network = legal_network();
    epx_chip_t chip = make_chip();
    ASSERT_EQ(epx_twin_check(&network, &chip, nullptr), EPX_OK);
    c.change(&network, &chip);
    SCOPED_TRACE("case " + std::to_string(&c - kCases) + " " + c.named);
    epx_error_t error = {};
    EXPECT_EQ(epx_twin_check(&network, &chip, &error), c.status);
    EXPECT_NE(std::string(error.message).find(c.named), std::string::npos) << error.message;
    epx_substrate_t *twin = nullptr;
    EXPECT_EQ(epx_twin_create(&network, &chip, 2, &twin, nullptr), c.status);
    EXPECT_EQ(twin, nullptr) << "touched on failure";
  }
}

/* Each bound on sums is exact: `most` is legal, one more is refused with a message that tells why.
 */
TEST(TwinUnsupported, SumsUpToTheirBounds) {
  struct Bound {
    const char *what;
    int most;
    epx_network_t (*network)(int);
    std::vector<std::string> words; /* of the message for most + 1 */
  };
  static const auto network = [](int c, int h, int w, std::vector<epx_layer_t> layers) {
    return make_network({c, h, w}, layers, 5, EPX_LOSS_CROSS_ENTROPY,
                        EPX_ACTIVATION_HARD_SIGMOID_HALF);
  };
  const int positions = (int)(2147483647.0 / (255 * 255 * EPX_ESTIMATOR_MAX_COEFFICIENT)) / 2;
  const Bound bounds[] = {
      /* 2 * 255 * 128 * n + 2^29 < 2^31: inputs are signed, so shifted */
      {"inputs of layer 0",
       24672,
       [](int n) { return network(n, 1, 1, {dense_layer(4)}); },
       {"network.layers[0]", "33 bits", "fan-in of 24673", "the twin has 32 bits"}},
      {"inputs of the read-out",
       49344,
       [](int n) { return network(4, 1, 1, {dense_layer(n)}); },
       {"network.classes (the read-out)", "33 bits", "fan-in of 49345"}},
      /* 255 * 128 * (n + 4) + 2^29 < 2^31: one signed input, shifted by a bit, counts four */
      {"terms from above",
       49340,
       [](int n) {
         return network(1, 1, 1, {dense_layer(4), dense_layer(n)});
       },
       {"network.layers[0]", "33 bits", "49341 from above"}},
      /* 4 n <= 65793, one channel being padded to four */
      {"terms of a product, forward",
       16448,
       [](int n) { return network(1, n, 1, {dense_layer(4)}); },
       {"network.layers[0]", "fan-in of 16449", "65796", "at most 65793"}},
      /* 8 n^2 <= 65793, five units being padded to eight */
      {"terms of a product, backward",
       90,
       [](int n) {
         return network(
             1, 46, 46,
             {conv_layer(1, 1, 1, 0, EPX_POOL_NONE), conv_layer(5, n, 1, 25, EPX_POOL_NONE)});
       },
       {"network.layers[1]", "66248 from above", "at most 65793"}},
      {"positions of a correlation",
       positions,
       [](int n) {
         return network(
             1, n, 2,
             {conv_layer(1, 1, 1, 0, EPX_POOL_NONE), conv_layer(1, 1, 1, 0, EPX_POOL_MAX)});
       },
       {"network.layers[0]", "32 bits"}},
  };
  for (const Bound &bound : bounds) {
    SCOPED_TRACE(bound.what);
    const epx_chip_t chip = make_chip();
    epx_error_t error = {};
    const epx_network_t legal = bound.network(bound.most), beyond = bound.network(bound.most + 1);
    EXPECT_EQ(epx_twin_check(&legal, &chip, &error), EPX_OK) << error.message;
    EXPECT_EQ(epx_twin_check(&beyond, &chip, &error), EPX_ERR_UNSUPPORTED);
    for (const std::string &word : bound.words) {
      EXPECT_NE(std::string(error.message).find(word), std::string::npos) << error.message;
    }
  }
}

/* row_blocks * column_blocks must not leave the integers. */
TEST(TwinUnsupported, TilesUpToTheirBound) {
  epx_chip_t chip = make_chip();
  epx_error_t error = {};
  epx_layer_map_t map;
  chip.rows = 1;
  chip.columns = 8; /* one weight of 8 cells a tile */
  EXPECT_EQ(epx_map_layer(&chip, 0, 1 << 14, 1 << 10, &map, &error), EPX_OK) << error.message;
  EXPECT_EQ(map.row_blocks * map.column_blocks, EPX_MAP_MAX_TILES);
  EXPECT_EQ(epx_map_layer(&chip, 0, (1 << 14) + 1, 1 << 10, &map, &error), EPX_ERR_UNSUPPORTED);
  EXPECT_EQ(epx_map_layer(&chip, 3, 1 << 20, 49152, &map, &error), EPX_ERR_UNSUPPORTED);
  EXPECT_NE(std::string(error.message).find("chip.array.rows: 1 x 8 cells; parameter layer 3"),
            std::string::npos)
      << error.message;
  EXPECT_NE(std::string(error.message).find("51539607552 tiles"), std::string::npos)
      << error.message;
}

TEST(TwinUnsupported, AnEmptyMiniBatch) {
  const epx_network_t network = legal_network();
  const epx_chip_t chip = make_chip();
  epx_substrate_t *twin = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_twin_create(&network, &chip, 0, &twin, &error), EPX_ERR_ARGUMENT);
  EXPECT_EQ(twin, nullptr);
}

/* The widest and narrowest formats that the header promises. */
TEST(TwinUnsupported, LimitsThatAreLegal) {
  const epx_network_t network = legal_network();
  for (int state = 1; state <= 8; ++state) {
    for (int synapse = 2; synapse <= 8; ++synapse) {
      epx_chip_t chip = make_chip(state, synapse);
      chip.shadow_bits = 16;
      chip.input = q_signed(0, state == 1 ? 1 : state - 1);
      /* an accumulator of fewer fraction bits than the state's is out: give each 8 bits or more */
      chip.synapse[0] = q_signed(0, synapse - 1);
      epx_error_t error = {};
      EXPECT_EQ(epx_twin_check(&network, &chip, &error), EPX_OK) << error.message;
    }
  }
}

}  // namespace
