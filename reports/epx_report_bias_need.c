/* SPDX-License-Identifier: Apache-2.0 */
/* The fewest state bits, with estimator and nudging factor, that reach a gradient cosine: over the
 * points that were measured, without interpolation. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_format.h"
#include "epx_report_bias.h"

static const double THRESHOLDS[] = {0.9, 0.95, 0.99};
enum { THRESHOLD_COUNT = sizeof THRESHOLDS / sizeof THRESHOLDS[0], CELL_SIZE = 160 };

typedef enum measure_t { MEASURE_ALL, MEASURE_WORST } measure_t;
typedef enum number_t { NUMBER_QUANTISED, NUMBER_FLOAT } number_t;

/* The choice among the estimates of a variant and an estimator (NULL: any). */
typedef struct choice_t {
  const epx_bias_estimate_t *needed; /* fewest bits that reach the cosine, best of equals */
  const epx_bias_estimate_t *best;   /* largest cosine of all */
} choice_t;

static double cosine_of(const epx_bias_estimate_t *estimate, measure_t measure) {
  const double cosine = measure == MEASURE_ALL ? estimate->all->cosine : estimate->worst->cosine;
  return isnan(cosine) ? (double)-INFINITY : cosine;
}

static choice_t choose(const epx_bias_view_t *view, const epx_bias_variant_t *variant,
                       const char *estimator, measure_t measure, number_t number, double cosine) {
  choice_t choice = {NULL, NULL};
  for (int i = 0; i < view->count; ++i) {
    const epx_bias_estimate_t *estimate = &view->estimates[i];
    const double own = cosine_of(estimate, measure);
    if (!epx_bias_in_variant(estimate, variant) || !isfinite(own) ||
        (estimate->bits > 0) != (number == NUMBER_QUANTISED) ||
        (estimator != NULL && strcmp(estimate->all->estimator, estimator) != 0)) {
      continue;
    }
    if (choice.best == NULL || own > cosine_of(choice.best, measure)) {
      choice.best = estimate;
    }
    if (own >= cosine &&
        (choice.needed == NULL || estimate->bits < choice.needed->bits ||
         (estimate->bits == choice.needed->bits && own > cosine_of(choice.needed, measure)))) {
      choice.needed = estimate;
    }
  }
  return choice;
}

/* "UQ0.6 (6 bits), beta = 0.2: 0.9537", or why not. */
static const char *describe(choice_t choice, measure_t measure, bool with_estimator,
                            char text[CELL_SIZE]) {
  char beta[EPX_FORMAT_SIZE], bits[32] = "";
  const epx_bias_estimate_t *shown = choice.needed != NULL ? choice.needed : choice.best;
  if (shown == NULL) {
    snprintf(text, CELL_SIZE, "not measured");
    return text;
  }
  if (shown->bits > 0) {
    snprintf(bits, sizeof bits, "%d bits, ", shown->bits);
  }
  epx_format_short(shown->all->beta, beta);
  if (choice.needed != NULL) {
    snprintf(text, CELL_SIZE, "%s%s, %s%s\xce\xb2 = %s (%.4f)", bits, shown->all->state,
             with_estimator ? shown->all->estimator : "", with_estimator ? ", " : "", beta,
             cosine_of(shown, measure));
  } else {
    snprintf(text, CELL_SIZE, "not reached (best %.4f at %s, %s%s\xce\xb2 = %s)",
             cosine_of(shown, measure), shown->all->state,
             with_estimator ? shown->all->estimator : "", with_estimator ? ", " : "", beta);
  }
  return text;
}

bool epx_report_bias_headline(const epx_bias_view_t *view, char value[32],
                              char note[EPX_BIAS_NOTE_SIZE]) {
  choice_t all = {NULL, NULL};
  const epx_bias_variant_t *of = NULL;
  for (int i = 0; i < view->variant_count; ++i) {
    const choice_t own = choose(view, &view->variants[i], NULL, MEASURE_ALL, NUMBER_QUANTISED,
                                EPX_BIAS_HEADLINE_COSINE);
    const bool fewer =
        own.needed != NULL && (all.needed == NULL || own.needed->bits < all.needed->bits);
    const bool nearer = all.needed == NULL && own.best != NULL &&
                        (all.best == NULL || own.best->all->cosine > all.best->all->cosine);
    if (fewer || nearer) {
      all = own;
      of = &view->variants[i];
    }
  }
  if (all.best == NULL) {
    return false;
  }
  char text[CELL_SIZE], name[256];
  if (all.needed != NULL) {
    snprintf(value, 32, "%d bits", all.needed->bits);
  } else {
    snprintf(value, 32, "not reached");
  }
  snprintf(note, EPX_BIAS_NOTE_SIZE, "%s; %s", describe(all, MEASURE_ALL, true, text),
           epx_bias_variant_name(of, name));
  return true;
}

void epx_report_bias_needs(epx_page_t *page, const epx_bias_view_t *view) {
  static const char *const HEADINGS[] = {"Network", "Cosine at least 0.9", "0.95", "0.99"};
  static const bool RIGHT[] = {false, false, false, false};
  epx_page_heading(page, "Fewest bits for a state, with any estimator");
  epx_table_t *table = epx_table_create(1 + THRESHOLD_COUNT, HEADINGS, RIGHT);
  for (int i = 0; i < view->variant_count; ++i) {
    char text[CELL_SIZE], name[256];
    epx_table_cell(table, epx_bias_variant_name(&view->variants[i], name));
    for (int t = 0; t < THRESHOLD_COUNT; ++t) {
      const choice_t choice =
          choose(view, &view->variants[i], NULL, MEASURE_ALL, NUMBER_QUANTISED, THRESHOLDS[t]);
      epx_table_cell(table, describe(choice, MEASURE_ALL, true, text));
    }
  }
  epx_page_table(page, table);
  epx_page_text(page, EPX_PAGE_SMALL,
                "Cosine of all parameters as one vector with BPTT's gradient, in parentheses what "
                "was reached. Measured points only.");
}

void epx_report_bias_need(epx_page_t *page, epx_bias_view_t *view,
                          const epx_bias_variant_t *variant) {
  static const char *const HEADINGS[] = {"Cosine at least", "Estimator",
                                         "Needed for all parameters together",
                                         "Needed for every layer", "In floating point"};
  static const bool RIGHT[] = {false, false, false, false, false};
  const int estimators = epx_bias_view_estimators(view, variant);
  epx_table_t *table = epx_table_create(5, HEADINGS, RIGHT);
  for (int t = 0; t < THRESHOLD_COUNT; ++t) {
    for (int e = 0; e < estimators; ++e) {
      char text[CELL_SIZE];
      const char *name = view->estimators[e];
      epx_table_cellf(table, "%g", THRESHOLDS[t]);
      epx_table_cell(table, name);
      for (int m = MEASURE_ALL; m <= MEASURE_WORST; ++m) {
        const choice_t choice =
            choose(view, variant, name, (measure_t)m, NUMBER_QUANTISED, THRESHOLDS[t]);
        epx_table_cell(table, describe(choice, (measure_t)m, false, text));
      }
      const choice_t choice = choose(view, variant, name, MEASURE_ALL, NUMBER_FLOAT, THRESHOLDS[t]);
      const choice_t best = {choice.needed != NULL ? choice.best : NULL, choice.best};
      epx_table_cell(table, describe(best, MEASURE_ALL, false, text));
    }
  }
  epx_page_text(page, EPX_PAGE_PLAIN,
                "For a gradient that points this well where BPTT's does, a state needs at least "
                "these bits, with this nudging factor:");
  epx_page_table(page, table);
  epx_page_text(page, EPX_PAGE_SMALL,
                "The fewest bits over the points that were measured, and of equals the \xce\xb2 "
                "with the largest cosine (in parentheses). Floating point: its best point.");
}
