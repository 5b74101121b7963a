/* SPDX-License-Identifier: Apache-2.0 */
/* The interface between the EP algorithm (written once, in core/) and what computes it.
 *
 * A substrate owns the parameters, the optimiser's registers, the states of one mini-batch and the
 * gradient accumulators. The calls of one training step, made by epx_ep_step:
 *
 *   present -> relax(free_steps, 0) -> predict -> keep_free
 *   for each phase of the estimator:  recall_free, relax(nudged_steps, nudge * beta), accumulate
 *   update
 *
 * With frozen switches, those of the state that keep_free saw hold from recall_free to present.
 *
 * Results never depend on the number of threads. */
#ifndef EPX_SUBSTRATE_H
#define EPX_SUBSTRATE_H

#include <stdint.h>

#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_network.h"
#include "epx_npz.h"
#include "epx_params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_substrate_t epx_substrate_t;

/* One parameter update: v = momentum*v + gradient + weight_decay*w;  w -= learning_rate[l] * v.
 * Backward weights of unidirectional connections follow the same rule. */
typedef struct epx_update_rule_t {
  double learning_rate[EPX_MAX_LAYERS + 1]; /* by parameter layer */
  double momentum;
  double weight_decay;
} epx_update_rule_t;

/* A batch to take ranges from. epoch: about to begin, from 0, or EPX_CALIBRATE_ONCE. Where there
 * are none yet, any batch will do. */
enum { EPX_CALIBRATE_ONCE = -1 };
typedef struct epx_calibration_t {
  int epoch;
  const epx_dynamics_t *dynamics;
  const epx_estimator_t *estimator;
  const float *x; /* as of present() */
  const uint8_t *labels;
  int n;
} epx_calibration_t;

typedef struct epx_substrate_ops_t {
  const char *name;
  void (*destroy)(epx_substrate_t *self);

  /* Parameters in and out; loading clears the optimiser's registers. */
  epx_status_t (*load)(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error);
  epx_status_t (*store)(epx_substrate_t *self, epx_params_t *params, epx_error_t *error);

  /* Everything that training changes, bit for bit, under names with the given prefix. */
  epx_status_t (*save)(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error);
  epx_status_t (*restore)(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error);

  /* Sets what follows a batch of data (ranges of converters), where this substrate has such and is
   * due to; registers that training changes and everything drawn stay as they are. NULL: nothing
   * does. */
  epx_status_t (*calibrate)(epx_substrate_t *self, const epx_calibration_t *batch,
                            epx_error_t *error);

  /* A mini-batch of n <= capacity samples: x [n][C][H][W], labels [n]. States become 0. */
  void (*present)(epx_substrate_t *self, const float *x, const uint8_t *labels, int n);
  /* k steps of the dynamics under nudging factor beta (0: free), from the present state. */
  void (*relax)(epx_substrate_t *self, int steps, double beta);
  /* Loss and class of every sample at the present state. */
  void (*predict)(epx_substrate_t *self, double *loss, uint8_t *predicted);
  /* Remember the present state as the free one; go back to it. */
  void (*keep_free)(epx_substrate_t *self);
  void (*recall_free)(epx_substrate_t *self);

  /* Gradient accumulators: clear; add a phase's terms at the present state; read as a float64
   * estimate of the mini-batch mean gradient; apply as one update (and clear). */
  void (*clear_gradient)(epx_substrate_t *self);
  void (*accumulate)(epx_substrate_t *self, const epx_phase_t *phase);
  void (*gradient)(epx_substrate_t *self, const epx_estimator_t *estimator, epx_params_t *gradient);
  void (*update)(epx_substrate_t *self, const epx_estimator_t *estimator,
                 const epx_update_rule_t *rule);

  /* Present states of layer l as real numbers, [n][C][H][W]. */
  void (*states)(epx_substrate_t *self, int layer, double *out);
} epx_substrate_ops_t;

struct epx_substrate_t {
  const epx_substrate_ops_t *ops;
  epx_network_t network;
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  int capacity;                /* largest mini-batch */
  epx_relaxation_t relaxation; /* what a step is; set before a batch is presented */
};

EPX_CHECKED static inline epx_status_t epx_substrate_calibrate(epx_substrate_t *substrate,
                                                               const epx_calibration_t *batch,
                                                               epx_error_t *error) {
  return substrate->ops->calibrate != 0 ? substrate->ops->calibrate(substrate, batch, error)
                                        : EPX_OK;
}

static inline void epx_substrate_destroy(epx_substrate_t *substrate) {
  if (substrate != 0) {
    substrate->ops->destroy(substrate);
  }
}

#ifdef __cplusplus
}
#endif
#endif
