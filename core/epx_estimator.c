/* SPDX-License-Identifier: Apache-2.0 */
/* Source: Laborieux et al. 2021, equations for one-sided and symmetric nudging. */
#include "epx_estimator.h"

#include <stddef.h>

static const epx_estimator_table_row_t rows[] = {
    {EPX_ESTIMATOR_SYMMETRIC, "symmetric", 2, {{+1, +1, 1}, {-1, -1, 1}}, 2, 2},
    {EPX_ESTIMATOR_ONE_SIDED, "one_sided", 2, {{+1, +1, 1}, {0, -1, 0}}, 1, 1},
};

const epx_estimator_table_row_t *epx_estimator_row(epx_estimator_kind_t kind) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    if (rows[i].kind == kind) {
      return &rows[i];
    }
  }
  return NULL;
}
