/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of an array's converters. */
#include <math.h>
#include <string.h>

#include "epx_array_internal.h"

/* What a line driven with the largest digit reaches of what it reaches with ones. */
static int64_t top_digit(const epx_array_t *array) {
  return (INT64_C(1) << array->driver[0].digit_bits) - 1;
}

void array_digit_reach(const epx_array_t *array, bool rows, int slice, int64_t *low,
                       int64_t *high) {
  const bool last = slice + 1 == array->shape.slices;
  const int bits =
      last ? array->shape.synapse_bits - slice * array->bits_per_cell : array->bits_per_cell;
  const int64_t most = top_digit(array) * (rows ? array->shape.units : array->shape.rows);
  *low = last ? -most * (INT64_C(1) << (bits - 1)) : 0;
  *high = most * (last ? (INT64_C(1) << (bits - 1)) - 1 : (INT64_C(1) << bits) - 1);
}

/* The last level that a range from `low` reaches when its levels are one whole sum apart. Sums are
 * whole: with levels to spare a range is wider, never its step finer than one. */
static int64_t last_level(const epx_array_t *array, int64_t low) {
  return low + (INT64_C(1) << array->adc.converter.bits) - 1;
}

static epx_status_t set_range(const epx_array_t *array, bool rows, int slice, int line, int64_t low,
                              int64_t high, epx_error_t *error) {
  epx_adc_t *adc = rows ? array->rows[slice] : array->columns;
  const int64_t last = last_level(array, low);
  const epx_status_t status = epx_adc_set_range(adc, line, low, high < last ? last : high, error);
  if (status == EPX_OK) {
    words_set_converter(array, rows, slice, line);
  }
  return status;
}

/* low, high: what the line can reach. */
static epx_status_t set_reach(const epx_array_t *array, bool rows, int slice, int line, int64_t low,
                              int64_t high, epx_error_t *error) {
  return set_range(array, rows, slice, line, (int64_t)((double)low * array->adc.range),
                   (int64_t)((double)high * array->adc.range), error);
}

typedef epx_status_t set_line_t(const epx_array_t *array, bool rows, int slice, int line,
                                const void *context, epx_error_t *error);

static epx_status_t set_each(const epx_array_t *array, set_line_t *set, const void *context,
                             epx_error_t *error) {
  const epx_tile_shape_t *shape = &array->shape;
  epx_status_t status = EPX_OK;
  for (int s = 0; s < shape->slices; ++s) {
    for (int u = 0; status == EPX_OK && u < shape->units; ++u) {
      status = set(array, false, s, u * shape->slices + s, context, error);
    }
    for (int row = 0; status == EPX_OK && row < shape->rows; ++row) {
      status = set(array, true, s, row, context, error);
    }
  }
  return status;
}

static epx_status_t set_to_digits(const epx_array_t *array, bool rows, int slice, int line,
                                  const void *context, epx_error_t *error) {
  (void)context;
  int64_t low, high;
  array_digit_reach(array, rows, slice, &low, &high);
  return set_reach(array, rows, slice, line, low, high, error);
}

epx_status_t array_set_ranges(const epx_array_t *array, epx_error_t *error) {
  return set_each(array, set_to_digits, NULL, error);
}

/* Digits that line `line` sums up to at least and at most. Negative ones, of the last slice, are
 * those with its highest bit. */
static void reach(const epx_array_t *array, bool rows, int slice, int line, int64_t *low,
                  int64_t *high) {
  const int top = array->shape.synapse_bits - 1, slices = array->shape.slices;
  const int lines = rows ? array->shape.units : array->shape.rows;
  const uint64_t *sign =
      rows ? array->row_planes + (size_t)(top * array->shape.rows + line) * array->unit_chunks
           : array->column_planes + (size_t)(line / slices * (top + 1) + top) * array->row_chunks;
  uint64_t negative[EPX_ARRAY_MAX_LINES / 64], others[EPX_ARRAY_MAX_LINES / 64];
  for (int w = 0; w * 64 < lines; ++w) {
    const uint64_t all = lines - w * 64 < 64 ? (UINT64_C(1) << (lines % 64)) - 1 : UINT64_MAX;
    negative[w] = slice + 1 == slices ? sign[w] : 0;
    others[w] = all & ~negative[w];
  }
  *low = *high = 0;
  if (rows) {
    array_count_rows(array, negative, slice, line, 1, low);
    array_count_rows(array, others, slice, line, 1, high);
  } else {
    array_count_columns(array, negative, line, 1, low);
    array_count_columns(array, others, line, 1, high);
  }
}

static epx_status_t set_to_weights(const epx_array_t *array, bool rows, int slice, int line,
                                   const void *context, epx_error_t *error) {
  (void)context;
  int64_t low, high;
  if (array->cells != NULL) {
    epx_array_cells_reach(array->cells, rows, slice, line, &low, &high);
  } else {
    reach(array, rows, slice, line, &low, &high);
  }
  return set_reach(array, rows, slice, line, low * top_digit(array), high * top_digit(array),
                   error);
}

epx_status_t array_follow_weights(const epx_array_t *array, epx_error_t *error) {
  return set_each(array, set_to_weights, NULL, error);
}

/* ---- of a batch ---- */

epx_status_t epx_array_observe(epx_array_t *array, epx_error_t *error) {
  const epx_tile_shape_t *shape = &array->shape;
  if (!array->lossy || array->observed != NULL) {
    return EPX_OK;
  }
  const int lines = (int)(epx_tile_reach_count(shape) / 2);
  const epx_status_t status = epx_observed_create(lines, &array->observed, error);
  if (status == EPX_OK) {
    words_set_ideal(array);
  }
  for (int s = 0; status == EPX_OK && s < shape->slices; ++s) {
    for (int side = 0; side < 2; ++side) {
      int64_t low, high;
      array_digit_reach(array, side != 0, s, &low, &high);
      for (int i = 0; i < (side == 0 ? shape->units : shape->rows); ++i) {
        const int line = array_line(array, side != 0, s, side == 0 ? i * shape->slices + s : i);
        epx_observed_span(array->observed, line, low, high);
      }
    }
  }
  return status;
}

/* Adds the headroom to a range that was observed, as far as digits can reach. */
static void add_headroom(const epx_array_t *array, double headroom, bool rows, int slice,
                         int64_t range[2]) {
  int64_t least, most;
  array_digit_reach(array, rows, slice, &least, &most);
  const int64_t more = (int64_t)ceil(headroom * (double)(range[1] - range[0]));
  const int64_t low = range[0] - more, high = range[1] + more;
  range[0] = range[0] < least ? range[0] : low < least ? least : low;
  range[1] = range[1] > most ? range[1] : high > most ? most : high;
}

void epx_array_observed(const epx_array_t *array, const epx_chip_t *chip, int64_t *reaches) {
  const epx_tile_shape_t *shape = &array->shape;
  memset(reaches, 0, epx_tile_reach_count(shape) * sizeof *reaches);
  for (int s = 0; array->observed != NULL && s < shape->slices; ++s) {
    for (int side = 0; side < 2; ++side) {
      const int first = array_line(array, side != 0, s, side == 0 ? s : 0);
      const int step = side == 0 ? shape->slices : 1;
      const int count = side == 0 ? shape->units : shape->rows;
      const bool each = chip->adc.reach == EPX_ADC_REACH_BATCH_LINES;
      for (int i = 0; i < count; ++i) {
        int64_t *range = reaches + 2 * (first + i * step);
        if (each || i == 0) {
          if (epx_observed_range(array->observed, first + i * step, step, each ? 1 : count,
                                 chip->adc.coverage, &range[0], &range[1])) {
            add_headroom(array, chip->adc.headroom, side != 0, s, range);
          }
        } else {
          range[0] = reaches[2 * first];
          range[1] = reaches[2 * first + 1];
        }
      }
    }
  }
}

/* Where a line's lowest level lies when its levels outnumber the sums of [low, high], which a batch
 * had: other sums will come, from either side, so that the spare levels lie on both sides alike,
 * but none beyond what digits can reach while a level is wanting within. */
static int64_t lowest_level(const epx_array_t *array, bool rows, int slice, int64_t low,
                            int64_t high) {
  int64_t least, most;
  array_digit_reach(array, rows, slice, &least, &most);
  const int64_t spare = last_level(array, low) - high;
  if (spare <= 0) {
    return low;
  }
  int64_t from = low - spare / 2;
  from = last_level(array, from) > most ? from - (last_level(array, from) - most) : from;
  from = from < least ? least : from;
  return from > low ? low : from;
}

static epx_status_t set_to_batch(const epx_array_t *array, bool rows, int slice, int line,
                                 const void *context, epx_error_t *error) {
  const int64_t *range = (const int64_t *)context + 2 * array_line(array, rows, slice, line);
  if (range[0] >= range[1]) {
    return set_to_digits(array, rows, slice, line, NULL, error);
  }
  const int64_t low = (int64_t)((double)range[0] * array->adc.range);
  const int64_t high = (int64_t)((double)range[1] * array->adc.range);
  return set_range(array, rows, slice, line, lowest_level(array, rows, slice, low, high), high,
                   error);
}

epx_status_t epx_array_set_reaches(epx_array_t *array, const int64_t *reaches, epx_error_t *error) {
  return array->lossy ? set_each(array, set_to_batch, reaches, error) : EPX_OK;
}
