/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_dac.h"

#include <stdlib.h>

#include "epx_array_noise.h"
#include "epx_clones.h"
#include "epx_converter_internal.h"

struct epx_dac_t {
  epx_converter_t converter;
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

epx_status_t epx_dac_create(const epx_converter_t *converter, int lines, uint64_t seed,
                            uint64_t tile, epx_dac_t **out, epx_error_t *error) {
  epx_status_t status = epx_dac_check(converter, "dac", error);
  status = status == EPX_OK ? epx_converter_check_lines(lines, "dac", error) : status;
  if (status != EPX_OK) {
    return status;
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
  dac->converter = *converter;
  dac->key = epx_array_key(seed, EPX_ARRAY_DAC, tile);
  epx_converter_static(converter, dac->key, lines, dac->gain, dac->offset);
  *out = dac;
  return EPX_OK;
}

EPX_CLONES static void carry(int count, const uint8_t *restrict digit, const double *restrict gain,
                             const double *restrict offset, const double *restrict noise,
                             double noise_lsb, double limit, int32_t *restrict out) {
  const double unit = (double)(1 << EPX_CONVERTER_FRACTION);
  for (int i = 0; i < count; ++i) {
    double x = (digit[i] * gain[i] + (offset[i] + noise_lsb * noise[i])) * unit;
    x = x < 0.0 ? 0.0 : x > limit ? limit : x;
    out[i] = digit[i] == 0 ? 0 : (int32_t)epx_math_round(x);
  }
}

void epx_dac_drive(const epx_dac_t *dac, uint64_t draw, int first, int count, const uint8_t *digit,
                   int32_t *out) {
  const uint64_t key = epx_array_draw_key(dac->key, draw);
  const int top = (1 << dac->converter.bits) - 1;
  const double limit = (double)(EPX_DAC_MOST * top << EPX_CONVERTER_FRACTION);
  double noise[EPX_CONVERTER_BLOCK] = {0.0};
  for (int at = 0; at < count; at += EPX_CONVERTER_BLOCK) {
    const int block = count - at < EPX_CONVERTER_BLOCK ? count - at : EPX_CONVERTER_BLOCK;
    const int line = first + at;
    if (dac->converter.noise != 0.0) {
      epx_array_noises(key, (uint64_t)line, (size_t)block, noise);
    }
    carry(block, digit + at, dac->gain + line, dac->offset + line, noise, dac->converter.noise,
          limit, out + at);
  }
}
