/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "epx_converter.h"

static int compare(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

epx_status_t epx_adc_observed_range(int64_t *sum, size_t count, double coverage, int64_t *low,
                                    int64_t *high, epx_error_t *error) {
  if (count < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "adc.calibration: found no sums; expected one vector or more");
  }
  if (!(coverage > 0.0 && coverage <= 1.0)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "adc.coverage: found %g; expected a number in (0, 1]",
                    coverage);
  }
  qsort(sum, count, sizeof *sum, compare);
  const size_t rank = (size_t)lrint((1.0 - coverage) / 2.0 * (double)(count - 1));
  *low = sum[rank];
  *high = sum[count - 1 - rank];
  *high += *low == *high ? 1 : 0;
  return EPX_OK;
}
