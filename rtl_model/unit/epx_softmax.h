/* SPDX-License-Identifier: Apache-2.0 */
/* The read-out's error unit: integer softmax through an exponential table.
 *
 * Logits are integers at fraction F. With d = largest - logit rounded to 1/64, e = table[64 d]
 * holds round(65535 * exp(-d)) for d < 16 and 0 beyond; p = e / sum of e rounded to 15 fraction
 * bits. */
#ifndef EPX_SOFTMAX_H
#define EPX_SOFTMAX_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_SOFTMAX_FRACTION = 15,                         /* of probabilities and errors */
  EPX_SOFTMAX_ERROR_BITS = EPX_SOFTMAX_FRACTION + 2, /* [-1, 1], two's complement */
  EPX_SOFTMAX_INDEX_FRACTION = 6,
  EPX_SOFTMAX_ENTRIES = 1024
};

typedef struct epx_softmax_t {
  uint16_t table[EPX_SOFTMAX_ENTRIES];
} epx_softmax_t;

void epx_softmax_init(epx_softmax_t *softmax);

/* error[k] = onehot(label) - p[k] at 15 fraction bits, in [-2^15, 2^15]. classes in [1, 256];
 * logit_fraction in [0, 56]. */
void epx_softmax_error(const epx_softmax_t *softmax, const int64_t *logits, int classes,
                       int logit_fraction, int label, int32_t *error);

#ifdef __cplusplus
}
#endif
#endif
