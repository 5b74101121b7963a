/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 1: the four products of a layer, for one sample.
 *
 *   forward    z = w * s_pre (positions x units), then pool with switches
 *   gather     the same z read at switches that are already known
 *   backward   r = w^T * U(s_post), U putting each value at its switch
 *   correlate  g += coefficient * U(s_post) x s_pre
 *
 * Backward and correlate visit only the switched positions and skip zero states.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 *   GEMM         the BLAS's matrix product of REAL
 */
#ifndef EPX_GOLDEN_LAYER_TEMPLATE_H
#define EPX_GOLDEN_LAYER_TEMPLATE_H

#if !defined REAL || !defined GEMM
#error "define REAL and GEMM before including this template"
#endif

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "epx_blas.h"

#include "epx_clones.h"
#include "epx_geometry.h"

typedef struct layer_t {
  epx_geometry_t g;
  REAL *weight;   /* [units][fan_in], channels last */
  REAL *bias;     /* [units] */
  REAL *backward; /* what drives the layer below, same order; bidirectional: weight itself */
  REAL *weight_velocity, *bias_velocity, *backward_velocity;
  /* Both transformed by epx_golden_winograd_template.h; NULL: forward products by the definition.
   */
  REAL *winograd, *winograd_backward;
  REAL *transposed; /* backward, transformed by epx_golden_transpose_template.h; NULL: by backward()
                     */
} layer_t;

/* The part of a kernel row that lies inside the image: columns [first, first + count) of the
 * kernel. */
typedef struct span_t {
  int first, count;
} span_t;

static inline span_t clip(int origin, int kernel, int size) {
  const int first = origin < 0 ? -origin : 0;
  const int last = origin + kernel > size ? size - origin : kernel;
  return (span_t){first, last > first ? last - first : 0};
}

/* Patches of every convolution position: columns[conv position][fan_in], zeros outside the image.
 */
static void im2col(const epx_geometry_t *g, const REAL *restrict in, REAL *restrict columns) {
  const int row = g->kernel_width * g->in_channels;
  for (int cy = 0; cy < g->conv_height; ++cy) {
    for (int cx = 0; cx < g->conv_width; ++cx) {
      const int x0 = cx * g->stride - g->padding;
      const span_t span = clip(x0, g->kernel_width, g->in_width);
      for (int ky = 0; ky < g->kernel_height; ++ky, columns += row) {
        const int y = cy * g->stride - g->padding + ky;
        if (y < 0 || y >= g->in_height || span.count == 0) {
          memset(columns, 0, (size_t)row * sizeof(REAL));
          continue;
        }
        const size_t head = (size_t)(span.first * g->in_channels);
        const size_t body = (size_t)(span.count * g->in_channels);
        memset(columns, 0, head * sizeof(REAL));
        memcpy(columns + head, in + ((size_t)y * g->in_width + x0 + span.first) * g->in_channels,
               body * sizeof(REAL));
        memset(columns + head + body, 0, ((size_t)row - head - body) * sizeof(REAL));
      }
    }
  }
}

/* z [rows][units] = columns [rows][fan_in] times weight [units][fan_in], transposed. */
static void multiply(int rows, int units, int fan_in, const REAL *columns, const REAL *weight,
                     REAL *z) {
  GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, rows, units, fan_in, (REAL)1, columns, fan_in,
       weight, fan_in, (REAL)0, z, units);
}

/* z[conv position][units] = patches of in times weights. */
static void convolve(const epx_geometry_t *g, const REAL *weight, const REAL *in, REAL *columns,
                     REAL *z) {
  const int positions = g->conv_height * g->conv_width;
  const bool whole = g->padding == 0 && (size_t)g->fan_in == g->in_size; /* one patch: the input */
  if (!whole) {
    im2col(g, in, columns);
  }
  multiply(positions, g->units, g->fan_in, whole ? in : columns, weight, z);
}

/* One window's largest values and their places, the first of equals; rows a, b of the window above
 * rows c, d. Comparisons in pairs and places as real numbers, so that the compiler makes vectors of
 * it. */
EPX_CLONES static void pool_max(int units, const REAL *restrict a, const REAL *restrict b,
                                const REAL *restrict c, const REAL *restrict d,
                                uint8_t *restrict switches, REAL *restrict out) {
  for (int u = 0; u < units; ++u) {
    const REAL upper = b[u] > a[u] ? b[u] : a[u], lower = d[u] > c[u] ? d[u] : c[u];
    out[u] = lower > upper ? lower : upper;
  }
  for (int u = 0; u < units; ++u) {
    const REAL upper = b[u] > a[u] ? b[u] : a[u], lower = d[u] > c[u] ? d[u] : c[u];
    const REAL in_upper = b[u] > a[u] ? 1 : 0, in_lower = d[u] > c[u] ? 3 : 2;
    switches[u] = (uint8_t)(int32_t)(lower > upper ? in_lower : in_upper);
  }
}

/* Pools z into out [out position][units]; max writes the switches (first of the largest). */
EPX_CLONES static void pool(const epx_geometry_t *g, const REAL *restrict z,
                            uint8_t *restrict switches, REAL *restrict out) {
  const int units = g->units;
  if (g->pool == EPX_POOL_NONE) {
    memcpy(out, z, g->out_size * sizeof(REAL));
    return;
  }
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x) {
      const REAL *a = z + ((size_t)(2 * y) * g->conv_width + 2 * x) * units;
      const REAL *b = a + units;
      const REAL *c = a + (size_t)g->conv_width * units;
      const REAL *d = c + units;
      const size_t base = ((size_t)y * g->out_width + x) * units;
      if (g->pool == EPX_POOL_MAX) {
        pool_max(units, a, b, c, d, switches + base, out + base);
        continue;
      }
      for (int u = 0; u < units; ++u) {
        out[base + u] = (REAL)0.25 * ((a[u] + b[u]) + (c[u] + d[u]));
      }
    }
  }
}

/* Reads z at given switches (max); otherwise the same as pool. */
static void gather(const epx_geometry_t *g, const REAL *z, const uint8_t *switches, REAL *out) {
  if (g->pool != EPX_POOL_MAX) {
    pool(g, z, NULL, out);
    return;
  }
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x) {
      for (int u = 0; u < g->units; ++u, ++out, ++switches) {
        int cy, cx;
        epx_geometry_unpool(g, y, x, *switches, &cy, &cx);
        *out = z[((size_t)cy * g->conv_width + cx) * g->units + u];
      }
    }
  }
}

/* Calls `visit` for every (convolution position, unit) that U(post) makes non-zero. */
#define FOR_EACH_UNPOOLED(g, post, switches, cy, cx, u, value, BODY)                         \
  for (int y_ = 0, i_ = 0; y_ < (g)->out_height; ++y_) {                                     \
    for (int x_ = 0; x_ < (g)->out_width; ++x_) {                                            \
      for (int u = 0; u < (g)->units; ++u, ++i_) {                                           \
        const REAL value = (g)->pool == EPX_POOL_AVG ? (REAL)0.25 * (post)[i_] : (post)[i_]; \
        if (value == (REAL)0) {                                                              \
          continue;                                                                          \
        }                                                                                    \
        const int first_ = (g)->pool == EPX_POOL_MAX ? (switches)[i_] : 0;                   \
        const int last_ = (g)->pool == EPX_POOL_AVG ? 3 : first_;                            \
        for (int p_ = first_; p_ <= last_; ++p_) {                                           \
          int cy, cx;                                                                        \
          epx_geometry_unpool((g), y_, x_, p_, &cy, &cx);                                    \
          BODY                                                                               \
        }                                                                                    \
      }                                                                                      \
    }                                                                                        \
  }

static inline void axpy(int n, REAL a, const REAL *restrict x, REAL *restrict y) {
  for (int i = 0; i < n; ++i) {
    y[i] += a * x[i];
  }
}

/* A value that U(post) puts at one place: it adds value * weight to a patch. */
typedef struct item_t {
  const REAL *weight; /* [kernel_height][kernel_width * in_channels] */
  REAL value;
} item_t;

typedef REAL lanes_t __attribute__((vector_size(64), aligned(sizeof(REAL)), may_alias));
enum { LANES = 64 / sizeof(REAL) };

/* N * LANES consecutive sums, kept in registers over all items: sum += value * weight[at]. */
#define ADD_ITEMS(N)                                                                      \
  static inline __attribute__((always_inline)) void add_items_##N(                        \
      const item_t *item, int count, size_t at, const item_t *more, int more_count,       \
      size_t more_at, REAL *sum) {                                                        \
    lanes_t s[N];                                                                         \
    for (int i = 0; i < N; ++i) {                                                         \
      s[i] = *(const lanes_t *)(sum + i * LANES);                                         \
    }                                                                                     \
    for (int k = 0; k < count; ++k) {                                                     \
      for (int i = 0; i < N; ++i) {                                                       \
        s[i] += item[k].value * *(const lanes_t *)(item[k].weight + at + i * LANES);      \
      }                                                                                   \
    }                                                                                     \
    for (int k = 0; k < more_count; ++k) {                                                \
      for (int i = 0; i < N; ++i) {                                                       \
        s[i] += more[k].value * *(const lanes_t *)(more[k].weight + more_at + i * LANES); \
      }                                                                                   \
    }                                                                                     \
    for (int i = 0; i < N; ++i) {                                                         \
      *(lanes_t *)(sum + i * LANES) = s[i];                                               \
    }                                                                                     \
  }

ADD_ITEMS(8)
ADD_ITEMS(6)
ADD_ITEMS(4)
ADD_ITEMS(2)
ADD_ITEMS(1)

/* The items of one place and the row of their weights that meets a row of the image. */
typedef struct row_items_t {
  const item_t *item;
  int count;
  size_t at; /* of the row in the weights */
} row_items_t;

/* sum[width] += the rows of both lists. */
static inline __attribute__((always_inline)) void add_rows(row_items_t a, row_items_t b, int width,
                                                           REAL *sum) {
  int done = 0;
#define TAKE(N)                                                                               \
  for (; width - done >= N * LANES; done += N * LANES) {                                      \
    add_items_##N(a.item, a.count, a.at + (size_t)done, b.item, b.count, b.at + (size_t)done, \
                  sum + done);                                                                \
  }

  TAKE(8)
  TAKE(6)
  TAKE(4)
  TAKE(2)
  TAKE(1)
#undef TAKE
  for (; done < width; ++done) {
    for (int k = 0; k < a.count; ++k) {
      sum[done] += a.item[k].value * a.item[k].weight[a.at + (size_t)done];
    }
    for (int k = 0; k < b.count; ++k) {
      sum[done] += b.item[k].value * b.item[k].weight[b.at + (size_t)done];
    }
  }
}

/* Lists the non-zero values of one pooled position by the place (0..3) that U gives them. */
static inline void list_items(const epx_geometry_t *g, const REAL *weight, const REAL *post,
                              const uint8_t *switches, item_t *const item[4], int count[4]) {
  count[0] = count[1] = count[2] = count[3] = 0;
  for (int u = 0; u < g->units; ++u) {
    const int p = g->pool == EPX_POOL_MAX ? switches[u] : 0;
    item[p][count[p]] = (item_t){weight + (size_t)u * g->fan_in, post[u]};
    count[p] += post[u] != 0;
  }
}

/* Elements of the bordered image that backward() adds into. */
static inline size_t bordered_size(const epx_geometry_t *g) {
  return (size_t)(g->in_height + 2 * g->padding) * (size_t)(g->in_width + 2 * g->padding) *
         (size_t)g->in_channels;
}

/* Adds the listed values of pooled position (y, x) to the bordered image. Values that share a
 * column of the 2x2 window meet the same columns of the image; their sums stay in registers. */
static inline __attribute__((always_inline)) void add_window(const epx_geometry_t *g,
                                                             item_t *const item[4],
                                                             const int count[4], int y, int x,
                                                             REAL *bordered) {
  const int pool = g->pool == EPX_POOL_NONE ? 1 : 2;
  const bool average = g->pool == EPX_POOL_AVG; /* one list stands for all four places */
  const int width = g->kernel_width * g->in_channels;
  const size_t pitch = (size_t)((g->in_width + 2 * g->padding) * g->in_channels);
  const int rows = g->kernel_height + (pool - 1) * g->stride;
  for (int px = 0; px < pool; ++px) {
    const int upper = average ? 0 : px, lower = average || pool == 1 ? 0 : px + 2;
    REAL *sum = bordered + (size_t)(pool * y * g->stride) * pitch +
                (size_t)((pool * x + px) * g->stride) * (size_t)g->in_channels;
    for (int row = 0; row < rows; ++row, sum += pitch) {
      const int below = row - g->stride; /* the same row, seen from the lower place */
      const bool in_upper = row < g->kernel_height, in_lower = pool == 2 && below >= 0;
      const row_items_t a = {item[upper], in_upper ? count[upper] : 0, (size_t)row * (size_t)width};
      const row_items_t b = {item[lower], in_lower ? count[lower] : 0,
                             in_lower ? (size_t)below * (size_t)width : 0};
      add_rows(a, b, width, sum);
    }
  }
}

/* r [in_size] = w^T * U(post). Scratch: bordered [bordered_size], item [4][units]. */
EPX_CLONES static void backward(const epx_geometry_t *g, const REAL *weight, const REAL *post,
                                const uint8_t *switches, REAL *bordered, item_t *const item[4],
                                REAL *r) {
  const int in_row = g->in_width * g->in_channels;
  const size_t border = (size_t)(g->padding * g->in_channels), pitch = (size_t)in_row + 2 * border;
  size_t at = 0;
  memset(bordered, 0, bordered_size(g) * sizeof(REAL));
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x, at += (size_t)g->units) {
      int count[4];
      list_items(g, weight, post + at, switches + at, item, count);
      for (int i = 0; g->pool == EPX_POOL_AVG && i < count[0]; ++i) {
        item[0][i].value *= (REAL)0.25;
      }
      add_window(g, item, count, y, x, bordered);
    }
  }
  for (int y = 0; y < g->in_height; ++y) {
    memcpy(r + (size_t)y * (size_t)in_row, bordered + (size_t)(y + g->padding) * pitch + border,
           (size_t)in_row * sizeof(REAL));
  }
}

static inline void axpy_double(int n, double a, const REAL *restrict x, double *restrict y) {
  for (int i = 0; i < n; ++i) {
    y[i] += a * (double)x[i];
  }
}

/* weight [units][fan_in] += coefficient * U(post) x pre, bias [units] += coefficient * sum U(post);
 * either may be NULL. Sums are float64 whatever the states, and longer for biases, which sum most
 * terms: the phases of an estimate nearly cancel. */
EPX_CLONES static void correlate(const epx_geometry_t *g, const REAL *post, const uint8_t *switches,
                                 const REAL *pre, double coefficient, double *weight,
                                 long double *bias) {
  const int channels = g->in_channels;
  FOR_EACH_UNPOOLED(g, post, switches, cy, cx, u, value, {
    const int x0 = cx * g->stride - g->padding;
    const int y0 = cy * g->stride - g->padding;
    const span_t columns = clip(x0, g->kernel_width, g->in_width);
    const span_t rows = clip(y0, g->kernel_height, g->in_height);
    for (int ky = rows.first; weight != NULL && ky < rows.first + rows.count; ++ky) {
      axpy_double(columns.count * channels, coefficient * (double)value,
                  pre + ((size_t)(y0 + ky) * g->in_width + x0 + columns.first) * channels,
                  weight + (size_t)u * g->fan_in +
                      ((size_t)ky * g->kernel_width + columns.first) * channels);
    }
    if (bias != NULL) {
      bias[u] += (long double)coefficient * (long double)value;
    }
  })
}

#undef FOR_EACH_UNPOOLED
#undef ADD_ITEMS

#endif
