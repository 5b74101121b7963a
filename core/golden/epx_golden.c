/* SPDX-License-Identifier: Apache-2.0 */
/* The golden model of either precision behind one name, and as a kind of substrate. */
#include "epx_golden.h"

epx_status_t epx_golden_create(epx_precision_t precision, const epx_network_t *network,
                               int capacity, epx_substrate_t **substrate, epx_error_t *error) {
  return precision == EPX_PRECISION_FLOAT64
             ? epx_golden_f64_create(network, capacity, substrate, error)
             : epx_golden_f32_create(network, capacity, substrate, error);
}

epx_status_t epx_golden_bptt(epx_precision_t precision, epx_substrate_t *golden, int steps,
                             epx_params_t *gradient, epx_error_t *error) {
  return precision == EPX_PRECISION_FLOAT64 ? epx_golden_f64_bptt(golden, steps, gradient, error)
                                            : epx_golden_f32_bptt(golden, steps, gradient, error);
}

/* It models every network. */
static epx_status_t check(const epx_substrate_setup_t *setup, epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  return epx_network_shapes(setup->network, shapes, error);
}

static epx_status_t create(const epx_substrate_setup_t *setup, int capacity,
                           epx_substrate_t **substrate, epx_error_t *error) {
  return epx_golden_create(setup->precision, setup->network, capacity, substrate, error);
}

const epx_substrate_kind_t epx_golden_kind = {
    .name = "golden",
    .help = "floating point, no quantisation",
    .check = check,
    .create = create,
};
