/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_junit.h"

#include "report_test_tools.h"

namespace {

TEST(Junit, tells_what_passed_what_differs_and_what_broke) {
  const epx_junit_case_t cases[] = {{"states", 12, 0, "", false},
                                    {"<shadow> & \"weights\"", 7, 3, "row 1, 'bit' 2", false},
                                    {"biases", 5, 1, nullptr, false},
                                    {"run", 0, 0, "deadlock: a < b", true}};
  const Folder folder;
  const std::string path = folder / "v.xml";
  epx_error_t error = {};
  ASSERT_OK(epx_junit_write(path.c_str(), "epxbar & co", cases, 4, 1.25, &error));
  EXPECT_EQ(read_text(path),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"epxbar &amp; co\" tests=\"4\" failures=\"2\" errors=\"1\" "
            "time=\"1.250\">\n"
            "    <testcase classname=\"epxbar &amp; co\" name=\"states\" assertions=\"12\"/>\n"
            "    <testcase classname=\"epxbar &amp; co\" name=\"&lt;shadow&gt; &amp; "
            "&quot;weights&quot;\" assertions=\"7\">\n"
            "      <failure message=\"3 of 7 differ; first: row 1, &#39;bit&#39; 2\"/>\n"
            "    </testcase>\n"
            "    <testcase classname=\"epxbar &amp; co\" name=\"biases\" assertions=\"5\">\n"
            "      <failure message=\"1 of 5 differ\"/>\n    </testcase>\n"
            "    <testcase classname=\"epxbar &amp; co\" name=\"run\" assertions=\"0\">\n"
            "      <error message=\"deadlock: a &lt; b\"/>\n    </testcase>\n"
            "  </testsuite>\n</testsuites>\n");
}

TEST(Junit, of_a_run_that_broke_is_one_error) {
  const Folder folder;
  const std::string path = folder / "v.xml";
  epx_error_t error = {};
  ASSERT_OK(epx_junit_write_error(path.c_str(), "s", "no progress", &error));
  const std::string text = read_text(path);
  EXPECT_NE(text.find("tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos) << text;
  EXPECT_NE(text.find("name=\"run\""), std::string::npos) << text;
  EXPECT_NE(text.find("<error message=\"no progress\"/>"), std::string::npos) << text;
  EXPECT_EQ(epx_junit_write_error((folder / "missing/v.xml").c_str(), "s", "", &error), EPX_ERR_IO);
}

}  // namespace
