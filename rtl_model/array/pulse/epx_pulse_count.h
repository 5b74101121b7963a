/* SPDX-License-Identifier: Apache-2.0 */
/* From a desired change to a signed number of pulses.
 *
 *   n = sat( round(change * unit / step) ),   unit: what one code of `change` stands for,
 *                                             step: what one pulse changes (epx_pulse_device_step)
 *
 * unit / step is a constant multiplier as hardware has it (epx_scale.h, relative error 2^-16);
 * rounding is any of epx_round.h, applied to the two's complement number; stochastic rounding goes
 * up with the probability of the dropped fraction, so that its mean is the exact quotient for
 * either sign. Saturation at +-max_pulses is counted.
 *
 * The 16 random bits come from a tile's shift register (epx_lfsr.h), one draw a cell as in
 * epx_update.h, or are a function of (seed, tile, event, cell). */
#ifndef EPX_PULSE_COUNT_H
#define EPX_PULSE_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "epx_round.h"
#include "epx_scale.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_pulse_rule_t {
  epx_scale_t scale; /* change codes -> pulses */
  epx_round_t rounding;
  int max_pulses; /* of one cell in one event */
} epx_pulse_rule_t;

/* unit and step above 0, unit / step below 2^30 and at least 2^-32; max_pulses 1 to EPX_PULSE_MAX.
 * Errors name pulses.unit, pulses.step, pulses.rounding or pulses.max. */
EPX_CHECKED epx_status_t epx_pulse_rule_make(double unit, double step, epx_round_t rounding,
                                             int max_pulses, epx_pulse_rule_t *rule,
                                             epx_error_t *error);

/* The pulses before saturation; random16 is read by stochastic rounding only. */
static inline int64_t epx_pulse_wanted(const epx_pulse_rule_t *rule, int32_t change,
                                       uint32_t random16) {
  return epx_scale_apply(rule->scale, change, rule->rounding, random16);
}

static inline int16_t epx_pulse_count(const epx_pulse_rule_t *rule, int32_t change,
                                      uint32_t random16) {
  return (int16_t)epx_saturate(epx_pulse_wanted(rule, change, random16), -rule->max_pulses,
                               rule->max_pulses);
}

/* pulses[i] for cell first + i, with random bits by counter. Returns how many were limited. */
int64_t epx_pulse_counts(const epx_pulse_rule_t *rule, uint64_t seed, uint64_t tile, uint64_t event,
                         size_t first, size_t count, const int32_t *change, int16_t *pulses);

#ifdef __cplusplus
}
#endif
#endif
