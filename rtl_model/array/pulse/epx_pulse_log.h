/* SPDX-License-Identifier: Apache-2.0 */
/* A record of every cell that was pulsed, streamed to a CSV file.
 *
 * The file is a header line and a line per record. It takes its name when the log is closed
 * (epx_output.h); where a run fails or a disk is full, "<path>.partial" ends with a complete record
 * and an older file stays. After a failure the log takes no
 * more records and gives the first error again at every call, so that a caller may look once, at
 * the end. */
#ifndef EPX_PULSE_LOG_H
#define EPX_PULSE_LOG_H

#include <stdbool.h>
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

/* Starts the file that will be `path`; the log owns it. */
EPX_CHECKED epx_status_t epx_pulse_log_open(const char *path, epx_pulse_log_t **log,
                                            epx_error_t *error);

EPX_CHECKED epx_status_t epx_pulse_log_write(epx_pulse_log_t *log, const epx_pulse_record_t *record,
                                             epx_error_t *error);

/* Writes what is buffered and gives the file its name; the log is gone whatever the result. NULL:
 * nothing. */
EPX_CHECKED epx_status_t epx_pulse_log_close(epx_pulse_log_t *log, epx_error_t *error);

/* Ends the log of a run that failed: keeps what there is as "<path>.partial", and adds that to the
 * message of *error, or keeps nothing. NULL: nothing. */
void epx_pulse_log_abandon(epx_pulse_log_t *log, bool keep, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
