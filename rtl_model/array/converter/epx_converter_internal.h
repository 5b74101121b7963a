/* SPDX-License-Identifier: Apache-2.0 */
/* What ADC and DAC banks share. */
#ifndef EPX_CONVERTER_INTERNAL_H
#define EPX_CONVERTER_INTERNAL_H

#include "epx_converter.h"

enum { EPX_CONVERTER_BLOCK = 256 }; /* lines whose noise is drawn at once */

EPX_CHECKED epx_status_t epx_converter_check_lines(int lines, const char *key, epx_error_t *error);

/* Gain (1 is exact) and offset (LSB) of each line's converter. */
void epx_converter_static(const epx_converter_t *converter, uint64_t array_key, int lines,
                          double *gain, double *offset);

#endif
