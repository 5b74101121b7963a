// SPDX-License-Identifier: Apache-2.0
// Formats that a file says of its codes: what was written is accepted, anything else is named.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "epx_code_formats.h"

namespace {

struct Destroy {
  void operator()(epx_npz_t *npz) const { epx_npz_destroy(npz); }
};
using Archive = std::unique_ptr<epx_npz_t, Destroy>;

epx_code_format_t entry(const char *array, const char *format) {
  epx_code_format_t e = {};
  snprintf(e.array, sizeof e.array, "%s", array);
  snprintf(e.format, sizeof e.format, "%s", format);
  e.keys = "some.key";
  return e;
}

Archive archive_of(const std::vector<const char *> &arrays) {
  epx_npz_t *npz = nullptr;
  EXPECT_EQ(epx_npz_create(&npz, nullptr), EPX_OK);
  const size_t one = 1;
  for (const char *name : arrays) {
    EXPECT_EQ(epx_npz_add(npz, name, EPX_DTYPE_I32, 1, &one, nullptr, nullptr, nullptr), EPX_OK);
  }
  return Archive(npz);
}

std::string complaint(const epx_npz_t *npz, const std::vector<epx_code_format_t> &wanted) {
  epx_error_t error = {};
  const epx_status_t status =
      epx_code_formats_check(npz, "f.npz", "formats", wanted.data(), wanted.size(), &error);
  return status == EPX_OK ? "" : error.message;
}

TEST(code_formats, what_was_written_is_accepted) {
  const Archive npz = archive_of({"a", "a.b"});
  const std::vector<epx_code_format_t> formats = {entry("a", "Q1.6"),
                                                  entry("a.b", "Q1.14 read as Q1.6")};
  EXPECT_FALSE(epx_code_formats_given(npz.get(), "formats"));
  ASSERT_EQ(epx_code_formats_add(npz.get(), "formats", formats.data(), 2, nullptr), EPX_OK);
  EXPECT_TRUE(epx_code_formats_given(npz.get(), "formats"));
  EXPECT_EQ(complaint(npz.get(), formats), "");
  EXPECT_EQ(complaint(npz.get(), {formats[1], formats[0]}), "");
  const epx_npz_array_t *text = epx_npz_find(npz.get(), "formats");
  EXPECT_EQ(std::string(static_cast<const char *>(text->data), text->count),
            "a Q1.6\na.b Q1.14 read as Q1.6\n");
}

TEST(code_formats, a_difference_names_file_array_both_formats_and_keys) {
  const Archive npz = archive_of({"a"});
  const epx_code_format_t written = entry("a", "Q1.6");
  ASSERT_EQ(epx_code_formats_add(npz.get(), "formats", &written, 1, nullptr), EPX_OK);
  for (const char *other : {"Q1.7", "Q1.", "Q1.66", "UQ1.6", "Q1.6 ", ""}) {
    EXPECT_EQ(complaint(npz.get(), {entry("a", other)}),
              std::string("f.npz: the codes of 'a' are in Q1.6; this configuration would read them "
                          "as ") +
                  other + " (some.key)");
  }
}

TEST(code_formats, arrays_that_the_archive_lacks_are_not_asked_for) {
  const Archive npz = archive_of({"a"});
  const epx_code_format_t written = entry("a", "Q1.6");
  ASSERT_EQ(epx_code_formats_add(npz.get(), "formats", &written, 1, nullptr), EPX_OK);
  EXPECT_EQ(complaint(npz.get(), {written, entry("b", "Q1.6")}), "");
}

TEST(code_formats, missing_and_damaged_formats_are_refused) {
  const epx_code_format_t wanted = entry("ab", "Q1.6");
  const Archive none = archive_of({"ab"});
  EXPECT_NE(complaint(none.get(), {wanted}).find("f.npz: no array 'formats'"), std::string::npos);
  const Archive numbers = archive_of({"ab", "formats"});
  EXPECT_NE(complaint(numbers.get(), {wanted}).find("damaged array 'formats'"), std::string::npos);
  for (const std::string text : {"", "\n", "ab", "ab\n", "a Q1.6\n", "abc Q1.6\n", " ab Q1.6"}) {
    const Archive npz = archive_of({"ab"});
    const size_t length = text.size();
    ASSERT_EQ(
        epx_npz_add(npz.get(), "formats", EPX_DTYPE_U8, 1, &length, text.data(), nullptr, nullptr),
        EPX_OK);
    EXPECT_NE(complaint(npz.get(), {wanted}).find("says no format of 'ab'"), std::string::npos)
        << text;
  }
  const Archive npz = archive_of({"ab"});
  const char noise[] = "ab \x01\xff\x00Q\n";
  const size_t length = sizeof noise - 1;
  ASSERT_EQ(epx_npz_add(npz.get(), "formats", EPX_DTYPE_U8, 1, &length, noise, nullptr, nullptr),
            EPX_OK);
  EXPECT_NE(complaint(npz.get(), {wanted}).find("are in ???Q; "), std::string::npos);
}

}  // namespace
