/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_bias_rows.h"
#include "epx_qformat.h"

static void set_format(epx_bias_estimate_t *estimate) {
  epx_qformat_t format;
  if (epx_qformat_parse(estimate->all->state, &format, NULL) == EPX_OK) {
    estimate->bits = epx_qformat_bits(format);
    estimate->q = ldexp(1.0, -format.fraction_bits);
  } else {
    estimate->bits = 0;
    estimate->q = strcmp(estimate->all->state, "float64") == 0 ? 0.0 : (double)NAN;
  }
}

/* Whether two rows are layers of one estimate. */
static bool same_estimate(const epx_bias_row_t *a, const epx_bias_row_t *b) {
  epx_bias_row_t c = *b;
  memcpy(c.layer, a->layer, sizeof c.layer);
  return epx_bias_same_key(a, &c);
}

static void find_worst(epx_bias_estimate_t *estimate) {
  estimate->worst = estimate->all;
  for (int i = 0; i < estimate->layer_count; ++i) {
    const epx_bias_row_t *row = &estimate->layers[i];
    if (i == 0 || isnan(row->cosine) || row->cosine < estimate->worst->cosine) {
      estimate->worst = row;
    }
  }
}

static const char *stage_of(const epx_bias_row_t *row) {
  return strcmp(row->rung, "chip") == 0 || strcmp(row->rung, "update") == 0 ? row->rung : "";
}

static bool is_nudged(const epx_bias_row_t *row) {
  return row->estimator[0] != '\0' && strcmp(row->reference, "bptt") == 0;
}

bool epx_bias_in_variant(const epx_bias_estimate_t *estimate, const epx_bias_variant_t *variant) {
  const epx_bias_row_t *a = estimate->all, *b = variant->row;
  return is_nudged(a) && strcmp(a->pool, b->pool) == 0 && strcmp(a->switches, b->switches) == 0 &&
         strcmp(a->update, b->update) == 0 && strcmp(a->synapse, b->synapse) == 0 &&
         a->free_steps == b->free_steps && a->nudged_steps == b->nudged_steps &&
         strcmp(stage_of(a), variant->stage) == 0;
}

static void list_variants(epx_bias_view_t *view) {
  for (int i = 0; i < view->count; ++i) {
    const epx_bias_estimate_t *estimate = &view->estimates[i];
    int known = 0;
    while (known < view->variant_count && !epx_bias_in_variant(estimate, &view->variants[known])) {
      ++known;
    }
    if (known == view->variant_count && is_nudged(estimate->all)) {
      view->variants[view->variant_count++] =
          (epx_bias_variant_t){estimate->all, stage_of(estimate->all)};
    }
  }
}

bool epx_bias_view_make(const epx_bias_row_t *rows, int count, epx_bias_view_t *view) {
  const size_t room = (size_t)count + 1;
  *view = (epx_bias_view_t){.estimates = calloc(room, sizeof *view->estimates),
                            .variants = calloc(room, sizeof *view->variants),
                            .curve = calloc(room, sizeof *view->curve),
                            .estimators = calloc(room, sizeof *view->estimators),
                            .states = calloc(room, sizeof *view->states),
                            .points = calloc(room, sizeof *view->points),
                            .residuals = calloc(room, sizeof *view->residuals)};
  if (view->estimates == NULL || view->variants == NULL || view->curve == NULL ||
      view->estimators == NULL || view->states == NULL || view->points == NULL ||
      view->residuals == NULL) {
    return false;
  }
  for (int i = 0; i < count; ++i) {
    if (!epx_bias_ends_block(&rows[i])) {
      continue;
    }
    int first = i;
    while (first > 0 && !epx_bias_ends_block(&rows[first - 1]) &&
           same_estimate(&rows[first - 1], &rows[i])) {
      --first;
    }
    epx_bias_estimate_t *estimate = &view->estimates[view->count++];
    *estimate =
        (epx_bias_estimate_t){.layers = &rows[first], .layer_count = i - first, .all = &rows[i]};
    set_format(estimate);
    find_worst(estimate);
  }
  list_variants(view);
  return true;
}

void epx_bias_view_clear(epx_bias_view_t *view) {
  free(view->estimates);
  free(view->variants);
  free(view->curve);
  free(view->estimators);
  free(view->states);
  free(view->points);
  free(view->residuals);
}

const char *epx_bias_variant_name(const epx_bias_variant_t *variant, char name[256]) {
  const epx_bias_row_t *row = variant->row;
  const bool max = strcmp(row->pool, "max") == 0;
  snprintf(name, 256, "%s pooling, %s%s%s updates, %d + %d steps, synapses %s%s",
           strcmp(row->pool, "none") == 0 ? "no" : row->pool, max ? row->switches : "",
           max ? " switches, " : "", row->update, row->free_steps, row->nudged_steps, row->synapse,
           strcmp(variant->stage, "chip") == 0     ? ", whole chip"
           : strcmp(variant->stage, "update") == 0 ? ", whole chip with rounded updates"
                                                   : "");
  return name;
}

/* Appends a text to a list unless it is there. */
static int add_text(const char **list, int count, const char *text) {
  for (int i = 0; i < count; ++i) {
    if (strcmp(list[i], text) == 0) {
      return count;
    }
  }
  list[count] = text;
  return count + 1;
}

int epx_bias_view_estimators(epx_bias_view_t *view, const epx_bias_variant_t *variant) {
  int count = 0;
  for (int i = 0; i < view->count; ++i) {
    if (epx_bias_in_variant(&view->estimates[i], variant)) {
      count = add_text(view->estimators, count, view->estimates[i].all->estimator);
    }
  }
  return count;
}

/* By bits, floating point last, float32 before float64; equal ones by name. */
static int compare_states(const epx_bias_estimate_t *a, const epx_bias_estimate_t *b) {
  if (a->bits != b->bits) {
    return (a->bits == 0 ? INT32_MAX : a->bits) < (b->bits == 0 ? INT32_MAX : b->bits) ? -1 : 1;
  }
  return strcmp(a->all->state, b->all->state);
}

static int by_state(const void *a, const void *b) {
  return compare_states(*(const epx_bias_estimate_t *const *)a,
                        *(const epx_bias_estimate_t *const *)b);
}

static int by_beta(const void *a, const void *b) {
  const epx_bias_estimate_t *x = *(const epx_bias_estimate_t *const *)a;
  const epx_bias_estimate_t *y = *(const epx_bias_estimate_t *const *)b;
  if (x->all->beta != y->all->beta) {
    return x->all->beta < y->all->beta ? -1 : 1;
  }
  return compare_states(x, y);
}

static int select_estimates(epx_bias_view_t *view, const epx_bias_variant_t *variant,
                            const char *estimator, const char *state) {
  int count = 0;
  for (int i = 0; i < view->count; ++i) {
    const epx_bias_estimate_t *estimate = &view->estimates[i];
    if (epx_bias_in_variant(estimate, variant) &&
        (estimator == NULL || strcmp(estimate->all->estimator, estimator) == 0) &&
        (state == NULL || strcmp(estimate->all->state, state) == 0)) {
      view->curve[count++] = estimate;
    }
  }
  return count;
}

int epx_bias_view_states(epx_bias_view_t *view, const epx_bias_variant_t *variant) {
  const int found = select_estimates(view, variant, NULL, NULL);
  int count = 0;
  qsort((void *)view->curve, (size_t)found, sizeof *view->curve, by_state);
  for (int i = 0; i < found; ++i) {
    count = add_text(view->states, count, view->curve[i]->all->state);
  }
  return count;
}

int epx_bias_view_curve(epx_bias_view_t *view, const epx_bias_variant_t *variant,
                        const char *estimator, const char *state) {
  const int count = select_estimates(view, variant, estimator, state);
  qsort((void *)view->curve, (size_t)count, sizeof *view->curve, by_beta);
  return count;
}

void epx_bias_view_fit(epx_bias_view_t *view, const epx_bias_variant_t *variant,
                       const char *estimator, epx_bias_fit_t *fit, int *count) {
  const int found = epx_bias_view_curve(view, variant, estimator, NULL);
  int kept = 0;
  for (int i = 0; i < found; ++i) {
    const epx_bias_estimate_t *estimate = view->curve[i];
    if (!isnan(estimate->q)) {
      view->points[kept] =
          (epx_bias_point_t){estimate->all->beta, estimate->q, estimate->all->relative_l2};
      view->curve[kept++] = estimate;
    }
  }
  epx_bias_fit(view->points, kept, EPX_BIAS_SATURATED, fit, view->residuals, NULL);
  *count = kept;
}
