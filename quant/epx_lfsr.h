/* SPDX-License-Identifier: Apache-2.0 */
/* Linear feedback shift registers for stochastic rounding, as a tile has them.
 *
 * epx_lfsr_t: 32 bits, primitive polynomial x^32 + x^22 + x^2 + x + 1 (Xilinx XAPP052), Fibonacci
 * form: with the output sequence b, b[n+32] = b[n+22] ^ b[n+2] ^ b[n+1] ^ b[n]. Bit i of `state` is
 * b[n+i]. One draw shifts 16 times and returns the 16 bits that entered: 16 fresh bits a draw,
 * period 2^32 - 1 shifts.
 *
 * epx_lfsr16_t: 16 bits, primitive polynomial x^16 + x^5 + x^3 + x^2 + 1 (W. Stahnke, Primitive
 * binary polynomials, Mathematics of Computation 27, 1973), same form. A draw is the state after 16
 * shifts, so 0 is never drawn: over its period of 65535 draws a dropped fraction f/65536 rounds up
 * f times, with probability f/65535. Neighbouring draws depend on one another; the wide register is
 * the better source, this one the cheaper circuit. */
#ifndef EPX_LFSR_H
#define EPX_LFSR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* Leaps over `shifts` single shifts (16 a draw), in time O(log shifts). */
void epx_lfsr_jump(epx_lfsr_t *lfsr, uint64_t shifts);

typedef struct epx_lfsr16_t {
  uint16_t state; /* never 0 */
} epx_lfsr16_t;

/* A register from any seed (0 included). */
static inline epx_lfsr16_t epx_lfsr16_seed(uint16_t seed) {
  const epx_lfsr16_t lfsr = {(uint16_t)(seed != 0 ? seed : 0xace1u)};
  return lfsr;
}

/* Shifts 8 times at once: no feedback tap lies within the 8 bits that enter. */
static inline void epx_lfsr16_step8(epx_lfsr16_t *lfsr) {
  const uint32_t s = lfsr->state;
  const uint32_t entering = (s >> 5 ^ s >> 3 ^ s >> 2 ^ s) & 0xffu;
  lfsr->state = (uint16_t)(s >> 8 | entering << 8);
}

/* 16 bits, 1 to 65535. */
static inline uint32_t epx_lfsr16_next16(epx_lfsr16_t *lfsr) {
  epx_lfsr16_step8(lfsr);
  epx_lfsr16_step8(lfsr);
  return lfsr->state;
}

void epx_lfsr16_jump(epx_lfsr16_t *lfsr, uint64_t shifts);

/* Sources for a fixed-point context (epx_draw16_fn): `state` is the register. */
uint32_t epx_lfsr_draw(void *lfsr);
uint32_t epx_lfsr16_draw(void *lfsr);

#ifdef __cplusplus
}
#endif
#endif
