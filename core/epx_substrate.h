/* SPDX-License-Identifier: Apache-2.0 */
/* The interface between the EP algorithm (written once, in core/) and what computes it.
 *
 * A substrate owns the parameters, the optimiser's registers, the states of the samples of one
 * mini-batch and the gradient accumulators. The order of the calls of one training step is that of
 * epx_walk.h. With frozen switches, those of the state that keep_free saw hold from recall_free to
 * present.
 *
 * Callers use the functions epx_substrate_*; the table of operations is for whoever writes a
 * substrate (docs/extending.md). What can fail returns a status: EPX_ERR_INTERRUPTED after a
 * requested stop, EPX_ERR_DIVERGED with the layer where a number is not finite, any other that the
 * operation may meet. After a failure of present, relax, predict, keep_free or accumulate the
 * parameters and registers are those of before, after that of update they are not: restore them.
 *
 * Results never depend on the number of threads. */
#ifndef EPX_SUBSTRATE_H
#define EPX_SUBSTRATE_H

#include <stdint.h>

#include "epx_batch.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_health.h"
#include "epx_network.h"
#include "epx_npz.h"
#include "epx_params.h"
#include "epx_stop.h"

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

/* A training step to take ranges of converters from. */
typedef struct epx_calibration_t {
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  epx_batch_t batch;
} epx_calibration_t;

/* What is done with the sums of all accumulators, as one vector. */
typedef enum epx_sums_access_t {
  EPX_SUMS_GET, /* copied out */
  EPX_SUMS_SET, /* replaced by the vector's */
  EPX_SUMS_ADD  /* the vector's are added */
} epx_sums_access_t;

typedef struct epx_substrate_ops_t {
  const char *name;
  void (*destroy)(epx_substrate_t *self);

  /* Parameters in and out; loading clears the optimiser's registers. */
  epx_status_t (*load)(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error);
  epx_status_t (*store)(epx_substrate_t *self, epx_params_t *params, epx_error_t *error);

  /* Everything that training changes, bit for bit, under names that begin with the substrate's. */
  epx_status_t (*save)(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error);
  epx_status_t (*restore)(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error);

  /* Sets what follows a batch of data (ranges of converters); registers that training changes and
   * everything drawn stay as they are. uncalibrated: whether such is still to be set. NULL, both:
   * nothing follows data. */
  epx_status_t (*calibrate)(epx_substrate_t *self, const epx_calibration_t *step,
                            epx_error_t *error);
  bool (*uncalibrated)(const epx_substrate_t *self);

  /* After a mini-batch was trained on: lets what follows training (ranges of converters) follow.
   * NULL: nothing does. */
  epx_status_t (*follow)(epx_substrate_t *self, epx_error_t *error);

  /* The samples of a mini-batch that are held here. States become 0. */
  epx_status_t (*present)(epx_substrate_t *self, const epx_batch_t *batch, epx_error_t *error);
  /* k steps of the dynamics under nudging factor beta (0: free), from the present state. */
  epx_status_t (*relax)(epx_substrate_t *self, int steps, double beta, epx_error_t *error);
  /* Loss and class of every sample at the present state. */
  epx_status_t (*predict)(epx_substrate_t *self, double *loss, uint8_t *predicted,
                          epx_error_t *error);
  /* Remember the present state as the free one; go back to it. */
  epx_status_t (*keep_free)(epx_substrate_t *self, epx_error_t *error);
  void (*recall_free)(epx_substrate_t *self);

  /* Gradient accumulators: clear; add a phase's terms at the present state; read as a float64
   * estimate of the mini-batch mean gradient; apply as one update (and clear). The mean is over
   * the whole mini-batch (epx_batch_t.total), however many of its samples are held here. */
  void (*clear_gradient)(epx_substrate_t *self);
  epx_status_t (*accumulate)(epx_substrate_t *self, const epx_phase_t *phase, epx_error_t *error);
  void (*gradient)(epx_substrate_t *self, const epx_estimator_t *estimator, epx_params_t *gradient);
  epx_status_t (*update)(epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_error_t *error);

  /* The accumulators' sums as one vector of `sums_count` numbers of type `sums_dtype`
   * (EPX_DTYPE_I64 or EPX_DTYPE_F64), so that processes that hold parts of a mini-batch can add
   * them up. */
  epx_dtype_t sums_dtype;
  size_t (*sums_count)(const epx_substrate_t *self);
  void (*sums)(epx_substrate_t *self, epx_sums_access_t access, void *sums);

  /* Present states of layer l as real numbers, [n][C][H][W]. */
  void (*states)(epx_substrate_t *self, int layer, double *out);

  /* Whether the number formats hold what is in them, updates taken as this rule would make them of
   * the present velocities. NULL: numbers have no such formats. */
  epx_status_t (*health)(const epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_health_t *health, epx_error_t *error);
} epx_substrate_ops_t;

struct epx_substrate_t {
  const epx_substrate_ops_t *ops;
  epx_network_t network;
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  int capacity;                /* most samples that present takes */
  epx_relaxation_t relaxation; /* what a step is; set before a batch is presented */
  const epx_stop_t *stop;      /* looked at between samples and steps; NULL: never stops */
};

EPX_CHECKED static inline epx_status_t epx_substrate_follow(epx_substrate_t *substrate,
                                                            epx_error_t *error) {
  return substrate->ops->follow != 0 ? substrate->ops->follow(substrate, error) : EPX_OK;
}

static inline void epx_substrate_destroy(epx_substrate_t *substrate) {
  if (substrate != 0) {
    substrate->ops->destroy(substrate);
  }
}

EPX_CHECKED static inline epx_status_t epx_substrate_load(epx_substrate_t *substrate,
                                                          const epx_params_t *params,
                                                          epx_error_t *error) {
  return substrate->ops->load(substrate, params, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_store(epx_substrate_t *substrate,
                                                           epx_params_t *params,
                                                           epx_error_t *error) {
  return substrate->ops->store(substrate, params, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_save(epx_substrate_t *substrate,
                                                          epx_npz_t *npz, epx_error_t *error) {
  return substrate->ops->save(substrate, npz, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_restore(epx_substrate_t *substrate,
                                                             const epx_npz_t *npz,
                                                             const char *label,
                                                             epx_error_t *error) {
  return substrate->ops->restore(substrate, npz, label, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_calibrate(epx_substrate_t *substrate,
                                                               const epx_calibration_t *step,
                                                               epx_error_t *error) {
  return substrate->ops->calibrate != 0 ? substrate->ops->calibrate(substrate, step, error)
                                        : EPX_OK;
}

static inline bool epx_substrate_uncalibrated(const epx_substrate_t *substrate) {
  return substrate->ops->uncalibrated != 0 && substrate->ops->uncalibrated(substrate);
}

/* Errors: EPX_ERR_ARGUMENT for a batch beyond the capacity, or not a part of its mini-batch;
 * EPX_ERR_UNSUPPORTED for a part whose sums would not be one process's (epx_golden.h). */
EPX_CHECKED epx_status_t epx_substrate_present(epx_substrate_t *substrate, const epx_batch_t *batch,
                                               epx_error_t *error);

EPX_CHECKED static inline epx_status_t epx_substrate_relax(epx_substrate_t *substrate, int steps,
                                                           double beta, epx_error_t *error) {
  return substrate->ops->relax(substrate, steps, beta, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_predict(epx_substrate_t *substrate,
                                                             double *loss, uint8_t *predicted,
                                                             epx_error_t *error) {
  return substrate->ops->predict(substrate, loss, predicted, error);
}

EPX_CHECKED static inline epx_status_t epx_substrate_keep_free(epx_substrate_t *substrate,
                                                               epx_error_t *error) {
  return substrate->ops->keep_free(substrate, error);
}

static inline void epx_substrate_recall_free(epx_substrate_t *substrate) {
  substrate->ops->recall_free(substrate);
}

static inline void epx_substrate_clear_gradient(epx_substrate_t *substrate) {
  substrate->ops->clear_gradient(substrate);
}

EPX_CHECKED static inline epx_status_t epx_substrate_accumulate(epx_substrate_t *substrate,
                                                                const epx_phase_t *phase,
                                                                epx_error_t *error) {
  return substrate->ops->accumulate(substrate, phase, error);
}

/* The estimate from the accumulators. Errors: EPX_ERR_DIVERGED names the layer. */
EPX_CHECKED epx_status_t epx_substrate_gradient(epx_substrate_t *substrate,
                                                const epx_estimator_t *estimator,
                                                epx_params_t *gradient, epx_error_t *error);

EPX_CHECKED static inline epx_status_t epx_substrate_update(epx_substrate_t *substrate,
                                                            const epx_estimator_t *estimator,
                                                            const epx_update_rule_t *rule,
                                                            epx_error_t *error) {
  return substrate->ops->update(substrate, estimator, rule, error);
}

static inline void epx_substrate_states(epx_substrate_t *substrate, int layer, double *out) {
  substrate->ops->states(substrate, layer, out);
}

static inline size_t epx_substrate_sums_count(const epx_substrate_t *substrate) {
  return substrate->ops->sums_count(substrate);
}

static inline void epx_substrate_sums(epx_substrate_t *substrate, epx_sums_access_t access,
                                      void *sums) {
  substrate->ops->sums(substrate, access, sums);
}

#ifdef __cplusplus
}
#endif
#endif
