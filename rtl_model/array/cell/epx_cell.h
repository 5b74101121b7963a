/* SPDX-License-Identifier: Apache-2.0 */
/* What conductances suffer, applied: read noise, programming error, stuck cells, drift, retention
 * (epx_cell_effects.h has the parameters and the laws of the errors).
 *
 * Cells are numbered row * columns + column. Each effect is a function of (seed, tile, draw number,
 * cell), see epx_array_random.h; functions take cells [first, first + count) and give the same bits
 * one by one or all at once. In and out may be the same array unless said. */
#ifndef EPX_CELL_H
#define EPX_CELL_H

#include <stddef.h>
#include <stdint.h>

#include "epx_cell_effects.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- read noise: fresh for every cell and read ---- */

void epx_read_noise_apply(const epx_read_noise_t *noise, epx_cell_range_t range, uint64_t seed,
                          uint64_t tile, uint64_t draw, size_t first, size_t count, const double *g,
                          double *read);

/* ---- programming error: g = target + e_device + e_cycle, limited to the range ---- */

void epx_program_error_apply(const epx_program_error_t *program, epx_cell_range_t range,
                             uint64_t seed, uint64_t tile, uint64_t draw, size_t first,
                             size_t count, const double *target, double *g);

/* ---- stuck cells: each with the given probability, for good ---- */

typedef enum epx_fault_t { EPX_FAULT_NONE, EPX_FAULT_STUCK_MIN, EPX_FAULT_STUCK_MAX } epx_fault_t;

epx_fault_t epx_fault_of(const epx_faults_t *faults, uint64_t seed, uint64_t tile, size_t cell);
/* map[i]: an epx_fault_t for cell first + i. */
void epx_faults_map(const epx_faults_t *faults, uint64_t seed, uint64_t tile, size_t first,
                    size_t count, uint8_t *map);
/* Replaces the conductance of stuck cells. */
void epx_faults_apply(epx_cell_range_t range, size_t count, const uint8_t *map, double *g);

/* ---- drift: g(t) = g0 (t / t0)^-nu for t > t0, nu = nu (1 + spread xi), at least 0, by cell ----
 */

double epx_drift_nu(const epx_drift_t *drift, uint64_t seed, uint64_t tile, size_t cell);
/* seconds >= 0 since the write of these cells. */
void epx_drift_apply(const epx_drift_t *drift, uint64_t seed, uint64_t tile, size_t first,
                     size_t count, double seconds, const double *g0, double *g);

/* ---- retention: g(t) = rest + (g0 - rest) e^(-t / tau), tau = tau e^(spread xi) by cell ---- */

double epx_retention_tau(const epx_retention_t *retention, uint64_t seed, uint64_t tile,
                         size_t cell);
/* Retention composes: two calls with t1 and t2 are, up to rounding, one with t1 + t2. */
void epx_retention_apply(const epx_retention_t *retention, uint64_t seed, uint64_t tile,
                         size_t first, size_t count, double seconds, const double *g0, double *g);

/* ---- to integers ---- */

/* code[i] = round(g[i] / unit * 2^fraction), ties to even, limited to 32 bits: cells as a product
 * of exact integers takes them. unit > 0, fraction 0 to 24. */
void epx_cells_to_codes(double unit, int fraction, size_t count, const double *g, int32_t *code);

#ifdef __cplusplus
}
#endif
#endif
