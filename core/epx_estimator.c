/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Laborieux et al. 2021, equations for one-sided, random-sign and symmetric nudging;
 * richardson is the extrapolation of symmetric from beta and 2 beta to 0. */
#include "epx_estimator.h"

#include <stddef.h>

static const epx_estimator_table_row_t rows[] = {
    {EPX_ESTIMATOR_SYMMETRIC, "symmetric", 2, {{+1, +1, 1}, {-1, -1, 1}}, 2, 2, 0},
    {EPX_ESTIMATOR_ONE_SIDED, "one_sided", 2, {{+1, +1, 1}, {0, -1, 0}}, 1, 1, 0},
    {EPX_ESTIMATOR_RANDOM_SIGN, "random_sign", 2, {{+1, +1, 1}, {0, -1, 0}}, 1, 1, 1},
    {EPX_ESTIMATOR_RICHARDSON,
     "richardson",
     4,
     {{+1, +8, 4}, {-1, -8, 4}, {+2, -1, -1}, {-2, +1, -1}},
     12,
     6,
     0},
};

const epx_estimator_table_row_t *epx_estimator_row(epx_estimator_kind_t kind) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    if (rows[i].kind == kind) {
      return &rows[i];
    }
  }
  return NULL;
}

epx_phase_t epx_estimator_phase(const epx_estimator_table_row_t *row, int i, int sign) {
  epx_phase_t phase = row->phases[i];
  if (row->random_sign && sign < 0) {
    phase.nudge = -phase.nudge;
    phase.coefficient = -phase.coefficient;
  }
  return phase;
}
