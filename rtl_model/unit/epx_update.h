/* SPDX-License-Identifier: Apache-2.0 */
/* The local update circuit: from an exact correlation to a new synapse, one synapse at a time.
 *
 * Correlation: the sum over phases (coefficient), samples and positions of pre code * post code, an
 * exact integer. Registers a synapse: shadow (the weight with shadow_bits more fraction bits; the
 * array sees its rounded top bits) and velocity (momentum). Constants are epx_scale_t.
 *
 *   v <- sat( round(momentum * v) - round(gradient * correlation) + round(decay * shadow) )
 *   shadow <- sat( shadow - round_mode(rate * v) )        (one 16-bit LFSR draw if stochastic)
 *
 * Inner roundings are nearest-even. A tile updates its synapses in row-major order (row, then
 * output channel), drawing once each; the tile with row block 0 then updates its biases by channel,
 * with the same LFSR. The twin and the SystemC tile both call these functions. Where the weight is
 * a device's conductance, the step becomes pulses (epx_pulsed.h). */
#ifndef EPX_UPDATE_H
#define EPX_UPDATE_H

#include <stdint.h>

#include "epx_lfsr.h"
#include "epx_qformat.h"
#include "epx_round.h"
#include "epx_scale.h"

typedef struct epx_update_circuit_t {
  epx_scale_t gradient; /* correlation -> velocity codes: includes -1/(denominator*beta*batch) less
                           the sign */
  epx_scale_t momentum;
  epx_scale_t decay; /* shadow codes -> velocity codes */
  epx_scale_t rate;  /* velocity codes -> shadow codes, or pulses */
  epx_qformat_t velocity_format;
  epx_qformat_t shadow_format; /* at most 32 bits */
  epx_round_t rounding;        /* of the step */
} epx_update_circuit_t;

/* The new velocity; returns what the weight is to fall by, in units that the circuit's rate gives.
 * dL/dw = -(1/(denominator*beta*batch)) * correlation: the minus sign is applied here. */
static inline int64_t epx_update_step(const epx_update_circuit_t *circuit, int64_t correlation,
                                      int32_t shadow, int32_t *velocity, epx_lfsr_t *lfsr) {
  int64_t v = epx_scale_apply(circuit->momentum, *velocity, EPX_ROUND_NEAREST_EVEN, 0) -
              epx_scale_apply(circuit->gradient, correlation, EPX_ROUND_NEAREST_EVEN, 0) +
              epx_scale_apply(circuit->decay, shadow, EPX_ROUND_NEAREST_EVEN, 0);
  v = epx_saturate_to(v, circuit->velocity_format);
  const uint32_t random16 = circuit->rounding == EPX_ROUND_STOCHASTIC ? epx_lfsr_next16(lfsr) : 0;
  *velocity = (int32_t)v;
  return epx_scale_apply(circuit->rate, v, circuit->rounding, random16);
}

static inline void epx_update_synapse(const epx_update_circuit_t *circuit, int64_t correlation,
                                      int32_t *shadow, int32_t *velocity, epx_lfsr_t *lfsr) {
  const int64_t step = epx_update_step(circuit, correlation, *shadow, velocity, lfsr);
  *shadow = (int32_t)epx_saturate_to(*shadow - step, circuit->shadow_format);
}

/* The code that the array holds: the shadow rounded (nearest-even) to the synapse format. */
static inline int8_t epx_update_visible(int32_t shadow, int shadow_bits, epx_qformat_t synapse) {
  return (int8_t)epx_saturate_to(epx_round_shift(shadow, shadow_bits, EPX_ROUND_NEAREST_EVEN, 0),
                                 synapse);
}

#endif
