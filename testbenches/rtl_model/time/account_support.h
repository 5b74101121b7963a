// SPDX-License-Identifier: Apache-2.0
// An account with a plan made for it alone, as tests of single accounts want it.
#ifndef ACCOUNT_SUPPORT_H
#define ACCOUNT_SUPPORT_H

#include "epx_account.h"
#include "epx_plan.h"

inline epx_status_t account_with_plan(const epx_network_t *network, const epx_chip_t *chip,
                                      const epx_dynamics_t *dynamics,
                                      const epx_estimator_t *estimator, int batch,
                                      const epx_measured_t *measured, epx_account_t *account,
                                      epx_error_t *error) {
  epx_plan_t *plan = nullptr;
  epx_status_t status = epx_plan_make(network, chip, dynamics, &plan, error);
  if (status == EPX_OK) {
    status = epx_account_of(plan, dynamics, estimator, batch, measured, account, error);
  }
  epx_plan_destroy(plan);
  return status;
}

#endif
