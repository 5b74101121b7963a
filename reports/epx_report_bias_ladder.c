/* SPDX-License-Identifier: Apache-2.0 */
/* The attribution ladder: the error against the equilibrium gradient as one approximation after
 * another is switched on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_report_bias.h"

enum { FINITE_T, FINITE_BETA, STATE, SYNAPSE, CHIP, UPDATE, RUNGS, MIN_RUNGS = 3, SHOWN = 8 };

static const char *const NAMES[RUNGS] = {"finite_t", "finite_beta", "state",
                                         "synapse",  "chip",        "update"};
static const char *const TITLES[RUNGS] = {"Finite T", "Finite \xce\xb2", "States", "Synapses",
                                          "Chip",     "Updates"};

/* One setting with all that is switched on, and the estimates on the way there. */
typedef struct ladder_t {
  const epx_bias_estimate_t *rungs[RUNGS]; /* NULL: not measured */
  const epx_bias_estimate_t *last;
  int count;
} ladder_t;

static int rung_of(const epx_bias_estimate_t *estimate) {
  int rung = 0;
  while (rung < RUNGS && strcmp(NAMES[rung], estimate->all->rung) != 0) {
    ++rung;
  }
  return rung;
}

static bool same_base(const epx_bias_row_t *a, const epx_bias_row_t *b) {
  return strcmp(a->pool, b->pool) == 0 && strcmp(a->update, b->update) == 0 &&
         a->free_steps == b->free_steps && a->nudged_steps == b->nudged_steps;
}

/* Whether `step` is a rung on the way to `end`. The free phase knows no switches of a nudged one.
 */
static bool leads_to(const epx_bias_estimate_t *step, const epx_bias_estimate_t *end) {
  const epx_bias_row_t *a = step->all, *b = end->all;
  const int rung = rung_of(step);
  if (rung > rung_of(end) || strcmp(a->reference, "equilibrium") != 0 || !same_base(a, b)) {
    return false;
  }
  return rung == FINITE_T || (strcmp(a->switches, b->switches) == 0 &&
                              strcmp(a->estimator, b->estimator) == 0 && a->beta == b->beta &&
                              (rung == FINITE_BETA ? strcmp(a->state, "float32") != 0
                                                   : strcmp(a->state, b->state) == 0) &&
                              (rung < SYNAPSE || strcmp(a->synapse, b->synapse) == 0));
}

static ladder_t climb(const epx_bias_view_t *view, const epx_bias_estimate_t *end) {
  ladder_t ladder = {{NULL}, end, 0};
  for (int i = 0; i < view->count; ++i) {
    const epx_bias_estimate_t *step = &view->estimates[i];
    const int rung = rung_of(step);
    if (rung < RUNGS && leads_to(step, end) &&
        (ladder.rungs[rung] == NULL || strcmp(step->all->switches, end->all->switches) == 0)) {
      ladder.count += ladder.rungs[rung] == NULL;
      ladder.rungs[rung] = step;
    }
  }
  return ladder;
}

/* Whether the estimate stands at the end of its ladder: no other goes on from it. */
static bool is_end(const epx_bias_view_t *view, const epx_bias_estimate_t *estimate) {
  const int rung = rung_of(estimate);
  if (rung < STATE || rung >= RUNGS || strcmp(estimate->all->reference, "equilibrium") != 0) {
    return false;
  }
  for (int i = 0; i < view->count; ++i) {
    const epx_bias_estimate_t *other = &view->estimates[i];
    if (rung_of(other) < RUNGS && rung_of(other) > rung &&
        strcmp(other->all->reference, "equilibrium") == 0 && leads_to(estimate, other)) {
      return false;
    }
  }
  return true;
}

static double error_of(const ladder_t *ladder) {
  const double error = ladder->last->all->relative_l2;
  return isnan(error) ? (double)INFINITY : error;
}

/* Longer ladders first, then those that end better. */
static int by_rank(const void *a, const void *b) {
  const ladder_t *x = a, *y = b;
  if (x->count != y->count) {
    return y->count - x->count;
  }
  return (error_of(x) > error_of(y)) - (error_of(x) < error_of(y));
}

static bool same_network(const ladder_t *a, const ladder_t *b) {
  return same_base(a->last->all, b->last->all) &&
         strcmp(a->last->all->switches, b->last->all->switches) == 0;
}

static bool same_formats(const ladder_t *a, const ladder_t *b) {
  return same_network(a, b) && strcmp(a->last->all->state, b->last->all->state) == 0 &&
         strcmp(a->last->all->synapse, b->last->all->synapse) == 0;
}

/* Moves the best ladder of each pair of formats to the front; returns their number, SHOWN at most.
 */
static int lead(ladder_t *ladders, int count) {
  int leaders = 0;
  for (int i = 0; i < count && leaders < SHOWN; ++i) {
    int same = 0;
    while (same < leaders && !same_formats(&ladders[same], &ladders[i])) {
      ++same;
    }
    if (same == leaders) {
      const ladder_t leader = ladders[i];
      memmove(&ladders[leaders + 1], &ladders[leaders], (size_t)(i - leaders) * sizeof leader);
      ladders[leaders++] = leader;
    }
  }
  return leaders;
}

static const char *name_of(const ladder_t *ladder, char name[160]) {
  char beta[EPX_FORMAT_SIZE];
  const epx_bias_row_t *row = ladder->last->all;
  const bool max = strcmp(row->pool, "max") == 0;
  snprintf(name, 160, "%s, \xce\xb2 = %s, %s, %s (%s%s%s, %s, %d + %d)", row->estimator,
           epx_format_short(row->beta, beta), row->state, row->synapse, row->pool, max ? " " : "",
           max ? row->switches : "", row->update, row->free_steps, row->nudged_steps);
  return name;
}

static void table(epx_page_t *page, const ladder_t *ladders, int count) {
  const char *headings[RUNGS + 2] = {"Estimator, \xce\xb2, state, synapse (network)"};
  bool right[RUNGS + 2] = {false};
  bool used[RUNGS] = {false};
  for (int i = 0; i < count; ++i) {
    for (int r = 0; r < RUNGS; ++r) {
      used[r] = used[r] || ladders[i].rungs[r] != NULL;
    }
  }
  int columns = 1;
  for (int r = 0; r < RUNGS; ++r) {
    if (used[r]) {
      right[columns] = true;
      headings[columns++] = TITLES[r];
    }
  }
  headings[columns++] = "Worst layer at the end";
  epx_table_t *made = epx_table_create(columns, headings, right);
  for (int i = 0; i < count; ++i) {
    char name[160], text[EPX_FORMAT_SIZE];
    epx_table_cell(made, name_of(&ladders[i], name));
    for (int r = 0; r < RUNGS; ++r) {
      const epx_bias_estimate_t *rung = ladders[i].rungs[r];
      if (used[r] && rung != NULL) {
        epx_table_cellf(made, "%.4f / %s", rung->all->cosine,
                        epx_format_number(rung->all->relative_l2, text));
      } else if (used[r]) {
        epx_table_cell(made, "\xe2\x80\x93");
      }
    }
    epx_table_cellf(made, "%s: %.4f", ladders[i].last->worst->layer,
                    ladders[i].last->worst->cosine);
  }
  epx_page_table(page, made);
}

/* The same in short, for a bar: the network only where the ladders are of several. */
static const char *bar_name(const ladder_t *ladder, bool with_network, char name[160]) {
  char beta[EPX_FORMAT_SIZE];
  const epx_bias_row_t *row = ladder->last->all;
  snprintf(name, 160, "%s, %s\n%s, \xce\xb2 = %s%s%s", row->state, row->synapse, row->estimator,
           epx_format_short(row->beta, beta), with_network ? "\n" : "",
           with_network ? row->pool : "");
  if (with_network) {
    const size_t used = strlen(name);
    snprintf(name + used, 160 - used, "%s%s, %s, %d + %d", strcmp(row->pool, "max") == 0 ? " " : "",
             strcmp(row->pool, "max") == 0 ? row->switches : "", row->update, row->free_steps,
             row->nudged_steps);
  }
  return name;
}

static void error_chart(epx_page_t *page, const ladder_t *ladders, int count, bool with_network) {
  json_t *chart = epx_chart_bar("Relative L2 error, rung by rung",
                                "Each bar: with all approximations down to it switched on.",
                                "Relative L2 error against the equilibrium gradient");
  for (int r = 0; r < RUNGS; ++r) {
    json_t *series = NULL;
    for (int i = 0; i < count; ++i) {
      char name[160];
      const int category = epx_chart_category(chart, bar_name(&ladders[i], with_network, name));
      if (ladders[i].rungs[r] != NULL) {
        series = series != NULL ? series : epx_chart_series(chart, TITLES[r], r, 0);
        epx_chart_bar_value(series, category, ladders[i].rungs[r]->all->relative_l2, NAN, NAN);
      }
    }
  }
  epx_page_chart(page, chart);
}

static void cosine_chart(epx_page_t *page, const ladder_t *ladders, int count) {
  json_t *chart = epx_chart_line("Cosine, rung by rung", "1: the equilibrium gradient's direction.",
                                 "", "Cosine", 0);
  bool used[RUNGS] = {false};
  for (int i = 0; i < count; ++i) {
    for (int r = 0; r < RUNGS; ++r) {
      used[r] = used[r] || ladders[i].rungs[r] != NULL;
    }
  }
  for (int r = 0; r < RUNGS; ++r) {
    if (used[r]) {
      epx_chart_category(chart, TITLES[r]);
    }
  }
  for (int i = 0; i < count; ++i) {
    char name[160];
    json_t *series = epx_chart_series(chart, name_of(&ladders[i], name), i, 0);
    for (int r = 0; r < RUNGS; ++r) {
      if (ladders[i].rungs[r] != NULL) {
        epx_chart_point(series, epx_chart_category(chart, TITLES[r]),
                        ladders[i].rungs[r]->all->cosine);
      }
    }
  }
  epx_page_chart(page, chart);
}

void epx_report_bias_ladder(epx_page_t *page, const epx_bias_view_t *view) {
  ladder_t *ladders = calloc((size_t)view->count + 1, sizeof *ladders);
  int count = 0;
  for (int i = 0; ladders != NULL && i < view->count; ++i) {
    if (is_end(view, &view->estimates[i])) {
      ladders[count] = climb(view, &view->estimates[i]);
      count += ladders[count].count >= MIN_RUNGS;
    }
  }
  if (count > 0) {
    qsort(ladders, (size_t)count, sizeof *ladders, by_rank);
    const int shown = lead(ladders, count);
    epx_page_heading(page, "Where the error comes from");
    epx_page_text(page, EPX_PAGE_PLAIN,
                  "Approximations switched on one after another, from the equilibrium gradient to "
                  "the chip: finite T, finite \xce\xb2, the states' format, the synapses' format, "
                  "the chip's converters and noise, the rounding of updates. For each pair of "
                  "formats: the estimator and \xce\xb2 with the longest ladder and the smallest "
                  "error at its end.");
    epx_page_charts_begin(page);
    bool with_network = false;
    for (int i = 1; i < shown; ++i) {
      with_network = with_network || !same_network(&ladders[0], &ladders[i]);
    }
    error_chart(page, ladders, shown, with_network);
    cosine_chart(page, ladders, shown);
    epx_page_charts_end(page);
    table(page, ladders, shown);
    epx_page_text(page, EPX_PAGE_SMALL,
                  "Cosine / relative L2 error of all parameters against the equilibrium gradient.");
    if (count > shown) {
      epx_page_fold_begin(page, "Every ladder");
      table(page, ladders, count);
      epx_page_fold_end(page);
    }
  }
  free(ladders);
}
