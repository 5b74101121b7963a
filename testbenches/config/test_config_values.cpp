// SPDX-License-Identifier: Apache-2.0
// Do values survive: defaults, every row's limits, write and load back, overrides, sample files?
#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstring>
#include <random>

#include "config_support.h"
#include "epx_yaml.h"
extern "C" {
#include "epx_config_table.h"
}

using namespace config_test;

namespace {

const std::string kConfigs = std::string(EPX_SOURCE_DIR) + "/configs";

// But for the learning rates, which the file gives to each layer of its network.
TEST(ConfigValues, DemoFileSpellsOutTheDefaults) {
  epx_experiment_t defaults;
  epx_config_default(&defaults);
  const Loaded file = Load((kConfigs + "/demo.yaml").c_str());
  ASSERT_EQ(file.status, EPX_OK) << file.message;
  auto spelled = ValuesOf(file.experiment);
  EXPECT_EQ(spelled["training.learning_rate"], "[0.25, 0.15, 0.1, 0.08]");
  spelled["training.learning_rate"] = ValuesOf(defaults)["training.learning_rate"];
  EXPECT_EQ(spelled, ValuesOf(defaults));
  const Loaded none = Load(nullptr);
  ASSERT_EQ(none.status, EPX_OK) << none.message;
  EXPECT_EQ(ValuesOf(none.experiment), ValuesOf(defaults));
}

// The file really holds each key: an empty one would pass the test above.
TEST(ConfigValues, DemoFileHoldsEveryKey) {
  epx_yaml_t *yaml = nullptr;
  epx_error_t error = {{0}};
  ASSERT_EQ(epx_yaml_read((kConfigs + "/demo.yaml").c_str(), &yaml, &error), EPX_OK);
  int count = 0;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    const epx_yaml_node_t *node = epx_yaml_root(yaml);
    std::string rest = rows[i].key;
    while (node != nullptr && !rest.empty()) {
      const size_t dot = rest.find('.');
      node = epx_yaml_find(node, rest.substr(0, dot).c_str());
      rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
    }
    EXPECT_NE(node, nullptr) << rows[i].key;
  }
  epx_yaml_destroy(yaml);
}

TEST(ConfigValues, SampleExperimentsLoad) {
  int loaded_files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(kConfigs)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    epx_yaml_t *yaml = nullptr;
    epx_error_t error = {{0}};
    ASSERT_EQ(epx_yaml_read(entry.path().c_str(), &yaml, &error), EPX_OK) << error.message;
    const bool sweep =
        name.rfind("sweep", 0) == 0 || epx_yaml_find(epx_yaml_root(yaml), "sweep") != nullptr;
    epx_yaml_destroy(yaml);
    if (!sweep) {
      const Loaded loaded = Load(entry.path().c_str());
      EXPECT_EQ(loaded.status, EPX_OK) << loaded.message;
      ++loaded_files;
    }
  }
  EXPECT_GE(loaded_files, 2);
}

TEST(ConfigValues, EveryKeyTakesItsOwnValueAsAnOverride) {
  const Values defaults = ValuesOf(Load(nullptr).experiment);
  EXPECT_GE(defaults.size(), 40u);
  for (const auto &[key, value] : defaults) {
    const Loaded loaded = Load(nullptr, {key + "=" + value});
    EXPECT_EQ(loaded.status, EPX_OK) << loaded.message;
    EXPECT_EQ(ValuesOf(loaded.experiment), defaults) << key;
  }
}

// The limits of every number, at the edge and one step beyond, by the table itself.
TEST(ConfigValues, RangesHoldAtTheirEdges) {
  int count = 0, tried = 0;
  const epx_config_row_t *rows = epx_config_rows(&count);
  const auto range_error = [&](const epx_config_row_t &row, double value) {
    char text[64];
    const bool real = row.type == EPX_TYPE_REAL || row.type == EPX_TYPE_REAL_LIST;
    std::snprintf(text, sizeof text, real ? "%.17g" : "%.0f", value);
    const Loaded loaded = Load(nullptr, {std::string(row.key) + "=" + text});
    return loaded.message.rfind(std::string("--set ") + row.key + ": found " + text, 0) == 0;
  };
  for (int i = 0; i < count; ++i) {
    const epx_config_row_t &row = rows[i];
    const bool real = row.type == EPX_TYPE_REAL || row.type == EPX_TYPE_REAL_LIST;
    if (!real && row.type != EPX_TYPE_INTEGER && row.type != EPX_TYPE_UNSIGNED) {
      continue;
    }
    ++tried;
    EXPECT_LT(row.low, row.high) << row.key;
    EXPECT_EQ(range_error(row, row.low), row.above) << row.key;
    EXPECT_EQ(range_error(row, row.high), row.below) << row.key;
    const double below = real ? std::nextafter(row.low, -INFINITY) : row.low - 1;
    const double above = real ? std::nextafter(row.high, INFINITY) : row.high + 1;
    EXPECT_TRUE(range_error(row, below)) << row.key;
    EXPECT_TRUE(range_error(row, above)) << row.key;
    if (real) {
      const double least = row.least > 0 ? row.least : FLT_MIN;
      EXPECT_FALSE(range_error(row, row.low == 0 ? least : std::nextafter(row.low, INFINITY)))
          << row.key;
      EXPECT_FALSE(range_error(row, std::nextafter(row.high, -INFINITY))) << row.key;
      // Whatever else would become of it: float32 and its reciprocals hold nothing nearer to 0.
      for (const double value : {DBL_TRUE_MIN, 1e-310, 1e-46, 1e-39, std::nextafter(least, 0)}) {
        EXPECT_TRUE(range_error(row, row.low > value ? row.low / 2 : value)) << row.key << value;
        EXPECT_TRUE(row.low >= 0 ? true : range_error(row, -value)) << row.key << -value;
      }
    }
  }
  EXPECT_GE(tried, 20);
}

// What the table documents, the checks behind it accept: every edge of every number, on a chip that
// reads the key. Values inside the documented range that are refused for their own sake are listed
// with the words by which the key's help says so.
TEST(ConfigValues, ChecksAcceptWhatTheTableDocuments) {
  const std::map<std::string, std::string> said = {
      {"chip.array.adc.noise", "must fit 32 bits"},
      {"chip.array.read_noise.sigma", "must fit 32 bits"},
      {"chip.array.columns", "at least the columns of one weight"},
      {"network.classes", "that of the data"},
  };
  std::map<std::string, std::string> refused;  // by key, with the message
  int count = 0, tried = 0;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    const epx_config_row_t &row = rows[i];
    const bool real = row.type == EPX_TYPE_REAL || row.type == EPX_TYPE_REAL_LIST;
    if (!real && row.type != EPX_TYPE_INTEGER && row.type != EPX_TYPE_UNSIGNED) {
      continue;
    }
    const std::string key = row.key;
    std::vector<std::vector<std::string>> chips = {
        {"chip.array.kind=digital"}, {"chip.array.kind=analog", "chip.array.adc.kind=sar"}};
    if (key.rfind("chip.", 0) != 0) {
      chips.push_back({"substrate.kind=golden"});
    }
    std::vector<double> values;
    if (!row.above) {
      values.push_back(row.low);
    }
    if (!row.below) {
      values.push_back(row.high);
    }
    if (real) {
      values.push_back(row.low != 0    ? std::nextafter(row.low, INFINITY)
                       : row.least > 0 ? row.least
                                       : EPX_CONFIG_LEAST_REAL);
      values.push_back(std::nextafter(row.high, -INFINITY));
    }
    for (const double value : values) {
      char text[64];
      std::snprintf(text, sizeof text, real ? "%.17g" : "%.0f", value);
      bool accepted = false;
      std::string why;
      for (std::vector<std::string> overrides : chips) {
        overrides.push_back(key + "=" + text);
        const Loaded loaded = Load(nullptr, overrides);
        accepted = accepted || loaded.status == EPX_OK;
        why += loaded.status == EPX_OK ? "" : "\n  " + loaded.message;
      }
      if (!accepted) {
        refused[key] += why;
      }
      ++tried;
    }
  }
  EXPECT_GE(tried, 150);
  for (const auto &[key, why] : refused) {
    const auto words = said.find(key);
    EXPECT_NE(words, said.end()) << key << ": documented, and refused:" << why;
    for (int i = 0; words != said.end() && i < count; ++i) {
      if (key == rows[i].key) {
        EXPECT_NE(std::string(rows[i].help).find(words->second), std::string::npos)
            << key << ": the help does not say '" << words->second << "':" << why;
      }
    }
  }
  for (const auto &[key, words] : said) {
    EXPECT_EQ(refused.count(key), 1u) << key << " is refused nowhere; its exception is not needed";
  }
}

TEST(ConfigValues, OverridesWinInOrderAndTakeLists) {
  const Loaded loaded =
      LoadText("training: {epochs: 7, batch: 5}\n",
               {"training.epochs=8", "training.epochs=9", "training.learning_rate=[0.1, 0.2]",
                "network.layers=[{conv: 8, kernel: 5, padding: 2, pool: max}]",
                "chip.lfsr_seed=0xffffffff", "chip.array={rows: 64, columns: 32}",
                "training.seed=9223372036854775807", "data.path=\"a b: #1\""});
  ASSERT_EQ(loaded.status, EPX_OK) << loaded.message;
  const epx_experiment_t &e = loaded.experiment;
  EXPECT_EQ(e.training.epochs, 9);
  EXPECT_EQ(e.training.batch, 5);
  EXPECT_EQ(e.training.learning_rate_count, 2);
  EXPECT_EQ(e.training.learning_rate[1], 0.2);
  EXPECT_EQ(e.training.learning_rate[2], 0.0) << "nothing of the default list remains";
  EXPECT_EQ(e.network.layer_count, 1);
  EXPECT_EQ(e.network.layers[0].kernel, 5);
  EXPECT_EQ(e.network.layers[0].stride, 1);
  EXPECT_EQ(e.network.layers[0].pool, EPX_POOL_MAX);
  EXPECT_EQ(e.chip.lfsr_seed, 0xffffffffu);
  EXPECT_EQ(e.chip.rows, 64);
  EXPECT_EQ(e.chip.columns, 32);
  EXPECT_EQ(e.chip.adc.converter.bits, 8) << "keys of a group that are not named keep their value";
  EXPECT_EQ(e.training.seed, UINT64_C(9223372036854775807));
  EXPECT_STREQ(e.data.path, "a b: #1");
}

TEST(ConfigValues, LayersHaveTheirDefaults) {
  const Loaded loaded = LoadText(
      "network:\n  layers: [{conv: 4}, {dense: 12}, {dense: 10}]\n  loss: squared_error\n"
      "training: {learning_rate: 0.1}\n");
  ASSERT_EQ(loaded.status, EPX_OK) << loaded.message;
  const epx_network_t &n = loaded.experiment.network;
  ASSERT_EQ(n.layer_count, 3);
  EXPECT_EQ(n.layers[0].kind, EPX_LAYER_CONV);
  EXPECT_EQ(n.layers[0].kernel, 3);
  EXPECT_EQ(n.layers[0].stride, 1);
  EXPECT_EQ(n.layers[0].padding, 1);
  EXPECT_EQ(n.layers[0].pool, EPX_POOL_NONE);
  EXPECT_EQ(n.layers[1].kind, EPX_LAYER_DENSE);
  EXPECT_EQ(n.layers[1].units, 12);
  EXPECT_EQ(loaded.experiment.training.learning_rate_count, 1);
}

// A random experiment that passes the checks across keys (golden substrate, legal layers).
epx_experiment_t RandomExperiment(std::mt19937_64 &random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto real = [&](double high) {
    return std::generate_canonical<double, 53>(random) * high *
           std::pow(10.0, -static_cast<double>(below(12)));
  };
  epx_experiment_t e;
  epx_config_default(&e);
  e.substrate.kind = EPX_SUBSTRATE_GOLDEN;
  e.substrate.precision = static_cast<epx_precision_t>(below(2));
  std::memset(e.network.layers, 0, sizeof e.network.layers);
  e.network.layer_count = 1 + below(EPX_MAX_LAYERS);
  for (int l = 0; l < e.network.layer_count; ++l) {
    if (below(2) == 0) {
      e.network.layers[l] = {EPX_LAYER_DENSE, 1 + below(2000), 0, 0, 0, EPX_POOL_NONE};
    } else {
      e.network.layers[l] = {EPX_LAYER_CONV, 1 + below(64), 1 + 2 * below(3), 1,
                             2 + below(3),   EPX_POOL_NONE};
    }
  }
  e.network.layers[0].pool = e.network.layers[0].kind == EPX_LAYER_CONV
                                 ? static_cast<epx_pool_t>(below(3))
                                 : EPX_POOL_NONE;
  e.network.activation = static_cast<epx_activation_t>(below(4));
  const int layers = e.network.layer_count + 1;
  std::memset(e.training.learning_rate, 0, sizeof e.training.learning_rate);
  e.training.learning_rate_count = below(2) == 0 ? 1 : layers;
  for (int l = 0; l < e.training.learning_rate_count; ++l) {
    e.training.learning_rate[l] = real(1000);
  }
  e.training.momentum = real(1);
  e.training.weight_decay = real(1);
  e.training.init_scale = real(1) + 1e-9;
  e.training.seed = random() >> 1;
  e.estimator.beta = real(1) + 1e-12;
  e.estimator.kind = static_cast<epx_estimator_kind_t>(below(2));
  e.chip.synapse_count = below(2) == 0 ? 1 : layers;
  for (int l = 0; l < e.chip.synapse_count; ++l) {
    const int bits = 1 + below(31), integer = below(9) - 4;
    e.chip.synapse[l] = {below(2) == 0, static_cast<int8_t>(integer),
                         static_cast<int8_t>(bits - integer)};
  }
  e.chip.lfsr_seed = static_cast<uint32_t>(random());
  e.chip.update_rounding = static_cast<epx_round_t>(below(3));
  e.chip.array_kind = static_cast<epx_array_kind_t>(below(2));
  e.chip.clock_mhz = real(1e5) + 1e-3;
  const char *paths[] = {"",     "~",       "null",   "a \"quoted\" \\ path",  "---",
                         "#1",   "..",      "d: {e}", "\xc3\xa4 \xe2\x82\xac", "[x",
                         "true", " spaces "};
  std::snprintf(e.chip.technology, sizeof e.chip.technology, "%s", paths[below(12)]);
  e.data.augment = below(2) == 0;
  return e;
}

TEST(ConfigValues, WrittenExperimentsLoadBack) {
  const unsigned seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const epx_experiment_t experiment = RandomExperiment(random);
    const Values values = ValuesOf(experiment);
    epx_error_t error = {{0}};
    const std::string text =
        Printed([&](FILE *out) { EXPECT_EQ(epx_config_write(&experiment, out, &error), EPX_OK); });
    const Loaded loaded = LoadText(text);
    ASSERT_EQ(loaded.status, EPX_OK) << "seed " << seed << ": " << loaded.message << "\n" << text;
    ASSERT_EQ(ValuesOf(loaded.experiment), values) << "seed " << seed << "\n" << text;
    ASSERT_STREQ(loaded.experiment.chip.technology, experiment.chip.technology);
    ASSERT_EQ(
        std::memcmp(loaded.experiment.training.learning_rate, experiment.training.learning_rate,
                    sizeof experiment.training.learning_rate),
        0)
        << "seed " << seed;
    std::vector<std::string> overrides;
    for (const auto &[key, value] : values) {
      overrides.push_back(key + "=" + value);
    }
    const Loaded again = Load(nullptr, overrides);
    ASSERT_EQ(again.status, EPX_OK) << "seed " << seed << ": " << again.message;
    ASSERT_EQ(ValuesOf(again.experiment), values) << "seed " << seed;
  }
}

TEST(ConfigValues, WriteReportsAFullDisk) {
  FILE *full = std::fopen("/dev/full", "w");
  if (full == nullptr) {
    GTEST_SKIP() << "no /dev/full here";
  }
  epx_experiment_t experiment;
  epx_config_default(&experiment);
  epx_error_t error = {{0}};
  EXPECT_EQ(epx_config_write(&experiment, full, &error), EPX_ERR_IO);
  EXPECT_EQ(epx_config_explain(full, nullptr, EPX_CONFIG_TEXT, &error), EPX_ERR_IO);
  std::fclose(full);
}

}  // namespace
