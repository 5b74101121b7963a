/* SPDX-License-Identifier: Apache-2.0 */
/* How long each phase relaxes. Every layer reads the states of the step before (synchronous). */
#ifndef EPX_DYNAMICS_H
#define EPX_DYNAMICS_H

typedef struct epx_dynamics_t {
  int free_steps;   /* T_free, >= 1 */
  int nudged_steps; /* T_nudge, >= 1, of each nudged phase, from the free state */
} epx_dynamics_t;

#endif
