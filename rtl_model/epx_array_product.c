/* SPDX-License-Identifier: Apache-2.0 */
/* Whole products of an array, pass by pass. */
#include <string.h>

#include "epx_array_internal.h"

/* sums[units] += factor * what the columns give for the driven digits at one event. */
static void add_columns(const epx_array_t *array, uint64_t event, epx_driven_t *driven,
                        int64_t factor, int64_t *sums) {
  const int slices = array->shape.slices, columns = array->shape.units * slices;
  int64_t line[256];
  epx_array_drive(array, event, false, driven);
  for (int first = 0; first < columns; first += 256) {
    const int count = columns - first < 256 ? columns - first : 256;
    epx_array_read_columns(array, event, driven, first, count, line);
    for (int i = 0; i < count; ++i) {
      const int shift = (first + i) % slices * array->bits_per_cell;
      sums[(first + i) / slices] += line[i] * factor * (INT64_C(1) << shift);
    }
  }
}

/* sums[rows] += factor * what the rows of a slice give. */
static void add_rows(const epx_array_t *array, uint64_t event, epx_driven_t *driven, int slice,
                     int64_t factor, int64_t *sums) {
  const int rows = array->shape.rows;
  int64_t line[256];
  epx_array_drive(array, event, true, driven);
  for (int first = 0; first < rows; first += 256) {
    const int count = rows - first < 256 ? rows - first : 256;
    epx_array_read_rows(array, event, driven, slice, first, count, line);
    for (int i = 0; i < count; ++i) {
      sums[first + i] += line[i] * factor * (INT64_C(1) << (slice * array->bits_per_cell));
    }
  }
}

/* What is driven, with room for it. */
typedef struct room_t {
  epx_driven_t driven;
  uint64_t plane[EPX_DAC_MAX_BITS * EPX_ARRAY_MAX_LINES / 64];
  uint8_t digit[EPX_ARRAY_MAX_LINES];
  int32_t carried[EPX_ARRAY_MAX_LINES];
} room_t;

static epx_driven_t *open_room(room_t *room) {
  room->driven =
      (epx_driven_t){.plane = room->plane, .digit = room->digit, .carried = room->carried};
  return &room->driven;
}

static int64_t worth(const epx_pass_t *pass) {
  return pass->sign * (INT64_C(1) << pass->bit);
}

void epx_array_forward(const epx_array_t *array, uint64_t command, int word, const uint8_t *codes,
                       int64_t *sums) {
  const epx_driver_t *driver = &array->driver[0];
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  epx_driven_t *driven = open_room(&room);
  const int count = epx_driver_passes(driver, passes);
  memset(sums, 0, (size_t)array->shape.units * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    driven->bits = pass->bits;
    for (int r = 0; r < array->shape.rows; ++r) {
      room.digit[r] = (uint8_t)epx_pass_digit(pass, epx_driver_code(driver, codes[r]));
    }
    add_columns(array, epx_array_event(command, word, 0, 0, pass->number), driven, worth(pass),
                sums);
  }
  epx_array_finish(array, array->shape.units, sums);
}

void epx_array_backward(const epx_array_t *array, uint64_t command, int word, const int32_t *posts,
                        const uint8_t *switches, int place, int64_t *sums) {
  const epx_driver_t *driver = &array->driver[1];
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  epx_driven_t *driven = open_room(&room);
  const int count = epx_driver_passes(driver, passes);
  memset(sums, 0, (size_t)array->shape.rows * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    driven->bits = pass->bits;
    for (int u = 0; u < array->shape.units; ++u) {
      const int32_t code = switches[u] == place ? epx_driver_code(driver, posts[u]) : 0;
      room.digit[u] = (uint8_t)epx_pass_digit(pass, code);
    }
    for (int slice = 0; slice < array->shape.slices; ++slice) {
      add_rows(array, epx_array_event(command, word, place, slice, pass->number), driven, slice,
               worth(pass), sums);
    }
  }
  epx_array_finish(array, array->shape.rows, sums);
}

void epx_array_forward_change(const epx_array_t *array, uint64_t command, int word,
                              const epx_drive_t *drive, const int32_t *change, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  epx_driven_t *driven = open_room(&room);
  const int count = epx_drive_passes(&array->driver[0], drive, passes);
  memset(sums, 0, (size_t)array->shape.units * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    driven->bits = pass->bits;
    for (int r = 0; r < array->shape.rows; ++r) {
      room.digit[r] = (uint8_t)epx_drive_digit(pass, change[r]);
    }
    add_columns(array, epx_array_event(command, word, 0, 0, pass->number), driven, worth(pass),
                sums);
  }
  epx_array_finish(array, array->shape.units, sums);
}

void epx_array_backward_change(const epx_array_t *array, uint64_t command, int word, int place,
                               const epx_drive_t *drive, const int32_t *change, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  epx_driven_t *driven = open_room(&room);
  const int count = epx_drive_passes(&array->driver[1], drive, passes);
  memset(sums, 0, (size_t)array->shape.rows * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    driven->bits = pass->bits;
    for (int u = 0; u < array->shape.units; ++u) {
      room.digit[u] = (uint8_t)epx_drive_digit(pass, change[u]);
    }
    for (int slice = 0; slice < array->shape.slices; ++slice) {
      add_rows(array, epx_array_event(command, word, place, slice, pass->number), driven, slice,
               worth(pass), sums);
    }
  }
  epx_array_finish(array, array->shape.rows, sums);
}
