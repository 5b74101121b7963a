/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "epx_array_random.h"
#include "epx_clones.h"
#include "epx_converter_internal.h"
#include "epx_round.h"

struct epx_dac_t {
  epx_converter_t converter;
  int shift; /* code bits that a level drops, 0 or more */
  int64_t top;
  bool has_errors;
  uint64_t key;
  double *gain, *offset; /* of each line: 1 is exact; LSB */
};

void epx_dac_destroy(epx_dac_t *dac) {
  if (dac != NULL) {
    free(dac->gain);
    free(dac->offset);
    free(dac);
  }
}

epx_status_t epx_dac_create(const epx_converter_t *converter, int code_bits, int lines,
                            uint64_t seed, uint64_t tile, epx_dac_t **out, epx_error_t *error) {
  epx_status_t status = epx_converter_check(converter, "dac", error);
  status = status == EPX_OK ? epx_converter_check_lines(lines, "dac", error) : status;
  if (status != EPX_OK) {
    return status;
  }
  if (code_bits < 1 || code_bits > EPX_CONVERTER_MAX_BITS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "dac: found codes of %d bits; expected 1 to %d",
                    code_bits, EPX_CONVERTER_MAX_BITS);
  }
  epx_dac_t *dac = calloc(1, sizeof *dac);
  if (dac != NULL) {
    dac->gain = calloc((size_t)lines, sizeof *dac->gain);
    dac->offset = calloc((size_t)lines, sizeof *dac->offset);
  }
  if (dac == NULL || dac->gain == NULL || dac->offset == NULL) {
    epx_dac_destroy(dac);
    return epx_fail(error, EPX_ERR_MEMORY, "No memory for the DACs of %d lines.", lines);
  }
  const bool all = converter->kind == EPX_CONVERTER_IDEAL || converter->bits >= code_bits;
  dac->converter = *converter;
  dac->shift = all ? 0 : code_bits - converter->bits;
  dac->top = (INT64_C(1) << (code_bits - dac->shift)) - 1;
  dac->has_errors = epx_converter_has_errors(converter);
  dac->key = epx_array_key(seed, EPX_ARRAY_DAC, tile);
  epx_converter_static(converter, dac->key, lines, dac->gain, dac->offset);
  *out = dac;
  return EPX_OK;
}

EPX_CLONES static int64_t to_levels(int count, const uint16_t *restrict code, int shift,
                                    int64_t top, int32_t *restrict value) {
  int64_t clips = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t level = epx_round_shift(code[i], shift, EPX_ROUND_NEAREST_EVEN, 0);
    clips += level > top;
    value[i] = (int32_t)((level > top ? top : level) * (INT64_C(1) << shift));
  }
  return clips;
}

int64_t epx_dac_drive(const epx_dac_t *dac, uint64_t event, int first, int count,
                      const uint16_t *code, int32_t *out) {
  const int64_t clips = to_levels(count, code, dac->shift, dac->top, out);
  const double unit = (double)(1 << EPX_CONVERTER_FRACTION);
  const double lsb = unit * (double)(1 << dac->shift);
  const uint64_t key = epx_array_event_key(dac->key, event);
  for (int i = 0; i < count; ++i) {
    if (dac->has_errors) {
      const int line = first + i;
      const double noise = dac->converter.noise != 0.0
                               ? dac->converter.noise * epx_array_normal(key, (uint64_t)line)
                               : 0.0;
      const double x = out[i] * unit * dac->gain[line] + (dac->offset[line] + noise) * lsb;
      const double limit = 0x1p31 - 1.0;
      out[i] = (int32_t)epx_math_round(x < 0.0 ? 0.0 : x > limit ? limit : x);
    } else {
      out[i] *= 1 << EPX_CONVERTER_FRACTION;
    }
  }
  return clips;
}
