/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_program.h"

#include <stddef.h>

#include "epx_walk.h"

static epx_command_t *add(epx_program_t *program, epx_command_kind_t kind, const epx_act_t *act) {
  epx_command_t *command = &program->command[program->count++];
  *command = (epx_command_t){.kind = kind, .times = 1, .phase = act->phase};
  return command;
}

static void add_steps(epx_program_t *program, const epx_act_t *act) {
  const bool nudged = act->beta != 0.0;
  epx_command_t *steps =
      add(program, nudged ? EPX_COMMAND_NUDGED_STEP : EPX_COMMAND_FREE_STEP, act);
  steps->times = act->steps;
  steps->beta = act->beta;
}

static epx_status_t take(void *context, const epx_act_t *act, epx_error_t *error) {
  epx_program_t *program = context;
  (void)error;
  switch (act->kind) {
    case EPX_ACT_PRESENT:
      add(program, EPX_COMMAND_LOAD, act);
      break;
    case EPX_ACT_RELAX:
      add_steps(program, act);
      break;
    case EPX_ACT_PREDICT:
      add(program, EPX_COMMAND_PREDICT, act);
      program->inference = program->count;
      break;
    case EPX_ACT_KEEP_FREE:
      add(program, EPX_COMMAND_STORE, act);
      break;
    case EPX_ACT_RECALL:
      add(program, EPX_COMMAND_RECALL, act);
      break;
    case EPX_ACT_ACCUMULATE:
      add(program, EPX_COMMAND_STORE, act)->switches = true;
      add(program, EPX_COMMAND_CORRELATE, act)->terms = act->terms;
      break;
    case EPX_ACT_UPDATE: /* of the mini-batch, not of an image */
      break;
  }
  return EPX_OK;
}

epx_program_t epx_program_of(const epx_dynamics_t *dynamics, const epx_estimator_t *estimator,
                             int sign) {
  epx_program_t program = {.count = 0};
  const epx_walk_t walk = {dynamics, estimator, sign, take, &program};
  epx_status_t status = epx_walk_free(&walk, NULL); /* takes every act: neither can fail */
  status = status == EPX_OK ? epx_walk_nudged(&walk, NULL) : status;
  (void)status;
  return program;
}

uint64_t epx_program_count(const epx_program_t *program, epx_command_kind_t kind) {
  uint64_t count = 0;
  for (int i = 0; i < program->count; ++i) {
    count += program->command[i].kind == kind ? (uint64_t)program->command[i].times : 0;
  }
  return count;
}
