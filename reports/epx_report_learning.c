/* SPDX-License-Identifier: Apache-2.0 */
/* Learning curves: error and loss over epochs, one colour a run, training dashed. */
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_report_internal.h"

static void add_curve(json_t *chart, const epx_report_run_t *run, int colour, epx_split_t split,
                      int loss) {
  char label[160];
  snprintf(label, sizeof label, "%s, %s", run->label, split == EPX_SPLIT_TEST ? "test" : "train");
  json_t *series = epx_chart_series(chart, label, colour, split == EPX_SPLIT_TRAIN);
  for (int i = 0; i < run->metrics_count; ++i) {
    if (run->metrics[i].split == split) {
      epx_chart_point(series, run->metrics[i].epoch,
                      loss ? run->metrics[i].loss : run->metrics[i].error);
    }
  }
}

static void add_chart(epx_page_t *page, const epx_report_run_t *runs, int count, int loss) {
  json_t *chart = loss ? epx_chart_line("Loss", "Mean over the images of the split.", "Epoch",
                                        "Loss", EPX_CHART_Y_ZERO)
                       : epx_chart_line("Error", "Images classified wrongly.", "Epoch", "Error",
                                        EPX_CHART_Y_PERCENT | EPX_CHART_Y_ZERO);
  for (int i = 0; i < count; ++i) {
    if (runs[i].metrics_count > 0) {
      add_curve(chart, &runs[i], i, EPX_SPLIT_TEST, loss);
      add_curve(chart, &runs[i], i, EPX_SPLIT_TRAIN, loss);
    }
  }
  epx_page_chart(page, chart);
}

/* Angles between forward and backward weights, one curve a layer. */
static void add_alignment(epx_page_t *page, const epx_report_run_t *runs, int count) {
  json_t *chart =
      epx_chart_line("Alignment of backward weights",
                     "90\xc2\xb0: unrelated to the forward weights; 0\xc2\xb0: their transpose.",
                     "Epoch", "Angle, degrees", EPX_CHART_Y_ZERO);
  int curve = 0;
  for (int i = 0; i < count; ++i) {
    const epx_alignment_row_t *rows = runs[i].alignment;
    for (int first = 0; first < runs[i].alignment_count && rows[first].epoch == rows[0].epoch;
         ++first) {
      char label[192];
      snprintf(label, sizeof label, "%s, %s", runs[i].label, rows[first].layer);
      json_t *series = epx_chart_series(chart, label, curve++, 0);
      for (int k = first; k < runs[i].alignment_count; ++k) {
        if (strcmp(rows[k].layer, rows[first].layer) == 0) {
          epx_chart_point(series, rows[k].epoch, rows[k].angle);
        }
      }
    }
  }
  epx_page_chart(page, chart);
}

static void add_rows(epx_page_t *page, const epx_report_run_t *run) {
  static const char *const HEADINGS[] = {"Epoch",  "Split",    "Loss", "Error",
                                         "Images", "Images/s", "Time", "Learning rate"};
  static const bool RIGHT[] = {true, false, true, true, true, true, true, true};
  char text[EPX_FORMAT_SIZE];
  epx_table_t *table = epx_table_create(8, HEADINGS, RIGHT);
  for (int i = 0; i < run->metrics_count; ++i) {
    const epx_metrics_row_t *row = &run->metrics[i];
    epx_table_cellf(table, "%d", row->epoch);
    epx_table_cell(table, row->split == EPX_SPLIT_TRAIN ? "train" : "test");
    epx_table_cell(table, epx_format_number(row->loss, text));
    epx_table_cell(table, epx_format_percent(row->error, text));
    epx_table_cell(table, epx_format_count((double)row->images, text));
    epx_table_cell(table, epx_format_number(row->images_per_second, text));
    epx_table_cell(table, epx_format_seconds(row->seconds, text));
    epx_table_cell(table, epx_format_number(row->learning_rate, text));
  }
  char title[192];
  snprintf(title, sizeof title, "Every epoch of %s", run->label);
  epx_page_fold_begin(page, title);
  epx_page_table(page, table);
  epx_page_fold_end(page);
}

void epx_report_learning(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int rows = 0, angles = 0;
  for (int i = 0; i < count; ++i) {
    rows += runs[i].metrics_count;
    angles += runs[i].alignment_count;
  }
  if (rows == 0) {
    return;
  }
  epx_page_section(page, "Learning curves");
  epx_page_charts_begin(page);
  add_chart(page, runs, count, 0);
  add_chart(page, runs, count, 1);
  if (angles > 0) {
    add_alignment(page, runs, count);
  }
  epx_page_charts_end(page);
  for (int i = 0; i < count; ++i) {
    if (runs[i].metrics_count > 0) {
      add_rows(page, &runs[i]);
    }
  }
}
