/* SPDX-License-Identifier: Apache-2.0 */
/* Specifications of charts as JSON, drawn by assets/report.js.
 *
 *   {kind: "line" | "bar", title, note, x: {label, log, labels: [...]}, y: {label, percent, log,
 * zero}, series: [{label, colour, dashed, smooth, points: [[x, y], ...], ranges: [[low, high],
 * ...]}]}
 *
 * Line charts: x is a number, or an index into x.labels where there are any. Bar charts are
 * horizontal: point i is [i, value] of x.labels[i], a label may have several lines, and ranges draw
 * whiskers. */
#ifndef EPX_CHART_H
#define EPX_CHART_H

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_CHART_X_LOG = 1, /* logarithmic x axis */
  EPX_CHART_Y_LOG = 2,
  EPX_CHART_Y_PERCENT = 4, /* y is a fraction, shown in percent */
  EPX_CHART_Y_ZERO = 8     /* the y axis starts at 0 */
};

/* A chart without series; note may be NULL. NULL: out of memory (the functions below accept it). */
json_t *epx_chart_line(const char *title, const char *note, const char *x_label,
                       const char *y_label, int flags);
json_t *epx_chart_bar(const char *title, const char *note, const char *value_label);

/* Appends a category to the x axis; returns its index. An equal label is found again. */
int epx_chart_category(json_t *chart, const char *label);

/* Appends a series; colour is an index into the palette. The chart owns it. */
json_t *epx_chart_series(json_t *chart, const char *label, int colour, int dashed);

/* Draws a line series without markers, and keeps it out of the axis ticks and the legend, where it
 * is hidden and shown with the series before it: a law through measured points. */
void epx_chart_smooth(json_t *series);

/* Appends a point (left out where a number is not finite), or a bar with its range. */
void epx_chart_point(json_t *series, double x, double y);
void epx_chart_bar_value(json_t *series, int category, double value, double low, double high);

/* True where no series has a point. */
int epx_chart_is_empty(const json_t *chart);

/* Height of the drawing in CSS pixels. */
int epx_chart_height(const json_t *chart);

#ifdef __cplusplus
}
#endif
#endif
