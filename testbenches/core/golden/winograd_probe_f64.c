/* SPDX-License-Identifier: Apache-2.0 */
#define REAL double
#define GEMM epx_blas_dgemm
#define WINOGRAD 0
#define PROBE(name) winograd_probe_f64##name
#define TRANSPOSE_PROBE transpose_probe_f64
#include "winograd_probe_template.h"
