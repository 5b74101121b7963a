/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the variant of the integer matrix product once, at the first call. */
#include "epx_gemm_u8s8s32.h"

#include <assert.h>
#include <stdatomic.h>

#include "epx_cpu.h"

static epx_gemm_u8s8s32_fn *epx_variant_of(epx_cpu_level_t level) {
  switch (level) {
    case EPX_CPU_AVX512:
      return epx_gemm_u8s8s32_avx512;
    case EPX_CPU_AVX2:
      return epx_gemm_u8s8s32_avx2;
    case EPX_CPU_SCALAR:
      break;
  }
  return epx_gemm_u8s8s32_ref;
}

void epx_gemm_u8s8s32(const uint8_t *a, const int32_t *row_offset, int m, int segments, int run,
                      ptrdiff_t segment_stride, const int8_t *packed, int n, int32_t *c,
                      ptrdiff_t ldc) {
  /* Threads that meet here first all find and store the same address: no order is needed. */
  static _Atomic(epx_gemm_u8s8s32_fn *) chosen; /* NULL before the first call */
  epx_gemm_u8s8s32_fn *variant = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (variant == NULL) {
    variant = epx_variant_of(epx_cpu_level());
    atomic_store_explicit(&chosen, variant, memory_order_relaxed);
  }
  assert(m >= 0 && n >= 0 && segments >= 0 && run >= 0 && run % 4 == 0);
  assert((int64_t)segments * run <= EPX_GEMM_MAX_K && ldc >= epx_gemm_padded_n(n));
  assert((uintptr_t)packed % 64 == 0);
  variant(a, row_offset, m, segments, run, segment_stride, packed, n, c, ldc);
}
