/* SPDX-License-Identifier: Apache-2.0 */
/* The golden model of either precision behind one name. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "epx_experiment.h"
#include "epx_golden.h"

static inline EPX_CHECKED epx_status_t golden_create(epx_precision_t precision,
                                                     const epx_network_t *network, int capacity,
                                                     epx_substrate_t **out, epx_error_t *error) {
  return precision == EPX_PRECISION_FLOAT64 ? epx_golden_f64_create(network, capacity, out, error)
                                            : epx_golden_f32_create(network, capacity, out, error);
}

static inline EPX_CHECKED epx_status_t golden_bptt(epx_precision_t precision,
                                                   epx_substrate_t *golden, int steps,
                                                   epx_params_t *gradient, epx_error_t *error) {
  return precision == EPX_PRECISION_FLOAT64 ? epx_golden_f64_bptt(golden, steps, gradient, error)
                                            : epx_golden_f32_bptt(golden, steps, gradient, error);
}

#endif
