/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.csv: one line per epoch and split. Numbers are written with 17 digits, so that a resume
 * that rewrites the file changes no value. */
#include "epx_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "epx_csv.h"
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

static const char *parse_row(void *at, char **fields) {
  epx_metrics_row_t *row = at;
  int64_t epoch;
  if (!epx_csv_whole(fields[0], &epoch) || epoch < 0 || epoch > INT32_MAX) {
    return "epoch";
  }
  row->epoch = (int)epoch;
  if (strcmp(fields[1], "train") != 0 && strcmp(fields[1], "test") != 0) {
    return "split";
  }
  row->split = fields[1][1] == 'r' ? EPX_SPLIT_TRAIN : EPX_SPLIT_TEST;
  return !epx_csv_number(fields[2], &row->loss)                ? "loss"
         : !epx_csv_number(fields[3], &row->error)             ? "error"
         : !epx_csv_whole(fields[4], &row->images)             ? "images"
         : !epx_csv_number(fields[5], &row->images_per_second) ? "images_per_second"
         : !epx_csv_number(fields[6], &row->seconds)           ? "seconds"
         : !epx_csv_number(fields[7], &row->learning_rate)     ? "learning_rate"
                                                               : NULL;
}

epx_status_t epx_metrics_read(const char *folder, epx_metrics_row_t **rows, int *count,
                              epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "metrics.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}
