/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_quantize.h"

#include <math.h>

#include "epx_fixed.h"

static uint32_t given_bits(void *state) {
  return *(const uint32_t *)state;
}

int64_t epx_quantize(double value, epx_qformat_t format, epx_round_t mode, uint32_t random16) {
  epx_fixed_t fixed = epx_fixed_make(mode, EPX_OVERFLOW_SAT);
  fixed.draw16 = given_bits;
  fixed.draw_state = &random16;
  return epx_fixed_from_double(&fixed, value, format);
}

double epx_dequantize(int64_t code, epx_qformat_t format) {
  return ldexp((double)code, -format.fraction_bits);
}
