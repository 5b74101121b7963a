/* SPDX-License-Identifier: Apache-2.0 */
/* The section on gradient bias: what a designer needs first, then how the error comes about. */
#include "epx_report_bias.h"

#include "epx_record_file.h"
#include "epx_report_internal.h"

enum { OPEN_VARIANTS = 3 };

/* The texts that the record holds about itself. */
static void describe(epx_page_t *page, const epx_report_run_t *run) {
  static const char *const HEADINGS[] = {"What", "Value"};
  static const bool RIGHT[] = {false, false};
  json_t *metadata = json_object_get(run->bias_info, "metadata");
  if (run->bias_info != NULL && !json_is_string(json_object_get(run->bias_info, "finished"))) {
    epx_page_text(page, EPX_PAGE_NOTICE,
                  "%s is still being measured, or was stopped: what follows is of the %d rows "
                  "recorded so far.",
                  run->label, run->bias_count);
  }
  if (json_object_size(metadata) == 0) {
    return;
  }
  epx_table_t *table = epx_table_create(2, HEADINGS, RIGHT);
  const char *name;
  json_t *value;
  json_object_foreach(metadata, name, value) {
    epx_table_cell(table, name);
    epx_table_cell(table, json_is_string(value) ? json_string_value(value) : "unknown");
  }
  epx_page_table(page, table);
}

static void show_variant(epx_page_t *page, epx_bias_view_t *view, int index) {
  char name[256];
  const epx_bias_variant_t *variant = &view->variants[index];
  const bool fold = index >= OPEN_VARIANTS;
  epx_bias_variant_name(variant, name);
  if (fold) {
    epx_page_fold_begin(page, name);
  } else {
    epx_page_heading(page, name);
  }
  epx_report_bias_need(page, view, variant);
  epx_report_bias_law(page, view, variant);
  epx_report_bias_layers(page, view, variant);
  if (fold) {
    epx_page_fold_end(page);
  }
}

static void show_run(epx_page_t *page, const epx_report_run_t *run, bool with_label) {
  epx_bias_view_t view;
  if (!epx_bias_view_make(run->bias, run->bias_count, &view)) {
    epx_page_text(page, EPX_PAGE_NOTICE, "%s: out of memory for the measurements of gradient bias.",
                  run->label);
    epx_bias_view_clear(&view);
    return;
  }
  if (with_label) {
    epx_page_heading(page, run->label);
  }
  describe(page, run);
  if (view.variant_count == 0) {
    epx_page_text(page, EPX_PAGE_PLAIN, "No estimate was compared with BPTT.");
  } else if (view.variant_count > 1) {
    epx_report_bias_needs(page, &view);
  }
  for (int i = 0; i < view.variant_count; ++i) {
    show_variant(page, &view, i);
  }
  epx_report_bias_ladder(page, &view);
  epx_bias_view_clear(&view);
}

void epx_report_bias_card(epx_page_t *page, const epx_report_run_t *runs, int count) {
  for (int i = 0; i < count; ++i) {
    char name[64], value[32], note[EPX_BIAS_NOTE_SIZE];
    epx_bias_view_t view;
    if (runs[i].bias_count == 0) {
      continue;
    }
    if (epx_bias_view_make(runs[i].bias, runs[i].bias_count, &view) &&
        epx_report_bias_headline(&view, value, note)) {
      snprintf(name, sizeof name, "State bits for a gradient cosine of %g",
               EPX_BIAS_HEADLINE_COSINE);
      epx_page_card(page, name, value, note);
    }
    epx_bias_view_clear(&view);
    return;
  }
}

void epx_report_bias(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int records = 0;
  for (int i = 0; i < count; ++i) {
    records += runs[i].bias_count > 0;
  }
  if (records == 0) {
    return;
  }
  epx_page_section(page, "Gradient bias");
  epx_page_text(page, EPX_PAGE_PLAIN,
                "The error of equilibrium propagation's gradient, by estimator, nudging factor "
                "\xce\xb2 and number format. Cosine 1: the estimate points where backpropagation "
                "through time (BPTT) over the same steps does. Relative L2 error: length of the "
                "difference by length of the reference.");
  for (int i = 0; i < count; ++i) {
    if (runs[i].bias_count > 0) {
      show_run(page, &runs[i], records > 1);
    }
  }
}
