/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 sparse sums.
 *
 * Two rows are widened to 16 bits and interleaved, so that vpmaddwd multiplies the two bytes of a
 * column by their two factors and adds them exactly (2 * 255 * 255 < 2^31). Sixteen columns stay in
 * two registers over all lists. vpunpck works within 128-bit lanes: the two sums hold the columns
 * 0-3, 8-11 and 4-7, 12-15, which the end puts in order. */
#include "epx_sparse_sum.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx2")))
#define EPX_INLINE inline __attribute__((always_inline))

enum { EPX_BLOCK = 16 };

/* The first `count` bytes, 1 to 16, and zeros: two loads that overlap. */
EPX_TARGET static EPX_INLINE __m128i epx_load(const uint8_t *bytes, int count) {
  uint64_t low = 0, high = 0;
  if (count == EPX_BLOCK) {
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
  }
  if (count >= 8) {
    memcpy(&low, bytes, 8);
    memcpy(&high, bytes + count - 8, 8);
    high = count == 8 ? 0 : high >> (8 * (16 - count));
  } else {
    for (int i = 0; i < count; i++) {
      low |= (uint64_t)bytes[i] << (8 * i);
    }
  }
  return _mm_set_epi64x((int64_t)high, (int64_t)low);
}

/* The sums of `count` <= 16 columns. */
EPX_TARGET static EPX_INLINE void epx_block(const uint8_t *rows, const epx_sparse_list_t *list,
                                            int lists, int count, bool is_signed, __m256i sum[2]) {
  sum[0] = sum[1] = _mm256_setzero_si256();
  for (int l = 0; l < lists; l++) {
    const uint8_t *base = rows + list[l].base;
    for (int i = 0; i < list[l].count; i += 2) {
      const __m128i first = epx_load(base + list[l].offset[i], count);
      const __m128i second = epx_load(base + list[l].offset[i + 1], count);
      const __m256i a = is_signed ? _mm256_cvtepi8_epi16(first) : _mm256_cvtepu8_epi16(first);
      const __m256i b = is_signed ? _mm256_cvtepi8_epi16(second) : _mm256_cvtepu8_epi16(second);
      const __m256i x = _mm256_set1_epi32(list[l].factor[i] | list[l].factor[i + 1] << 16);
      sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), x));
      sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), x));
    }
  }
  const __m256i low = _mm256_permute2x128_si256(sum[0], sum[1], 0x20);
  sum[1] = _mm256_permute2x128_si256(sum[0], sum[1], 0x31);
  sum[0] = low;
}

EPX_TARGET void epx_sparse_sum_u8s8s32_avx2(const int8_t *rows, const epx_sparse_list_t *list,
                                            int lists, int columns, int32_t *sum) {
  const uint8_t *bytes = (const uint8_t *)rows;
  __m256i block[2];
  int j = 0;
  for (; j + EPX_BLOCK <= columns; j += EPX_BLOCK) {
    epx_block(bytes + j, list, lists, EPX_BLOCK, true, block);
    memcpy(sum + j, block, sizeof block);
  }
  if (j < columns) {
    epx_block(bytes + j, list, lists, columns - j, true, block);
    memcpy(sum + j, block, (size_t)(columns - j) * sizeof *sum);
  }
}

EPX_TARGET void epx_sparse_sum_u8u8s32_avx2(const uint8_t *rows, const epx_sparse_list_t *list,
                                            int lists, int columns, int32_t scale, int32_t *sum) {
  const __m256i times = _mm256_set1_epi32(scale);
  for (int j = 0; j < columns; j += EPX_BLOCK) {
    const int count = columns - j < EPX_BLOCK ? columns - j : EPX_BLOCK;
    const size_t bytes = (size_t)count * sizeof *sum;
    __m256i block[2], before[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    if (count == EPX_BLOCK) {
      epx_block(rows + j, list, lists, EPX_BLOCK, false, block);
    } else {
      epx_block(rows + j, list, lists, count, false, block);
    }
    memcpy(before, sum + j, bytes);
    for (int half = 0; half < 2; half++) {
      before[half] = _mm256_add_epi32(before[half], _mm256_mullo_epi32(block[half], times));
    }
    memcpy(sum + j, before, bytes);
  }
}

#else

void epx_sparse_sum_u8s8s32_avx2(const int8_t *rows, const epx_sparse_list_t *list, int lists,
                                 int columns, int32_t *sum) {
  epx_sparse_sum_u8s8s32_ref(rows, list, lists, columns, sum);
}

void epx_sparse_sum_u8u8s32_avx2(const uint8_t *rows, const epx_sparse_list_t *list, int lists,
                                 int columns, int32_t scale, int32_t *sum) {
  epx_sparse_sum_u8u8s32_ref(rows, list, lists, columns, scale, sum);
}

#endif
