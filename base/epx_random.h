/* SPDX-License-Identifier: Apache-2.0 */
/* Counter-based random numbers: value = f(key, counter), so that any draw can be made by any thread
 * in any order and a resumed run draws what the uninterrupted one would have drawn.
 * Mixing function: SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014), applied twice. */
#ifndef EPX_RANDOM_H
#define EPX_RANDOM_H

#include <stdint.h>

static inline uint64_t epx_random_mix(uint64_t z) {
  z += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A stream's key: derive one per purpose (parent: the run's seed or another key). */
static inline uint64_t epx_random_key(uint64_t parent, uint64_t purpose) {
  return epx_random_mix(epx_random_mix(parent) ^ purpose);
}

/* 64 uniform bits. */
static inline uint64_t epx_random_bits(uint64_t key, uint64_t counter) {
  return epx_random_mix(key ^ epx_random_mix(counter));
}

/* Uniform in [0, 1), 53 bits. */
static inline double epx_random_uniform(uint64_t key, uint64_t counter) {
  return (double)(epx_random_bits(key, counter) >> 11) * 0x1.0p-53;
}

/* Uniform integer in [0, bound), bound >= 1 (bias below 2^-32 for bounds below 2^32). */
static inline uint32_t epx_random_below(uint64_t key, uint64_t counter, uint32_t bound) {
  return (uint32_t)(((epx_random_bits(key, counter) >> 32) * (uint64_t)bound) >> 32);
}

#endif
