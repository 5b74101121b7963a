/* SPDX-License-Identifier: Apache-2.0 */
/* The golden substrate in float32. */
#define REAL float
#define REAL_DTYPE EPX_DTYPE_F32
#define GEMM epx_blas_sgemm
#define WINOGRAD 1
#define GOLDEN(name) epx_golden_f32_##name
#define GOLDEN_NAME "golden"

#include "epx_golden_bptt_template.h"
/* Undefines the parameters, so it comes last. */
#include "epx_golden_create_template.h"
