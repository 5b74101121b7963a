/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of an array whose lines are driven with ones, a bit of `lines` each; memory of products. */
#ifndef EPX_TEST_ARRAY_READS_H
#define EPX_TEST_ARRAY_READS_H

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "epx_array.h"

using ArrayWorkspace = std::unique_ptr<epx_array_workspace_t, void (*)(epx_array_workspace_t *)>;

inline ArrayWorkspace make_workspace(const epx_tile_shape_t &shape) {
  epx_array_workspace_t *workspace = nullptr;
  epx_error_t error = {};
  EXPECT_EQ(epx_array_workspace_create(shape.rows, shape.units, &workspace, &error), EPX_OK)
      << error.message;
  return ArrayWorkspace(workspace, epx_array_workspace_destroy);
}

inline epx_driven_t with_ones(std::vector<uint64_t> *lines) {
  return {1, lines->data(), nullptr, nullptr};
}

inline void read_columns(const epx_array_t *array, uint64_t draw, std::vector<uint64_t> lines,
                         int count, int64_t *sums) {
  const epx_driven_t driven = with_ones(&lines);
  epx_array_read_columns(array, draw, &driven, 0, count, sums);
}

inline void read_rows(const epx_array_t *array, uint64_t draw, std::vector<uint64_t> lines,
                      int slice, int count, int64_t *sums) {
  const epx_driven_t driven = with_ones(&lines);
  epx_array_read_rows(array, draw, &driven, slice, 0, count, sums);
}

#endif
