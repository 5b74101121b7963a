/* SPDX-License-Identifier: Apache-2.0 */
/* The pooling loops for every instruction set, and the choice among them. */
#include "epx_pool.h"

#include "epx_cpu.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EPX_TARGET_AVX2 __attribute__((target("avx2")))
#define EPX_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,prefer-vector-width=512")))
#elif defined(__x86_64__) && defined(__clang__)
#define EPX_TARGET_AVX2 __attribute__((target("avx2")))
#define EPX_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))
#else
#define EPX_TARGET_AVX2
#define EPX_TARGET_AVX512
#endif

#define EPX_T int32_t
#define EPX_TARGET
#define EPX_NAME(x) epx_pool_##x##_s32_ref
#include "epx_pool.inc"
#define EPX_TARGET EPX_TARGET_AVX2
#define EPX_NAME(x) epx_pool_##x##_s32_avx2
#include "epx_pool.inc"
#define EPX_TARGET EPX_TARGET_AVX512
#define EPX_NAME(x) epx_pool_##x##_s32_avx512
#include "epx_pool.inc"
#undef EPX_T

#define EPX_T int64_t
#define EPX_TARGET
#define EPX_NAME(x) epx_pool_##x##_s64_ref
#include "epx_pool.inc"
#define EPX_TARGET EPX_TARGET_AVX2
#define EPX_NAME(x) epx_pool_##x##_s64_avx2
#include "epx_pool.inc"
#define EPX_TARGET EPX_TARGET_AVX512
#define EPX_NAME(x) epx_pool_##x##_s64_avx512
#include "epx_pool.inc"
#undef EPX_T

#define EPX_DISPATCH(type, op, parameters, arguments) \
  void epx_pool_##op##_##type parameters {            \
    switch (epx_cpu_level()) {                        \
      case EPX_CPU_AVX512:                            \
        epx_pool_##op##_##type##_avx512 arguments;    \
        return;                                       \
      case EPX_CPU_AVX2:                              \
        epx_pool_##op##_##type##_avx2 arguments;      \
        return;                                       \
      case EPX_CPU_SCALAR:                            \
        break;                                        \
    }                                                 \
    epx_pool_##op##_##type##_ref arguments;           \
  }

EPX_DISPATCH(s32, max,
             (const int32_t *in, int windows, ptrdiff_t ld, int units, int32_t *out,
              uint8_t *switches),
             (in, windows, ld, units, out, switches))
EPX_DISPATCH(s64, max,
             (const int64_t *in, int windows, ptrdiff_t ld, int units, int64_t *out,
              uint8_t *switches),
             (in, windows, ld, units, out, switches))
EPX_DISPATCH(s32, sum, (const int32_t *in, int windows, ptrdiff_t ld, int units, int32_t *out),
             (in, windows, ld, units, out))
EPX_DISPATCH(s64, sum, (const int64_t *in, int windows, ptrdiff_t ld, int units, int64_t *out),
             (in, windows, ld, units, out))
