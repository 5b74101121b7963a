/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "epx_account_internal.h"

/* sum += times * events, to whole ones. */
static void add_events(epx_events_t *sum, const epx_events_t *events, double times) {
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    uint64_t *counter = (uint64_t *)((char *)sum + epx_event_rows()[i].offset);
    *counter =
        (uint64_t)(int64_t)round((double)*counter + times * (double)epx_event_get(events, i));
  }
}

static void add_cycles(double *sum, const double *parts, double times) {
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    sum[i] += times * parts[i];
  }
}

/* free_steps, nudged_steps: of the account's image. */
static void measure(const epx_account_t *account, const epx_chip_t *chip,
                    const epx_activity_t *activity, double free_steps, double nudged_steps,
                    epx_events_t *events, double *cycles) {
  const double image = 1.0 / (double)activity->images;
  if (chip->event_driven) {
    add_events(events, &activity->driven, image);
  }
  if (chip->stop_settled) {
    const double free = image * (double)activity->free_steps - free_steps;
    const double nudged = image * (double)activity->nudged_steps - nudged_steps;
    add_events(events, &account->free_step, free);
    add_events(events, &account->nudged_step, nudged);
    add_cycles(cycles, account->free_step_parts, free);
    add_cycles(cycles, account->nudged_step_parts, nudged);
  }
}

void account_measure(const epx_chip_t *chip, const epx_dynamics_t *dynamics,
                     const epx_measured_t *measured, epx_account_t *account) {
  if (measured->inference.images > 0) {
    measure(account, chip, &measured->inference, dynamics->free_steps, 0.0, &account->inference,
            account->inference_cycles);
  }
  if (measured->training.images > 0) {
    measure(account, chip, &measured->training, (double)account->kind_count[EPX_COMMAND_FREE_STEP],
            (double)account->kind_count[EPX_COMMAND_NUDGED_STEP], &account->training,
            account->training_cycles);
    const epx_pulsing_t *pulsing = &measured->training.pulsing;
    if (pulsing->updates > 0) {
      account->update.cell_writes += (pulsing->pulses + pulsing->updates / 2) / pulsing->updates;
    }
  }
}

uint64_t epx_account_batch_commands(const epx_account_t *account, const epx_chip_t *chip,
                                    const epx_activity_t *activity, int images,
                                    epx_command_kind_t kind) {
  if (chip->stop_settled && kind == EPX_COMMAND_FREE_STEP) {
    return activity->free_steps;
  }
  if (chip->stop_settled && kind == EPX_COMMAND_NUDGED_STEP) {
    return activity->nudged_steps;
  }
  return account->kind_count[kind] * (uint64_t)(kind == EPX_COMMAND_UPDATE ? 1 : images);
}

/* Adds the events of the steps that were made less those of all steps: a negative number of times,
 * modulo 2^64. */
static void take_off_steps(const epx_account_t *account, const epx_chip_t *chip,
                           const epx_activity_t *activity, int images, epx_command_kind_t kind,
                           const epx_events_t *step, epx_events_t *events) {
  const uint64_t made = epx_account_batch_commands(account, chip, activity, images, kind);
  epx_events_add(events, step, made - account->kind_count[kind] * (uint64_t)images);
}

void epx_account_batch_events(const epx_account_t *account, const epx_chip_t *chip,
                              const epx_activity_t *activity, int images, epx_events_t *events) {
  *events = account->update;
  epx_events_add(events, &account->training, (uint64_t)images);
  take_off_steps(account, chip, activity, images, EPX_COMMAND_FREE_STEP, &account->free_step,
                 events);
  take_off_steps(account, chip, activity, images, EPX_COMMAND_NUDGED_STEP, &account->nudged_step,
                 events);
  epx_events_add(events, &activity->driven, 1);
  events->cell_writes += activity->pulsing.pulses;
}
