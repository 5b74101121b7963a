/* SPDX-License-Identifier: Apache-2.0 */
/* The twin: a fast functional model of the chip. States, weights and accumulators are the chip's
 * integers; time and events are left to the SystemC tile and the cost model.
 *
 * Every product is exact; bits are dropped in the neuron unit (epx_neuron.h), the softmax unit
 * (epx_softmax.h), the scaling of the nudge and the update circuit (epx_update.h) only. A sample
 * whose state repeats (at distance 1 or 2) is not computed further: the result is the same, bit for
 * bit. */
#ifndef EPX_TWIN_H
#define EPX_TWIN_H

#include "epx_activity.h"
#include "epx_chip.h"
#include "epx_mapping.h"
#include "epx_substrate.h"
#include "epx_substrate_kind.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A twin for mini-batches of up to `capacity` samples. Models convolutions with max or
 * no pooling, dense layers, both losses, either kind of connections and the hard sigmoids; others
 * are EPX_ERR_UNSUPPORTED with the layer or key named. Errors of epx_floorplan_make with
 * chip.event_driven, whose cycles the twin measures. */
EPX_CHECKED epx_status_t epx_twin_create(const epx_network_t *network, const epx_chip_t *chip,
                                         int capacity, epx_substrate_t **substrate,
                                         epx_error_t *error);

/* The checks of epx_twin_create alone, but for the floor plan's. */
EPX_CHECKED epx_status_t epx_twin_check(const epx_network_t *network, const epx_chip_t *chip,
                                        epx_error_t *error);

/* As a kind of substrate; its check also refuses dynamics, estimators and registers that the twin
 * lacks. */
extern const epx_substrate_kind_t epx_twin_kind;

/* Steps asked for and steps computed since creation (the rest had settled), over all samples. */
void epx_twin_steps(const epx_substrate_t *substrate, uint64_t *asked, uint64_t *computed);

/* What each tile layer's lossy converters were asked for and clipped, forward [0] (columns) and
 * backward [1] (rows), over all samples since the parameters were loaded or the counts forgotten;
 * in checkpoints. Steps that were not computed, because a sample had settled, count as the chip
 * makes them. layers: 0 where converters lose nothing. */
typedef struct epx_twin_clips_t {
  int layers;
  epx_clips_t layer[EPX_MAX_TILE_LAYERS][2];
} epx_twin_clips_t;

void epx_twin_clips(const epx_substrate_t *substrate, epx_twin_clips_t *clips);
void epx_twin_clips_forget(epx_substrate_t *substrate);

/* Over all samples presented since creation. Steps that a chip with chip.stop_settled makes: it
 * sees a state that stays, but no cycle of period 2. Drives are counted with chip.event_driven
 * only. */
void epx_twin_activity(const epx_substrate_t *substrate, epx_activity_t *activity);

#ifdef __cplusplus
}
#endif
#endif
