/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 16-bit products: vpmaddwd and an addition; a panel takes two vectors. Eight sums, two
 * vectors of weights and what a row needs fill the sixteen registers. */
#include "epx_gemm_s16.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx2")))
#define EPX_INLINE inline __attribute__((always_inline))

enum { EPX_PARTS = 2, EPX_MAX_VECTORS = 2, EPX_MAX_ROWS = 4, EPX_MAX_SUMS = 8 };

#define EPX_VECTOR __m256i
#define EPX_OP(x) _mm256_##x
#define EPX_ZERO _mm256_setzero_si256()
#define EPX_LOAD(at) _mm256_load_si256((const __m256i *)(const void *)(at))
#define EPX_AND(x, y) _mm256_and_si256(x, y)
#define EPX_ADD_PAIRS(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))

/* c[0 .. 8) = or += low + 256 * high (split), low (else). */
EPX_TARGET static EPX_INLINE void epx_move(__m256i low, __m256i high, bool split, int64_t *c,
                                           bool add) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    __m256i *at = (__m256i *)(void *)(c + 4 * half);
    __m256i total = _mm256_cvtepi32_epi64(half == 0 ? _mm256_castsi256_si128(low)
                                                    : _mm256_extracti128_si256(low, 1));
    if (split) {
      const __m256i wide = _mm256_cvtepi32_epi64(half == 0 ? _mm256_castsi256_si128(high)
                                                           : _mm256_extracti128_si256(high, 1));
      total = _mm256_add_epi64(total, _mm256_slli_epi64(wide, 8));
    }
    if (add) {
      total = _mm256_add_epi64(total, _mm256_loadu_si256(at));
    }
    _mm256_storeu_si256(at, total);
  }
}

#include "epx_gemm_s16.inc"

EPX_TILE(4, 1)
EPX_TILE(2, 1)
EPX_TILE(1, 1)
EPX_SPLIT_TILE(2, 1)
EPX_SPLIT_TILE(1, 1)

static const epx_tiles_t epx_direct = {
    {{4, epx_direct_4x1}, {2, epx_direct_2x1}, {1, epx_direct_1x1}}};
static const epx_tiles_t epx_split = {{{2, epx_split_2x1}, {1, epx_split_1x1}}};

void epx_gemm_s16_avx2(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                       ptrdiff_t segment_stride, const int16_t *packed, int n,
                       epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc) {
  const epx_product_t product = {
      a,    row_offset, segments, run, segment_stride, (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK,
      sums, ldc};
  for (int first = 0; first < epx_gemm_padded_n(n); first += EPX_GEMM_N_BLOCK) {
    epx_panels(&product, sums.split ? &epx_split : &epx_direct, m,
               packed + first / EPX_GEMM_N_BLOCK * product.panel_size, c + first);
  }
}

#else

void epx_gemm_s16_avx2(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                       ptrdiff_t segment_stride, const int16_t *packed, int n,
                       epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc) {
  epx_gemm_s16_ref(a, row_offset, m, segments, run, segment_stride, packed, n, sums, c, ldc);
}

#endif
