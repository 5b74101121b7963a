/* SPDX-License-Identifier: Apache-2.0 */
#include "agreement.h"

#include <math.h>

typedef struct sums_t {
  double product, estimate, reference; /* each gradient scaled by a power of 2 of its own */
  double difference, size;             /* of both scaled alike; size: of the reference */
  double same, counted;
} sums_t;

/* Powers of 2 that bring numbers into range, so that no square leaves that of double: gradients of
 * 1e-200 have a direction, too. Powers of 2 change no bit of what needs no scaling. */
typedef struct scales_t {
  double estimate, reference, both;
} scales_t;

static double largest_in(const double *values, size_t count, double largest) {
  for (size_t i = 0; values != NULL && i < count; ++i) {
    largest = fmax(largest, fabs(values[i]));
  }
  return largest;
}

static double scale_of(double largest) {
  return largest > 0.0 && isfinite(largest) ? ldexp(1.0, -(int)fmax(ilogb(largest), -1000)) : 1.0;
}

static void add(sums_t *sums, const scales_t *scales, const double *estimate,
                const double *reference, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const double e = estimate[i] * scales->estimate, r = reference[i] * scales->reference;
    const double d = estimate[i] * scales->both - reference[i] * scales->both;
    const double size = reference[i] * scales->both;
    sums->product += e * r;
    sums->estimate += e * e;
    sums->reference += r * r;
    sums->difference += d * d;
    sums->size += size * size;
    if (r != 0.0) {
      sums->counted += 1.0;
      sums->same += (e > 0.0) == (r > 0.0) && e != 0.0 ? 1.0 : 0.0;
    }
  }
}

/* The arrays of one layer. */
typedef struct arrays_t {
  int count;
  const double *values[3];
  size_t size[3];
} arrays_t;

static arrays_t arrays_of(const epx_params_t *params, int l) {
  const size_t units = (size_t)params->units[l], weights = units * (size_t)params->fan_in[l];
  return (arrays_t){params->backward[l] != NULL ? 3 : 2,
                    {params->weight[l], params->bias[l], params->backward[l]},
                    {weights, units, weights}};
}

agreement_t agreement_of(const epx_params_t *estimate, const epx_params_t *reference, int layer) {
  const int first = layer < 0 ? 0 : layer, end = layer < 0 ? reference->layer_count : layer + 1;
  double largest[2] = {0.0, 0.0};
  for (int l = first; l < end; ++l) {
    const arrays_t e = arrays_of(estimate, l), r = arrays_of(reference, l);
    for (int i = 0; i < r.count; ++i) {
      largest[0] = largest_in(e.values[i], e.size[i], largest[0]);
      largest[1] = largest_in(r.values[i], r.size[i], largest[1]);
    }
  }
  const scales_t scales = {scale_of(largest[0]), scale_of(largest[1]),
                           scale_of(fmax(largest[0], largest[1]))};
  sums_t sums = {0};
  for (int l = first; l < end; ++l) {
    const arrays_t e = arrays_of(estimate, l), r = arrays_of(reference, l);
    for (int i = 0; i < r.count; ++i) {
      add(&sums, &scales, e.values[i], r.values[i], r.size[i]);
    }
  }
  return (agreement_t){sums.product / sqrt(sums.estimate * sums.reference),
                       sums.size > 0.0 ? sqrt(sums.difference / sums.size) : (double)NAN,
                       sums.same / sums.counted};
}
