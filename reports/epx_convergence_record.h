/* SPDX-License-Identifier: Apache-2.0 */
/* convergence.csv of a run folder: the twin's error against the golden model (float64) over bits,
 * and the law that it is expected to follow: rounding to steps of 2^-bits makes an error that a bit
 * more halves (6.02 dB). One line per point; numbers have 17 digits, NAN is an empty cell. */
#ifndef EPX_CONVERGENCE_RECORD_H
#define EPX_CONVERGENCE_RECORD_H

#include <stdbool.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An error |twin - golden| / |golden| (L2), and what of it the varied bits do not make: the error
 * that is left where they lose nothing. */
typedef struct epx_convergence_error_t {
  double whole, rest;
} epx_convergence_error_t;

typedef struct epx_convergence_row_t {
  char axis[16];   /* what was varied: "state", "synapse", "adc" */
  int bits;        /* 1 or more */
  char format[24]; /* "UQ0.5", "Q1.4", "sar" */
  char estimator[16];
  double beta;
  int free_steps, nudged_steps, images;
  epx_convergence_error_t states, gradient; /* free states of all layers; all parameters */
  double cosine;                            /* of the gradients */
} epx_convergence_row_t;

/* Writes folder/convergence.csv whole and atomically, making the folder if missing. Rules for texts
 * as in epx_bias_record.h. */
EPX_CHECKED epx_status_t epx_convergence_write(const char *folder,
                                               const epx_convergence_row_t *rows, int count,
                                               epx_error_t *error);

/* The rows in order, to be freed by the caller. EPX_ERR_NOT_FOUND where there is no such file;
 * EPX_ERR_FORMAT names file, line and column. */
EPX_CHECKED epx_status_t epx_convergence_read(const char *folder, epx_convergence_row_t **rows,
                                              int *count, epx_error_t *error);

/* Above this error an estimate says nothing any more; and a point shows the varied bits' own part
 * where it is at least this many times the rest. */
#define EPX_CONVERGENCE_SATURATED 0.7
#define EPX_CONVERGENCE_OWN 2.0

/* The own part of a point, sqrt(whole^2 - rest^2), as of independent errors; and the least squares
 * of its log2 over bits, on points that are neither saturated nor the rest's. */
typedef struct epx_convergence_fit_t {
  bool determined;     /* three points or more; else only low, high and used mean anything */
  double factor;       /* by which a bit more divides the own part; the law: 2 */
  double middle;       /* mean bits of the used points */
  double at_middle;    /* the own part there, the geometric mean of the used points' */
  int low, high, used; /* bits of the used points, and their number */
} epx_convergence_fit_t;

/* Of the states' errors (gradient false) or the gradients' in the rows of one axis. */
epx_convergence_fit_t epx_convergence_fit(const epx_convergence_row_t *rows, int count,
                                          const char *axis, bool gradient);

/* The whole error at some bits where a bit more halves the own part, through the fit's middle. */
double epx_convergence_law(const epx_convergence_fit_t *fit, int bits, double rest);

#ifdef __cplusplus
}
#endif
#endif
