/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 5: from a preactivation to a state, the read-out and the nudge.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_NEURON_TEMPLATE_H
#define EPX_GOLDEN_NEURON_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <math.h>

#include "epx_clones.h"
#include "epx_golden_memory_template.h"

static REAL activate(epx_activation_t activation, REAL v) {
  switch (activation) {
    case EPX_ACTIVATION_HARD_SIGMOID_HALF:
      v *= (REAL)0.5; /* fall through */
    case EPX_ACTIVATION_HARD_SIGMOID:
      return v < 0 ? 0 : v > 1 ? 1 : v;
    case EPX_ACTIVATION_SIGMOID:
      return (REAL)(1.0 / (1.0 + exp(-4.0 * ((double)v - 0.5))));
    case EPX_ACTIVATION_TANH:
      return (REAL)tanh((double)v);
  }
  return v;
}

/* next = sigma(v). */
EPX_CLONES static void activate_all(epx_activation_t activation, size_t count,
                                    const REAL *restrict v, REAL *restrict next) {
  if (activation == EPX_ACTIVATION_HARD_SIGMOID_HALF) { /* the common one, as a loop of its own */
    for (size_t i = 0; i < count; ++i) {
      const REAL half = (REAL)0.5 * v[i];
      next[i] = half < 0 ? 0 : half > 1 ? 1 : half;
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    next[i] = activate(activation, v[i]);
  }
}

/* next = each state rounded to the nearest code of the format, ties to even, saturated. */
EPX_CLONES static void quantise_all(epx_qformat_t format, size_t count, REAL *restrict next) {
  const REAL scale = (REAL)ldexp(1.0, format.fraction_bits), step = (REAL)1 / scale;
  const REAL low = (REAL)epx_qformat_min(format), high = (REAL)epx_qformat_max(format);
  for (size_t i = 0; i < count; ++i) {
    const REAL code = (REAL)rint((double)(next[i] * scale));
    next[i] = step * (code < low ? low : code > high ? high : code);
  }
}

/* v = forward product + bias of each unit + backward product r where there is one. */
EPX_CLONES static void add_drives(size_t pixels, int units, const REAL *restrict forward,
                                  const REAL *restrict bias, const REAL *restrict r,
                                  REAL *restrict v) {
  for (size_t p = 0; p < pixels; ++p, v += units, forward += units) {
    for (int u = 0; u < units; ++u) {
      v[u] = forward[u] + bias[u];
    }
    for (int u = 0; r != NULL && u < units; ++u) {
      v[u] += r[u];
    }
    r = r != NULL ? r + units : NULL;
  }
}

static bool has_readout(const golden_t *golden) {
  return golden->base.network.loss == EPX_LOSS_CROSS_ENTROPY;
}

/* Sum of products in float64: eight sums side by side, then those in order. */
EPX_CLONES static double dot(int count, const REAL *restrict a, const REAL *restrict b) {
  double sum[8] = {0}, total = 0;
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int k = 0; k < 8; ++k) {
      sum[k] += (double)a[i + k] * (double)b[i + k];
    }
  }
  for (; i < count; ++i) {
    total += (double)a[i] * (double)b[i];
  }
  for (int k = 0; k < 8; ++k) {
    total += sum[k];
  }
  return total;
}

/* Softmax of the read-out at state s; returns -log of the label's probability. */
static double readout(const golden_t *golden, const REAL *s, int label, double *probability) {
  const layer_t *layer = &golden->layer[golden->layers];
  double largest = -HUGE_VAL;
  for (int k = 0; k < layer->g.units; ++k) {
    const double sum =
        layer->bias[k] + dot(layer->g.fan_in, layer->weight + (size_t)k * layer->g.fan_in, s);
    probability[k] = sum;
    largest = sum > largest ? sum : largest;
  }
  double total = 0.0;
  const double logit = probability[label];
  for (int k = 0; k < layer->g.units; ++k) {
    probability[k] = exp(probability[k] - largest);
    total += probability[k];
  }
  for (int k = 0; k < layer->g.units; ++k) {
    probability[k] /= total;
  }
  return log(total) - (logit - largest);
}

/* Adds the nudge on the last layer to v: beta * W_o^T (onehot - softmax), or -beta (s - onehot). */
static void add_nudge(const golden_t *golden, int sample, const REAL *s, REAL beta, REAL *v) {
  const int label = golden->labels[sample];
  if (!has_readout(golden)) {
    for (int k = 0; k < golden->base.network.classes; ++k) {
      v[k] -= beta * (s[k] - (REAL)(k == label ? 1 : 0));
    }
    return;
  }
  double probability[256];
  readout(golden, s, label, probability);
  const layer_t *layer = &golden->layer[golden->layers];
  for (int k = 0; k < layer->g.units; ++k) {
    const REAL error = (REAL)((k == label ? 1.0 : 0.0) - probability[k]);
    axpy(layer->g.fan_in, beta * error, layer->weight + (size_t)k * layer->g.fan_in, v);
  }
}

#endif
