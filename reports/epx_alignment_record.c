/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_alignment_record.h"

#include <stdio.h>

#include "epx_csv.h"

static const char HEADER[] = "epoch,layer,angle_degrees\n";
enum { COLUMNS = 3 };

static epx_status_t put_row(FILE *out, const void *at, epx_error_t *error) {
  const epx_alignment_row_t *row = at;
  char angle[EPX_CSV_NUMBER_SIZE];
  (void)error;
  fprintf(out, "%d,%s,%s\n", row->epoch, row->layer, epx_csv_format(row->angle, angle));
  return EPX_OK;
}

static const char *parse_row(void *at, char **fields) {
  epx_alignment_row_t *row = at;
  return !epx_csv_int(fields[0], 0, &row->epoch)                   ? "epoch"
         : !epx_csv_text(fields[1], row->layer, sizeof row->layer) ? "layer"
         : !epx_csv_number_or_nan(fields[2], &row->angle)          ? "angle_degrees"
                                                                   : NULL;
}

static const epx_csv_record_t record = {"alignment.csv", HEADER,  COLUMNS,
                                        parse_row,       put_row, sizeof(epx_alignment_row_t)};

epx_status_t epx_alignment_append(const char *folder, const epx_alignment_row_t *rows, int count,
                                  epx_error_t *error) {
  return epx_csv_append_epoch(folder, &record, rows, count, error);
}

epx_status_t epx_alignment_read(const char *folder, epx_alignment_row_t **rows, int *count,
                                epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "alignment.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}
