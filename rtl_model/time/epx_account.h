/* SPDX-License-Identifier: Apache-2.0 */
/* Events and cycles of one image on the whole chip, in closed form from sizes alone.
 *
 * What the SystemC chip does (epx_sc_chip.h), counted: every relaxation step, settled or not; both
 * nudged phases; s* and s^beta stored and recalled; the forward product that gives the switches of
 * a phase's last states; every packet over every link that it passes; the update, shared by the
 * mini-batch. Events equal the SystemC chip's exactly. Cycles are those of the slowest chain of
 * tiles, packets waiting at the busiest link included. They lie within 2 % of SystemC's where
 * epx_account_applies(); where the network decides, they may be far off, mostly too few
 * (docs/account.md). Not modelled: DRAM latency (the next image loads meanwhile), leakage. Networks
 * with average pooling are EPX_ERR_UNSUPPORTED: the pool unit has none. */
#ifndef EPX_ACCOUNT_H
#define EPX_ACCOUNT_H

#include <stdbool.h>

#include "epx_activity.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_ledger.h"
#include "epx_plan.h"
#include "epx_program.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_BARRIER_CYCLES = 7 /* from the last tile's end to the next command, and its issue */ };

/* Where the critical path lies. */
typedef enum epx_part_t {
  EPX_PART_INPUT, /* the image, and layer 0's forward products */
  EPX_PART_FORWARD,
  EPX_PART_BACKWARD,
  EPX_PART_READOUT,      /* prediction, and nudges that the arrays do not hide */
  EPX_PART_NETWORK,      /* packets on their way, neuron units */
  EPX_PART_STORES,       /* s* and s^beta stored and recalled */
  EPX_PART_CORRELATIONS, /* with the forward product that gives their switches */
  EPX_PART_UPDATE,       /* the image's share */
  EPX_PART_BARRIERS,
  EPX_PART_COUNT
} epx_part_t;

const char *epx_part_name(epx_part_t part);

/* About 100 KB: best not on the stack. The ledgers have events by owner and command, exactly, of
 * so many images and updates: of 1 without a measurement, else of those that were measured. */
typedef struct epx_account_t {
  epx_ledger_t inference_at;
  epx_ledger_t training_at; /* all commands; EPX_COMMAND_UPDATE: of `updates` mini-batches */
  uint64_t inference_images, training_images, updates;
  epx_events_t free_step_at[EPX_OWNERS], nudged_step_at[EPX_OWNERS]; /* of one step, by owner */
  epx_events_t free_step, nudged_step; /* of one; chip.stop_settled spares some of them */
  double free_step_cycles, nudged_step_cycles;
  double free_step_parts[EPX_PART_COUNT], nudged_step_parts[EPX_PART_COUNT]; /* the same cycles */
  double network_load; /* of a free step: the part of its cycles that the busiest link is at work */
  int tiles;           /* of all tile layers */
  uint64_t synapses;   /* likewise */
  epx_events_t inference; /* one image: free phase and prediction */
  epx_events_t training;  /* one image: free phase and every phase of the estimator */
  epx_events_t update;    /* one mini-batch */
  double inference_cycles[EPX_PART_COUNT];
  double training_cycles[EPX_PART_COUNT]; /* with the image's share of the update */
  /* How often an image has each command, a mean where steps were measured; of training the update,
   * too, shared by the mini-batch; and the cycles of one. */
  double inference_commands[EPX_COMMAND_KINDS], training_commands[EPX_COMMAND_KINDS];
  double command_cycles[EPX_COMMAND_KINDS];
  double kind_cycles[EPX_COMMAND_KINDS];  /* training one image; the update whole */
  uint64_t kind_count[EPX_COMMAND_KINDS]; /* likewise: commands */
} epx_account_t;

/* The part of a training image's cycles in which arrays and update circuits are at work. */
double epx_account_array_share(const epx_account_t *account);

/* Whether the cycles are within 2 % of the SystemC chip's, as far as random chips have shown:
 * arrays and update circuits at work for 92 % of the time, steps of 5000 cycles or more, router
 * inputs that hold more flits than a router takes cycles, and room for at least three partial sums.
 */
bool epx_account_applies(const epx_account_t *account, const epx_chip_t *chip);

/* batch >= 1: images of a mini-batch. measured: NULL, or what images did on a chip whose account
 * needs it; the account is then that of the mean image and update. Drives of an event-driven chip
 * are added, with their cycles in place of those of driving everything; steps that a chip with
 * stop_settled spares are taken off; pulses are added to the update, with their cycles. Events are
 * rounded to whole ones. Errors: EPX_ERR_ARGUMENT, EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_account_of(const epx_plan_t *plan, const epx_dynamics_t *dynamics,
                                        const epx_estimator_t *estimator, int batch,
                                        const epx_measured_t *measured, epx_account_t *account,
                                        epx_error_t *error);

/* What one mini-batch of `images` does, exactly: from an account without a measurement, and from
 * what the twin measured of these images. Commands of one kind, and events by owner and command. */
uint64_t epx_account_batch_commands(const epx_account_t *account, const epx_chip_t *chip,
                                    const epx_activity_t *activity, int images,
                                    epx_command_kind_t kind);
void epx_account_batch_ledger(const epx_account_t *account, const epx_chip_t *chip,
                              const epx_activity_t *activity, int images, epx_ledger_t *ledger);

#ifdef __cplusplus
}
#endif
#endif
