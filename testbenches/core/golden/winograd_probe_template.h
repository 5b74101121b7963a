/* SPDX-License-Identifier: Apache-2.0 */
/* The golden template's products by minimal filtering, made callable from a test.
 *
 * Parameters, undefined at its end: REAL, GEMM and WINOGRAD of the golden template,
 *   PROBE(name)      winograd_probe_f32##name
 *   TRANSPOSE_PROBE  transpose_probe_f32 */
#ifndef WINOGRAD_PROBE_TEMPLATE_H
#define WINOGRAD_PROBE_TEMPLATE_H

#if !defined REAL || !defined GEMM || !defined WINOGRAD || !defined PROBE || \
    !defined TRANSPOSE_PROBE
#error "define REAL, GEMM, WINOGRAD, PROBE and TRANSPOSE_PROBE before including this template"
#endif

#include <stdlib.h>
#include <string.h>

#include "winograd_probe.h"

/* The template's other functions stay unused. */
#pragma GCC diagnostic ignored "-Wunused-function"

#include "epx_golden_transpose_template.h"
#include "epx_golden_winograd_template.h"

int PROBE(_pays)(const epx_geometry_t *g) {
  return winograd_fits(g) && winograd_pays(g);
}

int PROBE()(const epx_geometry_t *g, int count, const REAL *weight, const REAL *in, int held,
            unsigned skip, uint8_t *switches, REAL *out) {
  target_t target[32];
  REAL *u = malloc(winograd_weights_size(g) * sizeof(REAL));
  const winograd_t scratch = {malloc(winograd_border_size(g) * sizeof(REAL)),
                              malloc(16 * tiles_stride(g) * sizeof(REAL)),
                              malloc(16 * sums_stride(g) * sizeof(REAL))};
  const bool whole =
      u != NULL && scratch.bordered != NULL && scratch.v != NULL && scratch.m != NULL;
  if (whole) {
    memset(scratch.m, 0xff, 16 * sums_stride(g) * sizeof(REAL)); /* NaN: must not be read */
    for (int panel = 0; panel < winograd_panels(g); ++panel) {
      winograd_panel(g, weight, panel, u);
    }
    for (int i = 0; i < count; ++i) {
      const size_t at = (size_t)i * g->out_size;
      target[i] = (target_t){in + (size_t)i * g->in_size, (skip >> i & 1) != 0 ? NULL : out + at,
                             switches + at};
    }
    winograd_forward(g, u, target, count, held != 0, &scratch);
  }
  free(u);
  free(scratch.bordered);
  free(scratch.v);
  free(scratch.m);
  return whole;
}

int TRANSPOSE_PROBE(const epx_geometry_t *g, int count, const REAL *weight, const REAL *post,
                    unsigned skip, REAL *r) {
  target_t target[32];
  REAL *u = malloc(winograd_weights_size(g) * sizeof(REAL));
  const winograd_t scratch = {malloc((size_t)count * transpose_border_size(g) * sizeof(REAL)),
                              malloc((size_t)count * g->out_size * sizeof(REAL)),
                              malloc(9 * transpose_stride(g) * sizeof(REAL))};
  const bool whole =
      u != NULL && scratch.bordered != NULL && scratch.v != NULL && scratch.m != NULL;
  if (whole) {
    memset(scratch.m, 0xff, 9 * transpose_stride(g) * sizeof(REAL)); /* as above */
    for (int panel = 0; panel < transpose_panels(g); ++panel) {
      transpose_panel(g, weight, panel, u);
    }
    for (int i = 0; i < count; ++i) {
      target[i] = (target_t){post + (size_t)i * g->out_size,
                             (skip >> i & 1) != 0 ? NULL : r + (size_t)i * g->in_size, NULL};
    }
    transpose_mean(g, u, target, count, &scratch);
  }
  free(u);
  free(scratch.bordered);
  free(scratch.v);
  free(scratch.m);
  return whole;
}

#undef REAL
#undef GEMM
#undef WINOGRAD
#undef PROBE
#undef TRANSPOSE_PROBE

#endif
