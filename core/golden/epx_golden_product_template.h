/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 6: the products of one sample, kept until what they read has moved, and of
 * a group of samples at once.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_PRODUCT_TEMPLATE_H
#define EPX_GOLDEN_PRODUCT_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <string.h>

#include "epx_golden_neuron_template.h"

/* Copies a sample's states into the workspace; no product is known yet. */
static void load_sample(const golden_t *golden, workspace_t *w, int sample) {
  const size_t first = golden->layer[0].g.out_size;
  for (int l = 0; l < golden->layers; ++l) {
    const size_t size = golden->layer[l].g.out_size;
    memcpy(w->state[l], sample_state(golden, golden->state, l, sample), size * sizeof(REAL));
    if (golden->held) {
      memcpy(w->switches[l], sample_switches(golden, golden->held_switches, l, sample), size);
      memcpy(w->back_switches[l], sample_switches(golden, golden->held_back_switches, l, sample),
             size);
    }
    w->forward_valid[l] = w->backward_valid[l] = w->v_valid[l] = w->moved[l] = false;
    w->back_switches_valid[l] = golden->held;
  }
  memcpy(w->forward[0], golden->drive + (size_t)sample * first, first * sizeof(REAL));
  memcpy(w->switches[0], golden->input_switches + (size_t)sample * first, first);
  w->forward_valid[0] = true;
}

static void store_sample(const golden_t *golden, const workspace_t *w, int sample) {
  for (int l = 0; l < golden->layers; ++l) {
    memcpy(sample_state(golden, golden->state, l, sample), w->state[l],
           golden->layer[l].g.out_size * sizeof(REAL));
  }
}

/* Which of a layer's two sets of weights. */
typedef enum weights_t { WEIGHTS_FORWARD, WEIGHTS_BACKWARD } weights_t;

/* The pooled product of one sample, through switches that it finds or, held, that are given. */
static void convolve_and_pool(const layer_t *layer, weights_t weights, bool held,
                              const scratch_t *scratch, target_t target) {
  const bool forward = weights == WEIGHTS_FORWARD;
  if (layer->winograd != NULL) {
    winograd_forward(&layer->g, forward ? layer->winograd : layer->winograd_backward, &target, 1,
                     held, &scratch->winograd);
    return;
  }
  convolve(&layer->g, forward ? layer->weight : layer->backward, target.in, scratch->columns,
           scratch->z);
  if (held) {
    gather(&layer->g, scratch->z, target.switches, target.out);
  } else {
    pool(&layer->g, scratch->z, target.switches, target.out);
  }
}

/* Layer l's forward product now is that of the present states. */
static void took_forward(const golden_t *golden, workspace_t *w, int l) {
  if (!golden->held && golden->layer[l].g.pool == EPX_POOL_MAX && !own_backward(golden, l)) {
    w->backward_valid[l - 1] = false; /* it goes through the switches */
  }
  w->forward_valid[l] = true;
  w->v_valid[l] = false;
}

/* The pooled forward product of layer l at the present states, with its switches. */
static void forward_product(const golden_t *golden, workspace_t *w, int l) {
  if (!w->forward_valid[l]) {
    convolve_and_pool(&golden->layer[l], WEIGHTS_FORWARD, golden->held, w->scratch,
                      (target_t){w->state[l - 1], w->forward[l], w->switches[l]});
    took_forward(golden, w, l);
  }
}

/* The switches through which layer l acts on the one below. */
static void find_back_switches(const golden_t *golden, workspace_t *w, int l) {
  const layer_t *layer = &golden->layer[l];
  if (layer->g.pool != EPX_POOL_MAX || golden->held) {
    return;
  }
  if (!own_backward(golden, l)) {
    forward_product(golden, w, l);
  } else if (!w->back_switches_valid[l]) {
    convolve_and_pool(layer, WEIGHTS_BACKWARD, false, w->scratch,
                      (target_t){w->state[l - 1], w->v[l], w->back_switches[l]});
    w->v_valid[l] = w->backward_valid[l - 1] = false;
    w->back_switches_valid[l] = true;
  }
}

/* The product of layer l + 1 into layer l. */
static void backward_product(const golden_t *golden, workspace_t *w, int l) {
  const layer_t *above = &golden->layer[l + 1];
  find_back_switches(golden, w, l + 1);
  if (w->backward_valid[l]) {
    return;
  }
  if (above->transposed != NULL) {
    const target_t target = {w->state[l + 1], w->backward[l], NULL};
    transpose_mean(&above->g, above->transposed, &target, 1, &w->scratch->winograd);
  } else {
    backward(&above->g, above->backward, w->state[l + 1], w->back_switches[l + 1],
             w->scratch->bordered, w->scratch->item, w->backward[l]);
  }
  w->backward_valid[l] = true;
  w->v_valid[l] = false;
}

/* The layers that one half of a step updates: first, first + stride, ... Synchronous: one half. */
typedef struct half_t {
  int first, stride;
} half_t;

static int half_count(const golden_t *golden) {
  return golden->base.relaxation.update == EPX_UPDATE_ALTERNATING ? 2 : 1;
}

/* Layers 2, 4, .. of the method (it counts from 1) come first. */
static half_t half_at(const golden_t *golden, int i) {
  return half_count(golden) == 2 ? (half_t){1 - i, 2} : (half_t){0, 1};
}

static void half_products(const golden_t *golden, workspace_t *w, half_t half) {
  for (int l = half.first; l < golden->layers; l += half.stride) {
    forward_product(golden, w, l);
    if (l + 1 < golden->layers) {
      backward_product(golden, w, l);
    }
  }
}

/* v of layer l from its products, at nudging factor beta. */
static void preactivate(const golden_t *golden, workspace_t *w, int sample, int l, REAL beta) {
  const epx_geometry_t *g = &golden->layer[l].g;
  const bool last = l + 1 == golden->layers;
  add_drives((size_t)(g->out_height * g->out_width), g->units, w->forward[l], golden->layer[l].bias,
             last ? NULL : w->backward[l], w->v[l]);
  if (last && beta != 0) {
    add_nudge(golden, sample, w->state[l], beta, w->v[l]);
  }
}

/* One product over the patches of all samples. */
static void chunk_convolve(const golden_t *golden, const layer_t *layer, const target_t *target,
                           int count, const scratch_t *scratch) {
  const epx_geometry_t *g = &layer->g;
  const size_t rows = (size_t)(g->conv_height * g->conv_width);
  for (int i = 0; i < count; ++i) {
    im2col(g, target[i].in, scratch->columns + (size_t)i * rows * (size_t)g->fan_in);
  }
  multiply((int)rows * count, g->units, g->fan_in, scratch->columns, layer->weight, scratch->z);
  for (int i = 0; i < count; ++i) {
    const REAL *z = scratch->z + (size_t)i * rows * (size_t)g->units;
    if (target[i].out != NULL && golden->held) {
      gather(g, z, target[i].switches, target[i].out);
    } else if (target[i].out != NULL) {
      pool(g, z, target[i].switches, target[i].out);
    }
  }
}

/* Layer l's forward products of one chunk of a group, as one matrix product over all its samples,
 * if any of them that has steps left needs its own. */
static void chunk_forward(const golden_t *golden, workspace_t *w, const int *remaining, int count,
                          int l) {
  const layer_t *layer = &golden->layer[l];
  target_t target[GROUP];
  bool needed = false;
  for (int i = 0; i < count; ++i) {
    const bool wanted = !w[i].forward_valid[l];
    target[i] = (target_t){w[i].state[l - 1], wanted ? w[i].forward[l] : NULL, w[i].switches[l]};
    needed = needed || (remaining[i] > 0 && !w[i].forward_valid[l]);
  }
  if (!needed) {
    return;
  }
  if (layer->winograd != NULL) {
    winograd_forward(&layer->g, layer->winograd, target, count, golden->held,
                     &w->scratch->winograd);
  } else {
    chunk_convolve(golden, layer, target, count, w->scratch);
  }
  for (int i = 0; i < count; ++i) {
    if (target[i].out != NULL) {
      took_forward(golden, &w[i], l);
    }
  }
}

/* The forward products that a half step of `count` samples reads: of its own layers, and of those
 * above whose switches it needs. */
static void group_forward(const golden_t *golden, workspace_t *w, const int *remaining, int count,
                          half_t half) {
  for (int l = 1; l < golden->layers; ++l) {
    const epx_geometry_t *g = &golden->layer[l].g;
    const bool own = (l - half.first) % half.stride == 0;
    const bool through = g->pool == EPX_POOL_MAX && !golden->held && !own_backward(golden, l);
    const int chunk = product_samples(g);
    for (int i = 0; (own || through) && chunk > 1 && i < count; i += chunk) {
      chunk_forward(golden, w + i, remaining + i, count - i < chunk ? count - i : chunk, l);
    }
  }
}

/* Layer l's backward products of one chunk of a group, as chunk_forward. */
static void chunk_backward(const golden_t *golden, workspace_t *w, const int *remaining, int count,
                           int l) {
  const layer_t *above = &golden->layer[l + 1];
  target_t target[GROUP];
  bool needed = false;
  for (int i = 0; i < count; ++i) {
    const bool wanted = !w[i].backward_valid[l];
    target[i] = (target_t){w[i].state[l + 1], wanted ? w[i].backward[l] : NULL, NULL};
    needed = needed || (remaining[i] > 0 && wanted);
  }
  if (!needed) {
    return;
  }
  transpose_mean(&above->g, above->transposed, target, count, &w->scratch->winograd);
  for (int i = 0; i < count; ++i) {
    if (target[i].out != NULL) {
      w[i].backward_valid[l] = true;
      w[i].v_valid[l] = false;
    }
  }
}

/* The backward products of a half step through means; they need no switches. */
static void group_backward(const golden_t *golden, workspace_t *w, const int *remaining, int count,
                           half_t half) {
  for (int l = half.first; l + 1 < golden->layers; l += half.stride) {
    const layer_t *above = &golden->layer[l + 1];
    const int chunk = above->transposed != NULL ? transpose_samples(&above->g) : 1;
    for (int i = 0; chunk > 1 && i < count; i += chunk) {
      chunk_backward(golden, w + i, remaining + i, count - i < chunk ? count - i : chunk, l);
    }
  }
}

#endif
