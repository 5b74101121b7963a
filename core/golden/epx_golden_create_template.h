/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 12: the vtable and the constructor.
 *
 * Parameters, which whoever includes it defines:
 *   GOLDEN(name) the precision's public functions, epx_golden_f32_##name
 *   GOLDEN_NAME  the substrate's name, a string
 *
 * Included last: it undefines the parameters of all parts. One precision is one source file,
 * because the parts' functions and types are static there. */
#ifndef EPX_GOLDEN_CREATE_TEMPLATE_H
#define EPX_GOLDEN_CREATE_TEMPLATE_H

#if !defined GOLDEN || !defined GOLDEN_NAME
#error "define GOLDEN and GOLDEN_NAME before including this template"
#endif

#include <stdlib.h>
#include <string.h>
#include "epx_blas.h"

#include "epx_golden.h"
#include "epx_golden_present_template.h"
#include "epx_golden_sums_template.h"
#include "epx_golden_update_template.h"

static const epx_substrate_ops_t ops = {
    .name = GOLDEN_NAME,
    .destroy = destroy,
    .load = load,
    .store = store,
    .save = save,
    .restore = restore,
    .present = present,
    .relax = relax,
    .predict = predict,
    .keep_free = keep_free,
    .recall_free = recall_free,
    .clear_gradient = clear_gradient,
    .accumulate = accumulate,
    .gradient = gradient,
    .update = update,
    .sums_dtype = EPX_DTYPE_F64,
    .sums_count = sums_count,
    .sums = sums,
    .states = states,
};

epx_status_t GOLDEN(create)(const epx_network_t *network, int capacity, epx_substrate_t **substrate,
                            epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1] = {{0}};
  const epx_status_t status = epx_network_shapes(network, shapes, error);
  if (status != EPX_OK) {
    return status;
  }
  if (capacity < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "mini-batch of %d samples; expected at least 1",
                    capacity);
  }
  golden_t *golden = calloc(1, sizeof *golden);
  if (golden == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the golden substrate");
  }
  golden->base.ops = &ops;
  golden->base.network = *network;
  memcpy(golden->base.shapes, shapes, sizeof shapes);
  golden->base.capacity = capacity;
  golden->layers = network->layer_count;
  golden->parameter_layers = epx_network_parameter_layers(network);
  for (int l = 0; l < golden->parameter_layers; ++l) {
    golden->layer[l].g = epx_geometry_of(network, shapes, l);
  }
  if (!allocate(golden)) {
    destroy(&golden->base);
    return epx_fail(error, EPX_ERR_MEMORY,
                    "out of memory for the golden substrate with mini-batches of %d", capacity);
  }
  const epx_status_t blas = epx_blas_open(error);
  if (blas != EPX_OK) {
    destroy(&golden->base);
    return blas;
  }
  *substrate = &golden->base;
  return EPX_OK;
}

void GOLDEN(quantise_states)(epx_substrate_t *substrate, epx_qformat_t format) {
  golden_t *golden = (golden_t *)substrate;
  golden->quantised = true;
  golden->state_format = format;
}

#undef REAL
#undef GEMM
#undef WINOGRAD
#undef REAL_DTYPE
#undef GOLDEN
#undef GOLDEN_NAME

#endif
