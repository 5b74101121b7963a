/* SPDX-License-Identifier: Apache-2.0 */
/* cost.json of a run: energy and latency of one image, from the chip's closed form. */
#ifndef COST_RECORD_H
#define COST_RECORD_H

#include "epx_experiment.h"
#include "epx_sweep_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes folder/cost.json; nothing for the golden model, which is no chip. */
EPX_CHECKED epx_status_t cost_record_write(const char *folder, const epx_experiment_t *experiment,
                                           epx_error_t *error);

/* The same account's totals for one point of a sweep: energies and latency of *result. */
EPX_CHECKED epx_status_t cost_of_point(const epx_experiment_t *experiment,
                                       epx_sweep_result_t *result, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
