/* SPDX-License-Identifier: Apache-2.0 */
#include "agreement.h"

#include <math.h>

typedef struct sums_t {
  double product, estimate, reference, difference;
  double same, counted;
} sums_t;

static void add(sums_t *sums, const double *estimate, const double *reference, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const double e = estimate[i], r = reference[i];
    sums->product += e * r;
    sums->estimate += e * e;
    sums->reference += r * r;
    sums->difference += (e - r) * (e - r);
    if (r != 0.0) {
      sums->counted += 1.0;
      sums->same += e * r > 0.0 ? 1.0 : 0.0;
    }
  }
}

agreement_t agreement_of(const epx_params_t *estimate, const epx_params_t *reference, int layer) {
  sums_t sums = {0};
  for (int l = 0; l < reference->layer_count; ++l) {
    if (layer >= 0 && l != layer) {
      continue;
    }
    add(&sums, estimate->weight[l], reference->weight[l],
        (size_t)reference->units[l] * (size_t)reference->fan_in[l]);
    add(&sums, estimate->bias[l], reference->bias[l], (size_t)reference->units[l]);
    if (reference->backward[l] != NULL) {
      add(&sums, estimate->backward[l], reference->backward[l],
          (size_t)reference->units[l] * (size_t)reference->fan_in[l]);
    }
  }
  return (agreement_t){sums.product / sqrt(sums.estimate * sums.reference),
                       sqrt(sums.difference / sums.reference), sums.same / sums.counted};
}
