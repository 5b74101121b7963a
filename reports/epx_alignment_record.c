/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_alignment_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "epx_csv.h"
#include "epx_output.h"
#include "epx_record_file.h"

static const char HEADER[] = "epoch,layer,angle_degrees\n";
enum { COLUMNS = 3 };

static void put_row(FILE *out, const epx_alignment_row_t *row) {
  char angle[EPX_CSV_NUMBER_SIZE];
  fprintf(out, "%d,%s,%s\n", row->epoch, row->layer, epx_csv_format(row->angle, angle));
}

epx_status_t epx_alignment_append(const char *folder, const epx_alignment_row_t *rows, int count,
                                  epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_alignment_row_t *before = NULL;
  char *text = NULL;
  size_t size = 0;
  int before_count = 0;
  epx_status_t status = epx_path_join(folder, "alignment.csv", path, error);
  if (status == EPX_OK) {
    status = epx_alignment_read(folder, &before, &before_count, error);
    status = status == EPX_ERR_NOT_FOUND ? EPX_OK : status;
  }
  if (status != EPX_OK) {
    return status;
  }
  FILE *out = open_memstream(&text, &size);
  if (out != NULL) {
    fputs(HEADER, out);
    for (int i = 0; i < before_count; ++i) {
      if (count == 0 || before[i].epoch < rows[0].epoch) {
        put_row(out, &before[i]);
      }
    }
    for (int i = 0; i < count; ++i) {
      put_row(out, &rows[i]);
    }
  }
  status = out == NULL || fclose(out) != 0
               ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path)
               : epx_output_write(path, text, size, error);
  free(before);
  free(text);
  return status;
}

static const char *parse_row(void *at, char **fields) {
  epx_alignment_row_t *row = at;
  return !epx_csv_int(fields[0], 0, &row->epoch)                   ? "epoch"
         : !epx_csv_text(fields[1], row->layer, sizeof row->layer) ? "layer"
         : !epx_csv_number_or_nan(fields[2], &row->angle)          ? "angle_degrees"
                                                                   : NULL;
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
