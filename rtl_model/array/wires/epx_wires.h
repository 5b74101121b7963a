/* SPDX-License-Identifier: Apache-2.0 */
/* A crossbar array of linear conductances whose wires have resistance: the model and its sides.
 *
 * Cell (r, c) joins wordline r and bitline c. A wordline runs along its row and so crosses all
 * columns; a bitline runs down its column and so crosses all rows. With 2 rows and 3 columns, in
 * the forward read:
 *
 *               column 0              column 1              column 2
 *   V[0] --Rd--o--------wordline_ohm--o--------wordline_ohm--o         wordline 0
 *              | \G[0][0]             | \G[0][1]             | \G[0][2]
 *              |  x                   |  x                   |  x
 *              |  | bitline_ohm       |  |                   |  |
 *   V[1] --Rd--o--|-----wordline_ohm--o--|-----wordline_ohm--o  |      wordline 1
 *                \|G[1][0]              \|G[1][1]              \|G[1][2]
 *                 x                      x                      x
 *                 Rs                     Rs                     Rs
 *                 |  I[0]                |  I[1]                |  I[2]
 *                 0 V                    0 V                    0 V
 *
 * (o: node of a wordline; x: node of a bitline; Rd, Rs: driver_ohm, sense_ohm.) Neighbouring cells
 * of one row are wordline_ohm apart, neighbouring cells of one column bitline_ohm. Between a driver
 * and the first cell lies driver_ohm alone, between the last cell and the sensor sense_ohm alone:
 * a wordline has columns - 1 segments, a bitline rows - 1. A sensor holds its line at 0 V and
 * measures the current that leaves the array. All currents are linear in the voltages.
 *
 * The backward product reads the same cells and wires from the bitlines:
 *
 *   read                         driven, at its       sensed, at its      volts     amps
 *   EPX_WIRES_FORWARD            wordlines, left      bitlines, bottom    rows      columns
 *   EPX_WIRES_BACKWARD           bitlines, top        wordlines, right    columns   rows
 *   EPX_WIRES_BACKWARD_SHARED    bitlines, bottom     wordlines, left     columns   rows
 *
 * BACKWARD has its drivers and sensors on the ends that the forward read leaves free; the forward
 * ones are then disconnected. SHARED puts them on the same ends, as circuits that take turns would:
 * by reciprocity its matrix is the transpose of the forward one with driver_ohm and sense_ohm
 * exchanged, so both products see the same weights where the two are equal. With BACKWARD they do
 * not: a cell far from both forward ends is near both backward ones. */
#ifndef EPX_WIRES_H
#define EPX_WIRES_H

#include "epx_device_wires.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EPX_WIRES_MAX_LINES 4096
#define EPX_WIRES_MAX_VOLTS 1e6

typedef enum epx_wires_read_t {
  EPX_WIRES_FORWARD,
  EPX_WIRES_BACKWARD,
  EPX_WIRES_BACKWARD_SHARED
} epx_wires_read_t;

typedef struct epx_wires_t {
  int rows, columns;   /* wordlines, bitlines: 1 to EPX_WIRES_MAX_LINES */
  double wordline_ohm; /* along a row, from one column to the next */
  double bitline_ohm;  /* along a column, from one row to the next */
  double driver_ohm;   /* of each driven line, before its first cell */
  double sense_ohm;    /* of each sensed line, behind its last cell */
  epx_wires_read_t read;
} epx_wires_t; /* a resistance: 0, or EPX_WIRES_MIN_OHM to EPX_WIRES_MAX_OHM */

/* EPX_ERR_ARGUMENT where a field is out of its range; the message names field and range. */
EPX_CHECKED epx_status_t epx_wires_check(const epx_wires_t *wires, epx_error_t *error);

/* Driven lines: volts of one vector. Sensed lines: amps of one vector. */
static inline int epx_wires_inputs(const epx_wires_t *wires) {
  return wires->read == EPX_WIRES_FORWARD ? wires->rows : wires->columns;
}
static inline int epx_wires_outputs(const epx_wires_t *wires) {
  return wires->read == EPX_WIRES_FORWARD ? wires->columns : wires->rows;
}

#ifdef __cplusplus
}
#endif
#endif
