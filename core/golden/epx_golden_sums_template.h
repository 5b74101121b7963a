/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 10: the sums of the gradient accumulators as one vector of float64.
 *
 * For every group of samples and every layer: the weights' sums, the biases' as two numbers each
 * (an 80-bit sum is exactly its float64 rounding and what that leaves), and those of backward
 * weights of its own. A group that has no sample here is all zeros, so that vectors of processes
 * that hold whole groups add up exactly. They are the bits of one process where every part begins
 * at a multiple of 8 samples, which relax side by side (GROUP), and at an eighth of the mini-batch.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_SUMS_TEMPLATE_H
#define EPX_GOLDEN_SUMS_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <stddef.h>

#include "epx_golden_memory_template.h"

static size_t sums_count(const epx_substrate_t *self) {
  const golden_t *golden = (const golden_t *)self;
  size_t count = 0;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const size_t units = (size_t)golden->layer[l].g.units;
    const size_t weights = units * (size_t)golden->layer[l].g.fan_in;
    count += weights + 2 * units + (own_backward(golden, l) ? weights : 0);
  }
  return GRADIENT_GROUPS * count;
}

static double *access_doubles(epx_sums_access_t access, double *own, size_t count, double *sums) {
  for (size_t i = 0; i < count; ++i) {
    if (access == EPX_SUMS_GET) {
      sums[i] = own[i];
    } else {
      own[i] = (access == EPX_SUMS_ADD ? own[i] : 0.0) + sums[i];
    }
  }
  return sums + count;
}

static double *access_long_doubles(epx_sums_access_t access, long double *own, size_t count,
                                   double *sums) {
  for (size_t i = 0; i < count; ++i) {
    if (access == EPX_SUMS_GET) {
      sums[2 * i] = (double)own[i];
      sums[2 * i + 1] = (double)(own[i] - (long double)sums[2 * i]);
    } else {
      own[i] = (access == EPX_SUMS_ADD ? own[i] : 0.0L) +
               ((long double)sums[2 * i] + (long double)sums[2 * i + 1]);
    }
  }
  return sums + 2 * count;
}

static void sums(epx_substrate_t *self, epx_sums_access_t access, void *vector) {
  golden_t *golden = (golden_t *)self;
  double *at = vector;
  for (int group = 0; group < GRADIENT_GROUPS; ++group) {
    const gradient_t *gradient = &golden->gradient[group];
    for (int l = 0; l < golden->parameter_layers; ++l) {
      const size_t units = (size_t)golden->layer[l].g.units;
      const size_t weights = units * (size_t)golden->layer[l].g.fan_in;
      at = access_doubles(access, gradient->weight[l], weights, at);
      at = access_long_doubles(access, gradient->bias[l], units, at);
      if (own_backward(golden, l)) {
        at = access_doubles(access, gradient->backward[l], weights, at);
      }
    }
  }
}

#endif
