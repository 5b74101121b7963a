// SPDX-License-Identifier: Apache-2.0
// Is the reference complete, and is docs/configuration.md what the table of keys prints?
// EPX_UPDATE_DOCS=1 rewrites the file instead of comparing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config_support.h"

using namespace config_test;

namespace {

std::string Explained(const char *prefix, epx_config_format_t format) {
  return Printed([&](FILE *out) {
    epx_error_t error = {{0}};
    EXPECT_EQ(epx_config_explain(out, prefix, format, &error), EPX_OK) << error.message;
  });
}

TEST(ConfigDocs, ReferencePageIsWhatTheTablePrints) {
  const std::string path = std::string(EPX_SOURCE_DIR) + "/docs/configuration.md";
  const std::string expected = Explained(nullptr, EPX_CONFIG_MARKDOWN);
  if (std::getenv("EPX_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_EQ(content.str(), expected) << "run this test with EPX_UPDATE_DOCS=1 to rewrite " << path;
}

TEST(ConfigDocs, EveryKeyIsExplainedWithItsDefault) {
  const std::string text = Explained(nullptr, EPX_CONFIG_TEXT);
  const std::string page = Explained(nullptr, EPX_CONFIG_MARKDOWN);
  epx_experiment_t defaults;
  epx_config_default(&defaults);
  for (const auto &[key, value] : ValuesOf(defaults)) {
    const size_t at = text.find("\n" + key + "\n");
    EXPECT_TRUE(at != std::string::npos || text.rfind(key + "\n", 0) == 0) << key;
    EXPECT_NE(text.find("default: " + value + "\n", at == std::string::npos ? 0 : at),
              std::string::npos)
        << key;
    const size_t row = page.find("| `" + key + "` |");
    ASSERT_NE(row, std::string::npos) << key;
    EXPECT_NE(page.substr(row, page.find('\n', row) - row).find("`" + value + "`"),
              std::string::npos)
        << key;
  }
  for (const char *name : {"conv", "dense", "kernel", "stride", "padding", "pool"}) {
    EXPECT_NE(text.find(std::string("network.layers[].") + name), std::string::npos);
  }
}

TEST(ConfigDocs, MarkdownRowsHaveFiveCells) {
  std::istringstream page(Explained(nullptr, EPX_CONFIG_MARKDOWN));
  int rows = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.empty() && line[0] == '|') {
      EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 6) << line;
      ++rows;
    }
  }
  EXPECT_GT(rows, 50);
}

TEST(ConfigDocs, PrefixSelectsWholeNames) {
  EXPECT_EQ(Explained("training.epochs", EPX_CONFIG_TEXT),
            "training.epochs\n    an integer, 1 to 100000 (epochs)\n"
            "    Passes over the training set.\n    default: 3\n");
  const std::string array = Explained("chip.array", EPX_CONFIG_TEXT);
  EXPECT_EQ(array.rfind("chip.array.kind\n", 0), 0u);
  EXPECT_EQ(array.find("chip.timing"), std::string::npos);
  EXPECT_EQ(Explained("", EPX_CONFIG_TEXT), Explained(nullptr, EPX_CONFIG_TEXT));
  EXPECT_NE(Explained("network.layers", EPX_CONFIG_TEXT).find("network.layers[].kernel"),
            std::string::npos);
  for (const char *prefix : {"chip.arr", "trainings", "epochs", "x"}) {
    epx_error_t error = {{0}};
    EXPECT_EQ(Printed([&](FILE *out) {
                EXPECT_EQ(epx_config_explain(out, prefix, EPX_CONFIG_TEXT, &error),
                          EPX_ERR_ARGUMENT);
              }),
              "");
    EXPECT_NE(std::string(error.message).find("expected one of network, dynamics"),
              std::string::npos)
        << error.message;
  }
}

}  // namespace
