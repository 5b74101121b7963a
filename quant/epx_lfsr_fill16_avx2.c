/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 draws: 16 at once.
 *
 * Squaring over GF(2) squares each term, so a recurrence b[n+32] = b[n+22] + b[n+2] + b[n+1] + b[n]
 * also holds with all distances times a power of two. Times 32 = 16 * 2, it relates whole draws:
 *
 *     d[i+64] = d[i+44] + d[i+4] + d[i+2] + d[i]
 *
 * The newest draw that it reads lies 20 back, so 16 lanes never wait for one another. The first
 * 64 draws and the last ones of a call, fewer than a register holds, are made one by one. */
#include "epx_lfsr_fill16.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum { LANES = 16, HISTORY = 64 };

__attribute__((target("avx2"))) void epx_lfsr_fill16_avx2(epx_lfsr_t *lfsr, uint16_t *draw,
                                                          size_t count) {
  if (count < HISTORY + LANES) {
    epx_lfsr_fill16_ref(lfsr, draw, count);
    return;
  }
  epx_lfsr_fill16_ref(lfsr, draw, HISTORY);
  size_t at = HISTORY;
  for (; at + LANES <= count; at += LANES) {
    const uint16_t *old = draw + (at - HISTORY);
    const __m256i near =
        _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(old + 44)),
                         _mm256_loadu_si256((const __m256i *)(const void *)(old + 4)));
    const __m256i far =
        _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(old + 2)),
                         _mm256_loadu_si256((const __m256i *)(const void *)old));
    _mm256_storeu_si256((__m256i *)(void *)(draw + at), _mm256_xor_si256(near, far));
  }
  lfsr->state = (uint32_t)draw[at - 1] << 16 | draw[at - 2]; /* the last 32 bits that entered */
  epx_lfsr_fill16_ref(lfsr, draw + at, count - at);
}

#else

void epx_lfsr_fill16_avx2(epx_lfsr_t *lfsr, uint16_t *draw, size_t count) {
  epx_lfsr_fill16_ref(lfsr, draw, count);
}

#endif
