/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_observed.h"

#include <stdlib.h>

typedef struct line_t {
  int64_t span, least, largest; /* span: where the bins begin */
  int shift;                    /* a bin is 2^shift wide */
  uint32_t bin[EPX_OBSERVED_BINS];
} line_t;

struct epx_observed_t {
  int lines;
  line_t line[];
};

epx_status_t epx_observed_create(int lines, epx_observed_t **out, epx_error_t *error) {
  epx_observed_t *observed = calloc(1, sizeof *observed + (size_t)lines * sizeof(line_t));
  if (observed == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory to observe the sums of %d lines", lines);
  }
  observed->lines = lines;
  for (int i = 0; i < lines; ++i) {
    observed->line[i].least = INT64_MAX;
    observed->line[i].largest = INT64_MIN;
  }
  *out = observed;
  return EPX_OK;
}

void epx_observed_destroy(epx_observed_t *observed) {
  free(observed);
}

void epx_observed_span(epx_observed_t *observed, int line, int64_t low, int64_t high) {
  line_t *l = &observed->line[line];
  l->span = low;
  for (l->shift = 0; (high - low) >> l->shift >= EPX_OBSERVED_BINS; ++l->shift) {
  }
}

static void extend(int64_t *bound, int64_t value, int sign) {
  int64_t now = __atomic_load_n(bound, __ATOMIC_RELAXED);
  while (
      (sign > 0 ? value > now : value < now) &&
      !__atomic_compare_exchange_n(bound, &now, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

void epx_observed_add(epx_observed_t *observed, int line, int64_t low, int64_t high) {
  line_t *l = &observed->line[line];
  const int64_t from = low > l->span ? low - l->span : 0, bin = from >> l->shift;
  __atomic_fetch_add(&l->bin[bin < EPX_OBSERVED_BINS ? bin : EPX_OBSERVED_BINS - 1], 1,
                     __ATOMIC_RELAXED);
  extend(&l->least, low, -1);
  extend(&l->largest, high, 1);
}

/* The first bin, from one end, with which more than `cut` sums are passed. */
static int bin_beyond(const uint64_t bin[EPX_OBSERVED_BINS], bool from_top, uint64_t cut) {
  uint64_t passed = 0;
  for (int i = 0; i < EPX_OBSERVED_BINS; ++i) {
    const int at = from_top ? EPX_OBSERVED_BINS - 1 - i : i;
    passed += bin[at];
    if (passed > cut) {
      return at;
    }
  }
  return from_top ? 0 : EPX_OBSERVED_BINS - 1;
}

bool epx_observed_range(const epx_observed_t *observed, int first, int step, int count,
                        double coverage, int64_t *low, int64_t *high) {
  uint64_t bin[EPX_OBSERVED_BINS] = {0}, all = 0;
  int64_t least = INT64_MAX, largest = INT64_MIN;
  for (int i = 0; i < count; ++i) {
    const line_t *l = &observed->line[first + i * step];
    least = l->least < least ? l->least : least;
    largest = l->largest > largest ? l->largest : largest;
    for (int b = 0; b < EPX_OBSERVED_BINS; ++b) {
      bin[b] += l->bin[b];
      all += l->bin[b];
    }
  }
  if (all == 0) {
    return false;
  }
  const line_t *l = &observed->line[first];
  const uint64_t cut = (uint64_t)((1.0 - coverage) / 2.0 * (double)all);
  const int bottom = bin_beyond(bin, false, cut), top = bin_beyond(bin, true, cut);
  const int64_t edge = l->span + ((int64_t)bottom << l->shift);
  const int64_t end = l->span + ((int64_t)(top + 1) << l->shift);
  *low = bottom == 0 || edge < least ? least : edge;
  *high = top == EPX_OBSERVED_BINS - 1 || end > largest ? largest : end;
  *high += *high <= *low ? *low - *high + 1 : 0;
  return true;
}
