// SPDX-License-Identifier: Apache-2.0
// Small CIFAR-10 sets made up for tests: as folders, tar streams and gzip archives.
#ifndef CIFAR10_FIXTURE_H
#define CIFAR10_FIXTURE_H

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "epx_dataset_internal.h"

namespace epx_test {
namespace fs = std::filesystem;

const int kRecords = 7;  // in each file
const char *const kFiles[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                              "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};

struct Member {
  std::string name, content;
  char type = '0';
};

inline void spill(const fs::path &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline void set_checksum(std::string &header) {
  memset(&header[148], ' ', 8);
  unsigned sum = 0;
  for (char c : header) sum += (unsigned char)c;
  snprintf(&header[148], 8, "%06o", sum);
}

// One ustar header and its padded content.
inline std::string tar_member(const Member &member) {
  std::string header(512, '\0');
  memcpy(&header[0], member.name.data(), member.name.size());
  snprintf(&header[100], 8, "%07o", 0644u);
  snprintf(&header[124], 12, "%011lo", (unsigned long)member.content.size());
  header[156] = member.type;
  memcpy(&header[257], "ustar\00000", 8);
  set_checksum(header);
  return header + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
}

inline std::string tar(const std::vector<Member> &members) {
  std::string out;
  for (const Member &member : members) out += tar_member(member);
  return out + std::string(1024, '\0');
}

inline std::string gzip(const std::string &bytes) {
  z_stream z = {};
  EXPECT_EQ(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, bytes.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  z.avail_in = (uInt)bytes.size();
  z.next_out = reinterpret_cast<Bytef *>(&out[0]);
  z.avail_out = (uInt)out.size();
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline std::string fnv1a(const std::string &bytes) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : bytes) {
    hash ^= c;
    hash *= 1099511628211u;
  }
  char text[17];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
  return text;
}

// A temporary folder, six files of random records in memory, and a reader.
class Cifar10 : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/epx_cifar10_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
    random.seed(seed = std::random_device()());
    for (std::string &file : files) {
      file.resize(kRecords * EPX_CIFAR10_RECORD_SIZE);
      for (size_t i = 0; i < file.size(); i++) {
        file[i] = (char)(i % EPX_CIFAR10_RECORD_SIZE ? below(256) : below(10));
      }
    }
  }
  void TearDown() override {
    if (HasFailure()) printf("seed %u\n", seed);
    close();
    fs::remove_all(folder);
  }
  void close() {
    epx_dataset_destroy(train);
    epx_dataset_destroy(test);
    train = test = nullptr;
  }
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random); }

  void write_folder(const fs::path &where) {
    fs::create_directories(where);
    for (int f = 0; f < 6; f++) spill(where / kFiles[f], files[f]);
  }
  std::vector<Member> members() const {
    std::vector<Member> list = {{"cifar-10-batches-bin/", "", '5'},
                                {"cifar-10-batches-bin/batches.meta.txt", "airplane\n"}};
    for (int f = 0; f < 6; f++) {
      list.push_back({std::string("cifar-10-batches-bin/") + kFiles[f], files[f]});
    }
    return list;
  }
  epx_status_t open(const fs::path &path) {
    close();
    snprintf(config.path, sizeof config.path, "%s", path.c_str());
    error.message[0] = '\0';
    epx_status_t status = epx_cifar10_open(&config, kRecords, &train, &test, &error);
    if (status != EPX_OK) {
      EXPECT_EQ(train, nullptr);
      EXPECT_EQ(test, nullptr);
      EXPECT_NE(error.message[0], '\0');
    }
    return status;
  }
  epx_status_t open_bytes(const std::string &bytes) {
    spill(folder / "x.tar.gz", bytes);
    return open(folder / "x.tar.gz");
  }
  // The message of the last failure holds every one of the words.
  void expect_words(const std::vector<std::string> &words) {
    for (const std::string &word : words) {
      EXPECT_NE(std::string(error.message).find(word), std::string::npos)
          << "'" << word << "' is not in: " << error.message;
    }
  }
  // Compares what was opened with the files in memory, through an independent split and hash.
  void expect_whole() {
    expect_part(train, files[0] + files[1] + files[2] + files[3] + files[4], "cifar10 train");
    expect_part(test, files[5], "cifar10 test");
  }
  void expect_part(const epx_dataset_t *part, const std::string &bytes, const char *name) {
    ASSERT_NE(part, nullptr);
    std::string labels, pixels;
    for (size_t i = 0; i < (size_t)part->count * EPX_CIFAR10_RECORD_SIZE; i++) {
      (i % EPX_CIFAR10_RECORD_SIZE ? pixels : labels) += bytes.at(i);
    }
    EXPECT_STREQ(part->name, name);
    EXPECT_EQ(part->classes, 10);
    EXPECT_EQ(part->channels * 10000 + part->height * 100 + part->width, 33232);
    EXPECT_EQ(memcmp(part->labels, labels.data(), labels.size()), 0);
    EXPECT_EQ(memcmp(part->pixels, pixels.data(), pixels.size()), 0);
    EXPECT_EQ(part->fingerprint, fnv1a(labels + pixels));
  }

  fs::path folder;
  unsigned seed = 0;
  std::mt19937 random;
  std::string files[6];
  epx_data_config_t config = {};
  epx_dataset_t *train = nullptr, *test = nullptr;
  epx_error_t error = {{0}};
};

}  // namespace epx_test
#endif
