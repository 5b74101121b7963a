/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 lists of non-zero bytes: 16 elements at a time, widened to 32 bits, whose offsets and
 * factors vpcompressd moves together. It compresses into registers and stores them whole (the form
 * that stores to memory is slow on some processors), hence the room that a list must have. */
#include "epx_sparse_split.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,popcnt")))

enum { EPX_BLOCK = 16 };

EPX_TARGET void epx_sparse_split_avx512(const uint8_t *value, const uint8_t *switches, int n,
                                        int32_t stride,
                                        const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                                        int count[EPX_SPARSE_LISTS]) {
  const int lists = switches == NULL ? 1 : EPX_SPARSE_LISTS;
  const __m512i first =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(stride));
  for (int l = 0; l < lists; l++) {
    count[l] = 0;
  }
  for (int i = 0; i < n; i += EPX_BLOCK) {
    const int left = n - i;
    const __mmask16 inside = (__mmask16)(left >= EPX_BLOCK ? 0xffff : (1 << left) - 1);
    const __m128i bytes = _mm_maskz_loadu_epi8(inside, value + i);
    const __m512i factor = _mm512_cvtepu8_epi32(bytes);
    const __m512i offset = _mm512_add_epi32(first, _mm512_set1_epi32(i * stride));
    const __mmask16 filled = _mm_test_epi8_mask(bytes, bytes);
    const __m128i at =
        switches == NULL ? _mm_setzero_si128() : _mm_maskz_loadu_epi8(inside, switches + i);
    for (int l = 0; l < lists; l++) {
      const __mmask16 members = _mm_mask_cmpeq_epi8_mask(filled, at, _mm_set1_epi8((char)l));
      _mm512_storeu_si512(room[l].offset + count[l], _mm512_maskz_compress_epi32(members, offset));
      _mm_storeu_si128((__m128i *)(void *)(room[l].factor + count[l]),
                       _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(members, factor)));
      count[l] += __builtin_popcount(members);
    }
  }
  for (int l = 0; l < lists; l++) {
    count[l] = epx_sparse_pad(room[l], count[l]);
  }
}

#else

void epx_sparse_split_avx512(const uint8_t *value, const uint8_t *switches, int n, int32_t stride,
                             const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                             int count[EPX_SPARSE_LISTS]) {
  epx_sparse_split_ref(value, switches, n, stride, room, count);
}

#endif
