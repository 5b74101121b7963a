/* SPDX-License-Identifier: Apache-2.0 */
/* What the sections of the report share. */
#ifndef EPX_REPORT_INTERNAL_H
#define EPX_REPORT_INTERNAL_H

#include <jansson.h>

#include "epx_alignment_record.h"
#include "epx_bias_record.h"
#include "epx_clip_record.h"
#include "epx_convergence_record.h"
#include "epx_gdu_record.h"
#include "epx_health_record.h"
#include "epx_page.h"
#include "epx_run_record.h"

/* The records of one folder; NULL or 0 where there is none. */
typedef struct epx_report_run_t {
  char label[128]; /* last part of the folder's name; the whole where two are alike */
  json_t *manifest;
  epx_metrics_row_t *metrics;
  int metrics_count;
  json_t *gradient, *cost, *tile;
  json_t *bias_info; /* bias.json */
  epx_bias_row_t *bias;
  int bias_count;
  epx_gdu_row_t *gdu;
  int gdu_count;
  epx_convergence_row_t *convergence;
  int convergence_count;
  epx_alignment_row_t *alignment;
  int alignment_count;
  epx_clip_row_t *clips;
  int clip_count;
  epx_health_row_t *health;
  int health_count;
} epx_report_run_t;

/* Loads `count` folders into zeroed runs, cleared with epx_report_runs_clear also after a failure.
 */
EPX_CHECKED epx_status_t epx_report_runs_load(const char *const *folders, int count,
                                              epx_report_run_t *runs, epx_error_t *error);
void epx_report_runs_clear(epx_report_run_t *runs, int count);

/* The text of a configuration key in the manifest; "" where there is none. */
const char *epx_report_config(const epx_report_run_t *run, const char *key);

/* The last row of a split, or that with the smallest error; NULL where there is none. */
const epx_metrics_row_t *epx_report_last(const epx_report_run_t *run, epx_split_t split);
const epx_metrics_row_t *epx_report_best(const epx_report_run_t *run, epx_split_t split);

/* The smallest cosine over the rows of gradient.json with the estimator, nudging factor and
 * substrate that the run's own settings name; NAN where there is none. */
double epx_report_own_cosine(const epx_report_run_t *run);

/* The headline figure of the first run with bias.csv; with a law in convergence.csv. */
void epx_report_bias_card(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_convergence_card(epx_page_t *page, const epx_report_run_t *runs, int count);

/* A heading and a table of what was changed while runs went on; nothing where nothing was. */
void epx_report_history(epx_page_t *page, const epx_report_run_t *runs, int count);

/* One section each; nothing where no run has the record. */
void epx_report_learning(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_health(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_clips(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_gradient(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_bias(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_gdu(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_convergence(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_cost(epx_page_t *page, const epx_report_run_t *runs, int count);
/* The energies of a section of cost.json ("one inference") by layer, command and component. */
void epx_report_cuts(epx_page_t *page, const json_t *section, const char *title);
void epx_report_tile(epx_page_t *page, const epx_report_run_t *runs, int count);
void epx_report_settings(epx_page_t *page, const epx_report_run_t *runs, int count);

#endif
