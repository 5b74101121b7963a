/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 8: a batch in, the free state kept, states and predictions out.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_PRESENT_TEMPLATE_H
#define EPX_GOLDEN_PRESENT_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "epx_golden_relax_template.h"
#include "epx_parallel.h"

/* Names the first pixel of a batch, with images of `size` values, that is too large, or NaN. */
static epx_status_t fail_pixel(const epx_batch_t *batch, size_t size, epx_error_t *error) {
  size_t i = 0;
  while (fabs(epx_batch_value(batch, i)) <= (double)largest()) {
    ++i;
  }
  char image[48];
  snprintf(image, sizeof image, "image %zu", i / size);
  return fail_large(image, "", i % size, size, epx_batch_value(batch, i), error);
}

/* Whether a part may begin or end at a sample of a mini-batch: at a group of samples that relax
 * side by side, whose products are computed together, and of samples whose gradients are summed up.
 */
static bool is_boundary(int sample, int total) {
  bool sums = false;
  for (int group = 0; group <= GRADIENT_GROUPS; ++group) {
    sums = sums || (long)total * group / GRADIENT_GROUPS == sample;
  }
  return sums && (sample % GROUP == 0 || sample == total);
}

/* Refuses parts of a mini-batch of which the sums would not have one process's bits. */
static epx_status_t check_part(const epx_batch_t *batch, epx_error_t *error) {
  const int end = batch->first + batch->n, total = batch->total;
  if (batch->n == 0 || (is_boundary(batch->first, total) && is_boundary(end, total))) {
    return EPX_OK;
  }
  char places[96] = "";
  size_t used = 0;
  for (int sample = 0; sample <= total && used + 16 < sizeof places; ++sample) {
    if (is_boundary(sample, total)) {
      used += (size_t)snprintf(places + used, sizeof places - used, "%s%d", used > 0 ? ", " : "",
                               sample);
    }
  }
  return epx_fail(error, EPX_ERR_UNSUPPORTED,
                  "samples %d to %d of a mini-batch of %d: the golden model sums up eighths of a "
                  "mini-batch, and relaxes %d samples side by side; expected parts that begin and "
                  "end at %s",
                  batch->first, end - 1, total, GROUP, places);
}

static epx_status_t present(epx_substrate_t *self, const epx_batch_t *batch, epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  const epx_geometry_t *g = &golden->layer[0].g;
  const size_t area = (size_t)g->in_height * (size_t)g->in_width;
  const int n = batch->n;
  const epx_status_t part = check_part(batch, error);
  if (part != EPX_OK) {
    return part;
  }
  golden->samples = n;
  golden->first = batch->first;
  golden->total = batch->total;
  golden->held = false;
  golden->drive_stale = true;
  memcpy(golden->labels, batch->labels, (size_t)n);
  bool fits = true;
  for (int sample = 0; sample < n; ++sample) {
    REAL *in = golden->input + (size_t)sample * g->in_size;
    for (size_t c = 0; c < (size_t)g->in_channels; ++c) {
      for (size_t p = 0; p < area; ++p) {
        const REAL value = (REAL)epx_batch_value(batch, (size_t)sample * g->in_size + c * area + p);
        in[p * (size_t)g->in_channels + c] = value;
        fits = fits && value >= -largest() && value <= largest();
      }
    }
  }
  if (!fits) {
    return fail_pixel(batch, g->in_size, error);
  }
  for (int l = 0; l < golden->layers; ++l) {
    memset(golden->state[l], 0, (size_t)n * golden->layer[l].g.out_size * sizeof(REAL));
  }
  return epx_stop_status(golden->base.stop, error);
}

static void copy_states(const golden_t *golden, REAL *const *from, REAL *const *to) {
  for (int l = 0; l < golden->layers; ++l) {
    memcpy(to[l], from[l], (size_t)golden->samples * golden->layer[l].g.out_size * sizeof(REAL));
  }
}

/* Finds the switches of a sample's free state. */
static void hold_sample(void *context, int sample, int thread) {
  golden_t *golden = context;
  workspace_t *w = thread_workspace(golden, thread);
  if (epx_stop_requested(golden->base.stop)) {
    return;
  }
  load_sample(golden, w, sample);
  for (int l = 0; l < golden->layers; ++l) {
    const size_t size = golden->layer[l].g.out_size;
    if (golden->layer[l].g.pool == EPX_POOL_MAX) {
      forward_product(golden, w, l);
      find_back_switches(golden, w, l);
    }
    memcpy(sample_switches(golden, golden->held_switches, l, sample), w->switches[l], size);
    memcpy(sample_switches(golden, golden->held_back_switches, l, sample), w->back_switches[l],
           size);
  }
}

static epx_status_t keep_free(epx_substrate_t *self, epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  copy_states(golden, golden->state, golden->free_state);
  if (golden->base.relaxation.switches == EPX_SWITCHES_FROZEN) {
    golden->held = false;
    refresh(golden);
    epx_parallel_for(golden->samples, hold_sample, golden);
  }
  return epx_stop_status(golden->base.stop, error);
}

static void recall_free(epx_substrate_t *self) {
  golden_t *golden = (golden_t *)self;
  copy_states(golden, golden->free_state, golden->state);
  golden->held = golden->base.relaxation.switches == EPX_SWITCHES_FROZEN;
}

static epx_status_t predict(epx_substrate_t *self, double *loss, uint8_t *predicted,
                            epx_error_t *error) {
  golden_t *golden = (golden_t *)self;
  const int classes = golden->base.network.classes;
  for (int sample = 0; sample < golden->samples; ++sample) {
    const REAL *s = sample_state(golden, golden->state, golden->layers - 1, sample);
    double score[256];
    if (has_readout(golden)) {
      loss[sample] = readout(golden, s, golden->labels[sample], score);
    } else {
      loss[sample] = 0.0;
      for (int k = 0; k < classes; ++k) {
        const double difference = (double)s[k] - (k == golden->labels[sample] ? 1.0 : 0.0);
        score[k] = (double)s[k];
        loss[sample] += 0.5 * difference * difference;
      }
    }
    int best = 0;
    for (int k = 1; k < classes; ++k) {
      best = score[k] > score[best] ? k : best;
    }
    predicted[sample] = (uint8_t)best;
  }
  return epx_stop_status(golden->base.stop, error);
}

static void states(epx_substrate_t *self, int l, double *out) {
  golden_t *golden = (golden_t *)self;
  const epx_geometry_t *g = &golden->layer[l].g;
  const size_t area = (size_t)g->out_height * (size_t)g->out_width;
  for (int sample = 0; sample < golden->samples; ++sample) {
    const REAL *s = sample_state(golden, golden->state, l, sample);
    for (size_t i = 0; i < g->out_size; ++i) {
      out[(size_t)sample * g->out_size + i] = (double)s[i % area * (size_t)g->units + i / area];
    }
  }
}

#endif
