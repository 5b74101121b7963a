// SPDX-License-Identifier: Apache-2.0
// CIFAR-10 files: every way to name them gives the same images; every broken one gives an error
// that says where.
#include <algorithm>

#include "cifar10_fixture.h"

namespace {
using namespace epx_test;

TEST_F(Cifar10, EveryPathGivesTheSameImages) {
  write_folder(folder / "a" / "cifar-10-batches-bin");
  fs::create_directory(folder / "b");
  spill(folder / "b" / "cifar-10-binary.tar.gz", gzip(tar(members())));
  spill(folder / "plain.tar", tar(members()));
  for (const char *path :
       {"a", "a/", "a/cifar-10-batches-bin", "b", "b/cifar-10-binary.tar.gz", "plain.tar"}) {
    ASSERT_EQ(open(folder / path), EPX_OK) << path << ": " << error.message;
    EXPECT_EQ(train->count, 5 * kRecords);
    EXPECT_EQ(test->count, kRecords);
    expect_whole();
  }
  EXPECT_EQ(train->source, (folder / "plain.tar").string());
}

TEST_F(Cifar10, TheUnpackedFolderGoesFirst) {
  write_folder(folder / "cifar-10-batches-bin");
  spill(folder / "cifar-10-binary.tar.gz", "no archive");
  ASSERT_EQ(open(folder), EPX_OK) << error.message;
  EXPECT_EQ(test->source, (folder / "cifar-10-batches-bin").string());
  expect_whole();
}

TEST_F(Cifar10, MembersMayComeInAnyOrderAmongOthers) {
  for (int round = 0; round < 10; round++) {
    std::vector<Member> list = members();
    for (Member &member : list) {
      if (below(2)) member.name = "./" + member.name;
    }
    list.push_back({"readme.html", std::string((size_t)below(2000), 'r')});
    list.push_back({"data_batch_1.bin", "elsewhere"});
    list.push_back({"PaxHeader/x", "30 mtime=1700000000.123456789\n", 'x'});
    list.push_back({"a-link", "", '2'});
    std::shuffle(list.begin(), list.end(), random);
    ASSERT_EQ(open_bytes(gzip(tar(list))), EPX_OK) << error.message;
    expect_whole();
  }
}

TEST_F(Cifar10, UstarPrefixJoinsTheName) {
  std::string bytes;
  for (const Member &member : members()) {
    size_t slash = member.name.find('/');
    std::string one = tar_member({member.name.substr(slash + 1), member.content, member.type});
    std::string header = one.substr(0, 512);
    memcpy(&header[345], "cifar-10-batches-bin", 20);
    set_checksum(header);
    bytes += header + one.substr(512);
  }
  ASSERT_EQ(open_bytes(gzip(bytes + std::string(1024, '\0'))), EPX_OK) << error.message;
  expect_whole();
}

TEST_F(Cifar10, LimitsKeepTheFirstImages) {
  write_folder(folder / "cifar-10-batches-bin");
  spill(folder / "x.tar.gz", gzip(tar(members())));
  for (const char *path : {"", "x.tar.gz"}) {
    for (int limit : {1, kRecords - 1, kRecords, kRecords + 1, 3 * kRecords, 1000}) {
      config.train_limit = limit;
      config.test_limit = limit;
      ASSERT_EQ(open(folder / path), EPX_OK) << error.message;
      EXPECT_EQ(train->count, std::min(limit, 5 * kRecords));
      EXPECT_EQ(test->count, std::min(limit, kRecords));
      expect_whole();
    }
  }
  config.train_limit = -1;
  EXPECT_EQ(epx_dataset_open(&config, &train, &test, &error), EPX_ERR_ARGUMENT);
}

TEST_F(Cifar10, NothingThereIsNotFound) {
  EXPECT_EQ(open(""), EPX_ERR_NOT_FOUND);
  expect_words({"data.path is empty", "cifar-10-binary.tar.gz"});
  EXPECT_EQ(open(folder / "none"), EPX_ERR_NOT_FOUND);
  expect_words({(folder / "none").string(), "No such file"});
  EXPECT_EQ(open(folder), EPX_ERR_NOT_FOUND);
  expect_words({folder.string(), "cifar-10-binary.tar.gz", "cifar-10-batches-bin"});
  write_folder(folder);
  fs::remove(folder / "data_batch_4.bin");
  EXPECT_EQ(open(folder), EPX_ERR_NOT_FOUND);
  expect_words({(folder / "data_batch_4.bin").string()});
  fs::create_directory(folder / "data_batch_4.bin");
  EXPECT_EQ(open(folder), EPX_ERR_FORMAT);
  expect_words({(folder / "data_batch_4.bin").string(), "not a regular file"});
}

TEST_F(Cifar10, FilesOfTheWrongSize) {
  const int size = kRecords * EPX_CIFAR10_RECORD_SIZE;
  for (int wrong : {0, 1, size - 1, size - EPX_CIFAR10_RECORD_SIZE, size + 1}) {
    int f = below(6);
    std::string kept = files[f];
    files[f].resize((size_t)wrong);
    write_folder(folder / "cifar-10-batches-bin");
    EXPECT_EQ(open(folder), EPX_ERR_FORMAT) << wrong;
    expect_words({kFiles[f], std::to_string(wrong) + " bytes", std::to_string(size)});
    EXPECT_EQ(open_bytes(gzip(tar(members()))), EPX_ERR_FORMAT) << wrong;
    expect_words({"x.tar.gz", kFiles[f], std::to_string(wrong) + " bytes", std::to_string(size)});
    files[f] = kept;
  }
}

TEST_F(Cifar10, LabelsAboveNine) {
  int f = below(6), record = below(kRecords), at = record * EPX_CIFAR10_RECORD_SIZE;
  files[f][(size_t)at] = (char)(10 + below(246));
  std::string label = std::to_string((unsigned char)files[f][(size_t)at]);
  write_folder(folder / "cifar-10-batches-bin");
  EXPECT_EQ(open(folder), EPX_ERR_FORMAT);
  expect_words({kFiles[f], "byte " + std::to_string(at) + ":", "label " + label, "0 to 9"});
  EXPECT_EQ(open_bytes(gzip(tar(members()))), EPX_ERR_FORMAT);
  expect_words({"x.tar.gz", kFiles[f], "byte " + std::to_string(at) + ":", "label " + label});
}

TEST_F(Cifar10, ArchivesMissingOrRepeatingMembers) {
  for (int f = 0; f < 6; f++) {
    std::vector<Member> list = members();
    list.erase(list.begin() + 2 + f);
    EXPECT_EQ(open_bytes(gzip(tar(list))), EPX_ERR_NOT_FOUND);
    expect_words({"x.tar.gz", kFiles[f]});
    list = members();
    list.push_back(list[(size_t)(2 + f)]);
    EXPECT_EQ(open_bytes(gzip(tar(list))), EPX_ERR_FORMAT);
    expect_words({"x.tar.gz", kFiles[f], "second"});
    list = members();
    list[(size_t)(2 + f)].type = '2';
    list[(size_t)(2 + f)].content.clear();
    EXPECT_EQ(open_bytes(gzip(tar(list))), EPX_ERR_FORMAT);
    expect_words({"x.tar.gz", kFiles[f], "no regular file"});
  }
}

TEST_F(Cifar10, BrokenTarHeaders) {
  const std::string good = tar(members());
  std::string bytes = good;
  bytes[1024 + 512 + 3] ^= 1;  // the name of the third member, after a content of one block
  EXPECT_EQ(open_bytes(gzip(bytes)), EPX_ERR_FORMAT);
  expect_words({"x.tar.gz", "byte 1536", "checksum"});
  bytes = good;
  bytes[1536 + 148] = 'z';
  EXPECT_EQ(open_bytes(gzip(bytes)), EPX_ERR_FORMAT);
  expect_words({"byte 1536", "not an octal"});
  for (const char *size : {"0000000000z", "           ", "\200\0\0\0\0\0\0\0\0\1\0"}) {
    std::string header = good.substr(1536, 512);
    memcpy(&header[124], size, 11);
    set_checksum(header);
    EXPECT_EQ(open_bytes(gzip(good.substr(0, 1536) + header + good.substr(2048))), EPX_ERR_FORMAT);
    expect_words({"byte 1536", "size is not octal"});
  }
  EXPECT_EQ(open_bytes(gzip(good.substr(0, good.size() - 1024))), EPX_ERR_FORMAT);
  expect_words({"x.tar.gz", "end mark"});
  EXPECT_EQ(open_bytes(""), EPX_ERR_FORMAT);
  EXPECT_EQ(open_bytes("<html>404 Not Found</html>"), EPX_ERR_FORMAT);
  EXPECT_EQ(open_bytes(gzip(std::string(1024, '\0'))), EPX_ERR_NOT_FOUND);
}

// A flip in a gzip archive is an error or harmless: its checksum covers every image.
TEST_F(Cifar10, DamagedArchivesNeverChangeImages) {
  const std::string good = gzip(tar(members()));
  int errors = 0;
  for (int i = 0; i < 150; i++) {
    std::string bytes = good;
    size_t at = (size_t)(i < 30 ? i : i < 60 ? (int)good.size() + 29 - i : below((int)good.size()));
    bytes[at] ^= (char)(1 + below(255));
    epx_status_t status = open_bytes(bytes);
    if (status == EPX_OK) {
      expect_whole();
    } else {
      ASSERT_TRUE(status == EPX_ERR_FORMAT || status == EPX_ERR_NOT_FOUND) << error.message;
      expect_words({"x.tar.gz", "byte"});
      errors++;
    }
    if (HasFailure()) FAIL() << "byte " << at;
  }
  EXPECT_GT(errors, 110);
  for (int i = 0; i < 60; i++) {
    size_t cut = i < 20 ? good.size() - 1 - (size_t)i : (size_t)below((int)good.size());
    ASSERT_EQ(open_bytes(good.substr(0, cut)), EPX_ERR_FORMAT) << cut;
  }
}

// Without gzip's checksum pixels can change unseen, but nothing may crash or miscount.
TEST_F(Cifar10, DamagedPlainTarsNeverCrash) {
  const std::string good = tar(members());
  for (int i = 0; i < 200; i++) {
    std::string bytes = good;
    for (int flips = 1 + below(4); flips > 0; flips--) {
      bool early = below(2) == 1;
      bytes[(size_t)(early ? below(2048) : below((int)bytes.size()))] ^= (char)(1 + below(255));
    }
    if (open_bytes(bytes) == EPX_OK) {
      ASSERT_EQ(train->count, 5 * kRecords);
      ASSERT_EQ(test->count, kRecords);
      for (int k = 0; k < train->count; k++) ASSERT_LT(train->labels[k], 10);
    }
    if (i < 60) {
      size_t cut = (size_t)below((int)good.size() - 1024);
      ASSERT_EQ(open_bytes(good.substr(0, cut)), EPX_ERR_FORMAT) << cut;
    }
  }
}

TEST_F(Cifar10, ThePublicReaderWantsTheWholeSet) {
  write_folder(folder / "cifar-10-batches-bin");
  config.set = EPX_DATA_CIFAR10;
  snprintf(config.path, sizeof config.path, "%s", folder.c_str());
  EXPECT_EQ(epx_dataset_open(&config, &train, &test, &error), EPX_ERR_FORMAT);
  expect_words({"data_batch_1.bin", "expected 30730000", "10000 records"});
}

}  // namespace
