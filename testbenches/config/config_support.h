// SPDX-License-Identifier: Apache-2.0
// Loading text as a configuration file, and experiments as maps from keys to values.
#ifndef EPX_TEST_CONFIG_SUPPORT_H
#define EPX_TEST_CONFIG_SUPPORT_H

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "epx_config.h"

namespace config_test {

using Values = std::map<std::string, std::string>;

inline Values ValuesOf(const epx_experiment_t &experiment) {
  Values values;
  epx_config_each(
      &experiment,
      [](void *context, const char *key, const char *value) {
        (*static_cast<Values *>(context))[key] = value;
      },
      &values);
  return values;
}

struct Loaded {
  epx_status_t status;
  std::string message;  // the temporary file's name replaced by FILE
  epx_experiment_t experiment;
};

inline Loaded Load(const char *path, const std::vector<std::string> &overrides = {}) {
  std::vector<const char *> texts;
  for (const std::string &text : overrides) {
    texts.push_back(text.c_str());
  }
  Loaded loaded = {};
  epx_error_t error = {{0}};
  loaded.status = epx_config_load(path, texts.data(), static_cast<int>(texts.size()),
                                  &loaded.experiment, &error);
  loaded.message = error.message;
  return loaded;
}

inline Loaded LoadText(const std::string &content, const std::vector<std::string> &overrides = {}) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("epx_config_" + std::to_string(getpid())))
          .string();
  FILE *file = std::fopen(path.c_str(), "wb");
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
  Loaded loaded = Load(path.c_str(), overrides);
  std::filesystem::remove(path);
  const size_t at = loaded.message.find(path);
  if (at != std::string::npos) {
    loaded.message.replace(at, path.size(), "FILE");
  }
  return loaded;
}

// What a function prints into a FILE.
template <typename Print>
std::string Printed(Print print) {
  char *text = nullptr;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  print(out);
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace config_test

#endif
