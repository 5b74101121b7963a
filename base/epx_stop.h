/* SPDX-License-Identifier: Apache-2.0 */
/* A request to stop, made by a signal handler or another thread and seen by long computations.
 *
 * Whoever computes for long holds a pointer to one (NULL: never stops), looks between pieces of
 * work that take well under a second, gives up the piece it is at and returns EPX_ERR_INTERRUPTED.
 * Requesting is safe in a signal handler; reading costs a load. */
#ifndef EPX_STOP_H
#define EPX_STOP_H

#include <stdbool.h>
#include <stddef.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_stop_t {
  int requested; /* read and written by the functions below only */
} epx_stop_t;

static inline void epx_stop_request(epx_stop_t *stop) {
  __atomic_store_n(&stop->requested, 1, __ATOMIC_RELAXED);
}

static inline bool epx_stop_requested(const epx_stop_t *stop) {
  return stop != NULL && __atomic_load_n(&stop->requested, __ATOMIC_RELAXED) != 0;
}

/* EPX_ERR_INTERRUPTED with a message where a stop was requested, else EPX_OK. */
EPX_CHECKED static inline epx_status_t epx_stop_status(const epx_stop_t *stop, epx_error_t *error) {
  return epx_stop_requested(stop) ? epx_fail(error, EPX_ERR_INTERRUPTED, "interrupted") : EPX_OK;
}

#ifdef __cplusplus
}
#endif
#endif
