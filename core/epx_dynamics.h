/* SPDX-License-Identifier: Apache-2.0 */
/* How a network relaxes, and for how long. Plain data; with every field but the steps 0 the network
 * relaxes as in Laborieux et al. 2021. */
#ifndef EPX_DYNAMICS_H
#define EPX_DYNAMICS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_update_order_t {
  EPX_UPDATE_SYNCHRONOUS, /* every layer reads the states of the step before */
  EPX_UPDATE_ALTERNATING  /* in each step layers 2, 4, .. then 1, 3, .. (from 1), each reading the
                             newest states (Scellier et al. 2023) */
} epx_update_order_t;

typedef enum epx_switches_t {
  EPX_SWITCHES_LIVE,  /* max-pool switches follow the states at every step */
  EPX_SWITCHES_FROZEN /* after the free phase they stay those of the free state */
} epx_switches_t;

/* What one step is; a substrate carries it (epx_substrate_t.relaxation). */
typedef struct epx_relaxation_t {
  epx_update_order_t update;
  epx_switches_t switches;
  double tolerance; /* a sample of which no state moved by more in a step has settled; 0: exactly */
} epx_relaxation_t;

typedef struct epx_dynamics_t {
  int free_steps;   /* T_free, >= 1 */
  int nudged_steps; /* T_nudge, >= 1, of each nudged phase, from the free state */
  epx_relaxation_t relaxation;
} epx_dynamics_t;

/* Names as configurations and records spell them; NULL past the last. */
const char *epx_update_order_name(int update);
const char *epx_switches_name(int switches);

#ifdef __cplusplus
}
#endif

#endif
