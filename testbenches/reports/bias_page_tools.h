/* SPDX-License-Identifier: Apache-2.0 */
/* Report pages of bias records, for tests. */
#ifndef BIAS_PAGE_TOOLS_H
#define BIAS_PAGE_TOOLS_H

#include "bias_sample.h"
#include "report_page_tools.h"

inline void write_record(const std::string &folder, const std::vector<epx_bias_row_t> &rows,
                         bool finished = true, const char *value = "conv 8 - dense 10") {
  const char *const names[] = {"network", "parameters"};
  const char *const values[] = {value, nullptr};
  epx_bias_record_t *record = nullptr;
  epx_error_t error = {};
  ASSERT_OK(epx_bias_record_open(folder.c_str(), "settings", names, values, 2, &record, &error));
  ASSERT_OK(epx_bias_record_append(record, rows.data(), static_cast<int>(rows.size()), &error));
  if (finished) {
    ASSERT_OK(epx_bias_record_close(record, &error));
  }
  epx_bias_record_destroy(record);
}

inline std::string page_of(const std::vector<epx_bias_row_t> &rows, bool finished = true) {
  Folder folder;
  write_record(folder / "run", rows, finished);
  return report_of(folder / "run");
}

/* Whether a table has these cells side by side. */
inline bool has_cells(std::string html, const std::vector<std::string> &texts) {
  const std::string align = " class=\"number\"";
  for (size_t at = html.find(align); at != std::string::npos; at = html.find(align, at)) {
    html.erase(at, align.size());
  }
  std::string wanted;
  for (const auto &text : texts) {
    wanted += (wanted.empty() ? "<td>" : "</td><td>") + text;
  }
  return has(html, wanted + "</td>");
}

#endif
