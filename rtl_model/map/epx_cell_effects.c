/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_cell_effects.h"

#include <float.h>

epx_status_t epx_cell_range_check(epx_cell_range_t range, epx_error_t *error) {
  const double lowest = 0.0;
  if (!(range.g_min >= lowest && range.g_min < range.g_max && range.g_max <= 1e9)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "g_min, g_max: found %g and %g; expected 0 <= g_min < g_max <= 1e9",
                    range.g_min, range.g_max);
  }
  return EPX_OK;
}

static epx_status_t check_error(epx_noise_kind_t kind, double sigma, const char *key,
                                const char *name, epx_cell_range_t range, epx_error_t *error) {
  const epx_status_t status = epx_cell_range_check(range, error);
  if (status != EPX_OK) {
    return status;
  }
  if ((int)kind < EPX_NOISE_INDEPENDENT || kind > EPX_NOISE_INVERSE) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s.kind: found %d; expected independent, proportional or inverse", key,
                    (int)kind);
  }
  if (!(sigma >= 0.0 && sigma <= 10.0)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s.%s: found %g; expected a number in [0, 10]", key,
                    name, sigma);
  }
  if (kind == EPX_NOISE_INVERSE && !(range.g_min >= EPX_INVERSE_MIN * range.g_max)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s.kind: found inverse with g_min %g; expected g_min of at least %g of g_max, "
                    "by which the error is divided",
                    key, range.g_min, EPX_INVERSE_MIN);
  }
  return EPX_OK;
}

epx_status_t epx_read_noise_check(const epx_read_noise_t *noise, epx_cell_range_t range,
                                  epx_error_t *error) {
  return check_error(noise->kind, noise->sigma, "read_noise", "sigma", range, error);
}

epx_status_t epx_program_error_check(const epx_program_error_t *program, epx_cell_range_t range,
                                     epx_error_t *error) {
  const epx_status_t status =
      check_error(program->kind, program->device, "program_error", "device", range, error);
  return status == EPX_OK
             ? check_error(program->kind, program->cycle, "program_error", "cycle", range, error)
             : status;
}

epx_status_t epx_faults_check(const epx_faults_t *faults, epx_error_t *error) {
  const struct {
    const char *key;
    double value;
  } fraction[] = {{"faults.stuck_min", faults->stuck_min}, {"faults.stuck_max", faults->stuck_max}};
  for (int i = 0; i < 2; ++i) {
    if (!(fraction[i].value >= 0.0 && fraction[i].value <= 1.0)) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "%s: found %g; expected a fraction in [0, 1]",
                      fraction[i].key, fraction[i].value);
    }
  }
  if (faults->stuck_min + faults->stuck_max > 1.0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "faults.stuck_min + faults.stuck_max: found %g; expected at most 1",
                    faults->stuck_min + faults->stuck_max);
  }
  return EPX_OK;
}

static epx_status_t check(const char *key, double value, double low, double high,
                          epx_error_t *error) {
  return value >= low && value <= high
             ? EPX_OK
             : epx_fail(error, EPX_ERR_ARGUMENT, "%s: found %g; expected a number in [%g, %g]", key,
                        value, low, high);
}

epx_status_t epx_drift_check(const epx_drift_t *drift, epx_error_t *error) {
  epx_status_t status = check("drift.nu", drift->nu, 0.0, 10.0, error);
  status = status == EPX_OK ? check("drift.spread", drift->spread, 0.0, 10.0, error) : status;
  return status == EPX_OK ? check("drift.t0", drift->t0, 1e-12, 1e12, error) : status;
}

epx_status_t epx_retention_check(const epx_retention_t *retention, epx_cell_range_t range,
                                 epx_error_t *error) {
  epx_status_t status = epx_cell_range_check(range, error);
  /* Its logarithm is taken, which takes normal numbers only. */
  status = status == EPX_OK ? check("retention.tau", retention->tau, DBL_MIN, 1e18, error) : status;
  status =
      status == EPX_OK ? check("retention.spread", retention->spread, 0.0, 10.0, error) : status;
  return status == EPX_OK
             ? check("retention.rest", retention->rest, range.g_min, range.g_max, error)
             : status;
}
