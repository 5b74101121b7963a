/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_patch.h"

#include <string.h>

/* Convolution positions of one pooled position along one axis. */
static int pooled(const epx_geometry_t *g) {
  return g->pool == EPX_POOL_NONE ? 1 : 2;
}

static uint64_t taps_of_axis(const epx_geometry_t *g, int positions, int kernel, int size) {
  uint64_t sum = 0;
  for (int p = 0; p < positions * pooled(g); ++p) {
    for (int k = 0; k < kernel; ++k) {
      const int at = p * g->stride - g->padding + k;
      sum += at >= 0 && at < size;
    }
  }
  return sum;
}

uint64_t epx_patch_taps(const epx_geometry_t *g) {
  return taps_of_axis(g, g->out_height, g->kernel_height, g->in_height) *
         taps_of_axis(g, g->out_width, g->kernel_width, g->in_width);
}

/* The first tap of the next row of positions lies at y = rows * pooled * stride - padding. */
int epx_patch_pixels_done(const epx_geometry_t *g, int rows) {
  const int next = rows * pooled(g) * g->stride - g->padding;
  const int done = rows == g->out_height || next > g->in_height ? g->in_height : next;
  return (done < 0 ? 0 : done) * g->in_width;
}

/* Whether tap k of one axis lies on coordinate i at a position that is computed. */
static bool meets(const epx_geometry_t *g, int i, int k, int positions) {
  const int at = i + g->padding - k;
  return at >= 0 && at % g->stride == 0 && at / g->stride < positions * pooled(g);
}

int epx_patch_reads(const epx_geometry_t *g, const epx_layer_map_t *map, int row_block, int y,
                    int x, unsigned char *reads) {
  int row, row_end, count = 0;
  epx_map_rows(map, row_block, &row, &row_end);
  memset(reads, 0, (size_t)g->in_channels);
  epx_patch_t run = epx_patch_of(g, 0, 0, row, row_end); /* at one position, for its taps alone */
  const int y0 = -g->padding, x0 = -g->padding;
  while (epx_patch_next(&run)) {
    if (meets(g, y, run.y - y0, g->out_height) && meets(g, x, run.x - x0, g->out_width)) {
      memset(reads + run.channel, 1, (size_t)run.count);
    }
  }
  for (int c = 0; c < g->in_channels; ++c) {
    count += reads[c];
  }
  return count;
}
