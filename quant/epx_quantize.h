/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on Q-format codes: real numbers in and out, saturating add, rounded multiply. */
#ifndef EPX_QUANTIZE_H
#define EPX_QUANTIZE_H

#include <stddef.h>
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

/* a + b for two codes of the same format, saturated to it. */
int64_t epx_add_saturated(int64_t a, int64_t b, epx_qformat_t format);

/* The product of code a (format fa) and code b (format fb) as a code of format fr: exact product,
 * one rounding by `mode`, saturated. */
int64_t epx_multiply(int64_t a, epx_qformat_t fa, int64_t b, epx_qformat_t fb, epx_qformat_t fr,
                     epx_round_t mode, uint32_t random16);

#ifdef __cplusplus
}
#endif
#endif
