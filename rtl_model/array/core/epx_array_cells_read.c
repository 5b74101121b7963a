/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of cells: sums of driven lines, and their noise. */
#include <math.h>

#include "epx_array_cells_internal.h"
#include "epx_array_noise.h"
#include "epx_clones.h"
#include "epx_round.h"

/* Lines of one pass, and driven lines that 32 bits surely hold: a cell counts below 2^23. */
enum { LINES = 256, FIT = 256 };

EPX_CLONES static void add_line(int count, const int32_t *restrict line, int32_t *restrict sum) {
  for (int i = 0; i < count; ++i) {
    sum[i] += line[i];
  }
}

/* sums[i] of at most LINES lines = the driven lines of cells[driven][pitch]. */
static void add_driven(const int32_t *cells, size_t pitch, size_t words, const uint64_t *driven,
                       int count, int64_t *sums) {
  int32_t sum[LINES] = {0};
  int added = 0;
  for (int i = 0; i < count; ++i) {
    sums[i] = 0;
  }
  for (size_t w = 0; w < words; ++w) {
    for (uint64_t left = driven[w]; left != 0; left &= left - 1) {
      add_line(count, cells + (w * 64 + (size_t)__builtin_ctzll(left)) * pitch, sum);
      if (++added == FIT) {
        for (int i = 0; i < count; ++i) {
          sums[i] += sum[i];
          sum[i] = 0;
        }
        added = 0;
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    sums[i] += sum[i];
  }
}

EPX_CLONES static void add_times(int count, const int32_t *restrict line, int64_t times,
                                 int64_t *restrict sum) {
  for (int i = 0; i < count; ++i) {
    sum[i] += line[i] * times;
  }
}

/* One direction of reading. */
typedef struct reading_t {
  const int32_t *value, *variance; /* of the first line; variance NULL: the same of all cells */
  size_t pitch, words;             /* of a driven line */
  const epx_driven_t *driven;
  bool inexact;
  int lines;        /* that may be driven */
  int first, count; /* lines read; numbers of their draws */
  uint64_t key;
  int slices, slice; /* of the lines: in turn, or all of this one */
} reading_t;

static int slice_of(const reading_t *r, int line) {
  return r->slices == 1 ? r->slice : (r->first + line) % r->slices;
}

/* sums[i] = lines of cells[lines][pitch], times the squares of their digits. */
static void add_squares(const reading_t *r, const int32_t *cells, int count, int64_t *sums) {
  if (r->driven->bits == 1) {
    add_driven(cells, r->pitch, r->words, r->driven->plane, count, sums);
    return;
  }
  for (int i = 0; i < count; ++i) {
    sums[i] = 0;
  }
  for (int line = 0; line < r->lines; ++line) {
    const int digit = r->driven->digit[line];
    if (digit != 0) {
      add_times(count, cells + (size_t)line * r->pitch, digit * digit, sums);
    }
  }
}

/* The sum of the squares of all digits. */
static double squares(const reading_t *r) {
  int64_t sum = 0;
  for (size_t w = 0; r->driven->bits == 1 && w < r->words; ++w) {
    sum += __builtin_popcountll(r->driven->plane[w]);
  }
  for (int line = 0; r->driven->bits > 1 && line < r->lines; ++line) {
    sum += r->driven->digit[line] * r->driven->digit[line];
  }
  return (double)sum;
}

/* sums[i] of cells, each times what its line carries. */
static void add_carried(const epx_array_cells_t *cells, const reading_t *r, int at, int count,
                        int64_t *sums) {
  const epx_driven_t *driven = r->driven;
  int64_t beyond = 0; /* what lines carry beyond their digits */
  for (int i = 0; i < count; ++i) {
    sums[i] = 0;
  }
  for (int line = 0; line < r->lines; ++line) {
    const int64_t digit = driven->digit[line], times = r->inexact ? driven->carried[line] : digit;
    if (times != 0) {
      add_times(count, r->value + at + (size_t)line * r->pitch, times, sums);
    }
    beyond += r->inexact ? times - (digit << EPX_CONVERTER_FRACTION) : 0;
  }
  for (int i = 0; r->inexact && i < count; ++i) {
    const int64_t sum = sums[i] + beyond * cells->pedestal[slice_of(r, at + i)];
    sums[i] = epx_round_shift(sum, EPX_CONVERTER_FRACTION, EPX_ROUND_NEAREST_EVEN, 0);
  }
}

/* sums += noise; scale[i]: of the root of a line's variance. */
EPX_CLONES static void add_noise(int count, const double *restrict scale,
                                 const double *restrict variance, const double *restrict normal,
                                 const double *restrict limit, int64_t *restrict sums) {
  for (int i = 0; i < count; ++i) {
    double x = (double)sums[i] + scale[i] * sqrt(variance[i]) * normal[i];
    x = x < -limit[i] ? -limit[i] : x > limit[i] ? limit[i] : x;
    sums[i] = (int64_t)epx_math_round(x);
  }
}

static void disturb(const epx_array_cells_t *cells, const reading_t *r, int at, int count,
                    int64_t *sums) {
  const double one = (double)(1 << EPX_CELL_FRACTION), lines = (double)r->lines;
  const double unit = r->variance != NULL ? cells->variance_unit : 1.0;
  const double sigma = cells->device.read_noise.sigma / (1.0 - cells->device.g_min);
  double scale[LINES], variance[LINES], normal[LINES], limit[LINES];
  int64_t counted[LINES];
  const double all = r->variance != NULL ? 0.0 : squares(r);
  const double top = (double)((1 << r->driven->bits) - 1);
  if (r->variance != NULL) {
    add_squares(r, r->variance + at, count, counted);
  }
  for (int i = 0; i < count; ++i) {
    const double steps = cells->digit[slice_of(r, at + i)].steps;
    variance[i] = r->variance != NULL ? (double)counted[i] * unit : all;
    scale[i] = one * sigma * steps;
    limit[i] = one * 8.0 * top * steps * lines;
  }
  epx_array_noises(r->key, (uint64_t)(r->first + at), (size_t)count, normal);
  add_noise(count, scale, variance, normal, limit, sums);
}

static void read_lines(const epx_array_cells_t *cells, const reading_t *r, int64_t *sums) {
  for (int at = 0; at < r->count; at += LINES) {
    const int count = r->count - at < LINES ? r->count - at : LINES;
    if (r->driven->bits == 1 && !r->inexact) {
      add_driven(r->value + at, r->pitch, r->words, r->driven->plane, count, sums + at);
    } else {
      add_carried(cells, r, at, count, sums + at);
    }
    if (cells->device.read_noise.sigma != 0.0) {
      disturb(cells, r, at, count, sums + at);
    }
  }
}

static size_t words_of(int lines) {
  return ((size_t)lines + 63) / 64;
}

void epx_array_cells_reach(const epx_array_cells_t *cells, bool rows, int slice, int line,
                           int64_t *low, int64_t *high) {
  const size_t height = (size_t)cells->shape.rows, at = (size_t)line;
  const int32_t *value =
      rows ? cells->backward.value + (size_t)slice * height + at : cells->forward.value + at;
  const size_t pitch = rows ? height * (size_t)cells->shape.slices : (size_t)cells->columns;
  const int lines = rows ? cells->shape.units : cells->shape.rows;
  const int64_t one = INT64_C(1) << EPX_CELL_FRACTION;
  int64_t least = 0, most = 0;
  for (int i = 0; i < lines; ++i) {
    const int32_t v = value[(size_t)i * pitch];
    least += v < 0 ? v : 0;
    most += v > 0 ? v : 0;
  }
  *low = -((-least + one - 1) / one);
  *high = (most + one - 1) / one;
}

void epx_array_cells_columns(const epx_array_cells_t *cells, uint64_t draw,
                             const epx_driven_t *rows, bool inexact, int first, int count,
                             int64_t *sums) {
  const plane_t *plane = &cells->forward;
  const reading_t r = {.value = plane->value + first,
                       .variance = plane->variance != NULL ? plane->variance + first : NULL,
                       .pitch = (size_t)cells->columns,
                       .words = words_of(cells->shape.rows),
                       .driven = rows,
                       .inexact = inexact,
                       .lines = cells->shape.rows,
                       .first = first,
                       .count = count,
                       .key = epx_array_draw_key(cells->noise_key[0], draw),
                       .slices = cells->shape.slices};
  read_lines(cells, &r, sums);
}

void epx_array_cells_rows(const epx_array_cells_t *cells, uint64_t draw, const epx_driven_t *units,
                          bool inexact, int slice, int first, int count, int64_t *sums) {
  const plane_t *plane = &cells->backward;
  const size_t height = (size_t)cells->shape.rows;
  const size_t at = (size_t)slice * height + (size_t)first;
  const reading_t r = {.value = plane->value + at,
                       .variance = plane->variance != NULL ? plane->variance + at : NULL,
                       .pitch = height * (size_t)cells->shape.slices,
                       .words = words_of(cells->shape.units),
                       .driven = units,
                       .inexact = inexact,
                       .lines = cells->shape.units,
                       .first = first,
                       .count = count,
                       .key = epx_array_draw_key(cells->noise_key[1], draw),
                       .slices = 1,
                       .slice = slice};
  read_lines(cells, &r, sums);
}
