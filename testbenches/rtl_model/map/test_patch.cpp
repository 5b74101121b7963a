// SPDX-License-Identifier: Apache-2.0
// Patches against plain loops over kernels: what every wordline reads, in runs that begin and end
// anywhere; taps on the image; pixels that later positions do not read.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "epx_patch.h"
#include "quant/quant_random.h"

namespace {

epx_geometry_t random_geometry(quant_test::Random *random) {
  const auto between = [random](int low, int high) {
    return static_cast<int>(random->between(low, high));
  };
  epx_geometry_t g = {};
  g.pool = between(0, 1) ? EPX_POOL_MAX : EPX_POOL_NONE;
  g.in_channels = between(1, 7);
  g.kernel_height = between(1, 5);
  g.kernel_width = between(1, 5);
  g.stride = between(1, 3);
  g.padding = between(0, 3);
  g.in_height = between(5, 12);
  g.in_width = between(5, 12);
  const int pool = g.pool == EPX_POOL_NONE ? 1 : 2;
  g.conv_height = (g.in_height + 2 * g.padding - g.kernel_height) / g.stride + 1;
  g.conv_width = (g.in_width + 2 * g.padding - g.kernel_width) / g.stride + 1;
  g.out_height = g.conv_height / pool;
  g.out_width = g.conv_width / pool;
  g.fan_in = g.kernel_height * g.kernel_width * g.in_channels;
  return g;
}

// What the header says of wordline k, in a line.
struct Read {
  int y, x, channel;
  bool inside;
};

Read read_of(const epx_geometry_t &g, int position, int place, int k) {
  const int pool = g.pool == EPX_POOL_NONE ? 1 : 2, tap = k / g.in_channels;
  const int cy = position / g.out_width * pool + place / 2;
  const int cx = position % g.out_width * pool + place % 2;
  Read read = {cy * g.stride - g.padding + tap / g.kernel_width,
               cx * g.stride - g.padding + tap % g.kernel_width, k % g.in_channels, true};
  read.inside = read.y >= 0 && read.x >= 0 && read.y < g.in_height && read.x < g.in_width;
  return read;
}

// Walks wordlines [row, row_end) and compares each.
void walk(const epx_geometry_t &g, int position, int place, int row, int row_end) {
  int k = row;
  epx_patch_t run = epx_patch_of(&g, position, place, row, row_end);
  while (epx_patch_next(&run)) {
    ASSERT_EQ(run.row, k);
    ASSERT_GT(run.count, 0);
    for (int i = 0; i < run.count; ++i, ++k) {
      const Read read = read_of(g, position, place, k);
      ASSERT_EQ(run.y, read.y) << "wordline " << k;
      ASSERT_EQ(run.x, read.x) << "wordline " << k;
      ASSERT_EQ(run.channel + i, read.channel) << "wordline " << k;
      ASSERT_EQ(run.inside, read.inside) << "wordline " << k;
    }
    if (run.inside) {
      const Read first = read_of(g, position, place, run.row);
      ASSERT_EQ(
          epx_patch_at(&run),
          static_cast<size_t>((first.y * g.in_width + first.x) * g.in_channels + first.channel));
    }
  }
  ASSERT_EQ(k, row_end);
}

TEST(Patch, walks_every_wordline_of_any_part) {
  quant_test::Random random;
  for (int i = 0; i < 300; ++i) {
    const epx_geometry_t g = random_geometry(&random);
    if (g.out_height < 1 || g.out_width < 1) {
      continue;
    }
    const int position = static_cast<int>(random.between(0, g.out_height * g.out_width - 1));
    const int place = g.pool == EPX_POOL_NONE ? 0 : static_cast<int>(random.between(0, 3));
    const int row = static_cast<int>(random.between(0, g.fan_in - 1));
    const int row_end = static_cast<int>(random.between(row, g.fan_in));
    walk(g, position, place, 0, g.fan_in);
    walk(g, position, place, row, row_end);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST(Patch, counts_taps_and_pixels_that_are_done) {
  quant_test::Random random;
  for (int i = 0; i < 100; ++i) {
    const epx_geometry_t g = random_geometry(&random);
    if (g.out_height < 1 || g.out_width < 1) {
      continue;
    }
    const int places = g.pool == EPX_POOL_NONE ? 1 : 4;
    uint64_t taps = 0;
    std::vector<int> last(static_cast<size_t>(g.in_height), -1);  // row of positions that reads it
    for (int p = 0; p < g.out_height * g.out_width; ++p) {
      for (int place = 0; place < places; ++place) {
        for (int k = 0; k < g.fan_in; k += g.in_channels) {
          const Read read = read_of(g, p, place, k);
          taps += read.inside ? 1 : 0;
          if (read.inside) {
            last[static_cast<size_t>(read.y)] =
                std::max(last[static_cast<size_t>(read.y)], p / g.out_width);
          }
        }
      }
    }
    EXPECT_EQ(epx_patch_taps(&g), taps);
    for (int rows = 0; rows <= g.out_height; ++rows) {
      const int done = epx_patch_pixels_done(&g, rows);
      ASSERT_EQ(done % g.in_width, 0);
      for (int y = 0; y < done / g.in_width; ++y) {
        EXPECT_LT(last[static_cast<size_t>(y)], rows) << "row " << y << " of the image";
      }
    }
    EXPECT_EQ(epx_patch_pixels_done(&g, g.out_height), g.in_height * g.in_width);
  }
}

}  // namespace
