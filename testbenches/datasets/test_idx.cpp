// SPDX-License-Identifier: Apache-2.0
// IDX files (MNIST's format): plain and packed ones give their bytes; every broken one gives an
// error that names the file, what was found and what was expected.
#include "cifar10_fixture.h"
#include "temporary_folder.h"

namespace {
using epx_test::gzip;
using epx_test::spill;

const char *const kNames[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

std::string word(uint32_t value) {
  return {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8), (char)value};
}

// Images of 3 x 5 pixels: pixel i of the file is 7 i, label i is i mod 4.
class Idx : public ::testing::Test {
 protected:
  Idx() {
    for (int part = 0; part < 2; part++) {
      const uint32_t count = part == 0 ? 6 : 2;
      files[2 * part] = word(0x803) + word(count) + word(3) + word(5);
      files[2 * part + 1] = word(0x801) + word(count);
      for (uint32_t i = 0; i < count * 15; i++) files[2 * part] += (char)(7 * i);
      for (uint32_t i = 0; i < count; i++) files[2 * part + 1] += (char)(i % 4);
    }
    config.set = EPX_DATA_IDX;
    config.classes = 4;
  }
  ~Idx() override { close(); }
  void close() {
    epx_dataset_destroy(train);
    epx_dataset_destroy(test);
    train = test = nullptr;
  }
  epx_status_t open() {
    close();
    for (int f = 0; f < 4; f++) spill(folder / kNames[f], files[f]);
    return reopen();
  }
  epx_status_t reopen() {
    const std::string path = folder / "";
    snprintf(config.path, sizeof config.path, "%s", path.substr(0, path.size() - 1).c_str());
    const epx_status_t status = epx_dataset_open(&config, &train, &test, &error);
    if (status != EPX_OK) {
      EXPECT_EQ(train, nullptr);
      EXPECT_EQ(test, nullptr);
    }
    return status;
  }
  void refused(epx_status_t status, const char *file, const std::string &words) {
    EXPECT_EQ(open(), status) << error.message;
    const std::string expected = (folder / file) + ": " + words;
    EXPECT_EQ(std::string(error.message).substr(0, expected.size()), expected);
  }

  Folder folder;
  std::string files[4];
  epx_data_config_t config = {};
  epx_dataset_t *train = nullptr, *test = nullptr;
  epx_error_t error = {{0}};
};

TEST_F(Idx, PlainAndPackedFilesGiveTheirBytes) {
  for (bool packed : {false, true}) {
    for (int f = 0; f < 4; f++) {
      std::filesystem::remove(folder / kNames[f]);
      if (packed) spill(folder / (std::string(kNames[f]) + ".gz"), gzip(files[f]));
    }
    ASSERT_EQ(packed ? (close(), reopen()) : open(), EPX_OK) << error.message;
    EXPECT_STREQ(train->name, "idx train");
    EXPECT_EQ(train->channels * 100 + train->height * 10 + train->width, 135);
    EXPECT_EQ(train->count, 6);
    EXPECT_EQ(test->count, 2);
    EXPECT_EQ(train->classes, 4);
    const std::string pixels = files[0].substr(16), labels = files[1].substr(8);
    EXPECT_EQ(memcmp(train->pixels, pixels.data(), pixels.size()), 0);
    EXPECT_EQ(memcmp(train->labels, labels.data(), labels.size()), 0);
    EXPECT_EQ(train->fingerprint, epx_test::fnv1a(labels + pixels));
  }
}

TEST_F(Idx, GreyLevelsFillTheInputFormat) {
  files[0][16] = 0;
  files[0][17] = (char)255;
  ASSERT_EQ(open(), EPX_OK) << error.message;
  const uint32_t first = 0;
  float x[15];
  uint8_t label;
  epx_dataset_batch(train, &first, 1, false, 0, x, &label);
  EXPECT_NEAR(x[0], -.1307 / (3 * .3081), 1e-6);
  EXPECT_NEAR(x[1], (1 - .1307) / (3 * .3081), 1e-6);
}

TEST_F(Idx, LimitsKeepTheFirstImages) {
  config.train_limit = 4;
  config.test_limit = 9;
  ASSERT_EQ(open(), EPX_OK) << error.message;
  EXPECT_EQ(train->count, 4);
  EXPECT_EQ(test->count, 2);
  files[1][8 + 5] = 4; /* a label beyond the limit is checked all the same */
  EXPECT_EQ(open(), EPX_ERR_FORMAT);
}

TEST_F(Idx, MissingFilesAreNamed) {
  ASSERT_EQ(open(), EPX_OK) << error.message;
  for (const char *name : kNames) {
    close();
    std::filesystem::rename(folder / name, folder / "away");
    EXPECT_EQ(reopen(), EPX_ERR_NOT_FOUND);
    EXPECT_NE(std::string(error.message).find(name), std::string::npos) << error.message;
    std::filesystem::create_directory(folder / name);
    EXPECT_EQ(reopen(), EPX_ERR_FORMAT) << error.message;
    std::filesystem::remove(folder / name);
    std::filesystem::rename(folder / "away", folder / name);
  }
}

TEST_F(Idx, WrongHeadersAreNamed) {
  const std::string good = files[0];
  files[0][0] = 1;
  refused(EPX_ERR_FORMAT, kNames[0], "begins with the magic number 01 00 08 03, expected 00 00 08");
  files[0] = good, files[0][1] = 7;
  refused(EPX_ERR_FORMAT, kNames[0], "begins with the magic number 00 07 08 03");
  files[0] = good, files[0][2] = 0x0d; /* floats */
  refused(EPX_ERR_FORMAT, kNames[0], "begins with the magic number 00 00 0d 03");
  files[0] = good, files[0][3] = 1;
  refused(EPX_ERR_FORMAT, kNames[0], "begins with the magic number 00 00 08 01");
  for (int at : {4, 8, 12}) {
    const std::string name = at == 4 ? "count " : at == 8 ? "height " : "width ";
    const std::string place = "byte " + std::to_string(at) + ": " + name;
    files[0] = good.substr(0, at) + word(0) + good.substr(at + 4);
    refused(EPX_ERR_FORMAT, kNames[0], place + "0, expected 1 to ");
    files[0] = good.substr(0, at) + word(0x80000000) + good.substr(at + 4);
    refused(EPX_ERR_FORMAT, kNames[0], place + "2147483648, expected 1 to ");
  }
  files[0] = good.substr(0, 8) + word(513) + good.substr(12);
  refused(EPX_ERR_FORMAT, kNames[0], "byte 8: height 513, expected 1 to 512");
  files[0] = good;
  std::swap(files[2], files[3]);
  refused(EPX_ERR_FORMAT, kNames[2], "begins with the magic number 00 00 08 01");
}

TEST_F(Idx, EveryTruncationAndTrailingByteIsRefused) {
  for (int f = 0; f < 4; f++) {
    const std::string good = files[f];
    for (size_t size = 0; size < good.size(); size++) {
      files[f] = good.substr(0, size);
      EXPECT_EQ(open(), EPX_ERR_FORMAT) << kNames[f] << " of " << size;
    }
    files[f] = good + "x";
    EXPECT_EQ(open(), EPX_ERR_FORMAT);
    files[f] = good;
    close();
    std::filesystem::remove(folder / kNames[f]);
    const std::string packed = gzip(good), gz = folder / (std::string(kNames[f]) + ".gz");
    for (size_t size = 0; size < packed.size(); size++) {
      spill(gz, packed.substr(0, size));
      EXPECT_EQ(reopen(), EPX_ERR_FORMAT) << kNames[f] << ".gz of " << size << error.message;
    }
    spill(gz, gzip(good + "x"));
    EXPECT_EQ(reopen(), EPX_ERR_FORMAT);
    EXPECT_NE(std::string(error.message).find("goes on after unpacked byte"), std::string::npos)
        << error.message;
    spill(gz, gzip(good.substr(0, good.size() - 1)));
    EXPECT_EQ(reopen(), EPX_ERR_FORMAT);
    std::filesystem::remove(gz);
    spill(folder / kNames[f], good);
  }
}

TEST_F(Idx, LabelsAndCountsMustFit) {
  files[3][9] = 4;
  refused(EPX_ERR_FORMAT, kNames[3], "byte 9: label 4 of image 1, expected 0 to 3");
  files[3] = word(0x801) + word(3) + std::string(3, '\0');
  refused(EPX_ERR_FORMAT, kNames[3], "3 labels, expected 2: the images in ");
  files[3] = word(0x801) + word(2) + std::string(2, '\0');
  files[2] = word(0x803) + word(2) + word(5) + word(3) + std::string(30, '\0');
  EXPECT_EQ(open(), EPX_ERR_FORMAT);
  EXPECT_NE(std::string(error.message).find("training images of 3 x 5 pixels, test images of 5"),
            std::string::npos)
      << error.message;
}

TEST_F(Idx, SizesOnDiskAndInBothPartsMustAgree) {
  const std::string good = files[0];
  files[0].pop_back();
  refused(EPX_ERR_FORMAT, kNames[0], "105 bytes, but its header stands for 106.");
  files[0] = good;
  files[2] = word(0x803) + word(2) + word(4) + word(5) + std::string(40, '\0');
  EXPECT_EQ(open(), EPX_ERR_FORMAT);
  files[2] = word(0x803) + word(2) + word(3) + word(6) + std::string(36, '\0');
  EXPECT_EQ(open(), EPX_ERR_FORMAT);
}

// A small packed file that claims the largest set costs a message, not memory.
TEST_F(Idx, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  ASSERT_EQ(open(), EPX_OK);
  close();
  std::filesystem::remove(folder / kNames[0]);
  const std::string gz = std::string(kNames[0]) + ".gz";
  spill(folder / gz, gzip(word(0x803) + word(INT32_MAX) + word(512) + word(512)));
  EXPECT_EQ(reopen(), EPX_ERR_FORMAT);
  EXPECT_NE(std::string(error.message).find("(gzip-packed), but its header stands for"),
            std::string::npos)
      << error.message;
  /* A bomb: honest about its size, and too large. */
  spill(folder / gz,
        gzip(word(0x803) + word(8193) + word(512) + word(512) + std::string(1 << 22, '\0')));
  std::filesystem::resize_file(folder / gz, 4 << 20);
  EXPECT_EQ(reopen(), EPX_ERR_UNSUPPORTED) << error.message;
}

}  // namespace
