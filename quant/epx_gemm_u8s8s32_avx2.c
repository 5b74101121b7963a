/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 integer matrix product.
 *
 * vpmaddubsw would multiply unsigned by signed bytes, but saturates its sums of two products at 16
 * bits (2 * 255 * 128 does not fit). So both operands are widened to 16 bits, each 32-bit lane (one
 * column, four k) split into its even and its odd bytes, and vpmaddwd adds the products of two k
 * exactly to 32 bits: two of them serve one row of A and eight columns for four k.
 *
 * C is computed in tiles of up to four rows by one panel of 16 columns that stay in registers for
 * the whole of K: eight sums, four registers of widened weights and two of widened A fill the
 * sixteen. The last rows take the smallest tile that covers them; its spare rows repeat the last
 * row, so they read only what may be read and store the same values twice. */
#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx2")))

enum { EPX_GROUP_BYTES = 4 * EPX_GEMM_N_BLOCK, EPX_MAX_ROWS = 4 };

/* Four rows of bytes and the way from one segment to the next. */
typedef struct epx_rows_t {
  const uint8_t *row[EPX_MAX_ROWS];
  int32_t *c[EPX_MAX_ROWS];
  int segments;
  int run;
  ptrdiff_t segment_stride;
} epx_rows_t;

/* The bytes 0 and 2, or 1 and 3, of each 32-bit lane, sign-extended to 16 bits. */
EPX_TARGET static inline __m256i epx_even_signed(__m256i bytes) {
  return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}
EPX_TARGET static inline __m256i epx_odd_signed(__m256i bytes) {
  return _mm256_srai_epi16(bytes, 8);
}

/* sum + the products of one step of four k for eight columns. */
EPX_TARGET static inline __m256i epx_add_products(__m256i sum, __m256i a_even, __m256i b_even,
                                                  __m256i a_odd, __m256i b_odd) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a_even, b_even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a_odd, b_odd));
}

/* Adds one step of four k, row r reading at row[r] + at. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_step(__m256i *sum, int rows,
                                                                      const uint8_t *const *row,
                                                                      ptrdiff_t at,
                                                                      const int8_t *weights) {
  const __m256i left = _mm256_load_si256((const __m256i *)(const void *)weights);
  const __m256i right = _mm256_load_si256((const __m256i *)(const void *)(weights + 32));
  const __m256i left_even = epx_even_signed(left);
  const __m256i left_odd = epx_odd_signed(left);
  const __m256i right_even = epx_even_signed(right);
  const __m256i right_odd = epx_odd_signed(right);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    int32_t four_bytes;
    memcpy(&four_bytes, row[r] + at, sizeof four_bytes);
    const __m256i a = _mm256_set1_epi32(four_bytes);
    const __m256i a_even = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
    const __m256i a_odd = _mm256_srli_epi16(a, 8);
    sum[2 * r] = epx_add_products(sum[2 * r], a_even, left_even, a_odd, left_odd);
    sum[2 * r + 1] = epx_add_products(sum[2 * r + 1], a_even, right_even, a_odd, right_odd);
  }
}

/* One tile; `rows` is a constant where this is inlined. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_tile(const epx_rows_t *from,
                                                                      int rows,
                                                                      const int8_t *weights) {
  const uint8_t *row[EPX_MAX_ROWS];
  __m256i sum[2 * EPX_MAX_ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    row[r] = from->row[r];
    sum[2 * r] = _mm256_setzero_si256();
    sum[2 * r + 1] = _mm256_setzero_si256();
  }
  for (int j = 0; j < from->segments; j++) {
    const ptrdiff_t begin = j * from->segment_stride;
    for (ptrdiff_t at = begin; at < begin + from->run; at += 4) {
      epx_step(sum, rows, row, at, weights);
      weights += EPX_GROUP_BYTES;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    _mm256_storeu_si256((__m256i *)(void *)from->c[r], sum[2 * r]);
    _mm256_storeu_si256((__m256i *)(void *)(from->c[r] + 8), sum[2 * r + 1]);
  }
}

EPX_TARGET static void epx_tile_1(const epx_rows_t *from, const int8_t *weights) {
  epx_tile(from, 1, weights);
}
EPX_TARGET static void epx_tile_2(const epx_rows_t *from, const int8_t *weights) {
  epx_tile(from, 2, weights);
}
EPX_TARGET static void epx_tile_4(const epx_rows_t *from, const int8_t *weights) {
  epx_tile(from, 4, weights);
}

void epx_gemm_u8s8s32_avx2(const uint8_t *a, const int32_t *row_offset, int m, int segments,
                           int run, ptrdiff_t segment_stride, const int8_t *packed, int n,
                           int32_t *c, ptrdiff_t ldc) {
  const ptrdiff_t panel_bytes = (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK;
  const int panels = epx_gemm_padded_n(n) / EPX_GEMM_N_BLOCK;
  for (int panel = 0; panel < panels; panel++) {
    const int8_t *weights = packed + panel * panel_bytes;
    for (int first = 0; first < m; first += EPX_MAX_ROWS) {
      epx_rows_t from = {.segments = segments, .run = run, .segment_stride = segment_stride};
      for (int r = 0; r < EPX_MAX_ROWS; r++) {
        const int row = first + r < m ? first + r : m - 1;
        from.row[r] = a + row_offset[row];
        from.c[r] = c + row * ldc + (ptrdiff_t)panel * EPX_GEMM_N_BLOCK;
      }
      if (m - first > 2) {
        epx_tile_4(&from, weights);
      } else if (m - first == 2) {
        epx_tile_2(&from, weights);
      } else {
        epx_tile_1(&from, weights);
      }
    }
  }
}

#else

void epx_gemm_u8s8s32_avx2(const uint8_t *a, const int32_t *row_offset, int m, int segments,
                           int run, ptrdiff_t segment_stride, const int8_t *packed, int n,
                           int32_t *c, ptrdiff_t ldc) {
  epx_gemm_u8s8s32_ref(a, row_offset, m, segments, run, segment_stride, packed, n, c, ldc);
}

#endif
