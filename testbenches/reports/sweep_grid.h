/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps as the tests define and walk them. */
#ifndef EPX_SWEEP_GRID_H
#define EPX_SWEEP_GRID_H

#include <cmath>
#include <utility>

#include "epx_sweep_store.h"
#include "report_test_tools.h"

/* A sweep's definition that owns its texts. */
struct Grid {
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> values;
  std::vector<std::pair<std::string, std::string>> base;

  std::vector<std::vector<const char *>> texts;
  std::vector<epx_sweep_axis_t> axes;
  epx_settings_t settings = {};

  Grid(std::vector<std::string> k, std::vector<std::vector<std::string>> v,
       std::vector<std::pair<std::string, std::string>> b = {})
      : keys(std::move(k)), values(std::move(v)), base(std::move(b)) {}
  ~Grid() { epx_settings_clear(&settings); }
  Grid(const Grid &) = delete;

  epx_sweep_definition_t definition() {
    texts.clear();
    axes.clear();
    epx_settings_clear(&settings);
    for (const auto &list : values) {
      texts.emplace_back();
      for (const auto &value : list) {
        texts.back().push_back(value.c_str());
      }
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      axes.push_back({keys[i].c_str(), texts[i].data(), static_cast<int>(texts[i].size())});
    }
    for (const auto &item : base) {
      epx_settings_set(&settings, item.first.c_str(), item.second.c_str());
    }
    return {axes.data(), static_cast<int>(axes.size()), &settings};
  }
};

inline epx_sweep_store_t *open_store(const std::string &path, Grid &grid) {
  epx_error_t error = {};
  epx_sweep_store_t *store = nullptr;
  const epx_sweep_definition_t definition = grid.definition();
  EXPECT_OK(epx_sweep_open(path.c_str(), &definition, &store, &error));
  return store;
}

inline epx_sweep_result_t result_of(double x) {
  return {x, x / 3, x * 7, NAN, x + 1, x + 2, 1e9 * x, x / 1e9};
}

/* Takes the next point; -1: none left. */
inline int take(epx_sweep_store_t *store, std::vector<std::string> *values = nullptr) {
  epx_error_t error = {};
  epx_sweep_point_t point = {};
  bool found = false;
  EXPECT_OK(epx_sweep_next(store, &point, &found, &error));
  const int index = found ? point.index : -1;
  if (values != nullptr) {
    values->assign(point.values, point.values + point.axis_count);
  }
  epx_sweep_point_clear(&point);
  return index;
}

inline int count_of(epx_sweep_store_t *store, epx_sweep_status_t status) {
  epx_error_t error = {};
  int count = -1;
  EXPECT_OK(epx_sweep_count(store, status, &count, &error));
  return count;
}

#endif
