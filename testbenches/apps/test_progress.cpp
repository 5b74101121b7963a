// SPDX-License-Identifier: Apache-2.0
// A speed is never shown as none.
#include <gtest/gtest.h>

#include <string>

extern "C" {
#include "progress.h"
}

namespace {

TEST(Progress, slow_training_is_told_in_seconds_an_image) {
  const struct {
    double rate;
    const char *text;
  } cases[] = {{12345.6, "12346 images/s"}, {850.4, "850 images/s"},  {9.96, "10 images/s"},
               {9.94, "9.9 images/s"},      {1.0, "1.0 images/s"},    {0.4, "2.5 s/image"},
               {0.0025, "400 s/image"},     {1e-5, "100,000 s/image"}};
  for (const auto &c : cases) {
    char text[RATE_SIZE];
    EXPECT_EQ(std::string(rate_text(c.rate, text)), c.text);
  }
}

}  // namespace
