/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_chip_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_twin_internal.h"
#include "epx_walk.h"

/* What the twin holds after one phase: states of all samples by layer, and by tile layer the
 * switches that it learns through. */
typedef struct snapshot_t {
  uint8_t *states[EPX_MAX_LAYERS], *switches[EPX_MAX_TILE_LAYERS];
} snapshot_t;

/* Copies of a layer's registers for the chip. */
typedef struct registers_t {
  int32_t *shadow, *velocity, *bias, *bias_velocity;
  epx_lfsr_t *lfsr;
  uint32_t *written; /* NULL where arrays are exact */
} registers_t;

typedef struct session_t {
  twin_t *twin;
  const epx_chip_check_request_t *request;
  epx_chip_check_t *check;
  snapshot_t free, phase[EPX_ESTIMATOR_MAX_PHASES];
  registers_t registers[EPX_MAX_TILE_LAYERS];
  double *loss;
  uint8_t *predicted, *chip_predicted;
  uint8_t *held; /* of one sample */
} session_t;

const char *epx_chip_check_name(epx_chip_check_kind_t kind) {
  static const char *const names[EPX_CHIP_CHECK_KINDS] = {
      "states", "switches", "predictions", "shadow weights", "velocities", "biases", "LFSRs"};
  return names[kind];
}

static void *copy_of(const void *from, size_t size) {
  void *to = malloc(size);
  if (to != NULL) {
    memcpy(to, from, size);
  }
  return to;
}

static bool take_switches(const session_t *s, int i, uint8_t *switches) {
  const twin_t *twin = s->twin;
  twin_workspace_t *w = &twin->workspace[0];
  const size_t size = twin->layer[i].plan->g.out_size;
  epx_pace_t look = {0};
  for (int sample = 0; switches != NULL && sample < twin->samples; ++sample) {
    twin_event_sample(twin, w, sample);
    w->draw = twin_draw(twin, sample, 0); /* of the correlation to come */
    if (twin->held != NULL) {             /* a look is no drive */
      memcpy(s->held, w->held, twin->held_size);
      w->held = s->held;
      w->at_work = &look;
    }
    memcpy(switches + (size_t)sample * size, twin_learning_switches(twin, w, i, sample), size);
  }
  return switches != NULL;
}

static bool take_snapshot(const session_t *s, snapshot_t *snapshot, bool switches) {
  const twin_t *twin = s->twin;
  for (int l = 0; l < twin->plan->layers; ++l) {
    const size_t all = twin->layer[l].plan->g.out_size * (size_t)twin->samples;
    snapshot->states[l] = copy_of(twin->state[l], all);
    if (snapshot->states[l] == NULL) {
      return false;
    }
  }
  for (int i = 0; switches && i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    if (layer->plan->role != EPX_ROLE_READOUT) {
      snapshot->switches[i] = malloc(layer->plan->g.out_size * (size_t)twin->samples);
      if (!take_switches(s, i, snapshot->switches[i])) {
        return false;
      }
    }
  }
  return true;
}

static void release_snapshot(snapshot_t *snapshot) {
  for (int l = 0; l < EPX_MAX_LAYERS; ++l) {
    free(snapshot->states[l]);
  }
  for (int i = 0; i < EPX_MAX_TILE_LAYERS; ++i) {
    free(snapshot->switches[i]);
  }
}

static size_t synapses_of(const twin_layer_t *layer) {
  return (size_t)layer->plan->g.units * (size_t)layer->plan->g.fan_in;
}

static size_t tiles_of(const twin_layer_t *layer) {
  return (size_t)(layer->plan->map.row_blocks * layer->plan->map.column_blocks);
}

static bool copy_registers(session_t *s) {
  for (int l = 0; l < s->twin->plan->tile_layers; ++l) {
    const twin_layer_t *layer = &s->twin->layer[l];
    registers_t *r = &s->registers[l];
    const size_t synapses = synapses_of(layer), units = (size_t)layer->plan->g.units;
    r->shadow = copy_of(layer->shadow, synapses * sizeof *r->shadow);
    r->velocity = copy_of(layer->velocity, synapses * sizeof *r->velocity);
    r->lfsr = copy_of(layer->lfsr, tiles_of(layer) * sizeof *r->lfsr);
    r->written =
        layer->written != NULL ? copy_of(layer->written, synapses * sizeof *r->written) : NULL;
    bool whole = r->shadow != NULL && r->velocity != NULL && r->lfsr != NULL &&
                 (r->written != NULL || layer->written == NULL);
    if (layer->bias != NULL) {
      r->bias = copy_of(layer->bias, units * sizeof *r->bias);
      r->bias_velocity = copy_of(layer->bias_velocity, units * sizeof *r->bias_velocity);
      whole = whole && r->bias != NULL && r->bias_velocity != NULL;
    }
    if (!whole) {
      return false;
    }
  }
  return true;
}

/* The twin does an act of its training step; copies and snapshots are taken between acts. */
static epx_status_t check_act(void *context, const epx_act_t *act, epx_error_t *error) {
  session_t *s = context;
  const epx_chip_check_request_t *request = s->request;
  epx_substrate_t *twin = &s->twin->base;
  const epx_batch_t batch = epx_batch_f32(request->x, request->labels, request->images);
  epx_status_t status = EPX_OK;
  bool whole = true;
  switch (act->kind) {
    case EPX_ACT_PRESENT:
      status = epx_substrate_present(twin, &batch, error);
      whole = copy_registers(s);
      break;
    case EPX_ACT_RELAX:
      status = epx_substrate_relax(twin, act->steps, act->beta, error);
      break;
    case EPX_ACT_PREDICT:
      status = epx_substrate_predict(twin, s->loss, s->predicted, error);
      break;
    case EPX_ACT_KEEP_FREE:
      epx_substrate_clear_gradient(twin);
      status = epx_substrate_keep_free(twin, error);
      whole = take_snapshot(s, &s->free, false);
      break;
    case EPX_ACT_RECALL:
      epx_substrate_recall_free(twin);
      break;
    case EPX_ACT_ACCUMULATE:
      whole = take_snapshot(s, &s->phase[act->phase], true);
      status = epx_substrate_accumulate(twin, &act->terms, error);
      break;
    case EPX_ACT_UPDATE:
      status = epx_substrate_update(twin, &request->estimator, &request->rule, error);
      break;
  }
  return status != EPX_OK || whole
             ? status
             : epx_fail(error, EPX_ERR_MEMORY, "out of memory for the chip check of %d images",
                        request->images);
}

static void differ(session_t *s, epx_chip_check_kind_t kind, const char *where, size_t i,
                   int64_t chip, int64_t twin) {
  epx_chip_check_t *check = s->check;
  if (check->first_difference[0] == '\0') {
    snprintf(check->first_difference, sizeof check->first_difference,
             "%s, %s, element %zu: SystemC %" PRId64 ", twin %" PRId64, epx_chip_check_name(kind),
             where, i, chip, twin);
  }
  ++check->differing[kind];
}

#define COMPARE(SESSION, KIND, WHERE, CHIP, TWIN, COUNT)                            \
  do {                                                                              \
    const size_t count_ = (COUNT);                                                  \
    (SESSION)->check->compared[KIND] += (int64_t)count_;                            \
    for (size_t i_ = 0; i_ < count_; ++i_) {                                        \
      if ((CHIP)[i_] != (TWIN)[i_]) {                                               \
        differ(SESSION, KIND, WHERE, i_, (int64_t)(CHIP)[i_], (int64_t)(TWIN)[i_]); \
      }                                                                             \
    }                                                                               \
  } while (0)

static void observe(void *context, int image, int phase, int layer, const uint8_t *states,
                    const uint8_t *switches) {
  session_t *s = context;
  const snapshot_t *snapshot = phase < 0 ? &s->free : &s->phase[phase];
  const twin_layer_t *tiles = &s->twin->layer[layer];
  const size_t size = tiles->plan->g.out_size, at = (size_t)image * size;
  char where[80];
  snprintf(where, sizeof where, "image %d, %s %d, %s %d", image, phase < 0 ? "free phase" : "phase",
           phase < 0 ? 0 : phase,
           tiles->plan->role == EPX_ROLE_FEEDBACK ? "feedback arrays of layer" : "layer",
           tiles->plan->parameter);
  COMPARE(s, EPX_CHIP_CHECK_STATES, where, states, snapshot->states[tiles->plan->parameter] + at,
          size);
  if (switches != NULL) {
    COMPARE(s, EPX_CHIP_CHECK_SWITCHES, where, switches, snapshot->switches[layer] + at, size);
  }
}

static void compare_registers(session_t *s) {
  for (int l = 0; l < s->twin->plan->tile_layers; ++l) {
    const twin_layer_t *layer = &s->twin->layer[l];
    const registers_t *r = &s->registers[l];
    char name[24], where[40];
    epx_network_layer_name(&s->twin->base.network, layer->plan->parameter, name);
    snprintf(where, sizeof where, "%s%s", name,
             layer->plan->role == EPX_ROLE_FEEDBACK ? " backward" : "");
    COMPARE(s, EPX_CHIP_CHECK_SHADOWS, where, r->shadow, layer->shadow, synapses_of(layer));
    COMPARE(s, EPX_CHIP_CHECK_VELOCITIES, where, r->velocity, layer->velocity, synapses_of(layer));
    const size_t biases = layer->bias != NULL ? (size_t)layer->plan->g.units : 0;
    COMPARE(s, EPX_CHIP_CHECK_BIASES, where, r->bias, layer->bias, biases);
    COMPARE(s, EPX_CHIP_CHECK_BIASES, where, r->bias_velocity, layer->bias_velocity, biases);
    for (size_t i = 0; i < tiles_of(layer); ++i) {
      COMPARE(s, EPX_CHIP_CHECK_LFSRS, where, &r->lfsr[i].state, &layer->lfsr[i].state, 1);
    }
    if (r->written != NULL) {
      snprintf(where + strlen(where), sizeof where - strlen(where), ", writes");
      COMPARE(s, EPX_CHIP_CHECK_SHADOWS, where, r->written, layer->written, synapses_of(layer));
    }
  }
}

static epx_status_t run_chip(session_t *s, epx_error_t *error) {
  const epx_chip_check_request_t *request = s->request;
  const twin_t *twin = s->twin;
  epx_sc_layer_t layers[EPX_MAX_TILE_LAYERS];
  for (int l = 0; l < twin->plan->tile_layers; ++l) {
    const twin_layer_t *layer = &twin->layer[l];
    const registers_t *r = &s->registers[l];
    layers[l] = (epx_sc_layer_t){
        .weight_circuit = twin_circuit(twin, l, false, &request->estimator, &request->rule),
        .bias_circuit = twin_circuit(twin, l, true, &request->estimator, &request->rule),
        .shadow = r->shadow,
        .velocity = r->velocity,
        .bias = r->bias,
        .bias_velocity = r->bias_velocity,
        .lfsr = r->lfsr,
        .written = r->written,
        .reaches = layer->reaches,
    };
  }
  const epx_sc_chip_job_t job = {
      .plan = twin->plan,
      .dynamics = request->dynamics,
      .estimator = request->estimator,
      .sign = request->sign,
      .layers = layers,
      .images = request->images,
      .input = twin->input,
      .labels = request->labels,
      .update = true,
      .first_image = twin->first_image,
      .update_number = twin->counters.updates + 1,
      .observe = observe,
      .context = s,
      .stall_percent = request->stall_percent,
      .stall_seed = request->stall_seed,
      .vcd_path = request->vcd_path,
      .view = request->view,
      .update_log_path = request->update_log_path,
      .pulse_log_path = request->pulse_log_path,
      .lose_packet = request->lose_packet,
      .watchdog_cycles = request->watchdog_cycles,
  };
  s->check->chip.predicted = s->chip_predicted;
  return epx_sc_chip_run(&job, &s->check->chip, error);
}

static void release(session_t *s) {
  release_snapshot(&s->free);
  for (int i = 0; i < EPX_ESTIMATOR_MAX_PHASES; ++i) {
    release_snapshot(&s->phase[i]);
  }
  for (int l = 0; l < EPX_MAX_TILE_LAYERS; ++l) {
    free(s->registers[l].shadow);
    free(s->registers[l].velocity);
    free(s->registers[l].bias);
    free(s->registers[l].bias_velocity);
    free(s->registers[l].lfsr);
    free(s->registers[l].written);
  }
  free(s->predicted);
  free(s->chip_predicted);
  free(s->held);
  free(s->loss);
}

epx_status_t epx_chip_check_run(epx_substrate_t *twin, const epx_chip_check_request_t *request,
                                epx_chip_check_t *check, epx_error_t *error) {
  const size_t images = (size_t)request->images;
  session_t s = {.twin = (twin_t *)twin, .request = request, .check = check};
  memset(check, 0, sizeof *check);
  const epx_walk_t walk = {&request->dynamics, &request->estimator, request->sign, check_act, &s};
  s.loss = malloc(images * sizeof *s.loss);
  s.predicted = malloc(images);
  s.chip_predicted = malloc(images);
  s.held = malloc(s.twin->held_size + 1);
  epx_activity_t *before = malloc(sizeof *before);
  epx_status_t status = EPX_OK;
  if (s.loss == NULL || s.predicted == NULL || s.chip_predicted == NULL || s.held == NULL ||
      before == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the chip check of %d images",
                      request->images);
  }
  if (status == EPX_OK) {
    epx_twin_activity(twin, before);
    status = epx_walk_free(&walk, error);
  }
  status = status == EPX_OK ? epx_walk_nudged(&walk, error) : status;
  status = status == EPX_OK ? run_chip(&s, error) : status;
  status = status == EPX_OK ? epx_walk_update(&walk, error) : status;
  if (status == EPX_OK) {
    COMPARE(&s, EPX_CHIP_CHECK_PREDICTIONS, "all images", s.chip_predicted, s.predicted, images);
    compare_registers(&s);
    epx_twin_activity(twin, &check->activity);
    epx_activity_take_off(&check->activity, before);
  }
  check->chip.predicted = NULL;
  free(before);
  release(&s);
  return status;
}
