/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the CSV records: fields without quotes, numbers that a reader must not guess. */
#ifndef EPX_CSV_H
#define EPX_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Splits a line at its commas, in place, into at most `limit` fields; returns how many there are,
 * or limit + 1 where there are more. */
int epx_csv_split(char *line, char **fields, int limit);

/* The number that is the whole text; false where it is none. */
bool epx_csv_number(const char *text, double *value);
bool epx_csv_whole(const char *text, int64_t *value);
/* The same of an int, at least `low`. */
bool epx_csv_int(const char *text, int low, int *value);

/* The same; an empty text is NAN. */
bool epx_csv_number_or_nan(const char *text, double *value);

/* "%.17g", which strtod reads back to the same double; "" where x is NAN. */
enum { EPX_CSV_NUMBER_SIZE = 32 };
const char *epx_csv_format(double x, char text[EPX_CSV_NUMBER_SIZE]);

/* Copies text to a field of `size` bytes; false where it is too long. */
bool epx_csv_text(const char *text, char *field, size_t size);

/* Whether a field ends within `size` bytes and can stand in a line without quotes. */
bool epx_csv_is_plain(const char *field, size_t size);

/* Reads text[size], whose first line must be `header` (newline included), and calls parse for the
 * `columns` fields of each line after it; `end` is the offset after the line. It returns NULL or
 * the name of a column that holds no value of its type. Lines are cut in place; what follows the
 * last newline is a write cut short and not looked at. EPX_ERR_FORMAT names file and line. */
typedef const char *epx_csv_parse_t(void *context, char **fields, size_t end);
EPX_CHECKED epx_status_t epx_csv_parse(const char *path, char *text, size_t size,
                                       const char *header, int columns, epx_csv_parse_t *parse,
                                       void *context, epx_error_t *error);

/* Reads the whole of folder/name into an array of rows of `row_size` bytes, the caller's to free.
 * `parse` fills one zeroed row and returns as above. EPX_ERR_NOT_FOUND where there is no file. */
typedef const char *epx_csv_parse_row_t(void *row, char **fields);
EPX_CHECKED epx_status_t epx_csv_read(const char *folder, const char *name, const char *header,
                                      int columns, epx_csv_parse_row_t *parse, size_t row_size,
                                      void **rows, int *count, epx_error_t *error);

/* Writes `header` and `count` rows of `row_size` bytes to folder/name, whole or not at all; makes
 * the folder. `put` writes a row's line, or fails with what a line cannot hold. */
typedef epx_status_t epx_csv_put_row_t(FILE *out, const void *row, epx_error_t *error);
EPX_CHECKED epx_status_t epx_csv_write(const char *folder, const char *name, const char *header,
                                       epx_csv_put_row_t *put, const void *rows, size_t row_size,
                                       int count, epx_error_t *error);

/* A record of one kind: folder/name, its header, how rows of row_size bytes are read and written.
 */
typedef struct epx_csv_record_t {
  const char *name, *header;
  int columns;
  epx_csv_parse_row_t *parse;
  epx_csv_put_row_t *put;
  size_t row_size;
} epx_csv_record_t;

/* Writes the file anew, whole or not at all: the rows of epochs before that of rows[0] as they
 * stand, then these. So a run that was killed and resumed repeats an epoch without doubling it. A
 * row begins with its epoch, an int. */
EPX_CHECKED epx_status_t epx_csv_append_epoch(const char *folder, const epx_csv_record_t *record,
                                              const void *rows, int count, epx_error_t *error);

/* Lines in text[size]: an upper bound of the rows in it. */
size_t epx_csv_count_lines(const char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
