// SPDX-License-Identifier: Apache-2.0
#include "epx_chip_tables.h"

#include "epx_patch.h"

namespace epx {

ChipTables::ChipTables(const epx_sc_chip_job_t &the_job) : job(the_job), plan(*the_job.plan) {
  epx_softmax_init(&softmax);
  for (int l = 0; l < plan.tile_layers; ++l) {
    const epx_geometry_t &g = layer(l).g;
    reads.emplace_back();
    for (int row_block = 0; row_block < layer(l).map.row_blocks; ++row_block) {
      std::vector<uint8_t> table(g.in_size);
      for (int pixel = 0; pixel < g.in_height * g.in_width; ++pixel) {
        epx_patch_reads(&g, &layer(l).map, row_block, pixel / g.in_width, pixel % g.in_width,
                        table.data() + static_cast<size_t>(pixel * g.in_channels));
      }
      reads.back().push_back(std::move(table));
    }
    sums.push_back(reads.back());
    for (size_t row_block = 1; layer(l).convolves && row_block < sums.back().size(); ++row_block) {
      for (size_t i = 0; i < g.in_size; ++i) {
        sums.back()[row_block][i] |= sums.back()[row_block - 1][i];
      }
    }
  }
}

int ChipTables::count_in(const std::vector<std::vector<std::vector<uint8_t>>> &tables, int l,
                         int row_block, int pixel, int first, int end) const {
  const uint8_t *row = tables[static_cast<size_t>(l)][static_cast<size_t>(row_block)].data() +
                       static_cast<size_t>(pixel * layer(l).g.in_channels);
  int count = 0;
  for (int c = first; c < end; ++c) {
    count += row[c];
  }
  return count;
}

}  // namespace epx
