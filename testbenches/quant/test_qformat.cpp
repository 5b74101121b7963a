// SPDX-License-Identifier: Apache-2.0
// Q-formats: legality, ranges, text form.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "epx_qformat.h"
#include "quant/quant_random.h"

namespace {

using quant_test::text_of;

// Calls check(format) for every combination of the three fields, legal or not.
template <typename Check>
void for_every_format(Check check) {
  for (int is_signed = 0; is_signed <= 1; is_signed++) {
    for (int integer = INT8_MIN; integer <= INT8_MAX; integer++) {
      for (int fraction = INT8_MIN; fraction <= INT8_MAX; fraction++) {
        check(epx_qformat_t{is_signed != 0, static_cast<int8_t>(integer),
                            static_cast<int8_t>(fraction)});
      }
    }
  }
}

std::string spelled(epx_qformat_t format) {
  return std::string(format.is_signed ? "Q" : "UQ") + std::to_string(format.integer_bits) + "." +
         std::to_string(format.fraction_bits);
}

TEST(qformat, every_legal_format_survives_print_and_parse) {
  int legal = 0;
  for_every_format([&](epx_qformat_t format) {
    if (!epx_qformat_valid(format)) {
      return;
    }
    legal++;
    const std::string text = text_of(format);
    ASSERT_EQ(text, spelled(format));
    epx_qformat_t parsed = {!format.is_signed, 99, 99};
    epx_error_t error = {{0}};
    ASSERT_EQ(epx_qformat_parse(text.c_str(), &parsed, &error), EPX_OK) << text << error.message;
    ASSERT_EQ(parsed.is_signed, format.is_signed) << text;
    ASSERT_EQ(parsed.integer_bits, format.integer_bits) << text;
    ASSERT_EQ(parsed.fraction_bits, format.fraction_bits) << text;
  });
  // For i + f = s there are 256 - |s + 1| pairs of int8: s in 1..32 unsigned, 0..31 signed.
  int expected = 0;
  for (int sum = 0; sum <= 32; sum++) {
    expected += (sum >= 1 && sum <= 31 ? 2 : 1) * (256 - (sum + 1));
  }
  EXPECT_EQ(legal, expected);
}

TEST(qformat, every_illegal_width_is_refused) {
  for_every_format([&](epx_qformat_t format) {
    const int magnitude_bits = format.integer_bits + format.fraction_bits;
    const bool legal = magnitude_bits >= (format.is_signed ? 0 : 1) &&
                       magnitude_bits <= (format.is_signed ? 31 : 32);
    ASSERT_EQ(epx_qformat_valid(format), legal) << spelled(format);
    if (!legal) {
      epx_qformat_t untouched = {true, 77, 88};
      ASSERT_EQ(text_of(format), spelled(format));
      ASSERT_EQ(epx_qformat_parse(spelled(format).c_str(), &untouched, nullptr), EPX_ERR_ARGUMENT)
          << spelled(format);
      ASSERT_EQ(untouched.integer_bits, 77);
    }
  });
}

TEST(qformat, ranges_are_those_of_the_documented_examples) {
  const struct {
    const char *text;
    int bits;
    int64_t low, high;
  } rows[] = {
      {"Q1.6", 8, -128, 127},
      {"UQ0.8", 8, 0, 255},
      {"Q-2.9", 8, -128, 127},
      {"Q0.1", 2, -2, 1},
      {"Q0.0", 1, -1, 0},
      {"Q-3.3", 1, -1, 0},
      {"UQ1.0", 1, 0, 1},
      {"UQ-3.4", 1, 0, 1},
      {"Q31.0", 32, -INT64_C(0x80000000), 0x7fffffff},
      {"Q40.-9", 32, -INT64_C(0x80000000), 0x7fffffff},
      {"UQ0.32", 32, 0, INT64_C(0xffffffff)},
      {"UQ-95.127", 32, 0, INT64_C(0xffffffff)},
  };
  for (const auto &row : rows) {
    epx_qformat_t format = {};
    ASSERT_EQ(epx_qformat_parse(row.text, &format, nullptr), EPX_OK) << row.text;
    EXPECT_EQ(epx_qformat_bits(format), row.bits) << row.text;
    EXPECT_EQ(epx_qformat_min(format), row.low) << row.text;
    EXPECT_EQ(epx_qformat_max(format), row.high) << row.text;
  }
}

TEST(qformat, malformed_texts_are_refused_with_the_text_and_what_was_expected) {
  const char *const malformed[] = {
      "",
      " ",
      "Q",
      "U",
      "UQ",
      "Q1",
      "Q1.",
      "Q.6",
      "Q.",
      "Q1,6",
      "1.6",
      "q1.6",
      "uQ1.6",
      "uq1.6",
      "UUQ1.6",
      "QU1.6",
      "SQ1.6",
      " Q1.6",
      "Q1.6 ",
      "Q 1.6",
      "Q1. 6",
      "Q1 .6",
      "Q1.6\n",
      "Q1.6x",
      "Q+1.6",
      "Q1.+6",
      "Q--1.6",
      "Q1.--6",
      "Q-.6",
      "Q1.-",
      "Q01.6",
      "Q1.06",
      "Q-0.6",
      "Q8.-0",
      "Q00.6",
      "Q-01.6",
      "Q0x1.6",
      "Q1e0.6",
      "Q1.6.2",
      "Q1..6",
      "Q128.-99",
      "Q-99.128",
      "Q-129.150",
      "Q300.-2",
      "Q4294967297.6",
      "Q1.18446744073709551622",
      "UQ99999999999999999999999999.-99999999999999999999999",
  };
  for (const char *text : malformed) {
    epx_qformat_t untouched = {false, 77, 88};
    epx_error_t error = {{0}};
    EXPECT_EQ(epx_qformat_parse(text, &untouched, &error), EPX_ERR_ARGUMENT) << '"' << text << '"';
    EXPECT_FALSE(untouched.is_signed);
    EXPECT_EQ(untouched.integer_bits, 77) << text;
    EXPECT_EQ(untouched.fraction_bits, 88) << text;
    const std::string message = error.message;
    EXPECT_NE(message.find(std::string(text).substr(0, 40)), std::string::npos) << message;
    EXPECT_NE(message.find("expected"), std::string::npos) << message;
  }
  epx_qformat_t untouched = {true, 77, 88};
  EXPECT_EQ(epx_qformat_parse(nullptr, &untouched, nullptr), EPX_ERR_ARGUMENT);
  EXPECT_EQ(untouched.integer_bits, 77);
}

// A random text is legal only if it is the print of what it parses to.
TEST(qformat, random_texts_parse_only_to_what_prints_them) {
  quant_test::Random random;
  const std::string letters = "QU-.0123456789 +";
  for (int i = 0; i < 200000; i++) {
    std::string text = random.between(0, 1) != 0 ? "Q" : "UQ";
    for (int64_t left = random.between(0, 7); left > 0; left--) {
      text += letters[static_cast<size_t>(random.between(0, 15))];
    }
    epx_qformat_t format = {};
    if (epx_qformat_parse(text.c_str(), &format, nullptr) == EPX_OK) {
      ASSERT_TRUE(epx_qformat_valid(format)) << text;
      ASSERT_EQ(text_of(format), text);
    }
  }
}

}  // namespace
