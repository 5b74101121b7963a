/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of metrics.csv; for the run record's own use (readers call epx_metrics_read). */
#ifndef EPX_METRICS_H
#define EPX_METRICS_H

#include <stdio.h>

#include "epx_run_record.h"

enum { EPX_METRICS_LINE_SIZE = 256 };

/* The first line, newline included. */
const char *epx_metrics_header(void);

/* Formats a row as a line, newline included; returns its length. */
int epx_metrics_format(const epx_metrics_row_t *row, char line[EPX_METRICS_LINE_SIZE]);

#endif
