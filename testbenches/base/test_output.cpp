// SPDX-License-Identifier: Apache-2.0
// Outputs: only regular files are replaced, whole or not at all, and nothing is left over.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "epx_output.h"

namespace {

namespace fs = std::filesystem;

class Output : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "epx_output_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string at(const char *name) const { return folder_ + "/" + name; }
  int entries() const {
    int count = 0;
    for (const auto &entry : fs::directory_iterator(folder_)) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }
  static std::string text_of(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  epx_status_t write(const std::string &path, const std::string &text) {
    error_ = {};
    return epx_output_write(path.c_str(), text.data(), text.size(), &error_);
  }
  void refused(const std::string &path, epx_status_t status, const char *word) {
    EXPECT_EQ(write(path, "new"), status) << path;
    EXPECT_NE(std::string(error_.message).find(word), std::string::npos) << error_.message;
    EXPECT_NE(std::string(error_.message).find(path), std::string::npos) << error_.message;
    EXPECT_EQ(epx_output_check(path.c_str(), &error_), status);
  }

  std::string folder_;
  epx_error_t error_ = {};
};

TEST_F(Output, a_new_file_and_an_old_one_are_written_whole) {
  for (const std::string text : {"first", "", "the third is longer"}) {
    ASSERT_EQ(write(at("file"), text), EPX_OK) << error_.message;
    EXPECT_EQ(text_of(at("file")), text);
    EXPECT_EQ(entries(), 1);
  }
}

TEST_F(Output, whatever_is_no_regular_file_is_refused_and_stays) {
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0666), 0);
  std::ofstream(at("target")) << "old";
  ASSERT_EQ(symlink(at("target").c_str(), at("link").c_str()), 0);
  ASSERT_EQ(symlink("nowhere", at("dangling").c_str()), 0);
  ASSERT_EQ(mkdir(at("folder").c_str(), 0777), 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  snprintf(name.sun_path, sizeof name.sun_path, "%s", at("socket").c_str());
  const int opened = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(opened, reinterpret_cast<sockaddr *>(&name), sizeof name), 0);
  const int before = entries();
  refused(at("fifo"), EPX_ERR_ARGUMENT, "a FIFO");
  refused(at("link"), EPX_ERR_ARGUMENT, "a symbolic link");
  refused(at("dangling"), EPX_ERR_ARGUMENT, "a symbolic link");
  refused(at("folder"), EPX_ERR_ARGUMENT, "a folder");
  refused(at("socket"), EPX_ERR_ARGUMENT, "a socket");
  refused("/dev/null", EPX_ERR_ARGUMENT, "a device");
  refused("/dev/full", EPX_ERR_ARGUMENT, "a device");
  refused(at("folder/"), EPX_ERR_ARGUMENT, "the name of a file");
  close(opened);
  EXPECT_EQ(entries(), before);
  EXPECT_EQ(text_of(at("target")), "old");
  EXPECT_TRUE(fs::is_fifo(at("fifo")));
  EXPECT_TRUE(fs::is_symlink(at("link")));
}

TEST_F(Output, folders_that_cannot_take_a_file_are_named) {
  std::ofstream(at("file")) << "old";
  refused(at("none/file"), EPX_ERR_IO, "No such file or directory");
  refused(at("file/file"), EPX_ERR_IO, "a file; expected a folder");
  EXPECT_EQ(write("/proc/file", "new"), EPX_ERR_IO) << "root may write anywhere, it seems";
}

TEST_F(Output, a_folder_is_one_or_can_become_one) {
  std::ofstream(at("file")) << "old";
  for (const char *good : {"", "new", "new/and/more", "new/"}) {
    EXPECT_EQ(epx_output_check_folder(at(good).c_str(), &error_), EPX_OK) << error_.message;
  }
  EXPECT_EQ(epx_output_check_folder("relative/path", &error_), EPX_OK) << error_.message;
  for (const std::string &bad : {at("file"), at("file/new"), std::string("/dev/full/run")}) {
    EXPECT_EQ(epx_output_check_folder(bad.c_str(), &error_), EPX_ERR_IO) << bad;
    EXPECT_NE(std::string(error_.message).find(bad), std::string::npos) << error_.message;
  }
  EXPECT_EQ(entries(), 1);
}

TEST_F(Output, two_names_of_one_file_are_the_same) {
  ASSERT_EQ(mkdir(at("a").c_str(), 0777), 0);
  ASSERT_EQ(symlink("a", at("b").c_str()), 0);
  EXPECT_TRUE(epx_output_same(at("a/x").c_str(), at("b/x").c_str()));
  EXPECT_TRUE(epx_output_same(at("a/x").c_str(), at("a/../a/x").c_str()));
  EXPECT_TRUE(epx_output_same("x", "./x"));
  EXPECT_FALSE(epx_output_same(at("a/x").c_str(), at("a/y").c_str()));
  EXPECT_FALSE(epx_output_same(at("a/x").c_str(), at("x").c_str()));
}

TEST_F(Output, a_stream_takes_its_name_at_the_end) {
  epx_output_t *output = nullptr;
  std::ofstream(at("wave.vcd")) << "old";
  ASSERT_EQ(epx_output_open(at("wave.vcd").c_str(), ".vcd", &output, &error_), EPX_OK);
  const std::string temporary = epx_output_temporary(output);
  EXPECT_EQ(temporary.substr(temporary.size() - 8), ".tmp.vcd");
  std::fputs("new", epx_output_stream(output));
  EXPECT_EQ(text_of(at("wave.vcd")), "old");
  ASSERT_EQ(epx_output_commit(output, &error_), EPX_OK) << error_.message;
  EXPECT_EQ(text_of(at("wave.vcd")), "new");
  EXPECT_EQ(entries(), 1);
}

TEST_F(Output, a_failed_stream_leaves_the_old_file_and_says_where_its_part_is) {
  epx_output_t *output = nullptr;
  std::ofstream(at("log.csv")) << "old";
  for (const bool keep : {false, true}) {
    ASSERT_EQ(epx_output_open(at("log.csv").c_str(), nullptr, &output, &error_), EPX_OK);
    std::fputs("half", epx_output_stream(output));
    error_ = {"it stopped"};
    keep ? epx_output_set_aside(output, &error_) : epx_output_discard(output);
    EXPECT_EQ(text_of(at("log.csv")), "old");
    EXPECT_EQ(entries(), keep ? 2 : 1);
  }
  EXPECT_EQ(text_of(at("log.csv.partial")), "half");
  EXPECT_EQ(std::string(error_.message),
            "it stopped (what there is of it: " + at("log.csv.partial") + ")");
  ASSERT_EQ(epx_output_open(at("empty").c_str(), nullptr, &output, &error_), EPX_OK);
  epx_output_set_aside(output, &error_);
  EXPECT_EQ(entries(), 2) << "nothing was written, so nothing is kept";
}

TEST_F(Output, a_signal_handler_can_end_all) {
  epx_output_t *stream = nullptr, *empty = nullptr, *done = nullptr;
  std::ofstream(at("log.csv")) << "old";
  ASSERT_EQ(epx_output_open(at("log.csv").c_str(), nullptr, &stream, &error_), EPX_OK);
  ASSERT_EQ(epx_output_open(at("empty").c_str(), nullptr, &empty, &error_), EPX_OK);
  ASSERT_EQ(epx_output_open(at("done").c_str(), nullptr, &done, &error_), EPX_OK);
  ASSERT_EQ(epx_output_commit(done, &error_), EPX_OK);
  std::fputs("half", epx_output_stream(stream));
  std::fflush(epx_output_stream(stream));
  epx_output_end_all();
  EXPECT_EQ(text_of(at("log.csv")), "old");
  EXPECT_EQ(text_of(at("log.csv.partial")), "half");
  EXPECT_EQ(entries(), 3) << "the two and `done`";
  epx_output_discard(stream);
  epx_output_discard(empty);
  EXPECT_EQ(entries(), 3);
}

TEST_F(Output, a_full_disk_is_an_error_and_the_old_file_stays) {
  signal(SIGXFSZ, SIG_IGN);
  std::ofstream(at("file")) << "old";
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit limit = {1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const epx_status_t small = write(at("other"), std::string(1000, 'x'));
  const epx_status_t large = write(at("file"), std::string(1001, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(small, EPX_OK);
  EXPECT_EQ(large, EPX_ERR_IO);
  EXPECT_NE(std::string(error_.message).find("File too large"), std::string::npos)
      << error_.message;
  EXPECT_EQ(text_of(at("file")), "old");
  EXPECT_EQ(entries(), 2);
}

TEST_F(Output, what_a_stream_lost_is_said) {
  std::FILE *full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  std::fputs("text", full);
  EXPECT_EQ(epx_output_flush(full, "standard output", &error_), EPX_ERR_IO);
  EXPECT_STREQ(error_.message, "standard output: cannot write: No space left on device.");
  std::fclose(full);
  EXPECT_EQ(epx_output_flush(stdout, "standard output", &error_), EPX_OK);
}

}  // namespace
