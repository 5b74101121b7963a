// SPDX-License-Identifier: Apache-2.0
// The whole chip in SystemC against the twin, bit for bit, and its events against the closed form,
// over random networks, formats and chips, and in corners. EPX_TEST_ROUNDS=N runs N times as many
// cases.
#include <gtest/gtest.h>

#include "epx_geometry.h"
#include "rtl_model/bin_log.h"
#include "rtl_model/sc/chip/chip_run.h"

namespace {

using namespace chip_test;

bool fails(const ChipCase &one) {
  return run_child([&] { return run_case(one).empty() ? 0 : 1; }) != 0;
}

void hit_layers(const ChipCase &one, BinLog *bins) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  ASSERT_EQ(epx_network_shapes(&one.network, shapes, nullptr), EPX_OK);
  for (int l = 0; l < one.network.layer_count; ++l) {
    const epx_geometry_t g = epx_geometry_of(&one.network, shapes, l);
    epx_layer_map_t map;
    ASSERT_EQ(epx_map_layer(&one.chip, l, g.units, g.fan_in, &map, nullptr), EPX_OK);
    bins->hit("chip", one.chip, l, map, g.pool == EPX_POOL_MAX ? 4 : 1);
  }
}

class Chips : public testing::TestWithParam<int> {};

TEST_P(Chips, equal_the_twin_and_the_closed_forms_events) {
  Random random = chip_test::make_random();
  BinLog bins;
  for (int i = 0; i < 10 * rounds(); ++i) {
    const ChipCase one = chip_test::random_case(random);
    hit_layers(one, &bins);
    if (fails(one)) {
      const ChipCase small = chip_test::shrink(one, fails);
      run_child([&] {
        std::printf("shrunk to: %s\n%s\n", small.describe().c_str(), run_case(small).c_str());
        return 0;
      });
      FAIL() << one.describe();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Chips, testing::Range(0, 20));

TEST(Chip, of_one_tile_equals_the_twin) {
  const ChipCase one = corner({2, 3, 3}, {dense_layer(3)}, 3, EPX_LOSS_SQUARED_ERROR);
  EXPECT_EQ(one.tiles(), 1);
  equals_the_twin("one tile", one);
}

TEST(Chip, of_arrays_of_one_row_and_one_weight_equals_the_twin) {
  for (const epx_loss_t loss : {EPX_LOSS_SQUARED_ERROR, EPX_LOSS_CROSS_ENTROPY}) {
    ChipCase one =
        corner({1, 4, 4}, {conv_layer(2, 2, 1, 0, EPX_POOL_NONE), dense_layer(2)}, 2, loss);
    one.chip.rows = 1;
    one.chip.columns = 8;
    equals_the_twin("one row", one);
  }
}

TEST(Chip, on_a_mesh_of_one_row_or_column_equals_the_twin) {
  ChipCase one = corner({2, 6, 6}, {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(4)}, 3,
                        EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 7;
  one.chip.columns = 16;
  for (const int columns : {1, 65536}) {  // more columns than tiles are not built
    one.chip.mesh_columns = columns;
    equals_the_twin(columns == 1 ? "one column" : "one row", one);
  }
}

TEST(Chip, with_packets_of_one_flit_or_very_many_equals_the_twin) {
  ChipCase one = corner({2, 6, 6}, {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), dense_layer(4)}, 3,
                        EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 7;
  one.chip.columns = 16;
  for (const int bits : {4096, 8, 1}) {
    one.chip.flit_bits = bits;
    one.chip.buffer_flits = bits == 1 ? 1 : 4;
    equals_the_twin("flits", one);
  }
}

// The most classes; their logits and errors travel between the read-out's column blocks.
TEST(Chip, of_255_classes_over_several_column_blocks_equals_the_twin) {
  ChipCase one = corner({1, 3, 3}, {dense_layer(5)}, 255, EPX_LOSS_CROSS_ENTROPY);
  one.chip.rows = 3;
  one.chip.columns = 250;
  one.images = 2;
  equals_the_twin("read-out", one);
  in_child([&] {
    epx_chip_check_t check = {};
    epx_error_t error = {};
    ASSERT_EPX_OK(one.run(&check, &error), error);
    EXPECT_GE(check.chip.kind_cycles[EPX_COMMAND_PREDICT], 2u * 2 * 255) << "softmax: 2 a class";
  });
  one = corner({1, 3, 3}, {dense_layer(4), dense_layer(255)}, 255, EPX_LOSS_SQUARED_ERROR);
  one.chip.rows = 3;
  one.chip.columns = 250;
  equals_the_twin("squared error", one);
}

TEST(Chip, of_a_mini_batch_of_256_images_equals_the_twin) {
  ChipCase one = corner({1, 2, 2}, {dense_layer(2)}, 2, EPX_LOSS_CROSS_ENTROPY);
  one.dynamics.free_steps = one.dynamics.nudged_steps = 1;
  one.images = 256;
  equals_the_twin("256 images", one);
}

// The widest paddings; kernels of which most rows lie on no pixel at all, so that row blocks
// read nothing; rows and columns that pooling drops.
TEST(Chip, of_windows_at_odds_with_the_image_equals_the_twin) {
  const std::vector<std::vector<epx_layer_t>> stacks = {
      {conv_layer(3, 2, 1, 1, EPX_POOL_MAX), conv_layer(2, 3, 1, 2, EPX_POOL_NONE)},
      {conv_layer(3, 3, 1, 1, EPX_POOL_MAX), conv_layer(2, 3, 1, 1, EPX_POOL_NONE),
       conv_layer(4, 5, 1, 2, EPX_POOL_NONE)},
      {conv_layer(3, 2, 1, 0, EPX_POOL_MAX), conv_layer(3, 4, 1, 2, EPX_POOL_MAX)},
      {conv_layer(2, 5, 1, 2, EPX_POOL_MAX), dense_layer(3)},
      {conv_layer(2, 3, 1, 1, EPX_POOL_NONE), conv_layer(3, 3, 1, 1, EPX_POOL_NONE)},
  };
  int legal = 0;
  for (const std::vector<epx_layer_t> &layers : stacks) {
    for (const int side : {1, 2, 3, 6}) {
      ChipCase one = corner({2, side, side + 1}, layers, 3, EPX_LOSS_CROSS_ENTROPY);
      one.chip.rows = 2;
      one.chip.columns = 16;
      if (one.legal()) {
        ++legal;
        equals_the_twin("windows", one);
      }
    }
  }
  EXPECT_EQ(legal, 16);
}

// Feedback arrays of every kind in one network: behind a pool, without one, dense; in one tile each
// and in many.
TEST(Chip, with_backward_weights_of_either_rule_equals_the_twin) {
  for (const epx_backward_rule_t rule : {EPX_BACKWARD_SAME, EPX_BACKWARD_DIFFERENT}) {
    for (const epx_loss_t loss : {EPX_LOSS_SQUARED_ERROR, EPX_LOSS_CROSS_ENTROPY}) {
      for (const int rows : {128, 7}) {
        ChipCase one =
            corner({2, 7, 6},
                   {conv_layer(3, 3, 1, 1, EPX_POOL_NONE), conv_layer(4, 3, 1, 1, EPX_POOL_MAX),
                    conv_layer(3, 2, 1, 1, EPX_POOL_NONE), dense_layer(3)},
                   3, loss);
        one.network.connections = EPX_CONNECTIONS_UNIDIRECTIONAL;
        one.network.backward_rule = rule;
        one.chip.rows = rows;
        one.chip.columns = rows == 7 ? 16 : 128;
        one.estimator.kind = rows == 7 ? EPX_ESTIMATOR_ONE_SIDED : EPX_ESTIMATOR_SYMMETRIC;
        one.images = 2;
        if (rows == 128) {
          EXPECT_EQ(one.tiles(), 7 + (loss == EPX_LOSS_CROSS_ENTROPY ? 1 : 0));
        }
        equals_the_twin("backward weights", one);
      }
    }
  }
}

TEST(Chip, shrinking_keeps_the_failure_and_ends) {
  Random random = chip_test::make_random();
  ChipCase one = chip_test::random_case(random);
  const ChipCase small = chip_test::shrink(
      one, [](const ChipCase &c) { return c.network.input[1] >= 2 && c.network.classes >= 2; });
  EXPECT_TRUE(small.legal());
  EXPECT_GE(small.network.input[1], 2);
  EXPECT_EQ(small.stall_percent, 0);
  EXPECT_EQ(small.images, 1);
}

}  // namespace
