/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_substrate.h"

epx_status_t epx_substrate_present(epx_substrate_t *substrate, const epx_batch_t *batch,
                                   epx_error_t *error) {
  if (batch->n < 0 || batch->n > substrate->capacity) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%d samples; expected 0 to %d, this %s's capacity",
                    batch->n, substrate->capacity, substrate->ops->name);
  }
  if (batch->first < 0 || batch->total < 1 || batch->first > batch->total - batch->n) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "samples %d to %d of a mini-batch of %d; expected a part of it", batch->first,
                    batch->first + batch->n - 1, batch->total);
  }
  return substrate->ops->present(substrate, batch, error);
}

epx_status_t epx_substrate_gradient(epx_substrate_t *substrate, const epx_estimator_t *estimator,
                                    epx_params_t *gradient, epx_error_t *error) {
  substrate->ops->gradient(substrate, estimator, gradient);
  return epx_params_finite(gradient, "the gradient of ", error);
}
