// SPDX-License-Identifier: Apache-2.0
// Are contradictions between keys found, and blamed on the line that set the key at fault?
#include <gtest/gtest.h>

#include "config_support.h"

using namespace config_test;

namespace {

struct Case {
  const char *text;
  epx_status_t status;
  const char *message;
};

void Expect(const Case &c) {
  const Loaded loaded = LoadText(c.text);
  EXPECT_EQ(loaded.status, c.status) << c.text << "gave: " << loaded.message;
  EXPECT_EQ(loaded.message.rfind(c.message, 0), 0u) << c.text << "gave: " << loaded.message;
}

TEST(ConfigCheck, ShapesOfTheNetwork) {
  const Case cases[] = {
      {"substrate: {kind: golden}\nnetwork:\n  layers:\n    - {conv: 4, pool: max}\n"
       "    - {conv: 4, kernel: 31}\n",
       EPX_ERR_CONFIG, "FILE:5:7: network.layers[1]: kernel 31 is larger"},
      {"substrate: {kind: golden}\nnetwork: {layers: [{conv: 4, kernel: 31, padding: 0, pool: max},"
       " {conv: 4, kernel: 1, padding: 0, pool: max}]}\n",
       EPX_ERR_CONFIG, "FILE:2:66: network.layers[1]: nothing is left after pooling"},
      {"network:\n  loss: squared_error\n  layers:\n    - {dense: 9}\n", EPX_ERR_CONFIG,
       "FILE:4:7: network.layers[0]: with squared_error the last layer is the output"},
  };
  for (const Case &c : cases) {
    Expect(c);
  }
}

TEST(ConfigCheck, OneValueForEachParameterLayer) {
  const Case cases[] = {
      {"training:\n  learning_rate: [1, 2, 3]\n", EPX_ERR_CONFIG,
       "FILE:2:18: training.learning_rate: 3 values for 4 parameter layers (the read-out is one); "
       "expected 1 value or 4; found [1, 2, 3]"},
      {"network: {loss: squared_error, layers: [{dense: 10}]}\ntraining: {learning_rate: [1, 2]}\n",
       EPX_ERR_CONFIG,
       "FILE:2:27: training.learning_rate: 2 values for 1 parameter layers; expected 1 value"},
      {"chip: {synapse: {format: [Q1.6, Q1.5]}}\n", EPX_ERR_CONFIG,
       "FILE:1:26: chip.synapse.format: 2 values for 4 parameter layers"},
  };
  for (const Case &c : cases) {
    Expect(c);
  }
  EXPECT_EQ(LoadText("chip: {synapse: {format: [Q1.6, Q1.6, Q1.5, Q1.6]}}\n").status, EPX_OK);
}

// Constants of the twin's update circuits, which end at 2^30, not at the first update.
TEST(ConfigCheck, ConstantsOfUpdateCircuits) {
  const Case cases[] = {
      {"estimator:\n  beta: 1e-30\n", EPX_ERR_CONFIG,
       "FILE:2:9: estimator.beta: 1e-30; the update circuit of layer conv0 would multiply by "},
      {"chip: {bias: Q0.0, velocity: Q0.31}\ntraining: {weight_decay: 1}\n", EPX_ERR_CONFIG,
       "FILE:2:26: training.weight_decay: 1; the update circuit of layer conv0"},
      {"chip: {bias: Q0.31, velocity: Q30.0}\ntraining: {learning_rate: 2}\n", EPX_ERR_CONFIG,
       "FILE:2:27: training.learning_rate: 2; the update circuit of layer conv0"},
      {"chip: {bias: Q0.31, velocity: Q30.0}\n"
       "training: {learning_rate: 0.1, final_learning_rate: 2}\n",
       EPX_ERR_CONFIG,
       "FILE:2:53: training.final_learning_rate: 2; the update circuit of layer conv0"},
  };
  for (const Case &c : cases) {
    Expect(c);
  }
  EXPECT_EQ(LoadText("estimator: {beta: 1e-30}\nsubstrate: {kind: golden}\n").status, EPX_OK);
}

// What was found stands once, whoever says it: the library that refuses, or the reader.
TEST(ConfigCheck, WhatWasFoundIsSaidOnce) {
  const char *const analog = "chip: {array: {kind: analog, adc: {kind: sar}, ";
  const std::pair<std::string, std::string> cases[] = {
      {"chip: {array: {columns: 4}}\n", "chip.array.columns: 4; a weight of"},
      {"chip: {array: {kind: analog, adc_bits: 3}}\n", "chip.array.adc_bits: 3; a column of"},
      {"chip: {array: {kind: analog, rows: 4096}}\n", "chip.array.adc_bits: 8; a column of"},
      {analog + std::string("pulses: {preset: EcRAM}}}\n"), "chip.array.bits_per_cell: 1; pulses"},
      {analog +
           std::string("pulses: {preset: EcRAM}, bits_per_cell: 8}, synapse: {shadow_bits: 3}}\n"),
       "chip.synapse.shadow_bits: 3; a conductance"},
      {"chip: {noc: {mesh_columns: 2, mesh_rows: 2}}\n", "chip.noc.mesh_rows: 2; the network"},
      {"estimator: {beta: 1e-30}\n", "estimator.beta: 1e-30; the update"},
      {"training: {batch: 0}\n", "training.batch: found 0; expected"},
      {"network: {classes: 9}\n", "network.classes: data.set generated has 10 classes; found 9"},
      {"chip: {array: {read_noise: {kind: inverse, sigma: 0.1}, kind: analog, g_min: 0}}\n", ""},
      {"dynamics: {tolerance: 0.1}\n", "dynamics.tolerance: the twin is exact, 0; found 0.1"},
  };
  for (const auto &[text, message] : cases) {
    const Loaded loaded = LoadText(text);
    EXPECT_NE(loaded.status, EPX_OK) << text;
    EXPECT_NE(loaded.message.find(message), std::string::npos) << text << loaded.message;
    const size_t first = loaded.message.find("found ");
    EXPECT_EQ(loaded.message.find("; found ", first + 1), std::string::npos) << loaded.message;
    EXPECT_TRUE(message.find("; ") == std::string::npos ||
                message.find("found") != std::string::npos || first == std::string::npos)
        << loaded.message;
  }
  const Loaded loaded = LoadText("chip: {array: {kind: analog, rows: 4096}}\n");
  EXPECT_NE(loaded.message.find("lose bits (the default)"), std::string::npos) << loaded.message;
}

// A network of any depth stands by itself: no default is a list of the demonstration's length.
TEST(ConfigCheck, DefaultsFitNetworksOfAnyDepth) {
  for (const char *layers : {"[{dense: 8}]", "[{conv: 4}, {conv: 4, stride: 2}]",
                             "[{conv: 4}, {conv: 4}, {conv: 4}, {conv: 4}, {dense: 9}]"}) {
    const Loaded loaded = LoadText(std::string("network: {layers: ") + layers + "}\n");
    EXPECT_EQ(loaded.status, EPX_OK) << layers << ": " << loaded.message;
  }
}

// The read-out is no layer of network.layers: its messages name network.classes.
TEST(ConfigCheck, TheReadOutIsCalledOne) {
  const Loaded analog = LoadText(
      "network: {layers: [{conv: 1024}]}\nchip: {array: {kind: analog, adc: {kind: sar}}}\n");
  EXPECT_NE(analog.status, EPX_OK);
  EXPECT_EQ(analog.message.rfind("FILE: network.classes (the read-out): a fan-in of 1048576", 0),
            0u)
      << analog.message;
  const Loaded sums = LoadText(
      "network: {layers: [{conv: 4}]}\n"
      "chip: {state: UQ0.1, synapse: {format: [Q1.6, Q0.7]}, input: Q0.7}\n");
  EXPECT_EQ(sums.message.find("conv: 0"), std::string::npos) << sums.message;
  const Loaded wide = LoadText(
      "network: {layers: [{conv: 64}]}\nchip: {synapse: {format: [Q1.6, Q7.0]}, state: UQ0.8}\n");
  EXPECT_EQ(wide.message.find("conv: 0"), std::string::npos) << wide.message;
}

TEST(ConfigCheck, DataFitsTheNetwork) {
  const Case cases[] = {
      {"network: {input: [1, 28, 28]}\n", EPX_ERR_CONFIG,
       "FILE:1:18: network.input: images of data.set generated are [3, 32, 32]; found [1, 28, 28]"},
      {"network: {classes: 7}\n", EPX_ERR_CONFIG,
       "FILE:1:20: network.classes: data.set generated has 10 classes; found 7"},
      {"data: {set: cifar10}\nnetwork: {classes: 100}\n", EPX_ERR_CONFIG,
       "FILE:2:20: network.classes: data.set cifar10 has 10 classes; found 100"},
      {"data: {set: idx, path: ''}\nnetwork: {input: [1, 28, 28]}\n", EPX_ERR_CONFIG,
       "FILE:1:24: data.path: data.set idx needs the folder of its files"},
      {"data: {set: idx, augment: true}\nnetwork: {input: [1, 28, 28]}\n", EPX_ERR_UNSUPPORTED,
       "FILE:1:27: data.augment: data.set idx is not augmented, for flips would make other signs "
       "of "
       "digits; found true"},
      {"data: {set: cifar10, path: ''}\n", EPX_ERR_CONFIG,
       "FILE:1:28: data.path: data.set cifar10 needs the path of its files"},
  };
  for (const Case &c : cases) {
    Expect(c);
  }
}

TEST(ConfigCheck, TheTwinSaysWhatItDoesNotModel) {
  const char *cases[][2] = {
      {"network: {activation: tanh}\n", "FILE:1:23: network.activation: "},
      {"network: {activation: sigmoid}\n", "FILE:1:23: network.activation: "},
      {"chip: {state: Q0.7}\n", "FILE:1:15: chip.state: "},
      {"chip: {state: UQ1.7}\n", "FILE:1:15: chip.state: "},
      {"chip: {state: UQ0.9}\n", "FILE:1:15: chip.state: "},
      {"chip: {input: UQ0.8}\n", "FILE:1:15: chip.input: "},
      {"chip: {input: Q0.8}\n", "FILE:1:15: chip.input: "},
      {"chip: {synapse: {format: UQ1.6}}\n", "FILE:1:26: chip.synapse"},
      {"chip: {synapse: {format: Q1.7}}\n", "FILE:1:26: chip.synapse"},
      {"chip: {bias: UQ3.20}\n", "FILE:1:14: chip.bias"},
      {"chip: {velocity: UQ3.20}\n", "FILE:1:18: chip.velocity"},
      {"chip:\n  rounding: {state: stochastic}\n", "FILE:2:21: chip.rounding.state: "},
      {"chip:\n  rounding: {state: truncate_zero}\n", "FILE:2:21: chip.rounding.state: "},
      {"chip: {synapse: {format: Q1.2}, array: {bits_per_cell: 5}}\n",
       "FILE:1:56: chip.array.bits_per_cell: "},
      {"chip: {array: {kind: analog, rows: 256, adc_bits: 8}}\n",
       "FILE:1:51: chip.array.adc_bits: "},
      {"chip: {array: {columns: 4}}\n", "FILE:1:25: chip.array.columns: "},
      {"network:\n  layers:\n    - {conv: 4}\n    - {conv: 4, padding: 3}\n"
       "training: {learning_rate: 1}\n",
       "FILE:4:7: network.layers[1]: "},
      {"network:\n  layers: [{conv: 4, pool: avg}]\ntraining: {learning_rate: 1}\n",
       "FILE:2:12: network.layers[0]: "},
  };
  for (const auto &c : cases) {
    const Loaded twin = LoadText(c[0]);
    EXPECT_TRUE(twin.status == EPX_ERR_UNSUPPORTED || twin.status == EPX_ERR_CONFIG) << c[0];
    EXPECT_EQ(twin.message.rfind(c[1], 0), 0u) << c[0] << "gave: " << twin.message;
    const Loaded golden = LoadText(c[0], {"substrate.kind=golden"});
    EXPECT_EQ(golden.status, EPX_OK) << c[0] << golden.message;
  }
  EXPECT_EQ(
      LoadText("network: {layers: [{conv: 4, padding: 3}]}\n", {"training.learning_rate=1"}).status,
      EPX_ERR_UNSUPPORTED);
}

TEST(ConfigCheck, AnOverrideIsBlamedForItself) {
  const Loaded loaded =
      LoadText("network: {activation: hard_sigmoid}\n", {"network.activation=tanh"});
  EXPECT_EQ(loaded.status, EPX_ERR_UNSUPPORTED);
  EXPECT_EQ(loaded.message.rfind("--set network.activation: ", 0), 0u) << loaded.message;
  EXPECT_NE(loaded.message.find("found tanh"), std::string::npos) << loaded.message;
}

// The largest sizes that the ranges allow overflow nothing.
TEST(ConfigCheck, LargestSizesAreComputedExactly) {
  std::string layers = "{conv: 1024, kernel: 1, padding: 15}";
  for (int l = 1; l < EPX_MAX_LAYERS; ++l) {
    layers += ", {conv: 1024, kernel: 1, padding: 15}";
  }
  const std::string text = "network: {input: [3, 32, 32], layers: [" + layers +
                           "]}\nsubstrate: {kind: golden}\ntraining: {learning_rate: 1}\n";
  const Loaded loaded = LoadText(text);
  ASSERT_EQ(loaded.status, EPX_OK) << loaded.message;
  epx_network_t network = loaded.experiment.network;
  network.input[0] = network.input[1] = network.input[2] = 512;  // what network.input allows
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  ASSERT_EQ(epx_network_shapes(&network, shapes, nullptr), EPX_OK);
  EXPECT_EQ(shapes[EPX_MAX_LAYERS].fan_in, 992 * 992 * 1024);
  EXPECT_EQ(LoadText("network: {input: [512, 512, 512]}\n").status, EPX_ERR_CONFIG);
}

}  // namespace
