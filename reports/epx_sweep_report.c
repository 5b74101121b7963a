/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_sweep_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_page.h"
#include "epx_qformat.h"
#include "epx_record_file.h"
#include "epx_sweep_internal.h"

enum { RESULTS = 8 };

typedef struct result_column_t {
  const char *heading, *csv;
  int percent;
} result_column_t;

static const result_column_t COLUMNS[RESULTS] = {
    {"Test error", "test_error", 1},
    {"Train error", "train_error", 1},
    {"Test loss", "test_loss", 0},
    {"Training energy (\xc2\xb5J/image)", "energy_uj", 0},
    {"Inference energy (\xc2\xb5J/image)", "inference_energy_uj", 0},
    {"Latency (\xc2\xb5s)", "latency_us", 0},
    {"Simulated images/s", "images_per_second", 0},
    {"Simulation (s)", "seconds", 0},
};

static void list_results(const epx_sweep_result_t *result, double values[RESULTS]) {
  const double all[RESULTS] = {result->test_error,          result->train_error,
                               result->test_loss,           result->energy_uj,
                               result->inference_energy_uj, result->latency_us,
                               result->images_per_second,   result->seconds};
  memcpy(values, all, sizeof all);
}

static epx_table_t *make_table(const epx_sweep_store_t *store, int csv) {
  const char *headings[EPX_SWEEP_MAX_AXES + RESULTS + 3];
  bool right[EPX_SWEEP_MAX_AXES + RESULTS + 3];
  int columns = 0;
  headings[columns] = csv ? "index" : "Point";
  right[columns++] = true;
  for (int i = 0; i < store->axis_count; ++i) {
    headings[columns] = store->axes[i].key;
    right[columns++] = false;
  }
  headings[columns] = csv ? "status" : "Status";
  right[columns++] = false;
  for (int i = 0; i < RESULTS; ++i) {
    headings[columns] = csv ? COLUMNS[i].csv : COLUMNS[i].heading;
    right[columns++] = true;
  }
  headings[columns] = csv ? "message" : "Message";
  right[columns++] = false;
  return epx_table_create(columns, headings, right);
}

static void add_point(epx_table_t *table, const epx_sweep_point_t *point, int csv) {
  double values[RESULTS];
  char text[EPX_FORMAT_SIZE];
  list_results(&point->result, values);
  epx_table_cellf(table, "%d", point->index);
  for (int i = 0; i < point->axis_count; ++i) {
    epx_table_cell(table, point->values[i]);
  }
  epx_table_cell(table, epx_sweep_status_name(point->status));
  for (int i = 0; i < RESULTS; ++i) {
    if (csv) {
      epx_table_cellf(table, isfinite(values[i]) ? "%.17g" : "", values[i]);
    } else if (COLUMNS[i].percent) {
      epx_table_cell(table, epx_format_percent(values[i], text));
    } else {
      epx_table_cell(table, epx_format_number(values[i], text));
    }
  }
  epx_table_cell(table, point->message);
}

static epx_table_t *fill_table(const epx_sweep_store_t *store, const epx_sweep_point_t *points,
                               int count, int csv) {
  epx_table_t *table = make_table(store, csv);
  for (int i = 0; i < count; ++i) {
    add_point(table, &points[i], csv);
  }
  return table;
}

epx_status_t epx_sweep_write_table(epx_sweep_store_t *store, epx_table_format_t format, FILE *out,
                                   epx_error_t *error) {
  epx_sweep_point_t *points = NULL;
  int count = 0;
  epx_status_t status = epx_sweep_list(store, &points, &count, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_table_t *table = fill_table(store, points, count, format == EPX_TABLE_CSV);
  status = epx_table_write(table, format, out, error);
  epx_table_destroy(table);
  epx_sweep_points_free(points, count);
  return status;
}

/* Where a value stands on a numeric axis: a number, or the width of a Q-format in bits. */
static int parse_number(const char *text, double *x) {
  char *end;
  epx_qformat_t format;
  if (epx_qformat_parse(text, &format, NULL) == EPX_OK) {
    *x = epx_qformat_bits(format);
    return 1;
  }
  *x = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*x);
}

/* All values are numbers, and no two stand at the same place (Q1.6 and Q0.7 are both 8 bits). */
static int is_numeric(const epx_sweep_axis_t *axis) {
  double x, other;
  for (int i = 0; i < axis->value_count; ++i) {
    if (!parse_number(axis->values[i], &x)) {
      return 0;
    }
    for (int j = 0; j < i; ++j) {
      if (parse_number(axis->values[j], &other) && other == x) {
        return 0;
      }
    }
  }
  return axis->value_count > 0;
}

/* The axis title: its key, "(bits)" where its values are Q-formats placed by width. */
static const char *axis_title(const epx_sweep_axis_t *axis, char title[160]) {
  epx_qformat_t format;
  const int bits = is_numeric(axis) && epx_qformat_parse(axis->values[0], &format, NULL) == EPX_OK;
  snprintf(title, 160, "%s%s", axis->key, bits ? " (bits)" : "");
  return title;
}

/* The axis that charts run along: the first numeric one with several values, else the first one
 * with several values, else the first. */
static int chart_axis(const epx_sweep_store_t *store) {
  int chosen = -1;
  for (int i = 0; i < store->axis_count; ++i) {
    if (store->axes[i].value_count > 1) {
      if (is_numeric(&store->axes[i])) {
        return i;
      }
      chosen = chosen < 0 ? i : chosen;
    }
  }
  return chosen < 0 ? 0 : chosen;
}

/* "beta = 0.5, synapse = Q1.6": the other axes of a point, by the last part of their keys. */
static void curve_label(const epx_sweep_store_t *store, const epx_sweep_point_t *point, int along,
                        char label[256]) {
  label[0] = '\0';
  for (int i = 0; i < store->axis_count; ++i) {
    if (i == along || store->axes[i].value_count == 1) {
      continue;
    }
    const char *dot = strrchr(store->axes[i].key, '.');
    const size_t used = strlen(label);
    snprintf(label + used, 256 - used, "%s%s = %s", used > 0 ? ", " : "",
             dot != NULL ? dot + 1 : store->axes[i].key, point->values[i]);
  }
}

static json_t *curve(json_t *chart, const char *label) {
  json_t *all = json_object_get(chart, "series");
  size_t i;
  json_t *series;
  json_array_foreach(all, i, series) {
    if (strcmp(epx_json_get_text(series, "label"), label) == 0) {
      return series;
    }
  }
  const int colour = (int)json_array_size(all);
  return epx_chart_series(chart, label, colour, colour >= 8);
}

/* Points are listed in the order of the values given, so sort each curve by x. */
static void sort_curve(json_t *series) {
  json_t *points = json_object_get(series, "points");
  for (size_t i = 1; i < json_array_size(points); ++i) {
    json_t *moved = json_incref(json_array_get(points, i));
    const double x = json_number_value(json_array_get(moved, 0));
    size_t at = i;
    while (at > 0 && json_number_value(json_array_get(json_array_get(points, at - 1), 0)) > x) {
      --at;
    }
    json_array_remove(points, i);
    json_array_insert_new(points, at, moved);
  }
}

static void add_chart(epx_page_t *page, const epx_sweep_store_t *store,
                      const epx_sweep_point_t *points, int count, int result, const char *title,
                      const char *y_label, int flags) {
  const int along = chart_axis(store);
  const epx_sweep_axis_t *axis = &store->axes[along];
  const int numeric = is_numeric(axis);
  char x_label[160];
  json_t *chart = epx_chart_line(title, NULL, axis_title(axis, x_label), y_label, flags);
  for (int i = 0; !numeric && i < axis->value_count; ++i) {
    epx_chart_category(chart, axis->values[i]);
  }
  for (int i = 0; i < count; ++i) {
    char label[256];
    double values[RESULTS], x = 0.0;
    if (points[i].status != EPX_SWEEP_FINISHED) {
      continue;
    }
    list_results(&points[i].result, values);
    curve_label(store, &points[i], along, label);
    if (!numeric || !parse_number(points[i].values[along], &x)) {
      x = epx_chart_category(chart, points[i].values[along]);
    }
    epx_chart_point(curve(chart, label), x, values[result]);
  }
  size_t i;
  json_t *series;
  json_array_foreach(json_object_get(chart, "series"), i, series) {
    sort_curve(series);
  }
  if (epx_chart_is_empty(chart)) {
    json_decref(chart);
  } else {
    epx_page_chart(page, chart);
  }
}

static void add_charts(epx_page_t *page, const epx_sweep_store_t *store,
                       const epx_sweep_point_t *points, int count) {
  const int zero = EPX_CHART_Y_ZERO;
  epx_page_charts_begin(page);
  add_chart(page, store, points, count, 0, "Test error", "Test error", EPX_CHART_Y_PERCENT | zero);
  add_chart(page, store, points, count, 3, "Energy of one training image",
            "Energy per image (\xc2\xb5J)", zero);
  add_chart(page, store, points, count, 4, "Energy of one inference",
            "Energy per image (\xc2\xb5J)", zero);
  add_chart(page, store, points, count, 5, "Latency of one inference", "Latency (\xc2\xb5s)", zero);
  epx_page_charts_end(page);
}

static void add_settings(epx_page_t *page, const epx_settings_t *settings) {
  static const char *const HEADINGS[] = {"Setting", "Value"};
  static const bool RIGHT[] = {false, false};
  if (settings->count == 0) {
    return;
  }
  epx_table_t *table = epx_table_create(2, HEADINGS, RIGHT);
  for (int i = 0; i < settings->count; ++i) {
    epx_table_cell(table, settings->items[i].key);
    epx_table_cell(table, settings->items[i].value);
  }
  epx_page_section(page, "Settings");
  epx_page_fold_begin(page, "Settings shared by all points");
  epx_page_table(page, table);
  epx_page_fold_end(page);
}

static void add_progress(epx_page_t *page, const epx_sweep_point_t *points, int count) {
  int number[4] = {0};
  for (int i = 0; i < count; ++i) {
    ++number[points[i].status];
  }
  const int finished = number[EPX_SWEEP_FINISHED];
  epx_page_text(page, finished == count ? EPX_PAGE_PLAIN : EPX_PAGE_NOTICE,
                "%d of %d points finished%s; %d pending or running, %d failed.", finished, count,
                finished == count ? "" : " so far",
                number[EPX_SWEEP_PENDING] + number[EPX_SWEEP_RUNNING], number[EPX_SWEEP_FAILED]);
}

epx_status_t epx_sweep_report_write(epx_sweep_store_t *store, const char *out_path,
                                    epx_error_t *error) {
  epx_sweep_point_t *points = NULL;
  epx_settings_t settings = {0};
  int count = 0;
  epx_status_t status = epx_sweep_list(store, &points, &count, error);
  if (status == EPX_OK) {
    status = epx_sweep_settings(store, &settings, error);
  }
  if (status == EPX_OK) {
    const char *slash = strrchr(store->path, '/');
    char title[256];
    snprintf(title, sizeof title, "epxbar sweep: %s", slash != NULL ? slash + 1 : store->path);
    epx_page_t *page = epx_page_create(title);
    epx_page_section(page, "Results");
    add_progress(page, points, count);
    add_charts(page, store, points, count);
    epx_page_section(page, "Every point");
    epx_page_table(page, fill_table(store, points, count, 0));
    add_settings(page, &settings);
    status = epx_page_write(page, out_path, error);
    epx_page_destroy(page);
  }
  epx_settings_clear(&settings);
  epx_sweep_points_free(points, count);
  return status;
}
