/* SPDX-License-Identifier: Apache-2.0 */
/* The random numbers of array effects: pure functions of (seed, purpose, tile, draw number, cell).
 *
 *   array key  = random_key(random_key(seed, purpose), tile)     one per effect and array
 *   draw key   = random_key(array key, draw number)              one per read, write or conversion
 *   draw       = random_bits(draw key, cell)                    one per cell or line
 *
 * Nothing is a stream: the twin may compute a whole array at once, the SystemC tile one cell a
 * cycle, in any order, and both get the same bits. `tile` is a number that the caller gives each
 * array, `draw` one that it never repeats for an array and purpose (for example step * 4 + phase).
 * Static properties of a cell (device-to-device spread, faults) use draw number EPX_ARRAY_STATIC.
 */
#ifndef EPX_ARRAY_RANDOM_H
#define EPX_ARRAY_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "epx_array_math.h"
#include "epx_random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a draw is for. Values are part of the results: they never change meaning. */
typedef enum epx_array_purpose_t {
  EPX_ARRAY_DAC = 0x6461,
  EPX_ARRAY_ADC = 0x6164,
  EPX_ARRAY_READ_NOISE = 0x726e,
  EPX_ARRAY_PROGRAM = 0x7067,
  EPX_ARRAY_FAULT = 0x6661,
  EPX_ARRAY_DRIFT = 0x6472,
  EPX_ARRAY_RETENTION = 0x7265,
  EPX_ARRAY_PULSE_DEVICE = 0x7064,
  EPX_ARRAY_PULSE_CYCLE = 0x7063,
  EPX_ARRAY_PULSE_ROUND = 0x7072
} epx_array_purpose_t;

#define EPX_ARRAY_STATIC UINT64_MAX /* the draw number of what never changes */

static inline uint64_t epx_array_key(uint64_t seed, epx_array_purpose_t purpose, uint64_t tile) {
  return epx_random_key(epx_random_key(seed, (uint64_t)purpose), tile);
}

static inline uint64_t epx_array_draw_key(uint64_t array_key, uint64_t draw) {
  return epx_random_key(array_key, draw);
}

/* The standard normal number of a cell: the quantile of (k + 1/2) 2^-52, k the top 52 of the draw's
 * bits. Magnitude at most 8.21. */
static inline double epx_array_normal(uint64_t event_key, uint64_t cell) {
  const uint64_t k = epx_random_bits(event_key, cell) >> 12;
  const double q = (epx_math_from_bits(k | UINT64_C(0x3ff0000000000000)) - 1.5) + 0x1p-53;
  return epx_math_normal_quantile(q);
}

/* normal[i] = epx_array_normal(event_key, first + i), and for cells given one by one. */
void epx_array_normals(uint64_t event_key, uint64_t first, size_t count, double *normal);
void epx_array_normals_of(uint64_t event_key, const uint32_t *cell, size_t count, double *normal);

#ifdef __cplusplus
}
#endif
#endif
