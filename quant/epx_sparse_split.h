/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the bytes that are not zero, for epx_sparse_sum.h.
 *
 * Element i of `value`, if not zero, is appended as an entry with that factor and the offset
 * i * stride to list switches[i] (0 to 3), or to list 0 where `switches` is NULL. Lists begin
 * empty; entries keep their order; each list is then padded to a multiple of 4 by entries of offset
 * 0 and factor 0. count[] gets the padded counts. Without switches only list 0 exists.
 *
 * A list needs room for epx_sparse_capacity(n) entries: the variants write whole vectors. What lies
 * behind a list's count is unspecified. i * stride must fit 32 bits. */
#ifndef EPX_SPARSE_SPLIT_H
#define EPX_SPARSE_SPLIT_H

#include "epx_sparse_sum.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_SPARSE_LISTS = 4, EPX_SPARSE_SLACK = 16 };

static inline int epx_sparse_capacity(int n) {
  return epx_sparse_padded(n) + EPX_SPARSE_SLACK;
}

typedef struct epx_sparse_room_t {
  int32_t *offset;
  uint8_t *factor;
} epx_sparse_room_t;

typedef void epx_sparse_split_fn(const uint8_t *value, const uint8_t *switches, int n,
                                 int32_t stride, const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                                 int count[EPX_SPARSE_LISTS]);
epx_sparse_split_fn epx_sparse_split;

/* The variants by name, for tests and benchmarks. */
epx_sparse_split_fn epx_sparse_split_ref;
epx_sparse_split_fn epx_sparse_split_avx2;
epx_sparse_split_fn epx_sparse_split_avx512;

/* Pads one list as above; returns its padded count. */
static inline int epx_sparse_pad(epx_sparse_room_t room, int count) {
  for (; count % EPX_SPARSE_GROUP != 0; count++) {
    room.offset[count] = 0;
    room.factor[count] = 0;
  }
  return count;
}

#ifdef __cplusplus
}
#endif
#endif
