/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_pulse_count.h"

#include "epx_array_random.h"
#include "epx_clones.h"
#include "epx_pulse.h"

epx_status_t epx_pulse_rule_make(double unit, double step, epx_round_t rounding, int max_pulses,
                                 epx_pulse_rule_t *rule, epx_error_t *error) {
  if (!(unit > 0.0 && unit < 1e300)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "pulses.unit: found %g; expected a number above 0",
                    unit);
  }
  if (!(step > 0.0 && step < 1e300)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "pulses.step: found %g; expected a number above 0",
                    step);
  }
  if (!(unit / step >= 0x1p-32 && unit / step < 0x1p30)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "pulses.unit / pulses.step: found %g; expected 2^-32 to 2^30", unit / step);
  }
  if ((int)rounding < EPX_ROUND_NEAREST_EVEN || rounding > EPX_ROUND_TRUNCATE_ZERO) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "pulses.rounding: found %d; expected 0 to %d",
                    (int)rounding, (int)EPX_ROUND_TRUNCATE_ZERO);
  }
  if (max_pulses < 1 || max_pulses > EPX_PULSE_MAX) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "pulses.max: found %d; expected 1 to %d", max_pulses,
                    EPX_PULSE_MAX);
  }
  rule->scale = epx_scale_from(unit / step);
  rule->rounding = rounding;
  rule->max_pulses = max_pulses;
  return EPX_OK;
}

EPX_CLONES int64_t epx_pulse_counts(const epx_pulse_rule_t *rule, uint64_t seed, uint64_t tile,
                                    uint64_t event, size_t first, size_t count,
                                    const int32_t *restrict change, int16_t *restrict pulses) {
  const epx_pulse_rule_t r = *rule;
  const uint64_t key = epx_array_event_key(epx_array_key(seed, EPX_ARRAY_PULSE_ROUND, tile), event);
  int64_t limited = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t random16 =
        r.rounding == EPX_ROUND_STOCHASTIC ? (uint32_t)(epx_random_bits(key, first + i) >> 48) : 0;
    const int64_t wanted = epx_pulse_wanted(&r, change[i], random16);
    limited += wanted > r.max_pulses || wanted < -r.max_pulses;
    pulses[i] = (int16_t)epx_saturate(wanted, -r.max_pulses, r.max_pulses);
  }
  return limited;
}
