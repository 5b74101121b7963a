/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_clip_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "epx_csv.h"

static const char HEADER[] = "epoch,layer,direction,conversions,clips\n";
enum { COLUMNS = 5 };

static epx_status_t put_row(FILE *out, const void *at, epx_error_t *error) {
  const epx_clip_row_t *row = at;
  (void)error;
  fprintf(out, "%d,%s,%s,%" PRId64 ",%" PRId64 "\n", row->epoch, row->layer,
          row->backward ? "backward" : "forward", row->conversions, row->clips);
  return EPX_OK;
}

static const char *parse_row(void *at, char **fields) {
  epx_clip_row_t *row = at;
  row->backward = strcmp(fields[2], "backward") == 0;
  return !epx_csv_int(fields[0], 1, &row->epoch)                   ? "epoch"
         : !epx_csv_text(fields[1], row->layer, sizeof row->layer) ? "layer"
         : !row->backward && strcmp(fields[2], "forward") != 0     ? "direction"
         : !epx_csv_whole(fields[3], &row->conversions)            ? "conversions"
         : !epx_csv_whole(fields[4], &row->clips)                  ? "clips"
         : row->conversions < 0                                    ? "conversions"
         : row->clips < 0 || row->clips > row->conversions         ? "clips"
                                                                   : NULL;
}

static const epx_csv_record_t record = {"clips.csv", HEADER,  COLUMNS,
                                        parse_row,   put_row, sizeof(epx_clip_row_t)};

epx_status_t epx_clips_append(const char *folder, const epx_clip_row_t *rows, int count,
                              epx_error_t *error) {
  return epx_csv_append_epoch(folder, &record, rows, count, error);
}

epx_status_t epx_clips_read(const char *folder, epx_clip_row_t **rows, int *count,
                            epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "clips.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}
