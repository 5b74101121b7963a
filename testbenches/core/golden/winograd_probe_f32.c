/* SPDX-License-Identifier: Apache-2.0 */
#define REAL float
#define GEMM epx_blas_sgemm
#define WINOGRAD 1
#define PROBE(name) winograd_probe_f32##name
#define TRANSPOSE_PROBE transpose_probe_f32
#include "winograd_probe_template.h"

int transpose_probe_samples(const epx_geometry_t *g) {
  const int samples = transpose_rows(g) / (g->out_height * g->out_width);
  return samples < 1 ? 1 : samples;
}
