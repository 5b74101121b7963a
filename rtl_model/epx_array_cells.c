/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_array_cells.h"

#include <math.h>
#include <stdlib.h>

#include "epx_array_random.h"
#include "epx_clones.h"
#include "epx_device.h"

/* How the digits of a slice are written: digit = zero + sign * steps * (share of the window). */
typedef struct digit_t {
  int shift, bits; /* of the code */
  double zero, sign, steps;
} digit_t;

/* What cells count to reads in one direction; variances of reads in a unit of their own, or NULL.
 */
typedef struct plane_t {
  int32_t *value, *variance;
} plane_t;

struct epx_array_cells_t {
  epx_tile_shape_t shape;
  epx_device_t device;
  uint64_t seed, tile, noise_key[2]; /* of columns, of rows */
  int bits_per_cell, columns;
  digit_t digit[8]; /* by slice */
  double variance_unit;
  double *g, *seen;   /* [rows][columns], of one direction: where wires resist, else NULL */
  bool written_since; /* the last settling */
  int8_t *code;       /* [rows][units] */
  uint32_t *written;  /* likewise */
  uint8_t *fault;     /* [rows][columns] */
  plane_t forward;    /* [rows][columns] */
  plane_t backward;   /* [columns][rows] */
};

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

epx_status_t epx_array_cells_settle(epx_array_cells_t *cells, epx_error_t *error) {
  const int rows = cells->shape.rows, columns = cells->columns, slices = cells->shape.slices;
  epx_status_t status = EPX_OK;
  for (int back = 0; cells->g != NULL && cells->written_since && back < 2; ++back) {
    const plane_t *plane = back == 0 ? &cells->forward : &cells->backward;
    status = epx_device_wires_seen(&cells->device.wires, rows, columns, back != 0, cells->g,
                                   cells->seen, error);
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
    cells->digit[slice] = digit_of(cells, slice);
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
  const epx_status_t settled = epx_array_cells_settle(cells, error);
  if (settled != EPX_OK) {
    epx_array_cells_destroy(cells);
    return settled;
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

/* sums[i] of at most LINES lines = the driven lines of cells[driven][pitch]. */
static void add_driven(const int32_t *cells, size_t pitch, size_t words, const uint64_t *driven,
                       int count, int64_t *sums) {
  int32_t sum[LINES] = {0};
  int held = 0;
  for (int i = 0; i < count; ++i) {
    sums[i] = 0;
  }
  for (size_t w = 0; w < words; ++w) {
    for (uint64_t left = driven[w]; left != 0; left &= left - 1) {
      add_line(count, cells + (w * 64 + (size_t)__builtin_ctzll(left)) * pitch, sum);
      if (++held == HELD) {
        for (int i = 0; i < count; ++i) {
          sums[i] += sum[i];
          sum[i] = 0;
        }
        held = 0;
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    sums[i] += sum[i];
  }
}

/* One direction of reading. */
typedef struct reading_t {
  const int32_t *value, *variance; /* of the first line; variance NULL: the same of all cells */
  size_t pitch, words;             /* of a driven line */
  const uint64_t *driven;
  int lines;        /* that may be driven */
  int first, count; /* lines read; numbers of their draws */
  uint64_t key;
  int slices, slice; /* of the lines: in turn, or all of this one */
} reading_t;

static int driven_lines(const reading_t *r) {
  int lines = 0;
  for (size_t w = 0; w < r->words; ++w) {
    lines += __builtin_popcountll(r->driven[w]);
  }
  return lines;
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
  const double all = r->variance != NULL ? 0.0 : (double)driven_lines(r);
  if (r->variance != NULL) {
    add_driven(r->variance + at, r->pitch, r->words, r->driven, count, counted);
  }
  for (int i = 0; i < count; ++i) {
    const int slice = r->slices == 1 ? r->slice : (r->first + at + i) % r->slices;
    const double steps = cells->digit[slice].steps;
    variance[i] = r->variance != NULL ? (double)counted[i] * unit : all;
    scale[i] = one * sigma * steps;
    limit[i] = one * 8.0 * steps * lines;
  }
  epx_array_normals(r->key, (uint64_t)(r->first + at), (size_t)count, normal);
  add_noise(count, scale, variance, normal, limit, sums);
}

static void read_lines(const epx_array_cells_t *cells, const reading_t *r, int64_t *sums) {
  for (int at = 0; at < r->count; at += LINES) {
    const int count = r->count - at < LINES ? r->count - at : LINES;
    add_driven(r->value + at, r->pitch, r->words, r->driven, count, sums + at);
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

void epx_array_cells_columns(const epx_array_cells_t *cells, uint64_t event,
                             const uint64_t *driven_rows, int first, int count, int64_t *sums) {
  const plane_t *plane = &cells->forward;
  const reading_t r = {.value = plane->value + first,
                       .variance = plane->variance != NULL ? plane->variance + first : NULL,
                       .pitch = (size_t)cells->columns,
                       .words = words_of(cells->shape.rows),
                       .driven = driven_rows,
                       .lines = cells->shape.rows,
                       .first = first,
                       .count = count,
                       .key = epx_array_event_key(cells->noise_key[0], event),
                       .slices = cells->shape.slices};
  read_lines(cells, &r, sums);
}

void epx_array_cells_rows(const epx_array_cells_t *cells, uint64_t event,
                          const uint64_t *driven_units, int slice, int first, int count,
                          int64_t *sums) {
  const plane_t *plane = &cells->backward;
  const size_t rows = (size_t)cells->shape.rows, at = (size_t)slice * rows + (size_t)first;
  const reading_t r = {.value = plane->value + at,
                       .variance = plane->variance != NULL ? plane->variance + at : NULL,
                       .pitch = rows * (size_t)cells->shape.slices,
                       .words = words_of(cells->shape.units),
                       .driven = driven_units,
                       .lines = cells->shape.units,
                       .first = first,
                       .count = count,
                       .key = epx_array_event_key(cells->noise_key[1], event),
                       .slices = 1,
                       .slice = slice};
  read_lines(cells, &r, sums);
}
