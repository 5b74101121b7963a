/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient agreement: by layer for every network, and the error against the nudging factor. */
#include <math.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_record_file.h"
#include "epx_report_internal.h"

enum { MAX_BETAS = 64 };

/* "conv 8 - dense 10, max pooling": the rows that share a chart. */
static void group_name(const json_t *row, char name[256]) {
  const char *pool = epx_json_get_text(row, "pool");
  snprintf(name, 256, "%s%s%s%s", epx_json_get_text(row, "network"), pool[0] != '\0' ? ", " : "",
           strcmp(pool, "none") == 0 ? "no" : pool, pool[0] != '\0' ? " pooling" : "");
}

static void series_name(const json_t *row, int with_beta, char name[160]) {
  char beta[EPX_FORMAT_SIZE];
  snprintf(name, 160, "%s, %s%s%s", epx_json_get_text(row, "estimator"),
           epx_json_get_text(row, "substrate"), with_beta ? ", \xce\xb2 = " : "",
           with_beta ? epx_format_short(epx_json_get_number(row, "beta"), beta) : "");
}

/* The distinct nudging factors, ascending; returns their number. */
static int list_betas(const json_t *rows, double betas[MAX_BETAS]) {
  int count = 0;
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)rows, i, row) {
    const double beta = epx_json_get_number(row, "beta");
    int at = 0;
    while (at < count && betas[at] < beta) {
      ++at;
    }
    if (isfinite(beta) && count < MAX_BETAS && (at == count || betas[at] != beta)) {
      memmove(&betas[at + 1], &betas[at], (size_t)(count - at) * sizeof *betas);
      betas[at] = beta;
      ++count;
    }
  }
  return count;
}

/* The series of that label, made where there is none yet. */
static json_t *find_series(json_t *chart, const char *label, int dashed) {
  json_t *all = json_object_get(chart, "series");
  size_t i;
  json_t *series;
  json_array_foreach(all, i, series) {
    if (strcmp(epx_json_get_text(series, "label"), label) == 0) {
      return series;
    }
  }
  return epx_chart_series(chart, label, (int)json_array_size(all), dashed);
}

/* Keeps the larger y of two points at the same x. */
static void put_worst(json_t *series, double x, double y) {
  json_t *points = json_object_get(series, "points");
  size_t i;
  json_t *point;
  json_array_foreach(points, i, point) {
    if (json_number_value(json_array_get(point, 0)) == x) {
      if (y > json_number_value(json_array_get(point, 1))) {
        json_array_set_new(point, 1, epx_json_number(y));
      }
      return;
    }
  }
  epx_chart_point(series, x, y);
}

/* Cosine by layer of one group: the smallest and the largest nudging factor where there are many.
 */
static void chart_layers(epx_page_t *page, const json_t *rows, const char *group,
                         const double *betas, int beta_count) {
  const int few = beta_count <= 3;
  char title[320];
  snprintf(title, sizeof title, "Cosine by layer: %s", group);
  json_t *chart = epx_chart_line(
      title,
      few ? "1: the estimate points where the reference does."
          : "1: the estimate points where the reference does. Smallest and largest \xce\xb2 only.",
      "Layer", "Cosine", 0);
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)rows, i, row) {
    char own[256], label[160];
    const double beta = epx_json_get_number(row, "beta");
    group_name(row, own);
    if (strcmp(own, group) != 0 || (!few && beta != betas[0] && beta != betas[beta_count - 1])) {
      continue;
    }
    series_name(row, 1, label);
    const int layer = epx_chart_category(chart, epx_json_get_text(row, "layer"));
    epx_chart_point(
        find_series(chart, label, strcmp(epx_json_get_text(row, "estimator"), "symmetric") != 0),
        layer, epx_json_get_number(row, "cosine"));
  }
  epx_page_chart(page, chart);
}

/* Worst relative error over layers against the nudging factor, both logarithmic: slopes are orders.
 */
static void chart_beta(epx_page_t *page, const json_t *rows, const char *group) {
  char title[320];
  snprintf(title, sizeof title, "Error against \xce\xb2: %s", group);
  json_t *chart = epx_chart_line(
      title, "Largest over layers; on these axes a bias of order n has slope n.",
      "Nudging factor \xce\xb2", "Relative L2 error", EPX_CHART_X_LOG | EPX_CHART_Y_LOG);
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)rows, i, row) {
    char own[256], label[160];
    const double beta = epx_json_get_number(row, "beta");
    const double worst = epx_json_get_number(row, "relative_l2");
    group_name(row, own);
    if (strcmp(own, group) == 0 && beta > 0.0 && worst > 0.0) {
      series_name(row, 0, label);
      put_worst(
          find_series(chart, label, strcmp(epx_json_get_text(row, "estimator"), "symmetric") != 0),
          beta, worst);
    }
  }
  epx_page_chart(page, chart);
}

static void table_rows(epx_page_t *page, const json_t *rows) {
  static const char *const HEADINGS[] = {"Network",   "Pooling",           "Estimator",
                                         "Substrate", "\xce\xb2",          "Layer",
                                         "Cosine",    "Relative L2 error", "Signs that agree"};
  static const bool RIGHT[] = {false, false, false, false, true, false, true, true, true};
  char text[EPX_FORMAT_SIZE];
  epx_table_t *table = epx_table_create(9, HEADINGS, RIGHT);
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)rows, i, row) {
    const double cosine = epx_json_get_number(row, "cosine");
    epx_table_cell(table, epx_json_get_text(row, "network"));
    epx_table_cell(table, epx_json_get_text(row, "pool"));
    epx_table_cell(table, epx_json_get_text(row, "estimator"));
    epx_table_cell(table, epx_json_get_text(row, "substrate"));
    epx_table_cell(table, epx_format_short(epx_json_get_number(row, "beta"), text));
    epx_table_cell(table, epx_json_get_text(row, "layer"));
    epx_table_cellf(table, isfinite(cosine) ? "%.6f" : "\xe2\x80\x93", cosine);
    epx_table_cell(table, epx_format_number(epx_json_get_number(row, "relative_l2"), text));
    epx_table_cell(table, epx_format_percent(epx_json_get_number(row, "sign_agreement"), text));
  }
  epx_page_table(page, table);
}

/* True where an earlier row belongs to the same group. */
static int seen_before(const json_t *rows, size_t index, const char *group) {
  for (size_t i = 0; i < index; ++i) {
    char own[256];
    group_name(json_array_get(rows, i), own);
    if (strcmp(own, group) == 0) {
      return 1;
    }
  }
  return 0;
}

static void show_run(epx_page_t *page, const epx_report_run_t *run) {
  const json_t *rows = json_object_get(run->gradient, "rows");
  double betas[MAX_BETAS];
  const int beta_count = list_betas(rows, betas);
  char text[EPX_FORMAT_SIZE];
  epx_page_heading(page, run->label);
  epx_page_text(page, EPX_PAGE_PLAIN, "Mini-batch of %s images, compared with %s in %s.",
                epx_format_count(epx_json_get_number(run->gradient, "batch"), text),
                epx_json_get_text(run->gradient, "reference"),
                epx_json_get_text(run->gradient, "precision"));
  epx_page_charts_begin(page);
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)rows, i, row) {
    char group[256];
    group_name(row, group);
    if (seen_before(rows, i, group)) {
      continue;
    }
    chart_layers(page, rows, group, betas, beta_count);
    if (beta_count > 1) {
      chart_beta(page, rows, group);
    }
  }
  epx_page_charts_end(page);
  epx_page_fold_begin(page, "Every layer, estimator and \xce\xb2");
  table_rows(page, rows);
  epx_page_fold_end(page);
}

void epx_report_gradient(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (json_array_size(json_object_get(runs[i].gradient, "rows")) == 0) {
      continue;
    }
    if (shown++ == 0) {
      epx_page_section(page, "Gradient agreement");
    }
    show_run(page, &runs[i]);
  }
}
