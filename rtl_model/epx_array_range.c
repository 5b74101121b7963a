/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of an array's converters. */
#include "epx_array_internal.h"

/* The digits of a slice lie in [low, high]. */
static void digits(const epx_array_t *array, int slice, int64_t *low, int64_t *high) {
  const bool last = slice + 1 == array->shape.slices;
  const int bits =
      last ? array->shape.synapse_bits - slice * array->bits_per_cell : array->bits_per_cell;
  *low = last ? -(INT64_C(1) << (bits - 1)) : 0;
  *high = last ? (INT64_C(1) << (bits - 1)) - 1 : (INT64_C(1) << bits) - 1;
}

/* low, high: what the line can reach, driven with ones. */
static epx_status_t set_range(const epx_array_t *array, epx_adc_t *adc, int line, int64_t low,
                              int64_t high, epx_error_t *error) {
  const double share = array->adc_range * (double)((1 << array->driver[0].digit_bits) - 1);
  low = (int64_t)((double)low * share);
  high = (int64_t)((double)high * share);
  /* Sums are whole: with levels to spare the range is wider, never the step finer than one. */
  const int64_t spare = low + (INT64_C(1) << array->adc_bits) - 1;
  return epx_adc_set_range(adc, line, low, high < spare ? spare : high, error);
}

epx_status_t array_set_ranges(const epx_array_t *array, epx_error_t *error) {
  const epx_tile_shape_t *shape = &array->shape;
  epx_status_t status = EPX_OK;
  for (int s = 0; s < shape->slices; ++s) {
    int64_t low, high;
    digits(array, s, &low, &high);
    for (int u = 0; status == EPX_OK && u < shape->units; ++u) {
      status = set_range(array, array->columns, u * shape->slices + s, low * shape->rows,
                         high * shape->rows, error);
    }
    for (int row = 0; status == EPX_OK && row < shape->rows; ++row) {
      status =
          set_range(array, array->rows[s], row, low * shape->units, high * shape->units, error);
    }
  }
  return status;
}

/* Digits that line `line` sums up to at least and at most. Negative ones, of the last slice, are
 * those with its highest bit. */
static void reach(const epx_array_t *array, bool rows, int slice, int line, int64_t *low,
                  int64_t *high) {
  const int top = array->shape.synapse_bits - 1, slices = array->shape.slices;
  const int lines = rows ? array->shape.units : array->shape.rows;
  const uint64_t *sign =
      rows ? array->row_planes + (size_t)(top * array->shape.rows + line) * array->unit_words
           : array->column_planes + (size_t)(line / slices * (top + 1) + top) * array->row_words;
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

static epx_status_t follow_weights(const epx_array_t *array, bool rows, int slice, int line,
                                   epx_error_t *error) {
  int64_t low, high;
  if (array->cells != NULL) {
    epx_array_cells_reach(array->cells, rows, slice, line, &low, &high);
  } else {
    reach(array, rows, slice, line, &low, &high);
  }
  return set_range(array, rows ? array->rows[slice] : array->columns, line, low, high, error);
}

epx_status_t array_follow_weights(const epx_array_t *array, epx_error_t *error) {
  const int slices = array->shape.slices;
  epx_status_t status = EPX_OK;
  for (int s = 0; s < slices; ++s) {
    for (int u = 0; status == EPX_OK && u < array->shape.units; ++u) {
      status = follow_weights(array, false, s, u * slices + s, error);
    }
    for (int row = 0; status == EPX_OK && row < array->shape.rows; ++row) {
      status = follow_weights(array, true, s, row, error);
    }
  }
  return status;
}
