/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "epx_array_internal.h"
#include "epx_clones.h"
#include "epx_round.h"

void epx_array_destroy(epx_array_t *array) {
  if (array == NULL) {
    return;
  }
  for (int s = 0; array->rows != NULL && s < array->shape.slices; ++s) {
    epx_adc_destroy(array->rows[s]);
  }
  epx_adc_destroy(array->columns);
  epx_array_cells_destroy(array->cells);
  epx_observed_destroy(array->observed);
  words_destroy(array);
  free(array->clips);
  free(array->reads);
  epx_dac_destroy(array->dac[0]);
  epx_dac_destroy(array->dac[1]);
  free(array->rows);
  free(array->column_planes);
  free(array->row_planes);
  free(array);
}

static epx_status_t create_converters(epx_array_t *array, const epx_chip_t *chip, int tile,
                                      epx_error_t *error) {
  const epx_tile_shape_t *shape = &array->shape;
  const epx_converter_t converter = chip->adc.converter;
  const uint64_t seed = chip->device_seed, number = 2 * (uint64_t)tile;
  const int columns = shape->units * shape->slices;
  epx_status_t status = epx_adc_create(&converter, columns, seed, number, &array->columns, error);
  array->rows = calloc((size_t)shape->slices, sizeof(epx_adc_t *));
  if (array->rows == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's converters");
  }
  for (int s = 0; status == EPX_OK && s < shape->slices; ++s) {
    status = epx_adc_create(&converter, shape->rows, seed, number + 1, &array->rows[s], error);
  }
  return status == EPX_OK ? array_set_ranges(array, error) : status;
}

static epx_status_t create_dacs(epx_array_t *array, const epx_chip_t *chip, int tile,
                                epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int side = 0; status == EPX_OK && side < 2; ++side) {
    status = epx_dac_create(&chip->dac.converter,
                            side == 0 ? array->shape.rows : array->shape.units, chip->device_seed,
                            2 * (uint64_t)tile + (uint64_t)side, &array->dac[side], error);
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
  array->driver[0] = epx_driver_of(chip, shape, false);
  array->driver[1] = epx_driver_of(chip, shape, true);
  array->adc = chip->adc;
  array->follows_weights = chip->adc.reach == EPX_ADC_REACH_WEIGHTS;
  array->written_since = true;
  array->row_chunks = epx_array_chunks(shape->rows);
  array->unit_chunks = epx_array_chunks(shape->units);
  const size_t bits = (size_t)shape->synapse_bits;
  array->column_planes = calloc((size_t)shape->units * bits * array->row_chunks, sizeof(uint64_t));
  array->row_planes = calloc((size_t)shape->rows * bits * array->unit_chunks, sizeof(uint64_t));
  array->lossy =
      chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.converter.kind != EPX_CONVERTER_IDEAL;
  epx_status_t status = EPX_OK;
  if (array->column_planes == NULL || array->row_planes == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array");
  }
  const bool analog = chip->array_kind == EPX_ARRAY_ANALOG;
  if (status == EPX_OK && analog &&
      !(epx_device_ideal(&chip->device) && epx_dac_exact(&chip->dac.converter))) {
    status = epx_array_cells_create(chip, shape, tile, &array->cells, error);
  }
  if (status == EPX_OK && analog && !epx_dac_exact(&chip->dac.converter)) {
    status = create_dacs(array, chip, tile, error);
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
  words_write(array, row, unit, code);
  const int bits = array->shape.synapse_bits;
  for (int bit = 0; bit < bits; ++bit) {
    const bool on = (code >> bit & 1) != 0;
    put(array->column_planes + (size_t)(unit * bits + bit) * array->row_chunks, row, on);
    put(array->row_planes + (size_t)(bit * array->shape.rows + row) * array->unit_chunks, unit, on);
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

static void negate_each(int first, int step, int count, int64_t *sums) {
  for (int i = first; i < count; i += step) {
    sums[i] = -sums[i];
  }
}

void array_count_columns(const epx_array_t *array, const uint64_t *driven_rows, int first,
                         int count, int64_t *sums) {
  const int bits = array->shape.synapse_bits, slices = array->shape.slices;
  if (array->bits_per_cell == 1) { /* a plane is a column, and columns lie one after another */
    negate_each(bits - 1 - first % bits, bits, count, sums);
    add_planes(array->column_planes + (size_t)first * array->row_chunks, array->row_chunks,
               driven_rows, count, 1, sums);
    negate_each(bits - 1 - first % bits, bits, count, sums);
    return;
  }
  for (int i = 0; i < count; ++i) {
    const int unit = (first + i) / slices, slice = (first + i) % slices;
    const int begin = slice * array->bits_per_cell;
    for (int bit = begin; bit < slice_end(array, slice); ++bit) {
      add_planes(array->column_planes + (size_t)(unit * bits + bit) * array->row_chunks,
                 array->row_chunks, driven_rows, 1, bit_value(array, bit, begin), sums + i);
    }
  }
}

void array_count_rows(const epx_array_t *array, const uint64_t *driven_units, int slice, int first,
                      int count, int64_t *sums) {
  const int begin = slice * array->bits_per_cell;
  for (int bit = begin; bit < slice_end(array, slice); ++bit) {
    add_planes(array->row_planes + (size_t)(bit * array->shape.rows + first) * array->unit_chunks,
               array->unit_chunks, driven_units, count, bit_value(array, bit, begin), sums);
  }
}

epx_status_t epx_array_settle(epx_array_t *array, const epx_stop_t *stop, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  if (array->written_since && array->cells != NULL) {
    status = epx_array_cells_settle(array->cells, stop, error);
    if (status == EPX_OK) {
      words_pack_cells(array);
    }
  }
  if (status == EPX_OK && array->written_since && array->lossy && array->follows_weights) {
    status = array_follow_weights(array, error);
  }
  array->written_since = status != EPX_OK;
  return status;
}

/* Bits of eight bytes, byte i to bit i: the product moves each to its place of the highest byte. */
static uint64_t gather_bits(const uint8_t *bytes, int bit) {
  uint64_t eight = 0;
  for (int i = 0; i < 8; ++i) {
    eight |= (uint64_t)bytes[i] << (8 * i);
  }
  return (eight >> bit & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

void array_pack(const epx_array_t *array, bool backward, epx_driven_t *driven) {
  const int lines = backward ? array->shape.units : array->shape.rows;
  const size_t words = backward ? array->unit_chunks : array->row_chunks;
  memset(driven->plane, 0, (size_t)driven->bits * words * sizeof *driven->plane);
  for (int bit = 0; bit < driven->bits; ++bit) {
    uint64_t *plane = driven->plane + (size_t)bit * words;
    int i = 0;
    for (; i + 8 <= lines; i += 8) {
      plane[i / 64] |= gather_bits(driven->digit + i, bit) << (i % 64);
    }
    for (; i < lines; ++i) {
      plane[i / 64] |= (uint64_t)(driven->digit[i] >> bit & 1) << (i % 64);
    }
  }
}

void array_carry(const epx_array_t *array, uint64_t draw, bool backward, epx_driven_t *driven) {
  if (array->dac[backward] != NULL) {
    const int lines = backward ? array->shape.units : array->shape.rows;
    epx_dac_drive(array->dac[backward], draw, 0, lines, driven->digit, driven->carried);
  }
}

void epx_array_drive(const epx_array_t *array, uint64_t draw, bool backward, epx_driven_t *driven) {
  array_pack(array, backward, driven);
  array_carry(array, draw, backward, driven);
}

/* What would be converted, as it is; a line at a time of what is counted in whole sums or, of
 * cells, in the converters' units. */
static void observe(const epx_array_t *array, bool rows, int slice, int first, int count,
                    int64_t *sums) {
  const int shift = array->cells != NULL ? EPX_CONVERTER_FRACTION : 0;
  for (int i = 0; i < count; ++i) {
    const int64_t below = sums[i] >> shift, above = -(-sums[i] >> shift);
    epx_observed_add(array->observed, array_line(array, rows, slice, first + i), below, above);
    sums[i] *= INT64_C(1) << (EPX_CONVERTER_FRACTION - shift);
  }
}

/* Through the converters: sums of digits, or, of cells, of the converters' units. */
static epx_clips_t convert(const epx_array_t *array, bool rows, int slice, uint64_t draw, int first,
                           int count, int64_t *sums) {
  const epx_adc_t *adc = rows ? array->rows[slice] : array->columns;
  int64_t clips = 0;
  if (array->reads != NULL && first == 0) {
    __atomic_fetch_add(&array->reads[rows ? 1 + slice : 0], 1, __ATOMIC_RELAXED);
  }
  if (array->observed != NULL) {
    observe(array, rows, slice, first, count, sums);
  } else if (array->cells != NULL) {
    clips = epx_adc_convert_fine(adc, draw, first, count, sums, sums);
  } else {
    clips = epx_adc_convert(adc, draw, first, count, sums, sums);
  }
  return (epx_clips_t){(uint64_t)count, (uint64_t)clips};
}

/* Every bit of the digits doubles what those above it counted. */
EPX_CLONES static void double_sums(int count, int64_t *restrict sums) {
  for (int i = 0; i < count; ++i) {
    sums[i] *= 2;
  }
}

epx_clips_t epx_array_read_columns(const epx_array_t *array, uint64_t draw,
                                   const epx_driven_t *rows, int first, int count, int64_t *sums) {
  memset(sums, 0, (size_t)count * sizeof *sums);
  if (array->cells != NULL) {
    epx_array_cells_columns(array->cells, draw, rows, array->dac[0] != NULL, first, count, sums);
  }
  for (int bit = rows->bits - 1; array->cells == NULL && bit >= 0; --bit) {
    if (bit + 1 < rows->bits) {
      double_sums(count, sums);
    }
    array_count_columns(array, rows->plane + (size_t)bit * array->row_chunks, first, count, sums);
  }
  return array->lossy ? convert(array, false, 0, draw, first, count, sums) : (epx_clips_t){0};
}

epx_clips_t epx_array_read_rows(const epx_array_t *array, uint64_t draw, const epx_driven_t *units,
                                int slice, int first, int count, int64_t *sums) {
  memset(sums, 0, (size_t)count * sizeof *sums);
  if (array->cells != NULL) {
    epx_array_cells_rows(array->cells, draw, units, array->dac[1] != NULL, slice, first, count,
                         sums);
  }
  for (int bit = units->bits - 1; array->cells == NULL && bit >= 0; --bit) {
    if (bit + 1 < units->bits) {
      double_sums(count, sums);
    }
    array_count_rows(array, units->plane + (size_t)bit * array->unit_chunks, slice, first, count,
                     sums);
  }
  return array->lossy ? convert(array, true, slice, draw, first, count, sums) : (epx_clips_t){0};
}

void epx_array_finish(const epx_array_t *array, int count, int64_t *sums) {
  const int fraction = epx_array_fraction(array);
  for (int i = 0; fraction > 0 && i < count; ++i) {
    sums[i] = epx_round_shift(sums[i], fraction, EPX_ROUND_NEAREST_EVEN, 0);
  }
}
