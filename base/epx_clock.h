/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds of a clock that only goes forward, for durations. */
#ifndef EPX_CLOCK_H
#define EPX_CLOCK_H

#include <time.h>

static inline double epx_clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
