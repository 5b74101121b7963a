/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the twin's registers and present states: what their formats hold. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "epx_circuit.h"
#include "epx_twin_internal.h"

static epx_share_t share_of(const int32_t *code, size_t count, epx_qformat_t format) {
  const int64_t low = epx_qformat_min(format), high = epx_qformat_max(format);
  epx_share_t share = {count, 0, 0};
  for (size_t i = 0; i < count; ++i) {
    share.zero += code[i] == 0;
    share.full += code[i] == low || code[i] == high;
  }
  return share;
}

static void look_at_weights(const twin_layer_t *layer, size_t count, epx_health_layer_t *health) {
  const int64_t low = epx_qformat_min(layer->plan->synapse),
                high = epx_qformat_max(layer->plan->synapse);
  int64_t largest = 0;
  health->weights.of = count;
  for (size_t i = 0; i < count; ++i) {
    const int64_t magnitude = llabs((long long)layer->shadow[i]);
    largest = magnitude > largest ? magnitude : largest;
    health->weights.zero += layer->code[i] == 0;
    health->weights.full += layer->code[i] == low || layer->code[i] == high;
  }
  health->reach = ldexp((double)largest, -layer->plan->shadow.fraction_bits);
}

/* What the update circuit would make of each velocity; pulses move a weight as well. */
static void look_at_updates(const twin_layer_t *layer, size_t count,
                            const epx_update_circuit_t *circuit, epx_health_layer_t *health) {
  double squares = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t velocity = layer->velocity[i];
    if (velocity != 0) {
      const double step = ldexp((double)circuit->rate.mantissa * velocity, -circuit->rate.shift);
      ++health->updates.of;
      health->updates.zero +=
          epx_scale_apply(circuit->rate, velocity, EPX_ROUND_NEAREST_EVEN, 0) == 0;
      squares += step * step;
    }
  }
  health->step = health->updates.of > 0 ? sqrt(squares / (double)health->updates.of) : 0.0;
}

static void look_at_states(const twin_t *twin, int l, epx_health_layer_t *health) {
  const size_t count = (size_t)twin->samples * twin->layer[l].plan->g.out_size;
  const uint8_t *state = twin->state[l];
  health->states.of = count;
  for (size_t i = 0; i < count; ++i) {
    health->states.zero += state[i] == 0;
    health->states.full += state[i] == twin->layer[l].plan->neuron.max_code;
  }
}

/* What pushes the last layer's states: errors of an exact read-out through its weights, or their
 * distance from the target. */
static void push_of(const twin_t *twin, int sample, int64_t *push) {
  const twin_layer_t *last = &twin->layer[twin->plan->layers - 1];
  const uint8_t *s = twin_sample(twin, twin->state, twin->plan->layers - 1, sample);
  const size_t size = last->plan->g.out_size;
  const int label = twin->labels[sample];
  if (!twin->plan->readout) {
    for (size_t i = 0; i < size; ++i) {
      push[i] = ((int)i == label ? 1 << twin->plan->chip->state.fraction_bits : 0) - s[i];
    }
    return;
  }
  const twin_layer_t *readout = &twin->layer[twin->plan->layers];
  int64_t logits[256];
  int32_t error[256];
  for (int k = 0; k < readout->plan->g.units; ++k) {
    int64_t product = 0;
    for (size_t i = 0; i < size; ++i) {
      product += (int64_t)readout->code[(size_t)k * size + i] * s[i];
    }
    logits[k] = product * (INT64_C(1) << readout->plan->forward_shift) + readout->offset[k];
  }
  epx_softmax_error(&twin->softmax, logits, readout->plan->g.units, readout->plan->fraction, label,
                    error);
  for (size_t i = 0; i < size; ++i) {
    push[i] = 0;
    for (int k = 0; k < readout->plan->g.units; ++k) {
      push[i] += (int64_t)error[k] * readout->code[(size_t)k * size + i];
    }
  }
}

static epx_status_t look_at_nudges(const twin_t *twin, double beta, epx_health_layer_t *health,
                                   epx_error_t *error) {
  const twin_layer_t *last = &twin->layer[twin->plan->layers - 1];
  const int fraction =
      twin->plan->readout
          ? EPX_SOFTMAX_FRACTION + twin->layer[twin->plan->layers].plan->synapse.fraction_bits
          : twin->plan->chip->state.fraction_bits;
  const epx_scale_t scale = epx_nudge_scale(beta, fraction, last->plan->fraction);
  int64_t *push = malloc(last->plan->g.out_size * sizeof *push);
  if (push == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the nudges of %zu states",
                    last->plan->g.out_size);
  }
  for (int sample = 0; sample < twin->samples; ++sample) {
    push_of(twin, sample, push);
    for (size_t i = 0; i < last->plan->g.out_size; ++i) {
      const int32_t nudge = epx_neuron_nudge(scale, beta, push[i]);
      health->nudges.of += push[i] != 0;
      health->nudges.zero += push[i] != 0 && nudge == 0;
      health->nudges.full += nudge == EPX_NEURON_OPERAND || nudge == -EPX_NEURON_OPERAND;
    }
  }
  free(push);
  return EPX_OK;
}

static void name_layer(const twin_t *twin, const twin_layer_t *layer, epx_health_layer_t *health) {
  char name[24];
  epx_network_layer_name(&twin->base.network, layer->plan->parameter, name);
  snprintf(health->name, sizeof health->name, "%s%s", name,
           layer->plan->role == EPX_ROLE_FEEDBACK ? " feedback" : "");
  health->parameter = layer->plan->parameter;
}

epx_status_t twin_health(const epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_health_t *health, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  epx_status_t status = EPX_OK;
  health->layers = twin->plan->tile_layers;
  for (int i = 0; status == EPX_OK && i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    const size_t units = (size_t)layer->plan->g.units,
                 weights = units * (size_t)layer->plan->g.fan_in;
    const epx_update_circuit_t circuit =
        epx_circuit_of(twin->plan, i, false, estimator, rule, twin->total);
    epx_health_layer_t *at = &health->layer[i];
    *at = (epx_health_layer_t){.parameter = 0};
    name_layer(twin, layer, at);
    look_at_weights(layer, weights, at);
    at->velocities = share_of(layer->velocity, weights, twin->plan->chip->velocity);
    look_at_updates(layer, weights, &circuit, at);
    if (layer->bias != NULL) {
      at->biases = share_of(layer->bias, units, twin->plan->chip->bias);
    }
    if (layer->plan->role == EPX_ROLE_STATES && twin->samples > 0) {
      look_at_states(twin, i, at);
      if (i + 1 == twin->plan->layers) {
        status = look_at_nudges(twin, estimator->beta, at, error);
      }
    }
  }
  return status;
}
