/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions that clipped: shares over epochs, and the last epoch's counts. */
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_report_internal.h"

static bool same_line(const epx_clip_row_t *a, const epx_clip_row_t *b) {
  return strcmp(a->layer, b->layer) == 0 && a->backward == b->backward;
}

static void add_chart(epx_page_t *page, const epx_report_run_t *runs, int count) {
  json_t *chart =
      epx_chart_line("Clipped conversions", "Sums that lay outside their converter's range.",
                     "Epoch", "Share", EPX_CHART_Y_PERCENT | EPX_CHART_Y_ZERO);
  int curve = 0;
  for (int i = 0; i < count; ++i) {
    const epx_clip_row_t *rows = runs[i].clips;
    for (int first = 0; first < runs[i].clip_count && rows[first].epoch == rows[0].epoch; ++first) {
      char label[192];
      snprintf(label, sizeof label, "%s, %s", runs[i].label, rows[first].layer);
      json_t *series = epx_chart_series(chart, label, curve++, rows[first].backward);
      for (int k = first; k < runs[i].clip_count; ++k) {
        if (same_line(&rows[k], &rows[first])) {
          epx_chart_point(series, rows[k].epoch, epx_clip_share(&rows[k]));
        }
      }
    }
  }
  epx_page_chart(page, chart);
}

static void add_rows(epx_page_t *page, const epx_report_run_t *runs, int count) {
  static const char *const HEADINGS[] = {"Run",         "Epoch",   "Layer", "Direction",
                                         "Conversions", "Clipped", "Share"};
  static const bool RIGHT[] = {false, true, false, false, true, true, true};
  char text[EPX_FORMAT_SIZE];
  epx_table_t *table = epx_table_create(7, HEADINGS, RIGHT);
  for (int i = 0; i < count; ++i) {
    const epx_clip_row_t *rows = runs[i].clips, *last = rows + runs[i].clip_count - 1;
    for (int k = 0; k < runs[i].clip_count; ++k) {
      if (rows[k].epoch == last->epoch) {
        epx_table_cell(table, runs[i].label);
        epx_table_cellf(table, "%d", rows[k].epoch);
        epx_table_cell(table, rows[k].layer);
        epx_table_cell(table, rows[k].backward ? "backward" : "forward");
        epx_table_cell(table, epx_format_count((double)rows[k].conversions, text));
        epx_table_cell(table, epx_format_count((double)rows[k].clips, text));
        epx_table_cell(table, epx_format_percent(epx_clip_share(&rows[k]), text));
      }
    }
  }
  epx_page_table(page, table);
}

void epx_report_clips(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int rows = 0;
  for (int i = 0; i < count; ++i) {
    rows += runs[i].clip_count;
  }
  if (rows == 0) {
    return;
  }
  epx_page_section(page, "Converter ranges");
  epx_page_charts_begin(page);
  add_chart(page, runs, count);
  epx_page_charts_end(page);
  epx_page_text(page, EPX_PAGE_SMALL,
                "Dashed: backward. Of all conversions of an epoch, training and test. A sum that "
                "clips is read as its converter's last level; the table has the last epoch.");
  add_rows(page, runs, count);
}
