/* SPDX-License-Identifier: Apache-2.0 */
/* Two rungs of the ladder that act on parameters: synapse formats, and the update's rounding. */
#ifndef BIAS_QUANTISE_H
#define BIAS_QUANTISE_H

#include "epx_chip.h"
#include "epx_params.h"
#include "epx_training.h"

/* to = from with weights (forward, backward, read-out) rounded to the nearest code of the format,
 * saturated; biases as they are. NULL: a plain copy. */
void bias_quantise_params(const epx_params_t *from, const epx_qformat_t *format, epx_params_t *to);

/* Replaces a gradient by what one update without momentum makes of it: learning_rate * gradient
 * rounded (chip.rounding.update; random bits from chip.lfsr_seed) to the format of the shadow
 * weights, or of the biases, and divided by the rate again. Rates are those of the first epoch; a
 * layer whose rate is 0 stays. */
void bias_round_update(epx_params_t *gradient, const epx_chip_t *chip,
                       const epx_training_t *training);

#endif
