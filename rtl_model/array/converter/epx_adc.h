/* SPDX-License-Identifier: Apache-2.0 */
/* ADCs on the lines of an array: one bank per array, one line per column, from integers to
 * integers.
 *
 * Units. A sum is an exact integer in the caller's units (cell units, or cell units at some fixed
 * point). Converters put out integers in units of 2^-EPX_CONVERTER_FRACTION of that, so whatever
 * accumulates them stays exact. Real numbers appear inside, in the analog errors, and are rounded
 * (to nearest, ties to even) to those same units before the decision, so that all machines decide
 * alike.
 *
 * ADC of b bits over the range of its line, with N = 2^b codes, step q and lowest level `low`, both
 * in output units (F = EPX_CONVERTER_FRACTION):
 *
 *   t  = s 2^F                                     without errors of its own
 *   t  = round(s 2^F (1 + gain) + (offset + noise xi) q)       with them
 *   k  = floor((t - low) / q + 1/2)                nearest level, ties upward
 *   code = min(max(k, 0), N - 1), a clip where k lies outside
 *   reconstructed sum = low + code q, in units of 2^-F
 *
 * offset and noise in LSB (one LSB is q), gain relative to the zero of the sum; xi is normal, drawn
 * by (tile, draw number, line). Where 0 lies in the range it is one of the levels. SAR, ramp and
 * ideal converters share the transfer; they differ in steps (SAR: b, ramp: 2^b, ideal: 1), and the
 * ideal one is lossless: the reconstructed sum is s 2^F and never clips. */
#ifndef EPX_ADC_H
#define EPX_ADC_H

#include <stddef.h>
#include <stdint.h>

#include "epx_converter.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_adc_t epx_adc_t;

/* `seed`, `tile`: see epx_array_random.h. No line has a range yet: every sum would clip to 0. */
EPX_CHECKED epx_status_t epx_adc_create(const epx_converter_t *converter, int lines, uint64_t seed,
                                        uint64_t tile, epx_adc_t **adc, epx_error_t *error);
void epx_adc_destroy(epx_adc_t *adc);

/* A line's range in sums, low < high, both within +-2^38: the finest step with which N levels cover
 * it. With L = low 2^F and H = high 2^F: where 0 lies in the range, the smallest q with
 * ceil(-L/q) + ceil(H/q) <= N - 1, and the lowest level -q ceil(-L/q); elsewhere
 * q = ceil((H - L) / (N - 1)), and the lowest level L. Ideal converters ignore it.
 * EPX_ERR_ARGUMENT names line and range; EPX_ERR_UNSUPPORTED for one bit and a range on both sides
 * of 0. */
EPX_CHECKED epx_status_t epx_adc_set_range(epx_adc_t *adc, int line, int64_t low, int64_t high,
                                           epx_error_t *error);

/* Clips of one line, below its lowest level and above its highest. */
typedef struct epx_adc_clips_t {
  uint64_t below, above;
} epx_adc_clips_t;

/* From here on converting adds each line's clips to clips[line], which is the caller's; NULL: no
 * more. Any number of threads may convert; the sums do not depend on them. */
void epx_adc_count(epx_adc_t *adc, epx_adc_clips_t *clips);

/* The lowest level and the step of a line, in output units. */
void epx_adc_levels(const epx_adc_t *adc, int line, int64_t *low, int64_t *step);
/* Its own factor, 1 + gain, and its offset in LSB. */
void epx_adc_errors(const epx_adc_t *adc, int line, double *gain, double *offset);
/* The array key (epx_array_random.h) of which the bank's noise is drawn. */
uint64_t epx_adc_key(const epx_adc_t *adc);

/* Converts lines [first, first + count) of one read: sum[i] -> out[i], which may be the same
 * array. Returns the number of clips. Lines may be taken in any order and number with the same
 * draw number. */
int64_t epx_adc_convert(const epx_adc_t *adc, uint64_t draw, int first, int count,
                        const int64_t *sum, int64_t *out);
/* The same of sums in output units: t = sum, and s = sum 2^-F. */
int64_t epx_adc_convert_fine(const epx_adc_t *adc, uint64_t draw, int first, int count,
                             const int64_t *sum, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
