/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 9: gradient accumulators, the update, parameters in and out.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 *   REAL_DTYPE   REAL's type in an .npz
 *   GOLDEN_NAME  the substrate's name, a string
 */
#ifndef EPX_GOLDEN_UPDATE_TEMPLATE_H
#define EPX_GOLDEN_UPDATE_TEMPLATE_H

#if !defined REAL || !defined REAL_DTYPE || !defined GOLDEN_NAME
#error "define REAL, REAL_DTYPE and GOLDEN_NAME before including this template"
#endif

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_golden_relax_template.h"
#include "epx_npz.h"
#include "epx_parallel.h"

static void clear_gradient(epx_substrate_t *self) {
  golden_t *golden = (golden_t *)self;
  for (int i = 0; i < GRADIENT_GROUPS; ++i) {
    for (int l = 0; l < golden->parameter_layers; ++l) {
      const epx_geometry_t *g = &golden->layer[l].g;
      const size_t weights = (size_t)g->units * (size_t)g->fan_in;
      memset(golden->gradient[i].weight[l], 0, weights * sizeof(double));
      memset(golden->gradient[i].bias[l], 0, (size_t)g->units * sizeof(long double));
      if (own_backward(golden, l)) {
        memset(golden->gradient[i].backward[l], 0, weights * sizeof(double));
      }
    }
  }
}

/* Adds coefficient * (softmax - onehot) x s: the read-out's own gradient. */
static void correlate_readout(const golden_t *golden, int sample, double coefficient,
                              gradient_t *gradient) {
  const REAL *s = sample_state(golden, golden->state, golden->layers - 1, sample);
  const epx_geometry_t *g = &golden->layer[golden->layers].g;
  double probability[256];
  readout(golden, s, golden->labels[sample], probability);
  for (int k = 0; k < g->units; ++k) {
    const double error = coefficient * (probability[k] - (k == golden->labels[sample] ? 1.0 : 0.0));
    axpy_double(g->fan_in, error, s, gradient->weight[golden->layers] + (size_t)k * g->fan_in);
    gradient->bias[golden->layers][k] += error;
  }
}

typedef struct accumulate_task_t {
  golden_t *golden;
  const epx_phase_t *phase;
} accumulate_task_t;

/* Layer l's term of a phase: dPhi/dw at its states, for forward and backward weights of their own
 * each through its own switches. Rule `different`: one factor is the free state, so that the sum
 * over phases is (difference of states) x (free state); switches are those of the lower factor. */
static void accumulate_layer(golden_t *golden, workspace_t *w, int sample, int l,
                             double coefficient, gradient_t *gradient) {
  const epx_geometry_t *g = &golden->layer[l].g;
  const bool own = own_backward(golden, l);
  const bool different = golden->base.network.connections == EPX_CONNECTIONS_UNIDIRECTIONAL &&
                         golden->base.network.backward_rule == EPX_BACKWARD_DIFFERENT;
  REAL *const *pre_states = different ? golden->free_state : golden->state;
  const REAL *pre =
      l > 0 ? sample_state(golden, pre_states, l - 1, sample) : sample_input(golden, sample);
  const REAL *post = sample_state(golden, golden->state, l, sample);
  if (g->pool == EPX_POOL_MAX) {
    find_back_switches(golden, w, l);
  }
  if (g->pool == EPX_POOL_MAX && different && l > 0 && !golden->held) {
    convolve_and_pool(&golden->layer[l], WEIGHTS_FORWARD, false, w->scratch,
                      (target_t){pre, w->v[l], w->switches[l]});
  } else if (g->pool == EPX_POOL_MAX) {
    forward_product(golden, w, l);
  }
  correlate(g, post, w->switches[l], pre, coefficient, gradient->weight[l], gradient->bias[l]);
  if (own) {
    const REAL *above = different ? sample_state(golden, golden->free_state, l, sample) : post;
    correlate(g, above, w->back_switches[l], sample_state(golden, golden->state, l - 1, sample),
              coefficient, gradient->backward[l], NULL);
  }
}

static void accumulate_group(void *context, int group, int thread) {
  const accumulate_task_t *task = context;
  golden_t *golden = task->golden;
  workspace_t *w = thread_workspace(golden, thread);
  gradient_t *gradient = &golden->gradient[group];
  for (int sample = group_begin(golden, group); sample < group_begin(golden, group + 1); ++sample) {
    if (epx_stop_requested(golden->base.stop)) {
      return;
    }
    load_sample(golden, w, sample);
    for (int l = 0; l < golden->layers; ++l) {
      accumulate_layer(golden, w, sample, l, task->phase->coefficient, gradient);
    }
    if (has_readout(golden) && task->phase->readout_coefficient != 0) {
      correlate_readout(golden, sample, task->phase->readout_coefficient, gradient);
    }
  }
}

static epx_status_t accumulate(epx_substrate_t *self, const epx_phase_t *phase,
                               epx_error_t *error) {
  accumulate_task_t task = {(golden_t *)self, phase};
  refresh(task.golden);
  epx_parallel_for(GRADIENT_GROUPS, accumulate_group, &task);
  return epx_stop_status(self->stop, error);
}

/* The factor that turns a layer's accumulators into dL/dtheta of the mini-batch mean. */
static double gradient_factor(const golden_t *golden, int l, const epx_estimator_t *estimator) {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  return l < golden->layers ? -1.0 / (row->denominator * estimator->beta * golden->total)
                            : 1.0 / (row->readout_denominator * (double)golden->total);
}

/* Which of a layer's parameters. */
typedef enum part_t { PART_WEIGHT, PART_BIAS, PART_BACKWARD } part_t;

static double group_sum(const golden_t *golden, int l, part_t part, size_t i) {
  long double sum = 0;
  for (int group = 0; group < GRADIENT_GROUPS; ++group) {
    const gradient_t *gradient = &golden->gradient[group];
    sum += part == PART_BIAS       ? gradient->bias[l][i]
           : part == PART_BACKWARD ? (long double)gradient->backward[l][i]
                                   : (long double)gradient->weight[l][i];
  }
  return (double)sum;
}

/* The estimate's sum for one parameter; rule `same` gives both weights the mean of theirs. */
static double estimate_sum(const golden_t *golden, int l, part_t part, size_t i) {
  if (part != PART_BIAS && own_backward(golden, l) &&
      golden->base.network.backward_rule == EPX_BACKWARD_SAME) {
    return 0.5 * (group_sum(golden, l, PART_WEIGHT, i) + group_sum(golden, l, PART_BACKWARD, i));
  }
  return group_sum(golden, l, part, i);
}

typedef double sum_t(const golden_t *golden, int l, part_t part, size_t i);

/* out = factor * sum, in exchange order. */
static void read_gradient(const golden_t *golden, const double *factor, sum_t *sum,
                          epx_params_t *out) {
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const epx_geometry_t *g = &golden->layer[l].g;
    for (int u = 0; u < g->units; ++u) {
      for (int i = 0; i < g->fan_in; ++i) {
        const size_t to = (size_t)u * g->fan_in + (size_t)i;
        const size_t at = (size_t)u * g->fan_in + (size_t)epx_geometry_weight_index(g, i);
        out->weight[l][to] = factor[l] * sum(golden, l, PART_WEIGHT, at);
        if (out->backward[l] != NULL) {
          out->backward[l][to] = factor[l] * sum(golden, l, PART_BACKWARD, at);
        }
      }
      out->bias[l][u] = factor[l] * sum(golden, l, PART_BIAS, (size_t)u);
    }
  }
}

static void gradient(epx_substrate_t *self, const epx_estimator_t *estimator, epx_params_t *out) {
  golden_t *golden = (golden_t *)self;
  double factor[EPX_MAX_LAYERS + 1];
  for (int l = 0; l < golden->parameter_layers; ++l) {
    factor[l] = gradient_factor(golden, l, estimator);
  }
  read_gradient(golden, factor, estimate_sum, out);
}

/* Returns whether all new values are at most the largest, and velocities finite. */
static bool update_array(golden_t *golden, int l, part_t part, double factor,
                         const epx_update_rule_t *rule) {
  layer_t *layer = &golden->layer[l];
  const size_t count = (size_t)layer->g.units * (size_t)(part == PART_BIAS ? 1 : layer->g.fan_in);
  REAL *value = part == PART_BIAS       ? layer->bias
                : part == PART_BACKWARD ? layer->backward
                                        : layer->weight;
  REAL *velocity = part == PART_BIAS       ? layer->bias_velocity
                   : part == PART_BACKWARD ? layer->backward_velocity
                                           : layer->weight_velocity;
  const REAL rate = (REAL)rule->learning_rate[l], most = largest();
  bool finite = true;
  for (size_t i = 0; i < count; ++i) {
    const REAL slope =
        (REAL)(factor * estimate_sum(golden, l, part, i)) + (REAL)rule->weight_decay * value[i];
    velocity[i] = (REAL)rule->momentum * velocity[i] + slope;
    value[i] -= rate * velocity[i];
    finite = finite && isfinite(velocity[i]) && value[i] >= -most && value[i] <= most;
  }
  return finite;
}

static epx_status_t update(epx_substrate_t *self, const epx_estimator_t *estimator,
                           const epx_update_rule_t *rule, epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const double factor = gradient_factor(golden, l, estimator);
    const bool finite =
        update_array(golden, l, PART_WEIGHT, factor, rule) &&
        update_array(golden, l, PART_BIAS, factor, rule) &&
        (!own_backward(golden, l) || update_array(golden, l, PART_BACKWARD, factor, rule));
    if (!finite) {
      char name[24];
      epx_network_layer_name(&self->network, l, name);
      return epx_fail(error, EPX_ERR_DIVERGED,
                      "the update of layer %s, at a learning rate of %g, leaves the finite "
                      "numbers, or makes a parameter larger than %g",
                      name, rule->learning_rate[l], (double)largest());
    }
  }
  golden->drive_stale = golden->winograd_stale = true;
  clear_gradient(self);
  return EPX_OK;
}

/* Between a substrate's order of one layer's weights and the exchange order. */
static void weights_in(const epx_geometry_t *g, const double *exchange, REAL *own) {
  for (int u = 0; u < g->units; ++u) {
    for (int i = 0; i < g->fan_in; ++i) {
      own[(size_t)u * g->fan_in + (size_t)epx_geometry_weight_index(g, i)] =
          (REAL)exchange[(size_t)u * g->fan_in + (size_t)i];
    }
  }
}

static void weights_out(const epx_geometry_t *g, const REAL *own, double *exchange) {
  for (int u = 0; u < g->units; ++u) {
    for (int i = 0; i < g->fan_in; ++i) {
      exchange[(size_t)u * g->fan_in + (size_t)i] =
          (double)own[(size_t)u * g->fan_in + (size_t)epx_geometry_weight_index(g, i)];
    }
  }
}

/* The arrays of layer l that training changes. */
enum { MAX_REGISTERS = 6 };
typedef struct registers_t {
  int count;
  REAL *array[MAX_REGISTERS];
  size_t size[MAX_REGISTERS];
  const char *suffix[MAX_REGISTERS];
} registers_t;

static registers_t registers(const golden_t *golden, int l) {
  const layer_t *layer = &golden->layer[l];
  const size_t units = (size_t)layer->g.units, weights = units * (size_t)layer->g.fan_in;
  return (registers_t){
      own_backward(golden, l) ? 6 : 4,
      {layer->weight, layer->bias, layer->weight_velocity, layer->bias_velocity, layer->backward,
       layer->backward_velocity},
      {weights, units, weights, units, weights, weights},
      {"weight", "bias", "weight_velocity", "bias_velocity", "backward", "backward_velocity"},
  };
}

static epx_status_t check_loaded(const golden_t *golden, const epx_params_t *params, int l,
                                 epx_error_t *error) {
  const size_t units = (size_t)golden->layer[l].g.units;
  const size_t weights = units * (size_t)golden->layer[l].g.fan_in;
  const char *name = params->name[l];
  epx_status_t status = check_values(params->weight[l], weights, name, ".weight", error);
  status = status == EPX_OK ? check_values(params->bias[l], units, name, ".bias", error) : status;
  return status == EPX_OK && own_backward(golden, l)
             ? check_values(params->backward[l], weights, name, ".backward", error)
             : status;
}

static epx_status_t load(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  epx_status_t status = EPX_OK;
  for (int l = 0; status == EPX_OK && l < golden->parameter_layers; ++l) {
    status = check_loaded(golden, params, l, error);
  }
  for (int l = 0; status == EPX_OK && l < golden->parameter_layers; ++l) {
    layer_t *layer = &golden->layer[l];
    const registers_t r = registers(golden, l);
    for (int i = 0; i < r.count; ++i) {
      memset(r.array[i], 0, r.size[i] * sizeof(REAL));
    }
    weights_in(&layer->g, params->weight[l], layer->weight);
    for (int u = 0; u < layer->g.units; ++u) {
      layer->bias[u] = (REAL)params->bias[l][u];
    }
    if (own_backward(golden, l)) {
      weights_in(&layer->g, params->backward[l], layer->backward);
    }
  }
  golden->drive_stale = golden->winograd_stale = true;
  return status;
}

static epx_status_t store(epx_substrate_t *self, epx_params_t *params, epx_error_t *error) {
  const golden_t *golden = (const golden_t *)self;
  (void)error;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const layer_t *layer = &golden->layer[l];
    weights_out(&layer->g, layer->weight, params->weight[l]);
    for (int u = 0; u < layer->g.units; ++u) {
      params->bias[l][u] = (double)layer->bias[u];
    }
    if (own_backward(golden, l)) {
      weights_out(&layer->g, layer->backward, params->backward[l]);
    }
  }
  return EPX_OK;
}

static epx_status_t save(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error) {
  const golden_t *golden = (const golden_t *)self;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const registers_t r = registers(golden, l);
    for (int i = 0; i < r.count; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      snprintf(name, sizeof name, GOLDEN_NAME ".%d.%s", l, r.suffix[i]);
      const epx_status_t status =
          epx_npz_add(npz, name, REAL_DTYPE, 1, &r.size[i], r.array[i], NULL, error);
      if (status != EPX_OK) {
        return status;
      }
    }
  }
  return EPX_OK;
}

static epx_status_t restore(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                            epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const registers_t r = registers(golden, l);
    for (int i = 0; i < r.count; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      epx_npz_array_t *found;
      snprintf(name, sizeof name, GOLDEN_NAME ".%d.%s", l, r.suffix[i]);
      const epx_status_t status =
          epx_npz_require(npz, label, name, REAL_DTYPE, r.size[i], &found, error);
      if (status != EPX_OK) {
        return status;
      }
      const REAL *values = found->data;
      for (size_t k = 0; k < found->count; ++k) {
        if (!isfinite(values[k])) {
          return epx_fail(error, EPX_ERR_FORMAT,
                          "%s: %s, element %zu of %zu is %g; expected a finite number", label, name,
                          k, found->count, (double)values[k]);
        }
      }
      memcpy(r.array[i], values, r.size[i] * sizeof(REAL));
    }
  }
  golden->drive_stale = golden->winograd_stale = true;
  return EPX_OK;
}

#endif
