/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd's matrices, written out anew, and geometries, for the tests of those products. */
#ifndef EPX_WINOGRAD_SUPPORT_H
#define EPX_WINOGRAD_SUPPORT_H

#include "core/golden/golden_support.h"
#include "core/golden/winograd_probe.h"
#include "epx_blas.h"

/* The probes make products without a golden model, which would load them. */
inline const epx_status_t kBlas = epx_blas_open(nullptr);

constexpr double kB[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}; /* B^T */
constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kA[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}}; /* A^T */

inline epx_geometry_t geometry(int height, int width, int channels, int units, int padding,
                               epx_pool_t pool) {
  epx_geometry_t g = {};
  g.in_height = height;
  g.in_width = width;
  g.in_channels = channels;
  g.kernel_height = g.kernel_width = 3;
  g.stride = 1;
  g.padding = padding;
  g.conv_height = height + 2 * padding - 2;
  g.conv_width = width + 2 * padding - 2;
  g.out_height = pool == EPX_POOL_NONE ? g.conv_height : g.conv_height / 2;
  g.out_width = pool == EPX_POOL_NONE ? g.conv_width : g.conv_width / 2;
  g.units = units;
  g.pool = pool;
  g.fan_in = 9 * channels;
  g.in_size = (size_t)(height * width * channels);
  g.out_size = (size_t)(g.out_height * g.out_width * units);
  return g;
}

/* Sizes 1 to 17, channels and units around whole vectors and panels, any padding and pooling. */
inline epx_geometry_t any_geometry(Random &random) {
  for (;;) {
    const bool deep = random.chance(0.1), wide = random.chance(0.15);
    const epx_geometry_t g =
        geometry(random.integer(1, deep ? 5 : 17), random.integer(1, deep ? 5 : 17),
                 deep ? random.integer(130, 300) : random.integer(1, 40),
                 wide ? random.integer(60, 140) : random.integer(1, 40), random.integer(0, 2),
                 (epx_pool_t)random.integer(0, 2));
    if (g.conv_height > 0 && g.conv_width > 0 && g.out_size > 0) return g;
  }
}

inline std::string text(const epx_geometry_t &g, int count) {
  return std::to_string(count) + " of " + std::to_string(g.in_height) + "x" +
         std::to_string(g.in_width) + "x" + std::to_string(g.in_channels) + " -> " +
         std::to_string(g.units) + " padding " + std::to_string(g.padding) + " pool " +
         std::to_string((int)g.pool);
}

#endif
