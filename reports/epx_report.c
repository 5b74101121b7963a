/* SPDX-License-Identifier: Apache-2.0 */
/* The report's page: headline figures, what ran, then one section per kind of record. */
#include "epx_report.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "epx_format.h"
#include "epx_record_file.h"
#include "epx_report_internal.h"

static void card_error(epx_page_t *page, const epx_report_run_t *run) {
  const epx_metrics_row_t *best = epx_report_best(run, EPX_SPLIT_TEST);
  if (best != NULL) {
    char text[EPX_FORMAT_SIZE], note[256];
    snprintf(note, sizeof note, "%s, epoch %d", run->label, best->epoch);
    epx_page_card(page, "Lowest test error", epx_format_percent(best->error, text), note);
  }
}

static void card_cosine(epx_page_t *page, const epx_report_run_t *run) {
  const double cosine = epx_report_own_cosine(run);
  if (isfinite(cosine)) {
    char value[EPX_FORMAT_SIZE], note[320];
    snprintf(value, sizeof value, "%.4f", cosine);
    snprintf(note, sizeof note, "%s, worst layer at \xce\xb2 = %.32s", run->label,
             epx_report_config(run, "estimator.beta"));
    epx_page_card(page, "Gradient cosine", value, note);
  }
}

static void card_cost(epx_page_t *page, const epx_report_run_t *run, const char *section,
                      const char *member, const char *name, const char *unit) {
  const double x = epx_json_get_number(json_object_get(run->cost, section), member);
  if (isfinite(x)) {
    char value[EPX_FORMAT_SIZE], text[EPX_FORMAT_SIZE + 8];
    snprintf(text, sizeof text, "%s %s", epx_format_number(x, value), unit);
    epx_page_card(page, name, text, run->label);
  }
}

static void card_tile(epx_page_t *page, const epx_report_run_t *run) {
  const double differing = epx_json_get_number(run->tile, "differing");
  if (isfinite(differing)) {
    char value[EPX_FORMAT_SIZE], text[EPX_FORMAT_SIZE + 16];
    snprintf(text, sizeof text, "%s differ", epx_format_count(differing, value));
    epx_page_card(page, "SystemC tile and twin, values", text, run->label);
  }
}

static bool has_card(const epx_report_run_t *run) {
  return run->metrics_count > 0 || run->gradient != NULL || run->cost != NULL ||
         run->tile != NULL || run->bias_count > 0 || run->convergence_count > 0;
}

/* Headline figures run by run: one's error never stands beside another's energy. */
static void cards(epx_page_t *page, const epx_report_run_t *runs, int count) {
  for (const epx_report_run_t *run = runs; run < runs + count; ++run) {
    if (!has_card(run)) {
      continue;
    }
    if (count > 1) {
      epx_page_heading(page, run->label);
    }
    epx_page_cards_begin(page);
    card_error(page, run);
    card_cosine(page, run);
    card_cost(page, run, "inference", "energy_uj", "Energy of one inference", "\xc2\xb5J");
    card_cost(page, run, "training", "energy_uj", "Energy of one training image", "\xc2\xb5J");
    card_cost(page, run, "inference", "latency_us", "Latency of one inference", "\xc2\xb5s");
    card_tile(page, run);
    epx_report_bias_card(page, run, 1);
    epx_report_convergence_card(page, run, 1);
    epx_page_cards_end(page);
  }
}

/* What a reader must know before any number: a set that is not what its name suggests, a run that
 * did not end as meant. */
static void notices(epx_page_t *page, const epx_report_run_t *runs, int count) {
  for (int i = 0; i < count; ++i) {
    const json_t *manifest = runs[i].manifest;
    const char *note = epx_json_get_text(json_object_get(manifest, "dataset"), "note");
    const char *status = epx_json_get_text(manifest, "status");
    const char *message = epx_json_get_text(manifest, "message");
    if (note[0] != '\0') {
      epx_page_text(page, EPX_PAGE_NOTICE, "%s, data: %s", runs[i].label, note);
    }
    if (strcmp(status, "running") == 0) {
      epx_page_text(page, EPX_PAGE_NOTICE,
                    "%s is still running, or was killed: its numbers are not final.",
                    runs[i].label);
    } else if (status[0] != '\0' && strcmp(status, "finished") != 0) {
      epx_page_text(page, EPX_PAGE_NOTICE, "%s %s%s%s", runs[i].label,
                    strcmp(status, "failed") == 0 ? "failed" : "was interrupted",
                    message[0] != '\0' ? ": " : ".", message);
    }
  }
}

static void cell_error(epx_table_t *table, const epx_metrics_row_t *row) {
  char text[EPX_FORMAT_SIZE];
  epx_table_cell(table, epx_format_percent(row != NULL ? row->error : (double)NAN, text));
}

static void overview_row(epx_table_t *table, const epx_report_run_t *run) {
  char text[EPX_FORMAT_SIZE];
  const json_t *dataset = json_object_get(run->manifest, "dataset");
  const epx_metrics_row_t *train = epx_report_last(run, EPX_SPLIT_TRAIN);
  const epx_metrics_row_t *best = epx_report_best(run, EPX_SPLIT_TEST);
  double seconds = 0.0;
  for (int i = 0; i < run->metrics_count; ++i) {
    seconds += isfinite(run->metrics[i].seconds) ? run->metrics[i].seconds : 0.0;
  }
  epx_table_cell(table, run->label);
  epx_table_cell(table, epx_json_get_text(run->manifest, "status"));
  epx_table_cell(table, epx_json_get_text(run->manifest, "substrate"));
  epx_table_cell(table, epx_report_config(run, "estimator.kind"));
  epx_table_cell(table, epx_report_config(run, "estimator.beta"));
  epx_table_cell(table, epx_json_get_text(dataset, "name"));
  epx_table_cell(table, epx_format_count(epx_json_get_number(dataset, "train"), text));
  epx_table_cell(table, epx_format_count(train != NULL ? train->epoch : (double)NAN, text));
  cell_error(table, train);
  cell_error(table, epx_report_last(run, EPX_SPLIT_TEST));
  cell_error(table, best);
  epx_table_cell(table,
                 epx_format_number(train != NULL ? train->images_per_second : (double)NAN, text));
  epx_table_cell(table, epx_format_seconds(seconds > 0.0 ? seconds : (double)NAN, text));
}

static void overview(epx_page_t *page, const epx_report_run_t *runs, int count) {
  static const char *const HEADINGS[] = {
      "Run",         "Status",     "Substrate",         "Estimator",
      "\xce\xb2",    "Data set",   "Training images",   "Epochs",
      "Train error", "Test error", "Lowest test error", "Images/s",
      "Time"};
  static const bool RIGHT[] = {false, false, false, false, true, false, true,
                               true,  true,  true,  true,  true, true};
  epx_page_section(page, "What ran");
  notices(page, runs, count);
  cards(page, runs, count);
  bool trained = false;
  for (int i = 0; i < count; ++i) {
    trained = trained || runs[i].manifest != NULL || runs[i].metrics_count > 0;
  }
  if (!trained) {
    return;
  }
  epx_table_t *table = epx_table_create(13, HEADINGS, RIGHT);
  for (int i = 0; i < count; ++i) {
    overview_row(table, &runs[i]);
  }
  epx_page_table(page, table);
  epx_page_text(page, EPX_PAGE_SMALL,
                "Train and test error are those of the last epoch. Images per second is the speed "
                "of the simulator in training, not of the chip.");
  epx_report_history(page, runs, count);
}

epx_status_t epx_report_write(const char *const *run_folders, int count, const char *out_path,
                              epx_error_t *error) {
  if (count < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "A report needs at least one run folder.");
  }
  epx_report_run_t *runs = calloc((size_t)count, sizeof *runs);
  if (runs == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the report.", out_path);
  }
  epx_status_t status = epx_report_runs_load(run_folders, count, runs, error);
  if (status == EPX_OK) {
    char title[256];
    if (count == 1) {
      snprintf(title, sizeof title, "epxbar report: %s", runs[0].label);
    } else {
      snprintf(title, sizeof title, "epxbar report: %d runs", count);
    }
    epx_page_t *page = epx_page_create(title);
    overview(page, runs, count);
    epx_report_learning(page, runs, count);
    epx_report_health(page, runs, count);
    epx_report_clips(page, runs, count);
    epx_report_gradient(page, runs, count);
    epx_report_bias(page, runs, count);
    epx_report_gdu(page, runs, count);
    epx_report_convergence(page, runs, count);
    epx_report_cost(page, runs, count);
    epx_report_tile(page, runs, count);
    epx_report_settings(page, runs, count);
    status = epx_page_write(page, out_path, error);
    epx_page_destroy(page);
  }
  epx_report_runs_clear(runs, count);
  free(runs);
  return status;
}
