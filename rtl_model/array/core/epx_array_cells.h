/* SPDX-License-Identifier: Apache-2.0 */
/* An array's cells as conductances: what a read finds where devices or DACs are not ideal. Not for
 * callers of epx_array.h.
 *
 * A cell counts a number of digits in units of 2^-EPX_CELL_FRACTION, a whole one, so that a line's
 * sum is exact in any order. Cells are numbered row * columns + column, column = unit * slices +
 * slice.
 *
 * A cell adds its value times what its line carries. A DAC's error multiplies the whole
 * conductance; what g_min and the zero of a signed slice add is subtracted for the digit as it
 * should be, without the DAC's error.
 *
 * Read noise: each driven cell has an independent, normal error times its line's digit. Their sum
 * is normal too, with the sum of their variances, so one number is drawn for a line. A line's read
 * is limited to 8 times what its digits can reach. */
#ifndef EPX_ARRAY_CELLS_H
#define EPX_ARRAY_CELLS_H

#include "epx_array.h"
#include "epx_stop.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_CELL_FRACTION = EPX_CONVERTER_FRACTION };

typedef struct epx_array_cells_t epx_array_cells_t;

/* All weights are 0, written with draw number 0. Errors: EPX_ERR_MEMORY, those of epx_device_check,
 * and EPX_ERR_ARGUMENT for more lines than wires can be solved for. */
EPX_CHECKED epx_status_t epx_array_cells_create(const epx_chip_t *chip,
                                                const epx_tile_shape_t *shape, int tile,
                                                epx_array_cells_t **cells, epx_error_t *error);
void epx_array_cells_destroy(epx_array_cells_t *cells);

/* As epx_array_write. */
void epx_array_cells_write(epx_array_cells_t *cells, int row, int unit, int code, uint32_t written);

/* As epx_array_settle. */
EPX_CHECKED epx_status_t epx_array_cells_settle(epx_array_cells_t *cells, const epx_stop_t *stop,
                                                epx_error_t *error);

/* What column `line`, or with `rows` row `line` of one slice, counts at least and at most, without
 * noise, whatever is driven: in whole digits, outwards. */
void epx_array_cells_reach(const epx_array_cells_t *cells, bool rows, int slice, int line,
                           int64_t *low, int64_t *high);

/* sums[i] = what a read with this draw number counts in column first + i over what the rows carry;
 * or in row first + i over what the units of one slice carry. `inexact`: lines carry
 * driven->carried, which is not their digits. */
void epx_array_cells_columns(const epx_array_cells_t *cells, uint64_t draw,
                             const epx_driven_t *rows, bool inexact, int first, int count,
                             int64_t *sums);
void epx_array_cells_rows(const epx_array_cells_t *cells, uint64_t draw, const epx_driven_t *units,
                          bool inexact, int slice, int first, int count, int64_t *sums);

#ifdef __cplusplus
}
#endif
#endif
