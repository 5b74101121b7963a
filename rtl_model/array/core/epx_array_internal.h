/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of epx_array.h share. */
#ifndef EPX_ARRAY_INTERNAL_H
#define EPX_ARRAY_INTERNAL_H

#include "epx_adc.h"
#include "epx_array.h"
#include "epx_array_cells.h"
#include "epx_array_words_internal.h"
#include "epx_dac.h"
#include "epx_observed.h"

enum { EPX_ARRAY_MAX_LINES = 65536 };

struct epx_array_t {
  epx_tile_shape_t shape;
  int bits_per_cell;
  size_t row_chunks, unit_chunks;
  epx_driver_t driver[2];   /* of rows, of units */
  epx_dac_t *dac[2];        /* likewise; NULL: exact */
  uint64_t *column_planes;  /* [unit][bit][words of rows] */
  uint64_t *row_planes;     /* [bit][row][words of units] */
  epx_array_cells_t *cells; /* NULL: ideal devices, as the planes have them */
  bool lossy;
  epx_chip_adc_t adc;
  bool follows_weights, written_since; /* EPX_ADC_REACH_WEIGHTS; the last settling */
  epx_adc_t *columns;                  /* a line a column */
  epx_adc_t **rows;                    /* by slice, a line a row */
  epx_observed_t *observed;            /* NULL: sums are converted */
  epx_adc_clips_t *clips;              /* by line (array_line); NULL: not counted */
  words_side_t *side[2];               /* columns, rows; NULL: not for many words at once */
  uint64_t *reads;                     /* with clips: of the columns, of the rows of each slice */
};

/* sums[i] += what columns, or rows of one slice, count over one plane of driven lines. */
void array_count_columns(const epx_array_t *array, const uint64_t *driven_rows, int first,
                         int count, int64_t *sums);
void array_count_rows(const epx_array_t *array, const uint64_t *driven_units, int slice, int first,
                      int count, int64_t *sums);

/* Lines are numbered: columns, then the rows of each slice. */
static inline int array_line(const epx_array_t *array, bool rows, int slice, int line) {
  return rows ? array->shape.units * array->shape.slices + slice * array->shape.rows + line : line;
}

/* The two halves of epx_array_drive: planes of digits; what DACs make of them for a draw number. */
void array_pack(const epx_array_t *array, bool backward, epx_driven_t *driven);
void array_carry(const epx_array_t *array, uint64_t draw, bool backward, epx_driven_t *driven);

/* epx_array_multiply, word by word. */
epx_clips_t array_multiply_each(const epx_array_t *array, uint64_t command, bool backward,
                                const epx_words_t *words, int first_line,
                                epx_array_workspace_t *workspace, int32_t *sums, size_t ldc);

/* Lines of a slice reach [low, high], with all cells at their largest digits. */
void array_digit_reach(const epx_array_t *array, bool rows, int slice, int64_t *low, int64_t *high);

/* epx_array_range.c: ranges of lossy converters, when they are made and when weights changed. */
EPX_CHECKED epx_status_t array_set_ranges(const epx_array_t *array, epx_error_t *error);
EPX_CHECKED epx_status_t array_follow_weights(const epx_array_t *array, epx_error_t *error);

#endif
