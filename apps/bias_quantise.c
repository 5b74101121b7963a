/* SPDX-License-Identifier: Apache-2.0 */
#include "bias_quantise.h"

#include <string.h>

#include "epx_quantize.h"
#include "epx_random.h"

void bias_quantise_params(const epx_params_t *from, const epx_qformat_t *format, epx_params_t *to) {
  for (int l = 0; l < from->layer_count; ++l) {
    const size_t units = (size_t)from->units[l], weights = units * (size_t)from->fan_in[l];
    memcpy(to->bias[l], from->bias[l], units * sizeof(double));
    double *const parts[] = {to->weight[l], to->backward[l]};
    const double *const sources[] = {from->weight[l], from->backward[l]};
    for (int i = 0; i < 2; ++i) {
      for (size_t k = 0; parts[i] != NULL && k < weights; ++k) {
        parts[i][k] =
            format == NULL
                ? sources[i][k]
                : epx_dequantize(epx_quantize(sources[i][k], *format, EPX_ROUND_NEAREST_EVEN, 0),
                                 *format);
      }
    }
  }
}

static void round_steps(double *values, size_t count, double rate, epx_qformat_t format,
                        epx_round_t mode, uint64_t key) {
  for (size_t i = 0; values != NULL && i < count; ++i) {
    const uint32_t random16 = (uint32_t)(epx_random_bits(key, i) >> 48);
    values[i] =
        epx_dequantize(epx_quantize(rate * values[i], format, mode, random16), format) / rate;
  }
}

void bias_round_update(epx_params_t *gradient, const epx_chip_t *chip,
                       const epx_training_t *training) {
  for (int l = 0; l < gradient->layer_count; ++l) {
    const double rate = training->learning_rate[training->learning_rate_count == 1 ? 0 : l];
    const size_t units = (size_t)gradient->units[l];
    const size_t weights = units * (size_t)gradient->fan_in[l];
    const uint64_t key = epx_random_key(chip->lfsr_seed, (uint64_t)l);
    epx_qformat_t shadow = chip->synapse[chip->synapse_count == 1 ? 0 : l];
    shadow.fraction_bits = (int8_t)(shadow.fraction_bits + chip->shadow_bits);
    if (!(rate > 0.0)) {
      continue;
    }
    round_steps(gradient->weight[l], weights, rate, shadow, chip->update_rounding,
                epx_random_key(key, 0));
    round_steps(gradient->bias[l], units, rate, chip->bias, chip->update_rounding,
                epx_random_key(key, 1));
    round_steps(gradient->backward[l], weights, rate, shadow, chip->update_rounding,
                epx_random_key(key, 2));
  }
}
