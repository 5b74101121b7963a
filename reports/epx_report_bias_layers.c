/* SPDX-License-Identifier: Apache-2.0 */
/* Every cosine of a variant, a column for each layer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_format.h"
#include "epx_report_bias.h"

enum { MAX_LAYERS = 32, FIXED = 4 };

/* The layers of the estimates in view->curve, in order of appearance. */
static int list_layers(const epx_bias_view_t *view, int count, const char *layers[MAX_LAYERS]) {
  int found = 0;
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < view->curve[i]->layer_count; ++k) {
      const char *layer = view->curve[i]->layers[k].layer;
      int known = 0;
      while (known < found && strcmp(layers[known], layer) != 0) {
        ++known;
      }
      if (known == found && found < MAX_LAYERS) {
        layers[found++] = layer;
      }
    }
  }
  return found;
}

static void cell_cosine(epx_table_t *table, double cosine) {
  epx_table_cellf(table, isfinite(cosine) ? "%.4f" : "\xe2\x80\x93", cosine);
}

static void add_row(epx_table_t *table, const epx_bias_estimate_t *estimate,
                    const char *const *layers, int layer_count) {
  char text[EPX_FORMAT_SIZE];
  epx_table_cell(table, estimate->all->estimator);
  epx_table_cell(table, estimate->all->state);
  epx_table_cell(table, epx_format_short(estimate->all->beta, text));
  cell_cosine(table, estimate->all->cosine);
  for (int k = 0; k < layer_count; ++k) {
    double cosine = NAN;
    for (int i = 0; i < estimate->layer_count; ++i) {
      if (strcmp(estimate->layers[i].layer, layers[k]) == 0) {
        cosine = estimate->layers[i].cosine;
      }
    }
    cell_cosine(table, cosine);
  }
}

void epx_report_bias_layers(epx_page_t *page, epx_bias_view_t *view,
                            const epx_bias_variant_t *variant) {
  const char *headings[FIXED + MAX_LAYERS] = {"Estimator", "State", "\xce\xb2", "All"};
  bool right[FIXED + MAX_LAYERS] = {false, false, true, true};
  const int layers =
      list_layers(view, epx_bias_view_curve(view, variant, NULL, NULL), headings + FIXED);
  for (int k = 0; k < layers; ++k) {
    right[FIXED + k] = true;
  }
  epx_table_t *table = epx_table_create(FIXED + layers, headings, right);
  const int estimators = epx_bias_view_estimators(view, variant);
  const int states = epx_bias_view_states(view, variant);
  for (int e = 0; e < estimators; ++e) {
    for (int s = 0; s < states; ++s) {
      const int count = epx_bias_view_curve(view, variant, view->estimators[e], view->states[s]);
      for (int i = 0; i < count; ++i) {
        add_row(table, view->curve[i], headings + FIXED, layers);
      }
    }
  }
  epx_page_fold_begin(page, "Cosine by layer, at every point");
  epx_page_table(page, table);
  epx_page_fold_end(page);
}
