/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_gdu_record.h"

#include <math.h>
#include <stdio.h>

#include "epx_csv.h"
#include "epx_record_file.h"

static const char HEADER[] = "estimator,beta,layer,step,cosine,relative_l2,parameter,ep,bptt\n";
enum { COLUMNS = 9 };

static epx_status_t put_row(FILE *out, const void *at, epx_error_t *error) {
  const epx_gdu_row_t *row = at;
  if (!epx_csv_is_plain(row->estimator, sizeof row->estimator) ||
      !epx_csv_is_plain(row->layer, sizeof row->layer)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "A row of gdu.csv holds an estimator or a layer that is too long or has a "
                    "comma, a quote or a control character.");
  }
  const double numbers[] = {row->cosine, row->relative_l2, row->ep, row->bptt};
  char text[4][EPX_CSV_NUMBER_SIZE], beta[EPX_CSV_NUMBER_SIZE];
  for (int i = 0; i < 4; ++i) {
    epx_csv_format(numbers[i], text[i]);
  }
  fprintf(out, "%s,%s,%s,%d,%s,%s,%d,%s,%s\n", row->estimator, epx_csv_format(row->beta, beta),
          row->layer, row->step, text[0], text[1], row->parameter, text[2], text[3]);
  return EPX_OK;
}

epx_status_t epx_gdu_write(const char *folder, const epx_gdu_row_t *rows, int count,
                           epx_error_t *error) {
  return epx_csv_write(folder, "gdu.csv", HEADER, put_row, rows, sizeof *rows, count, error);
}

static const char *parse_row(void *at, char **fields) {
  epx_gdu_row_t *row = at;
  return !epx_csv_text(fields[0], row->estimator, sizeof row->estimator)  ? "estimator"
         : !epx_csv_number(fields[1], &row->beta) || !isfinite(row->beta) ? "beta"
         : !epx_csv_text(fields[2], row->layer, sizeof row->layer)        ? "layer"
         : !epx_csv_int(fields[3], 1, &row->step)                         ? "step"
         : !epx_csv_number_or_nan(fields[4], &row->cosine)                ? "cosine"
         : !epx_csv_number_or_nan(fields[5], &row->relative_l2)           ? "relative_l2"
         : !epx_csv_int(fields[6], -1, &row->parameter)                   ? "parameter"
         : !epx_csv_number_or_nan(fields[7], &row->ep)                    ? "ep"
         : !epx_csv_number_or_nan(fields[8], &row->bptt)                  ? "bptt"
                                                                          : NULL;
}

epx_status_t epx_gdu_read(const char *folder, epx_gdu_row_t **rows, int *count,
                          epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "gdu.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}
