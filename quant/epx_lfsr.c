/* SPDX-License-Identifier: Apache-2.0 */
/* Leaping ahead by powers of x.
 *
 * If x^n = c_0 + c_1 x + ... modulo the register's polynomial, then n shifts lead to the sum over
 * GF(2) of those states that i single shifts reach, for all i with c_i = 1: every output bit obeys
 * b[m+n] = c_0 b[m] + c_1 b[m+1] + ... */
#include "epx_lfsr.h"

/* A polynomial over GF(2) below x^width: bit i is the coefficient of x^i. `low` are the terms of
 * the modulus below x^width. */
typedef struct field_t {
  int width;
  uint32_t low;
} field_t;

static const field_t field32 = {32, UINT32_C(1) << 22 | 7u};
static const field_t field16 = {16, 1u << 5 | 1u << 3 | 1u << 2 | 1u};

static uint32_t times_x(field_t field, uint32_t a) {
  const uint32_t top = a >> (field.width - 1) & 1u;
  const uint32_t mask = UINT32_MAX >> (32 - field.width);
  return (a << 1 & mask) ^ (top != 0 ? field.low : 0u);
}

static uint32_t multiply(field_t field, uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int i = field.width - 1; i >= 0; i--) {
    product = times_x(field, product) ^ ((b >> i & 1u) != 0 ? a : 0u);
  }
  return product;
}

static uint32_t power_of_x(field_t field, uint64_t exponent) {
  uint32_t result = 1;
  for (uint32_t square = 2; exponent != 0; exponent >>= 1) {
    result = (exponent & 1u) != 0 ? multiply(field, result, square) : result;
    square = multiply(field, square, square);
  }
  return result;
}

static uint32_t jump(field_t field, uint32_t state, uint64_t shifts) {
  const uint32_t power = power_of_x(field, shifts);
  uint32_t sum = 0;
  for (int i = 0; i < field.width; i++) {
    sum ^= (power >> i & 1u) != 0 ? state : 0u;
    state = state >> 1 | (uint32_t)__builtin_parity(state & field.low) << (field.width - 1);
  }
  return sum;
}

void epx_lfsr_jump(epx_lfsr_t *lfsr, uint64_t shifts) {
  lfsr->state = jump(field32, lfsr->state, shifts);
}

void epx_lfsr16_jump(epx_lfsr16_t *lfsr, uint64_t shifts) {
  lfsr->state = (uint16_t)jump(field16, lfsr->state, shifts);
}

uint32_t epx_lfsr_draw(void *lfsr) {
  return epx_lfsr_next16((epx_lfsr_t *)lfsr);
}

uint32_t epx_lfsr16_draw(void *lfsr) {
  return epx_lfsr16_next16((epx_lfsr16_t *)lfsr);
}
