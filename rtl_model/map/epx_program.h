/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that a chip's phase controller broadcasts for one image: the acts of epx_walk.h, as
 * commands.
 *
 * With symmetric estimates of 3 free and 2 nudged steps they are
 *
 *   load, 3 x free step, predict,                       (an inference ends here)
 *   store, and for each of the two phases: recall, 2 x nudged step, store with switches, correlate
 *
 * After the last image of a mini-batch one update follows. */
#ifndef EPX_PROGRAM_H
#define EPX_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_command_kind.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_command_t {
  epx_command_kind_t kind;
  int times;         /* so often, one after another: steps; else 1 */
  int phase;         /* of the estimator, or EPX_FREE_PHASE */
  double beta;       /* of a step: signed nudging factor */
  bool switches;     /* store: the switches of the phase's last states, too */
  epx_phase_t terms; /* correlate: coefficients */
} epx_command_t;

enum { EPX_MAX_COMMANDS = 4 + 4 * EPX_ESTIMATOR_MAX_PHASES };

typedef struct epx_program_t {
  epx_command_t command[EPX_MAX_COMMANDS];
  int count;
  int inference; /* the first so many are an inference */
} epx_program_t;

/* sign: +1 or -1, of beta, where the estimator draws it. The estimator's updates come once a
 * mini-batch: a continual one is programmed as if they did. */
epx_program_t epx_program_of(const epx_dynamics_t *dynamics, const epx_estimator_t *estimator,
                             int sign);

/* How often the program has a command of this kind, for one image. */
uint64_t epx_program_count(const epx_program_t *program, epx_command_kind_t kind);

#ifdef __cplusplus
}
#endif
#endif
