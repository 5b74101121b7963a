/* SPDX-License-Identifier: Apache-2.0 */
/* Equilibrium propagation on any substrate: the phases of one mini-batch, in the order of
 * epx_walk.h. Failures are those of the substrate's operations. */
#ifndef EPX_EP_H
#define EPX_EP_H

#include "epx_dynamics.h"
#include "epx_substrate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the substrate's relaxation to that of the dynamics, presents the batch, relaxes freely,
 * reads loss and class of every sample at the free state (loss [n], predicted [n]).
 * Errors: EPX_ERR_DIVERGED where a loss is not finite, with the first layer whose parameters or
 * states are not. */
EPX_CHECKED epx_status_t epx_ep_free(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                                     const epx_batch_t *batch, double *loss, uint8_t *predicted,
                                     epx_error_t *error);

/* Where the substrate takes ranges from data and has none yet: from this training step. */
EPX_CHECKED epx_status_t epx_ep_calibrate(epx_substrate_t *substrate, const epx_calibration_t *step,
                                          epx_error_t *error);

/* After epx_ep_free: runs the estimator's nudged phases and leaves its terms in the substrate's
 * accumulators (cleared first), ready for gradient() or update(). `sign`: +1 or -1, of beta, where
 * the estimator draws it (random_sign). */
EPX_CHECKED epx_status_t epx_ep_nudged(epx_substrate_t *substrate, const epx_dynamics_t *dynamics,
                                       const epx_estimator_t *estimator, int sign,
                                       epx_error_t *error);

/* Continual EP: the same phases, but the term of every nudged step, coefficient *
 * (dPhi/dtheta(t + 1) - dPhi/dtheta(t)), is applied as an update at once; the read-out's term at
 * each phase's last step. The rule must have neither momentum nor weight decay.
 * Source: Ernoult et al., "Equilibrium propagation with continual weight updates", 2020. */
EPX_CHECKED epx_status_t epx_ep_continual(epx_substrate_t *substrate,
                                          const epx_dynamics_t *dynamics,
                                          const epx_estimator_t *estimator, int sign,
                                          const epx_update_rule_t *rule, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
