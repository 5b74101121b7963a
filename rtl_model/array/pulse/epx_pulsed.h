/* SPDX-License-Identifier: Apache-2.0 */
/* Synapses of one tile whose weight is a device's conductance, moved by programming pulses
 * (chip.array.pulses): what the update circuit's step becomes. Twin and SystemC tile both call it.
 *
 * A weight has one cell (chip.array.bits_per_cell holds all its bits). Its shadow register stands
 * for the conductance: the array reads its rounded top bits, the shadow bits below are conductance
 * between two levels. The device's value is weight / 2^integer_bits where its range has two signs,
 * else its middle plus that times half the range (the middle is what an offset column subtracts).
 *
 * The circuit's rate turns velocity into pulses (epx_pulsed_rate): rounded in its mode, limited to
 * chip.array.pulses.max, up where the step falls. Each pulse follows the preset's model for that
 * cell (epx_pulse.h), its errors drawn from (chip.device_seed, tile, update, cell). */
#ifndef EPX_PULSED_H
#define EPX_PULSED_H

#include "epx_chip.h"
#include "epx_tile_shape.h"
#include "epx_update.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_pulsed_t epx_pulsed_t;

/* units and rows of the tile; shadow: the register's format. Errors: EPX_ERR_MEMORY.
 */
EPX_CHECKED epx_status_t epx_pulsed_create(const epx_chip_t *chip, epx_qformat_t synapse,
                                           const epx_tile_shape_t *shape, int tile,
                                           epx_pulsed_t **pulsed, epx_error_t *error);
void epx_pulsed_destroy(epx_pulsed_t *pulsed);

/* What one velocity code times `learning_rate` is in pulses: the circuit's rate. */
epx_scale_t epx_pulsed_rate(const epx_chip_t *chip, epx_qformat_t synapse, double learning_rate);

/* Programming from outside: the register within the cell's bounds. */
int32_t epx_pulsed_limit(const epx_pulsed_t *pulsed, int row, int unit, int32_t shadow);

/* One synapse's update; returns its pulses, negative ones down. */
int epx_pulsed_update(const epx_pulsed_t *pulsed, const epx_update_circuit_t *circuit,
                      uint32_t update, int row, int unit, int64_t correlation, int32_t *shadow,
                      int32_t *velocity, epx_lfsr_t *lfsr);

#ifdef __cplusplus
}
#endif
#endif
