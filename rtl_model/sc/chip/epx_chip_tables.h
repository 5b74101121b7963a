// SPDX-License-Identifier: Apache-2.0
// What every node of a chip knows of the others: the plan, the layers' numbers, and which channels
// of a pixel a row block reads.
#ifndef EPX_CHIP_TABLES_H
#define EPX_CHIP_TABLES_H

#include <cstdint>
#include <vector>

#include "epx_packet.h"
#include "epx_plan.h"
#include "epx_sc_chip.h"

namespace epx {

struct ChipTables {
  explicit ChipTables(const epx_sc_chip_job_t &the_job);

  const epx_sc_chip_job_t &job;
  const epx_plan_t &plan;
  epx_softmax_t softmax;
  // [tile layer][row block][pixel * channels + channel]: 1 where read.
  std::vector<std::vector<std::vector<uint8_t>>> reads;
  // Likewise, 1 where a row block sends a sum down: of a layer that gathers, where it or any row
  // block before it reads the channel.
  std::vector<std::vector<std::vector<uint8_t>>> sums;
  PacketPool pool;
  int packets = 0;  // sent so far

  const epx_plan_layer_t &layer(int l) const { return plan.layer[l]; }
  // Channels [first, end) of a pixel that the row block reads.
  int count(int l, int row_block, int pixel, int first, int end) const {
    return count_in(reads, l, row_block, pixel, first, end);
  }
  int count_sums(int l, int row_block, int pixel, int first, int end) const {
    return count_in(sums, l, row_block, pixel, first, end);
  }
  int home(int l, int column_block) const {  // the tile that holds the neurons
    return epx_floorplan_tile(&plan.floor, l, layer(l).map.row_blocks - 1, column_block);
  }

 private:
  int count_in(const std::vector<std::vector<std::vector<uint8_t>>> &tables, int l, int row_block,
               int pixel, int first, int end) const;
};

}  // namespace epx

#endif
