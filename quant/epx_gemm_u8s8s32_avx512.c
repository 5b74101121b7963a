/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 VNNI integer matrix product.
 *
 * vpdpbusd multiplies four unsigned by four signed bytes in each of its 16 lanes and adds the exact
 * sum to 32 bits: one instruction serves one row of A and one packed panel for four k. C is
 * computed in tiles of rows x panels that stay in registers for the whole of K; every step of four
 * k loads the panels' weights once and broadcasts four bytes of each row. 24 accumulators hide the
 * latency of the instruction and keep the loads well below the multiplications:
 *
 *   panels (16 columns each)   4   3   2   1
 *   rows of the largest tile   6   8  12   8
 *
 * A single panel stops at eight rows: the rows of a dense layer often lie a power of two bytes
 * apart and share a few sets of the first-level cache; more rows than it has ways would evict each
 * other.
 *
 * The last rows take the smallest tile that covers them; the tile's spare rows repeat the last row,
 * so they read only what may be read and store the same values twice. */
#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

enum {
  EPX_GROUP_BYTES = 4 * EPX_GEMM_N_BLOCK,
  EPX_MAX_ROWS = 12,
  EPX_MAX_PANELS = 4,
  EPX_MAX_SUMS = 24
};

/* The arguments of the product, with those that every tile derives from them. */
typedef struct epx_product_t {
  const uint8_t *a;
  const int32_t *row_offset;
  int m;
  int segments;
  int run;
  ptrdiff_t segment_stride;
  const int8_t *packed;
  ptrdiff_t panel_bytes;
  int32_t *c;
  ptrdiff_t ldc;
} epx_product_t;

/* Adds one step of four k: row r reads at row[r] + at, panel p at weights + p * panel_bytes. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_step(
    __m512i *sum, int rows, int panels, const uint8_t *const *row, ptrdiff_t at,
    const int8_t *weights, ptrdiff_t panel_bytes) {
  __m512i w[EPX_MAX_PANELS];
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
    w[p] = _mm512_load_si512(weights + p * panel_bytes);
  }
#pragma GCC unroll 24
  for (int r = 0; r < rows; r++) {
    int32_t four_bytes;
    memcpy(&four_bytes, row[r] + at, sizeof four_bytes);
    const __m512i x = _mm512_set1_epi32(four_bytes);
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
      sum[r * panels + p] = _mm512_dpbusd_epi32(sum[r * panels + p], x, w[p]);
    }
  }
}

/* C[row0 .. row0 + rows)[panel0 .. panel0 + panels), rows past m excepted. `rows`, `panels` and
 * `split` are constants where this is inlined; `split` sets of accumulators take turns along k, for
 * tiles too small to hide the latency otherwise. */
EPX_TARGET static inline __attribute__((always_inline)) void epx_tile(const epx_product_t *product,
                                                                      int row0, int panel0,
                                                                      int rows, int panels,
                                                                      int split) {
  const uint8_t *row[EPX_MAX_ROWS];
  __m512i sum[EPX_MAX_SUMS];
#pragma GCC unroll 24
  for (int r = 0; r < rows; r++) {
    const int m = row0 + r < product->m ? row0 + r : product->m - 1;
    row[r] = product->a + product->row_offset[m];
  }
#pragma GCC unroll 24
  for (int i = 0; i < rows * panels * split; i++) {
    sum[i] = _mm512_setzero_si512();
  }
  const ptrdiff_t panel_bytes = product->panel_bytes;
  const int8_t *weights = product->packed + panel0 * panel_bytes;
  ptrdiff_t segment_at = 0;
  for (int j = 0; j < product->segments; j++) {
    ptrdiff_t at = segment_at;
    const ptrdiff_t end = at + product->run;
    if (split > 1) {
      for (; end - at >= 4 * split; at += 4 * split) {
#pragma GCC unroll 4
        for (int s = 0; s < split; s++) {
          epx_step(sum + s * rows * panels, rows, panels, row, at + 4 * s, weights, panel_bytes);
          weights += EPX_GROUP_BYTES;
        }
      }
    }
    for (; at < end; at += 4) {
      epx_step(sum, rows, panels, row, at, weights, panel_bytes);
      weights += EPX_GROUP_BYTES;
    }
    segment_at += product->segment_stride;
  }
#pragma GCC unroll 24
  for (int r = 0; r < rows; r++) {
    const int m = row0 + r < product->m ? row0 + r : product->m - 1;
    int32_t *c = product->c + m * product->ldc + (ptrdiff_t)panel0 * EPX_GEMM_N_BLOCK;
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
      __m512i total = sum[r * panels + p];
#pragma GCC unroll 4
      for (int s = 1; s < split; s++) {
        total = _mm512_add_epi32(total, sum[(s * rows + r) * panels + p]);
      }
      _mm512_storeu_si512(c + p * EPX_GEMM_N_BLOCK, total);
    }
  }
}

typedef void epx_tile_fn(const epx_product_t *product, int row0, int panel0);

#define EPX_TILE(rows, panels, split)                                                       \
  EPX_TARGET static void epx_tile_##rows##x##panels(const epx_product_t *product, int row0, \
                                                    int panel0) {                           \
    epx_tile(product, row0, panel0, rows, panels, split);                                   \
  }
EPX_TILE(1, 1, 4)
EPX_TILE(2, 1, 4)
EPX_TILE(4, 1, 2)
EPX_TILE(8, 1, 1)
EPX_TILE(1, 2, 4)
EPX_TILE(2, 2, 2)
EPX_TILE(4, 2, 1)
EPX_TILE(8, 2, 1)
EPX_TILE(12, 2, 1)
EPX_TILE(1, 3, 2)
EPX_TILE(2, 3, 2)
EPX_TILE(4, 3, 1)
EPX_TILE(8, 3, 1)
EPX_TILE(1, 4, 2)
EPX_TILE(2, 4, 1)
EPX_TILE(4, 4, 1)
EPX_TILE(6, 4, 1)

/* The tiles of one width, tallest last. */
typedef struct epx_tiles_t {
  int count;
  struct {
    int rows;
    epx_tile_fn *fn;
  } tile[5];
} epx_tiles_t;

static const epx_tiles_t epx_tiles[EPX_MAX_PANELS] = {
    {4, {{1, epx_tile_1x1}, {2, epx_tile_2x1}, {4, epx_tile_4x1}, {8, epx_tile_8x1}}},
    {5,
     {{1, epx_tile_1x2},
      {2, epx_tile_2x2},
      {4, epx_tile_4x2},
      {8, epx_tile_8x2},
      {12, epx_tile_12x2}}},
    {4, {{1, epx_tile_1x3}, {2, epx_tile_2x3}, {4, epx_tile_4x3}, {8, epx_tile_8x3}}},
    {4, {{1, epx_tile_1x4}, {2, epx_tile_2x4}, {4, epx_tile_4x4}, {6, epx_tile_6x4}}}};

/* Panels of the next column of tiles; never leaves a single panel where two and three will do. */
static int epx_tile_width(int panels_left) {
  return panels_left == 5 || panels_left == 6 ? 3
         : panels_left < EPX_MAX_PANELS       ? panels_left
                                              : EPX_MAX_PANELS;
}

void epx_gemm_u8s8s32_avx512(const uint8_t *a, const int32_t *row_offset, int m, int segments,
                             int run, ptrdiff_t segment_stride, const int8_t *packed, int n,
                             int32_t *c, ptrdiff_t ldc) {
  const epx_product_t product = {a,      row_offset,
                                 m,      segments,
                                 run,    segment_stride,
                                 packed, (ptrdiff_t)segments * run * EPX_GEMM_N_BLOCK,
                                 c,      ldc};
  const int panels = epx_gemm_padded_n(n) / EPX_GEMM_N_BLOCK;
  for (int panel = 0; panel < panels;) {
    const int width = epx_tile_width(panels - panel);
    const epx_tiles_t *tiles = &epx_tiles[width - 1];
    for (int row = 0; row < m;) {
      int t = 0;
      while (t + 1 < tiles->count && tiles->tile[t].rows < m - row) {
        t++;
      }
      tiles->tile[t].fn(&product, row, panel);
      row += tiles->tile[t].rows;
    }
    panel += width;
  }
}

#else

void epx_gemm_u8s8s32_avx512(const uint8_t *a, const int32_t *row_offset, int m, int segments,
                             int run, ptrdiff_t segment_stride, const int8_t *packed, int n,
                             int32_t *c, ptrdiff_t ldc) {
  epx_gemm_u8s8s32_ref(a, row_offset, m, segments, run, segment_stride, packed, n, c, ldc);
}

#endif
