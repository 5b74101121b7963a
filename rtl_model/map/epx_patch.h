/* SPDX-License-Identifier: Apache-2.0 */
/* Which pixel a wordline reads: the patch that the kernel covers at one place of a position's
 * window, wordline by wordline.
 *
 * Wordline k is channel k % channels of tap k / channels; taps go row by row through the kernel. At
 * convolution position (cy, cx) tap (ky, kx) lies on pixel (cy * stride - padding + ky,
 * cx * stride - padding + kx); where that is off the image, the wordline reads the code of zero.
 * Example: 3 x 3 kernels, 2 channels, padding 1: at convolution position (0, 0) wordline 9 is
 * channel 1 of tap 4, pixel (0, 0); wordlines 0 to 7 but 6 and 7's tap 3 lie off the image.
 *
 * A walk goes through wordlines [row, row_end), a tile's for example, in runs: the wordlines of one
 * pixel.
 *
 *   epx_patch_t run = epx_patch_of(g, position, place, row, row_end);
 *   while (epx_patch_next(&run)) {
 *     ... wordlines run.row and the run.count - 1 behind it read pixel (run.y, run.x), channels
 *     run.channel and on; run.inside says whether the pixel is on the image
 *   }
 */
#ifndef EPX_PATCH_H
#define EPX_PATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_geometry.h"
#include "epx_mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_patch_t {
  const epx_geometry_t *g;
  int row_end, kx;
  int row, count, channel; /* of the run at hand */
  int y, x;
  bool inside;
} epx_patch_t;

/* position: after pooling; place: of its window, 0 without pooling. */
static inline epx_patch_t epx_patch_of(const epx_geometry_t *g, int position, int place, int row,
                                       int row_end) {
  const int tap = row / g->in_channels, ky = tap / g->kernel_width;
  epx_patch_t run = {g, row_end, tap - ky * g->kernel_width, row, 0, 0, 0, 0, false};
  int cy, cx;
  epx_geometry_unpool(g, position / g->out_width, position % g->out_width, place, &cy, &cx);
  run.channel = row - tap * g->in_channels;
  run.y = cy * g->stride - g->padding + ky;
  run.x = cx * g->stride - g->padding + run.kx;
  return run;
}

/* On to the next run; false at the end. */
static inline bool epx_patch_next(epx_patch_t *run) {
  const epx_geometry_t *g = run->g;
  if (run->count > 0) { /* the next tap */
    run->row += run->count;
    run->channel = 0;
    ++run->x;
    if (++run->kx == g->kernel_width) {
      run->kx = 0;
      run->x -= g->kernel_width;
      ++run->y;
    }
  }
  if (run->row >= run->row_end) {
    return false;
  }
  const int left = g->in_channels - run->channel, wanted = run->row_end - run->row;
  run->count = left < wanted ? left : wanted;
  run->inside = run->y >= 0 && run->x >= 0 && run->y < g->in_height && run->x < g->in_width;
  return true;
}

/* Of a run on the image: its first element of a channels-last image without borders. */
static inline size_t epx_patch_at(const epx_patch_t *run) {
  return (size_t)(run->y * run->g->in_width + run->x) * (size_t)run->g->in_channels +
         (size_t)run->channel;
}

/* How many taps lie on the image, over all places of all positions. */
uint64_t epx_patch_taps(const epx_geometry_t *g);

/* Pixels [0, n) that no position behind the first `rows` rows of positions reads: n. */
int epx_patch_pixels_done(const epx_geometry_t *g, int rows);

/* Which channels of pixel (y, x) the wordlines of a row block read at any of the positions that the
 * layer computes; reads [in_channels] gets 1 or 0. Returns how many. */
int epx_patch_reads(const epx_geometry_t *g, const epx_layer_map_t *map, int row_block, int y,
                    int x, unsigned char *reads);

#ifdef __cplusplus
}
#endif
#endif
