/* SPDX-License-Identifier: Apache-2.0 */
/* A converter as configured: ADCs on an array's lines (rtl_model/array/converter/epx_adc.h has
 * their transfer), DACs on its drivers (epx_dac.h). */
#ifndef EPX_CONVERTER_H
#define EPX_CONVERTER_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_CONVERTER_FRACTION = 12,
  EPX_CONVERTER_MAX_BITS = 16,
  EPX_CONVERTER_MAX_LINES = 1 << 16,
  EPX_CONVERTER_SUM_BITS = 38 /* sums and ranges: |s| < 2^38 */
};

/* Bits of a DAC; and the most that a line carries, as a multiple of the largest digit. */
enum { EPX_DAC_MAX_BITS = 8, EPX_DAC_MOST = 4 };

typedef enum epx_converter_kind_t {
  EPX_CONVERTER_IDEAL, /* lossless, one step; takes no errors */
  EPX_CONVERTER_SAR,
  EPX_CONVERTER_RAMP
} epx_converter_kind_t;

/* Plain data; zero is an ideal converter. */
typedef struct epx_converter_t {
  epx_converter_kind_t kind;
  int bits;             /* 1 to EPX_CONVERTER_MAX_BITS; not read by ideal ones */
  double offset;        /* LSB, in [-2^16, 2^16] */
  double gain;          /* relative error, in (-1, 1] */
  double noise;         /* LSB rms at the input, in [0, 2^16] */
  double offset_spread; /* LSB rms, from converter to converter, in [0, 2^16] */
  double gain_spread;   /* rms, from converter to converter, in [0, 1] */
  int lines_each;       /* neighbouring lines that share one converter and its errors; 0 is 1 */
} epx_converter_t;

/* What converters were asked for, and how many of the sums lay outside their range. */
typedef struct epx_clips_t {
  uint64_t conversions, clips;
} epx_clips_t;

static inline void epx_clips_add(epx_clips_t *to, epx_clips_t more) {
  to->conversions += more.conversions;
  to->clips += more.clips;
}

/* "adc.bits: found 17; expected 1 to 16" and the like; `key` is the converter's name there. */
EPX_CHECKED epx_status_t epx_converter_check(const epx_converter_t *converter, const char *key,
                                             epx_error_t *error);

/* Whether it errs at all. */
bool epx_converter_has_errors(const epx_converter_t *converter);

/* Steps of one conversion of an ADC, each `chip.timing.convert_cycles` long: an ideal converter
 * takes 1, a SAR converter decides a bit in each of `bits` steps, and a ramp passes the 2^bits
 * levels one by one. */
int64_t epx_converter_steps(epx_converter_kind_t kind, int bits);

/* "ideal", "sar" or "ramp"; NULL for other values. */
const char *epx_converter_kind_name(epx_converter_kind_t kind);

/* Whether a line carries its digit, exactly and always. */
bool epx_dac_exact(const epx_converter_t *converter);

/* As epx_converter_check, for bits up to EPX_DAC_MAX_BITS. */
EPX_CHECKED epx_status_t epx_dac_check(const epx_converter_t *converter, const char *key,
                                       epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
