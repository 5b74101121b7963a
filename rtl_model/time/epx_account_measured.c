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
    const epx_events_t driven = epx_activity_driven(activity);
    add_events(events, &driven, image);
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

/* ---- by address, exactly ---- */

/* Turns the ledger of one image into that of the images that were measured. Steps are counted as
 * they were made: those of the image's program, a negative number of times (modulo 2^64), go. */
static void measure_ledger(const epx_account_t *account, const epx_chip_t *chip,
                           const epx_activity_t *activity, uint64_t images, uint64_t free_steps,
                           uint64_t nudged_steps, epx_ledger_t *ledger) {
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    epx_events_t *at = ledger->at[owner];
    for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
      if (kind != EPX_COMMAND_UPDATE) {
        epx_events_add(&at[kind], &at[kind], images - 1);
      }
      if (owner < EPX_MAX_TILE_LAYERS) {
        epx_events_add(&at[kind], &activity->pace[kind].events[owner], 1);
      }
    }
    if (chip->stop_settled) {
      epx_events_add(&at[EPX_COMMAND_FREE_STEP], &account->free_step_at[owner],
                     activity->free_steps - images * free_steps);
      epx_events_add(&at[EPX_COMMAND_NUDGED_STEP], &account->nudged_step_at[owner],
                     activity->nudged_steps - images * nudged_steps);
    }
  }
}

static void measure_update(const epx_pulsing_t *pulsing, epx_account_t *account) {
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    epx_events_t *at = &account->training_at.at[owner][EPX_COMMAND_UPDATE];
    epx_events_add(at, at, pulsing->updates - 1);
    at->cell_writes += owner < EPX_MAX_TILE_LAYERS ? pulsing->pulses[owner] : 0;
  }
  account->updates = pulsing->updates;
  account->update.cell_writes +=
      (epx_pulsing_pulses(pulsing) + pulsing->updates / 2) / pulsing->updates;
}

static void measure_steps(const epx_chip_t *chip, const epx_activity_t *activity,
                          double commands[EPX_COMMAND_KINDS]) {
  if (chip->stop_settled) {
    const double images = (double)activity->images;
    commands[EPX_COMMAND_FREE_STEP] = (double)activity->free_steps / images;
    commands[EPX_COMMAND_NUDGED_STEP] = (double)activity->nudged_steps / images;
  }
}

void account_measure(const epx_chip_t *chip, const epx_dynamics_t *dynamics,
                     const epx_measured_t *measured, epx_account_t *account) {
  const uint64_t free_steps = account->kind_count[EPX_COMMAND_FREE_STEP];
  const uint64_t nudged_steps = account->kind_count[EPX_COMMAND_NUDGED_STEP];
  if (measured->inference.images > 0) {
    measure(account, chip, &measured->inference, dynamics->free_steps, 0.0, &account->inference,
            account->inference_cycles);
    account->inference_images = measured->inference.images;
    measure_ledger(account, chip, &measured->inference, account->inference_images,
                   (uint64_t)dynamics->free_steps, 0, &account->inference_at);
    measure_steps(chip, &measured->inference, account->inference_commands);
  }
  if (measured->training.images > 0) {
    measure(account, chip, &measured->training, (double)free_steps, (double)nudged_steps,
            &account->training, account->training_cycles);
    account->training_images = measured->training.images;
    measure_ledger(account, chip, &measured->training, account->training_images, free_steps,
                   nudged_steps, &account->training_at);
    measure_steps(chip, &measured->training, account->training_commands);
    if (measured->training.pulsing.updates > 0) {
      measure_update(&measured->training.pulsing, account);
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

void epx_account_batch_ledger(const epx_account_t *account, const epx_chip_t *chip,
                              const epx_activity_t *activity, int images, epx_ledger_t *ledger) {
  *ledger = account->training_at;
  measure_ledger(account, chip, activity, (uint64_t)images,
                 account->kind_count[EPX_COMMAND_FREE_STEP],
                 account->kind_count[EPX_COMMAND_NUDGED_STEP], ledger);
  for (int owner = 0; owner < EPX_MAX_TILE_LAYERS; ++owner) {
    ledger->at[owner][EPX_COMMAND_UPDATE].cell_writes += activity->pulsing.pulses[owner];
  }
}
