/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_array.h"

#include <stdlib.h>
#include <string.h>

#include "epx_array_cells.h"
#include "epx_clones.h"
#include "epx_converter.h"
#include "epx_round.h"

enum { MAX_LINES = 65536 };

struct epx_array_t {
  epx_tile_shape_t shape;
  int bits_per_cell;
  size_t row_words, unit_words;
  uint64_t *column_planes;  /* [unit][bit][words of rows] */
  uint64_t *row_planes;     /* [bit][row][words of units] */
  epx_array_cells_t *cells; /* NULL: ideal devices, as the planes have them */
  bool lossy;
  int adc_bits;
  double adc_range;
  bool follows_weights, written_since; /* EPX_ADC_REACH_WEIGHTS; the last settling */
  epx_adc_t *columns;                  /* a line a column */
  epx_adc_t **rows;                    /* by slice, a line a row */
};

void epx_array_destroy(epx_array_t *array) {
  if (array == NULL) {
    return;
  }
  for (int s = 0; array->rows != NULL && s < array->shape.slices; ++s) {
    epx_adc_destroy(array->rows[s]);
  }
  epx_adc_destroy(array->columns);
  epx_array_cells_destroy(array->cells);
  free(array->rows);
  free(array->column_planes);
  free(array->row_planes);
  free(array);
}

/* The digits of a slice lie in [low, high]. */
static void digits(const epx_array_t *array, int slice, int64_t *low, int64_t *high) {
  const bool last = slice + 1 == array->shape.slices;
  const int bits =
      last ? array->shape.synapse_bits - slice * array->bits_per_cell : array->bits_per_cell;
  *low = last ? -(INT64_C(1) << (bits - 1)) : 0;
  *high = last ? (INT64_C(1) << (bits - 1)) - 1 : (INT64_C(1) << bits) - 1;
}

/* low, high: what the line can reach. */
static epx_status_t set_range(const epx_array_t *array, epx_adc_t *adc, int line, int64_t low,
                              int64_t high, epx_error_t *error) {
  low = (int64_t)((double)low * array->adc_range);
  high = (int64_t)((double)high * array->adc_range);
  /* Sums are whole: with levels to spare the range is wider, never the step finer than one. */
  const int64_t spare = low + (INT64_C(1) << array->adc_bits) - 1;
  return epx_adc_set_range(adc, line, low, high < spare ? spare : high, error);
}

static epx_status_t create_converters(epx_array_t *array, const epx_chip_t *chip, int tile,
                                      epx_error_t *error) {
  const epx_tile_shape_t *shape = &array->shape;
  epx_converter_t converter = chip->adc;
  converter.bits = chip->adc_bits;
  converter.lines_each = chip->columns_per_adc;
  const uint64_t seed = chip->device_seed, number = 2 * (uint64_t)tile;
  const int columns = shape->units * shape->slices;
  epx_status_t status = epx_adc_create(&converter, columns, seed, number, &array->columns, error);
  for (int i = 0; status == EPX_OK && i < columns; ++i) {
    int64_t low, high;
    digits(array, i % shape->slices, &low, &high);
    status = set_range(array, array->columns, i, low * shape->rows, high * shape->rows, error);
  }
  array->rows = calloc((size_t)shape->slices, sizeof(epx_adc_t *));
  if (array->rows == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's converters");
  }
  for (int s = 0; status == EPX_OK && s < shape->slices; ++s) {
    status = epx_adc_create(&converter, shape->rows, seed, number + 1, &array->rows[s], error);
    for (int row = 0; status == EPX_OK && row < shape->rows; ++row) {
      int64_t low, high;
      digits(array, s, &low, &high);
      status =
          set_range(array, array->rows[s], row, low * shape->units, high * shape->units, error);
    }
  }
  return status;
}

epx_status_t epx_array_create(const epx_chip_t *chip, const epx_tile_shape_t *shape, int tile,
                              epx_array_t **out, epx_error_t *error) {
  epx_array_t *array = calloc(1, sizeof *array);
  if (array == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array");
  }
  array->shape = *shape;
  array->bits_per_cell = chip->bits_per_cell;
  array->adc_bits = chip->adc_bits;
  array->adc_range = chip->adc_range;
  array->follows_weights = chip->adc_reach == EPX_ADC_REACH_WEIGHTS;
  array->written_since = true;
  array->row_words = epx_array_words(shape->rows);
  array->unit_words = epx_array_words(shape->units);
  const size_t bits = (size_t)shape->synapse_bits;
  array->column_planes = calloc((size_t)shape->units * bits * array->row_words, sizeof(uint64_t));
  array->row_planes = calloc((size_t)shape->rows * bits * array->unit_words, sizeof(uint64_t));
  array->lossy = chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.kind != EPX_CONVERTER_IDEAL;
  epx_status_t status = EPX_OK;
  if (array->column_planes == NULL || array->row_planes == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array");
  }
  if (status == EPX_OK && chip->array_kind == EPX_ARRAY_ANALOG &&
      !epx_device_ideal(&chip->device)) {
    status = epx_array_cells_create(chip, shape, tile, &array->cells, error);
  }
  if (status == EPX_OK && array->lossy) {
    status = create_converters(array, chip, tile, error);
  }
  if (status != EPX_OK) {
    epx_array_destroy(array);
    return status;
  }
  *out = array;
  return EPX_OK;
}

int epx_array_fraction(const epx_array_t *array) {
  return array->lossy || array->cells != NULL ? EPX_CONVERTER_FRACTION : 0;
}

bool epx_array_exact(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_DIGITAL ||
         (chip->adc.kind == EPX_CONVERTER_IDEAL && epx_device_ideal(&chip->device));
}

bool epx_array_noisy(const epx_chip_t *chip) {
  return !epx_array_exact(chip) &&
         (chip->device.read_noise.sigma != 0.0 ||
          (chip->adc.kind != EPX_CONVERTER_IDEAL && chip->adc.noise != 0.0));
}

static void put(uint64_t *words, int line, bool on) {
  const uint64_t bit = UINT64_C(1) << (line % 64);
  words[line / 64] = on ? words[line / 64] | bit : words[line / 64] & ~bit;
}

void epx_array_write(epx_array_t *array, int row, int unit, int code, uint32_t written) {
  array->written_since = true;
  if (array->cells != NULL) {
    epx_array_cells_write(array->cells, row, unit, code, written);
    return;
  }
  const int bits = array->shape.synapse_bits;
  for (int bit = 0; bit < bits; ++bit) {
    const bool on = (code >> bit & 1) != 0;
    put(array->column_planes + (size_t)(unit * bits + bit) * array->row_words, row, on);
    put(array->row_planes + (size_t)(bit * array->shape.rows + row) * array->unit_words, unit, on);
  }
}

/* sums[i] += factor * bits common to plane i and driven; planes lie one after another. */
EPX_CLONES static void add_planes(const uint64_t *planes, size_t words, const uint64_t *driven,
                                  int count, int64_t factor, int64_t *sums) {
  for (int i = 0; i < count; ++i, planes += words) {
    int64_t ones = 0;
    for (size_t w = 0; w < words; ++w) {
      ones += __builtin_popcountll(planes[w] & driven[w]);
    }
    sums[i] += factor * ones;
  }
}

/* What bit `bit` of a weight counts within its slice. */
static int64_t bit_value(const epx_array_t *array, int bit, int first_bit) {
  const int64_t value = INT64_C(1) << (bit - first_bit);
  return bit + 1 == array->shape.synapse_bits ? -value : value;
}

static int slice_end(const epx_array_t *array, int slice) {
  return slice + 1 == array->shape.slices ? array->shape.synapse_bits
                                          : (slice + 1) * array->bits_per_cell;
}

/* sums[i] of columns, in digits. */
static void count_columns(const epx_array_t *array, const uint64_t *driven_rows, int first,
                          int count, int64_t *sums) {
  const int bits = array->shape.synapse_bits, slices = array->shape.slices;
  if (array->bits_per_cell == 1) { /* a plane is a column, and columns lie one after another */
    add_planes(array->column_planes + (size_t)first * array->row_words, array->row_words,
               driven_rows, count, 1, sums);
    for (int i = bits - 1 - first % bits; i < count; i += bits) {
      sums[i] = -sums[i];
    }
    return;
  }
  for (int i = 0; i < count; ++i) {
    const int unit = (first + i) / slices, slice = (first + i) % slices;
    const int begin = slice * array->bits_per_cell;
    for (int bit = begin; bit < slice_end(array, slice); ++bit) {
      add_planes(array->column_planes + (size_t)(unit * bits + bit) * array->row_words,
                 array->row_words, driven_rows, 1, bit_value(array, bit, begin), sums + i);
    }
  }
}

static void count_rows(const epx_array_t *array, const uint64_t *driven_units, int slice, int first,
                       int count, int64_t *sums) {
  const int begin = slice * array->bits_per_cell;
  for (int bit = begin; bit < slice_end(array, slice); ++bit) {
    add_planes(array->row_planes + (size_t)(bit * array->shape.rows + first) * array->unit_words,
               array->unit_words, driven_units, count, bit_value(array, bit, begin), sums);
  }
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
  uint64_t negative[MAX_LINES / 64], others[MAX_LINES / 64];
  for (int w = 0; w * 64 < lines; ++w) {
    const uint64_t all = lines - w * 64 < 64 ? (UINT64_C(1) << (lines % 64)) - 1 : UINT64_MAX;
    negative[w] = slice + 1 == slices ? sign[w] : 0;
    others[w] = all & ~negative[w];
  }
  *low = *high = 0;
  if (rows) {
    count_rows(array, negative, slice, line, 1, low);
    count_rows(array, others, slice, line, 1, high);
  } else {
    count_columns(array, negative, line, 1, low);
    count_columns(array, others, line, 1, high);
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

epx_status_t epx_array_settle(epx_array_t *array, epx_error_t *error) {
  const int slices = array->shape.slices;
  epx_status_t status = EPX_OK;
  if (array->written_since && array->cells != NULL) {
    status = epx_array_cells_settle(array->cells, error);
  }
  const bool follows = array->written_since && array->lossy && array->follows_weights;
  for (int s = 0; follows && s < slices; ++s) {
    for (int u = 0; status == EPX_OK && u < array->shape.units; ++u) {
      status = follow_weights(array, false, s, u * slices + s, error);
    }
    for (int row = 0; status == EPX_OK && row < array->shape.rows; ++row) {
      status = follow_weights(array, true, s, row, error);
    }
  }
  array->written_since = status != EPX_OK;
  return status;
}

/* Through the converters: sums of digits, or, of cells, of the converters' units. */
static void convert(const epx_array_t *array, const epx_adc_t *adc, uint64_t event, int first,
                    int count, int64_t *sums) {
  if (array->cells != NULL) {
    epx_adc_convert_fine(adc, event, first, count, sums, sums);
  } else {
    epx_adc_convert(adc, event, first, count, sums, sums);
  }
}

void epx_array_read_columns(const epx_array_t *array, uint64_t event, const uint64_t *driven_rows,
                            int first, int count, int64_t *sums) {
  memset(sums, 0, (size_t)count * sizeof *sums);
  if (array->cells != NULL) {
    epx_array_cells_columns(array->cells, event, driven_rows, first, count, sums);
  } else {
    count_columns(array, driven_rows, first, count, sums);
  }
  if (array->lossy) {
    convert(array, array->columns, event, first, count, sums);
  }
}

void epx_array_read_rows(const epx_array_t *array, uint64_t event, const uint64_t *driven_units,
                         int slice, int first, int count, int64_t *sums) {
  memset(sums, 0, (size_t)count * sizeof *sums);
  if (array->cells != NULL) {
    epx_array_cells_rows(array->cells, event, driven_units, slice, first, count, sums);
  } else {
    count_rows(array, driven_units, slice, first, count, sums);
  }
  if (array->lossy) {
    convert(array, array->rows[slice], event, first, count, sums);
  }
}

void epx_array_finish(const epx_array_t *array, int count, int64_t *sums) {
  const int fraction = epx_array_fraction(array);
  for (int i = 0; fraction > 0 && i < count; ++i) {
    sums[i] = epx_round_shift(sums[i], fraction, EPX_ROUND_NEAREST_EVEN, 0);
  }
}

/* sums[units] += factor * what the columns give for the driven rows at one event. */
static void add_columns(const epx_array_t *array, uint64_t event, const uint64_t *driven,
                        int64_t factor, int64_t *sums) {
  const int slices = array->shape.slices, columns = array->shape.units * slices;
  int64_t line[256];
  for (int first = 0; first < columns; first += 256) {
    const int count = columns - first < 256 ? columns - first : 256;
    epx_array_read_columns(array, event, driven, first, count, line);
    for (int i = 0; i < count; ++i) {
      const int shift = (first + i) % slices * array->bits_per_cell;
      sums[(first + i) / slices] += line[i] * factor * (INT64_C(1) << shift);
    }
  }
}

/* sums[rows] += factor * what the rows give for the driven units of a slice. */
static void add_rows(const epx_array_t *array, uint64_t event, const uint64_t *driven, int slice,
                     int64_t factor, int64_t *sums) {
  const int rows = array->shape.rows;
  int64_t line[256];
  for (int first = 0; first < rows; first += 256) {
    const int count = rows - first < 256 ? rows - first : 256;
    epx_array_read_rows(array, event, driven, slice, first, count, line);
    for (int i = 0; i < count; ++i) {
      sums[first + i] += line[i] * factor * (INT64_C(1) << (slice * array->bits_per_cell));
    }
  }
}

void epx_array_forward(const epx_array_t *array, uint64_t command, int word, const uint8_t *codes,
                       int bits, int64_t *sums) {
  const int rows = array->shape.rows, units = array->shape.units;
  uint64_t driven[MAX_LINES / 64];
  memset(sums, 0, (size_t)units * sizeof *sums);
  for (int bit = 0; bit < bits; ++bit) {
    memset(driven, 0, array->row_words * sizeof *driven);
    for (int r = 0; r < rows; ++r) {
      driven[r / 64] |= (uint64_t)(codes[r] >> bit & 1) << (r % 64);
    }
    add_columns(array, epx_array_event(command, word, 0, 0, bit), driven, INT64_C(1) << bit, sums);
  }
  epx_array_finish(array, units, sums);
}

void epx_array_backward(const epx_array_t *array, uint64_t command, int word, const int32_t *posts,
                        const uint8_t *switches, int place, int64_t *sums) {
  const int rows = array->shape.rows, units = array->shape.units, bits = array->shape.state_bits;
  uint64_t driven[MAX_LINES / 64];
  memset(sums, 0, (size_t)rows * sizeof *sums);
  for (int slice = 0; slice < array->shape.slices; ++slice) {
    for (int bit = 0; bit < bits; ++bit) {
      memset(driven, 0, array->unit_words * sizeof *driven);
      for (int u = 0; u < units; ++u) {
        const bool on = switches[u] == place && (posts[u] >> bit & 1) != 0;
        driven[u / 64] |= (uint64_t)on << (u % 64);
      }
      const int64_t value = INT64_C(1) << bit;
      add_rows(array, epx_array_event(command, word, place, slice, bit), driven, slice,
               array->shape.signed_post && bit + 1 == bits ? -value : value, sums);
    }
  }
  epx_array_finish(array, rows, sums);
}

void epx_array_forward_change(const epx_array_t *array, uint64_t command, int word,
                              const epx_drive_t *drive, const int32_t *change, int64_t *sums) {
  uint64_t driven[MAX_LINES / 64];
  memset(sums, 0, (size_t)array->shape.units * sizeof *sums);
  for (int sign = 0; sign < EPX_DRIVE_SIGNS; ++sign) {
    for (uint32_t bits = drive->bits[sign]; bits != 0; bits &= bits - 1) {
      const int bit = __builtin_ctz(bits);
      const int64_t value = INT64_C(1) << bit;
      epx_drive_pass(change, array->shape.rows, sign, bit, driven);
      const uint64_t event = epx_array_event(command, word, 0, 0, epx_drive_number(sign, bit));
      add_columns(array, event, driven, sign == EPX_DRIVE_RISEN ? value : -value, sums);
    }
  }
  epx_array_finish(array, array->shape.units, sums);
}

void epx_array_backward_change(const epx_array_t *array, uint64_t command, int word, int place,
                               const epx_drive_t *drive, const int32_t *change, int64_t *sums) {
  uint64_t driven[MAX_LINES / 64];
  memset(sums, 0, (size_t)array->shape.rows * sizeof *sums);
  for (int sign = 0; sign < EPX_DRIVE_SIGNS; ++sign) {
    for (uint32_t bits = drive->bits[sign]; bits != 0; bits &= bits - 1) {
      const int bit = __builtin_ctz(bits);
      const int64_t value = INT64_C(1) << bit;
      epx_drive_pass(change, array->shape.units, sign, bit, driven);
      for (int slice = 0; slice < array->shape.slices; ++slice) {
        const uint64_t event =
            epx_array_event(command, word, place, slice, epx_drive_number(sign, bit));
        add_rows(array, event, driven, slice, sign == EPX_DRIVE_RISEN ? value : -value, sums);
      }
    }
  }
  epx_array_finish(array, array->shape.rows, sums);
}
