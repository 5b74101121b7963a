/* SPDX-License-Identifier: Apache-2.0 */
/* clips.csv of a run whose converters lose bits: how many conversions each layer's arrays made in
 * an epoch, training and test together, and how many sums lay outside their converter's range. */
#ifndef EPX_CLIP_RECORD_H
#define EPX_CLIP_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_clip_row_t {
  int epoch;      /* from 1 */
  char layer[40]; /* "conv1", "dense0 feedback", ... */
  bool backward;  /* rows were read, else columns */
  int64_t conversions, clips;
} epx_clip_row_t;

/* Writes folder/clips.csv anew, atomically: the rows of epochs before rows[0].epoch as they stand,
 * then these. So a run that was killed and resumed repeats an epoch without doubling it. */
EPX_CHECKED epx_status_t epx_clips_append(const char *folder, const epx_clip_row_t *rows, int count,
                                          epx_error_t *error);

/* The rows in order, to be freed by the caller. EPX_ERR_NOT_FOUND where there is no such file;
 * EPX_ERR_FORMAT names file and line. */
EPX_CHECKED epx_status_t epx_clips_read(const char *folder, epx_clip_row_t **rows, int *count,
                                        epx_error_t *error);

/* The share that clipped; 0 where nothing was converted. */
static inline double epx_clip_share(const epx_clip_row_t *row) {
  return row->conversions > 0 ? (double)row->clips / (double)row->conversions : 0.0;
}

#ifdef __cplusplus
}
#endif
#endif
