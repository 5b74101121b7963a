/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's local update: exact integer correlations, then one pass over every tile's synapses. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_parallel.h"
#include "epx_twin_internal.h"

void twin_clear_gradient(epx_substrate_t *self) {
  twin_t *twin = (twin_t *)self;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const size_t units = (size_t)layer->plan->g.units;
    memset(layer->correlation, 0,
           units * (size_t)layer->plan->g.fan_in * sizeof *layer->correlation);
    memset(layer->bias_correlation, 0, units * sizeof *layer->bias_correlation);
  }
}

static void correlate_readout(const twin_t *twin, twin_workspace_t *w, int sample,
                              int coefficient) {
  const twin_layer_t *layer = &twin->layer[twin->plan->layers];
  int64_t *bias = w->bias_correlation[twin->plan->layers];
  const uint8_t *s = twin_sample(twin, twin->state, twin->plan->layers - 1, sample);
  const size_t size = layer->plan->g.in_size;
  int64_t logits[256];
  int32_t error[256];
  twin_load_image(twin, w, twin->state, twin->plan->layers - 1, sample);
  twin_logits(twin, w, logits);
  epx_softmax_error(&twin->softmax, logits, layer->plan->g.units, layer->plan->fraction,
                    twin->labels[sample], error);
  for (int k = 0; k < layer->plan->g.units; ++k) {
    const int64_t factor = (int64_t)coefficient * error[k];
    int64_t *sum = w->readout_correlation + (size_t)k * size;
    for (size_t i = 0; i < size; ++i) {
      sum[i] += factor * s[i];
    }
    bias[k] += factor;
  }
}

const uint8_t *twin_learning_switches(const twin_t *twin, twin_workspace_t *w, int i, int sample) {
  const twin_layer_t *layer = &twin->layer[i];
  const int l = layer->plan->parameter;
  if (l == 0) {
    twin_load_input(twin, w, sample);
    return twin->input_switches + (size_t)sample * layer->plan->g.out_size;
  }
  const bool free_pre = twin_rule_different(twin) && layer->plan->role == EPX_ROLE_STATES;
  twin_load_image(twin, w, free_pre ? twin->free_state : twin->state, l - 1, sample);
  /* Event-driven: where no switches are wanted, the chip drives a layer's own arrays all the same.
   */
  if (layer->plan->window > 1 || (w->held != NULL && layer->plan->role == EPX_ROLE_STATES)) {
    twin_forward(twin, i, w, w->image[l], w->forward[l], w->switches[i]);
  }
  return w->switches[i];
}

typedef struct accumulate_task_t {
  twin_t *twin;
  const epx_phase_t *phase;
  int first; /* sample of item 0 */
} accumulate_task_t;

/* Tile layer i's term through the switches of tile layer `through`: its own, or with rule `same`
 * those of the other set of weights as well. */
static void correlate(const accumulate_task_t *task, twin_workspace_t *w, int i, int through,
                      int sample) {
  const twin_t *twin = task->twin;
  const twin_layer_t *layer = &twin->layer[i];
  const int l = layer->plan->parameter;
  const uint8_t *switches = twin_learning_switches(twin, w, through, sample);
  uint8_t *const *posts = layer->plan->role == EPX_ROLE_FEEDBACK ? twin->free_state : twin->state;
  epx_conv_correlate_u8u8s32(&layer->plan->conv, w->image[l], twin_sample(twin, posts, l, sample),
                             switches, task->phase->coefficient, w->scratch, w->correlation[i],
                             w->bias_correlation[i]);
}

static void accumulate_sample(void *context, int item, int thread) {
  const accumulate_task_t *task = context;
  twin_t *twin = task->twin;
  twin_workspace_t *w = &twin->workspace[thread];
  const int sample = task->first + item;
  if (epx_stop_requested(twin->base.stop)) {
    return;
  }
  twin_event_sample(twin, w, sample);
  twin_event_command(w, EPX_COMMAND_CORRELATE);
  w->draw = twin_draw(twin, sample, 0);
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    if (twin->layer[i].plan->role == EPX_ROLE_READOUT || twin_shares_gradient(twin, i)) {
      continue;
    }
    correlate(task, w, i, i, sample);
    if (epx_switch_sets(&twin->base.network, i) > 1) {
      correlate(task, w, i, twin_back(twin, i), sample);
    }
  }
  if (twin_has_readout(twin) && task->phase->readout_coefficient != 0) {
    correlate_readout(twin, w, sample, task->phase->readout_coefficient);
  }
}

static void collect_readout(twin_t *twin, twin_workspace_t *w) {
  twin_layer_t *readout = &twin->layer[twin->plan->layers];
  int64_t *bias = w->bias_correlation[twin->plan->layers];
  const size_t weights = (size_t)readout->plan->g.units * readout->plan->g.in_size;
  for (size_t k = 0; k < weights; ++k) {
    readout->correlation[k] += w->readout_correlation[k];
  }
  for (int k = 0; k < readout->plan->g.units; ++k) {
    readout->bias_correlation[k] += bias[k];
    bias[k] = 0;
  }
  memset(w->readout_correlation, 0, weights * sizeof *w->readout_correlation);
}

/* Adds the threads' sums to the layers', and clears them. */
static void collect(twin_t *twin) {
  const int input_offset = 1 << (epx_qformat_bits(twin->plan->chip->input) - 1);
  for (int thread = 0; thread < twin->workspaces; ++thread) {
    twin_workspace_t *w = &twin->workspace[thread];
    for (int i = 0; i < twin->plan->tile_layers; ++i) {
      twin_layer_t *layer = &twin->layer[i];
      if (layer->plan->role == EPX_ROLE_READOUT) {
        collect_readout(twin, w);
      } else if (!twin_shares_gradient(twin, i)) {
        epx_conv_spill(&layer->plan->conv, i == 0 ? input_offset : 0, w->correlation[i],
                       w->bias_correlation[i], layer->correlation, layer->bias_correlation);
      }
    }
  }
}

/* Samples that one thread's 32-bit sums surely hold. */
static int samples_that_fit(const twin_t *twin, int coefficient) {
  int samples = 1 << 20;
  for (int l = 0; l < twin->plan->layers; ++l) {
    const int sets = epx_switch_sets(&twin->base.network, l);
    const int fit = epx_conv_correlate_images(&twin->layer[l].plan->conv, coefficient * sets);
    samples = fit < samples ? fit : samples;
  }
  return samples;
}

epx_status_t twin_accumulate(epx_substrate_t *self, const epx_phase_t *phase, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  const int chunk = samples_that_fit(twin, phase->coefficient);
  for (int first = 0; first < twin->samples; first += chunk) {
    const int left = twin->samples - first;
    accumulate_task_t task = {twin, phase, first};
    epx_parallel_for(left < chunk ? left : chunk, accumulate_sample, &task);
    collect(twin);
  }
  ++twin->reads;
  return epx_stop_status(self->stop, error);
}

/* Real value of one correlation unit in -dL/dtheta. Through two sets of switches every term, those
 * of biases too, is summed twice. */
static double unit_for(const epx_plan_t *plan, int i, bool bias, const epx_estimator_t *estimator,
                       int total) {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  const epx_plan_layer_t *layer = &plan->layer[i];
  if (layer->role == EPX_ROLE_READOUT) {
    return ldexp(1.0 / (row->readout_denominator * (double)total),
                 -(EPX_SOFTMAX_FRACTION + (bias ? 0 : layer->pre_fraction)));
  }
  const int sets = epx_switch_sets(plan->network, layer->parameter);
  return ldexp(1.0 / (row->denominator * estimator->beta * total * sets),
               -(plan->chip->state.fraction_bits + (bias ? 0 : layer->pre_fraction)));
}

static double unit_of(const twin_t *twin, int i, bool bias, const epx_estimator_t *estimator) {
  return unit_for(twin->plan, i, bias, estimator, twin->total);
}

void twin_gradient(epx_substrate_t *self, const epx_estimator_t *estimator, epx_params_t *out) {
  const twin_t *twin = (const twin_t *)self;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    const double unit = unit_of(twin, i, false, estimator);
    const double bias_unit = unit_of(twin, i, true, estimator);
    double *weight = twin_weights_of(layer, out);
    const size_t fan_in = (size_t)layer->plan->g.fan_in;
    for (int u = 0; u < layer->plan->g.units; ++u) {
      for (size_t k = 0; k < fan_in; ++k) {
        const size_t at =
            (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->plan->g, (int)k);
        weight[(size_t)u * fan_in + k] = -unit * (double)layer->correlation[at];
      }
      if (layer->bias != NULL) {
        out->bias[i][u] = -bias_unit * (double)layer->bias_correlation[u];
      }
    }
  }
}

epx_update_circuit_t twin_circuit(const twin_t *twin, int i, bool bias,
                                  const epx_estimator_t *estimator, const epx_update_rule_t *rule) {
  const twin_layer_t *layer = &twin->layer[i];
  const epx_qformat_t value = bias ? twin->plan->chip->bias : layer->plan->shadow;
  const double rate = rule->learning_rate[layer->plan->parameter];
  const int velocity = twin->plan->chip->velocity.fraction_bits;
  return (epx_update_circuit_t){
      .gradient = epx_scale_from(ldexp(unit_of(twin, i, bias, estimator), velocity)),
      .momentum = epx_scale_from(rule->momentum),
      .decay = epx_scale_from(ldexp(rule->weight_decay, velocity - value.fraction_bits)),
      .rate = layer->pulsed != NULL && !bias
                  ? epx_pulsed_rate(twin->plan->chip, layer->plan->synapse, rate)
                  : epx_scale_from(ldexp(rate, value.fraction_bits - velocity)),
      .velocity_format = twin->plan->chip->velocity,
      .shadow_format = value,
      .rounding = twin->plan->chip->update_rounding,
  };
}

typedef struct update_task_t {
  twin_t *twin;
  int layer;
  epx_update_circuit_t weight, bias;
} update_task_t;

static void update_tile(void *context, int item, int thread) {
  const update_task_t *task = context;
  (void)thread;
  if (epx_stop_requested(task->twin->base.stop)) {
    return;
  }
  twin_layer_t *layer = &task->twin->layer[task->layer];
  const epx_layer_map_t *map = &layer->plan->map;
  const int row_block = item / map->column_blocks, column_block = item % map->column_blocks;
  epx_lfsr_t *lfsr = &layer->lfsr[item];
  const epx_chip_t *chip = task->twin->plan->chip;
  int row, row_end, unit, unit_end;
  epx_map_rows(map, row_block, &row, &row_end);
  epx_map_units(map, column_block, &unit, &unit_end);
  const int tile = column_block * map->row_blocks + row_block;
  const epx_pulsed_t *pulsed = layer->pulsed == NULL ? NULL : layer->pulsed[tile];
  twin_pulses_t made = {0, 0};
  for (int k = row; k < row_end; ++k) {
    for (int u = unit; u < unit_end; ++u) {
      const size_t at = (size_t)u * (size_t)map->fan_in + (size_t)k;
      if (pulsed != NULL) {
        const int pulses = abs(epx_pulsed_update(
            pulsed, &task->weight, task->twin->counters.updates, k - row, u - unit,
            layer->correlation[at], &layer->shadow[at], &layer->velocity[at], lfsr));
        made.pulses += (uint64_t)pulses;
        made.cycles += pulses > 1 ? (uint64_t)pulses : 1; /* a pulse a cycle */
      } else {
        epx_update_synapse(&task->weight, layer->correlation[at], &layer->shadow[at],
                           &layer->velocity[at], lfsr);
      }
      if (layer->written != NULL &&
          layer->code[at] !=
              epx_update_visible(layer->shadow[at], chip->shadow_bits, layer->plan->synapse)) {
        layer->written[at] = task->twin->counters.updates;
      }
    }
  }
  for (int u = unit; row_block == 0 && layer->bias != NULL && u < unit_end; ++u) {
    epx_update_synapse(&task->bias, layer->bias_correlation[u], &layer->bias[u],
                       &layer->bias_velocity[u], lfsr);
    ++made.cycles;
  }
  if (pulsed != NULL) {
    layer->pulses[tile] = made;
  }
}

/* Multipliers hold factors below 2^30 (epx_scale.h). */
static epx_status_t check_factor(const epx_plan_t *plan, int i, double factor, const char *key,
                                 double setting, epx_error_t *error) {
  if (factor >= 0.0 && factor < 0x1p30) {
    return EPX_OK;
  }
  char name[24];
  epx_network_layer_name(plan->network, plan->layer[i].parameter, name);
  return epx_fail(error, EPX_ERR_DIVERGED,
                  "%s: %g; the update circuit of layer %s would multiply by %g; it holds factors "
                  "below 2^30",
                  key, setting, name, factor);
}

/* Errors where a setting leaves the range of the update circuits of tile layer i. */
static epx_status_t check_circuits(const epx_plan_t *plan, int i, const epx_estimator_t *estimator,
                                   const epx_update_rule_t *rule, const char *rate_key, int total,
                                   epx_error_t *error) {
  const epx_plan_layer_t *layer = &plan->layer[i];
  const int velocity = plan->chip->velocity.fraction_bits;
  epx_status_t status = EPX_OK;
  for (int bias = 0; status == EPX_OK && bias < (layer->role == EPX_ROLE_FEEDBACK ? 1 : 2);
       ++bias) {
    const int value = bias != 0 ? plan->chip->bias.fraction_bits : layer->shadow.fraction_bits;
    const double rate = rule->learning_rate[layer->parameter];
    const double unit = unit_for(plan, i, bias != 0, estimator, total);
    status = check_factor(plan, i, ldexp(unit, velocity), "estimator.beta", estimator->beta, error);
    status = status == EPX_OK
                 ? check_factor(plan, i, ldexp(rate, value - velocity), rate_key, rate, error)
                 : status;
    status = status == EPX_OK ? check_factor(plan, i, ldexp(rule->weight_decay, velocity - value),
                                             "training.weight_decay", rule->weight_decay, error)
                              : status;
  }
  return status;
}

epx_status_t twin_check_rule(const epx_plan_t *plan, const epx_estimator_t *estimator,
                             const epx_update_rule_t *rule, const char *rate_key, int total,
                             epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    status = check_circuits(plan, i, estimator, rule, rate_key, total, error);
  }
  return status;
}

epx_status_t twin_update(epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  epx_status_t status =
      twin_check_rule(twin->plan, estimator, rule, "training.learning_rate", twin->total, error);
  if (status != EPX_OK) {
    return status;
  }
  ++twin->counters.updates;
  twin->pulsing.updates += epx_chip_pulsed(twin->plan->chip);
  for (int i = 0; status == EPX_OK && i < twin->plan->tile_layers; ++i) {
    update_task_t task = {twin, i, twin_circuit(twin, i, false, estimator, rule),
                          twin_circuit(twin, i, true, estimator, rule)};
    const epx_layer_map_t *map = &twin->layer[i].plan->map;
    epx_parallel_for(map->row_blocks * map->column_blocks, update_tile, &task);
    if (twin->layer[i].pulsed != NULL) {
      twin_pulsed_count(twin, i);
    }
    status = twin_pack(twin, i, error);
  }
  twin_event_forget(twin);
  twin_clear_gradient(self);
  return status == EPX_OK ? epx_stop_status(self->stop, error) : status;
}

/* Tile layers that share a gradient share its sums. */
size_t twin_sums_count(const epx_substrate_t *self) {
  const twin_t *twin = (const twin_t *)self;
  size_t count = 0;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const epx_geometry_t *g = &twin->layer[i].plan->g;
    count += twin_shares_gradient(twin, i) ? 0 : (size_t)g->units * ((size_t)g->fan_in + 1);
  }
  return count;
}

static int64_t *access_sums(epx_sums_access_t access, int64_t *own, size_t count, int64_t *sums) {
  for (size_t i = 0; i < count; ++i) {
    if (access == EPX_SUMS_GET) {
      sums[i] = own[i];
    } else {
      own[i] = (access == EPX_SUMS_ADD ? own[i] : 0) + sums[i];
    }
  }
  return sums + count;
}

void twin_sums(epx_substrate_t *self, epx_sums_access_t access, void *sums) {
  twin_t *twin = (twin_t *)self;
  int64_t *at = sums;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const size_t units = (size_t)layer->plan->g.units;
    if (!twin_shares_gradient(twin, i)) {
      at = access_sums(access, layer->correlation, units * (size_t)layer->plan->g.fan_in, at);
      at = access_sums(access, layer->bias_correlation, units, at);
    }
  }
}
