/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_array_cells.h"

#include <stdlib.h>

#include "epx_clones.h"
#include "epx_device.h"

struct epx_array_cells_t {
  epx_tile_shape_t shape;
  epx_device_t device;
  uint64_t seed, tile;
  int bits_per_cell, columns;
  int8_t *code;      /* [rows][units] */
  uint32_t *written; /* likewise */
  uint8_t *fault;    /* [rows][columns] */
  int32_t *forward;  /* [rows][columns] */
  int32_t *backward; /* [columns][rows] */
};

void epx_array_cells_destroy(epx_array_cells_t *cells) {
  if (cells != NULL) {
    free(cells->code);
    free(cells->written);
    free(cells->fault);
    free(cells->forward);
    free(cells->backward);
    free(cells);
  }
}

static size_t at(const epx_array_cells_t *cells, int row, int unit) {
  return (size_t)row * (size_t)cells->shape.units + (size_t)unit;
}

/* How the digits of a slice are written: digit = zero + sign * steps * (share of the window). */
typedef struct digit_t {
  int shift, bits; /* of the code */
  double zero, sign, steps;
} digit_t;

static digit_t digit_of(const epx_array_cells_t *cells, int slice) {
  const int shift = slice * cells->bits_per_cell, left = cells->shape.synapse_bits - shift;
  const bool last = slice + 1 == cells->shape.slices;
  digit_t digit = {.shift = shift, .bits = last ? left : cells->bits_per_cell, .sign = 1.0};
  digit.steps = (double)((1 << digit.bits) - 1);
  if (last && digit.bits == 1) {
    digit.sign = -1.0;
  } else if (last) {
    digit.zero = -(double)(1 << (digit.bits - 1));
  }
  return digit;
}

/* The digit of a code: the last slice's is signed. */
static double value_of(digit_t digit, int code) {
  const int field = code >> digit.shift & ((1 << digit.bits) - 1);
  const bool negative = digit.zero < 0.0 || digit.sign < 0.0;
  return field - (negative && field >> (digit.bits - 1) != 0 ? 1 << digit.bits : 0);
}

/* The conductance that reads of one cell find after a write. */
static double conductance(const epx_array_cells_t *cells, size_t cell, double share,
                          uint32_t written) {
  const epx_device_t *device = &cells->device;
  const epx_cell_range_t range = {device->g_min, 1.0};
  double g = device->g_min + (1.0 - device->g_min) * share;
  epx_program_error_apply(&device->program_error, range, cells->seed, cells->tile, written, cell, 1,
                          &g, &g);
  if (device->drift.nu != 0.0) {
    epx_drift_apply(&device->drift, cells->seed, cells->tile, cell, 1, device->age, &g, &g);
  }
  if (device->retention.tau != 0.0) {
    const epx_retention_t retention = epx_device_retention(device);
    epx_retention_apply(&retention, cells->seed, cells->tile, cell, 1, device->age, &g, &g);
  }
  epx_faults_apply(range, 1, cells->fault + cell, &g);
  return g;
}

void epx_array_cells_write(epx_array_cells_t *cells, int row, int unit, int code,
                           uint32_t written) {
  const size_t synapse = at(cells, row, unit);
  if (cells->code[synapse] == code && cells->written[synapse] == written) {
    return;
  }
  cells->code[synapse] = (int8_t)code;
  cells->written[synapse] = written;
  for (int slice = 0; slice < cells->shape.slices; ++slice) {
    const digit_t digit = digit_of(cells, slice);
    const size_t column = (size_t)(unit * cells->shape.slices + slice);
    const size_t cell = (size_t)row * (size_t)cells->columns + column;
    const double share = (value_of(digit, code) - digit.zero) * digit.sign / digit.steps;
    const double g = conductance(cells, cell, share, written), g_min = cells->device.g_min;
    const double value = digit.zero + digit.sign * digit.steps * ((g - g_min) / (1.0 - g_min));
    epx_cells_to_codes(1.0, EPX_CELL_FRACTION, 1, &value, &cells->forward[cell]);
    cells->backward[column * (size_t)cells->shape.rows + (size_t)row] = cells->forward[cell];
  }
}

epx_status_t epx_array_cells_create(const epx_chip_t *chip, const epx_tile_shape_t *shape, int tile,
                                    epx_array_cells_t **out, epx_error_t *error) {
  const epx_status_t status = epx_device_check(&chip->device, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_array_cells_t *cells = calloc(1, sizeof *cells);
  if (cells == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cells of an array");
  }
  cells->shape = *shape;
  cells->device = chip->device;
  cells->seed = chip->device_seed;
  cells->tile = (uint64_t)tile;
  cells->bits_per_cell = chip->bits_per_cell;
  cells->columns = shape->units * shape->slices;
  const size_t synapses = (size_t)shape->rows * (size_t)shape->units;
  const size_t count = (size_t)shape->rows * (size_t)cells->columns;
  cells->code = malloc(synapses);
  cells->written = malloc(synapses * sizeof *cells->written);
  cells->fault = malloc(count);
  cells->forward = malloc(count * sizeof *cells->forward);
  cells->backward = malloc(count * sizeof *cells->backward);
  if (cells->code == NULL || cells->written == NULL || cells->fault == NULL ||
      cells->forward == NULL || cells->backward == NULL) {
    epx_array_cells_destroy(cells);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cells of an array");
  }
  epx_faults_map(&chip->device.faults, cells->seed, cells->tile, 0, count, cells->fault);
  for (int row = 0; row < shape->rows; ++row) {
    for (int unit = 0; unit < shape->units; ++unit) {
      cells->code[at(cells, row, unit)] = 1; /* so that the 0 is written */
      epx_array_cells_write(cells, row, unit, 0, 0);
    }
  }
  *out = cells;
  return EPX_OK;
}

/* Lines of one pass, and driven lines that 32 bits surely hold: a cell counts below 2^23. */
enum { LINES = 256, HELD = 256 };

EPX_CLONES static void add_line(int count, const int32_t *restrict line, int32_t *restrict sum) {
  for (int i = 0; i < count; ++i) {
    sum[i] += line[i];
  }
}

/* sums[i] += the driven lines of cells[driven][pitch], its columns [first, first + count). */
static void add_driven(const int32_t *cells, size_t pitch, size_t words, const uint64_t *driven,
                       int first, int count, int64_t *sums) {
  for (int done = 0; done < count; done += LINES) {
    const int size = count - done < LINES ? count - done : LINES;
    int32_t sum[LINES] = {0};
    int held = 0;
    for (size_t w = 0; w < words; ++w) {
      for (uint64_t left = driven[w]; left != 0; left &= left - 1) {
        const size_t line = w * 64 + (size_t)__builtin_ctzll(left);
        add_line(size, cells + line * pitch + (size_t)(first + done), sum);
        if (++held == HELD) {
          for (int i = 0; i < size; ++i) {
            sums[done + i] += sum[i];
            sum[i] = 0;
          }
          held = 0;
        }
      }
    }
    for (int i = 0; i < size; ++i) {
      sums[done + i] += sum[i];
    }
  }
}

static size_t words_of(int lines) {
  return ((size_t)lines + 63) / 64;
}

void epx_array_cells_columns(const epx_array_cells_t *cells, const uint64_t *driven_rows, int first,
                             int count, int64_t *sums) {
  add_driven(cells->forward, (size_t)cells->columns, words_of(cells->shape.rows), driven_rows,
             first, count, sums);
}

void epx_array_cells_rows(const epx_array_cells_t *cells, const uint64_t *driven_units, int slice,
                          int first, int count, int64_t *sums) {
  const size_t rows = (size_t)cells->shape.rows;
  add_driven(cells->backward + (size_t)slice * rows, rows * (size_t)cells->shape.slices,
             words_of(cells->shape.units), driven_units, first, count, sums);
}
