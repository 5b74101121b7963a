/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 7: steps, until they are done or a sample rests.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_RELAX_TEMPLATE_H
#define EPX_GOLDEN_RELAX_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <string.h>

#include "epx_clones.h"
#include "epx_golden_product_template.h"
#include "epx_parallel.h"

static bool differ(const REAL *a, const REAL *b, size_t count) {
  return memcmp(a, b, count * sizeof(REAL)) != 0;
}

EPX_CLONES static REAL largest_move(const REAL *restrict a, const REAL *restrict b, size_t count) {
  REAL largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const REAL move = a[i] < b[i] ? b[i] - a[i] : a[i] - b[i];
    largest = move > largest ? move : largest;
  }
  return largest;
}

/* What a step did to a sample, over all layers. */
typedef struct motion_t {
  bool moved;   /* s(t + 1) differs from s(t), or by more than the tolerance */
  bool strange; /* s(t + 1) differs from s(t - 1) */
} motion_t;

/* Takes over next as the state of layer l. */
static void update_layer(const golden_t *golden, workspace_t *w, int l, bool nudged,
                         motion_t *motion) {
  const size_t size = golden->layer[l].g.out_size;
  const double tolerance = golden->base.relaxation.tolerance;
  const bool moved = differ(w->next[l], w->state[l], size);
  const REAL *before = w->moved[l] ? w->before[l] : w->state[l];
  motion->strange = motion->strange || differ(w->next[l], before, size);
  motion->moved =
      motion->moved ||
      (tolerance > 0 ? (double)largest_move(w->next[l], w->state[l], size) > tolerance : moved);
  w->moved[l] = moved;
  if (!moved) {
    return;
  }
  REAL *free_buffer = w->before[l];
  w->before[l] = w->state[l];
  w->state[l] = w->next[l];
  w->next[l] = free_buffer;
  if (l + 1 < golden->layers) {
    w->forward_valid[l + 1] = w->back_switches_valid[l + 1] = false;
  } else if (nudged) {
    w->v_valid[l] = false; /* the nudge reads this layer */
  }
  if (l > 0) {
    w->backward_valid[l - 1] = false;
  }
}

/* One half of a step. A layer whose products and nudge are those of the step before stays. */
static void half_step(const golden_t *golden, workspace_t *w, int sample, half_t half, REAL beta,
                      motion_t *motion) {
  bool fired[EPX_MAX_LAYERS] = {false};
  half_products(golden, w, half);
  for (int l = half.first; l < golden->layers; l += half.stride) {
    const size_t size = golden->layer[l].g.out_size;
    if (w->v_valid[l]) {
      motion->strange = motion->strange || w->moved[l];
      w->moved[l] = false;
      continue;
    }
    preactivate(golden, w, sample, l, beta);
    w->v_valid[l] = fired[l] = true;
    activate_all(golden->base.network.activation, size, w->v[l], w->next[l]);
    if (golden->quantised) {
      quantise_all(golden->state_format, size, w->next[l]);
    }
  }
  for (int l = half.first; l < golden->layers; l += half.stride) {
    if (fired[l]) {
      update_layer(golden, w, l, beta != 0, motion);
    }
  }
}

static motion_t step(const golden_t *golden, workspace_t *w, int sample, REAL beta) {
  motion_t motion = {false, false};
  for (int i = 0; i < half_count(golden); ++i) {
    half_step(golden, w, sample, half_at(golden, i), beta, &motion);
  }
  return motion;
}

typedef struct relax_task_t {
  golden_t *golden;
  int steps;
  REAL beta;
} relax_task_t;

/* One step of the samples that have steps left. One that rests has settled: further steps repeat
 * its state, bit for bit. One that has come back to the state before the last is in a cycle of two:
 * what remains matters by its parity. Returns whether any has steps left. */
static bool group_step(const golden_t *golden, workspace_t *w, int first, int count, REAL beta,
                       int *remaining) {
  motion_t motion[GROUP] = {{false, false}};
  bool left = false;
  for (int i = 0; i < half_count(golden); ++i) {
    const half_t half = half_at(golden, i);
    group_forward(golden, w, remaining, count, half);
    group_backward(golden, w, remaining, count, half);
    for (int k = 0; k < count; ++k) {
      if (remaining[k] > 0) {
        half_step(golden, &w[k], first + k, half, beta, &motion[k]);
      }
    }
  }
  for (int k = 0; k < count; ++k) {
    if (remaining[k] > 0) {
      --remaining[k];
      remaining[k] = !motion[k].moved ? 0 : motion[k].strange ? remaining[k] : remaining[k] % 2;
      left = left || remaining[k] > 0;
    }
  }
  return left;
}

static void relax_group(void *context, int group, int thread) {
  const relax_task_t *task = context;
  golden_t *golden = task->golden;
  workspace_t *w = thread_workspace(golden, thread);
  const int first = group * GROUP;
  const int count = golden->samples - first < GROUP ? golden->samples - first : GROUP;
  int remaining[GROUP];
  for (int k = 0; k < count; ++k) {
    load_sample(golden, &w[k], first + k);
    remaining[k] = task->steps;
  }
  while (!epx_stop_requested(golden->base.stop) &&
         group_step(golden, w, first, count, task->beta, remaining)) {
  }
  for (int k = 0; k < count; ++k) {
    store_sample(golden, &w[k], first + k);
  }
}

static void multiply_input(void *context, int sample, int thread) {
  golden_t *golden = context;
  const scratch_t *scratch = &golden->scratch[thread];
  const layer_t *layer = &golden->layer[0];
  const size_t offset = (size_t)sample * layer->g.out_size;
  if (epx_stop_requested(golden->base.stop)) {
    return;
  }
  if (golden->held) { /* weights that change under frozen switches: continual updates */
    memcpy(golden->input_switches + offset,
           sample_switches(golden, golden->held_switches, 0, sample), layer->g.out_size);
  }
  convolve_and_pool(layer, WEIGHTS_FORWARD, golden->held, scratch,
                    (target_t){sample_input(golden, sample), golden->drive + offset,
                               golden->input_switches + offset});
}

/* Transforms the weights of one layer. */
static void transform_layer(void *context, int l, int thread) {
  const layer_t *layer = &((golden_t *)context)->layer[l];
  (void)thread;
  for (int panel = 0; layer->winograd != NULL && panel < winograd_panels(&layer->g); ++panel) {
    winograd_panel(&layer->g, layer->weight, panel, layer->winograd);
    if (layer->winograd_backward != layer->winograd) {
      winograd_panel(&layer->g, layer->backward, panel, layer->winograd_backward);
    }
  }
  for (int panel = 0; layer->transposed != NULL && panel < transpose_panels(&layer->g); ++panel) {
    transpose_panel(&layer->g, layer->backward, panel, layer->transposed);
  }
}

/* What is computed once for the weights, and for an image: transformed weights, layer 0's forward
 * product. */
static void refresh(golden_t *golden) {
  if (golden->winograd_stale) {
    epx_parallel_for(golden->layers, transform_layer, golden);
    golden->winograd_stale = false;
  }
  if (golden->drive_stale) {
    epx_parallel_for(golden->samples, multiply_input, golden);
    golden->drive_stale = false;
  }
}

static epx_status_t relax(epx_substrate_t *self, int steps, double beta, epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  relax_task_t task = {golden, steps, (REAL)beta};
  refresh(golden);
  if (steps > 0) {
    epx_parallel_for((golden->samples + GROUP - 1) / GROUP, relax_group, &task);
  }
  return epx_stop_status(golden->base.stop, error);
}

#endif
