/* SPDX-License-Identifier: Apache-2.0 */
/* A bank of ADCs. Each line's level is floor((2 (t - low) + q) / 2q); the division is a
 * multiplication by the inverse, mended by the remainder, so that the result is exact. */
#include "epx_adc.h"

#include <stdlib.h>

#include "epx_array_noise.h"
#include "epx_clones.h"
#include "epx_converter_internal.h"

struct epx_adc_t {
  epx_converter_t converter;
  int lines;
  bool has_errors;
  uint64_t key;
  int64_t *low, *step;    /* output units */
  double *inverse;        /* 1 / (2 step) */
  double *gain;           /* 1: none */
  double *offset;         /* LSB */
  epx_adc_clips_t *clips; /* by line; NULL: not counted */
};

void epx_adc_destroy(epx_adc_t *adc) {
  if (adc != NULL) {
    free(adc->low);
    free(adc->step);
    free(adc->inverse);
    free(adc->gain);
    free(adc->offset);
    free(adc);
  }
}

epx_status_t epx_adc_create(const epx_converter_t *converter, int lines, uint64_t seed,
                            uint64_t tile, epx_adc_t **out, epx_error_t *error) {
  epx_status_t status = epx_converter_check(converter, "adc", error);
  status = status == EPX_OK ? epx_converter_check_lines(lines, "adc", error) : status;
  if (status != EPX_OK) {
    return status;
  }
  const size_t n = (size_t)lines;
  epx_adc_t *adc = calloc(1, sizeof *adc);
  if (adc != NULL) {
    adc->low = calloc(n, sizeof *adc->low);
    adc->step = calloc(n, sizeof *adc->step);
    adc->inverse = calloc(n, sizeof *adc->inverse);
    adc->gain = calloc(n, sizeof *adc->gain);
    adc->offset = calloc(n, sizeof *adc->offset);
  }
  if (adc == NULL || adc->low == NULL || adc->step == NULL || adc->inverse == NULL ||
      adc->gain == NULL || adc->offset == NULL) {
    epx_adc_destroy(adc);
    return epx_fail(error, EPX_ERR_MEMORY, "No memory for the ADCs of %d lines.", lines);
  }
  adc->converter = *converter;
  adc->lines = lines;
  adc->has_errors = epx_converter_has_errors(converter);
  adc->key = epx_array_key(seed, EPX_ARRAY_ADC, tile);
  epx_converter_static(converter, adc->key, lines, adc->gain, adc->offset);
  *out = adc;
  return EPX_OK;
}

static int64_t ceil_divide(int64_t a, int64_t b) {
  return a / b + (a % b > 0 ? 1 : 0);
}

/* The smallest step with which levels 0, +-q, .. cover [low, high], low <= 0 <= high. */
static int64_t smallest_step(int64_t low, int64_t high, int64_t levels) {
  int64_t no = 0, yes = high > -low ? high : -low;
  while (yes - no > 1) {
    const int64_t q = no + (yes - no) / 2;
    if (ceil_divide(-low, q) + ceil_divide(high, q) <= levels - 1) {
      yes = q;
    } else {
      no = q;
    }
  }
  return yes;
}

epx_status_t epx_adc_set_range(epx_adc_t *adc, int line, int64_t low, int64_t high,
                               epx_error_t *error) {
  const int64_t limit = INT64_C(1) << EPX_CONVERTER_SUM_BITS;
  if (line < 0 || line >= adc->lines) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "adc.range: found line %d; expected 0 to %d", line,
                    adc->lines - 1);
  }
  if (low >= high || low <= -limit || high >= limit) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "adc.range: line %d: found %lld to %lld; expected low < high within +-2^%d",
                    line, (long long)low, (long long)high, EPX_CONVERTER_SUM_BITS);
  }
  if (adc->converter.kind == EPX_CONVERTER_IDEAL) {
    return EPX_OK;
  }
  if (adc->converter.bits == 1 && low < 0 && high > 0) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "adc.bits: found 1; line %d ranges from %lld to %lld, expected 2 or more bits "
                    "for sums of both signs",
                    line, (long long)low, (long long)high);
  }
  const int64_t one = INT64_C(1) << EPX_CONVERTER_FRACTION;
  const int64_t levels = INT64_C(1) << adc->converter.bits;
  low *= one;
  high *= one;
  int64_t step;
  if (low <= 0 && high >= 0) {
    step = smallest_step(low, high, levels);
    low = -step * ceil_divide(-low, step);
  } else {
    step = ceil_divide(high - low, levels - 1);
  }
  adc->low[line] = low;
  adc->step[line] = step;
  adc->inverse[line] = 0.5 / (double)step;
  return EPX_OK;
}

void epx_adc_levels(const epx_adc_t *adc, int line, int64_t *low, int64_t *step) {
  *low = adc->low[line];
  *step = adc->step[line];
}

void epx_adc_errors(const epx_adc_t *adc, int line, double *gain, double *offset) {
  *gain = adc->gain[line];
  *offset = adc->offset[line];
}

uint64_t epx_adc_key(const epx_adc_t *adc) {
  return adc->key;
}

void epx_adc_count(epx_adc_t *adc, epx_adc_clips_t *clips) {
  adc->clips = clips;
}

/* out[i] = low + code q of t[i]; returns the clips. */
EPX_CLONES static int64_t decide(int count, int64_t levels, const int64_t *restrict low,
                                 const int64_t *restrict step, const double *restrict inverse,
                                 const int64_t *restrict t, int64_t *restrict out) {
  int64_t clips = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t width = 2 * step[i], top = width * levels - 1;
    int64_t n = 2 * (t[i] - low[i]) + step[i];
    clips += (n < 0) | (n > top);
    n = n > top ? top : n;
    n = n < 0 ? 0 : n;
    int64_t code = (int64_t)((double)n * inverse[i]);
    const int64_t rest = n - code * width;
    code += (rest >= width) - (rest < 0);
    out[i] = low[i] + code * step[i];
  }
  return clips;
}

/* Which lines of a block clipped, and where; seldom called, so that it may be slow. */
static void count_clips(const epx_adc_t *adc, int first, int count, const int64_t *t) {
  const int64_t levels = INT64_C(1) << adc->converter.bits;
  for (int i = 0; i < count; ++i) {
    const int line = first + i;
    const int64_t width = 2 * adc->step[line];
    const int64_t n = 2 * (t[i] - adc->low[line]) + adc->step[line];
    if (n < 0) {
      __atomic_fetch_add(&adc->clips[line].below, 1, __ATOMIC_RELAXED);
    } else if (n >= width * levels) {
      __atomic_fetch_add(&adc->clips[line].above, 1, __ATOMIC_RELAXED);
    }
  }
}

/* unit: of a sum, in output units. */
EPX_CLONES static void scale_exactly(int count, int64_t unit, const int64_t *sum, int64_t *t) {
  for (int i = 0; i < count; ++i) {
    t[i] = sum[i] * unit;
  }
}

/* t = round(s 2^F gain + (offset + noise xi) q); beyond +-2^51 every range clips all the same. */
EPX_CLONES static void scale_with_errors(int count, int64_t unit, const int64_t *sum,
                                         const double *restrict gain, const double *restrict offset,
                                         double noise, const double *restrict normal,
                                         const int64_t *restrict step, int64_t *t) {
  const double limit = 0x1p51 - 1.0, scale = (double)unit;
  for (int i = 0; i < count; ++i) {
    const double lsb = (double)step[i];
    double x = (double)sum[i] * scale * gain[i] + (offset[i] + noise * normal[i]) * lsb;
    x = x < -limit ? -limit : x > limit ? limit : x;
    t[i] = (int64_t)epx_math_round(x);
  }
}

static int64_t convert(const epx_adc_t *adc, uint64_t draw, int64_t unit, int first, int count,
                       const int64_t *sum, int64_t *out) {
  if (adc->converter.kind == EPX_CONVERTER_IDEAL) {
    scale_exactly(count, unit, sum, out);
    return 0;
  }
  const uint64_t key = epx_array_draw_key(adc->key, draw);
  const int64_t levels = INT64_C(1) << adc->converter.bits;
  double normal[EPX_CONVERTER_BLOCK] = {0.0};
  int64_t t[EPX_CONVERTER_BLOCK], clips = 0;
  for (int done = 0; done < count; done += EPX_CONVERTER_BLOCK) {
    const int size = count - done < EPX_CONVERTER_BLOCK ? count - done : EPX_CONVERTER_BLOCK;
    const int at = first + done;
    if (adc->converter.noise != 0.0) {
      epx_array_noises(key, (uint64_t)at, (size_t)size, normal);
    }
    if (adc->has_errors) {
      scale_with_errors(size, unit, sum + done, adc->gain + at, adc->offset + at,
                        adc->converter.noise, normal, adc->step + at, t);
    } else {
      scale_exactly(size, unit, sum + done, t);
    }
    const int64_t clipped =
        decide(size, levels, adc->low + at, adc->step + at, adc->inverse + at, t, out + done);
    if (clipped > 0 && adc->clips != NULL) {
      count_clips(adc, at, size, t);
    }
    clips += clipped;
  }
  return clips;
}

int64_t epx_adc_convert(const epx_adc_t *adc, uint64_t draw, int first, int count,
                        const int64_t *sum, int64_t *out) {
  return convert(adc, draw, INT64_C(1) << EPX_CONVERTER_FRACTION, first, count, sum, out);
}

int64_t epx_adc_convert_fine(const epx_adc_t *adc, uint64_t draw, int first, int count,
                             const int64_t *sum, int64_t *out) {
  return convert(adc, draw, 1, first, count, sum, out);
}
