/* SPDX-License-Identifier: Apache-2.0 */
/* cost.json of a run: energy and latency of one image, from the chip's closed form and, where its
 * events depend on the data, from what the twin measured. */
#ifndef COST_RECORD_H
#define COST_RECORD_H

#include "epx_cost.h"
#include "epx_experiment.h"
#include "epx_sweep_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the chip of the experiment can be laid out and priced: mesh, technology file. Fine for
 * the golden model, which is no chip. A chip outside the domain of a price's law has no energies,
 * which is said on stderr; the records below then hold events, cycles and the reason. */
EPX_CHECKED epx_status_t cost_record_check(const epx_experiment_t *experiment, epx_error_t *error);

/* Writes folder/cost.json; nothing for the golden model, which is no chip, nor before a measurement
 * (measured NULL) for chips that need one. */
EPX_CHECKED epx_status_t cost_record_write(const char *folder, const epx_experiment_t *experiment,
                                           const epx_measured_t *measured, epx_error_t *error);

/* The same account's totals for one point of a sweep: energies and latency of *result; and why
 * there are no energies, or "". */
EPX_CHECKED epx_status_t cost_of_point(const epx_experiment_t *experiment,
                                       const epx_measured_t *measured, epx_sweep_result_t *result,
                                       char no_price[EPX_COST_REASON_SIZE], epx_error_t *error);

/* What was measured of training, a line each: steps that a chip with stop_settled makes, what an
 * event-driven one drives and converts, pulses. */
EPX_CHECKED epx_status_t cost_measured_text(const epx_experiment_t *experiment,
                                            const epx_measured_t *measured, char *text, size_t size,
                                            epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
