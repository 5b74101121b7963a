/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient estimators as data: which nudged phases to run and how to combine their terms.
 *
 *   dL/dtheta ~ 1/(denominator * beta) * sum over phases of coefficient * dPhi/dtheta(state of
 * phase)
 *
 * Coefficients are integers, so that an update circuit can hold the sum exactly. The read-out of
 * cross-entropy (not a state) takes sum of readout_coefficient * dL/d(W_o, b_o)(state) /
 * readout_denominator. A new estimator is one row of the table in epx_estimator.c. */
#ifndef EPX_ESTIMATOR_H
#define EPX_ESTIMATOR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_estimator_kind_t {
  EPX_ESTIMATOR_SYMMETRIC,   /* bias O(beta^2) */
  EPX_ESTIMATOR_ONE_SIDED,   /* bias O(beta) */
  EPX_ESTIMATOR_RANDOM_SIGN, /* one_sided, beta's sign drawn for every mini-batch: O(beta^2) in
                                expectation */
  EPX_ESTIMATOR_RICHARDSON,  /* (4 symmetric(beta) - symmetric(2 beta)) / 3: O(beta^4) */
  EPX_ESTIMATOR_KIND_COUNT
} epx_estimator_kind_t;

/* What the free state's leg does while the nudged ones relax. */
typedef enum epx_free_leg_t {
  EPX_FREE_LEG_STOP,    /* stays where the free phase ended */
  EPX_FREE_LEG_CONTINUE /* relaxes nudged_steps more without nudge, so that drift cancels */
} epx_free_leg_t;

typedef struct epx_estimator_t {
  epx_estimator_kind_t kind;
  double beta; /* nudging factor, > 0 */
  epx_free_leg_t free_leg;
  bool continual; /* an update after every nudged step (Ernoult et al. 2020) */
} epx_estimator_t;

enum { EPX_ESTIMATOR_MAX_PHASES = 4, EPX_ESTIMATOR_MAX_COEFFICIENT = 8 };

typedef struct epx_phase_t {
  int nudge;               /* this phase relaxes under nudge * beta; 0: the free state itself */
  int coefficient;         /* of dPhi/dtheta */
  int readout_coefficient; /* of the read-out's dL/dtheta */
} epx_phase_t;

typedef struct epx_estimator_table_row_t {
  epx_estimator_kind_t kind;
  const char *name;
  int phase_count;
  epx_phase_t phases[EPX_ESTIMATOR_MAX_PHASES];
  int denominator;
  int readout_denominator;
  int random_sign; /* 1: nudges and coefficients of all phases take a sign drawn for a mini-batch */
} epx_estimator_table_row_t;

/* The row of a kind; never NULL for a listed kind. */
const epx_estimator_table_row_t *epx_estimator_row(epx_estimator_kind_t kind);

/* Whether a phase's leg has steps of its own; if not it stays at the free state. */
static inline bool epx_estimator_relaxes(const epx_estimator_t *estimator,
                                         const epx_phase_t *phase) {
  return phase->nudge != 0 || estimator->free_leg == EPX_FREE_LEG_CONTINUE;
}

/* Phase i of a row under a sign of beta (+1 or -1; read by random_sign only). */
epx_phase_t epx_estimator_phase(const epx_estimator_table_row_t *row, int i, int sign);

#ifdef __cplusplus
}
#endif
#endif
