/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of bias.csv; for the bias record's own use. */
#ifndef EPX_BIAS_ROWS_H
#define EPX_BIAS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "epx_bias_record.h"

enum { EPX_BIAS_COLUMNS = 15, EPX_BIAS_LINE_SIZE = 512 };

/* The first line, newline included. */
const char *epx_bias_header(void);

/* Formats a row as a line, newline included. EPX_ERR_ARGUMENT where a text cannot stand in it or
 * beta is no number. */
EPX_CHECKED epx_status_t epx_bias_format(const epx_bias_row_t *row, char line[EPX_BIAS_LINE_SIZE],
                                         epx_error_t *error);

bool epx_bias_same_key(const epx_bias_row_t *a, const epx_bias_row_t *b);

/* A number that equal keys share. */
size_t epx_bias_hash_key(const epx_bias_row_t *row);

/* Whether the row ends a block. */
bool epx_bias_ends_block(const epx_bias_row_t *row);

/* Reads a file: its rows up to the last that ends a block, and the bytes they take with the header.
 */
EPX_CHECKED epx_status_t epx_bias_rows_load(const char *path, epx_bias_row_t **rows, int *count,
                                            size_t *bytes, epx_error_t *error);

#endif
