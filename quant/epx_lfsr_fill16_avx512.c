/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 draws: 32 at once.
 *
 * Squaring over GF(2) squares each term, so a recurrence b[n+32] = b[n+22] + b[n+2] + b[n+1] + b[n]
 * also holds with all distances times a power of two. Times 64 = 16 * 4, it relates whole draws:
 *
 *     d[i+128] = d[i+88] + d[i+8] + d[i+4] + d[i]
 *
 * The newest draw that it reads lies 40 back, so 32 lanes never wait for one another. The first
 * 128 draws and the last ones of a call, fewer than a register holds, are made one by one. */
#include "epx_lfsr_fill16.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum { LANES = 32, HISTORY = 128 };

__attribute__((target("avx512f"))) void epx_lfsr_fill16_avx512(epx_lfsr_t *lfsr, uint16_t *draw,
                                                               size_t count) {
  if (count < HISTORY + LANES) {
    epx_lfsr_fill16_ref(lfsr, draw, count);
    return;
  }
  epx_lfsr_fill16_ref(lfsr, draw, HISTORY);
  size_t at = HISTORY;
  for (; at + LANES <= count; at += LANES) {
    const uint16_t *old = draw + (at - HISTORY);
    const __m512i near = _mm512_xor_si512(_mm512_loadu_si512((const void *)(old + 88)),
                                          _mm512_loadu_si512((const void *)(old + 8)));
    const __m512i far = _mm512_xor_si512(_mm512_loadu_si512((const void *)(old + 4)),
                                         _mm512_loadu_si512((const void *)old));
    _mm512_storeu_si512((void *)(draw + at), _mm512_xor_si512(near, far));
  }
  lfsr->state = (uint32_t)draw[at - 1] << 16 | draw[at - 2]; /* the last 32 bits that entered */
  epx_lfsr_fill16_ref(lfsr, draw + at, count - at);
}

#else

void epx_lfsr_fill16_avx512(epx_lfsr_t *lfsr, uint16_t *draw, size_t count) {
  epx_lfsr_fill16_ref(lfsr, draw, count);
}

#endif
