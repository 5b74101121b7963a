/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 3: the backward product through a mean, transposed.
 *
 * With average pooling the forward product of part 2 is mean = sum over products i and channels of
 * u_i . (B^T d B)_i, so its transpose is r = sum over tiles of B (u^T s_post) B^T: 9
 * multiplications for a state and channel where the definition takes 36, and no list of what is
 * not zero.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 *   GEMM         the BLAS's matrix product of REAL
 */
#ifndef EPX_GOLDEN_TRANSPOSE_TEMPLATE_H
#define EPX_GOLDEN_TRANSPOSE_TEMPLATE_H

#if !defined REAL || !defined GEMM
#error "define REAL and GEMM before including this template"
#endif

#include <string.h>
#include "epx_blas.h"

#include "epx_clones.h"
#include "epx_geometry.h"
#include "epx_golden_winograd_template.h"

/* Tiles of one matrix product, which sums over units. */
static inline int transpose_rows(const epx_geometry_t *g) {
  const int rows = TILE_ELEMENTS / g->units;
  return rows < 1 ? 1 : rows > TILE_ROWS ? TILE_ROWS : rows;
}

static inline bool transpose_pays(const epx_geometry_t *g) {
  return g->pool == EPX_POOL_AVG && winograd_pays(g);
}

static inline int transpose_panels(const epx_geometry_t *g) {
  return (g->in_channels + PANEL - 1) / PANEL;
}

/* From one product's sums to the next's, as in part 2. */
static inline size_t transpose_stride(const epx_geometry_t *g) {
  return (size_t)transpose_rows(g) * PANEL + LANES;
}

/* A panel of channels of a bordered input. */
static inline size_t transpose_border_size(const epx_geometry_t *g) {
  return (size_t)(g->in_height + 2 * g->padding) * (size_t)(g->in_width + 2 * g->padding) * PANEL;
}

/* Transforms the weights of a panel of channels: u [panel][product][unit][channel of the panel]. */
static void transpose_panel(const epx_geometry_t *g, const REAL *weight, int panel, REAL *u) {
  const int first = panel * PANEL;
  const int width = g->in_channels - first < PANEL ? g->in_channels - first : PANEL;
  u += (size_t)(9 * first) * (size_t)g->units;
  for (int unit = 0; unit < g->units; ++unit) {
    for (int c = 0; c < width; ++c) {
      double kernel[9], transformed[16];
      for (int tap = 0; tap < 9; ++tap) {
        kernel[tap] = (double)
            weight[(size_t)unit * (size_t)g->fan_in + (size_t)(tap * g->in_channels + first + c)];
      }
      winograd_kernel(g, kernel, transformed);
      for (int i = 0; i < 9; ++i) {
        u[((size_t)(i * g->units) + (size_t)unit) * (size_t)width + (size_t)c] =
            (REAL)transformed[i];
      }
    }
  }
}

/* d += B m B^T for a panel's channels; the tile's sums at m, its first pixel at d. */
EPX_CLONES static void add_tile(const REAL *m, size_t stride, int width, size_t pitch, REAL *d) {
  for (int c = 0; c < width; c += LANES, m += LANES, d += LANES) {
    lanes_t t[4][3];
    for (int j = 0; j < 3; ++j) {
      const REAL *at = m + (size_t)j * stride;
      const lanes_t a = *(const lanes_t *)at, b = *(const lanes_t *)(at + 3 * stride),
                    e = *(const lanes_t *)(at + 6 * stride);
      t[0][j] = a;
      t[1][j] = b + e;
      t[2][j] = b - a;
      t[3][j] = -e;
    }
    for (int i = 0; i < 4; ++i) {
      REAL *row = d + (size_t)i * pitch;
      *(lanes_t *)row += t[i][0];
      *(lanes_t *)(row + PANEL) += t[i][1] + t[i][2];
      *(lanes_t *)(row + 2 * PANEL) += t[i][1] - t[i][0];
      *(lanes_t *)(row + 3 * PANEL) -= t[i][2];
    }
  }
}

/* One panel of all samples: the sums of all tiles, `rows` rows of post, into bordered images. */
static void transpose_multiply(const epx_geometry_t *g, const REAL *u, int width, const REAL *post,
                               int rows, const winograd_t *scratch) {
  const int most = transpose_rows(g), wide = g->out_width, tiles = g->out_height * wide;
  const size_t stride = transpose_stride(g);
  const size_t pitch = (size_t)(g->in_width + 2 * g->padding) * PANEL;
  for (int first = 0; first < rows; first += most) {
    const int now = rows - first < most ? rows - first : most;
    for (int i = 0; i < 9; ++i) {
      GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, now, width, g->units, (REAL)1,
           post + (size_t)first * (size_t)g->units, g->units,
           u + (size_t)(i * width) * (size_t)g->units, width, (REAL)0,
           scratch->m + (size_t)i * stride, PANEL);
    }
    for (int r = 0; r < now; ++r) {
      const int sample = (first + r) / tiles, tile = (first + r) % tiles;
      add_tile(scratch->m + (size_t)r * PANEL, stride, width, pitch,
               scratch->bordered + (size_t)sample * transpose_border_size(g) +
                   (size_t)(2 * (tile / wide)) * pitch + (size_t)(2 * (tile % wide)) * PANEL);
    }
  }
}

/* Copies a panel's channels of a bordered image to their places in r. */
static void unborder(const epx_geometry_t *g, const REAL *bordered, int width, REAL *r) {
  const size_t pitch = (size_t)(g->in_width + 2 * g->padding);
  for (int y = 0; y < g->in_height; ++y) {
    const REAL *from = bordered + ((size_t)(y + g->padding) * pitch + (size_t)g->padding) * PANEL;
    for (int x = 0; x < g->in_width; ++x, from += PANEL, r += g->in_channels) {
      memcpy(r, from, (size_t)width * sizeof(REAL));
    }
  }
}

/* r = w^T * U(post) of `count` samples, post at `in` of their targets, with transformed weights u.
 * Several samples must fit in one product. */
static void transpose_mean(const epx_geometry_t *g, const REAL *u, const target_t *target,
                           int count, const winograd_t *scratch) {
  const int tiles = g->out_height * g->out_width;
  for (int i = 0; count > 1 && i < count; ++i) {
    memcpy(scratch->v + (size_t)i * g->out_size, target[i].in, g->out_size * sizeof(REAL));
  }
  for (int c = 0; c < g->in_channels; c += PANEL) {
    const int width = g->in_channels - c < PANEL ? g->in_channels - c : PANEL;
    memset(scratch->bordered, 0, (size_t)count * transpose_border_size(g) * sizeof(REAL));
    transpose_multiply(g, u + (size_t)(9 * c) * (size_t)g->units, width,
                       count > 1 ? scratch->v : target[0].in, count * tiles, scratch);
    for (int i = 0; i < count; ++i) {
      if (target[i].out != NULL) {
        unborder(g, scratch->bordered + (size_t)i * transpose_border_size(g), width,
                 target[i].out + c);
      }
    }
  }
}

#endif
