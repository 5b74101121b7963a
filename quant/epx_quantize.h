/* SPDX-License-Identifier: Apache-2.0 */
/* Real numbers to Q-format codes and back, without a context; epx_fixed.h has the arithmetic. */
#ifndef EPX_QUANTIZE_H
#define EPX_QUANTIZE_H

#include <stdint.h>

#include "epx_qformat.h"
#include "epx_round.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code nearest to value in the format, by `mode`, saturated to the range; NaN gives 0.
 * random16: 16 uniform bits for the stochastic mode. */
int64_t epx_quantize(double value, epx_qformat_t format, epx_round_t mode, uint32_t random16);

/* The exact real value of a code. */
double epx_dequantize(int64_t code, epx_qformat_t format);

#ifdef __cplusplus
}
#endif
#endif
