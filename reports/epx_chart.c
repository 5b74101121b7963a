/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_chart.h"

#include <math.h>
#include <string.h>

#include "epx_record_file.h"

json_t *epx_chart_line(const char *title, const char *note, const char *x_label,
                       const char *y_label, int flags) {
  return json_pack("{s:s, s:o, s:o, s:{s:o, s:b, s:[]}, s:{s:o, s:b, s:b, s:b}, s:[]}", "kind",
                   "line", "title", epx_json_text(title), "note", epx_json_text(note), "x", "label",
                   epx_json_text(x_label), "log", (flags & EPX_CHART_X_LOG) != 0, "labels", "y",
                   "label", epx_json_text(y_label), "log", (flags & EPX_CHART_Y_LOG) != 0,
                   "percent", (flags & EPX_CHART_Y_PERCENT) != 0, "zero",
                   (flags & EPX_CHART_Y_ZERO) != 0, "series");
}

json_t *epx_chart_bar(const char *title, const char *note, const char *value_label) {
  json_t *chart = epx_chart_line(title, note, "", value_label, EPX_CHART_Y_ZERO);
  if (chart != NULL) {
    json_object_set_new(chart, "kind", json_string("bar"));
  }
  return chart;
}

int epx_chart_category(json_t *chart, const char *label) {
  json_t *labels = json_object_get(json_object_get(chart, "x"), "labels");
  json_t *text = epx_json_text(label);
  size_t i = 0;
  while (i < json_array_size(labels) && !json_equal(json_array_get(labels, i), text)) {
    ++i;
  }
  if (i == json_array_size(labels)) {
    json_array_append(labels, text);
  }
  json_decref(text);
  return (int)i;
}

json_t *epx_chart_series(json_t *chart, const char *label, int colour, int dashed) {
  json_t *series = json_pack("{s:o, s:i, s:b, s:[], s:[]}", "label", epx_json_text(label), "colour",
                             colour, "dashed", dashed, "points", "ranges");
  if (series != NULL && json_array_append_new(json_object_get(chart, "series"), series) != 0) {
    return NULL;
  }
  return series;
}

void epx_chart_smooth(json_t *series) {
  json_object_set_new(series, "smooth", json_true());
}

static void append_pair(json_t *array, double a, double b) {
  json_array_append_new(array, json_pack("[o, o]", epx_json_number(a), epx_json_number(b)));
}

void epx_chart_point(json_t *series, double x, double y) {
  if (isfinite(x) && isfinite(y)) {
    append_pair(json_object_get(series, "points"), x, y);
  }
}

void epx_chart_bar_value(json_t *series, int category, double value, double low, double high) {
  if (isfinite(value)) {
    append_pair(json_object_get(series, "points"), category, value);
    append_pair(json_object_get(series, "ranges"), low, high);
  }
}

int epx_chart_is_empty(const json_t *chart) {
  size_t i;
  json_t *series;
  json_array_foreach(json_object_get(chart, "series"), i, series) {
    if (json_array_size(json_object_get(series, "points")) > 0) {
      return 0;
    }
  }
  return 1;
}

int epx_chart_height(const json_t *chart) {
  if (strcmp(epx_json_get_text(chart, "kind"), "bar") != 0) {
    return 290;
  }
  const json_t *labels = json_object_get(json_object_get(chart, "x"), "labels");
  const size_t series = json_array_size(json_object_get(chart, "series"));
  return 90 + (int)(json_array_size(labels) * (14 + 14 * (series > 0 ? series : 1)));
}
