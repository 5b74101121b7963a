// SPDX-License-Identifier: Apache-2.0
// Archives of arrays: do they come back as they went, and does every broken file end in an error?
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "epx_npz.h"

namespace {
namespace fs = std::filesystem;

const epx_dtype_t kTypes[] = {EPX_DTYPE_I8,  EPX_DTYPE_U8,  EPX_DTYPE_I16, EPX_DTYPE_U16,
                              EPX_DTYPE_I32, EPX_DTYPE_U32, EPX_DTYPE_I64, EPX_DTYPE_U64,
                              EPX_DTYPE_F32, EPX_DTYPE_F64};

std::string slurp(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}
void spill(const fs::path &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class Npz : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/epx_npz_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
    path = folder / "a.npz";
    seed = std::random_device()();
    random.seed(seed);
    RecordProperty("seed", std::to_string(seed));
    ASSERT_EQ(epx_npz_create(&npz, &error), EPX_OK);
  }
  void TearDown() override {
    if (HasFailure()) printf("seed %u\n", seed);
    epx_npz_destroy(npz);
    fs::remove_all(folder);
  }
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random); }

  // Adds `count` arrays of random types and shapes, among them scalars and empty ones.
  void fill(int count) {
    for (int i = 0; i < count; i++) {
      size_t shape[EPX_NPZ_MAX_DIMENSIONS];
      int dimensions = below(EPX_NPZ_MAX_DIMENSIONS + 1);
      size_t bytes = epx_dtype_size(kTypes[i % 10]);
      for (int d = 0; d < dimensions; d++) bytes *= shape[d] = (size_t)below(5) + (below(9) > 0);
      std::string data(bytes, '\0');
      for (char &c : data) c = (char)below(i % 3 ? 256 : 3);
      std::string name = "layer" + std::to_string(i) + ".weight";
      ASSERT_EQ(epx_npz_add(npz, name.c_str(), kTypes[i % 10], dimensions, shape, data.data(),
                            nullptr, &error),
                EPX_OK)
          << error.message;
    }
  }
  epx_status_t read() {
    epx_npz_t *untouched = reinterpret_cast<epx_npz_t *>(&seed), *found = untouched;
    error.message[0] = '\0';
    epx_status_t status = epx_npz_read(path.c_str(), &found, &error);
    if (status != EPX_OK) {
      EXPECT_EQ(found, untouched) << "out-parameter touched by a failure";
      EXPECT_NE(std::string(error.message).find(path.filename().string()), std::string::npos)
          << "no file name in: " << error.message;
      return status;
    }
    epx_npz_destroy(copy_);
    copy_ = found;
    return status;
  }
  // The reader's verdict on bytes put into the file.
  epx_status_t verdict(const std::string &bytes) {
    spill(path, bytes);
    return read();
  }
  // A zip of members as libzip makes it, not our writer.
  void zip(const std::vector<std::pair<std::string, std::string>> &members, int method) {
    int code = 0;
    zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    ASSERT_NE(archive, nullptr);
    for (const auto &[name, bytes] : members) {
      zip_source_t *source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
      zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
      ASSERT_GE(index, 0);
      ASSERT_EQ(zip_set_file_compression(archive, (zip_uint64_t)index, method, 0), 0);
    }
    ASSERT_EQ(zip_close(archive), 0);
  }
  void expect_equal(const epx_npz_t *a, const epx_npz_t *b) {
    ASSERT_EQ(epx_npz_count(a), epx_npz_count(b));
    for (size_t i = 0; i < epx_npz_count(a); i++) {
      const epx_npz_array_t *x = epx_npz_at(a, i), *y = epx_npz_at(b, i);
      ASSERT_STREQ(x->name, y->name);
      ASSERT_EQ(x->dtype, y->dtype) << x->name;
      ASSERT_EQ(x->dimensions, y->dimensions) << x->name;
      for (int d = 0; d < x->dimensions; d++) ASSERT_EQ(x->shape[d], y->shape[d]) << x->name;
      ASSERT_EQ(x->count, y->count) << x->name;
      ASSERT_EQ(memcmp(x->data, y->data, x->count * epx_dtype_size(x->dtype)), 0) << x->name;
    }
  }
  epx_npz_t *copy() const { return copy_.value; }

  fs::path folder, path;
  unsigned seed = 0;
  std::mt19937 random;
  epx_npz_t *npz = nullptr;
  epx_error_t error = {{0}};

 private:
  // Frees the newest archive read, also at the end.
  struct Owner {
    epx_npz_t *value = nullptr;
    ~Owner() { epx_npz_destroy(value); }
    operator epx_npz_t *() const { return value; }
    void operator=(epx_npz_t *next) { value = next; }
  } copy_;
};

// The .npy stream of a dictionary text and elements.
std::string npy(const std::string &text, const std::string &data, int version = 1) {
  std::string out = "\x93NUMPY";
  out += (char)version;
  out += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); i++) out += (char)(text.size() >> (8 * i) & 0xff);
  return out + text + data;
}

TEST_F(Npz, RoundTripsEveryTypeAndShape) {
  for (int round = 0; round < 20; round++) {
    epx_npz_destroy(npz);
    ASSERT_EQ(epx_npz_create(&npz, &error), EPX_OK);
    fill(below(40));
    ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK) << error.message;
    ASSERT_EQ(read(), EPX_OK) << error.message;
    expect_equal(npz, copy());
    if (HasFatalFailure()) return;
  }
}

TEST_F(Npz, EqualArraysGiveEqualBytes) {
  fill(12);
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK);
  std::string first = slurp(path);
  ASSERT_EQ(read(), EPX_OK) << error.message;
  ASSERT_EQ(epx_npz_write(path.c_str(), copy(), &error), EPX_OK);
  EXPECT_EQ(first, slurp(path));
}

TEST_F(Npz, LargeMemberSurvives) {
  size_t shape[] = {1500, 1000};
  epx_npz_array_t *array;
  ASSERT_EQ(epx_npz_add(npz, "w", EPX_DTYPE_F32, 2, shape, nullptr, &array, &error), EPX_OK);
  float *values = static_cast<float *>(array->data);
  for (size_t i = 0; i < array->count; i++) ASSERT_EQ(values[i], 0.0f);
  for (size_t i = 0; i < array->count; i++) values[i] = (float)random() * 1e-9f;
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK);
  ASSERT_EQ(read(), EPX_OK) << error.message;
  expect_equal(npz, copy());
}

TEST_F(Npz, AddRefusesWhatItCannotHold) {
  size_t shape[7] = {2, 2, 2, 2, 2, 2, 2}, huge[] = {(size_t)1 << 33, (size_t)1 << 33};
  std::string longest(EPX_NPZ_NAME_SIZE - 1, 'n');
  epx_npz_array_t *mark = reinterpret_cast<epx_npz_array_t *>(&error), *array = mark;
  auto add = [&](const std::string &name, epx_dtype_t dtype, int dimensions, size_t *lengths) {
    return epx_npz_add(npz, name.c_str(), dtype, dimensions, lengths, nullptr, &array, &error);
  };
  EXPECT_EQ(add("", EPX_DTYPE_I8, 1, shape), EPX_ERR_ARGUMENT);
  EXPECT_EQ(add(longest + "n", EPX_DTYPE_I8, 1, shape), EPX_ERR_ARGUMENT);
  EXPECT_EQ(add("x", (epx_dtype_t)10, 1, shape), EPX_ERR_ARGUMENT);
  EXPECT_EQ(add("x", EPX_DTYPE_I8, -1, shape), EPX_ERR_ARGUMENT);
  EXPECT_EQ(add("x", EPX_DTYPE_I8, 7, shape), EPX_ERR_ARGUMENT);
  EXPECT_EQ(add("x", EPX_DTYPE_I8, 2, huge), EPX_ERR_ARGUMENT);
  EXPECT_EQ(array, mark);
  EXPECT_EQ(epx_npz_count(npz), 0u);
  EXPECT_EQ(add(longest, EPX_DTYPE_I8, 6, shape), EPX_OK);
  EXPECT_EQ(array, epx_npz_find(npz, longest.c_str()));
  EXPECT_EQ(add(longest, EPX_DTYPE_F64, 0, nullptr), EPX_ERR_ARGUMENT);
  EXPECT_NE(strstr(error.message, "already holds"), nullptr);
  EXPECT_EQ(epx_npz_count(npz), 1u);
  EXPECT_EQ(epx_npz_at(npz, 1), nullptr);
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK);
  ASSERT_EQ(read(), EPX_OK) << error.message;
  expect_equal(npz, copy());
}

TEST_F(Npz, PointersStayValidWhileTheArchiveGrows) {
  epx_npz_array_t *first;
  ASSERT_EQ(epx_npz_add(npz, "first", EPX_DTYPE_F64, 0, nullptr, nullptr, &first, &error), EPX_OK);
  fill(300);
  EXPECT_EQ(epx_npz_find(npz, "first"), first);
  EXPECT_EQ(epx_npz_at(npz, 0), first);
}

TEST_F(Npz, RequireSaysWhatItFoundAndExpected) {
  size_t shape[] = {2, 3};
  epx_npz_array_t *array = nullptr;
  ASSERT_EQ(epx_npz_add(npz, "b", EPX_DTYPE_F32, 2, shape, nullptr, nullptr, &error), EPX_OK);
  EXPECT_EQ(epx_npz_require(npz, "run.npz", "b", EPX_DTYPE_F32, 6, &array, &error), EPX_OK);
  EXPECT_EQ(array, epx_npz_find(npz, "b"));
  array = nullptr;
  EXPECT_EQ(epx_npz_require(npz, "run.npz", "c", EPX_DTYPE_F32, 6, &array, &error),
            EPX_ERR_NOT_FOUND);
  EXPECT_EQ(epx_npz_require(npz, "run.npz", "b", EPX_DTYPE_F64, 6, &array, &error), EPX_ERR_FORMAT);
  EXPECT_EQ(epx_npz_require(npz, "run.npz", "b", EPX_DTYPE_F32, 7, &array, &error), EPX_ERR_FORMAT);
  EXPECT_EQ(array, nullptr);
  for (const char *word : {"run.npz", "'b'", "6", "7", "<f4"}) {
    EXPECT_NE(strstr(error.message, word), nullptr) << word << " is not in: " << error.message;
  }
}

TEST_F(Npz, ReadsHeadersThatOthersWrite) {
  const std::string four("\1\2\3\4", 4);
  for (int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    zip({{"v1.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }   \n", four)},
         {"v2.npy", npy("{'descr':'<i4','fortran_order':False,'shape':()}", four, 2)},
         {"v3.npy",
          npy("{\"shape\": (2, 2,), \"descr\": \"|u1\", \"fortran_order\": False}", four, 3)},
         {"u.npy", npy("{'descr': '<u1', 'fortran_order': False, 'shape': (4 , )}", four)},
         {"e.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0)}", "")}},
        method);
    ASSERT_EQ(read(), EPX_OK) << error.message;
    ASSERT_EQ(epx_npz_count(copy()), 5u);
    EXPECT_EQ(epx_npz_find(copy(), "v2")->dimensions, 0);
    EXPECT_EQ(*static_cast<int32_t *>(epx_npz_find(copy(), "v2")->data), 0x04030201);
    EXPECT_EQ(epx_npz_find(copy(), "v3")->shape[1], 2u);
    EXPECT_EQ(epx_npz_find(copy(), "e")->count, 0u);
  }
}

TEST_F(Npz, RefusesBadHeaders) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  const std::string four(4, 'x');
  std::vector<std::string> bad = {
      "",
      "\x93NUMPY",
      "not an array at all",
      npy(good, four, 4),
      npy(good, "xxx"),
      npy(good, "xxxxx"),
      npy(good, ""),
      npy("", four),
      npy("{}", four),
      npy("{", four),
      npy(std::string(10001, ' '), four),
      npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", four),
      npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", four),
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", four),
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", four),
      npy("{'descr': '<f4', 'fortran_order': Fals, 'shape': (1,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", ""),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False}", four),
      npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", four),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", four),
      npy("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", four),
      npy("{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", four),
  };
  for (const std::string &bytes : bad) {
    zip({{"x.npy", bytes}}, ZIP_CM_STORE);
    EXPECT_EQ(read(), EPX_ERR_FORMAT) << "accepted: " << bytes;
    EXPECT_NE(strstr(error.message, "x.npy"), nullptr) << error.message;
  }
  for (size_t cut = 0; cut < good.size(); cut++) {
    zip({{"x.npy", npy(good.substr(0, cut), four)}}, ZIP_CM_DEFLATE);
    EXPECT_EQ(read(), EPX_ERR_FORMAT) << "accepted: " << good.substr(0, cut);
  }
  zip({{"x.npy", npy(good, four)}}, ZIP_CM_DEFLATE);
  EXPECT_EQ(read(), EPX_OK) << error.message;
}

TEST_F(Npz, RefusesForeignMembersAndFiles) {
  const std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "abcd");
  for (const std::string name : {"x.txt", ".npy", "x", "x.npy.bak"}) {
    zip({{name, good}}, ZIP_CM_DEFLATE);
    EXPECT_EQ(read(), EPX_ERR_FORMAT) << name;
  }
  zip({{std::string(EPX_NPZ_NAME_SIZE, 'n') + ".npy", good}}, ZIP_CM_DEFLATE);
  EXPECT_EQ(read(), EPX_ERR_FORMAT);
  EXPECT_EQ(verdict(""), EPX_ERR_FORMAT);
  EXPECT_EQ(verdict("PK"), EPX_ERR_FORMAT);
  EXPECT_EQ(verdict(std::string(5000, 'z')), EPX_ERR_FORMAT);
  fs::remove(path);
  EXPECT_EQ(read(), EPX_ERR_NOT_FOUND);
  fs::create_directory(path);
  EXPECT_EQ(read(), EPX_ERR_FORMAT);
}

// Whatever is flipped or cut off: an error, or every element as it was.
TEST_F(Npz, DamageIsAnErrorOrHarmless) {
  fill(6);
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK);
  const std::string good = slurp(path);
  int errors = 0;
  for (int i = 0; i < 1500; i++) {
    std::string bytes = good;
    int flips = 1 + below(3);
    for (int f = 0; f < flips; f++) {
      bytes[(size_t)below((int)bytes.size())] ^= (char)(1 + below(255));
    }
    epx_status_t status = verdict(bytes);
    if (status == EPX_OK) {
      expect_equal(npz, copy());
      if (HasFatalFailure()) return;
    } else {
      ASSERT_TRUE(status == EPX_ERR_FORMAT || status == EPX_ERR_IO) << error.message;
      errors++;
    }
  }
  EXPECT_GT(errors, 1000);
  for (int i = 0; i < 300; i++) {
    ASSERT_NE(verdict(good.substr(0, (size_t)below((int)good.size()))), EPX_OK);
  }
}

TEST_F(Npz, FailedWriteLeavesTheOldFileAndNothingElse) {
  fill(4);
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK);
  const std::string before = slurp(path);
  size_t shape[] = {100000};
  epx_npz_array_t *noise;
  ASSERT_EQ(epx_npz_add(npz, "noise", EPX_DTYPE_U32, 1, shape, nullptr, &noise, &error), EPX_OK);
  for (size_t i = 0; i < noise->count; i++) static_cast<uint32_t *>(noise->data)[i] = random();
  struct rlimit old, small;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 50000;
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  epx_status_t status = epx_npz_write(path.c_str(), npz, &error);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status, EPX_ERR_IO);
  EXPECT_NE(strstr(error.message, path.c_str()), nullptr) << error.message;
  EXPECT_EQ(slurp(path), before);
  fs::create_directory(folder / "taken.npz");
  EXPECT_EQ(epx_npz_write((folder / "taken.npz").c_str(), npz, &error), EPX_ERR_ARGUMENT);
  EXPECT_EQ(epx_npz_write((folder / "none" / "a.npz").c_str(), npz, &error), EPX_ERR_IO);
  int entries = 0;
  for (const auto &entry : fs::directory_iterator(folder)) {
    entries++;
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
  EXPECT_EQ(entries, 2);
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK) << error.message;
  ASSERT_EQ(read(), EPX_OK);
  expect_equal(npz, copy());
}

TEST_F(Npz, WritesBesideARelativePathAndAStaleTemporary) {
  fill(2);
  fs::path old = fs::current_path();
  fs::current_path(folder);
  spill("r.npz." + std::to_string(getpid()) + "-0.tmp", "left by a crash");
  epx_status_t status = epx_npz_write("r.npz", npz, &error);
  fs::current_path(old);
  ASSERT_EQ(status, EPX_OK) << error.message;
  path = folder / "r.npz";
  ASSERT_EQ(read(), EPX_OK) << error.message;
  expect_equal(npz, copy());
}

TEST_F(Npz, UnpackedBytesAreLimitedInAll) {
  const size_t shape = 1000; /* two members of 1000 bytes and a header of 128 each */
  for (const char *name : {"a", "b"}) {
    ASSERT_EQ(epx_npz_add(npz, name, EPX_DTYPE_U8, 1, &shape, nullptr, nullptr, &error), EPX_OK);
  }
  ASSERT_EQ(epx_npz_write(path.c_str(), npz, &error), EPX_OK) << error.message;
  epx_npz_t *found = nullptr;
  ASSERT_EQ(epx_npz_read_limited(path.c_str(), 2 * 1128, &found, &error), EPX_OK) << error.message;
  epx_npz_destroy(found);
  found = nullptr;
  EXPECT_EQ(epx_npz_read_limited(path.c_str(), 2 * 1128 - 1, &found, &error), EPX_ERR_FORMAT);
  EXPECT_EQ(found, nullptr);
  EXPECT_NE(std::string(error.message)
                .find("member 'b.npy': brings the unpacked arrays to more "
                      "than 2255 bytes"),
            std::string::npos)
      << error.message;
}

}  // namespace
