// SPDX-License-Identifier: Apache-2.0
// Which formats, rounding modes and mappings a random test met: a CSV of its own for each test case
// in the folder EPX_BINS_FOLDER (none where that is not set), rewritten by each run.
// script/testplan sorts the lines into bins.
#ifndef BIN_LOG_H
#define BIN_LOG_H

#include <gtest/gtest.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "epx_chip.h"
#include "epx_mapping.h"

class BinLog {
 public:
  BinLog() {
    const char *folder = std::getenv("EPX_BINS_FOLDER");
    if (folder == nullptr) {
      return;
    }
    const testing::TestInfo *info = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(info->test_suite_name()) + "." + info->name();
    for (char &letter : name) {
      letter =
          std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '.' ? letter : '_';
    }
    file_ = std::fopen((std::string(folder) + "/" + name + ".csv").c_str(), "w");
    EXPECT_NE(file_, nullptr) << "EPX_BINS_FOLDER=" << folder;
    if (file_ != nullptr) {
      std::fputs(
          "model,state_bits,synapse_bits,update_rounding,state_rounding,array,slices,row_blocks,"
          "window\n",
          file_);
    }
  }
  ~BinLog() {
    if (file_ != nullptr) {
      std::fclose(file_);
    }
  }
  BinLog(const BinLog &) = delete;
  BinLog &operator=(const BinLog &) = delete;

  // model: tile or chip. A layer of that map, pooled by windows of 4 or 1.
  void hit(const char *model, const epx_chip_t &chip, int layer, const epx_layer_map_t &map,
           int window) {
    if (file_ != nullptr) {
      std::fprintf(file_, "%s,%d,%d,%d,%d,%s,%d,%d,%d\n", model, epx_qformat_bits(chip.state),
                   epx_qformat_bits(epx_chip_synapse(&chip, layer)), chip.update_rounding,
                   chip.state_rounding, chip.array_kind == EPX_ARRAY_ANALOG ? "analog" : "digital",
                   map.slices, map.row_blocks, window);
      std::fflush(file_);  // before a test forks
    }
  }

 private:
  std::FILE *file_ = nullptr;
};

#endif
