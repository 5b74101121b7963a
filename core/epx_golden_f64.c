/* SPDX-License-Identifier: Apache-2.0 */
/* The golden substrate in float64. */
#include "epx_golden.h"

#include <stdio.h>

#define REAL double
#define REAL_DTYPE EPX_DTYPE_F64
#define GEMM cblas_dgemm
#define WINOGRAD 0
#define GOLDEN(name) epx_golden_f64_##name
#define GOLDEN_NAME "golden"
/* Parts of one file, in their order. */
/* clang-format off */
#include "epx_golden_layer.inc"
#include "epx_golden_winograd.inc"
#include "epx_golden_transpose.inc"
#include "epx_golden_memory.inc"
#include "epx_golden_neuron.inc"
#include "epx_golden_product.inc"
#include "epx_golden_relax.inc"
#include "epx_golden_present.inc"
#include "epx_golden_update.inc"
#include "epx_golden_bptt.inc"
#include "epx_golden_create.inc"
