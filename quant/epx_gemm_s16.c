/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses how the 16-bit products keep their sums, and the variant by the processor's level. */
#include "epx_gemm_s16.h"

#include <assert.h>

#include "epx_cpu.h"

enum { EPX_LEAST_PERIOD = 16, EPX_SPLIT_PERIOD = 128 };

epx_gemm_s16_sums_t epx_gemm_s16_sums(bool is_signed, int max_a, int max_b) {
  const int64_t step = INT64_C(2) * (max_a > 0 ? max_a : 1) * (max_b > 0 ? max_b : 1);
  const int64_t period = INT32_MAX / step;
  const bool split = (!is_signed && max_a > INT16_MAX) || period < EPX_LEAST_PERIOD;
  return (epx_gemm_s16_sums_t){is_signed, split, split ? EPX_SPLIT_PERIOD : (int)period};
}

static epx_gemm_s16_fn *variant(void) {
  switch (epx_cpu_level()) {
    case EPX_CPU_AVX512:
      return epx_gemm_s16_avx512;
    case EPX_CPU_AVX2:
      return epx_gemm_s16_avx2;
    case EPX_CPU_SCALAR:
      break;
  }
  return epx_gemm_s16_ref;
}

void epx_gemm_u16s16s64(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                        ptrdiff_t segment_stride, const int16_t *packed, int n, int max_a,
                        int max_b, int64_t *c, ptrdiff_t ldc) {
  assert(m >= 0 && n >= 0 && segments >= 0 && run >= 0 && run % 2 == 0);
  assert(max_a <= UINT16_MAX && max_b <= -INT16_MIN && ldc >= epx_gemm_padded_n(n));
  variant()(a, row_offset, m, segments, run, segment_stride, packed, n,
            epx_gemm_s16_sums(false, max_a, max_b), c, ldc);
}

void epx_gemm_s16s16s64(const int16_t *a, const int32_t *row_offset, int m, int segments, int run,
                        ptrdiff_t segment_stride, const int16_t *packed, int n, int max_a,
                        int max_b, int64_t *c, ptrdiff_t ldc) {
  assert(m >= 0 && n >= 0 && segments >= 0 && run >= 0 && run % 2 == 0);
  assert(max_a <= -INT16_MIN && max_b <= -INT16_MIN && ldc >= epx_gemm_padded_n(n));
  variant()((const uint16_t *)(const void *)a, row_offset, m, segments, run, segment_stride, packed,
            n, epx_gemm_s16_sums(true, max_a, max_b), c, ldc);
}
