/* SPDX-License-Identifier: Apache-2.0 */
/* Drift and retention: what a conductance becomes with time after its write. */
#include "epx_array_random.h"
#include "epx_cell.h"
#include "epx_clones.h"

static uint64_t static_key(uint64_t seed, epx_array_purpose_t purpose, uint64_t tile) {
  return epx_array_draw_key(epx_array_key(seed, purpose, tile), EPX_ARRAY_STATIC);
}

static inline double nu_of(double nu, double spread, uint64_t key, size_t cell) {
  const double value = nu * (1.0 + spread * epx_array_normal(key, cell));
  return value < 0.0 ? 0.0 : value;
}

static inline double log_tau_of(double log_tau, double spread, uint64_t key, size_t cell) {
  return log_tau + spread * epx_array_normal(key, cell);
}

double epx_drift_nu(const epx_drift_t *drift, uint64_t seed, uint64_t tile, size_t cell) {
  return nu_of(drift->nu, drift->spread, static_key(seed, EPX_ARRAY_DRIFT, tile), cell);
}

double epx_retention_tau(const epx_retention_t *retention, uint64_t seed, uint64_t tile,
                         size_t cell) {
  const uint64_t key = static_key(seed, EPX_ARRAY_RETENTION, tile);
  return epx_math_exp(log_tau_of(epx_math_log(retention->tau), retention->spread, key, cell));
}

EPX_CLONES static void decay(double nu, double spread, double log_time, uint64_t key, size_t first,
                             size_t count, const double *g0, double *g) {
  for (size_t i = 0; i < count; ++i) {
    g[i] = g0[i] * epx_math_exp(-nu_of(nu, spread, key, first + i) * log_time);
  }
}

EPX_CLONES static void relax(double log_tau, double spread, double rest, double seconds,
                             uint64_t key, size_t first, size_t count, const double *g0,
                             double *g) {
  for (size_t i = 0; i < count; ++i) {
    const double rate = epx_math_exp(-log_tau_of(log_tau, spread, key, first + i));
    g[i] = rest + (g0[i] - rest) * epx_math_exp(-seconds * rate);
  }
}

void epx_drift_apply(const epx_drift_t *drift, uint64_t seed, uint64_t tile, size_t first,
                     size_t count, double seconds, const double *g0, double *g) {
  const double log_time = seconds > drift->t0 ? epx_math_log(seconds / drift->t0) : 0.0;
  decay(drift->nu, drift->spread, log_time, static_key(seed, EPX_ARRAY_DRIFT, tile), first, count,
        g0, g);
}

void epx_retention_apply(const epx_retention_t *retention, uint64_t seed, uint64_t tile,
                         size_t first, size_t count, double seconds, const double *g0, double *g) {
  relax(epx_math_log(retention->tau), retention->spread, retention->rest, seconds,
        static_key(seed, EPX_ARRAY_RETENTION, tile), first, count, g0, g);
}
