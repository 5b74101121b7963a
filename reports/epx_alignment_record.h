/* SPDX-License-Identifier: Apache-2.0 */
/* alignment.csv of a run with unidirectional connections: the angle between the forward and the
 * backward weights of each layer after every epoch. */
#ifndef EPX_ALIGNMENT_RECORD_H
#define EPX_ALIGNMENT_RECORD_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_alignment_row_t {
  int epoch;      /* 0: before training */
  char layer[24]; /* "conv1", ... */
  double angle;   /* degrees, 0 to 180; NAN where a layer's weights are all zeros */
} epx_alignment_row_t;

/* Writes folder/alignment.csv anew, atomically: the rows of epochs before rows[0].epoch as they
 * stand, then these. So a run that was killed and resumed repeats an epoch without doubling it. */
EPX_CHECKED epx_status_t epx_alignment_append(const char *folder, const epx_alignment_row_t *rows,
                                              int count, epx_error_t *error);

/* The rows in order, to be freed by the caller. EPX_ERR_NOT_FOUND where there is no such file;
 * EPX_ERR_FORMAT names file and line. */
EPX_CHECKED epx_status_t epx_alignment_read(const char *folder, epx_alignment_row_t **rows,
                                            int *count, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
