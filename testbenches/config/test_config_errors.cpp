// SPDX-License-Identifier: Apache-2.0
// Does every mistake in a file or an override get its place, its key, what was found and expected?
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "config_support.h"

using namespace config_test;

namespace {

TEST(ConfigErrors, NameFileLineColumnKeyFoundAndExpected) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"training:\n  epochs: many\n",
       "FILE:2:11: training.epochs: found many; expected an integer, 1 to 100000"},
      {"training:\n  epochs: 0\n",
       "FILE:2:11: training.epochs: found 0; expected an integer, 1 to 100000"},
      {"training:\n  epochs: 1.5\n", "FILE:2:11: training.epochs: found 1.5; expected an integer"},
      {"training: {epochs: \"3\"}\n",
       "FILE:1:20: training.epochs: found \"3\"; expected an integer"},
      {"training: {epochs: [3]}\n",
       "FILE:1:20: training.epochs: found a list of 1; expected an int"},
      {"training: {epochs: {a: 3}}\n", "training.epochs: found a mapping; expected an integer"},
      {"training: {epochs: }\n", "training.epochs: found nothing; expected an integer"},
      {"training: {epochs: 99999999999999999999}\n", "found 99999999999999999999; expected an int"},
      {"training:\n  epoch: 3\n",
       "FILE:2:3: training.epoch: found an unknown key; did you mean epochs? expected one of "
       "epochs, batch"},
      {"epochs: 3\n",
       "FILE:1:1: epochs: found an unknown key; did you mean training.epochs? expected one of "
       "network, dynamics, estimator, substrate, training, data, chip"},
      {"training.epochs: 3\n", "FILE:1:1: training.epochs: found an unknown key"},
      {"\"\": 3\n", "found an unknown key; expected one of network"},
      {"chip: {synapse: {format: Q1.6, bits: 3}}\n", "chip.synapse.bits: found an unknown key"},
      {"chip: {synapse: Q1.6}\n",
       "FILE:1:17: chip.synapse: found Q1.6; expected a mapping with any of the keys format, "
       "shadow_bits"},
      {"training:\n", "training: found nothing; expected a mapping with any of the keys epochs"},
      {"[1, 2]\n", "FILE:1:1: found a list of 2; expected a mapping with any of the keys network"},
      {"just text\n", "FILE:1:1: found just text; expected a mapping"},
      {"training: {batch: 1}\ntraining: {batch: 2}\n",
       "FILE:2:1: the key training is given twice; the first is on line 1"},
      {"estimator: {beta: .nan}\n",
       "estimator.beta: found .nan; expected a number, above 0 and at "},
      {"estimator: {beta: 1e999}\n", "estimator.beta: found 1e999; expected a number, above 0"},
      {"estimator:\n  beta: 1e-310\n",
       "FILE:2:9: estimator.beta: found 1e-310; expected a number, above 0 and at most 100, and no "
       "nearer to 0 than 1.17549e-38, the least of float32"},
      {"training: {learning_rate: [0.1, 1e-60]}\n",
       "FILE:1:33: training.learning_rate[1]: found 1e-60; expected a number, 0 to 1000, and no "
       "nearer to 0 than 1.17549e-38"},
      {"training: {momentum: 1e-50}\n",
       "FILE:1:22: training.momentum: found 1e-50; expected a number, at least 0 and below 1, and "
       "no nearer"},
      {"chip: {array: {wires: {sense_ohm: 1e-5}}}\n",
       "sense_ohm: found 1e-5; expected a number, 0, or 0.001 to 1000000000"},
      {"estimator: {beta: 0}\n", "estimator.beta: found 0; expected a number, above 0"},
      {"estimator: {kind: symetric}\n",
       "FILE:1:19: estimator.kind: found symetric; did you mean symmetric? expected one of "
       "symmetric, one_sided"},
      {"estimator: {kind: aitken}\n",
       "found aitken; expected one of symmetric, one_sided, random_sign, richardson"},
      {"dynamics: {order: synchronous}\n", "dynamics.order: found an unknown key"},
      {"data: {augment: yes}\n", "data.augment: found yes; expected true or false"},
      {"data: {path: ~}\n", "data.path: found nothing; expected printable text"},
      {"data: {path: \"a\\tb\"}\n", "data.path: found \"a?b\"; expected printable text"},
      {"data: {seed: -1}\n", "data.seed: found -1; expected an integer, 0 to 9223372036854775807"},
      {"chip: {lfsr_seed: 4294967296}\n", "found 4294967296; expected an integer, 0 to 4294967295"},
      {"chip: {input: Q0}\n", "chip.input: found Q0; expected a Q-format such as Q1.6"},
      {"chip: {input: Q40.7}\n", "chip.input: found Q40.7; expected a Q-format"},
      {"chip: {synapse: {format: [Q1.6, x]}}\n",
       "FILE:1:33: chip.synapse.format[1]: found x; expected a Q-format such as Q1.6"},
      {"training:\n  learning_rate:\n    - 0.1\n    - fast\n",
       "FILE:4:7: training.learning_rate[1]: found fast; expected a number, 0 to 1000"},
      {"training: {learning_rate: []}\n", "training.learning_rate: found a list of 0; expected"},
      {"training: {learning_rate: {a: 1}}\n", "training.learning_rate: found a mapping; expected"},
      {"network: {input: [3, 32]}\n", "network.input: found a list of 2; expected a list of 3"},
      {"network: {input: [3, 32, 0]}\n",
       "network.input[2]: found 0; expected an integer, 1 to 512"},
      {"network: {layers: []}\n", "network.layers: found a list of 0; expected a list of 1 to 16"},
      {"network: {layers: [3]}\n", "network.layers[0]: found 3; expected a mapping such as"},
      {"network: {layers: [{}]}\n", "network.layers[0]: found neither conv nor dense"},
      {"network: {layers: [{kernel: 3}]}\n", "network.layers[0]: found neither conv nor dense"},
      {"network:\n  layers:\n    - {conv: 4}\n    - {conv: 4, pools: max}\n",
       "FILE:4:17: network.layers[1].pools: found an unknown key; did you mean pool? expected one "
       "of conv, dense, kernel, stride, padding, pool"},
      {"network: {layers: [{dense: 4, pool: max}]}\n",
       "FILE:1:31: network.layers[0].pool: a dense layer has no such key"},
      {"network: {layers: [{conv: 4, dense: 4}]}\n", "a dense layer has no such key"},
      {"network: {layers: [{conv: 0}]}\n",
       "network.layers[0].conv: found 0; expected an integer, 1 to 1024"},
      {"network: {layers: [{conv: 4, pool: maximum}]}\n",
       "network.layers[0].pool: found maximum; expected one of none, max, avg"},
      {"network: &n {classes: 10}\n", "FILE:1:10: found the anchor &n"},
      {"", "FILE:1:1: found nothing; expected YAML text"},
  };
  for (const auto &c : cases) {
    const Loaded loaded = LoadText(c.text);
    EXPECT_EQ(loaded.status, EPX_ERR_CONFIG) << c.text;
    EXPECT_NE(loaded.message.find(c.message), std::string::npos)
        << c.text << "gave: " << loaded.message;
    EXPECT_EQ(loaded.message.rfind("FILE:", 0), 0u) << loaded.message;
  }
}

TEST(ConfigErrors, OverridesNameTheirKey) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"training.epochs=x", "--set training.epochs: found x; expected an integer, 1 to 100000"},
      {"training.epochs=", "--set training.epochs: found nothing; expected YAML text"},
      {"training.epochs", "--set training.epochs: expected KEY=VALUE"},
      {"=3", "--set =3: expected KEY=VALUE"},
      {"", "--set : expected KEY=VALUE"},
      {"training.epoch=3", "--set training.epoch: found an unknown key; did you mean epochs?"},
      {"epochs=3", "--set epochs: found an unknown key; did you mean training.epochs?"},
      {"training..epochs=3", "--set training..epochs: found an unknown key"},
      {".training=3", "--set .training: found an unknown key"},
      {"training.epochs =3", "--set training.epochs : found an unknown key"},
      {"training.learning_rate=[0.1", "--set training.learning_rate: not YAML"},
      {"training.learning_rate=[0.1,x]", "--set training.learning_rate[1]: found x"},
      {"network.layers=[{conv: 3}, {conv: x}]", "--set network.layers[1].conv: found x"},
      {"training=3", "--set training: found 3; expected a mapping with any of the keys epochs"},
      {"chip.array={row: 3}", "--set chip.array.row: found an unknown key; did you mean rows?"},
      {"training.epochs=&a 3", "--set training.epochs: found the anchor &a"},
      {"training.epochs=3\n---\n4", "--set training.epochs: found a second document"},
  };
  for (const auto &c : cases) {
    const Loaded loaded = Load(nullptr, {c.text});
    EXPECT_EQ(loaded.status, EPX_ERR_CONFIG) << c.text;
    EXPECT_EQ(loaded.message.rfind(c.message, 0), 0u) << c.text << " gave: " << loaded.message;
  }
  const Loaded lengthy = Load(nullptr, {"training." + std::string(5000, 'x') + "=3"});
  EXPECT_EQ(lengthy.status, EPX_ERR_CONFIG);
  EXPECT_NE(lengthy.message.find("found an unknown key"), std::string::npos) << lengthy.message;
}

TEST(ConfigErrors, MissingFileFolderAndNothingWrittenOnFailure) {
  EXPECT_EQ(Load("/nonexistent/x.yaml").status, EPX_ERR_NOT_FOUND);
  EXPECT_NE(Load("/nonexistent/x.yaml").message.find("/nonexistent/x.yaml"), std::string::npos);
  EXPECT_EQ(Load("/tmp").message, "/tmp: is a folder; expected a YAML file");
  epx_experiment_t experiment, before;
  std::memset(&experiment, 0x5a, sizeof experiment);
  std::memcpy(&before, &experiment, sizeof before);
  const char *bad[] = {"training.epochs=3", "training.batch=none"};
  EXPECT_EQ(epx_config_load(nullptr, bad, 2, &experiment, nullptr), EPX_ERR_CONFIG);
  EXPECT_EQ(std::memcmp(&experiment, &before, sizeof before), 0);
}

// Damaged files: any answer but a crash, and a message exactly when something is wrong.
TEST(ConfigErrors, SurviveDamagedFiles) {
  std::ifstream file(std::string(EPX_SOURCE_DIR) + "/configs/demo.yaml", std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string sound = content.str();
  ASSERT_GT(sound.size(), 500u);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const std::string salt = "{}[]:,-?&*!|>'\"%@`#\n\t \\\x80\xc3\xef~0123456789.eQU_\x01";
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = sound;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = salt[random() % salt.size()];
          break;
        case 1:
          text.insert(at, 1, salt[random() % salt.size()]);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        default:
          text.erase(at, 1 + random() % 5);
          break;
      }
    }
    const Loaded loaded = LoadText(text);
    ASSERT_TRUE(loaded.status == EPX_OK || loaded.status == EPX_ERR_CONFIG ||
                loaded.status == EPX_ERR_UNSUPPORTED)
        << "seed " << seed << ": " << loaded.message << "\n"
        << text;
    ASSERT_EQ(loaded.status == EPX_OK, loaded.message.empty()) << "seed " << seed << "\n" << text;
    accepted += loaded.status == EPX_OK ? 1 : 0;
  }
  EXPECT_GT(accepted, 0) << "seed " << seed << ": damage to comments is no damage";
  EXPECT_LT(accepted, 3000) << "seed " << seed;
}

TEST(ConfigErrors, SurviveDamagedOverrides) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const std::string sound[] = {"network.layers=[{conv: 8, pool: max}, {dense: 20}]",
                               "training.learning_rate=[0.1, 2e-3]", "chip.synapse={format: Q1.6}",
                               "data.path=\"x \\u00e4\"", "chip.array.rows=0x40"};
  const std::string salt = "{}[]:,-?&*!|>'\"%@`#=. \\\x80\xc3~0123456789eQU";
  for (int round = 0; round < 5000; ++round) {
    std::string text = sound[random() % 5];
    for (unsigned edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = salt[random() % salt.size()];
      } else {
        text.erase(at, 1 + random() % 3);
      }
    }
    const Loaded loaded = Load(nullptr, {text});
    ASSERT_EQ(loaded.status == EPX_OK, loaded.message.empty()) << "seed " << seed << ": " << text;
    ASSERT_TRUE(loaded.status == EPX_OK || loaded.status == EPX_ERR_CONFIG ||
                loaded.status == EPX_ERR_UNSUPPORTED)
        << "seed " << seed << ": " << text;
  }
}

}  // namespace
