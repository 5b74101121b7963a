/* SPDX-License-Identifier: Apache-2.0 */
/* What was done where it depends on the data: by images on chips that end settled phases
 * (chip.stop_settled) or drive only changes (chip.event_driven), and by updates that pulse
 * (chip.array.pulses). Summed; the twin measures it. */
#ifndef EPX_ACTIVITY_H
#define EPX_ACTIVITY_H

#include "epx_command_kind.h"
#include "epx_events.h"
#include "epx_mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How long drives took, by tile layer, summed over commands; what packets wait for each other where
 * their ways cross is left out. Edges are counted from the command.
 *
 *   commands           commands of this kind
 *   driven             those in which the layer had vectors to drive
 *   forward, backward  cycles of the layer's slowest tile
 *   sums               the edge at which the home had the sums of the last vector
 *   ends               of steps: the edge at which the layer was done, that is when the homes below
 *                      had the feedback of its last backward product or, where the layer makes no
 *                      backward products, when its home had the sums
 *   last, last_ends    of steps: in how many the layer was the last to be done, and its ends there
 *   events             of the layer's arrays, converters and held sums, about changes; the closed
 *                      form has the rest */
typedef struct epx_pace_t {
  uint64_t commands, driven[EPX_MAX_TILE_LAYERS]; /* of which the layer had vectors to drive */
  uint64_t forward[EPX_MAX_TILE_LAYERS], backward[EPX_MAX_TILE_LAYERS];
  uint64_t sums[EPX_MAX_TILE_LAYERS], ends[EPX_MAX_TILE_LAYERS];
  uint64_t last[EPX_MAX_TILE_LAYERS], last_ends[EPX_MAX_TILE_LAYERS];
  epx_events_t events[EPX_MAX_TILE_LAYERS];
} epx_pace_t;

/* Updates by pulses. first, others: cycles of the slowest tile of row block 0, biases included, and
 * of the slowest other tile, by tile layer and summed over updates; from the tile's first synapse
 * to its last pulse or bias. */
typedef struct epx_pulsing_t {
  uint64_t updates;
  uint64_t pulses[EPX_MAX_TILE_LAYERS];
  uint64_t first[EPX_MAX_TILE_LAYERS], others[EPX_MAX_TILE_LAYERS];
} epx_pulsing_t;

typedef struct epx_activity_t {
  uint64_t images;                    /* loaded */
  uint64_t free_steps, nudged_steps;  /* that a chip with stop_settled makes */
  epx_pace_t pace[EPX_COMMAND_KINDS]; /* of an event-driven chip */
  epx_pulsing_t pulsing;
} epx_activity_t;

/* Of images that relaxed freely and were predicted, and of images of whole training steps. */
typedef struct epx_measured_t {
  epx_activity_t inference, training;
} epx_measured_t;

/* sum += times * pace. */
static inline void epx_pace_add(epx_pace_t *sum, const epx_pace_t *pace, uint64_t times) {
  sum->commands += times * pace->commands;
  for (int i = 0; i < EPX_MAX_TILE_LAYERS; ++i) {
    sum->driven[i] += times * pace->driven[i];
    sum->forward[i] += times * pace->forward[i];
    sum->backward[i] += times * pace->backward[i];
    sum->sums[i] += times * pace->sums[i];
    sum->last[i] += times * pace->last[i];
    sum->last_ends[i] += times * pace->last_ends[i];
    sum->ends[i] += times * pace->ends[i];
    epx_events_add(&sum->events[i], &pace->events[i], times);
  }
}

/* Pulses of all tile layers. */
static inline uint64_t epx_pulsing_pulses(const epx_pulsing_t *pulsing) {
  uint64_t sum = 0;
  for (int i = 0; i < EPX_MAX_TILE_LAYERS; ++i) {
    sum += pulsing->pulses[i];
  }
  return sum;
}

/* Events that an event-driven chip's drives took, of all layers and commands. */
static inline epx_events_t epx_activity_driven(const epx_activity_t *activity) {
  epx_events_t sum = {0};
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    for (int l = 0; l < EPX_MAX_TILE_LAYERS; ++l) {
      epx_events_add(&sum, &activity->pace[i].events[l], 1);
    }
  }
  return sum;
}

/* Leaves in *now what was done since `before` was measured. */
static inline void epx_activity_take_off(epx_activity_t *now, const epx_activity_t *before) {
  now->images -= before->images;
  now->free_steps -= before->free_steps;
  now->nudged_steps -= before->nudged_steps;
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    epx_pace_add(&now->pace[i], &before->pace[i], UINT64_MAX); /* -1, modulo 2^64 */
  }
  now->pulsing.updates -= before->pulsing.updates;
  for (int i = 0; i < EPX_MAX_TILE_LAYERS; ++i) {
    now->pulsing.pulses[i] -= before->pulsing.pulses[i];
    now->pulsing.first[i] -= before->pulsing.first[i];
    now->pulsing.others[i] -= before->pulsing.others[i];
  }
}

#ifdef __cplusplus
}
#endif
#endif
