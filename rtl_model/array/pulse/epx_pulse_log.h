/* SPDX-License-Identifier: Apache-2.0 */
/* A record of every cell that was pulsed, streamed to a CSV file.
 *
 * The file is a header line and a line per record, written in whole lines: whatever stops a run, or
 * fills a disk, leaves a file that ends with a complete record. After a failure the log takes no
 * more records and gives the first error again at every call, so that a caller may look once, at
 * the end. */
#ifndef EPX_PULSE_LOG_H
#define EPX_PULSE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_pulse_record_t {
  uint64_t step;               /* number of the update */
  int tile;                    /* on the chip */
  int layer;                   /* parameter layer */
  int row_block, column_block; /* the tile within the layer */
  int row, column;             /* the cell within the tile */
  int pulses;                  /* signed: polarity and number */
  int32_t before, after;       /* codes of the register that stands for the conductance */
} epx_pulse_record_t;

typedef struct epx_pulse_log_t epx_pulse_log_t;

/* Creates or empties `path`; the log owns the open file. */
EPX_CHECKED epx_status_t epx_pulse_log_open(const char *path, epx_pulse_log_t **log,
                                            epx_error_t *error);

EPX_CHECKED epx_status_t epx_pulse_log_write(epx_pulse_log_t *log, const epx_pulse_record_t *record,
                                             epx_error_t *error);

/* Writes what is buffered and closes; the log is gone whatever the result. NULL: nothing. */
EPX_CHECKED epx_status_t epx_pulse_log_close(epx_pulse_log_t *log, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
