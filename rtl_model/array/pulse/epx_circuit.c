/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_circuit.h"

#include <math.h>

#include "epx_pulsed.h"

double epx_circuit_unit(const epx_plan_t *plan, int i, bool bias, const epx_estimator_t *estimator,
                        int total) {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  const epx_plan_layer_t *layer = &plan->layer[i];
  if (layer->role == EPX_ROLE_READOUT) {
    return ldexp(1.0 / (row->readout_denominator * (double)total),
                 -(EPX_SOFTMAX_FRACTION + (bias ? 0 : layer->pre_fraction)));
  }
  const int sets = layer->sets;
  return ldexp(1.0 / (row->denominator * estimator->beta * total * sets),
               -(plan->chip->state.fraction_bits + (bias ? 0 : layer->pre_fraction)));
}

epx_update_circuit_t epx_circuit_of(const epx_plan_t *plan, int i, bool bias,
                                    const epx_estimator_t *estimator, const epx_update_rule_t *rule,
                                    int total) {
  const epx_plan_layer_t *layer = &plan->layer[i];
  const epx_chip_t *chip = plan->chip;
  const epx_qformat_t value = bias ? chip->bias : layer->shadow;
  const double rate = rule->learning_rate[layer->parameter];
  const int velocity = chip->velocity.fraction_bits;
  return (epx_update_circuit_t){
      .gradient =
          epx_scale_from(ldexp(epx_circuit_unit(plan, i, bias, estimator, total), velocity)),
      .momentum = epx_scale_from(rule->momentum),
      .decay = epx_scale_from(ldexp(rule->weight_decay, velocity - value.fraction_bits)),
      .rate = epx_chip_pulsed(chip) && !bias
                  ? epx_pulsed_rate(chip, layer->synapse, rate)
                  : epx_scale_from(ldexp(rate, value.fraction_bits - velocity)),
      .velocity_format = chip->velocity,
      .shadow_format = value,
      .rounding = chip->update_rounding,
  };
}
