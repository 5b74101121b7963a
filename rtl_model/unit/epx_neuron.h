/* SPDX-License-Identifier: Apache-2.0 */
/* The neuron unit: from an exact preactivation to a state code.
 *
 * v is an integer at the layer's accumulator fraction F (value v * 2^-F), the sum of forward and
 * backward product, bias and nudge. The hard sigmoids are a shift, one rounding and a clamp. */
#ifndef EPX_NEURON_H
#define EPX_NEURON_H

#include <math.h>
#include <stdint.h>

#include "epx_network.h"
#include "epx_qformat.h"
#include "epx_round.h"
#include "epx_scale.h"

typedef struct epx_neuron_t {
  int shift;            /* F - state fraction bits, + 1 for hard_sigmoid_half; >= 0 */
  int32_t max_code;     /* largest state code that is <= 1.0 and in the format */
  epx_round_t rounding; /* nearest_even or truncate */
} epx_neuron_t;

/* accumulator_fraction must be at least the state's fraction bits; activation one of the hard
 * sigmoids. */
static inline epx_neuron_t epx_neuron_make(epx_activation_t activation, epx_qformat_t state,
                                           int accumulator_fraction, epx_round_t rounding) {
  const int64_t one = INT64_C(1) << state.fraction_bits;
  const int64_t top = epx_qformat_max(state);
  const epx_neuron_t neuron = {accumulator_fraction - state.fraction_bits +
                                   (activation == EPX_ACTIVATION_HARD_SIGMOID_HALF ? 1 : 0),
                               (int32_t)(top < one ? top : one), rounding};
  return neuron;
}

/* Bias and nudge saturate here: with them every preactivation has 32 bits. */
enum { EPX_NEURON_OPERAND = 1 << 28 };

/* A bias register at the accumulator's fraction: nearest-even, saturated. */
static inline int32_t epx_neuron_bias(int32_t bias, epx_qformat_t format,
                                      int accumulator_fraction) {
  const int64_t shifted =
      epx_round_shift(bias, format.fraction_bits - accumulator_fraction, EPX_ROUND_NEAREST_EVEN, 0);
  return (int32_t)epx_saturate(shifted, -EPX_NEURON_OPERAND, EPX_NEURON_OPERAND);
}

/* What leaves a sum that an event-driven array holds, where errors of every drive stay in it:
 * limited so that, shifted left by `shift` to the accumulator, both products, bias and nudge have
 * 32 bits. Example: shift 1, limit 402653183. */
static inline int64_t epx_neuron_held(int64_t sum, int shift) {
  const int64_t limit = (INT64_C(3) * EPX_NEURON_OPERAND - 1) >> shift;
  return epx_saturate(sum, -limit, limit);
}

/* |beta| as a factor from pushes at push_fraction to the accumulator's fraction. */
static inline epx_scale_t epx_nudge_scale(double beta, int push_fraction,
                                          int accumulator_fraction) {
  return epx_scale_from(ldexp(fabs(beta), accumulator_fraction - push_fraction));
}

/* A push scaled, rounded nearest-even, with beta's sign, saturated. */
static inline int32_t epx_neuron_nudge(epx_scale_t scale, double beta, int64_t push) {
  const int64_t nudge = epx_scale_apply(scale, push, EPX_ROUND_NEAREST_EVEN, 0);
  return (int32_t)epx_saturate(beta < 0.0 ? -nudge : nudge, -EPX_NEURON_OPERAND,
                               EPX_NEURON_OPERAND);
}

/* The state code, in [0, max_code]. */
static inline uint8_t epx_neuron_fire(const epx_neuron_t *neuron, int64_t v) {
  const int64_t code = epx_round_shift(v, neuron->shift, neuron->rounding, 0);
  return (uint8_t)epx_saturate(code, 0, neuron->max_code);
}

#endif
