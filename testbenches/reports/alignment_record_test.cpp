/* SPDX-License-Identifier: Apache-2.0 */
/* Does alignment.csv survive a resumed run, and is damage an error? */
#include "epx_alignment_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "temporary_folder.h"

namespace {

epx_alignment_row_t row(int epoch, const char *layer, double angle) {
  epx_alignment_row_t r = {epoch, "", angle};
  snprintf(r.layer, sizeof r.layer, "%s", layer);
  return r;
}

std::vector<epx_alignment_row_t> read(const std::string &folder) {
  epx_alignment_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_EQ(epx_alignment_read(folder.c_str(), &rows, &count, &error), EPX_OK) << error.message;
  std::vector<epx_alignment_row_t> out(rows, rows + count);
  free(rows);
  return out;
}

TEST(AlignmentRecord, ARepeatedEpochReplacesWhatFollows) {
  const Folder folder;
  const std::string path = folder / "";
  epx_alignment_row_t *none = nullptr;
  int count = 0;
  EXPECT_EQ(epx_alignment_read(path.c_str(), &none, &count, nullptr), EPX_ERR_NOT_FOUND);
  for (int epoch : {0, 1, 2, 1, 2}) {
    const epx_alignment_row_t rows[] = {row(epoch, "conv1", 90.0 / 7 - epoch),
                                        row(epoch, "dense0", NAN)};
    ASSERT_EQ(epx_alignment_append(path.c_str(), rows, 2, nullptr), EPX_OK);
  }
  const std::vector<epx_alignment_row_t> found = read(path);
  ASSERT_EQ(found.size(), 6u);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(found[(size_t)i].epoch, i / 2);
    EXPECT_STREQ(found[(size_t)i].layer, i % 2 == 0 ? "conv1" : "dense0");
    if (i % 2 == 0) {
      EXPECT_EQ(found[(size_t)i].angle, 90.0 / 7 - i / 2);
    } else {
      EXPECT_TRUE(std::isnan(found[(size_t)i].angle));
    }
  }
}

TEST(AlignmentRecord, DamageNamesFileAndLine) {
  const Folder folder;
  const std::string path = folder / "";
  std::ofstream(folder / "alignment.csv") << "epoch,layer,angle_degrees\n0,conv1,90\n1,conv1,x\n";
  epx_alignment_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_EQ(epx_alignment_read(path.c_str(), &rows, &count, &error), EPX_ERR_FORMAT);
  EXPECT_NE(strstr(error.message, "alignment.csv"), nullptr) << error.message;
  EXPECT_NE(strstr(error.message, "3"), nullptr) << error.message;
  EXPECT_EQ(rows, nullptr);
}

}  // namespace
