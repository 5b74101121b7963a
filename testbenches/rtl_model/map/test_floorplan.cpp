// SPDX-License-Identifier: Apache-2.0
// Where tiles stand and what they read, against plain loops: the SystemC chip and the account share
// these functions, so that neither checks the other.
#include <gtest/gtest.h>

#include <set>

#include "epx_floorplan.h"
#include "epx_patch.h"
#include "rtl_model/sc/chip/chip_case.h"

namespace {

using chip_test::make_random;

// Every wordline of every window that the layer computes, one at a time.
std::set<std::vector<int>> pixels_read(const epx_geometry_t &g, int first, int end) {
  std::set<std::vector<int>> read;  // y, x, channel
  const int window = g.pool == EPX_POOL_NONE ? 1 : 4;
  for (int position = 0; position < g.out_height * g.out_width * window; ++position) {
    int cy, cx;
    epx_geometry_unpool(&g, position / window / g.out_width, position / window % g.out_width,
                        position % window, &cy, &cx);
    int row = 0;
    for (int ky = 0; ky < g.kernel_height; ++ky) {
      for (int kx = 0; kx < g.kernel_width; ++kx) {
        for (int channel = 0; channel < g.in_channels; ++channel, ++row) {
          const int y = cy * g.stride - g.padding + ky, x = cx * g.stride - g.padding + kx;
          if (row >= first && row < end && y >= 0 && x >= 0 && y < g.in_height && x < g.in_width) {
            read.insert({y, x, channel});
          }
        }
      }
    }
  }
  return read;
}

TEST(Floorplan, reads_what_the_windows_cover) {
  Random random = make_random();
  int unread = 0;
  for (int round = 0; round < 60; ++round) {
    const epx_network_t network = random_twin_network(random);
    const epx_chip_t chip = random_chip(random);
    epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
    ASSERT_EQ(epx_network_shapes(&network, shapes, nullptr), EPX_OK);
    for (int l = 0; l < epx_network_parameter_layers(&network); ++l) {
      const epx_geometry_t g = epx_geometry_of(&network, shapes, l);
      epx_layer_map_t map = {};
      if (epx_map_layer(&chip, l, g.units, g.fan_in, &map, nullptr) != EPX_OK) {
        continue;
      }
      for (int rb = 0; rb < map.row_blocks; ++rb) {
        const int end = std::min((rb + 1) * chip.rows, g.fan_in);
        const std::set<std::vector<int>> expected = pixels_read(g, rb * chip.rows, end);
        std::vector<unsigned char> reads(static_cast<size_t>(g.in_channels));
        for (int pixel = 0; pixel < g.in_height * g.in_width; ++pixel) {
          const int y = pixel / g.in_width, x = pixel % g.in_width;
          int count = 0;
          const int said = epx_patch_reads(&g, &map, rb, y, x, reads.data());
          for (int channel = 0; channel < g.in_channels; ++channel) {
            const bool is = expected.count({y, x, channel}) > 0;
            ASSERT_EQ(reads[static_cast<size_t>(channel)] != 0, is)
                << describe(network) << ", layer " << l << ", row block " << rb << ", pixel " << y
                << " " << x << ", channel " << channel;
            count += is;
          }
          EXPECT_EQ(said, count);
          unread += count == 0;
        }
      }
    }
  }
  EXPECT_GT(unread, 0) << "the random networks read everything";
}

TEST(Floorplan, counts_the_flits_that_header_and_payload_take) {
  epx_chip_t chip = {};
  chip.dac.converter.bits = 1;
  for (chip.flit_bits = 1; chip.flit_bits <= 200; ++chip.flit_bits) {
    for (int bits = 0; bits < 300; bits += 7) {
      int flits = 0;
      for (int sent = 0; sent < 32 + bits; sent += chip.flit_bits) {
        ++flits;
      }
      ASSERT_EQ(epx_packet_flits(&chip, bits), flits) << chip.flit_bits << " " << bits;
    }
  }
}

// Tiles stand in a snake: those that follow each other touch; no two stand on one place.
TEST(Floorplan, lays_tiles_out_in_a_snake) {
  for (int tiles = 1; tiles <= 30; ++tiles) {
    for (int columns = 0; columns <= 31; ++columns) {
      epx_chip_t chip = {};
      chip.dac.converter.bits = 1;
      chip.mesh_columns = columns;
      epx_layer_map_t map = {};
      map.row_blocks = tiles;
      map.column_blocks = 1;
      epx_floorplan_t plan = {};
      const int placed = 0;
      ASSERT_EQ(epx_floorplan_make(&chip, &map, &placed, 1, &plan, nullptr), EPX_OK);
      ASSERT_EQ(plan.tiles, tiles);
      ASSERT_GE(plan.columns * plan.rows, tiles);
      ASSERT_LT(plan.columns * (plan.rows - 1), tiles) << "no row is empty";
      if (columns > 0) {
        ASSERT_EQ(plan.columns, std::min(columns, tiles));
      } else {
        ASSERT_LT((plan.columns - 1) * (plan.columns - 1), tiles) << "the smallest square";
      }
      std::set<std::vector<int>> places;
      int x, y, to_x, to_y;
      epx_floorplan_place(&plan, 0, &x, &y);
      ASSERT_TRUE(x == 0 && y == 0) << "the host is west of tile 0";
      for (int from = 0; from < tiles; ++from) {
        epx_floorplan_place(&plan, from, &x, &y);
        ASSERT_TRUE(x >= 0 && x < plan.columns && y >= 0 && y < plan.rows);
        ASSERT_TRUE(places.insert({x, y}).second);
        ASSERT_EQ(epx_floorplan_hops(&plan, from, EPX_HOST), x + y + 1);
        for (int to = 0; to < tiles; ++to) {
          epx_floorplan_place(&plan, to, &to_x, &to_y);
          const int hops = std::abs(x - to_x) + std::abs(y - to_y) + 1;
          ASSERT_EQ(epx_floorplan_hops(&plan, from, to), hops);
          ASSERT_TRUE(to != from + 1 || hops == 2) << from;
        }
      }
    }
  }
}

}  // namespace
