/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 VNNI sparse sums.
 *
 * Four rows are interleaved byte by byte (eight vpunpck), so that each 32-bit lane holds one
 * column's four bytes, which vpdpbusd multiplies by the four factors and adds exactly. 64 columns
 * stay in registers over all lists; the last 32 or fewer take vectors of half the width. The
 * shuffles cost as much as the multiplications or more; skipping zeros pays for them as soon as
 * less than about half of the vector is not zero.
 *
 * vpdpbusd wants one operand unsigned and one signed. Where both are unsigned, the factor f is
 * taken apart as 2 * (f >> 1) + (f & 1): two multiplications of the same interleaved rows.
 *
 * vpunpck works within 128-bit lanes: lane j of the q-th sum holds the columns 16 j + 4 q and the
 * three after it; epx_order_* transposes these lanes at the end. */
#include "epx_sparse_sum.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define EPX_INLINE inline __attribute__((always_inline))

enum { EPX_WIDE = 64, EPX_NARROW = 32 };

EPX_TARGET static EPX_INLINE void epx_order_wide(__m512i v[4]) {
  const __m512i a = _mm512_shuffle_i32x4(v[0], v[1], 0x44);
  const __m512i b = _mm512_shuffle_i32x4(v[2], v[3], 0x44);
  const __m512i c = _mm512_shuffle_i32x4(v[0], v[1], 0xee);
  const __m512i d = _mm512_shuffle_i32x4(v[2], v[3], 0xee);
  v[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  v[1] = _mm512_shuffle_i32x4(a, b, 0xdd);
  v[2] = _mm512_shuffle_i32x4(c, d, 0x88);
  v[3] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

EPX_TARGET static EPX_INLINE void epx_order_narrow(__m256i v[4]) {
  const __m256i a = v[0], b = v[2];
  v[0] = _mm256_permute2x128_si256(a, v[1], 0x20);
  v[2] = _mm256_permute2x128_si256(a, v[1], 0x31);
  v[1] = _mm256_permute2x128_si256(b, v[3], 0x20);
  v[3] = _mm256_permute2x128_si256(b, v[3], 0x31);
}

#define EPX_NAME(x) epx_##x##_wide
#define EPX_OP(x) _mm512_##x
#define EPX_VECTOR __m512i
#define EPX_MASK __mmask64
#define EPX_LANE_MASK(x) ((__mmask16)(x))
#define EPX_LANES 16
#define EPX_ZERO _mm512_setzero_si512()
#define EPX_LOAD(at) _mm512_loadu_si512(at)
#include "epx_sparse_sum_vnni.inc"
#undef EPX_NAME
#undef EPX_OP
#undef EPX_VECTOR
#undef EPX_MASK
#undef EPX_LANE_MASK
#undef EPX_LANES
#undef EPX_ZERO
#undef EPX_LOAD
#define EPX_NAME(x) epx_##x##_narrow
#define EPX_OP(x) _mm256_##x
#define EPX_VECTOR __m256i
#define EPX_MASK __mmask32
#define EPX_LANE_MASK(x) ((__mmask8)(x))
#define EPX_LANES 8
#define EPX_ZERO _mm256_setzero_si256()
#define EPX_LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#include "epx_sparse_sum_vnni.inc"

EPX_TARGET void epx_sparse_sum_u8s8s32_avx512(const int8_t *rows, const epx_sparse_list_t *list,
                                              int lists, int columns, int32_t *sum) {
  for (; columns >= EPX_WIDE; columns -= EPX_WIDE, rows += EPX_WIDE, sum += EPX_WIDE) {
    epx_columns_s8_wide(rows, list, lists, ~UINT64_C(0), true, sum);
  }
  const uint64_t mask = (UINT64_C(1) << columns) - 1;
  if (columns > EPX_NARROW) {
    epx_columns_s8_wide(rows, list, lists, mask, false, sum);
  } else if (columns == EPX_NARROW) {
    epx_columns_s8_narrow(rows, list, lists, mask, true, sum);
  } else if (columns > 0) {
    epx_columns_s8_narrow(rows, list, lists, mask, false, sum);
  }
}

EPX_TARGET void epx_sparse_sum_u8u8s32_avx512(const uint8_t *rows, const epx_sparse_list_t *list,
                                              int lists, int columns, int32_t scale, int32_t *sum) {
  for (; columns >= EPX_WIDE; columns -= EPX_WIDE, rows += EPX_WIDE, sum += EPX_WIDE) {
    epx_columns_u8_wide(rows, list, lists, ~UINT64_C(0), true, scale, sum);
  }
  const uint64_t mask = (UINT64_C(1) << columns) - 1;
  if (columns > EPX_NARROW) {
    epx_columns_u8_wide(rows, list, lists, mask, false, scale, sum);
  } else if (columns == EPX_NARROW) {
    epx_columns_u8_narrow(rows, list, lists, mask, true, scale, sum);
  } else if (columns > 0) {
    epx_columns_u8_narrow(rows, list, lists, mask, false, scale, sum);
  }
}

#else

void epx_sparse_sum_u8s8s32_avx512(const int8_t *rows, const epx_sparse_list_t *list, int lists,
                                   int columns, int32_t *sum) {
  epx_sparse_sum_u8s8s32_ref(rows, list, lists, columns, sum);
}

void epx_sparse_sum_u8u8s32_avx512(const uint8_t *rows, const epx_sparse_list_t *list, int lists,
                                   int columns, int32_t scale, int32_t *sum) {
  epx_sparse_sum_u8u8s32_ref(rows, list, lists, columns, scale, sum);
}

#endif
