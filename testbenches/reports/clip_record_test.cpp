// SPDX-License-Identifier: Apache-2.0
/* Does clips.csv survive a resumed run, and is damage an error? */
#include "epx_clip_record.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "temporary_folder.h"

namespace {

std::vector<epx_clip_row_t> read(const std::string &folder) {
  epx_clip_row_t *rows = nullptr;
  int count = 0;
  epx_error_t error = {};
  EXPECT_EQ(epx_clips_read(folder.c_str(), &rows, &count, &error), EPX_OK) << error.message;
  std::vector<epx_clip_row_t> out(rows, rows + count);
  free(rows);
  return out;
}

TEST(ClipRecord, ARepeatedEpochReplacesWhatFollows) {
  const Folder folder;
  const std::string path = folder / "";
  epx_clip_row_t *none = nullptr;
  int count = 0;
  EXPECT_EQ(epx_clips_read(path.c_str(), &none, &count, nullptr), EPX_ERR_NOT_FOUND);
  for (int epoch : {1, 2, 3, 2, 3}) {
    const epx_clip_row_t rows[] = {{epoch, "conv0", false, INT64_C(1) << 40, epoch},
                                   {epoch, "dense0 feedback", true, 10, 10}};
    ASSERT_EQ(epx_clips_append(path.c_str(), rows, 2, nullptr), EPX_OK);
  }
  const std::vector<epx_clip_row_t> found = read(path);
  ASSERT_EQ(found.size(), 6u);
  for (int i = 0; i < 6; ++i) {
    const epx_clip_row_t &row = found[static_cast<size_t>(i)];
    EXPECT_EQ(row.epoch, 1 + i / 2);
    EXPECT_STREQ(row.layer, i % 2 == 0 ? "conv0" : "dense0 feedback");
    EXPECT_EQ(row.backward, i % 2 != 0);
    EXPECT_EQ(row.conversions, i % 2 == 0 ? INT64_C(1) << 40 : 10);
    EXPECT_EQ(row.clips, i % 2 == 0 ? row.epoch : 10);
  }
}

TEST(ClipRecord, DamageNamesFileLineAndColumn) {
  const struct {
    const char *line, *column;
  } cases[] = {{"0,conv0,forward,5,1", "epoch"},
               {"1,conv0,sideways,5,1", "direction"},
               {"1,conv0,forward,-5,1", "conversions"},
               {"1,conv0,forward,5,6", "clips"}};
  for (const auto &c : cases) {
    const Folder folder;
    const std::string path = folder / "";
    std::ofstream(folder / "clips.csv")
        << "epoch,layer,direction,conversions,clips\n1,conv0,backward,3,0\n"
        << c.line << "\n";
    epx_clip_row_t *rows = nullptr;
    int count = 0;
    epx_error_t error = {};
    EXPECT_EQ(epx_clips_read(path.c_str(), &rows, &count, &error), EPX_ERR_FORMAT) << c.line;
    EXPECT_NE(strstr(error.message, "clips.csv"), nullptr) << error.message;
    EXPECT_NE(strstr(error.message, "3"), nullptr) << error.message;
    EXPECT_NE(strstr(error.message, c.column), nullptr) << error.message;
    EXPECT_EQ(rows, nullptr);
  }
}

}  // namespace
