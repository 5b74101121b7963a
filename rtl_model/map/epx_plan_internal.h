/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a plan's making. Not for callers. */
#ifndef EPX_PLAN_INTERNAL_H
#define EPX_PLAN_INTERNAL_H

#include "epx_plan.h"

/* epx_plan_refuse.c: what the chip's units lack, whatever the layer; and of one layer, whose
 * geometry and formats are there. */
EPX_CHECKED epx_status_t plan_refuse_chip(const epx_network_t *network, const epx_chip_t *chip,
                                          const epx_dynamics_t *dynamics, epx_error_t *error);
EPX_CHECKED epx_status_t plan_refuse_layer(const epx_plan_t *plan, const epx_plan_layer_t *layer,
                                           epx_error_t *error);

/* epx_plan_sums.c: whether the registers of tile layer l, whose accumulator is there, hold every
 * sum that can arrive. */
EPX_CHECKED epx_status_t plan_refuse_sums(const epx_plan_t *plan, int l, epx_error_t *error);

#endif
