/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "epx_array_cells_internal.h"
#include "epx_array_random.h"

void epx_array_cells_destroy(epx_array_cells_t *cells) {
  if (cells != NULL) {
    free(cells->code);
    free(cells->written);
    free(cells->fault);
    free(cells->g);
    free(cells->seen);
    free(cells->forward.value);
    free(cells->forward.variance);
    free(cells->backward.value);
    free(cells->backward.variance);
    free(cells);
  }
}

static size_t at(const epx_array_cells_t *cells, int row, int unit) {
  return (size_t)row * (size_t)cells->shape.units + (size_t)unit;
}

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

/* What a conductance counts. */
static int32_t value_code(const epx_array_cells_t *cells, int slice, double g) {
  const digit_t *digit = &cells->digit[slice];
  const double g_min = cells->device.g_min;
  const double value = digit->zero + digit->sign * digit->steps * ((g - g_min) / (1.0 - g_min));
  int32_t code;
  epx_cells_to_codes(1.0, EPX_CELL_FRACTION, 1, &value, &code);
  return code;
}

/* The variance of a cell's read, over that of an independent one; at most 2^20 units, which no
 * conductance within the range exceeds. */
static int32_t variance_code(const epx_array_cells_t *cells, double g) {
  const bool inverse = cells->device.read_noise.kind == EPX_NOISE_INVERSE;
  const double square = g * g, variance = inverse ? 1.0 / square : square;
  const double code = epx_math_round(variance / cells->variance_unit);
  return code < 0x1p20 ? (int32_t)code : 1 << 20;
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
    const digit_t digit = cells->digit[slice];
    const size_t column = (size_t)(unit * cells->shape.slices + slice);
    const size_t cell = (size_t)row * (size_t)cells->columns + column;
    const double share = (value_of(digit, code) - digit.zero) * digit.sign / digit.steps;
    const double g = conductance(cells, cell, share, written);
    const size_t turned = column * (size_t)cells->shape.rows + (size_t)row;
    if (cells->g != NULL) {
      cells->g[cell] = g;
    }
    cells->forward.value[cell] = cells->backward.value[turned] = value_code(cells, slice, g);
    if (cells->forward.variance != NULL) {
      cells->forward.variance[cell] = cells->backward.variance[turned] = variance_code(cells, g);
    }
  }
  cells->written_since = true;
}

epx_status_t epx_array_cells_settle(epx_array_cells_t *cells, const epx_stop_t *stop,
                                    epx_error_t *error) {
  const int rows = cells->shape.rows, columns = cells->columns, slices = cells->shape.slices;
  epx_status_t status = EPX_OK;
  for (int back = 0; cells->g != NULL && cells->written_since && back < 2; ++back) {
    const plane_t *plane = back == 0 ? &cells->forward : &cells->backward;
    status = epx_wires_seen(&cells->device.wires, rows, columns, back != 0, cells->g, cells->seen,
                            stop, error);
    if (status != EPX_OK) {
      return status;
    }
    for (int i = 0; i < rows * columns; ++i) {
      const int column = back == 0 ? i % columns : i / rows;
      plane->value[i] = value_code(cells, column % slices, cells->seen[i]);
    }
  }
  cells->written_since = false;
  return EPX_OK;
}

static bool allocate(epx_array_cells_t *cells, bool variances) {
  const size_t synapses = (size_t)cells->shape.rows * (size_t)cells->shape.units;
  const size_t count = (size_t)cells->shape.rows * (size_t)cells->columns;
  bool whole = true;
  cells->code = malloc(synapses);
  cells->written = malloc(synapses * sizeof *cells->written);
  cells->fault = malloc(count);
  for (int i = 0; i < 2; ++i) {
    plane_t *plane = i == 0 ? &cells->forward : &cells->backward;
    plane->value = malloc(count * sizeof *plane->value);
    plane->variance = variances ? malloc(count * sizeof *plane->variance) : NULL;
    whole = whole && plane->value != NULL && (plane->variance != NULL || !variances);
  }
  if (epx_device_wires_resist(&cells->device.wires)) {
    cells->g = malloc(count * sizeof *cells->g);
    cells->seen = malloc(count * sizeof *cells->seen);
    whole = whole && cells->g != NULL && cells->seen != NULL;
  }
  return whole && cells->code != NULL && cells->written != NULL && cells->fault != NULL;
}

epx_status_t epx_array_cells_create(const epx_chip_t *chip, const epx_tile_shape_t *shape, int tile,
                                    epx_array_cells_t **out, epx_error_t *error) {
  const epx_status_t status = epx_device_check(&chip->device, error);
  if (status != EPX_OK) {
    return status;
  }
  const int columns = shape->units * shape->slices;
  if (epx_device_wires_resist(&chip->device.wires) &&
      (shape->rows > EPX_WIRES_MAX_LINES || columns > EPX_WIRES_MAX_LINES)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.wires: %d x %d cells in use; wires are solved for at most %d lines",
                    shape->rows, columns, EPX_WIRES_MAX_LINES);
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
  cells->columns = columns;
  const size_t count = (size_t)shape->rows * (size_t)cells->columns;
  for (int side = 0; side < 2; ++side) {
    cells->noise_key[side] =
        epx_array_key(cells->seed, EPX_ARRAY_READ_NOISE, 2 * cells->tile + (uint64_t)side);
  }
  for (int slice = 0; slice < shape->slices; ++slice) {
    const digit_t digit = cells->digit[slice] = digit_of(cells, slice);
    const double g_min = cells->device.g_min;
    const double pedestal = digit.sign * digit.steps * (g_min / (1.0 - g_min)) - digit.zero;
    epx_cells_to_codes(1.0, EPX_CELL_FRACTION, 1, &pedestal, &cells->pedestal[slice]);
  }
  const epx_read_noise_t *noise = &cells->device.read_noise;
  const double g_min = cells->device.g_min;
  const double most = noise->kind == EPX_NOISE_INVERSE ? 1.0 / (g_min * g_min) : 1.0;
  cells->variance_unit = most * 0x1p-20;
  if (!allocate(cells, noise->sigma != 0.0 && noise->kind != EPX_NOISE_INDEPENDENT)) {
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
