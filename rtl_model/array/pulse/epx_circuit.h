/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of a tile layer's update circuits: what plan and training settings say together.
 *
 * Example: states UQ0.8, estimator one_sided (denominator 1) with beta 0.5, mini-batches of 64. A
 * product of two state codes is 2^-16, so that one unit of a weight's correlation is
 * 2^-16 / (0.5 * 64) = 2^-21 in -dL/dw. */
#ifndef EPX_CIRCUIT_H
#define EPX_CIRCUIT_H

#include <stdbool.h>

#include "epx_estimator.h"
#include "epx_plan.h"
#include "epx_substrate.h"
#include "epx_update.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Real value of one correlation unit in -dL/dtheta for tile layer i's weights or biases, on
 * mini-batches of `total` samples. Through two sets of switches every term, those of biases too, is
 * summed twice. */
double epx_circuit_unit(const epx_plan_t *plan, int i, bool bias, const epx_estimator_t *estimator,
                        int total);

/* The circuit that updates tile layer i's weights or biases. */
epx_update_circuit_t epx_circuit_of(const epx_plan_t *plan, int i, bool bias,
                                    const epx_estimator_t *estimator, const epx_update_rule_t *rule,
                                    int total);

#ifdef __cplusplus
}
#endif
#endif
