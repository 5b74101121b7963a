/* SPDX-License-Identifier: Apache-2.0 */
/* What epx_array_cells.c writes and epx_array_cells_read.c reads. */
#ifndef EPX_ARRAY_CELLS_INTERNAL_H
#define EPX_ARRAY_CELLS_INTERNAL_H

#include "epx_array_cells.h"
#include "epx_cell.h"
#include "epx_device.h"
#include "epx_wires_seen.h"

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
  digit_t digit[8];    /* by slice */
  int32_t pedestal[8]; /* what is subtracted for a driven line's g_min and zero, as cells count */
  double variance_unit;
  double *g, *seen;   /* [rows][columns], of one direction: where wires resist, else NULL */
  bool written_since; /* the last settling */
  int8_t *code;       /* [rows][units] */
  uint32_t *written;  /* likewise */
  uint8_t *fault;     /* [rows][columns] */
  plane_t forward;    /* [rows][columns] */
  plane_t backward;   /* [columns][rows] */
};

#endif
