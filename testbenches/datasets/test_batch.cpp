// SPDX-License-Identifier: Apache-2.0
// Batches: is each value the stated formula of the stated pixel, and is augmentation what it says?
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <vector>

#include "epx_dataset_internal.h"
#include "epx_random.h"

namespace {
const int kSide = 32, kPlane = kSide * kSide, kImage = 3 * kPlane;

class Batch : public ::testing::Test {
 protected:
  void SetUp() override {
    random.seed(seed = std::random_device()());
    ASSERT_EQ(epx_dataset_allocate(20, 3, kSide, kSide, 10, &set, nullptr), EPX_OK);
    for (int i = 0; i < 20 * kImage; i++) set->pixels[i] = (uint8_t)(random() >> 8);
    for (int i = 0; i < 20; i++) set->labels[i] = (uint8_t)(random() % 10);
  }
  void TearDown() override {
    if (HasFailure()) printf("seed %u\n", seed);
    epx_dataset_destroy(set);
  }
  static double normalised(int pixel, int channel) {
    const double mean[] = {.4914, .4822, .4465}, std[] = {.2023, .1994, .2010};
    return (pixel / 255.0 - mean[channel]) / (3 * std[channel]);
  }
  // The augmented image by way of a padded copy, as the definition reads.
  std::vector<uint8_t> augmented(uint32_t index, bool flip, int down, int right) const {
    std::vector<uint8_t> out((size_t)kImage);
    for (int c = 0; c < 3; c++) {
      const uint8_t *plane = set->pixels + index * (size_t)kImage + c * kPlane;
      uint8_t padded[40][40];
      for (int y = 0; y < 40; y++) {
        for (int x = 0; x < 40; x++) {
          int row = std::min(std::max(y - 4, 0), 31), column = std::min(std::max(x - 4, 0), 31);
          padded[y][x] = plane[row * kSide + (flip ? 31 - column : column)];
        }
      }
      for (int y = 0; y < kSide; y++) {
        for (int x = 0; x < kSide; x++) {
          out[(size_t)(c * kPlane + y * kSide + x)] = padded[y + down][x + right];
        }
      }
    }
    return out;
  }
  bool equal(const float *x, const std::vector<uint8_t> &pixels) const {
    for (int i = 0; i < kImage; i++) {
      if (std::fabs(x[i] - normalised(pixels[(size_t)i], i / kPlane)) > 1e-6) return false;
    }
    return true;
  }
  // The one (flip, down, right) that explains an augmented image; -1: none or several.
  int explain(const float *x, uint32_t index) const {
    int found = -1;
    for (int code = 0; code < 2 * 81; code++) {
      if (!equal(x, augmented(index, code >= 81, code % 81 / 9, code % 9))) continue;
      if (found >= 0) return -1;
      found = code;
    }
    return found;
  }
  unsigned seed = 0;
  std::mt19937 random;
  epx_dataset_t *set = nullptr;
};

TEST_F(Batch, ValuesFollowTheFormula) {
  std::vector<uint32_t> indices = {3, 0, 19, 3};
  std::vector<float> x(indices.size() * kImage, NAN);
  std::vector<uint8_t> labels(indices.size());
  epx_dataset_batch(set, indices.data(), 4, false, random(), x.data(), labels.data());
  for (size_t i = 0; i < indices.size(); i++) {
    EXPECT_EQ(labels[i], set->labels[indices[i]]);
    for (int k = 0; k < kImage; k++) {
      int pixel = set->pixels[indices[i] * (size_t)kImage + (size_t)k];
      ASSERT_EQ(x[i * kImage + (size_t)k], (float)normalised(pixel, k / kPlane));
      ASSERT_GT(x[i * kImage + (size_t)k], -0.83f);
      ASSERT_LT(x[i * kImage + (size_t)k], 0.93f);
    }
  }
}

TEST_F(Batch, AugmentationIsAFlipAndACropOfThePaddedImage) {
  std::vector<float> x((size_t)kImage);
  uint8_t label;
  int flips = 0, total = 60;
  std::map<int, int> downs, rights;
  for (int i = 0; i < total; i++) {
    uint32_t index = (uint32_t)(i % 20);
    epx_dataset_batch(set, &index, 1, true, seed + (uint64_t)i, x.data(), &label);
    int code = explain(x.data(), index);
    ASSERT_GE(code, 0) << "image " << index << " is no flip and crop of itself";
    flips += code >= 81;
    downs[code % 81 / 9]++;
    rights[code % 9]++;
  }
  EXPECT_GT(flips, total / 5);  // p = 1/2: missed with a chance below 1e-6
  EXPECT_LT(flips, total * 4 / 5);
  EXPECT_GE(downs.size(), 6u);  // of nine offsets
  EXPECT_GE(rights.size(), 6u);
}

// The draws themselves, many times: a marked image tells offsets from a few pixels.
TEST_F(Batch, FlipsAndOffsetsAreUniform) {
  for (int i = 0; i < kImage; i++) {
    int row = i % kPlane / kSide, column = i % kSide;
    set->pixels[i] = (uint8_t)(i < kPlane ? row * 4 : column * 4);
  }
  std::vector<float> x((size_t)kImage);
  uint8_t label;
  const uint32_t index = 0;
  const int total = 8100;
  std::vector<int> counts(162);
  for (int i = 0; i < total; i++) {
    epx_dataset_batch(set, &index, 1, true, epx_random_key(seed, (uint64_t)i), x.data(), &label);
    auto pixel = [&](int c, int y, int k) {
      const double mean[] = {.4914, .4822, .4465}, std[] = {.2023, .1994, .2010};
      return (int)std::lround((x[(size_t)(c * kPlane + y * kSide + k)] * 3 * std[c] + mean[c]) *
                              255);
    };
    int row = pixel(0, 15, 15) / 4, left = pixel(1, 15, 15) / 4;
    bool flip = pixel(1, 15, 16) < pixel(1, 15, 15);
    int down = row - 15 + 4, right = (flip ? 31 - left : left) - 15 + 4;
    ASSERT_TRUE(down >= 0 && down <= 8 && right >= 0 && right <= 8) << down << " " << right;
    counts[(size_t)(flip * 81 + down * 9 + right)]++;
  }
  double chi = 0, expected = total / 162.0;
  for (int count : counts) chi += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi, 161 + 6 * std::sqrt(2 * 161.0));  // six standard deviations
  EXPECT_GT(chi, 161 - 6 * std::sqrt(2 * 161.0));
}

TEST_F(Batch, AnImageLooksTheSameWhereverItStands) {
  const int n = 24;
  uint64_t key = random();
  std::vector<uint32_t> indices(n);
  for (uint32_t &index : indices) index = (uint32_t)(random() % 20);
  std::vector<float> x((size_t)n * kImage), one((size_t)kImage), other((size_t)kImage);
  std::vector<uint8_t> labels(n);
  uint8_t label;
  int changed = 0;
  epx_dataset_batch(set, indices.data(), n, true, key, x.data(), labels.data());
  for (int i = 0; i < n; i++) {
    epx_dataset_batch(set, &indices[(size_t)i], 1, true, key, one.data(), &label);
    EXPECT_EQ(label, labels[(size_t)i]);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), x.begin() + i * kImage));
    epx_dataset_batch(set, &indices[(size_t)i], 1, true, key + 1, other.data(), &label);
    changed += one != other;
  }
  EXPECT_GT(changed, n / 2);  // another key, another look
}

TEST_F(Batch, ShuffleIsAUniformPermutationOfItsKey) {
  for (int count : {0, 1, 2, 1000}) {
    std::vector<uint32_t> a((size_t)count + 1, 77), b((size_t)count + 1, 77);
    epx_dataset_shuffle(a.data(), count, seed);
    epx_dataset_shuffle(b.data(), count, seed);
    EXPECT_EQ(a, b);
    EXPECT_EQ(a[(size_t)count], 77u) << "wrote past the end";
    std::vector<bool> seen((size_t)count);
    for (int i = 0; i < count; i++) {
      ASSERT_LT(a[(size_t)i], (uint32_t)count);
      ASSERT_FALSE(seen[a[(size_t)i]]);
      seen[a[(size_t)i]] = true;
    }
  }
  std::map<std::vector<uint32_t>, int> orders;
  for (uint64_t key = 0; key < 4800; key++) {
    std::vector<uint32_t> order(4);
    epx_dataset_shuffle(order.data(), 4, epx_random_key(seed, key));
    orders[order]++;
  }
  ASSERT_EQ(orders.size(), 24u);
  double chi = 0;
  for (const auto &[order, count] : orders) chi += (count - 200.0) * (count - 200.0) / 200;
  EXPECT_LT(chi, 23 + 6 * std::sqrt(46.0));
}

}  // namespace
