/* SPDX-License-Identifier: Apache-2.0 */
/* What number formats hold: before training and at the end of the last epoch. */
#include <math.h>

#include "epx_format.h"
#include "epx_report_internal.h"

static void add_share(epx_table_t *table, double share) {
  char text[EPX_FORMAT_SIZE];
  epx_table_cell(table, isnan(share) ? "" : epx_format_percent(share, text));
}

static void add_row(epx_table_t *table, const char *run, const epx_health_row_t *row) {
  epx_table_cell(table, run);
  epx_table_cellf(table, "%d", row->epoch);
  epx_table_cell(table, row->layer);
  add_share(table, row->weights_zero);
  add_share(table, row->weights_full);
  epx_table_cellf(table, "%.3g", row->reach);
  add_share(table, row->biases_full);
  add_share(table, row->velocities_full);
  add_share(table, row->updates_lost);
  add_share(table, row->states_zero);
  add_share(table, row->states_full);
  add_share(table, row->nudges_lost);
}

void epx_report_health(epx_page_t *page, const epx_report_run_t *runs, int count) {
  static const char *const HEADINGS[] = {"Run",
                                         "Epoch",
                                         "Layer",
                                         "Weights 0",
                                         "Weights at the end",
                                         "Largest weight",
                                         "Biases at the end",
                                         "Velocities at the end",
                                         "Updates lost",
                                         "States 0",
                                         "States at the top",
                                         "Nudges lost"};
  static const bool RIGHT[] = {false, true, false, true, true, true,
                               true,  true, true,  true, true, true};
  int rows = 0;
  for (int i = 0; i < count; ++i) {
    rows += runs[i].health_count;
  }
  if (rows == 0) {
    return;
  }
  epx_page_section(page, "Health of number formats");
  epx_page_text(page, EPX_PAGE_SMALL,
                "Shares of codes that are 0 or at an end of their format, before training (epoch "
                "0) and at the end of the last epoch; states and nudges are those of the last test "
                "batch. Updates lost: of weights that a velocity moves, those whose step is less "
                "than half of their last bit; stochastic rounding moves such weights now and then. "
                "Nudges lost: pushes that round to a nudge of 0.");
  epx_table_t *table = epx_table_create(12, HEADINGS, RIGHT);
  for (int i = 0; i < count; ++i) {
    const epx_health_row_t *row = runs[i].health;
    for (int k = 0; k < runs[i].health_count; ++k) {
      if (row[k].epoch == row[0].epoch || row[k].epoch == row[runs[i].health_count - 1].epoch) {
        add_row(table, runs[i].label, &row[k]);
      }
    }
  }
  epx_page_table(page, table);
}
