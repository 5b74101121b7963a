/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.csv: one line per epoch and split. Numbers are written with 17 digits, so that a resume
 * that rewrites the file changes no value. */
#include "epx_metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"

static const char HEADER[] =
    "epoch,split,loss,error,images,images_per_second,seconds,learning_rate\n";
enum { COLUMNS = 8 };

const char *epx_metrics_header(void) {
  return HEADER;
}

int epx_metrics_format(const epx_metrics_row_t *row, char line[EPX_METRICS_LINE_SIZE]) {
  return snprintf(line, EPX_METRICS_LINE_SIZE, "%d,%s,%.17g,%.17g,%lld,%.6g,%.6g,%.17g\n",
                  row->epoch, row->split == EPX_SPLIT_TRAIN ? "train" : "test", row->loss,
                  row->error, (long long)row->images, row->images_per_second, row->seconds,
                  row->learning_rate);
}

/* Splits a line at its commas, in place; returns the number of fields (at most COLUMNS + 1). */
static int split_fields(char *line, char *fields[COLUMNS + 1]) {
  int count = 0;
  for (char *next = line; next != NULL && count <= COLUMNS; ++count) {
    fields[count] = next;
    next = strchr(next, ',');
    if (next != NULL) {
      *next++ = '\0';
    }
  }
  return count;
}

static bool parse_number(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && *end == '\0';
}

static bool parse_whole(const char *text, int64_t *value) {
  char *end;
  *value = strtoll(text, &end, 10);
  return end != text && *end == '\0';
}

/* NULL, or the name of the column that is wrong. */
static const char *parse_row(char *fields[], epx_metrics_row_t *row) {
  int64_t epoch;
  if (!parse_whole(fields[0], &epoch) || epoch < 0 || epoch > INT32_MAX) {
    return "epoch";
  }
  row->epoch = (int)epoch;
  if (strcmp(fields[1], "train") != 0 && strcmp(fields[1], "test") != 0) {
    return "split";
  }
  row->split = fields[1][1] == 'r' ? EPX_SPLIT_TRAIN : EPX_SPLIT_TEST;
  return !parse_number(fields[2], &row->loss)                ? "loss"
         : !parse_number(fields[3], &row->error)             ? "error"
         : !parse_whole(fields[4], &row->images)             ? "images"
         : !parse_number(fields[5], &row->images_per_second) ? "images_per_second"
         : !parse_number(fields[6], &row->seconds)           ? "seconds"
         : !parse_number(fields[7], &row->learning_rate)     ? "learning_rate"
                                                             : NULL;
}

static epx_status_t parse_line(const char *path, int line_number, char *line,
                               epx_metrics_row_t *row, epx_error_t *error) {
  char *fields[COLUMNS + 1];
  const int count = split_fields(line, fields);
  if (count != COLUMNS) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:%d: found %d%s columns; expected %d.", path,
                    line_number, count, count > COLUMNS ? " or more" : "", COLUMNS);
  }
  const char *wrong = parse_row(fields, row);
  if (wrong != NULL) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:%d: column %s holds no value of its type.", path,
                    line_number, wrong);
  }
  return EPX_OK;
}

static epx_status_t parse_file(const char *path, char *text, epx_metrics_row_t *rows, int *count,
                               epx_error_t *error) {
  if (strncmp(text, HEADER, sizeof HEADER - 1) != 0) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:1: found another header; expected %.*s.", path,
                    (int)(sizeof HEADER - 2), HEADER);
  }
  char *line = text + sizeof HEADER - 1;
  *count = 0;
  for (int line_number = 2;; ++line_number) {
    char *end = strchr(line, '\n');
    if (end == NULL) {
      return EPX_OK; /* nothing, or a line whose write was cut short */
    }
    *end = '\0';
    const epx_status_t status = parse_line(path, line_number, line, &rows[*count], error);
    if (status != EPX_OK) {
      return status;
    }
    ++*count;
    line = end + 1;
  }
}

epx_status_t epx_metrics_read(const char *folder, epx_metrics_row_t **rows, int *count,
                              epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  char *text = NULL;
  size_t size = 0;
  epx_status_t status = epx_path_join(folder, "metrics.csv", path, error);
  if (status == EPX_OK) {
    status = epx_text_read(path, &text, &size, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  size_t lines = 1;
  for (size_t i = 0; i < size; ++i) {
    lines += text[i] == '\n';
  }
  epx_metrics_row_t *parsed = calloc(lines, sizeof *parsed);
  int found = 0;
  status = parsed == NULL ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path)
                          : parse_file(path, text, parsed, &found, error);
  free(text);
  if (status != EPX_OK) {
    free(parsed);
    return status;
  }
  *rows = parsed;
  *count = found;
  return EPX_OK;
}
