/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 lists of non-zero bytes: 32 comparisons give a mask, whose bits are visited one by one. */
#include "epx_sparse_split.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define EPX_TARGET __attribute__((target("avx2,bmi")))

enum { EPX_BLOCK = 32 };

EPX_TARGET static inline __m256i epx_load(const uint8_t *at) {
  return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* Bits of the bytes of one block that are not zero and stand at switch l. */
EPX_TARGET static inline uint32_t epx_members(const uint8_t *value, const uint8_t *switches,
                                              int l) {
  const __m256i zero = _mm256_cmpeq_epi8(epx_load(value), _mm256_setzero_si256());
  const uint32_t filled = ~(uint32_t)_mm256_movemask_epi8(zero);
  if (switches == NULL) {
    return filled;
  }
  const __m256i here = _mm256_cmpeq_epi8(epx_load(switches), _mm256_set1_epi8((char)l));
  return filled & (uint32_t)_mm256_movemask_epi8(here);
}

EPX_TARGET void epx_sparse_split_avx2(const uint8_t *value, const uint8_t *switches, int n,
                                      int32_t stride,
                                      const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                                      int count[EPX_SPARSE_LISTS]) {
  const int lists = switches == NULL ? 1 : EPX_SPARSE_LISTS;
  const int blocks_end = n / EPX_BLOCK * EPX_BLOCK;
  for (int l = 0; l < lists; l++) {
    const epx_sparse_room_t to = room[l];
    int filled = 0;
    for (int i = 0; i < blocks_end; i += EPX_BLOCK) {
      uint32_t members = epx_members(value + i, switches == NULL ? NULL : switches + i, l);
      for (; members != 0; members &= members - 1) {
        const int at = i + __builtin_ctz(members);
        to.offset[filled] = at * stride;
        to.factor[filled++] = value[at];
      }
    }
    for (int i = blocks_end; i < n; i++) {
      if (value[i] != 0 && (switches == NULL || switches[i] == l)) {
        to.offset[filled] = i * stride;
        to.factor[filled++] = value[i];
      }
    }
    count[l] = epx_sparse_pad(to, filled);
  }
}

#else

void epx_sparse_split_avx2(const uint8_t *value, const uint8_t *switches, int n, int32_t stride,
                           const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                           int count[EPX_SPARSE_LISTS]) {
  epx_sparse_split_ref(value, switches, n, stride, room, count);
}

#endif
