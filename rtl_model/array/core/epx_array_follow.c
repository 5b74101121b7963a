/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that follow training: converters count the clips of each line, and lines that clipped too
 * often get a wider range. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array_internal.h"

/* A bound moves outwards by this part of its range, and by one sum at least. */
enum { WIDEN_PART = 4 };

static size_t line_count(const epx_array_t *array) {
  return epx_tile_reach_count(&array->shape) / 2;
}

epx_status_t epx_array_follow(epx_array_t *array, epx_error_t *error) {
  if (!array->lossy || array->clips != NULL) {
    return EPX_OK;
  }
  array->clips = calloc(line_count(array), sizeof *array->clips);
  array->reads = calloc(1 + (size_t)array->shape.slices, sizeof *array->reads);
  if (array->clips == NULL || array->reads == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory to count the clips of %zu lines",
                    line_count(array));
  }
  epx_adc_count(array->columns, array->clips);
  for (int s = 0; s < array->shape.slices; ++s) {
    epx_adc_count(array->rows[s], array->clips + array_line(array, true, s, 0));
  }
  return EPX_OK;
}

void epx_array_forget(epx_array_t *array) {
  if (array->clips != NULL) {
    memset(array->clips, 0, line_count(array) * sizeof *array->clips);
    memset(array->reads, 0, (1 + (size_t)array->shape.slices) * sizeof *array->reads);
  }
}

static int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/* Moves the bounds that are to move outwards from where the line's levels end now, as far as digits
 * can reach. Returns whether the range is another. */
static bool widen(const epx_array_t *array, bool rows, int slice, int line, bool down, bool up,
                  int64_t range[2]) {
  int64_t low, step, least, most;
  if (range[0] >= range[1]) {
    return false;
  }
  epx_adc_levels(rows ? array->rows[slice] : array->columns, line, &low, &step);
  array_digit_reach(array, rows, slice, &least, &most);
  const int64_t one = INT64_C(1) << EPX_CONVERTER_FRACTION;
  const int64_t width = step * ((INT64_C(1) << array->adc.converter.bits) - 1);
  const int64_t more = 1 + width / WIDEN_PART / one;
  const double share = array->adc.range; /* of a line's reach that its range is */
  int64_t from = (int64_t)floor((double)(floor_divide(low, one) - more) / share);
  int64_t to = (int64_t)ceil((double)(floor_divide(low + width, one) + 1 + more) / share);
  from = from < least ? least : from;
  to = to > most ? most : to;
  const int64_t before[2] = {range[0], range[1]};
  range[0] = down && from < range[0] ? from : range[0];
  range[1] = up && to > range[1] ? to : range[1];
  return range[0] != before[0] || range[1] != before[1];
}

/* Lines first, first + step, ... of the converters' bank, which have ranges in common. */
static bool widen_group(const epx_array_t *array, const epx_chip_t *chip, bool rows, int slice,
                        int first, int step, int count, int64_t *reaches) {
  uint64_t below = 0, above = 0;
  for (int i = 0; i < count; ++i) {
    const epx_adc_clips_t *clips = &array->clips[array_line(array, rows, slice, first + i * step)];
    below += clips->below;
    above += clips->above;
  }
  const double conversions = (double)count * (double)array->reads[rows ? 1 + slice : 0];
  const double allowed = (1.0 - chip->adc.coverage) / 2.0 * conversions;
  const bool down = (double)below > allowed, up = (double)above > allowed;
  bool changed = false;
  for (int i = 0; (down || up) && i < count; ++i) {
    const int line = first + i * step;
    changed |= widen(array, rows, slice, line, down, up,
                     reaches + 2 * array_line(array, rows, slice, line));
  }
  return changed;
}

bool epx_array_widen(const epx_array_t *array, const epx_chip_t *chip, int64_t *reaches) {
  const epx_tile_shape_t *shape = &array->shape;
  const bool each = chip->adc.reach == EPX_ADC_REACH_BATCH_LINES;
  bool changed = false;
  for (int s = 0; array->clips != NULL && s < shape->slices; ++s) {
    for (int side = 0; side < 2; ++side) {
      const bool rows = side != 0;
      const int first = rows ? 0 : s, step = rows ? 1 : shape->slices;
      const int lines = rows ? shape->rows : shape->units, group = each ? 1 : lines;
      for (int i = 0; i < lines; i += group) {
        changed |= widen_group(array, chip, rows, s, first + i * step, step, group, reaches);
      }
    }
  }
  return changed;
}
