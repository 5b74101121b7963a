/* SPDX-License-Identifier: Apache-2.0 */
/* Whole products of an array, pass by pass. */
#include <assert.h>
#include <stdlib.h>
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

/* Codes of the word, and what a pass makes of them. */
struct epx_array_workspace_t {
  int lines; /* for which there is memory */
  epx_driven_t driven;
  int32_t *code, *carried; /* [lines] */
  uint8_t *digit;          /* [lines] */
  uint64_t *plane;         /* [EPX_DAC_MAX_BITS][chunks of lines] */
  int64_t *sum;            /* [lines] */
};

epx_status_t epx_array_workspace_create(int rows, int units, epx_array_workspace_t **out,
                                        epx_error_t *error) {
  const int lines = rows > units ? rows : units;
  const size_t count = (size_t)lines;
  epx_array_workspace_t *workspace = calloc(1, sizeof *workspace);
  if (workspace != NULL) {
    workspace->lines = lines;
    workspace->code = malloc(count * sizeof *workspace->code);
    workspace->carried = malloc(count * sizeof *workspace->carried);
    workspace->digit = malloc(count);
    workspace->plane =
        malloc(EPX_DAC_MAX_BITS * epx_array_chunks(lines) * sizeof *workspace->plane);
    workspace->sum = malloc(count * sizeof *workspace->sum);
  }
  if (workspace == NULL || workspace->code == NULL || workspace->carried == NULL ||
      workspace->digit == NULL || workspace->plane == NULL || workspace->sum == NULL) {
    epx_array_workspace_destroy(workspace);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the products of %d lines", lines);
  }
  *out = workspace;
  return EPX_OK;
}

void epx_array_workspace_destroy(epx_array_workspace_t *workspace) {
  if (workspace == NULL) {
    return;
  }
  free(workspace->code);
  free(workspace->carried);
  free(workspace->digit);
  free(workspace->plane);
  free(workspace->sum);
  free(workspace);
}

static int driven_lines(const epx_array_t *array, bool backward) {
  return backward ? array->shape.units : array->shape.rows;
}

/* Where a pass puts its digits. */
static void begin(const epx_pass_t *pass, epx_array_workspace_t *workspace) {
  workspace->driven = (epx_driven_t){.bits = pass->bits,
                                     .plane = workspace->plane,
                                     .digit = workspace->digit,
                                     .carried = workspace->carried};
}

/* Puts a pass on the lines; changes NULL: of the workspace's codes. */
static void take(const epx_array_t *array, bool backward, const epx_pass_t *pass,
                 const int32_t *changes, epx_array_workspace_t *workspace) {
  const int lines = driven_lines(array, backward);
  assert(lines <= workspace->lines);
  begin(pass, workspace);
  if (changes == NULL) {
    epx_pass_digits(pass, workspace->code, lines, workspace->digit);
  } else {
    epx_drive_digits(pass, changes, lines, workspace->digit);
  }
  array_pack(array, backward, &workspace->driven);
}

static int64_t worth(const epx_pass_t *pass) {
  return pass->sign * (INT64_C(1) << pass->bit);
}

static epx_clips_t forward(const epx_array_t *array, uint64_t command, int word,
                           const epx_pass_t *passes, int count, const int32_t *changes,
                           epx_array_workspace_t *workspace, int64_t *sums) {
  epx_clips_t clips = {0};
  memset(sums, 0, (size_t)array->shape.units * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    take(array, false, pass, changes, workspace);
    const uint64_t draw = epx_array_draw(command, word, 0, 0, pass->number);
    epx_clips_add(&clips, add_columns(array, draw, &workspace->driven, worth(pass), sums));
  }
  epx_array_finish(array, array->shape.units, sums);
  return clips;
}

static epx_clips_t backward(const epx_array_t *array, uint64_t command, int word, int place,
                            const epx_pass_t *passes, int count, const int32_t *changes,
                            epx_array_workspace_t *workspace, int64_t *sums) {
  epx_clips_t clips = {0};
  memset(sums, 0, (size_t)array->shape.rows * sizeof *sums);
  for (const epx_pass_t *pass = passes; pass < passes + count; ++pass) {
    take(array, true, pass, changes, workspace);
    for (int slice = 0; slice < array->shape.slices; ++slice) {
      const uint64_t draw = epx_array_draw(command, word, place, slice, pass->number);
      epx_clips_add(&clips, add_rows(array, draw, &workspace->driven, slice, worth(pass), sums));
    }
  }
  epx_array_finish(array, array->shape.rows, sums);
  return clips;
}

epx_clips_t epx_array_forward(const epx_array_t *array, uint64_t command, int word,
                              const uint8_t *codes, epx_array_workspace_t *workspace,
                              int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  for (int r = 0; r < array->shape.rows; ++r) {
    workspace->code[r] = epx_driver_code(&array->driver[0], codes[r]);
  }
  return forward(array, command, word, passes, epx_driver_passes(&array->driver[0], passes), NULL,
                 workspace, sums);
}

epx_clips_t epx_array_backward(const epx_array_t *array, uint64_t command, int word,
                               const int32_t *posts, const uint8_t *switches, int place,
                               epx_array_workspace_t *workspace, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  for (int u = 0; u < array->shape.units; ++u) {
    workspace->code[u] = switches[u] == place ? epx_driver_code(&array->driver[1], posts[u]) : 0;
  }
  return backward(array, command, word, place, passes, epx_driver_passes(&array->driver[1], passes),
                  NULL, workspace, sums);
}

epx_clips_t epx_array_forward_change(const epx_array_t *array, uint64_t command, int word,
                                     const epx_drive_t *drive, const int32_t *change,
                                     epx_array_workspace_t *workspace, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  return forward(array, command, word, passes, epx_drive_passes(&array->driver[0], drive, passes),
                 change, workspace, sums);
}

epx_clips_t epx_array_backward_change(const epx_array_t *array, uint64_t command, int word,
                                      int place, const epx_drive_t *drive, const int32_t *change,
                                      epx_array_workspace_t *workspace, int64_t *sums) {
  epx_pass_t passes[EPX_MAX_PASSES];
  return backward(array, command, word, place, passes,
                  epx_drive_passes(&array->driver[1], drive, passes), change, workspace, sums);
}

/* One word's product, in workspace->sum. */
static epx_clips_t multiply_word(const epx_array_t *array, uint64_t command, bool backward,
                                 const epx_words_t *words, int word, int first_line,
                                 epx_array_workspace_t *workspace) {
  const int lines = driven_lines(array, backward), reads = driven_lines(array, !backward);
  const int number = words->first + word / words->places, place = word % words->places;
  epx_clips_t clips = {0};
  assert(lines <= workspace->lines && reads <= workspace->lines);
  memset(workspace->sum, 0, (size_t)reads * sizeof *workspace->sum);
  for (int p = 0; p < words->passes; ++p) {
    const epx_pass_t *pass = &words->pass[p];
    begin(pass, workspace);
    memcpy(workspace->digit, words->digit[p] + (size_t)word * words->pitch + first_line,
           (size_t)lines);
    array_pack(array, backward, &workspace->driven);
    for (int slice = 0; slice < (backward ? array->shape.slices : 1); ++slice) {
      const uint64_t draw = epx_array_draw(command, number, place, slice, pass->number);
      epx_clips_add(
          &clips,
          backward ? add_rows(array, draw, &workspace->driven, slice, worth(pass), workspace->sum)
                   : add_columns(array, draw, &workspace->driven, worth(pass), workspace->sum));
    }
  }
  epx_array_finish(array, reads, workspace->sum);
  return clips;
}

epx_clips_t array_multiply_each(const epx_array_t *array, uint64_t command, bool backward,
                                const epx_words_t *words, int first_line,
                                epx_array_workspace_t *workspace, int32_t *sums, size_t ldc) {
  epx_clips_t clips = {0};
  for (int word = 0; word < words->count; ++word) {
    epx_clips_add(&clips,
                  multiply_word(array, command, backward, words, word, first_line, workspace));
    for (int i = 0; i < driven_lines(array, !backward); ++i) {
      sums[(size_t)word * ldc + (size_t)i] += (int32_t)workspace->sum[i];
    }
  }
  return clips;
}
