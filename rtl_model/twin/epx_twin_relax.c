/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's dynamics, one sample on one thread through all steps of a phase. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_clones.h"
#include "epx_parallel.h"
#include "epx_quantize.h"
#include "epx_twin_internal.h"

static void copy_in(const epx_geometry_t *g, const uint8_t *compact, twin_place_t place) {
  const size_t units = (size_t)g->units;
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x, compact += units) {
      memcpy(place.at + (size_t)y * place.row_stride + (size_t)x * place.pixel_stride, compact,
             units);
    }
  }
}

static void copy_out(const epx_geometry_t *g, twin_place_t place, uint8_t *compact) {
  const size_t units = (size_t)g->units;
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x, compact += units) {
      memcpy(compact, place.at + (size_t)y * place.row_stride + (size_t)x * place.pixel_stride,
             units);
    }
  }
}

void twin_load_image(const twin_t *twin, twin_workspace_t *w, uint8_t *const *states, int l,
                     int sample) {
  copy_in(&twin->layer[l].plan->g, twin_sample(twin, states, l, sample),
          twin_state_place(twin, w, l));
}

void twin_load_images(const twin_t *twin, twin_workspace_t *w, int sample) {
  twin_event_sample(twin, w, sample);
  for (int l = 0; l < twin->plan->layers; ++l) {
    twin_load_image(twin, w, twin->state, l, sample);
  }
}

void twin_logits(const twin_t *twin, twin_workspace_t *w, int64_t *logits) {
  const twin_layer_t *layer = &twin->layer[twin->plan->layers];
  int32_t product[256];
  twin_forward(twin, twin->plan->layers, w, w->image[twin->plan->layers], product, NULL);
  for (int k = 0; k < layer->plan->g.units; ++k) {
    logits[k] = (int64_t)product[k] * (INT64_C(1) << layer->plan->forward_shift) + layer->offset[k];
  }
}

/* nudge += error * weights of one class. */
EPX_CLONES static void add_scaled(int count, int32_t error, const int8_t *restrict weight,
                                  int32_t *restrict sum) {
  for (int i = 0; i < count; ++i) {
    sum[i] += error * weight[i];
  }
}

/* The nudge on the last layer at its accumulator fraction, from the states in w. */
static void make_nudge(const twin_t *twin, twin_workspace_t *w, int sample, double beta) {
  const twin_layer_t *last = &twin->layer[twin->plan->layers - 1];
  const int label = twin->labels[sample];
  const int size = (int)last->plan->g.out_size;
  int fraction = twin->plan->chip->state.fraction_bits;
  if (twin->plan->readout) {
    const twin_layer_t *readout = &twin->layer[twin->plan->layers];
    int64_t logits[256];
    int32_t error[256];
    twin_logits(twin, w, logits);
    epx_softmax_error(&twin->softmax, logits, readout->plan->g.units, readout->plan->fraction,
                      label, error);
    if (w->held != NULL) {
      twin_event_errors(twin, w, error, w->nudge);
    }
    if (readout->array != NULL && w->held == NULL) {
      epx_clips_add(&w->clips[twin->plan->layers][1],
                    twin_analog_errors(readout, w, error, w->nudge));
    } else if (readout->array == NULL) {
      memset(w->nudge, 0, (size_t)size * sizeof *w->nudge);
      for (int k = 0; k < readout->plan->g.units; ++k) {
        add_scaled(size, error[k], readout->code + (size_t)k * (size_t)size, w->nudge);
      }
    }
    fraction = EPX_SOFTMAX_FRACTION + readout->plan->synapse.fraction_bits;
  } else {
    const uint8_t *s = twin_state_place(twin, w, twin->plan->layers - 1).at;
    for (int k = 0; k < size; ++k) {
      w->nudge[k] = (k == label ? 1 << fraction : 0) - s[k];
    }
  }
  const epx_scale_t scale = epx_nudge_scale(beta, fraction, last->plan->fraction);
  for (int i = 0; i < size; ++i) {
    w->nudge[i] = epx_neuron_nudge(scale, beta, w->nudge[i]);
  }
}

void twin_products(const twin_t *twin, twin_workspace_t *w, int sample, double beta) {
  for (int l = 1; l < twin->plan->layers; ++l) {
    const twin_place_t place = twin_state_place(twin, w, l);
    const twin_layer_t *layer = &twin->layer[l];
    const int back = epx_plan_back(twin->plan, l);
    if (back != l && layer->plan->window > 1) { /* of these sums only the switches are wanted */
      twin_forward(twin, back, w, w->image[l], w->forward[l], w->switches[back]);
    }
    twin_forward(twin, l, w, w->image[l], w->forward[l], w->switches[l]);
    twin_backward(twin, back, w, place, w->switches[back], w->backward[l - 1]);
  }
  if (beta != 0.0) {
    make_nudge(twin, w, sample, beta);
  }
}

/* One pixel's neurons: accumulate, round, clamp; returns bit 0 where a state differs from the step
 * before, bit 1 where it differs from the step before that. */
typedef struct fire_t {
  int forward_shift, backward_shift, shift, max_code;
  bool truncate;
} fire_t;

EPX_CLONES static unsigned fire_pixel(fire_t f, int units, const int32_t *restrict forward,
                                      const int32_t *restrict backward,
                                      const int32_t *restrict offset, const int32_t *restrict nudge,
                                      uint8_t *restrict state, uint8_t *restrict previous) {
  const int32_t half = f.truncate || f.shift == 0 ? 0 : (1 << (f.shift - 1)) - 1;
  const int32_t odd = f.truncate || f.shift == 0 ? 0 : 1;
  uint8_t changed = 0, changed_twice = 0;
  for (int u = 0; u < units; ++u) {
    int32_t v = (int32_t)((uint32_t)forward[u] << f.forward_shift) + offset[u];
    v += (int32_t)((uint32_t)backward[u] << f.backward_shift) + nudge[u];
    int32_t code = (v + half + ((v >> f.shift) & odd)) >> f.shift;
    code = code < 0 ? 0 : code;
    code = code > f.max_code ? f.max_code : code;
    changed |= (uint8_t)(code ^ state[u]);
    changed_twice |= (uint8_t)(code ^ previous[u]);
    previous[u] = state[u];
    state[u] = (uint8_t)code;
  }
  return (changed != 0 ? 1u : 0u) | (changed_twice != 0 ? 2u : 0u);
}

static unsigned fire_layer(const twin_t *twin, twin_workspace_t *w, int sample, int l,
                           bool nudged) {
  static const int32_t zeros[4096];
  const twin_layer_t *layer = &twin->layer[l];
  const epx_geometry_t *g = &layer->plan->g;
  const bool last = l + 1 == twin->plan->layers;
  const twin_layer_t *above = last ? NULL : &twin->layer[l + 1];
  const size_t backward_stride =
      last ? 0 : (size_t)(above->plan->dense ? g->units : twin_backward_ldc(above));
  const twin_place_t place = twin_state_place(twin, w, l);
  const fire_t f = {layer->plan->forward_shift, layer->plan->backward_shift,
                    layer->plan->neuron.shift, layer->plan->neuron.max_code,
                    layer->plan->neuron.rounding == EPX_ROUND_TRUNCATE};
  const int32_t *forward = /* layer 0's is static */
      l == 0 ? twin->input_product + (size_t)sample * g->out_size : w->forward[l];
  unsigned changed = 0;
  for (int y = 0; y < g->out_height; ++y) {
    for (int x = 0; x < g->out_width; ++x) {
      const size_t pixel = (size_t)(y * g->out_width + x);
      const size_t neuron = pixel * (size_t)g->units;
      for (int u = 0; u < g->units; u += 4096) {
        const size_t at = (size_t)u;
        const int count = g->units - u < 4096 ? g->units - u : 4096;
        changed |= fire_pixel(
            f, count, forward + neuron + at,
            last ? zeros : w->backward[l] + pixel * backward_stride + at, layer->offset + at,
            last && nudged ? w->nudge + neuron + at : zeros,
            place.at + (size_t)y * place.row_stride + (size_t)x * place.pixel_stride + at,
            w->previous[l] + neuron + at);
      }
    }
  }
  return changed;
}

typedef struct relax_task_t {
  twin_t *twin;
  int steps;
  double beta;
} relax_task_t;

/* Runs the steps. State t = state t-1: settled. State t = state t-2: a cycle of period 2, so only
 * the parity of what remains matters. Under noise the next step may differ all the same: a chip
 * that stops where nothing changed stops, others go on. */
static void relax_sample(void *context, int sample, int thread) {
  const relax_task_t *task = context;
  twin_t *twin = task->twin;
  twin_workspace_t *w = &twin->workspace[thread];
  int remaining = task->steps, made = task->steps;
  bool twice = false; /* whether `previous` holds the state before */
  w->asked += (uint64_t)task->steps;
  twin_load_images(twin, w, sample);
  while (remaining > 0 && !epx_stop_requested(twin->base.stop)) {
    unsigned changed = 0;
    twin_event_command(w, task->beta != 0.0 ? EPX_COMMAND_NUDGED_STEP : EPX_COMMAND_FREE_STEP);
    const int step = task->steps - remaining;
    w->draw = twin_draw(twin, sample, step);
    twin_clips_begin_step(twin, w, step);
    twin_products(twin, w, sample, task->beta);
    if (w->held != NULL) {
      twin_pace_end_step(twin, w);
    }
    for (int l = 0; l < twin->plan->layers; ++l) {
      changed |= fire_layer(twin, w, sample, l, task->beta != 0.0);
    }
    --remaining;
    ++w->computed;
    if ((changed & 1u) == 0 && (!twin->noisy || twin->plan->chip->stop_settled)) {
      made -= remaining;
      if (!twin->plan->chip->stop_settled) {
        twin_event_idle(twin, w, remaining);
        twin_clips_repeat(twin, w, step, 1, remaining);
      }
      break;
    }
    /* Event-driven, each step of a cycle counts. */
    if (twice && (changed & 2u) == 0 && !twin->noisy && w->held == NULL) {
      twin_clips_repeat(twin, w, step, 2, remaining / 2);
      remaining %= 2;
    }
    twice = true;
  }
  w->made[task->beta != 0.0] += (uint64_t)made;
  for (int l = 0; l < twin->plan->layers; ++l) {
    copy_out(&twin->layer[l].plan->g, twin_state_place(twin, w, l),
             twin_sample(twin, twin->state, l, sample));
  }
}

epx_status_t twin_relax(epx_substrate_t *self, int steps, double beta, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  relax_task_t task = {twin, steps, beta};
  epx_parallel_for(twin->samples, relax_sample, &task);
  twin->reads += (uint32_t)steps;
  return epx_stop_status(self->stop, error);
}

static void multiply_input(void *context, int sample, int thread) {
  twin_t *twin = context;
  twin_workspace_t *w = &twin->workspace[thread];
  const twin_layer_t *layer = &twin->layer[0];
  const size_t out = (size_t)sample * layer->plan->g.out_size;
  if (epx_stop_requested(twin->base.stop)) {
    return;
  }
  twin_load_input(twin, w, sample);
  w->draw = twin_draw(twin, sample, 0);
  twin_forward(twin, 0, w, w->image[0], twin->input_product + out, twin->input_switches + out);
}

void twin_load_input(const twin_t *twin, twin_workspace_t *w, int sample) {
  const twin_layer_t *layer = &twin->layer[0];
  const epx_geometry_t *g = &layer->plan->g;
  const uint8_t zero = (uint8_t)layer->plan->zero_code;
  const uint8_t *from = twin->input + (size_t)sample * g->in_size;
  memset(w->image[0], zero, twin_image_size(layer));
  for (int y = 0; y < g->in_height; ++y) {
    for (int x = 0; x < g->in_width; ++x, from += g->in_channels) {
      memcpy(w->image[0] + twin_image_at(layer, y, x), from, (size_t)g->in_channels);
    }
  }
}

epx_status_t twin_present(epx_substrate_t *self, const epx_batch_t *batch, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  const epx_geometry_t *g = &twin->layer[0].plan->g;
  const size_t area = (size_t)(g->in_height * g->in_width), channels = (size_t)g->in_channels;
  const int64_t offset = -epx_qformat_min(twin->plan->chip->input);
  const int n = batch->n;
  twin->samples = n;
  twin->total = batch->total;
  twin->presented += (uint64_t)n;
  memcpy(twin->labels, batch->labels, (size_t)n);
  for (size_t sample = 0; sample < (size_t)n; ++sample) {
    for (size_t c = 0; c < channels; ++c) {
      for (size_t p = 0; p < area; ++p) {
        const double value = epx_batch_value(batch, sample * g->in_size + c * area + p);
        twin->input[sample * g->in_size + p * channels + c] =
            (uint8_t)(epx_quantize(value, twin->plan->chip->input, EPX_ROUND_NEAREST_EVEN, 0) +
                      offset);
      }
    }
  }
  for (int l = 0; l < twin->plan->layers; ++l) {
    memset(twin->state[l], 0, (size_t)n * twin->layer[l].plan->g.out_size);
  }
  twin_event_forget(twin);
  twin_follow_forget(twin);
  twin->first_image = twin->counters.images + (uint32_t)batch->first;
  twin->counters.images += (uint32_t)batch->total;
  twin->reads = 0;
  epx_parallel_for(n, multiply_input, twin);
  twin->reads = 1;
  return epx_stop_status(self->stop, error);
}

epx_status_t twin_predict(epx_substrate_t *self, double *loss, uint8_t *predicted,
                          epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  const int classes = twin->base.network.classes;
  twin_workspace_t *w = &twin->workspace[0];
  for (int sample = 0; sample < twin->samples && !epx_stop_requested(self->stop); ++sample) {
    const int label = twin->labels[sample];
    int64_t score[256];
    int best = 0;
    twin_load_images(twin, w, sample);
    twin_event_command(w, EPX_COMMAND_PREDICT);
    w->draw = twin_draw(twin, sample, 0);
    if (twin->plan->readout) {
      twin_logits(twin, w, score);
    } else {
      for (int k = 0; k < classes; ++k) {
        score[k] = twin_sample(twin, twin->state, twin->plan->layers - 1, sample)[k];
      }
    }
    for (int k = 1; k < classes; ++k) {
      best = score[k] > score[best] ? k : best;
    }
    double sum = 0.0;
    for (int k = 0; k < classes; ++k) {
      if (twin->plan->readout) {
        sum += exp(ldexp((double)(score[k] - score[best]),
                         -twin->layer[twin->plan->layers].plan->fraction));
      } else {
        const double s =
            epx_dequantize(score[k], twin->plan->chip->state) - (k == label ? 1.0 : 0.0);
        sum += 0.5 * s * s;
      }
    }
    loss[sample] = twin->plan->readout
                       ? log(sum) - ldexp((double)(score[label] - score[best]),
                                          -twin->layer[twin->plan->layers].plan->fraction)
                       : sum;
    predicted[sample] = (uint8_t)best;
  }
  ++twin->reads;
  return epx_stop_status(self->stop, error);
}
