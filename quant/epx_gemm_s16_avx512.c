/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 VNNI 16-bit products: vpdpwssd multiplies two signed 16-bit pairs in each of its 16 lanes
 * and adds both products to 32 bits; one instruction serves one row of A and one panel for two k.
 * Up to 24 sums hide its latency. */
#include "epx_gemm_s16.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define EPX_INLINE inline __attribute__((always_inline))

enum { EPX_PARTS = 1, EPX_MAX_VECTORS = 4, EPX_MAX_ROWS = 12, EPX_MAX_SUMS = 24 };

#define EPX_VECTOR __m512i
#define EPX_OP(x) _mm512_##x
#define EPX_ZERO _mm512_setzero_si512()
#define EPX_LOAD(at) _mm512_load_si512(at)
#define EPX_AND(x, y) _mm512_and_si512(x, y)
#define EPX_ADD_PAIRS(sum, a, b) _mm512_dpwssd_epi32(sum, a, b)

/* c[0 .. 16) = or += low + 256 * high (split), low (else). */
EPX_TARGET static EPX_INLINE void epx_move(__m512i low, __m512i high, bool split, int64_t *c,
                                           bool add) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    __m512i total = _mm512_cvtepi32_epi64(half == 0 ? _mm512_castsi512_si256(low)
                                                    : _mm512_extracti64x4_epi64(low, 1));
    if (split) {
      const __m512i wide = _mm512_cvtepi32_epi64(half == 0 ? _mm512_castsi512_si256(high)
                                                           : _mm512_extracti64x4_epi64(high, 1));
      total = _mm512_add_epi64(total, _mm512_slli_epi64(wide, 8));
    }
    if (add) {
      total = _mm512_add_epi64(total, _mm512_loadu_si512(c + 8 * half));
    }
    _mm512_storeu_si512(c + 8 * half, total);
  }
}

#include "epx_gemm_s16.inc"

EPX_TILE(6, 4)
EPX_TILE(3, 4)
EPX_TILE(1, 4)
EPX_TILE(12, 2)
EPX_TILE(6, 2)
EPX_TILE(2, 2)
EPX_TILE(1, 2)
EPX_TILE(8, 1)
EPX_TILE(4, 1)
EPX_TILE(1, 1)
EPX_SPLIT_TILE(3, 4)
EPX_SPLIT_TILE(1, 4)
EPX_SPLIT_TILE(6, 2)
EPX_SPLIT_TILE(2, 2)
EPX_SPLIT_TILE(1, 2)
EPX_SPLIT_TILE(8, 1)
EPX_SPLIT_TILE(4, 1)
EPX_SPLIT_TILE(1, 1)

static const epx_tiles_t epx_direct[3] =
    {/* of 1, 2 and 4 panels */
     {{{8, epx_direct_8x1}, {4, epx_direct_4x1}, {1, epx_direct_1x1}}},
     {{{12, epx_direct_12x2}, {6, epx_direct_6x2}, {2, epx_direct_2x2}, {1, epx_direct_1x2}}},
     {{{6, epx_direct_6x4}, {3, epx_direct_3x4}, {1, epx_direct_1x4}}}};
static const epx_tiles_t epx_split[3] = {
    {{{8, epx_split_8x1}, {4, epx_split_4x1}, {1, epx_split_1x1}}},
    {{{6, epx_split_6x2}, {2, epx_split_2x2}, {1, epx_split_1x2}}},
    {{{3, epx_split_3x4}, {1, epx_split_1x4}}}};

void epx_gemm_s16_avx512(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                         ptrdiff_t segment_stride, const int16_t *packed, int n,
                         epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc) {
  const epx_product_t product = {
      a,    row_offset, segments, run, segment_stride, (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK,
      sums, ldc};
  const int panels = epx_gemm_padded_n(n) / EPX_GEMM_N_BLOCK;
  const epx_tiles_t *tiles = sums.split ? epx_split : epx_direct;
  for (int panel = 0; panel < panels;) {
    const int wide = panels - panel >= 4 ? 2 : panels - panel >= 2 ? 1 : 0;
    epx_panels(&product, &tiles[wide], m, packed + panel * product.panel_size,
               c + (ptrdiff_t)panel * EPX_GEMM_N_BLOCK);
    panel += 1 << wide;
  }
}

#else

void epx_gemm_s16_avx512(const uint16_t *a, const int32_t *row_offset, int m, int segments, int run,
                         ptrdiff_t segment_stride, const int16_t *packed, int n,
                         epx_gemm_s16_sums_t sums, int64_t *c, ptrdiff_t ldc) {
  epx_gemm_s16_ref(a, row_offset, m, segments, run, segment_stride, packed, n, sums, c, ldc);
}

#endif
