/* SPDX-License-Identifier: Apache-2.0 */
/* What the sums of an array's lines were, so that converters can be given ranges: a histogram for
 * each line, of EPX_OBSERVED_BINS equal bins over the span that the line is expected to reach, and
 * the least and the largest sum. Counts do not depend on the order in which sums come, so any
 * number of threads may add. */
#ifndef EPX_OBSERVED_H
#define EPX_OBSERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_OBSERVED_BINS = 256 };

typedef struct epx_observed_t epx_observed_t;

EPX_CHECKED epx_status_t epx_observed_create(int lines, epx_observed_t **observed,
                                             epx_error_t *error);
void epx_observed_destroy(epx_observed_t *observed);

/* The span of a line's bins, low < high; before any sum is added. The outermost bins reach as far
 * as what is added. */
void epx_observed_span(epx_observed_t *observed, int line, int64_t low, int64_t high);

/* Counts a sum that lies between the whole numbers `low` and `high`; low equals high where the sum
 * is whole. */
void epx_observed_add(epx_observed_t *observed, int line, int64_t low, int64_t high);

/* The range of what was added to lines first, first + step, ... (count of them, of one span): at
 * most (1 - coverage) / 2 of the sums lie below it, and as many above, to a bin's width outwards;
 * coverage 1: from the least to the largest. low < high. False: nothing was added. */
bool epx_observed_range(const epx_observed_t *observed, int first, int step, int count,
                        double coverage, int64_t *low, int64_t *high);

#ifdef __cplusplus
}
#endif
#endif
