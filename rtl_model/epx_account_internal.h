/* SPDX-License-Identifier: Apache-2.0 */
/* What the account's two files share. Not for callers. */
#ifndef EPX_ACCOUNT_INTERNAL_H
#define EPX_ACCOUNT_INTERNAL_H

#include "epx_account.h"
#include "epx_plan.h"
#include "epx_traffic.h"

/* What one command takes. */
typedef struct work_t {
  epx_events_t events;
  double cycles[EPX_PART_COUNT], kind_cycles[EPX_COMMAND_KINDS];
  uint64_t kind_count[EPX_COMMAND_KINDS];
  double busiest_link; /* cycles that it is at work, of a single command */
} work_t;

typedef struct account_t {
  plan_t *plan;
  const epx_pace_t *pace;       /* by command, measured; NULL: everything is driven */
  const epx_pulsing_t *pulsing; /* NULL: a synapse takes a cycle */
  traffic_t traffic;            /* of the command at work */
  epx_events_t events;          /* likewise */
} account_t;

/* epx_account_measured.c: makes *account that of the mean image and update measured, but for cycles
 * of drives and of updates. */
void account_measure(const epx_chip_t *chip, const epx_dynamics_t *dynamics,
                     const epx_measured_t *measured, epx_account_t *account);

/* Cycles of a command on the critical path, by part; a->traffic holds its packets, and is used up.
 */
void account_time(account_t *a, epx_command_kind_t kind, bool readout,
                  double cycles[EPX_PART_COUNT]);

#endif
