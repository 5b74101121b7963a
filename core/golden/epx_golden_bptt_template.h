/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 11: the exact gradient by backpropagation through time.
 *
 * s_l(t+1) = sigma(v_l(t)), v_l = P_l(w_l * s_(l-1)) + b_l + w~_(l+1)^T * U_(l+1)(s_(l+1)), so with
 * lambda_l = dL/ds_l(t+1) and delta_l = sigma'(v_l) lambda_l both the forward and the backward term
 * of each v pass delta on to their states and to their weights (bidirectional: w~ is w, and both
 * add to one gradient). Switches are those of step t; their jumps have no derivative. Nor has
 * rounding to a state format: a quantised model's gradient is that of its real-valued slopes.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 *   GOLDEN(name) the precision's public functions, epx_golden_f32_##name
 */
#ifndef EPX_GOLDEN_BPTT_TEMPLATE_H
#define EPX_GOLDEN_BPTT_TEMPLATE_H

#if !defined REAL || !defined GOLDEN
#error "define REAL and GOLDEN before including this template"
#endif

#include <stdlib.h>
#include <string.h>

#include "epx_golden.h"
#include "epx_golden_update_template.h"
#include "epx_parallel.h"

static REAL slope(epx_activation_t activation, REAL v) {
  switch (activation) {
    case EPX_ACTIVATION_HARD_SIGMOID_HALF:
      return v >= 0 && v <= 2 ? (REAL)0.5 : 0;
    case EPX_ACTIVATION_HARD_SIGMOID:
      return v >= 0 && v <= 1 ? 1 : 0;
    case EPX_ACTIVATION_SIGMOID: {
      const REAL s = activate(activation, v);
      return 4 * s * (1 - s);
    }
    case EPX_ACTIVATION_TANH: {
      const REAL s = activate(activation, v);
      return 1 - s * s;
    }
  }
  return 0;
}

/* Scratch of one gradient group: the trajectory and the co-states. */
typedef struct bptt_t {
  int steps;
  REAL *trajectory[EPX_MAX_LAYERS]; /* [steps + 1][out_size] */
  REAL *lambda[EPX_MAX_LAYERS];     /* dL/ds */
  REAL *delta[EPX_MAX_LAYERS];
} bptt_t;

static void bptt_free(bptt_t *b) {
  for (int l = 0; l < EPX_MAX_LAYERS; ++l) {
    free(b->trajectory[l]);
    free(b->lambda[l]);
    free(b->delta[l]);
  }
}

static bool bptt_allocate(const golden_t *golden, int steps, bptt_t *b) {
  bool failed = false;
  b->steps = steps;
  for (int l = 0; l < golden->layers; ++l) {
    const size_t size = golden->layer[l].g.out_size;
    b->trajectory[l] = reals(size * ((size_t)steps + 1), &failed);
    b->lambda[l] = reals(size, &failed);
    b->delta[l] = reals(size, &failed);
  }
  return !failed;
}

static REAL *trajectory_at(const golden_t *golden, const bptt_t *b, int l, int t) {
  return b->trajectory[l] + (size_t)t * golden->layer[l].g.out_size;
}

/* lambda at the last step, and the read-out's gradient; the workspace holds the last states, which
 * `sample`'s own must equal. */
static void bptt_start(golden_t *golden, const bptt_t *b, int sample, gradient_t *gradient) {
  const int last = golden->layers - 1;
  for (int l = 0; l <= last; ++l) {
    memset(b->lambda[l], 0, golden->layer[l].g.out_size * sizeof(REAL));
  }
  add_nudge(golden, sample, sample_state(golden, golden->state, last, sample), (REAL)-1,
            b->lambda[last]); /* the nudge at beta = -1 is +dL/ds */
  if (has_readout(golden)) {
    correlate_readout(golden, sample, 1.0, gradient);
  }
}

/* States that half i of step t read: layers that an earlier half of the step has updated are
 * already those of t + 1. */
static void bptt_load(const golden_t *golden, const bptt_t *b, workspace_t *w, int sample, int t,
                      int i) {
  load_sample(golden, w, sample);
  for (int l = 0; l < golden->layers; ++l) {
    memcpy(w->state[l], trajectory_at(golden, b, l, t), golden->layer[l].g.out_size * sizeof(REAL));
  }
  for (int earlier = 0; earlier < i; ++earlier) {
    const half_t half = half_at(golden, earlier);
    for (int l = half.first; l < golden->layers; l += half.stride) {
      memcpy(w->state[l], trajectory_at(golden, b, l, t + 1),
             golden->layer[l].g.out_size * sizeof(REAL));
    }
  }
}

/* delta of layer l goes on to the layer below and its weights (forward product), and to the layer
 * above and the weights that bring it down (backward product). */
static void bptt_layer(golden_t *golden, bptt_t *b, workspace_t *w, int sample, int l,
                       gradient_t *gradient) {
  const layer_t *layer = &golden->layer[l];
  const REAL *pre = l > 0 ? w->state[l - 1] : sample_input(golden, sample);
  correlate(&layer->g, b->delta[l], w->switches[l], pre, 1.0, gradient->weight[l],
            gradient->bias[l]);
  if (l > 0) {
    backward(&layer->g, layer->weight, b->delta[l], w->switches[l], w->scratch->bordered,
             w->scratch->item, w->next[l - 1]);
    axpy((int)golden->layer[l - 1].g.out_size, (REAL)1, w->next[l - 1], b->lambda[l - 1]);
  }
  if (l + 1 < golden->layers) {
    const layer_t *above = &golden->layer[l + 1];
    correlate(&above->g, w->state[l + 1], w->back_switches[l + 1], b->delta[l], 1.0,
              gradient->backward[l + 1], NULL);
    convolve(&above->g, above->backward, b->delta[l], w->scratch->columns, w->scratch->z);
    gather(&above->g, w->scratch->z, w->back_switches[l + 1], w->next[l + 1]);
    axpy((int)above->g.out_size, (REAL)1, w->next[l + 1], b->lambda[l + 1]);
  }
}

/* Half i of step t back: lambda(t + 1) -> lambda(t), adding its terms to the gradient. */
static void bptt_half(golden_t *golden, bptt_t *b, workspace_t *w, int sample, int t, int i,
                      gradient_t *gradient) {
  const half_t half = half_at(golden, i);
  const epx_activation_t activation = golden->base.network.activation;
  bptt_load(golden, b, w, sample, t, i);
  half_products(golden, w, half);
  for (int l = half.first; l < golden->layers; l += half.stride) {
    const size_t size = golden->layer[l].g.out_size;
    preactivate(golden, w, sample, l, 0);
    for (size_t k = 0; k < size; ++k) {
      b->delta[l][k] = slope(activation, w->v[l][k]) * b->lambda[l][k];
    }
    memset(b->lambda[l], 0, size * sizeof(REAL)); /* what was updated passes on through v alone */
  }
  for (int l = half.first; l < golden->layers; l += half.stride) {
    bptt_layer(golden, b, w, sample, l, gradient);
  }
}

static void bptt_sample(golden_t *golden, bptt_t *b, workspace_t *w, int sample,
                        gradient_t *gradient) {
  load_sample(golden, w, sample);
  for (int t = 0; t <= b->steps; ++t) {
    if (t > 0) {
      step(golden, w, sample, 0);
    }
    for (int l = 0; l < golden->layers; ++l) {
      memcpy(trajectory_at(golden, b, l, t), w->state[l],
             golden->layer[l].g.out_size * sizeof(REAL));
    }
  }
  store_sample(golden, w, sample);
  bptt_start(golden, b, sample, gradient);
  for (int t = b->steps - 1; t >= 0; --t) {
    for (int i = half_count(golden) - 1; i >= 0; --i) {
      bptt_half(golden, b, w, sample, t, i, gradient);
    }
  }
  bptt_load(golden, b, w, sample, 0, 0);
  store_sample(golden, w, sample);
}

typedef struct bptt_task_t {
  golden_t *golden;
  bptt_t group[GRADIENT_GROUPS];
} bptt_task_t;

static void bptt_group(void *context, int group, int thread) {
  bptt_task_t *task = context;
  golden_t *golden = task->golden;
  for (int s = group_begin(golden, group); s < group_begin(golden, group + 1); ++s) {
    if (epx_stop_requested(golden->base.stop)) {
      return;
    }
    bptt_sample(golden, &task->group[group], thread_workspace(golden, thread), s,
                &golden->gradient[group]);
  }
}

epx_status_t GOLDEN(bptt)(epx_substrate_t *substrate, int steps, epx_params_t *out,
                          epx_error_t *error) {
  golden_t *golden = (golden_t *)substrate;
  bptt_task_t task = {.golden = golden};
  bool whole = true;
  for (int group = 0; group < GRADIENT_GROUPS; ++group) {
    whole = whole && bptt_allocate(golden, steps, &task.group[group]);
  }
  if (whole) {
    clear_gradient(substrate);
    refresh(golden);
    epx_parallel_for(GRADIENT_GROUPS, bptt_group, &task);
    double factor[EPX_MAX_LAYERS + 1];
    for (int l = 0; l < golden->parameter_layers; ++l) {
      factor[l] = 1.0 / golden->total;
    }
    read_gradient(golden, factor, group_sum, out);
    clear_gradient(substrate);
  }
  for (int group = 0; group < GRADIENT_GROUPS; ++group) {
    bptt_free(&task.group[group]);
  }
  if (!whole) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d steps of BPTT", steps);
  }
  const epx_status_t status = epx_stop_status(substrate->stop, error);
  return status == EPX_OK ? epx_params_finite(out, "the exact gradient of ", error) : status;
}

#endif
