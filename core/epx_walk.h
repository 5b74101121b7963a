/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the phases of one mini-batch, written once.
 *
 * A walk calls an observer for every act in its order. Whoever computes, counts or checks phases is
 * an observer: the training step on a substrate (epx_ep.h), the vectors of a tile, the check of the
 * chip, the closed form, the program of SystemC's controller.
 *
 *   free part     present, relax(free_steps), predict, keep_free
 *   nudged part   for each phase of the estimator: recall, relax(nudged_steps, nudge * beta),
 *                 accumulate; phases that stay at the free state do not relax
 *   update        once, after the nudged parts of all samples
 *
 * With symmetric estimates of 3 free and 2 nudged steps at beta 0.5 the acts are
 *
 *   present, relax 3 at 0, predict, keep_free,
 *   recall, relax 2 at 0.5, accumulate,  recall, relax 2 at -0.5, accumulate,  update
 *
 * Continual estimates (Ernoult et al. 2020) update after every nudged step instead: recall, then
 * for each step accumulate(-), relax 1, accumulate(+), update. */
#ifndef EPX_WALK_H
#define EPX_WALK_H

#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_act_kind_t {
  EPX_ACT_PRESENT,    /* samples and labels; states become 0 */
  EPX_ACT_RELAX,      /* steps of the dynamics */
  EPX_ACT_PREDICT,    /* loss and class at the free state */
  EPX_ACT_KEEP_FREE,  /* the present state is the free one */
  EPX_ACT_RECALL,     /* back to the free state */
  EPX_ACT_ACCUMULATE, /* a phase's terms at the present state */
  EPX_ACT_UPDATE
} epx_act_kind_t;

enum { EPX_FREE_PHASE = -1 };

typedef struct epx_act_t {
  epx_act_kind_t kind;
  int phase;         /* index in the estimator's row, or EPX_FREE_PHASE */
  int steps;         /* relax */
  double beta;       /* relax: nudging factor, 0 in the free phase */
  epx_phase_t terms; /* accumulate: coefficients, the sign of beta being in them */
} epx_act_t;

/* Returns a failure to end the walk with it. */
typedef epx_status_t epx_observer_t(void *context, const epx_act_t *act, epx_error_t *error);

typedef struct epx_walk_t {
  const epx_dynamics_t *dynamics;
  const epx_estimator_t *estimator;
  int sign; /* +1 or -1, of beta, where the estimator draws it */
  epx_observer_t *observer;
  void *context;
} epx_walk_t;

/* The free part, and alone as inference: without keep_free. */
EPX_CHECKED epx_status_t epx_walk_free(const epx_walk_t *walk, epx_error_t *error);
EPX_CHECKED epx_status_t epx_walk_inference(const epx_walk_t *walk, epx_error_t *error);

/* The nudged part, of an estimator that is not continual: without the update. */
EPX_CHECKED epx_status_t epx_walk_nudged(const epx_walk_t *walk, epx_error_t *error);
/* The nudged part with its updates, of a continual one. */
EPX_CHECKED epx_status_t epx_walk_continual(const epx_walk_t *walk, epx_error_t *error);
EPX_CHECKED epx_status_t epx_walk_update(const epx_walk_t *walk, epx_error_t *error);

/* A training step: `presentations` times the free and the nudged part (once where all samples are
 * presented together, once a sample on the chip), then the update. */
EPX_CHECKED epx_status_t epx_walk_training(const epx_walk_t *walk, int presentations,
                                           epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
