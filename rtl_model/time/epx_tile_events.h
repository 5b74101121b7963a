/* SPDX-License-Identifier: Apache-2.0 */
/* The closed form of one tile's events and cycles: how many there must be, from sizes alone. The
 * SystemC tile counts the same as it works; both agree exactly (testbenches/rtl_model/time). */
#ifndef EPX_TILE_EVENTS_H
#define EPX_TILE_EVENTS_H

#include "epx_drive.h"
#include "epx_events.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ADCs of one array (digital: 1), and how often they convert in turn to read `lines` of them. */
int epx_tile_adcs(const epx_chip_t *chip);
int epx_tile_conversion_turns(const epx_chip_t *chip, int lines);

/* Cycles in which every ADC of an array converts one line: the steps of the converter's kind and
 * bits (epx_converter_steps), each chip.timing.convert_cycles long. A digital array's adder tree
 * takes one step. Example: an 8-bit SAR converter with convert_cycles 2 takes 16 cycles, an 8-bit
 * ramp 512. */
uint64_t epx_tile_conversion_cycles(const epx_chip_t *chip);

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
 *   code (epx_driver.h), bit-serial its bits; conversion: epx_tile_conversion_cycles.
 *   vectors * (1 + passes * (settle + turns * conversion)) + 3.
 * fire: `positions` positions through the neuron unit, one a cycle.
 * backward: `positions` pooled positions. For each position of the window, slice and pass, the
 *   columns whose switch points there are driven (all converted): the transposed product.
 *   positions * (1 + window * slices * passes * (settle + turns * conversion)) + 3.
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

/* Adds the events of one drive of a tile whose `lines` converted lines cross `leaves` cells each,
 * `slices` times (backward: each slice in turn): the array's and its converters'. */
void epx_drive_events(const epx_chip_t *chip, const epx_driver_t *driver, const epx_drive_t *drive,
                      int slices, int lines, int leaves, epx_events_t *events);

#ifdef __cplusplus
}
#endif
#endif
