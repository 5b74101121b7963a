/* SPDX-License-Identifier: Apache-2.0 */
/* What images did where it depends on the data: chips that end settled phases (chip.stop_settled)
 * or drive only changes (chip.event_driven). Summed over images; the twin measures it. */
#ifndef EPX_ACTIVITY_H
#define EPX_ACTIVITY_H

#include "epx_events.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_activity_t {
  uint64_t images;                   /* loaded */
  uint64_t free_steps, nudged_steps; /* that a chip with stop_settled makes */
  epx_events_t driven; /* of an event-driven chip's arrays, converters and held sums, about changes;
                          the closed form has the rest */
} epx_activity_t;

/* What was done between two measurements. */
static inline epx_activity_t epx_activity_since(const epx_activity_t *before,
                                                const epx_activity_t *now) {
  epx_activity_t since = *now;
  since.images -= before->images;
  since.free_steps -= before->free_steps;
  since.nudged_steps -= before->nudged_steps;
  epx_events_add(&since.driven, &before->driven, UINT64_MAX); /* -1, modulo 2^64 */
  return since;
}

#ifdef __cplusplus
}
#endif
#endif
