/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_clip_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

epx_status_t epx_clips_append(const char *folder, const epx_clip_row_t *rows, int count,
                              epx_error_t *error) {
  epx_clip_row_t *before = NULL;
  int before_count = 0, kept = 0;
  epx_status_t status = epx_clips_read(folder, &before, &before_count, error);
  if (status != EPX_OK && status != EPX_ERR_NOT_FOUND) {
    return status;
  }
  while (kept < before_count && (count == 0 || before[kept].epoch < rows[0].epoch)) {
    ++kept;
  }
  epx_clip_row_t *all = calloc((size_t)(kept + count) + 1, sizeof *all);
  if (all == NULL) {
    free(before);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for clips.csv", folder);
  }
  if (kept > 0) {
    memcpy(all, before, (size_t)kept * sizeof *all);
  }
  memcpy(all + kept, rows, (size_t)count * sizeof *all);
  status =
      epx_csv_write(folder, "clips.csv", HEADER, put_row, all, sizeof *all, kept + count, error);
  free(all);
  free(before);
  return status;
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
