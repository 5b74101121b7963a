/* SPDX-License-Identifier: Apache-2.0 */
/* The array of one tile: its cells as bit planes, and the converters on its columns and rows. The
 * SystemC tile and the twin both multiply with this array, so that they agree bit for bit.
 *
 * The sum of a line for one bit of the driven digits is a population count of 64 cells at a time:
 * what a column's adder tree, or the current on a bitline, gives. A weight lies in `slices` cells
 * of bits_per_cell bits, least significant first, in two's complement: its highest bit counts
 * negatively.
 *
 * Where devices or DACs are not ideal (chip.device, chip.dac), cells are conductances
 * (epx_array_cells.h) instead.
 *
 * Sums come back in units of 2^-epx_array_fraction(). The fraction is 0 where products are exact
 * (digital arrays; ideal devices and converters), else EPX_CONVERTER_FRACTION. A lossy converter's
 * range is what the line can reach, times chip.adc.range: all wordlines on, all cells at their
 * largest digit, or, with EPX_ADC_REACH_WEIGHTS, as they stand; or what it was found to reach.
 * Backward, every slice is read with a range of its own; converters are time-shared, their errors
 * by line. */
#ifndef EPX_ARRAY_H
#define EPX_ARRAY_H

#include "epx_drive.h"
#include "epx_random.h"
#include "epx_stop.h"
#include "epx_words.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_array_t epx_array_t;

/* tile: a number of its own for each array of a chip; it selects the converters' errors. Errors:
 * EPX_ERR_MEMORY, and those of epx_converter_check (chip.array.adc...)
 * and epx_device_check. All cells are 0. */
EPX_CHECKED epx_status_t epx_array_create(const epx_chip_t *chip, const epx_tile_shape_t *shape,
                                          int tile, epx_array_t **array, epx_error_t *error);
void epx_array_destroy(epx_array_t *array);

/* Whether a chip's products are exact; and whether two reads of the same lines may differ. */
bool epx_chip_exact(const epx_chip_t *chip);
bool epx_chip_noisy(const epx_chip_t *chip);

/* Draw numbers of noise, the same in twin and SystemC. The command that reads the array is named by
 * `image`, the image's number among all that were presented since the parameters were loaded, and
 * `read`, the command's number among the image's commands that read arrays: load is 0, then steps,
 * prediction and correlations follow, counted whether the command was computed or skipped. A
 * command makes one product for each word, a vector or a backward position. A product takes one
 * read for each pass (epx_pass_t.number) and, backward, for each place of the window and slice;
 * forward, place and slice are 0. */
static inline uint64_t epx_array_command(uint64_t image, uint64_t read) {
  return epx_random_key(epx_random_key(UINT64_C(0x6576656e74), image), read);
}
static inline uint64_t epx_array_draw(uint64_t command, int word, int place, int slice, int pass) {
  return epx_random_key(command, (uint64_t)word << 16 | (uint64_t)place << 12 |
                                     (uint64_t)slice << 8 | (uint64_t)pass);
}

/* Writes a weight's cells; code within shape.synapse_bits. `written` is a number of the write, of
 * which errors of programming are drawn; the same weight and number write the same cells. */
void epx_array_write(epx_array_t *array, int row, int unit, int code, uint32_t written);

/* To be called after creation and writes, before reads. Where wires have resistance, finds what
 * they leave of the cells; then, with EPX_ADC_REACH_WEIGHTS, sets the converters' ranges. Does
 * nothing where nothing was written since. Errors: EPX_ERR_INTERRUPTED where `stop` (NULL: none)
 * asks for it, EPX_ERR_MEMORY, and those of epx_adc_set_range. */
EPX_CHECKED epx_status_t epx_array_settle(epx_array_t *array, const epx_stop_t *stop,
                                          epx_error_t *error);

int epx_array_fraction(const epx_array_t *array);

/* 64-bit words that hold a bit for each of `lines` lines. */
static inline size_t epx_array_chunks(int lines) {
  return ((size_t)lines + 63) / 64;
}

/* ---- ranges that follow a batch (EPX_ADC_REACH_BATCH) ---- */

/* From here on converters of a lossy array are ideal, and what they convert is observed. */
EPX_CHECKED epx_status_t epx_array_observe(epx_array_t *array, epx_error_t *error);

/* What was observed, in whole sums, with chip->adc.headroom; lines of which nothing was: 0, 0. */
void epx_array_observed(const epx_array_t *array, const epx_chip_t *chip, int64_t *reaches);

/* What the lines of a lossy array reach; 0, 0: as EPX_ADC_REACH_DIGITS has it. Errors: those of
 * epx_adc_set_range. */
EPX_CHECKED epx_status_t epx_array_set_reaches(epx_array_t *array, const int64_t *reaches,
                                               epx_error_t *error);

/* From here on a lossy array counts the clips of every line; forget: of none so far. */
EPX_CHECKED epx_status_t epx_array_follow(epx_array_t *array, epx_error_t *error);
void epx_array_forget(epx_array_t *array);

/* Widens the reaches of lines that clipped, since epx_array_forget, more than chip->adc.coverage
 * allows: the bound beyond which they did moves outwards, by a quarter of what the levels cover.
 * Returns whether any did; epx_array_set_reaches then sets them. */
bool epx_array_widen(const epx_array_t *array, const epx_chip_t *chip, int64_t *reaches);

/* What lines are driven with in one pass. */
typedef struct epx_driven_t {
  int bits;         /* of their digits */
  uint64_t *plane;  /* [bits][words of lines] */
  uint8_t *digit;   /* [lines]; not read, nor carried, of one bit from an exact DAC */
  int32_t *carried; /* [lines], 2^-EPX_CONVERTER_FRACTION digits; not read of exact DACs */
} epx_driven_t;

/* Fills driven->plane and, where DACs are not exact, driven->carried from driven->digit and bits,
 * for one draw number. backward: the lines are units, else rows. */
void epx_array_drive(const epx_array_t *array, uint64_t draw, bool backward, epx_driven_t *driven);

/* One pass, for one draw number: converted sums of columns [first, first + count), numbered unit *
 * slices + slice, over the driven rows; or of rows [first, first + count) over the driven units of
 * one slice. Returns what was converted, on lossy arrays, and what clipped; likewise all below. */
epx_clips_t epx_array_read_columns(const epx_array_t *array, uint64_t draw,
                                   const epx_driven_t *rows, int first, int count, int64_t *sums);
epx_clips_t epx_array_read_rows(const epx_array_t *array, uint64_t draw, const epx_driven_t *units,
                                int slice, int first, int count, int64_t *sums);

/* A finished product's last step: accumulated sums to whole units, nearest-even. */
void epx_array_finish(const epx_array_t *array, int count, int64_t *sums);

/* What whole products put on the lines, pass by pass: the memory of one product at a time, of any
 * array of at most as many rows and units. A thread that multiplies has a workspace of its own. */
typedef struct epx_array_workspace_t epx_array_workspace_t;

/* Errors: EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_array_workspace_create(int rows, int units,
                                                    epx_array_workspace_t **workspace,
                                                    epx_error_t *error);
void epx_array_workspace_destroy(epx_array_workspace_t *workspace);

/* Whole products of a command's word, as a tile makes them pass by pass. forward: sums[units] of
 * codes[rows]. backward: sums[rows] of posts[units], two's complement where the
 * shape says so, those whose switch is `place`. */
epx_clips_t epx_array_forward(const epx_array_t *array, uint64_t command, int word,
                              const uint8_t *codes, epx_array_workspace_t *workspace,
                              int64_t *sums);
epx_clips_t epx_array_backward(const epx_array_t *array, uint64_t command, int word,
                               const int32_t *posts, const uint8_t *switches, int place,
                               epx_array_workspace_t *workspace, int64_t *sums);

/* From here on the array keeps what products of many words read beside its planes or cells, where
 * it can be multiplied so: a multiple of their memory, and more work at each write. To be called
 * before the first write. Errors: EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_array_serve_words(epx_array_t *array, epx_error_t *error);

/* Whole products of many words (epx_words.h) at once, each the same as epx_array_forward, or
 * epx_array_backward, gives of its codes. The array's lines are those of the words from first_line
 * on. Adds to sums[word][line], words ldc apart, of units or of rows; ldc is at least the number of
 * lines read, and the sums are readable and writable as far as that number in whole
 * EPX_ARRAY_LINES. Sums fit 32 bits, as the plan has proved. An array that does not serve words, or
 * cannot, takes them one by one. */
enum { EPX_ARRAY_LINES = 16 };
epx_clips_t epx_array_multiply(const epx_array_t *array, uint64_t command, bool backward,
                               const epx_words_t *words, int first_line,
                               epx_array_workspace_t *workspace, int32_t *sums, size_t ldc);

/* The same of changed codes (epx_drive.h): what the changes of rows, or of the posts of one place,
 * add to a product. */
epx_clips_t epx_array_forward_change(const epx_array_t *array, uint64_t command, int word,
                                     const epx_drive_t *drive, const int32_t *change,
                                     epx_array_workspace_t *workspace, int64_t *sums);
epx_clips_t epx_array_backward_change(const epx_array_t *array, uint64_t command, int word,
                                      int place, const epx_drive_t *drive, const int32_t *change,
                                      epx_array_workspace_t *workspace, int64_t *sums);

#ifdef __cplusplus
}
#endif
#endif
