/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the chip, and their closed form for one tile.
 *
 * The SystemC tile counts events as they happen; the functions here say how many there must be, and
 * how many cycles they take, from sizes alone. Both agree exactly (testbenches/rtl_model). */
#ifndef EPX_EVENTS_H
#define EPX_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_chip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_events_t {
  uint64_t line_drives;
  uint64_t cell_reads;
  uint64_t tree_bits;
  uint64_t adc_conversions;
  uint64_t shift_adds;
  uint64_t psum_adds;
  uint64_t accumulator_bits;
  uint64_t pool_compares;
  uint64_t neuron_ops;
  uint64_t state_bits_read;
  uint64_t state_bits_written;
  uint64_t noc_bits;
  uint64_t input_bits;
  uint64_t softmax_ops;
  uint64_t scale_ops;
  uint64_t update_macs;
  uint64_t correlation_bits;
  uint64_t update_ops;
  uint64_t register_bits;
  uint64_t cell_writes;
} epx_events_t;

enum { EPX_EVENT_COUNT = sizeof(epx_events_t) / sizeof(uint64_t) };

/* One row of the table of events; rows stand in the order of the struct. */
typedef struct epx_event_row_t {
  const char *name; /* of the counter */
  const char *unit; /* of one event */
  const char *description;
  size_t offset; /* in epx_events_t */
} epx_event_row_t;

const epx_event_row_t *epx_event_rows(void); /* EPX_EVENT_COUNT rows */

static inline uint64_t epx_event_get(const epx_events_t *events, int row) {
  return *(const uint64_t *)((const char *)events + epx_event_rows()[row].offset);
}

/* sum += times * events. */
void epx_events_add(epx_events_t *sum, const epx_events_t *events, uint64_t times);

/* Widths that no configuration changes: partial sums, preactivations and feedback; correlation
 * accumulators of the update circuit; a max-pool switch. */
enum { EPX_ACCUMULATOR_BITS = 32, EPX_CORRELATION_BITS = 40, EPX_SWITCH_BITS = 2 };

/* One tile at work: the part of its array in use, and what its digital part does. */
typedef struct epx_tile_shape_t {
  int rows, units;  /* wordlines and output channels in use */
  int slices;       /* columns of one weight */
  int synapse_bits; /* of the visible weight */
  int input_bits;   /* of a wordline code */
  int state_bits;   /* of a post code */
  bool signed_post; /* post codes are two's complement (errors of the read-out) */
  int window;       /* convolution positions of one neuron: 4 (2x2 max) or 1 */
  bool offset;      /* wordline codes carry an offset that the tile corrects (layer 0) */
  bool psum_in;     /* partial sums of another row block arrive and are added */
  bool pools;       /* last row block: pools and holds the neurons; else hands partial sums on */
  bool bias;        /* row block 0: holds its channels' biases */
} epx_tile_shape_t;

/* ADCs of one array (digital: 1), and how often they convert in turn to read `lines` of them. */
int epx_tile_adcs(const epx_chip_t *chip);
int epx_tile_conversion_turns(const epx_chip_t *chip, int lines);

/* Cycles of one pass: settling, then conversion of `lines` lines in turns. */
uint64_t epx_tile_reading_cycles(const epx_chip_t *chip, int lines);

/* One-bit full adds of an adder tree over `leaves` numbers of `bits` bits: pairs, level by level,
 * each level one bit wider; an odd one passes. */
uint64_t epx_tree_bits(int leaves, int bits);

/* Adds the events of converting `lines` lines over `leaves` cells each, `readings` times, and of
 * shifting them in. */
void epx_tile_conversions(const epx_chip_t *chip, uint64_t readings, int lines, int leaves,
                          epx_events_t *events);

/* Each adds the operation's events to *events and returns its cycles, from the first word accepted
 * to the last result, without stalls.
 *
 * forward: `vectors` wordline vectors; a multiple of the window where the tile pools. passes: of a
 *   code (epx_driver.h), bit-serial its bits.
 *   vectors * (1 + passes * (settle + turns * convert)) + 3.
 * fire: `positions` positions through the neuron unit, one a cycle.
 * backward: `positions` pooled positions. For each position of the window, slice and pass, the
 *   columns whose switch points there are driven (all converted): the transposed product.
 *   positions * (1 + window * slices * passes * (settle + turns * convert)) + 3.
 * correlate: one row of all units a cycle: positions * (1 + rows).
 * update: one synapse a cycle, then the biases: 1 + (rows + bias) * units.
 *
 * With chip.event_driven what arrays and their converters do depends on the data: forward and
 * backward products leave it out (epx_drive.h counts it), and their cycles are those of a chip that
 * drives everything. With chip.array.pulses an update's pulses (cell_writes) and their cycles, one
 * each beyond a synapse's first, depend on the data, too. */
uint64_t epx_tile_forward(const epx_chip_t *chip, const epx_tile_shape_t *tile, uint64_t vectors,
                          epx_events_t *events);
uint64_t epx_tile_fire(const epx_tile_shape_t *tile, uint64_t positions, epx_events_t *events);
uint64_t epx_tile_backward(const epx_chip_t *chip, const epx_tile_shape_t *tile, uint64_t positions,
                           epx_events_t *events);
uint64_t epx_tile_correlate(const epx_tile_shape_t *tile, uint64_t positions, epx_events_t *events);
uint64_t epx_tile_update(const epx_chip_t *chip, const epx_tile_shape_t *tile,
                         epx_events_t *events);

#ifdef __cplusplus
}
#endif
#endif
