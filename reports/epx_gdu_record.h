/* SPDX-License-Identifier: Apache-2.0 */
/* gdu.csv of a run folder: the gradient-descending-updates property, step by step.
 *
 * EP's update after t nudged steps is compared with BPTT's over the last t steps of the free phase
 * (Ernoult, Grollier, Querlioz, Bengio, Scellier, NeurIPS 2019): as beta falls they become equal,
 * for every t. One line per layer and step; numbers have 17 digits, NAN is an empty cell. */
#ifndef EPX_GDU_RECORD_H
#define EPX_GDU_RECORD_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_gdu_row_t {
  char estimator[16];
  double beta;        /* nudging factor */
  char layer[24];     /* "conv0", ..., "all" */
  int step;           /* t = 1 .. nudged steps */
  int parameter;      /* -1: the whole layer; else the index of one of its parameters */
  double cosine;      /* of the two cumulative updates; NAN on rows of one parameter */
  double relative_l2; /* |ep - bptt| / |bptt|; NAN on rows of one parameter */
  double ep, bptt;    /* the parameter's cumulative updates; the layer's: their norms */
} epx_gdu_row_t;

/* Writes folder/gdu.csv whole and atomically, making the folder if missing. Rules for texts as in
 * epx_bias_record.h. */
EPX_CHECKED epx_status_t epx_gdu_write(const char *folder, const epx_gdu_row_t *rows, int count,
                                       epx_error_t *error);

/* The rows in order, to be freed by the caller. EPX_ERR_NOT_FOUND where there is no such file;
 * EPX_ERR_FORMAT names file, line and column. */
EPX_CHECKED epx_status_t epx_gdu_read(const char *folder, epx_gdu_row_t **rows, int *count,
                                      epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
