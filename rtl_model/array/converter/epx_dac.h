/* SPDX-License-Identifier: Apache-2.0 */
/* DACs on the driven lines of an array: one bank per array and side, one line per row or unit,
 * from integers to integers.
 *
 * Units. A sum is an exact integer in the caller's units (cell units, or cell units at some fixed
 * point). Converters put out integers in units of 2^-EPX_CONVERTER_FRACTION of that, so whatever
 * accumulates them stays exact. Real numbers appear inside, in the analog errors, and are rounded
 * (to nearest, ties to even) to those same units before the decision, so that all machines decide
 * alike.
 *
 * DAC of b bits: carries digits d in [0, 2^b). A line whose digit is 0 is grounded, and carries 0;
 * others d with gain, offset and noise as above (an LSB is 1), rounded, within 0 and EPX_DAC_MOST
 * times the largest digit, in units of 2^-F digits. All kinds are the same to it. */
#ifndef EPX_DAC_H
#define EPX_DAC_H

#include <stddef.h>
#include <stdint.h>

#include "epx_converter.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_dac_t epx_dac_t;

EPX_CHECKED epx_status_t epx_dac_create(const epx_converter_t *converter, int lines, uint64_t seed,
                                        uint64_t tile, epx_dac_t **dac, epx_error_t *error);
void epx_dac_destroy(epx_dac_t *dac);

/* Lines [first, first + count) of one drive: digit[i] -> out[i] in units of 2^-F digits. Lines may
 * be taken in any order and number with the same draw number. */
void epx_dac_drive(const epx_dac_t *dac, uint64_t draw, int first, int count, const uint8_t *digit,
                   int32_t *out);

#ifdef __cplusplus
}
#endif
#endif
