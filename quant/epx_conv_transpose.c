/* SPDX-License-Identifier: Apache-2.0 */
/* The transposed product of a convolution, sparse or dense.
 *
 * Sparse. For every position before pooling, the units whose state is not zero and stands there are
 * listed once (epx_sparse_split.h); an input position then sums, over the kernel places whose
 * position exists, the weights of the units in that position's list.
 *
 * Dense. The states are written to a bordered image that is zero elsewhere (also between steps of a
 * stride), in which every input position reads one kernel-sized patch. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "epx_conv.h"
#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_sparse_split.h"

enum { EPX_MAX_AREA = 1024 };

/* The workspace of the sparse way, by position before pooling. */
typedef struct epx_lists_t {
  int height, width; /* before pooling */
  int capacity;
  int32_t *count;
  int32_t *offset;
  uint8_t *factor;
} epx_lists_t;

static size_t conv_positions(const epx_conv_t *c) {
  return (size_t)epx_conv_height(c) * (size_t)epx_conv_width(c);
}

static epx_lists_t lists_in(const epx_conv_t *c, void *workspace) {
  const size_t positions = conv_positions(c);
  epx_lists_t lists = {.height = epx_conv_height(c),
                       .width = epx_conv_width(c),
                       .capacity = epx_sparse_capacity(c->units),
                       .count = workspace};
  lists.offset = lists.count + positions;
  lists.factor = (uint8_t *)(lists.offset + positions * (size_t)lists.capacity);
  return lists;
}

static int padded_units(const epx_conv_t *c) {
  return (c->units + 3) / 4 * 4;
}

static int unpooled_pitch(const epx_conv_t *c) {
  return (c->in_width + c->kernel_width - 1) * padded_units(c);
}

static size_t unpooled_size(const epx_conv_t *c) {
  return (size_t)(c->in_height + c->kernel_height - 1) * (size_t)unpooled_pitch(c);
}

/* The dense way's rows come behind its image. */
static size_t rows_at(const epx_conv_t *c) {
  return (unpooled_size(c) + 63) / 64 * 64;
}

size_t epx_conv_transpose_workspace_size(const epx_conv_t *c) {
  const size_t entries = conv_positions(c) * (size_t)epx_sparse_capacity(c->units);
  const size_t sparse = sizeof(int32_t) * conv_positions(c) + (sizeof(int32_t) + 1) * entries;
  const size_t dense = rows_at(c) + sizeof(int32_t) * (size_t)c->in_height * (size_t)c->in_width;
  return sparse > dense ? sparse : dense;
}

/* Whether the lists hold what the shape may need. */
static bool sparse_fits(const epx_conv_t *c) {
  return c->kernel_height * c->kernel_width <= EPX_MAX_AREA &&
         (int64_t)c->units * epx_conv_fan_in(c) <= INT32_MAX;
}

/* Fills the lists; returns the entries of all, padding included. */
static int64_t list_states(const epx_conv_t *c, const epx_conv_states_t *states,
                           epx_lists_t lists) {
  const int width = lists.width, capacity = lists.capacity;
  const uint8_t *switches = states->switches;
  int64_t entries = 0;
  if (c->pool > 1) { /* an odd last row or column has no window */
    memset(lists.count, 0, conv_positions(c) * sizeof *lists.count);
  }
  for (int y = 0; y < epx_conv_out_height(c); y++) {
    for (int x = 0; x<epx_conv_out_width(c); x++, switches += c->pool> 1 ? c->units : 0) {
      const uint8_t *from =
          states->at + (size_t)y * states->row_stride + (size_t)x * states->pixel_stride;
      epx_sparse_room_t room[EPX_SPARSE_LISTS];
      size_t position[EPX_SPARSE_LISTS];
      int count[EPX_SPARSE_LISTS] = {0};
      const int window = c->pool * c->pool;
      for (int p = 0; p < window; p++) {
        position[p] = (size_t)(y * c->pool + p / 2) * (size_t)width + (size_t)(x * c->pool + p % 2);
        room[p] = (epx_sparse_room_t){lists.offset + position[p] * (size_t)capacity,
                                      lists.factor + position[p] * (size_t)capacity};
      }
      epx_sparse_split(from, c->pool > 1 ? switches : NULL, c->units, epx_conv_fan_in(c), room,
                       count);
      for (int p = 0; p < window; p++) {
        lists.count[position[p]] = count[p];
        entries += count[p];
      }
    }
  }
  return entries;
}

/* The lists that input row y and column x reach, with the place of their weights. Kernel place k
 * meets position (y + padding - k) / stride where that is whole. */
static int gather_lists(const epx_conv_t *c, epx_lists_t lists, int y, int x,
                        epx_sparse_list_t *list) {
  const int stride = c->stride;
  const int last_y = y + c->padding, last_x = x + c->padding;
  const int first_ky = stride == 1 ? 0 : last_y % stride,
            first_kx = stride == 1 ? 0 : last_x % stride;
  const int first_cy = stride == 1 ? last_y : last_y / stride;
  const int first_cx = stride == 1 ? last_x : last_x / stride;
  int n = 0;
  for (int ky = first_ky, cy = first_cy; ky < c->kernel_height && cy >= 0; ky += stride, cy--) {
    for (int kx = first_kx, cx = first_cx; kx < c->kernel_width && cx >= 0; kx += stride, cx--) {
      const size_t position = (size_t)cy * (size_t)lists.width + (size_t)cx;
      if (cy < lists.height && cx < lists.width && lists.count[position] > 0) {
        list[n++] =
            (epx_sparse_list_t){.base = (ptrdiff_t)(ky * c->kernel_width + kx) * c->channels,
                                .offset = lists.offset + position * (size_t)lists.capacity,
                                .factor = lists.factor + position * (size_t)lists.capacity,
                                .count = lists.count[position]};
      }
    }
  }
  return n;
}

static void sum_lists(const epx_conv_t *c, epx_lists_t lists, const int8_t *weights, int32_t *r,
                      ptrdiff_t ld) {
  epx_sparse_list_t list[EPX_MAX_AREA];
  for (int y = 0; y < c->in_height; y++) {
    for (int x = 0; x < c->in_width; x++, r += ld) {
      const int n = gather_lists(c, lists, y, x, list);
      epx_sparse_sum_u8s8s32(weights, list, n, c->channels, r);
    }
  }
}

void epx_conv_transpose_sparse_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                       const int8_t *weights, void *workspace, int32_t *r,
                                       ptrdiff_t ld) {
  const epx_lists_t lists = lists_in(c, workspace);
  assert(sparse_fits(c));
  (void)list_states(c, states, lists);
  sum_lists(c, lists, weights, r, ld);
}

/* Writes the states into the unpooled image. */
static void unpool(const epx_conv_t *c, const epx_conv_states_t *states, uint8_t *unpooled) {
  const int pitch = unpooled_pitch(c), pixel = padded_units(c);
  const int top = c->kernel_height - 1 - c->padding, left = c->kernel_width - 1 - c->padding;
  const uint8_t *switches = states->switches;
  assert(top >= 0 && left >= 0);
  memset(unpooled, 0, unpooled_size(c));
  for (int y = 0; y < epx_conv_out_height(c); y++) {
    for (int x = 0; x < epx_conv_out_width(c); x++) {
      const uint8_t *from =
          states->at + (size_t)y * states->row_stride + (size_t)x * states->pixel_stride;
      uint8_t *to = unpooled + (size_t)(top + y * c->pool * c->stride) * (size_t)pitch +
                    (size_t)(left + x * c->pool * c->stride) * (size_t)pixel;
      if (c->pool == 1) {
        memcpy(to, from, (size_t)c->units);
        continue;
      }
      for (int u = 0; u < c->units; u++) {
        const int p = *switches++;
        to[(size_t)(p / 2 * c->stride) * (size_t)pitch + (size_t)(p % 2 * c->stride * pixel + u)] =
            from[u];
      }
    }
  }
}

void epx_conv_transpose_dense_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                      const int8_t *packed_transpose, void *workspace, int32_t *r,
                                      ptrdiff_t ld) {
  uint8_t *unpooled = workspace;
  int32_t *rows = (int32_t *)(void *)(unpooled + rows_at(c));
  const int positions = c->in_height * c->in_width;
  unpool(c, states, unpooled);
  for (int i = 0; i < positions; i++) {
    rows[i] = i / c->in_width * unpooled_pitch(c) + i % c->in_width * padded_units(c);
  }
  epx_gemm_u8s8s32(unpooled, rows, positions, c->kernel_height, c->kernel_width * padded_units(c),
                   unpooled_pitch(c), packed_transpose, c->channels, r, ld);
}

/* Whether the sparse way is the faster one, by what bench_conv measured: the cost of an entry for
 * 64, and for up to 32 more, columns, in units of one k and 16 columns of the dense product. */
static bool sparse_wins(const epx_conv_t *c, int64_t entries) {
  static const struct {
    int wide, narrow;
  } cost[] = {[EPX_CPU_SCALAR] = {4, 2}, [EPX_CPU_AVX2] = {10, 6}, [EPX_CPU_AVX512] = {10, 7}};
  const epx_cpu_level_t level = epx_cpu_level();
  const int rest = c->channels % 64;
  const int last = rest > 32 ? cost[level].wide : rest > 0 ? cost[level].narrow : 0;
  const int64_t columns = (int64_t)(c->channels / 64) * cost[level].wide + last;
  const int64_t panels = epx_gemm_padded_n(c->channels) / EPX_GEMM_N_BLOCK;
  return entries * columns < (int64_t)c->in_height * c->in_width * padded_units(c) * panels;
}

void epx_conv_transpose_u8s8s32(const epx_conv_t *c, const epx_conv_states_t *states,
                                const int8_t *weights, const int8_t *packed_transpose,
                                void *workspace, int32_t *r, ptrdiff_t ld) {
  const epx_lists_t lists = lists_in(c, workspace);
  if (sparse_fits(c) && sparse_wins(c, list_states(c, states, lists))) {
    sum_lists(c, lists, weights, r, ld);
  } else {
    epx_conv_transpose_dense_u8s8s32(c, states, packed_transpose, workspace, r, ld);
  }
}
