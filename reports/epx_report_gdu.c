/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient-descending updates: EP's cumulative updates against BPTT's, step by step, drawn as in
 * Ernoult et al. (NeurIPS 2019) and Laborieux et al. (2021). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_report_internal.h"

static bool same_setting(const epx_gdu_row_t *a, const epx_gdu_row_t *b) {
  return a->beta == b->beta && strcmp(a->estimator, b->estimator) == 0;
}

static bool same_layer(const epx_gdu_row_t *a, const epx_gdu_row_t *b) {
  return same_setting(a, b) && strcmp(a->layer, b->layer) == 0;
}

typedef bool same_t(const epx_gdu_row_t *a, const epx_gdu_row_t *b);

static bool is_first(const epx_gdu_row_t *rows, int i, same_t *same) {
  for (int k = 0; k < i; ++k) {
    if (same(&rows[k], &rows[i])) {
      return false;
    }
  }
  return true;
}

/* The rows of one parameter of one layer, as two curves. */
static void add_parameter(json_t *chart, const epx_report_run_t *run, const epx_gdu_row_t *of,
                          int colour) {
  char label[64];
  json_t *curves[2];
  for (int bptt = 0; bptt < 2; ++bptt) {
    snprintf(label, sizeof label, "parameter %d, %s", of->parameter, bptt ? "BPTT" : "EP");
    curves[bptt] = epx_chart_series(chart, label, colour, bptt);
  }
  for (int i = 0; i < run->gdu_count; ++i) {
    const epx_gdu_row_t *row = &run->gdu[i];
    if (same_layer(row, of) && row->parameter == of->parameter) {
      epx_chart_point(curves[0], row->step, row->ep);
      epx_chart_point(curves[1], row->step, row->bptt);
    }
  }
}

static bool same_parameter(const epx_gdu_row_t *a, const epx_gdu_row_t *b) {
  return same_layer(a, b) && a->parameter == b->parameter;
}

static void chart_layer(epx_page_t *page, const epx_report_run_t *run, const epx_gdu_row_t *of) {
  char title[64];
  snprintf(title, sizeof title, "Updates of %s", of->layer);
  json_t *chart = epx_chart_line(title, "Cumulative, some of the layer's parameters. Dashed: BPTT.",
                                 "Step t of the nudged phase", "Update", 0);
  int colour = 0;
  for (int i = 0; i < run->gdu_count; ++i) {
    const epx_gdu_row_t *row = &run->gdu[i];
    if (row->parameter >= 0 && same_layer(row, of) && is_first(run->gdu, i, same_parameter)) {
      add_parameter(chart, run, row, colour++);
    }
  }
  if (epx_chart_is_empty(chart)) {
    json_decref(chart);
  } else {
    epx_page_chart(page, chart);
  }
}

static void chart_error(epx_page_t *page, const epx_report_run_t *run, const epx_gdu_row_t *of,
                        bool cosine) {
  json_t *chart =
      cosine ? epx_chart_line("Direction of the updates", "Cosine of EP's and BPTT's, by layer.",
                              "Step t of the nudged phase", "Cosine", 0)
             : epx_chart_line("Error of the updates", "Relative L2, by layer.",
                              "Step t of the nudged phase", "Relative L2 error", EPX_CHART_Y_LOG);
  int colour = 0;
  for (int i = 0; i < run->gdu_count; ++i) {
    const epx_gdu_row_t *first = &run->gdu[i];
    if (!same_setting(first, of) || !is_first(run->gdu, i, same_layer)) {
      continue;
    }
    json_t *series = epx_chart_series(chart, first->layer, colour++, 0);
    for (int k = i; k < run->gdu_count; ++k) {
      const epx_gdu_row_t *row = &run->gdu[k];
      if (row->parameter < 0 && same_layer(row, first)) {
        const double error = row->relative_l2 > 0.0 ? row->relative_l2 : (double)NAN;
        epx_chart_point(series, row->step, cosine ? row->cosine : error);
      }
    }
  }
  epx_page_chart(page, chart);
}

static void show_setting(epx_page_t *page, const epx_report_run_t *run, const epx_gdu_row_t *of) {
  char beta[EPX_FORMAT_SIZE], title[256];
  snprintf(title, sizeof title, "%s: %s, \xce\xb2 = %s", run->label, of->estimator,
           epx_format_short(of->beta, beta));
  epx_page_heading(page, title);
  epx_page_charts_begin(page);
  chart_error(page, run, of, false);
  chart_error(page, run, of, true);
  for (int i = 0; i < run->gdu_count; ++i) {
    if (same_setting(&run->gdu[i], of) && is_first(run->gdu, i, same_layer)) {
      chart_layer(page, run, &run->gdu[i]);
    }
  }
  epx_page_charts_end(page);
}

void epx_report_gdu(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (runs[i].gdu_count > 0 && shown++ == 0) {
      epx_page_section(page, "Updates step by step");
      epx_page_text(page, EPX_PAGE_PLAIN,
                    "EP's update after t steps of the nudged phase against that of "
                    "backpropagation through the last t steps of the free phase. For a small "
                    "\xce\xb2 and a settled free phase they are equal at every t.");
    }
    for (int k = 0; k < runs[i].gdu_count; ++k) {
      if (is_first(runs[i].gdu, k, same_setting)) {
        show_setting(page, &runs[i], &runs[i].gdu[k]);
      }
    }
  }
}
