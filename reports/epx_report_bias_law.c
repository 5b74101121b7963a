/* SPDX-License-Identifier: Apache-2.0 */
/* Error against the nudging factor: what was measured, the law that was fitted, and the difference.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_format.h"
#include "epx_report_bias.h"

enum { MAX_CURVES = 8, LAW_POINTS = 48 };

static const char DASH[] = "\xe2\x80\x93";

/* A fit for each estimator, in the order of view->estimators. */
typedef struct laws_t {
  epx_bias_view_t *view;
  const epx_bias_variant_t *variant;
  epx_bias_fit_t *fits;
  int estimators, states;
} laws_t;

/* Measured points of one estimator and format, then the law between its smallest and largest beta
 * as far as it lies below 1. */
static void add_curve(json_t *chart, const laws_t *laws, int e, int s, const char *label,
                      int colour) {
  epx_bias_view_t *view = laws->view;
  const int count = epx_bias_view_curve(view, laws->variant, view->estimators[e], view->states[s]);
  if (count == 0) {
    return;
  }
  json_t *measured = epx_chart_series(chart, label, colour, 0);
  for (int i = 0; i < count; ++i) {
    const double y = view->curve[i]->all->relative_l2;
    epx_chart_point(measured, view->curve[i]->all->beta, y > 0.0 ? y : (double)NAN);
  }
  const epx_bias_fit_t *fit = &laws->fits[e];
  const double q = view->curve[0]->q;
  const double low = view->curve[0]->all->beta, high = view->curve[count - 1]->all->beta;
  if (!fit->determined || isnan(q) || !(low > 0.0) || !(high > low)) {
    return;
  }
  char law_label[64];
  snprintf(law_label, sizeof law_label, "%s, law", label);
  json_t *law = epx_chart_series(chart, law_label, colour, 1);
  epx_chart_smooth(law);
  for (int i = 0; i <= LAW_POINTS; ++i) {
    const double beta = low * pow(high / low, (double)i / LAW_POINTS);
    const double y = epx_bias_law_error(fit, beta, q);
    epx_chart_point(law, beta, y < 1.0 ? y : (double)NAN);
  }
}

static const char NOTE[] =
    "All parameters, against BPTT. Dashed: the fitted law. Left: rounding of states, divided by "
    "\xce\xb2; right: the estimator's bias.";

/* All estimators without rounding of states: the orders of their biases. */
static void chart_float64(epx_page_t *page, const laws_t *laws) {
  for (int s = 0; s < laws->states; ++s) {
    if (strcmp(laws->view->states[s], "float64") == 0) {
      json_t *chart = epx_chart_line(
          "Estimators compared in float64",
          "All parameters, against BPTT. Dashed: the fitted law. A bias of order p has slope p.",
          "Nudging factor \xce\xb2", "Relative L2 error", EPX_CHART_X_LOG | EPX_CHART_Y_LOG);
      for (int e = 0; e < laws->estimators; ++e) {
        add_curve(chart, laws, e, s, laws->view->estimators[e], e);
      }
      epx_page_chart(page, chart);
    }
  }
}

static void charts(epx_page_t *page, const laws_t *laws) {
  const bool together = laws->estimators * laws->states <= MAX_CURVES;
  epx_page_charts_begin(page);
  if (!together && laws->estimators > 1) {
    chart_float64(page, laws);
  }
  json_t *chart = NULL;
  for (int e = 0; e < laws->estimators; ++e) {
    if (e == 0 || !together) {
      char title[128];
      snprintf(title, sizeof title, "Error against \xce\xb2%s%s", together ? "" : ": ",
               together ? "" : laws->view->estimators[e]);
      chart = epx_chart_line(title, NOTE, "Nudging factor \xce\xb2", "Relative L2 error",
                             EPX_CHART_X_LOG | EPX_CHART_Y_LOG);
    }
    for (int s = 0; s < laws->states; ++s) {
      char label[48];
      const bool both = together && laws->estimators > 1;
      snprintf(label, sizeof label, "%s%s%s", laws->view->states[s], both ? ", " : "",
               both ? laws->view->estimators[e] : "");
      add_curve(chart, laws, e, s, label, both ? e * laws->states + s : s);
    }
    if (e == laws->estimators - 1 || !together) {
      epx_page_chart(page, chart);
    }
  }
  epx_page_charts_end(page);
}

static void cell_interval(epx_table_t *table, const epx_bias_fit_t *fit) {
  char low[EPX_FORMAT_SIZE], high[EPX_FORMAT_SIZE];
  epx_format_short(fit->power_low, low);
  epx_format_short(fit->power_high, high);
  if (!fit->bias_determined) {
    epx_table_cell(table, "not determined");
  } else if (fit->power_open_low || fit->power_open_high) {
    epx_table_cellf(table, "%s %s", fit->power_open_low ? "at most" : "at least",
                    fit->power_open_low ? high : low);
  } else {
    epx_table_cellf(table, "%.2f (%.2f to %.2f)", fit->power, fit->power_low, fit->power_high);
  }
}

static void cell_term(epx_table_t *table, bool determined, double x) {
  char text[EPX_FORMAT_SIZE];
  epx_table_cell(table, determined ? epx_format_number(x, text) : "not determined");
}

static void law_table(epx_page_t *page, const laws_t *laws) {
  static const char *const HEADINGS[] = {
      "Estimator",         "p (interval)", "a", "b", "floor", "rms of ln(error / law)",
      "Points (left out)", "Law"};
  static const bool RIGHT[] = {false, true, true, true, true, true, true, false};
  epx_table_t *table = epx_table_create(8, HEADINGS, RIGHT);
  for (int e = 0; e < laws->estimators; ++e) {
    const epx_bias_fit_t *fit = &laws->fits[e];
    epx_table_cell(table, laws->view->estimators[e]);
    if (fit->determined) {
      char text[EPX_FORMAT_SIZE];
      cell_interval(table, fit);
      cell_term(table, fit->bias_determined, fit->a);
      cell_term(table, fit->noise_determined, fit->b);
      cell_term(table, fit->floor_determined, fit->floor);
      epx_table_cell(table, epx_format_number(fit->rms, text));
    } else {
      for (int i = 0; i < 5; ++i) {
        epx_table_cell(table, DASH);
      }
    }
    epx_table_cellf(table, "%d (%d)", fit->used, fit->over_cap + fit->invalid);
    epx_table_cellf(table, "%s%s",
                    !fit->determined ? "not determined: "
                    : fit->holds     ? "holds"
                                     : "does not hold: ",
                    fit->why);
  }
  epx_page_table(page, table);
}

/* Plain words on where the law must not be used. */
static void law_words(epx_page_t *page, const laws_t *laws) {
  epx_page_text(page, EPX_PAGE_SMALL,
                "Law: error\xc2\xb2 = (a \xce\xb2^p)\xc2\xb2 + (b q / \xce\xb2)\xc2\xb2 + "
                "floor\xc2\xb2, q the step of the state format (0 for float64; float32 left out). "
                "Errors above %g are left out: such an estimate is saturated. Intervals are what "
                "scatter of this size explains. The law is said to hold where the rms is at most "
                "%g, the points show bias or noise, and none that was left out contradicts it.",
                EPX_BIAS_SATURATED, EPX_BIAS_RMS_LIMIT);
  char names[512] = "";
  for (int e = 0; e < laws->estimators; ++e) {
    const epx_bias_fit_t *fit = &laws->fits[e];
    if (fit->determined && !fit->holds) {
      const size_t used = strlen(names);
      snprintf(names + used, sizeof names - used, "%s%s (%s)", used > 0 ? ", " : "",
               laws->view->estimators[e], fit->why);
    }
  }
  if (names[0] != '\0') {
    epx_page_text(page, EPX_PAGE_NOTICE,
                  "The law does not hold for %s: use the measured points there, not the law.",
                  names);
  }
}

/* Best by the law, where it may be trusted: beta and error, and beta where noise takes over. */
static void cells_law_best(epx_table_t *table, const epx_bias_fit_t *fit, double q, double low,
                           double high) {
  char text[EPX_FORMAT_SIZE];
  const double beta = epx_bias_law_best_beta(fit, q);
  if (!fit->holds || isnan(beta)) {
    for (int i = 0; i < 3; ++i) {
      epx_table_cell(table, DASH);
    }
    return;
  }
  epx_table_cellf(table, "%s%s", epx_format_short(beta, text),
                  beta < low || beta > high ? " (extrapolated)" : "");
  epx_table_cell(table, epx_format_number(epx_bias_law_error(fit, beta, q), text));
  epx_table_cell(table, epx_format_short(epx_bias_law_crossover(fit, q), text));
}

static void best_table(epx_page_t *page, const laws_t *laws) {
  static const char *const HEADINGS[] = {"Estimator",
                                         "State",
                                         "Best \xce\xb2 measured",
                                         "Its error",
                                         "Its cosine",
                                         "Best \xce\xb2 by the law",
                                         "Error by the law",
                                         "Noise rules below \xce\xb2"};
  static const bool RIGHT[] = {false, false, true, true, true, true, true, true};
  char text[EPX_FORMAT_SIZE];
  epx_bias_view_t *view = laws->view;
  epx_table_t *table = epx_table_create(8, HEADINGS, RIGHT);
  for (int e = 0; e < laws->estimators; ++e) {
    for (int s = 0; s < laws->states; ++s) {
      const int count =
          epx_bias_view_curve(view, laws->variant, view->estimators[e], view->states[s]);
      const epx_bias_row_t *best = NULL;
      for (int i = 0; i < count; ++i) {
        const epx_bias_row_t *row = view->curve[i]->all;
        best = isfinite(row->relative_l2) && (best == NULL || row->relative_l2 < best->relative_l2)
                   ? row
                   : best;
      }
      if (best == NULL) {
        continue;
      }
      epx_table_cell(table, view->estimators[e]);
      epx_table_cell(table, view->states[s]);
      epx_table_cell(table, epx_format_short(best->beta, text));
      epx_table_cell(table, epx_format_number(best->relative_l2, text));
      epx_table_cellf(table, isfinite(best->cosine) ? "%.4f" : DASH, best->cosine);
      cells_law_best(table, &laws->fits[e], view->curve[0]->q, view->curve[0]->all->beta,
                     view->curve[count - 1]->all->beta);
    }
  }
  epx_page_table(page, table);
}

static void residual_chart(epx_page_t *page, const laws_t *laws, int e) {
  char title[128];
  int count;
  epx_bias_fit_t fit;
  epx_bias_view_t *view = laws->view;
  snprintf(title, sizeof title, "What the law leaves: %s", view->estimators[e]);
  json_t *chart =
      epx_chart_line(title, "Points used by the fit. 0: on the law; 0.7: twice the law's error.",
                     "Nudging factor \xce\xb2", "ln(error / law)", EPX_CHART_X_LOG);
  epx_bias_view_fit(view, laws->variant, view->estimators[e], &fit, &count);
  for (int s = 0; s < laws->states; ++s) {
    json_t *series = NULL;
    for (int i = 0; i < count; ++i) {
      if (strcmp(view->curve[i]->all->state, view->states[s]) == 0 &&
          view->points[i].error <= EPX_BIAS_SATURATED) {
        series = series != NULL ? series : epx_chart_series(chart, view->states[s], s, 0);
        epx_chart_point(series, view->points[i].beta, view->residuals[i]);
      }
    }
  }
  if (epx_chart_is_empty(chart)) {
    json_decref(chart);
  } else {
    epx_page_chart(page, chart);
  }
}

void epx_report_bias_law(epx_page_t *page, epx_bias_view_t *view,
                         const epx_bias_variant_t *variant) {
  laws_t laws = {view, variant, NULL, epx_bias_view_estimators(view, variant),
                 epx_bias_view_states(view, variant)};
  laws.fits = calloc((size_t)laws.estimators + 1, sizeof *laws.fits);
  if (laws.fits == NULL) {
    epx_page_text(page, EPX_PAGE_NOTICE, "Out of memory for the fits.");
    return;
  }
  bool any = false;
  for (int e = 0; e < laws.estimators; ++e) {
    int count;
    epx_bias_view_fit(view, variant, view->estimators[e], &laws.fits[e], &count);
    any = any || laws.fits[e].determined;
  }
  charts(page, &laws);
  best_table(page, &laws);
  law_table(page, &laws);
  law_words(page, &laws);
  if (any) {
    epx_page_charts_begin(page);
    for (int e = 0; e < laws.estimators; ++e) {
      residual_chart(page, &laws, e);
    }
    epx_page_charts_end(page);
  }
  free(laws.fits);
}
