/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_output.h"
#include "epx_record_file.h"

enum { MAX_COLUMNS = 32 };

int epx_csv_split(char *line, char **fields, int limit) {
  int count = 0;
  for (char *next = line; next != NULL; ++count) {
    if (count == limit) {
      return limit + 1;
    }
    fields[count] = next;
    next = strchr(next, ',');
    if (next != NULL) {
      *next++ = '\0';
    }
  }
  return count;
}

bool epx_csv_number(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && *end == '\0';
}

bool epx_csv_whole(const char *text, int64_t *value) {
  char *end;
  *value = strtoll(text, &end, 10);
  return end != text && *end == '\0';
}

bool epx_csv_int(const char *text, int low, int *value) {
  int64_t whole;
  if (!epx_csv_whole(text, &whole) || whole < low || whole > INT32_MAX) {
    return false;
  }
  *value = (int)whole;
  return true;
}

bool epx_csv_number_or_nan(const char *text, double *value) {
  if (text[0] == '\0') {
    *value = NAN;
    return true;
  }
  return epx_csv_number(text, value);
}

const char *epx_csv_format(double x, char text[EPX_CSV_NUMBER_SIZE]) {
  if (isnan(x)) {
    text[0] = '\0';
  } else {
    snprintf(text, EPX_CSV_NUMBER_SIZE, "%.17g", x);
  }
  return text;
}

bool epx_csv_text(const char *text, char *field, size_t size) {
  const size_t length = strlen(text);
  if (length >= size) {
    return false;
  }
  memcpy(field, text, length + 1);
  return true;
}

bool epx_csv_is_plain(const char *field, size_t size) {
  const char *end = memchr(field, '\0', size);
  if (end == NULL) {
    return false;
  }
  for (const char *c = field; c < end; ++c) {
    if ((unsigned char)*c < 0x20 || *c == ',' || *c == '"') {
      return false;
    }
  }
  return true;
}

static epx_status_t parse_line(const char *path, int number, char *line, size_t length, size_t end,
                               int columns, epx_csv_parse_t *parse, void *context,
                               epx_error_t *error) {
  char *fields[MAX_COLUMNS];
  if (strlen(line) != length) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:%d: found a 0 byte; expected text.", path, number);
  }
  const int count = epx_csv_split(line, fields, columns);
  if (count != columns) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:%d: found %d%s columns; expected %d.", path, number,
                    count, count > columns ? " or more" : "", columns);
  }
  const char *wrong = parse(context, fields, end);
  return wrong == NULL
             ? EPX_OK
             : epx_fail(error, EPX_ERR_FORMAT, "%s:%d: column %s holds no value of its type.", path,
                        number, wrong);
}

epx_status_t epx_csv_parse(const char *path, char *text, size_t size, const char *header,
                           int columns, epx_csv_parse_t *parse, void *context, epx_error_t *error) {
  const size_t header_size = strlen(header);
  if (size < header_size || memcmp(text, header, header_size) != 0) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:1: found another header; expected %.*s.", path,
                    (int)header_size - 1, header);
  }
  char *line = text + header_size;
  for (int number = 2;; ++number) {
    char *end = memchr(line, '\n', size - (size_t)(line - text));
    if (end == NULL) {
      return EPX_OK;
    }
    *end = '\0';
    const epx_status_t status =
        parse_line(path, number, line, (size_t)(end - line), (size_t)(end - text) + 1, columns,
                   parse, context, error);
    if (status != EPX_OK) {
      return status;
    }
    line = end + 1;
  }
}

static int epoch_of(const void *rows, size_t row_size, int i) {
  int epoch;
  memcpy(&epoch, (const char *)rows + (size_t)i * row_size, sizeof epoch);
  return epoch;
}

epx_status_t epx_csv_append_epoch(const char *folder, const epx_csv_record_t *record,
                                  const void *rows, int count, epx_error_t *error) {
  void *before = NULL;
  int before_count = 0, kept = 0;
  epx_status_t status =
      epx_csv_read(folder, record->name, record->header, record->columns, record->parse,
                   record->row_size, &before, &before_count, error);
  if (status != EPX_OK && status != EPX_ERR_NOT_FOUND) {
    return status;
  }
  while (kept < before_count && (count == 0 || epoch_of(before, record->row_size, kept) <
                                                   epoch_of(rows, record->row_size, 0))) {
    ++kept;
  }
  char *all = calloc((size_t)(kept + count) + 1, record->row_size);
  if (all == NULL) {
    free(before);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for %s", folder, record->name);
  }
  if (kept > 0) {
    memcpy(all, before, (size_t)kept * record->row_size);
  }
  if (count > 0) {
    memcpy(all + (size_t)kept * record->row_size, rows, (size_t)count * record->row_size);
  }
  status = epx_csv_write(folder, record->name, record->header, record->put, all, record->row_size,
                         kept + count, error);
  free(all);
  free(before);
  return status;
}

size_t epx_csv_count_lines(const char *text, size_t size) {
  size_t lines = 1;
  for (size_t i = 0; i < size; ++i) {
    lines += text[i] == '\n';
  }
  return lines;
}

/* Rows of one size under construction. */
typedef struct rows_t {
  char *at;
  size_t row_size;
  int count;
  epx_csv_parse_row_t *parse;
} rows_t;

static const char *parse_next(void *context, char **fields, size_t end) {
  rows_t *rows = context;
  (void)end;
  return rows->parse(rows->at + rows->row_size * (size_t)rows->count++, fields);
}

epx_status_t epx_csv_write(const char *folder, const char *name, const char *header,
                           epx_csv_put_row_t *put, const void *rows, size_t row_size, int count,
                           epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  char *text = NULL;
  size_t size = 0;
  epx_status_t status = epx_path_join(folder, name, path, error);
  status = status == EPX_OK ? epx_folder_make(folder, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  fputs(header, out);
  for (int i = 0; status == EPX_OK && i < count; ++i) {
    status = put(out, (const char *)rows + (size_t)i * row_size, error);
  }
  if (fclose(out) != 0 && status == EPX_OK) {
    status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  status = status == EPX_OK ? epx_output_write(path, text, size, error) : status;
  free(text);
  return status;
}

epx_status_t epx_csv_read(const char *folder, const char *name, const char *header, int columns,
                          epx_csv_parse_row_t *parse, size_t row_size, void **out, int *count,
                          epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  char *text = NULL;
  size_t size = 0;
  epx_status_t status = epx_path_join(folder, name, path, error);
  status = status == EPX_OK ? epx_text_read(path, &text, &size, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  const size_t mark = epx_text_mark(text);
  rows_t rows = {calloc(epx_csv_count_lines(text, size), row_size), row_size, 0, parse};
  status = rows.at == NULL ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path)
                           : epx_csv_parse(path, text + mark, size - mark, header, columns,
                                           parse_next, &rows, error);
  free(text);
  if (status != EPX_OK) {
    free(rows.at);
    return status;
  }
  *out = rows.at;
  *count = rows.count;
  return EPX_OK;
}
