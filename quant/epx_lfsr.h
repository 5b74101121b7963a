/* SPDX-License-Identifier: Apache-2.0 */
/* Linear feedback shift register for stochastic rounding, as a tile has it.
 *
 * 32 bits, primitive polynomial x^32 + x^22 + x^2 + x + 1 (Xilinx XAPP052), Fibonacci form: with
 * the output sequence b, b[n+32] = b[n+22] ^ b[n+2] ^ b[n+1] ^ b[n]. Bit i of `state` is b[n+i].
 * One draw shifts 16 times and returns the 16 bits that entered: 16 fresh bits a draw, period
 * 2^32 - 1 shifts. */
#ifndef EPX_LFSR_H
#define EPX_LFSR_H

#include <stdint.h>

typedef struct epx_lfsr_t {
  uint32_t state; /* never 0 */
} epx_lfsr_t;

/* A register from any seed (0 included). */
static inline epx_lfsr_t epx_lfsr_seed(uint32_t seed) {
  const epx_lfsr_t lfsr = {seed != 0 ? seed : UINT32_C(0xace1ace1)};
  return lfsr;
}

/* Shifts 8 times at once: no feedback tap lies within the 8 bits that enter. */
static inline void epx_lfsr_step8(epx_lfsr_t *lfsr) {
  const uint32_t s = lfsr->state;
  const uint32_t entering = (s >> 22 ^ s >> 2 ^ s >> 1 ^ s) & 0xffu;
  lfsr->state = s >> 8 | entering << 24;
}

/* 16 fresh bits. */
static inline uint32_t epx_lfsr_next16(epx_lfsr_t *lfsr) {
  epx_lfsr_step8(lfsr);
  epx_lfsr_step8(lfsr);
  return lfsr->state >> 16;
}

#endif
