/* SPDX-License-Identifier: Apache-2.0 */
/* Correlation of both sides of a convolution.
 *
 * For every unit, the positions at which its post code is not zero are listed, with the place of
 * their patch in the image; each row of the unit's kernel is then one sparse sum over patches. */
#include <assert.h>
#include <string.h>

#include "epx_conv.h"
#include "epx_sparse_sum.h"

typedef struct epx_lists_t { /* by unit */
  int capacity;
  int32_t *count;
  int32_t *offset;
  uint8_t *factor;
} epx_lists_t;

static int capacity_of(const epx_conv_t *c) {
  return epx_sparse_padded(epx_conv_positions(c));
}

size_t epx_conv_correlate_workspace_size(const epx_conv_t *c) {
  const size_t entries = (size_t)c->units * (size_t)capacity_of(c);
  return sizeof(int32_t) * (size_t)c->units + (sizeof(int32_t) + 1) * entries;
}

int epx_conv_correlate_images(const epx_conv_t *c, int coefficient) {
  const int64_t size = coefficient < 0 ? -(int64_t)coefficient : coefficient;
  const int64_t largest = INT64_C(255) * 255 * epx_conv_positions(c) * (size > 0 ? size : 1);
  return (int)(INT32_MAX / largest);
}

static void list_positions(const epx_conv_t *c, const uint8_t *post, const uint8_t *switches,
                           epx_lists_t lists) {
  const int pitch = epx_conv_pitch(c) * c->stride, pixel = epx_conv_pixel(c) * c->stride;
  const int32_t step[4] = {0, pixel, pitch, pitch + pixel};
  memset(lists.count, 0, (size_t)c->units * sizeof *lists.count);
  for (int y = 0; y < epx_conv_out_height(c); y++) {
    for (int x = 0; x < epx_conv_out_width(c); x++, post += c->units) {
      const int32_t corner = c->pool * (y * pitch + x * pixel);
      for (int u = 0; u < c->units; u++) {
        const size_t at = (size_t)u * (size_t)lists.capacity + (size_t)lists.count[u];
        lists.offset[at] = corner + (c->pool > 1 ? step[switches[u]] : 0);
        lists.factor[at] = post[u];
        lists.count[u] += post[u] != 0;
      }
      switches += c->pool > 1 ? c->units : 0;
    }
  }
}

void epx_conv_correlate_u8u8s32(const epx_conv_t *c, const uint8_t *image, const uint8_t *post,
                                const uint8_t *switches, int coefficient, void *workspace,
                                int32_t *sum, int64_t *post_sum) {
  epx_lists_t lists = {.capacity = capacity_of(c), .count = workspace};
  const int run = c->kernel_width * epx_conv_pixel(c);
  lists.offset = lists.count + c->units;
  lists.factor = (uint8_t *)(lists.offset + (size_t)c->units * (size_t)lists.capacity);
  assert(epx_conv_correlate_images(c, coefficient) >= 1);
  list_positions(c, post, switches, lists);
  for (int u = 0; u < c->units; u++) {
    int32_t *offset = lists.offset + (size_t)u * (size_t)lists.capacity;
    uint8_t *factor = lists.factor + (size_t)u * (size_t)lists.capacity;
    int count = lists.count[u];
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
      total += factor[i];
    }
    post_sum[u] += coefficient * total;
    for (; count % EPX_SPARSE_GROUP != 0; count++) {
      offset[count] = 0;
      factor[count] = 0;
    }
    for (int ky = 0; count > 0 && ky < c->kernel_height; ky++) {
      const epx_sparse_list_t list = {(ptrdiff_t)ky * epx_conv_pitch(c), offset, factor, count};
      epx_sparse_sum_u8u8s32(
          image, &list, 1, run, coefficient,
          sum + ((size_t)u * (size_t)c->kernel_height + (size_t)ky) * (size_t)run);
    }
  }
}

void epx_conv_spill(const epx_conv_t *c, int pre_offset, int32_t *sum, int64_t *post_sum,
                    int64_t *total, int64_t *post_total) {
  const int pixel = epx_conv_pixel(c), area = c->kernel_height * c->kernel_width;
  for (int u = 0; u < c->units; u++) {
    const int64_t surplus = pre_offset * post_sum[u];
    for (int place = 0; place < area; place++, sum += pixel, total += c->channels) {
      for (int i = 0; i < c->channels; i++) {
        total[i] += sum[i] - surplus;
      }
      memset(sum, 0, (size_t)pixel * sizeof *sum);
    }
    post_total[u] += post_sum[u];
    post_sum[u] = 0;
  }
}
