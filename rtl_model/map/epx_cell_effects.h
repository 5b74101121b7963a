/* SPDX-License-Identifier: Apache-2.0 */
/* What conductances suffer, as configured: read noise, programming error, stuck cells, drift,
 * retention. rtl_model/array/cell/epx_cell.h applies them.
 *
 * Conductances g are real numbers in [g_min, g_max], in any one unit (siemens, or fractions of
 * g_max). Errors e of read noise and of programming, xi standard normal:
 *
 *   independent     e = sigma g_max xi
 *   proportional    e = sigma g xi
 *   inverse         e = sigma g_max (g_max / g) xi; g_min >= 1e-6 g_max
 *
 * (the three dependences of CrossSim's generic device models, which are normalised to g_max). A
 * read is not limited to [g_min, g_max], being a sum of current and noise; a programmed cell is. */
#ifndef EPX_CELL_EFFECTS_H
#define EPX_CELL_EFFECTS_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_cell_range_t {
  double g_min, g_max; /* 0 <= g_min < g_max */
} epx_cell_range_t;

typedef enum epx_noise_kind_t {
  EPX_NOISE_INDEPENDENT,
  EPX_NOISE_PROPORTIONAL,
  EPX_NOISE_INVERSE
} epx_noise_kind_t;

/* The least g_min / g_max of errors that are inverse to g: an error is at most 1e6 times sigma
 * g_max xi, far beyond any device, and no square of it overflows. */
#define EPX_INVERSE_MIN 1e-6

/* Errors of parameters name the key below and what was expected. */
EPX_CHECKED epx_status_t epx_cell_range_check(epx_cell_range_t range, epx_error_t *error);

/* ---- read noise: fresh for every cell and read ---- */

typedef struct epx_read_noise_t {
  epx_noise_kind_t kind; /* read_noise.kind */
  double sigma;          /* read_noise.sigma, in [0, 10] */
} epx_read_noise_t;

EPX_CHECKED epx_status_t epx_read_noise_check(const epx_read_noise_t *noise, epx_cell_range_t range,
                                              epx_error_t *error);
/* ---- programming error: g = target + e_device + e_cycle, limited to the range ---- */

typedef struct epx_program_error_t {
  epx_noise_kind_t kind; /* program_error.kind, of both */
  double device; /* program_error.device, in [0, 10]: the same xi at every write of a cell */
  double cycle;  /* program_error.cycle, in [0, 10]: a new xi at every write */
} epx_program_error_t;

EPX_CHECKED epx_status_t epx_program_error_check(const epx_program_error_t *program,
                                                 epx_cell_range_t range, epx_error_t *error);
/* ---- stuck cells: each with the given probability, for good ---- */

typedef struct epx_faults_t {
  double stuck_min, stuck_max; /* faults.stuck_min, faults.stuck_max: in [0, 1], sum at most 1 */
} epx_faults_t;

EPX_CHECKED epx_status_t epx_faults_check(const epx_faults_t *faults, epx_error_t *error);

/* ---- drift: g(t) = g0 (t / t0)^-nu for t > t0, nu = nu (1 + spread xi), at least 0, by cell ----
 */

typedef struct epx_drift_t {
  double nu;     /* drift.nu, in [0, 10] */
  double spread; /* drift.spread, relative rms from cell to cell, in [0, 10] */
  double t0;     /* drift.t0, seconds after the write, above 0; up to it nothing changes */
} epx_drift_t;

EPX_CHECKED epx_status_t epx_drift_check(const epx_drift_t *drift, epx_error_t *error);
/* ---- retention: g(t) = rest + (g0 - rest) e^(-t / tau), tau = tau e^(spread xi) by cell ---- */

typedef struct epx_retention_t {
  double tau;    /* retention.tau, median in seconds, above 0 */
  double spread; /* retention.spread, rms of ln tau from cell to cell, in [0, 10] */
  double rest;   /* retention.rest, where cells go, in [g_min, g_max] */
} epx_retention_t;

EPX_CHECKED epx_status_t epx_retention_check(const epx_retention_t *retention,
                                             epx_cell_range_t range, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
