// SPDX-License-Identifier: Apache-2.0
// The generated set: the same bytes everywhere, balanced, out of a linear classifier's reach, and
// learnable from what a convolution sees.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "epx_dataset.h"

namespace {

class Generated : public ::testing::Test {
 protected:
  epx_status_t open(uint64_t seed, int train_count, int test_count) {
    close();
    config.set = EPX_DATA_GENERATED;
    config.seed = seed;
    config.train_count = train_count;
    config.test_count = test_count;
    return epx_dataset_open(&config, &train, &test, &error);
  }
  void close() {
    epx_dataset_destroy(train);
    epx_dataset_destroy(test);
    train = test = nullptr;
  }
  void TearDown() override { close(); }
  epx_data_config_t config = {};
  epx_dataset_t *train = nullptr, *test = nullptr;
  epx_error_t error = {{0}};
};

using Features = std::vector<std::vector<float>>;

Features pixels(const epx_dataset_t *set) {
  Features out((size_t)set->count, std::vector<float>(3072));
  for (int i = 0; i < set->count; i++) {
    uint32_t index = (uint32_t)i;
    uint8_t label;
    epx_dataset_batch(set, &index, 1, false, 0, out[(size_t)i].data(), &label);
  }
  return out;
}

// How unlike a pixel is its neighbour at each offset, over the image: what survives a shift.
Features textures(const epx_dataset_t *set) {
  Features out;
  for (const std::vector<float> &x : pixels(set)) {
    std::vector<float> features;
    for (int dy = 0; dy <= 5; dy++) {
      for (int dx = dy ? -5 : 1; dx <= 5; dx++) {
        float sum = 0;
        int terms = 0;
        for (int y = 8; y < 24 - dy; y++) {
          for (int k = 8; k < 24; k++) {
            for (int c = 0; c < 3; c++, terms++) {
              float d = x[(size_t)(c * 1024 + y * 32 + k)] -
                        x[(size_t)(c * 1024 + (y + dy) * 32 + k + dx)];
              sum += std::min(d * d, 0.1f);
            }
          }
        }
        features.push_back(std::log(sum / (float)terms) + 4);
      }
    }
    out.push_back(features);
  }
  return out;
}

// Softmax regression by stochastic gradient descent.
class Softmax {
 public:
  Softmax(const Features &x, const uint8_t *labels, int epochs, float rate)
      : weight_(10, std::vector<float>(x[0].size() + 1)) {
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (size_t i = 0; i < x.size(); i++) {
        std::vector<float> p = scores(x[i]);
        float top = *std::max_element(p.begin(), p.end()), sum = 0;
        for (float &v : p) sum += v = std::exp(v - top);
        for (int c = 0; c < 10; c++) {
          float step = rate * ((c == labels[i]) - p[(size_t)c] / sum);
          std::vector<float> &w = weight_[(size_t)c];
          for (size_t k = 0; k < x[i].size(); k++) w[k] += step * x[i][k];
          w.back() += step;
        }
      }
    }
  }
  double error(const Features &x, const uint8_t *labels) const {
    int wrong = 0;
    for (size_t i = 0; i < x.size(); i++) {
      std::vector<float> s = scores(x[i]);
      wrong += std::max_element(s.begin(), s.end()) - s.begin() != labels[i];
    }
    return wrong / (double)x.size();
  }

 private:
  std::vector<float> scores(const std::vector<float> &x) const {
    std::vector<float> out;
    for (const std::vector<float> &w : weight_) {
      out.push_back(std::inner_product(x.begin(), x.end(), w.begin(), w.back()));
    }
    return out;
  }
  std::vector<std::vector<float>> weight_;
};

// These values must never change: recorded results name them.
TEST_F(Generated, TheSeedFixesEveryByte) {
  ASSERT_EQ(open(1, 200, 100), EPX_OK) << error.message;
  EXPECT_STREQ(train->fingerprint, "73c0724675c44d4d");
  EXPECT_STREQ(test->fingerprint, "ff2d537d8ef0e1f3");
  EXPECT_STREQ(train->source, "generated, seed 1");
  EXPECT_STREQ(test->name, "generated test");
  ASSERT_EQ(open(UINT64_C(0xfedcba9876543210), 200, 100), EPX_OK) << error.message;
  EXPECT_STREQ(train->fingerprint, "633279f069925bfd");
}

TEST_F(Generated, ClassesAreBalancedInEveryTen) {
  ASSERT_EQ(open(7, 1000, 500), EPX_OK) << error.message;
  for (const epx_dataset_t *set : {train, test}) {
    bool moved = false;
    for (int block = 0; block < set->count; block += 10) {
      int seen = 0;
      for (int i = 0; i < 10; i++) seen |= 1 << set->labels[block + i];
      ASSERT_EQ(seen, 1023) << "block at " << block;
      moved |= memcmp(set->labels, set->labels + block, 10) != 0;
    }
    EXPECT_TRUE(moved) << "the order of classes is the same in every block";
  }
}

TEST_F(Generated, AnImageDependsOnItsIndexAndSeedAlone) {
  ASSERT_EQ(open(3, 120, 90), EPX_OK);
  std::vector<uint8_t> first(train->pixels, train->pixels + 40 * 3072);
  EXPECT_NE(memcmp(train->pixels, test->pixels, 3072), 0) << "train and test share images";
  config.train_limit = 40;
  config.test_limit = 10;
  ASSERT_EQ(open(3, 5000, 90), EPX_OK);
  EXPECT_EQ(train->count, 40);
  EXPECT_EQ(test->count, 10);
  EXPECT_EQ(memcmp(train->pixels, first.data(), first.size()), 0);
  ASSERT_EQ(open(4, 40, 90), EPX_OK);
  EXPECT_NE(memcmp(train->pixels, first.data(), 3072), 0) << "another seed, the same image";
}

TEST_F(Generated, CountsOutOfRange) {
  for (int count : {0, -5, 1000001}) {
    EXPECT_EQ(open(1, count, 10), EPX_ERR_ARGUMENT);
    EXPECT_EQ(open(1, 10, count), EPX_ERR_ARGUMENT);
    EXPECT_NE(strstr(error.message, std::to_string(count).c_str()), nullptr) << error.message;
  }
  config.set = (epx_data_set_t)9;
  EXPECT_EQ(epx_dataset_open(&config, &train, &test, &error), EPX_ERR_ARGUMENT);
}

TEST_F(Generated, ALinearClassifierStaysFarBehind) {
  ASSERT_EQ(open(11, 2000, 500), EPX_OK);
  Features x = pixels(train), held_out = pixels(test);
  Softmax linear(x, train->labels, 5, 0.002f);
  EXPECT_LT(linear.error(x, train->labels), 0.75) << "it did not even fit: the check says nothing";
  EXPECT_GT(linear.error(held_out, test->labels), 0.45);  // the demo's network: below 0.05
}

TEST_F(Generated, LocalTextureTellsTheClasses) {
  ASSERT_EQ(open(12, 1500, 500), EPX_OK);
  Softmax local(textures(train), train->labels, 15, 0.02f);
  EXPECT_LT(local.error(textures(test), test->labels), 0.25);
}

}  // namespace
