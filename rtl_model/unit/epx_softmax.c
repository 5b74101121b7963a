/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_softmax.h"

#include <math.h>

#include "epx_round.h"

void epx_softmax_init(epx_softmax_t *softmax) {
  for (int i = 0; i < EPX_SOFTMAX_ENTRIES; ++i) {
    softmax->table[i] =
        (uint16_t)lrint(65535.0 * exp(-(double)i / (1 << EPX_SOFTMAX_INDEX_FRACTION)));
  }
}

void epx_softmax_error(const epx_softmax_t *softmax, const int64_t *logits, int classes,
                       int logit_fraction, int label, int32_t *error) {
  int64_t largest = logits[0];
  for (int k = 1; k < classes; ++k) {
    largest = logits[k] > largest ? logits[k] : largest;
  }
  int64_t total = 0;
  for (int k = 0; k < classes; ++k) {
    const int64_t index =
        epx_round_shift(largest - logits[k], logit_fraction - EPX_SOFTMAX_INDEX_FRACTION,
                        EPX_ROUND_NEAREST_EVEN, 0);
    error[k] = index < EPX_SOFTMAX_ENTRIES ? softmax->table[index] : 0;
    total += error[k];
  }
  for (int k = 0; k < classes; ++k) {
    const int64_t p = (((int64_t)error[k] << EPX_SOFTMAX_FRACTION) + total / 2) / total;
    error[k] = (k == label ? 1 << EPX_SOFTMAX_FRACTION : 0) - (int32_t)p;
  }
}
