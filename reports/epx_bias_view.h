/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of bias.csv as the report looks at them: estimates, variants, curves. */
#ifndef EPX_BIAS_VIEW_H
#define EPX_BIAS_VIEW_H

#include <stdbool.h>

#include "epx_bias_fit.h"
#include "epx_bias_record.h"
#include "epx_chart.h"

/* One estimate compared with one reference: the rows of its layers. */
typedef struct epx_bias_estimate_t {
  const epx_bias_row_t *layers; /* layer_count rows, in order */
  int layer_count;              /* without the row "all" */
  const epx_bias_row_t *all;
  const epx_bias_row_t *worst; /* layer with the smallest cosine, one without a cosine before any */
  int bits;                    /* of the state format; 0: floating point */
  double q;                    /* its step; 0: float64; NAN: float32, whose step is not fixed */
} epx_bias_estimate_t;

/* What is shown together: estimates under one network set-up. `stage` is the rung where the chip's
 * arrays ("chip") or rounded updates ("update") are on, else "". */
typedef struct epx_bias_variant_t {
  const epx_bias_row_t *row; /* one that belongs to it */
  const char *stage;
} epx_bias_variant_t;

/* Pointers below point into the rows; lists have as many elements as estimates, at most. */
typedef struct epx_bias_view_t {
  epx_bias_estimate_t *estimates;
  int count;
  epx_bias_variant_t *variants; /* of estimates compared with BPTT, in order of appearance */
  int variant_count;
  const epx_bias_estimate_t **curve; /* see epx_bias_view_curve */
  const char **estimators, **states;
  epx_bias_point_t *points;
  double *residuals;
} epx_bias_view_t;

/* False: out of memory. The view is to be cleared in any case, and refers to the rows. */
bool epx_bias_view_make(const epx_bias_row_t *rows, int count, epx_bias_view_t *view);
void epx_bias_view_clear(epx_bias_view_t *view);

/* Whether an estimate was compared with BPTT and belongs to the variant. */
bool epx_bias_in_variant(const epx_bias_estimate_t *estimate, const epx_bias_variant_t *variant);

/* "max pooling, live switches, synchronous updates, 250 + 30 steps, synapses Q1.6, whole chip". */
const char *epx_bias_variant_name(const epx_bias_variant_t *variant, char name[256]);

/* The estimators of a variant in order of appearance, into view->estimators; returns their number.
 */
int epx_bias_view_estimators(epx_bias_view_t *view, const epx_bias_variant_t *variant);

/* The state formats of a variant into view->states: by bits, then floating point. */
int epx_bias_view_states(epx_bias_view_t *view, const epx_bias_variant_t *variant);

/* The estimates of one estimator in one format (NULL: in all) by beta, into view->curve. */
int epx_bias_view_curve(epx_bias_view_t *view, const epx_bias_variant_t *variant,
                        const char *estimator, const char *state);

/* Fits the law to one estimator's estimates of "all" against BPTT, in all formats but float32.
 * view->curve, view->points and view->residuals hold the estimates, in equal order; *count: their
 * number. */
void epx_bias_view_fit(epx_bias_view_t *view, const epx_bias_variant_t *variant,
                       const char *estimator, epx_bias_fit_t *fit, int *count);

#endif
