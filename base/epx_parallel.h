/* SPDX-License-Identifier: Apache-2.0 */
/* Parallel loop over independent items, on a pool of threads that sleep between loops.
 *
 * Items may run on any thread in any order: a body must write only to its item's own memory, or
 * into per-thread integer sums, so that results never depend on the number of threads. Loops do not
 * nest; loops called from several threads run one after another. */
#ifndef EPX_PARALLEL_H
#define EPX_PARALLEL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the number of threads for the process, 1 to 1024; 0 (the default) means all processors. A
 * substrate has scratch memory for the number at its creation: set it before, not after. */
void epx_parallel_set_threads(int threads);

/* The number of threads that epx_parallel_for will use; thread indices are below it. */
int epx_parallel_threads(void);

typedef void epx_parallel_body_t(void *context, int item, int thread);

/* Calls body(context, item, thread) once for each item in [0, count); returns when all are done.
 * Where the system refuses threads, fewer do the work. */
void epx_parallel_for(int count, epx_parallel_body_t *body, void *context);

#ifdef __cplusplus
}
#endif
#endif
