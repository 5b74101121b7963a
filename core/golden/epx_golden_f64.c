/* SPDX-License-Identifier: Apache-2.0 */
/* The golden substrate in float64. */
#define REAL double
#define REAL_DTYPE EPX_DTYPE_F64
#define GEMM epx_blas_dgemm
#define WINOGRAD 0
#define GOLDEN(name) epx_golden_f64_##name
#define GOLDEN_NAME "golden"

#include "epx_golden_bptt_template.h"
/* Undefines the parameters, so it comes last. */
#include "epx_golden_create_template.h"
