/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder, JSON and text checks for the tests of reports/. */
#ifndef EPX_REPORT_TEST_TOOLS_H
#define EPX_REPORT_TEST_TOOLS_H

#include <gtest/gtest.h>
#include <jansson.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "epx_status.h"
#include "temporary_folder.h"

inline std::string read_text(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_text(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

using Json = std::unique_ptr<json_t, decltype(&json_decref)>;

inline Json parse_json(const std::string &text) {
  json_error_t where;
  json_t *root = json_loadb(text.data(), text.size(), 0, &where);
  EXPECT_NE(root, nullptr) << where.text << " in line " << where.line;
  return Json(root, &json_decref);
}

inline size_t occurrences(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/* A generator with a fresh seed, printed so that a failure can be repeated. */
inline std::mt19937 seeded() {
  const char *given = getenv("EPX_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("EPX_TEST_SEED=%u\n", seed);
  return std::mt19937(seed);
}

#define EXPECT_OK(call) EXPECT_EQ(call, EPX_OK) << error.message
#define ASSERT_OK(call) ASSERT_EQ(call, EPX_OK) << error.message
#define EXPECT_MESSAGE(part) \
  EXPECT_NE(std::string(error.message).find(part), std::string::npos) << error.message

#endif
