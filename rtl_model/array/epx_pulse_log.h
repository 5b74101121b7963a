/* SPDX-License-Identifier: Apache-2.0 */
/* A record of every cell that was pulsed, streamed to a CSV file.
 *
 * The file is a header line and a line per record, written in whole lines: whatever stops a run, or
 * fills a disk, leaves a file that ends with a complete record. After a failure the log takes no
 * more records and gives the first error again at every call, so that a caller may look once, at
 * the end. Values are printed with the digits that read back to the same number. */
#ifndef EPX_PULSE_LOG_H
#define EPX_PULSE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_pulse_record_t {
  uint64_t step; /* of training, or any event number */
  int layer;
  int row_block, column_block; /* the tile within the layer */
  int row, column;             /* the cell within the tile */
  int pulses;                  /* signed: polarity and number */
  double before, after;        /* values */
} epx_pulse_record_t;

typedef struct epx_pulse_log_t epx_pulse_log_t;

/* Creates or empties `path`; the log owns the open file. */
EPX_CHECKED epx_status_t epx_pulse_log_open(const char *path, epx_pulse_log_t **log,
                                            epx_error_t *error);

EPX_CHECKED epx_status_t epx_pulse_log_write(epx_pulse_log_t *log, const epx_pulse_record_t *record,
                                             epx_error_t *error);

/* A record for each of the tile's cells with pulses, in order: cells [first, first + count) of an
 * array of `columns`. `where` gives step, layer and tile. */
EPX_CHECKED epx_status_t epx_pulse_log_cells(epx_pulse_log_t *log, const epx_pulse_record_t *where,
                                             int columns, size_t first, size_t count,
                                             const int16_t *pulses, const double *before,
                                             const double *after, epx_error_t *error);

/* Writes what is buffered and closes; the log is gone whatever the result. NULL: nothing. */
EPX_CHECKED epx_status_t epx_pulse_log_close(epx_pulse_log_t *log, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
