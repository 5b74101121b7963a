/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 2: forward products of 3x3 kernels with fewer multiplications.
 *
 * Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray 2016): the 2x2 outputs of one tile are
 *
 *   Y = A^T [ (G g G^T) . (B^T d B) ] A,     d the 4x4 inputs that they read, g the kernel
 *
 * 16 multiplications for a channel where the definition takes 36. Summed over channels they are 16
 * matrix products, tiles x channels times channels x units. A tile is a window of 2x2 pooling, so
 * largest values and switches come straight from the registers that hold Y.
 *
 * Of a window's mean only 9 of the 16 products remain, because (1 1) A^T = (1 2 0 -1); its
 * coefficients go into the weights, and all 9 add up in one sum.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 *   GEMM         the BLAS's matrix product of REAL
 *   WINOGRAD     1 where 3x3 kernels may go by minimal filtering; 0: all products by the definition
 */
#ifndef EPX_GOLDEN_WINOGRAD_TEMPLATE_H
#define EPX_GOLDEN_WINOGRAD_TEMPLATE_H

#if !defined REAL || !defined GEMM || !defined WINOGRAD
#error "define REAL, GEMM and WINOGRAD before including this template"
#endif

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "epx_blas.h"

#include "epx_clones.h"
#include "epx_geometry.h"
#include "epx_golden_layer_template.h"

/* Rows of tiles that are multiplied at a time, and units: the transformed tiles (at most 512 KiB of
 * float32) and the products stay in the second-level cache, and OpenBLAS multiplies without packing
 * (it does up to 10^6 multiply-adds where it has kernels for small matrices). */
enum { TILE_ROWS = 64, TILE_ELEMENTS = 8192, PANEL = 64 };

/* The rows and columns of the 4x4 products that are needed; all of them, or those of a mean. */
static const int kWinogradPlace[2][4] = {{0, 1, 2, 3}, {0, 1, 3, 0}};

static inline int winograd_side(const epx_geometry_t *g) {
  return g->pool == EPX_POOL_AVG ? 3 : 4;
}

/* Pooling drops an odd last row; without pooling the last tile is cut. */
static inline int tiles_high(const epx_geometry_t *g) {
  return g->pool == EPX_POOL_NONE ? (g->conv_height + 1) / 2 : g->out_height;
}

static inline int tiles_wide(const epx_geometry_t *g) {
  return g->pool == EPX_POOL_NONE ? (g->conv_width + 1) / 2 : g->out_width;
}

/* Tiles of one matrix product. */
static inline int tile_rows(const epx_geometry_t *g) {
  const int rows = TILE_ELEMENTS / g->in_channels;
  return rows < 1 ? 1 : rows > TILE_ROWS ? TILE_ROWS : rows;
}

static inline bool winograd_fits(const epx_geometry_t *g) {
  return g->kernel_height == 3 && g->kernel_width == 3 && g->stride == 1;
}

/* Transforms work on LANES channels or units and cost about what copying patches does, so what
 * counts are multiplications: worth it where at least a quarter of them goes. */
static inline bool winograd_pays(const epx_geometry_t *g) {
  const int side = winograd_side(g);
  return WINOGRAD && winograd_fits(g) && g->in_channels >= 16 && g->units >= 16 &&
         4 * tiles_high(g) * tiles_wide(g) * side * side <= 3 * g->conv_height * g->conv_width * 9;
}

/* Elements of the transformed weights, of a bordered input, and of a product's two sides. */
static inline size_t winograd_weights_size(const epx_geometry_t *g) {
  const size_t side = (size_t)winograd_side(g);
  return side * side * (size_t)g->in_channels * (size_t)g->units;
}

static inline size_t winograd_border_size(const epx_geometry_t *g) {
  return (size_t)(g->in_height + 2 * g->padding + 1) * (size_t)(g->in_width + 2 * g->padding + 1) *
             (size_t)g->in_channels +
         LANES;
}

/* From one product's tiles to the next's: off the power of two, so that 16 streams do not meet in
 * one set of the cache; room for the lanes past the last channel. */
static inline size_t tiles_stride(const epx_geometry_t *g) {
  return (size_t)tile_rows(g) * (size_t)g->in_channels + LANES;
}

static inline size_t sums_stride(const epx_geometry_t *g) {
  return (size_t)tile_rows(g) * PANEL + LANES;
}

/* G g G^T of one kernel; of a mean's, with the coefficients of (1 1) A^T and the quarter. */
static void winograd_kernel(const epx_geometry_t *g, const double *kernel, double *u) {
  static const double row[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  static const double mean[4] = {0.5, 1, 0, -0.5};
  const bool average = g->pool == EPX_POOL_AVG;
  const int side = winograd_side(g);
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) {
      const int a = kWinogradPlace[average][i], b = kWinogradPlace[average][j];
      double sum = 0;
      for (int k = 0; k < 9; ++k) {
        sum += row[a][k / 3] * row[b][k % 3] * kernel[k];
      }
      u[i * side + j] = average ? mean[a] * mean[b] * sum : sum;
    }
  }
}

static inline int winograd_panels(const epx_geometry_t *g) {
  return (g->units + PANEL - 1) / PANEL;
}

/* Transforms the weights of a panel of units: u [panel][product][channel][unit of the panel]. */
static void winograd_panel(const epx_geometry_t *g, const REAL *weight, int panel, REAL *u) {
  const int first = panel * PANEL, side = winograd_side(g);
  const int width = g->units - first < PANEL ? g->units - first : PANEL;
  const size_t product = (size_t)g->in_channels * (size_t)width;
  u += (size_t)(side * side * first) * (size_t)g->in_channels;
  for (int c = 0; c < g->in_channels; ++c) {
    for (int k = 0; k < width; ++k) {
      double kernel[9], transformed[16];
      for (int tap = 0; tap < 9; ++tap) {
        kernel[tap] = (double)
            weight[(size_t)(first + k) * (size_t)g->fan_in + (size_t)(tap * g->in_channels + c)];
      }
      winograd_kernel(g, kernel, transformed);
      for (int i = 0; i < side * side; ++i) {
        u[(size_t)i * product + (size_t)(c * width + k)] = (REAL)transformed[i];
      }
    }
  }
}

/* B^T d B for LANES channels; d: pixels of a bordered image, v: one product's element to the
 * next's `stride`. */
static inline __attribute__((always_inline)) void tile_in(const REAL *d, size_t pitch, size_t pixel,
                                                          bool average, REAL *v, size_t stride) {
  const int side = average ? 3 : 4;
  lanes_t t[4][4];
  for (int x = 0; x < 4; ++x) {
    const lanes_t a = *(const lanes_t *)(d + (size_t)x * pixel),
                  b = *(const lanes_t *)(d + (size_t)x * pixel + pitch),
                  c = *(const lanes_t *)(d + (size_t)x * pixel + 2 * pitch),
                  e = *(const lanes_t *)(d + (size_t)x * pixel + 3 * pitch);
    t[0][x] = a - c;
    t[1][x] = b + c;
    t[2][x] = c - b;
    t[3][x] = b - e;
  }
  for (int i = 0; i < side; ++i) {
    const lanes_t *row = t[kWinogradPlace[average][i]];
    const lanes_t p[4] = {row[0] - row[2], row[1] + row[2], row[2] - row[1], row[1] - row[3]};
    for (int j = 0; j < side; ++j) {
      *(lanes_t *)(v + (size_t)(i * side + j) * stride) = p[kWinogradPlace[average][j]];
    }
  }
}

/* Transforms tile (y, x) of a bordered image into its row of v. */
EPX_CLONES static void transform_tile(const epx_geometry_t *g, const REAL *bordered, int y, int x,
                                      REAL *v) {
  const size_t pixel = (size_t)g->in_channels, stride = tiles_stride(g);
  const size_t pitch = (size_t)(g->in_width + 2 * g->padding + 1) * pixel;
  const REAL *d = bordered + (size_t)(2 * y) * pitch + (size_t)(2 * x) * pixel;
  if (g->pool == EPX_POOL_AVG) {
    for (int c = 0; c < g->in_channels; c += LANES) {
      tile_in(d + c, pitch, pixel, true, v + c, stride);
    }
  } else {
    for (int c = 0; c < g->in_channels; c += LANES) {
      tile_in(d + c, pitch, pixel, false, v + c, stride);
    }
  }
}

/* The image with its padding, and a row and column more for tiles that are cut. */
static void border(const epx_geometry_t *g, const REAL *in, REAL *bordered) {
  const size_t row = (size_t)(g->in_width * g->in_channels);
  const size_t side = (size_t)(g->padding * g->in_channels);
  const size_t pitch = row + 2 * side + (size_t)g->in_channels;
  memset(bordered, 0, (size_t)g->padding * pitch * sizeof(REAL));
  bordered += (size_t)g->padding * pitch;
  for (int y = 0; y < g->in_height; ++y, bordered += pitch, in += row) {
    memset(bordered, 0, side * sizeof(REAL));
    memcpy(bordered + side, in, row * sizeof(REAL));
    memset(bordered + side + row, 0, (pitch - side - row) * sizeof(REAL));
  }
  memset(bordered, 0, (size_t)(g->padding + 1) * pitch * sizeof(REAL));
}

/* Masks of a comparison, and switches, of LANES values. */
typedef __typeof__((lanes_t){0} > (lanes_t){0}) mask_t;
typedef uint8_t places_t __attribute__((vector_size(LANES), aligned(1), may_alias));

/* mask ? yes : no. A macro: vectors as arguments or results would depend on the instruction set. */
#define CHOOSE(mask, yes, no) ((lanes_t)(((mask_t)(yes) & (mask)) | ((mask_t)(no) & ~(mask))))

/* A^T m A for LANES units: the 2x2 outputs, row-major. */
static inline __attribute__((always_inline)) void tile_out(const REAL *m, size_t stride,
                                                           lanes_t y[4]) {
  lanes_t t[2][4];
  for (int x = 0; x < 4; ++x, m += stride) {
    const lanes_t a = *(const lanes_t *)m, b = *(const lanes_t *)(m + 4 * stride),
                  c = *(const lanes_t *)(m + 8 * stride), d = *(const lanes_t *)(m + 12 * stride);
    t[0][x] = a + b + c;
    t[1][x] = b - c - d;
  }
  for (int i = 0; i < 2; ++i) {
    y[2 * i] = t[i][0] + t[i][1] + t[i][2];
    y[2 * i + 1] = t[i][1] - t[i][2] - t[i][3];
  }
}

/* Largest of a window and its place, the first of equals; `held`: the value at a given place. */
static inline __attribute__((always_inline)) void pool_tile(const lanes_t y[4], bool held,
                                                            places_t *places, lanes_t *out) {
  if (held) {
    const mask_t at = __builtin_convertvector(*places, mask_t);
    *out = CHOOSE(at < 2, CHOOSE(at == 0, y[0], y[1]), CHOOSE(at == 2, y[2], y[3]));
    return;
  }
  const mask_t right = y[1] > y[0], right_below = y[3] > y[2];
  const lanes_t upper = CHOOSE(right, y[1], y[0]), lower = CHOOSE(right_below, y[3], y[2]);
  const mask_t below = lower > upper;
  *out = CHOOSE(below, lower, upper);
  *places = __builtin_convertvector((below & (2 - right_below)) | (~below & -right), places_t);
}

/* `count` (at most LANES) units of a tile, from its sums at m to its place at out and switches. */
static inline __attribute__((always_inline)) void finish_max(const REAL *m, size_t stride,
                                                             size_t count, bool held,
                                                             uint8_t *switches, REAL *out) {
  lanes_t y[4], largest;
  places_t places = {0};
  tile_out(m, stride, y);
  if (held) {
    memcpy(&places, switches, count);
  }
  pool_tile(y, held, &places, &largest);
  memcpy(out, &largest, count * sizeof(REAL));
  if (!held) {
    memcpy(switches, &places, count);
  }
}

/* Without pooling, a tile at (y, x) that the image may cut. */
static inline __attribute__((always_inline)) void finish_plain(const epx_geometry_t *g,
                                                               const REAL *m, size_t stride,
                                                               size_t count, int y, int x,
                                                               REAL *out) {
  lanes_t values[4];
  tile_out(m, stride, values);
  for (int p = 0; p < 4; ++p) {
    const int cy = 2 * y + p / 2, cx = 2 * x + p % 2;
    if (cy < g->conv_height && cx < g->conv_width) {
      memcpy(out + (size_t)(cy * g->conv_width + cx) * (size_t)g->units, &values[p],
             count * sizeof(REAL));
    }
  }
}

/* What one sample takes from a product: pooled sums, and switches to find or, held, to read. */
typedef struct target_t {
  const REAL *in;
  REAL *out; /* NULL: not wanted */
  uint8_t *switches;
} target_t;

/* One tile's units of a panel; m: its row of sums, out and switches: at the panel's first unit. */
EPX_CLONES static void finish_tile(const epx_geometry_t *g, const REAL *m, int width, int y, int x,
                                   bool held, uint8_t *switches, REAL *out) {
  const size_t stride = sums_stride(g), at = (size_t)(y * tiles_wide(g) + x) * (size_t)g->units;
  if (g->pool == EPX_POOL_AVG) {
    memcpy(out + at, m, (size_t)width * sizeof(REAL));
    return;
  }
  for (int u = 0; u < width; u += LANES) {
    const size_t count = width - u < LANES ? (size_t)(width - u) : LANES;
    if (g->pool == EPX_POOL_NONE) {
      finish_plain(g, m + u, stride, count, y, x, out + u);
    } else if (count < LANES || held) {
      finish_max(m + u, stride, count, held, switches + at + u, out + at + u);
    } else {
      finish_max(m + u, stride, LANES, false, switches + at + u, out + at + u);
    }
  }
}

/* The products of `rows` transformed tiles, the first of them tile `first` of the targets. */
static void winograd_multiply(const epx_geometry_t *g, const REAL *u, const target_t *target,
                              int first, int rows, bool held, const REAL *v, REAL *m) {
  const int products = winograd_side(g) * winograd_side(g), wide = tiles_wide(g);
  const int tiles = tiles_high(g) * wide;
  const bool average = g->pool == EPX_POOL_AVG;
  for (int unit = 0; unit < g->units; unit += PANEL) {
    const int width = g->units - unit < PANEL ? g->units - unit : PANEL;
    for (int i = 0; i < products; ++i, u += (size_t)g->in_channels * (size_t)width) {
      GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, g->in_channels, (REAL)1,
           v + (size_t)i * tiles_stride(g), g->in_channels, u, width, (REAL)(average && i > 0),
           average ? m : m + (size_t)i * sums_stride(g), PANEL);
    }
    for (int r = 0; r < rows; ++r) {
      const target_t *to = &target[(first + r) / tiles];
      const int tile = (first + r) % tiles;
      if (to->out != NULL) {
        finish_tile(g, m + (size_t)r * PANEL, width, tile / wide, tile % wide, held,
                    to->switches + unit, to->out + unit);
      }
    }
  }
}

/* Memory of a thread's products. */
typedef struct winograd_t {
  REAL *bordered; /* one input */
  REAL *v;        /* [product][tile][channel] */
  REAL *m;        /* [product][tile][unit of a panel] */
} winograd_t;

/* Pooled forward products of `count` samples with transformed weights u. */
static void winograd_forward(const epx_geometry_t *g, const REAL *u, const target_t *target,
                             int count, bool held, const winograd_t *scratch) {
  const int wide = tiles_wide(g), tiles = tiles_high(g) * wide, most = tile_rows(g);
  int first = 0, rows = 0;
  for (int i = 0; i < count; ++i) {
    border(g, target[i].in, scratch->bordered);
    for (int tile = 0; tile < tiles; ++tile) {
      transform_tile(g, scratch->bordered, tile / wide, tile % wide,
                     scratch->v + (size_t)rows * (size_t)g->in_channels);
      if (++rows == most || (i + 1 == count && tile + 1 == tiles)) {
        winograd_multiply(g, u, target, first, rows, held, scratch->v, scratch->m);
        first += rows;
        rows = 0;
      }
    }
  }
}

#undef CHOOSE

#endif
