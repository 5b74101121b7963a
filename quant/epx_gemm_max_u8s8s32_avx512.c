/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 VNNI integer matrix product with the maximum of every four rows.
 *
 * As in epx_gemm_u8s8s32_avx512.c, sums stay in registers for the whole of K. A tile is eight sums,
 * twice the latency of vpdpbusd: one window (four rows) by two panels, or two windows by the last
 * panel where their number is odd. What makes short products slow is their ends: here a tile ends
 * in six comparisons and maxima a panel, which overlap with the next tile's multiplications, and
 * stores a quarter of its sums. */
#include "epx_gemm_max_u8s8s32.h"

#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

enum { EPX_GROUP_BYTES = 4 * EPX_GEMM_N_BLOCK, EPX_WINDOW = 4 };

typedef struct epx_product_t {
  const uint8_t *a;
  const int32_t *row_offset;
  int windows;
  int segments;
  int run;
  ptrdiff_t segment_stride;
  const int8_t *packed;
  ptrdiff_t panel_bytes;
  int n;
  int32_t *out;
  uint8_t *switches;
} epx_product_t;

/* The largest of four rows of one panel and its place, for the columns in the mask. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_finish(
    const __m512i *sum, int stride, __mmask16 columns, int32_t *out, uint8_t *switches) {
  const __m512i a = sum[0], b = sum[stride], c = sum[2 * stride], d = sum[3 * stride];
  const __m512i ab = _mm512_max_epi32(a, b), cd = _mm512_max_epi32(c, d);
  const __mmask16 b_wins = _mm512_cmpgt_epi32_mask(b, a), d_wins = _mm512_cmpgt_epi32_mask(d, c);
  const __mmask16 cd_wins = _mm512_cmpgt_epi32_mask(cd, ab);
  const __m128i second = _mm_mask_mov_epi8(_mm_set1_epi8(2), d_wins, _mm_set1_epi8(3));
  const __m128i first = _mm_maskz_mov_epi8(b_wins, _mm_set1_epi8(1));
  _mm512_mask_storeu_epi32(out, columns, _mm512_max_epi32(ab, cd));
  _mm_mask_storeu_epi8(switches, columns, _mm_mask_mov_epi8(first, cd_wins, second));
}

/* Adds one step of four k: row r reads at row[r] + at, panel p at weights + p * panel_bytes. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_step(
    __m512i *sum, int rows, int panels, const uint8_t *const *row, ptrdiff_t at,
    const int8_t *weights, ptrdiff_t panel_bytes) {
  __m512i w[2];
#pragma GCC unroll 2
  for (int p = 0; p < panels; p++) {
    w[p] = _mm512_load_si512(weights + p * panel_bytes);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
    int32_t four_bytes;
    memcpy(&four_bytes, row[r] + at, sizeof four_bytes);
    const __m512i x = _mm512_set1_epi32(four_bytes);
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
      sum[r * panels + p] = _mm512_dpbusd_epi32(sum[r * panels + p], x, w[p]);
      __asm__("" : "+v"(sum[r * panels + p])); /* else GCC 12 copies each sum twice a step */
    }
  }
}

/* Windows i and, where `windows` is 2, i + 1 (or i again if there is none) by panels `panel` up, of
 * which `columns` are the columns. `windows` and `panels` are constants where this is inlined. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_tile(const epx_product_t *product,
                                                                      int i, int panel, int windows,
                                                                      int panels,
                                                                      const __mmask16 *columns) {
  const uint8_t *row[2 * EPX_WINDOW];
  __m512i sum[2 * EPX_WINDOW];
  const ptrdiff_t window[2] = {i, i + 1 < product->windows ? i + 1 : i};
#pragma GCC unroll 8
  for (int r = 0; r < EPX_WINDOW * windows; r++) {
    row[r] = product->a + product->row_offset[EPX_WINDOW * window[r / EPX_WINDOW] + r % EPX_WINDOW];
  }
#pragma GCC unroll 8
  for (int s = 0; s < 2 * EPX_WINDOW; s++) {
    sum[s] = _mm512_setzero_si512();
  }
  const ptrdiff_t panel_bytes = product->panel_bytes;
  const int8_t *weights = product->packed + panel * panel_bytes;
  ptrdiff_t segment_at = 0;
  for (int j = 0; j < product->segments; j++) {
    const ptrdiff_t end = segment_at + product->run;
    for (ptrdiff_t at = segment_at; at < end; at += 4) {
      epx_step(sum, EPX_WINDOW * windows, panels, row, at, weights, panel_bytes);
      weights += EPX_GROUP_BYTES;
    }
    segment_at += product->segment_stride;
  }
#pragma GCC unroll 2
  for (int v = 0; v < windows; v++) {
    const ptrdiff_t at = window[v] * product->n + (ptrdiff_t)panel * EPX_GEMM_N_BLOCK;
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
      epx_finish(sum + v * EPX_WINDOW * panels + p, panels, columns[p],
                 product->out + at + p * EPX_GEMM_N_BLOCK,
                 product->switches + at + p * EPX_GEMM_N_BLOCK);
    }
  }
}

/* The columns of a panel that exist. */
static __mmask16 epx_columns(int n, int panel) {
  const int left = n - panel * EPX_GEMM_N_BLOCK;
  return (__mmask16)(left < EPX_GEMM_N_BLOCK ? (1 << left) - 1 : 0xffff);
}

/* The product comes by value: the compiler may then keep it, whatever is stored. */
EPX_TARGET static void epx_one_panel(const epx_product_t product, int panel) {
  const __mmask16 columns = epx_columns(product.n, panel);
  for (int i = 0; i < product.windows; i += 2) {
    epx_tile(&product, i, panel, 2, 1, &columns);
  }
}

EPX_TARGET static void epx_two_panels(const epx_product_t product, int panel) {
  const __mmask16 columns[2] = {epx_columns(product.n, panel), epx_columns(product.n, panel + 1)};
  for (int i = 0; i < product.windows; i++) {
    epx_tile(&product, i, panel, 1, 2, columns);
  }
}

void epx_gemm_max_u8s8s32_avx512(const uint8_t *a, const int32_t *row_offset, int windows,
                                 int segments, int run, ptrdiff_t segment_stride,
                                 const int8_t *packed, int n, int32_t *out, uint8_t *switches) {
  const epx_product_t product = {.a = a,
                                 .row_offset = row_offset,
                                 .windows = windows,
                                 .segments = segments,
                                 .run = run,
                                 .segment_stride = segment_stride,
                                 .packed = packed,
                                 .panel_bytes = (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK,
                                 .n = n,
                                 .out = out,
                                 .switches = switches};
  const int panels = epx_gemm_padded_n(n) / EPX_GEMM_N_BLOCK;
  int panel = 0;
  for (; panel + 2 <= panels; panel += 2) {
    epx_two_panels(product, panel);
  }
  if (panel < panels) {
    epx_one_panel(product, panel);
  }
}

#else

void epx_gemm_max_u8s8s32_avx512(const uint8_t *a, const int32_t *row_offset, int windows,
                                 int segments, int run, ptrdiff_t segment_stride,
                                 const int8_t *packed, int n, int32_t *out, uint8_t *switches) {
  epx_gemm_max_u8s8s32_ref(a, row_offset, windows, segments, run, segment_stride, packed, n, out,
                           switches);
}

#endif
