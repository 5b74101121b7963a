/* SPDX-License-Identifier: Apache-2.0 */
/* The second law: the twin's errors against the golden model over bits, beside the law. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_report_internal.h"

static const char *const AXES[][2] = {
    {"state", "Bits of states"}, {"synapse", "Bits of synapses"}, {"adc", "Bits of ADCs"}};
enum { AXIS_COUNT = sizeof AXES / sizeof AXES[0] };

static bool has_axis(const epx_report_run_t *run, int axis) {
  for (int i = 0; i < run->convergence_count; ++i) {
    if (strcmp(run->convergence[i].axis, AXES[axis][0]) == 0) {
      return true;
    }
  }
  return false;
}

/* Measured points of one axis, then the law through them, as far as it lies below 1. */
static void add_axis(json_t *chart, const epx_report_run_t *run, int axis, bool gradient) {
  const epx_convergence_fit_t fit =
      epx_convergence_fit(run->convergence, run->convergence_count, AXES[axis][0], gradient);
  json_t *measured = epx_chart_series(chart, AXES[axis][1], axis, 0);
  json_t *law = epx_chart_series(chart, "Law", axis, 1);
  epx_chart_smooth(law);
  for (int i = 0; i < run->convergence_count; ++i) {
    const epx_convergence_row_t *row = &run->convergence[i];
    const epx_convergence_error_t *e = gradient ? &row->gradient : &row->states;
    if (strcmp(row->axis, AXES[axis][0]) != 0) {
      continue;
    }
    epx_chart_point(measured, row->bits, e->whole > 0.0 ? e->whole : (double)NAN);
    const double y = fit.determined ? epx_convergence_law(&fit, row->bits, e->rest) : (double)NAN;
    epx_chart_point(law, row->bits, y < 1.0 ? y : (double)NAN);
  }
}

static void chart_errors(epx_page_t *page, const epx_report_run_t *run, bool gradient) {
  json_t *chart = epx_chart_line(
      gradient ? "Error of the gradient" : "Error of the free states",
      "Twin against golden model (float64). Dashed: half the error with each bit, and what is left "
      "where the varied bits lose nothing.",
      "Bits", "Relative L2 error", EPX_CHART_Y_LOG);
  for (int axis = 0; axis < AXIS_COUNT; ++axis) {
    if (has_axis(run, axis)) {
      add_axis(chart, run, axis, gradient);
    }
  }
  epx_page_chart(page, chart);
}

/* "/ 1.98 (5.9 dB) over 3 to 8 bits", or why not. */
static void cell_fit(epx_table_t *table, const epx_report_run_t *run, int axis, bool gradient) {
  const epx_convergence_fit_t fit =
      epx_convergence_fit(run->convergence, run->convergence_count, AXES[axis][0], gradient);
  if (fit.determined) {
    epx_table_cellf(table, "\xc3\xb7 %.2f (%.1f dB), %d to %d bits", fit.factor,
                    20.0 * log10(fit.factor), fit.low, fit.high);
  } else {
    epx_table_cellf(table, "not determined: %d points", fit.used);
  }
}

static void show_run(epx_page_t *page, const epx_report_run_t *run) {
  static const char *const HEADINGS[] = {"Varied", "States, with each bit",
                                         "Gradient, with each bit"};
  static const bool RIGHT[] = {false, false, false};
  const epx_convergence_row_t *first = run->convergence;
  char beta[EPX_FORMAT_SIZE], title[320];
  snprintf(title, sizeof title, "%s: %s, \xce\xb2 = %s, %d free and %d nudged steps, %d images",
           run->label, first->estimator, epx_format_short(first->beta, beta), first->free_steps,
           first->nudged_steps, first->images);
  epx_page_heading(page, title);
  epx_page_charts_begin(page);
  chart_errors(page, run, false);
  chart_errors(page, run, true);
  epx_page_charts_end(page);
  epx_table_t *table = epx_table_create(3, HEADINGS, RIGHT);
  for (int axis = 0; axis < AXIS_COUNT; ++axis) {
    if (has_axis(run, axis)) {
      epx_table_cell(table, AXES[axis][1]);
      cell_fit(table, run, axis, false);
      cell_fit(table, run, axis, true);
    }
  }
  epx_page_table(page, table);
  epx_page_text(page, EPX_PAGE_SMALL,
                "Theory: \xc3\xb7 2 (6.02 dB). Fitted on errors of at most %g of which the varied "
                "bits make most (at least %g times the rest).",
                EPX_CONVERGENCE_SATURATED, EPX_CONVERGENCE_OWN);
}

void epx_report_convergence_card(epx_page_t *page, const epx_report_run_t *runs, int count) {
  for (int i = 0; i < count; ++i) {
    const epx_convergence_fit_t fit =
        epx_convergence_fit(runs[i].convergence, runs[i].convergence_count, AXES[0][0], false);
    if (fit.determined) {
      char value[32], note[256];
      snprintf(value, sizeof value, "\xc3\xb7 %.2f", fit.factor);
      snprintf(note, sizeof note, "%s, twin against golden model, %d to %d bits", runs[i].label,
               fit.low, fit.high);
      epx_page_card(page, "Error of the states, with each bit", value, note);
      return;
    }
  }
}

void epx_report_convergence(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (runs[i].convergence_count == 0) {
      continue;
    }
    if (shown++ == 0) {
      epx_page_section(page, "From bits to real numbers");
      epx_page_text(page, EPX_PAGE_PLAIN,
                    "The chip's twin computes what the golden model does, but for its bits: with "
                    "each bit more its error halves, until something else is coarser.");
    }
    show_run(page, &runs[i]);
  }
}
