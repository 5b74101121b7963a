/* SPDX-License-Identifier: Apache-2.0 */
/* Whole products of an array, pass by pass. */
#include <string.h>

#include "epx_array_internal.h"

/* sums[units] += factor * what the columns give for the driven digits, for one draw number. */
static epx_clips_t add_columns(const epx_array_t *array, uint64_t draw, epx_driven_t *driven,
                               int64_t factor, int64_t *sums) {
  const int slices = array->shape.slices, columns = array->shape.units * slices;
  int64_t line[256];
  epx_clips_t clips = {0};
  array_carry(array, draw, false, driven);
  for (int first = 0; first < columns; first += 256) {
    const int count = columns - first < 256 ? columns - first : 256;
    epx_clips_add(&clips, epx_array_read_columns(array, draw, driven, first, count, line));
    for (int i = 0; i < count; ++i) {
      const int shift = (first + i) % slices * array->bits_per_cell;
      sums[(first + i) / slices] += line[i] * factor * (INT64_C(1) << shift);
    }
  }
  return clips;
}

/* sums[rows] += factor * what the rows of a slice give. */
static epx_clips_t add_rows(const epx_array_t *array, uint64_t draw, epx_driven_t *driven,
                            int slice, int64_t factor, int64_t *sums) {
  const int rows = array->shape.rows;
  int64_t line[256];
  epx_clips_t clips = {0};
  array_carry(array, draw, true, driven);
  for (int first = 0; first < rows; first += 256) {
    const int count = rows - first < 256 ? rows - first : 256;
    epx_clips_add(&clips, epx_array_read_rows(array, draw, driven, slice, first, count, line));
    for (int i = 0; i < count; ++i) {
      sums[first + i] += line[i] * factor * (INT64_C(1) << (slice * array->bits_per_cell));
    }
  }
  return clips;
}

/* What is driven, with room for it: codes of the word, and what a pass makes of them. */
typedef struct room_t {
  int32_t code[EPX_ARRAY_MAX_LINES];
  epx_driven_t driven;
  uint64_t plane[EPX_DAC_MAX_BITS * EPX_ARRAY_MAX_LINES / 64];
  uint8_t digit[EPX_ARRAY_MAX_LINES];
  int32_t carried[EPX_ARRAY_MAX_LINES];
} room_t;

/* Puts a pass on the lines; changes NULL: of room's codes. */
static void take(const epx_array_t *array, bool backward, const epx_pass_t *pass,
                 const int32_t *changes, room_t *room) {
  const int lines = backward ? array->shape.units : array->shape.rows;
  room->driven = (epx_driven_t){
      .bits = pass->bits, .plane = room->plane, .digit = room->digit, .carried = room->carried};
  if (changes == NULL) {
    epx_pass_digits(pass, room->code, lines, room->digit);
  } else {
    epx_drive_digits(pass, changes, lines, room->digit);
  }
  array_pack(array, backward, &room->driven);
}

static int64_t worth(const epx_pass_t *pass) {
  return pass->sign * (INT64_C(1) << pass->bit);
}

static epx_clips_t forward(const epx_array_t *array, uint64_t command, int word,
                           const epx_pass_t *passes, int count, const int32_t *changes,
                           room_t *room, int64_t *sums) {
  epx_clips_t clips = {0};
  memset(sums, 0, (size_t)array->shape.units * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    take(array, false, pass, changes, room);
    const uint64_t draw = epx_array_draw(command, word, 0, 0, pass->number);
    epx_clips_add(&clips, add_columns(array, draw, &room->driven, worth(pass), sums));
  }
  epx_array_finish(array, array->shape.units, sums);
  return clips;
}

static epx_clips_t backward(const epx_array_t *array, uint64_t command, int word, int place,
                            const epx_pass_t *passes, int count, const int32_t *changes,
                            room_t *room, int64_t *sums) {
  epx_clips_t clips = {0};
  memset(sums, 0, (size_t)array->shape.rows * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    take(array, true, pass, changes, room);
    for (int slice = 0; slice < array->shape.slices; ++slice) {
      const uint64_t draw = epx_array_draw(command, word, place, slice, pass->number);
      epx_clips_add(&clips, add_rows(array, draw, &room->driven, slice, worth(pass), sums));
    }
  }
  epx_array_finish(array, array->shape.rows, sums);
  return clips;
}

epx_clips_t epx_array_forward(const epx_array_t *array, uint64_t command, int word,
                              const uint8_t *codes, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  for (int r = 0; r < array->shape.rows; ++r) {
    room.code[r] = epx_driver_code(&array->driver[0], codes[r]);
  }
  return forward(array, command, word, passes, epx_driver_passes(&array->driver[0], passes), NULL,
                 &room, sums);
}

epx_clips_t epx_array_backward(const epx_array_t *array, uint64_t command, int word,
                               const int32_t *posts, const uint8_t *switches, int place,
                               int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  for (int u = 0; u < array->shape.units; ++u) {
    room.code[u] = switches[u] == place ? epx_driver_code(&array->driver[1], posts[u]) : 0;
  }
  return backward(array, command, word, place, passes, epx_driver_passes(&array->driver[1], passes),
                  NULL, &room, sums);
}

epx_clips_t epx_array_forward_change(const epx_array_t *array, uint64_t command, int word,
                                     const epx_drive_t *drive, const int32_t *change,
                                     int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  return forward(array, command, word, passes, epx_drive_passes(&array->driver[0], drive, passes),
                 change, &room, sums);
}

epx_clips_t epx_array_backward_change(const epx_array_t *array, uint64_t command, int word,
                                      int place, const epx_drive_t *drive, const int32_t *change,
                                      int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  room_t room;
  return backward(array, command, word, place, passes,
                  epx_drive_passes(&array->driver[1], drive, passes), change, &room, sums);
}
