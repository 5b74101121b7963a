/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_rows.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_csv.h"
#include "epx_hash.h"
#include "epx_record_file.h"

static const char HEADER[] =
    "pool,switches,update,estimator,beta,state,synapse,free_steps,nudged_steps,rung,reference,"
    "layer,cosine,relative_l2,sign_agreement\n";

/* The texts of a row, in the order of columns; `column` is their index in a line. */
static const struct {
  const char *name;
  size_t offset, size;
  int column;
} TEXTS[] = {
#define TEXT(member, column) \
  { #member, offsetof(epx_bias_row_t, member), sizeof((epx_bias_row_t *)0)->member, column }
    TEXT(pool, 0),    TEXT(switches, 1), TEXT(update, 2),     TEXT(estimator, 3), TEXT(state, 5),
    TEXT(synapse, 6), TEXT(rung, 9),     TEXT(reference, 10), TEXT(layer, 11)
#undef TEXT
};
enum { TEXT_COUNT = sizeof TEXTS / sizeof TEXTS[0] };

const char *epx_bias_header(void) {
  return HEADER;
}

epx_status_t epx_bias_format(const epx_bias_row_t *row, char line[EPX_BIAS_LINE_SIZE],
                             epx_error_t *error) {
  for (int i = 0; i < TEXT_COUNT; ++i) {
    if (!epx_csv_is_plain((const char *)row + TEXTS[i].offset, TEXTS[i].size)) {
      return epx_fail(error, EPX_ERR_ARGUMENT,
                      "A row of bias.csv holds a text in %s that is too long or has a comma, a "
                      "quote or a control character.",
                      TEXTS[i].name);
    }
  }
  if (!isfinite(row->beta)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "A row of bias.csv has a beta that is no number.");
  }
  char beta[EPX_CSV_NUMBER_SIZE], cosine[EPX_CSV_NUMBER_SIZE], relative_l2[EPX_CSV_NUMBER_SIZE],
      sign_agreement[EPX_CSV_NUMBER_SIZE];
  snprintf(line, EPX_BIAS_LINE_SIZE, "%s,%s,%s,%s,%s,%s,%s,%d,%d,%s,%s,%s,%s,%s,%s\n", row->pool,
           row->switches, row->update, row->estimator, epx_csv_format(row->beta, beta), row->state,
           row->synapse, row->free_steps, row->nudged_steps, row->rung, row->reference, row->layer,
           epx_csv_format(row->cosine, cosine), epx_csv_format(row->relative_l2, relative_l2),
           epx_csv_format(row->sign_agreement, sign_agreement));
  return EPX_OK;
}

bool epx_bias_same_key(const epx_bias_row_t *a, const epx_bias_row_t *b) {
  for (int i = 0; i < TEXT_COUNT; ++i) {
    if (strncmp((const char *)a + TEXTS[i].offset, (const char *)b + TEXTS[i].offset,
                TEXTS[i].size) != 0) {
      return false;
    }
  }
  return a->beta == b->beta && a->free_steps == b->free_steps && a->nudged_steps == b->nudged_steps;
}

size_t epx_bias_hash_key(const epx_bias_row_t *row) {
  const double beta = row->beta + 0.0; /* -0 equals 0 */
  uint64_t hash = epx_hash_bytes(EPX_HASH_START, &beta, sizeof beta);
  hash = epx_hash_bytes(hash, &row->free_steps, sizeof row->free_steps);
  hash = epx_hash_bytes(hash, &row->nudged_steps, sizeof row->nudged_steps);
  for (int i = 0; i < TEXT_COUNT; ++i) {
    const char *text = (const char *)row + TEXTS[i].offset;
    hash = epx_hash_bytes(hash, text, strnlen(text, TEXTS[i].size));
    hash = epx_hash_bytes(hash, ",", 1);
  }
  return (size_t)(hash ^ (hash >> 32));
}

bool epx_bias_ends_block(const epx_bias_row_t *row) {
  return strcmp(row->layer, "all") == 0;
}

typedef struct table_t {
  epx_bias_row_t *rows;
  int count, whole; /* rows read, rows up to the last whole block */
  size_t bytes;     /* of the file up to there */
} table_t;

static bool parse_steps(const char *text, int *steps) {
  int64_t value;
  if (!epx_csv_whole(text, &value) || value < 0 || value > INT32_MAX) {
    return false;
  }
  *steps = (int)value;
  return true;
}

static const char *parse_row(void *context, char **fields, size_t end) {
  table_t *table = context;
  epx_bias_row_t *row = &table->rows[table->count++];
  for (int i = 0; i < TEXT_COUNT; ++i) {
    if (!epx_csv_text(fields[TEXTS[i].column], (char *)row + TEXTS[i].offset, TEXTS[i].size)) {
      return TEXTS[i].name;
    }
  }
  const char *wrong = !epx_csv_number(fields[4], &row->beta) || !isfinite(row->beta) ? "beta"
                      : !parse_steps(fields[7], &row->free_steps)                    ? "free_steps"
                      : !parse_steps(fields[8], &row->nudged_steps)              ? "nudged_steps"
                      : !epx_csv_number_or_nan(fields[12], &row->cosine)         ? "cosine"
                      : !epx_csv_number_or_nan(fields[13], &row->relative_l2)    ? "relative_l2"
                      : !epx_csv_number_or_nan(fields[14], &row->sign_agreement) ? "sign_agreement"
                                                                                 : NULL;
  if (wrong == NULL && epx_bias_ends_block(row)) {
    table->whole = table->count;
    table->bytes = end;
  }
  return wrong;
}

epx_status_t epx_bias_rows_load(const char *path, epx_bias_row_t **rows, int *count, size_t *bytes,
                                epx_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  epx_status_t status = epx_text_read(path, &text, &size, error);
  if (status != EPX_OK) {
    return status;
  }
  table_t table = {calloc(epx_csv_count_lines(text, size), sizeof *table.rows), 0, 0,
                   sizeof HEADER - 1};
  status = table.rows == NULL ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path)
                              : epx_csv_parse(path, text, size, HEADER, EPX_BIAS_COLUMNS, parse_row,
                                              &table, error);
  free(text);
  if (status != EPX_OK) {
    free(table.rows);
    return status;
  }
  *rows = table.rows;
  *count = table.whole;
  *bytes = table.bytes;
  return EPX_OK;
}

epx_status_t epx_bias_rows_read(const char *folder, epx_bias_row_t **rows, int *count,
                                epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  size_t bytes;
  const epx_status_t status = epx_path_join(folder, "bias.csv", path, error);
  return status == EPX_OK ? epx_bias_rows_load(path, rows, count, &bytes, error) : status;
}
