/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_table.h"

#include <cmath>

#include "epx_format.h"
#include "report_test_tools.h"

namespace {

std::string write_table(epx_table_t *table, epx_table_format_t format) {
  char *text = nullptr;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  epx_error_t error = {};
  EXPECT_OK(epx_table_write(table, format, out, &error));
  fclose(out);
  std::string result(text, size);
  free(text);
  return result;
}

epx_table_t *make_table(const std::vector<std::string> &cells) {
  const char *const headings[] = {"name", "value"};
  const bool right[] = {false, true};
  epx_table_t *table = epx_table_create(2, headings, right);
  for (const auto &cell : cells) {
    epx_table_cell(table, cell.c_str());
  }
  return table;
}

TEST(Table, TextIsAligned) {
  epx_table_t *table = make_table({"a", "1", "long \xc2\xb5", "1000"});
  EXPECT_EQ(write_table(table, EPX_TABLE_TEXT),
            "name    value\n"
            "------  -----\n"
            "a           1\n"
            "long \xc2\xb5   1000\n");
  epx_table_destroy(table);
}

TEST(Table, MarkdownEscapesBars) {
  epx_table_t *table = make_table({"a|b", "1", "two\nlines", "2"});
  EXPECT_EQ(write_table(table, EPX_TABLE_MARKDOWN),
            "| name      | value |\n"
            "| --------- | ----: |\n"
            "| a\\|b      |     1 |\n"
            "| two lines |     2 |\n");
  epx_table_destroy(table);
}

TEST(Table, HtmlEscapesEveryCell) {
  epx_table_t *table = make_table({"<b onclick='x'>", "\"&\""});
  const std::string html = write_table(table, EPX_TABLE_HTML);
  EXPECT_NE(html.find("&lt;b onclick=&#39;x&#39;&gt;"), std::string::npos);
  EXPECT_NE(html.find("&quot;&amp;&quot;"), std::string::npos);
  EXPECT_EQ(html.find("onclick='"), std::string::npos);
  epx_table_destroy(table);
}

/* An independent reader of RFC 4180. */
std::vector<std::string> parse_csv(const std::string &text) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cells.back() += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  cells.pop_back();
  return cells;
}

TEST(Table, CsvRoundTripsAnyText) {
  std::mt19937 random = seeded();
  const std::string letters = "ab,\"\n\r ;'";
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<std::string> cells;
    for (int i = 0; i < 20; ++i) {
      std::string cell;
      for (unsigned n = random() % 6; n > 0; --n) {
        cell += letters[random() % letters.size()];
      }
      cells.push_back(cell);
    }
    epx_table_t *table = make_table(cells);
    std::vector<std::string> expected = {"name", "value"};
    expected.insert(expected.end(), cells.begin(), cells.end());
    EXPECT_EQ(parse_csv(write_table(table, EPX_TABLE_CSV)), expected);
    epx_table_destroy(table);
  }
}

TEST(Table, AFullDiskIsAnError) {
  FILE *full = fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  setvbuf(full, nullptr, _IONBF, 0);
  epx_table_t *table = make_table({"a", "1"});
  epx_error_t error = {};
  EXPECT_EQ(epx_table_write(table, EPX_TABLE_TEXT, full, &error), EPX_ERR_IO);
  epx_table_destroy(table);
  fclose(full);
}

TEST(Format, NumbersAsPeopleReadThem) {
  char text[EPX_FORMAT_SIZE];
  EXPECT_STREQ(epx_format_number(0.12345, text), "0.1235");
  EXPECT_STREQ(epx_format_number(12.3, text), "12.30");
  EXPECT_STREQ(epx_format_number(999.94, text), "999.9");
  EXPECT_STREQ(epx_format_number(999.96, text), "1,000");
  EXPECT_STREQ(epx_format_number(-1234567.0, text), "-1,234,567");
  EXPECT_STREQ(epx_format_number(2e-7, text), "2.000e-07");
  EXPECT_STREQ(epx_format_number(NAN, text), "\xe2\x80\x93");
  EXPECT_STREQ(epx_format_short(0.05, text), "0.05");
  EXPECT_STREQ(epx_format_short(290.0, text), "290");
  EXPECT_STREQ(epx_format_short(1000.0, text), "1,000");
  EXPECT_STREQ(epx_format_short(0.0, text), "0");
  EXPECT_STREQ(epx_format_count(1e18, text), "1.000e+18");
  EXPECT_STREQ(epx_format_count(-123, text), "-123");
  EXPECT_STREQ(epx_format_percent(0.12345, text), "12.35 %");
  EXPECT_STREQ(epx_format_range(0.5, 20, text), "0.5 to 20");
  EXPECT_STREQ(epx_format_seconds(0.25, text), "250 ms");
  EXPECT_STREQ(epx_format_seconds(245.2, text), "4 min 05 s");
  EXPECT_STREQ(epx_format_seconds(3599.7, text), "1 h 00 min");
}

}  // namespace
