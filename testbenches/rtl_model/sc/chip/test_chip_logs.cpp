// SPDX-License-Identifier: Apache-2.0
// The chip's logs of updates and of pulses, of all tiles, against the twin's registers before and
// after the step.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "child_process.h"
#include "epx_geometry.h"
#include "epx_pulsed.h"
#include "rtl_model/sc/chip/chip_case.h"
#include "temporary_folder.h"

namespace {

using chip_test::ChipCase;
using Row = std::vector<std::string>;
// layer, row block, column block, row, unit
using Synapse = std::vector<int>;

std::vector<Row> rows_of(const std::string &path) {
  std::ifstream file(path);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) {
      rows.back().push_back(cell);
    }
  }
  return rows;
}

int number(const Row &row, size_t column) {
  return std::atoi(row[column].c_str());
}

std::vector<int32_t> shadow_of(const epx_substrate_t *twin, int layer) {
  epx_npz_t *npz = nullptr;
  epx_error_t error = {};
  EXPECT_EPX_OK(epx_npz_create(&npz, &error), error);
  EXPECT_EPX_OK(epx_substrate_save(const_cast<epx_substrate_t *>(twin), npz, &error), error);
  const std::string name = "twin." + std::to_string(layer) + ".shadow";
  const epx_npz_array_t *array = epx_npz_find(npz, name.c_str());
  EXPECT_NE(array, nullptr) << name;
  const int32_t *data = static_cast<int32_t *>(array->data);
  const std::vector<int32_t> shadow(data, data + array->count);
  epx_npz_destroy(npz);
  return shadow;
}

TEST(ChipLogs, say_the_twins_registers_before_and_after) {
  Random random = chip_test::make_random();
  const Folder folder;
  const std::string updates = folder / "updates.csv", pulses = folder / "pulses.csv";
  for (int i = 0; i < 6; ++i) {
    ChipCase one;
    do {
      one = chip_test::random_case(random);
    } while (!epx_chip_pulsed(&one.chip) ||
             one.network.connections != EPX_CONNECTIONS_BIDIRECTIONAL);
    SCOPED_TRACE(one.describe());
    in_child([&] {
      std::vector<std::vector<int32_t>> before, after;
      const int layers = epx_network_parameter_layers(&one.network);
      one.update_log_path = updates.c_str();
      one.pulse_log_path = pulses.c_str();
      one.look = [&](const epx_substrate_t *twin) {
        std::vector<std::vector<int32_t>> &now = before.empty() ? before : after;
        for (int l = 0; l < layers; ++l) {
          now.push_back(shadow_of(twin, l));
        }
      };
      epx_chip_check_t check = {};
      epx_error_t error = {};
      ASSERT_EQ(one.run(&check, &error), EPX_OK) << error.message;
      std::map<Synapse, std::pair<int, int>> pulsed;
      uint64_t count = 0;
      for (const Row &row : rows_of(pulses)) {
        if (row[0] != "step") {
          EXPECT_EQ(number(row, 0), one.steps_before + 1);
          count += static_cast<uint64_t>(number(row, 8));
          pulsed[{number(row, 2), number(row, 3), number(row, 4), number(row, 5), number(row, 6)}] =
              {number(row, 9), number(row, 10)};
        }
      }
      EXPECT_EQ(count, check.chip.events.cell_writes);
      std::vector<size_t> seen(static_cast<size_t>(layers), 0);
      size_t matched = 0;
      for (const Row &row : rows_of(updates)) {
        if (row[6] != "weight") {
          continue;
        }
        const int l = number(row, 2);
        epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
        epx_layer_map_t map;
        ASSERT_EQ(epx_network_shapes(&one.network, shapes, nullptr), EPX_OK);
        const epx_geometry_t g = epx_geometry_of(&one.network, shapes, l);
        ASSERT_EQ(epx_map_layer(&one.chip, l, g.units, g.fan_in, &map, nullptr), EPX_OK);
        const size_t unit =
            static_cast<size_t>(number(row, 4) * map.weights_per_tile + number(row, 8));
        const size_t k = static_cast<size_t>(number(row, 3) * map.rows + number(row, 7));
        const size_t at = unit * static_cast<size_t>(g.fan_in) + k;
        const size_t layer = static_cast<size_t>(l);
        ASSERT_EQ(number(row, 13), before[layer][at]);
        ASSERT_EQ(number(row, 14), after[layer][at]);
        ++seen[layer];
        const auto pulse =
            pulsed.find({l, number(row, 3), number(row, 4), number(row, 7), number(row, 8)});
        if (pulse == pulsed.end()) {
          ASSERT_EQ(before[layer][at], after[layer][at]);
        } else {
          ASSERT_EQ(pulse->second, std::make_pair(before[layer][at], after[layer][at]));
          ++matched;
        }
      }
      EXPECT_EQ(matched, pulsed.size());
      for (size_t l = 0; l < before.size(); ++l) {
        EXPECT_EQ(seen[l], before[l].size());
      }
    });
  }
}

}  // namespace
