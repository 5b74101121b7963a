/* SPDX-License-Identifier: Apache-2.0 */
/* A look into report pages, for tests. */
#ifndef REPORT_PAGE_TOOLS_H
#define REPORT_PAGE_TOOLS_H

#include "epx_report.h"
#include "report_test_tools.h"

/* The page of one run folder. */
inline std::string report_of(const std::string &folder) {
  const char *const folders[] = {folder.c_str()};
  const std::string out = folder + ".html";
  epx_error_t error = {};
  EXPECT_OK(epx_report_write(folders, 1, out.c_str(), &error));
  return read_text(out);
}

inline Json charts_of(const std::string &html) {
  const std::string open = "<script type=\"application/json\" id=\"charts\">";
  const size_t start = html.find(open) + open.size();
  return parse_json(html.substr(start, html.find("</script>", start) - start));
}

inline bool has(const std::string &html, const std::string &part) {
  return html.find(part) != std::string::npos;
}

/* The object of a list whose member is that text. */
inline const json_t *find_titled(const json_t *list, const char *member, const std::string &title) {
  size_t i;
  json_t *item;
  json_array_foreach(const_cast<json_t *>(list), i, item) {
    if (title == json_string_value(json_object_get(item, member))) {
      return item;
    }
  }
  ADD_FAILURE() << "nothing is called " << title;
  return nullptr;
}

/* The points of a chart's series. */
inline std::vector<std::pair<double, double>> points_of(const json_t *chart,
                                                        const std::string &series) {
  std::vector<std::pair<double, double>> points;
  size_t i;
  json_t *point;
  const json_t *found = find_titled(json_object_get(chart, "series"), "label", series);
  json_array_foreach(json_object_get(found, "points"), i, point) {
    points.emplace_back(json_number_value(json_array_get(point, 0)),
                        json_number_value(json_array_get(point, 1)));
  }
  return points;
}

#endif
