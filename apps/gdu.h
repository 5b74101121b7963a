/* SPDX-License-Identifier: Apache-2.0 */
/* The gradient-descending-updates check: EP's cumulative update after t nudged steps against BPTT's
 * over t steps, for t = 1 .. nudged_steps, by layer (Ernoult et al., NeurIPS 2019). */
#ifndef GDU_H
#define GDU_H

#include "epx_experiment.h"
#include "epx_params.h"

/* Runs the golden model in float64 on n images with each of the nudging factors, prints the worst
 * step of every layer and writes folder/gdu.csv (NULL: nowhere). */
EPX_CHECKED epx_status_t gdu_run(const epx_experiment_t *experiment, const epx_params_t *params,
                                 const float *x, const uint8_t *labels, int n, const double *beta,
                                 int betas, const char *folder, epx_error_t *error);

#endif
