/* SPDX-License-Identifier: Apache-2.0 */
/* A run that goes on: what may have been changed since it stopped, and how that is said. */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include "epx_experiment.h"
#include "epx_trainer.h"

/* Gives a new run's learning-rate schedule its length once and for all: training.schedule_epochs 0
 * becomes training.epochs. */
void run_fix_schedule(epx_experiment_t *experiment);

/* Compares the experiment with the one that the run in `folder` was last trained with, by its
 * manifest. EPX_ERR_ARGUMENT where another run would come of it; the message names the keys. A
 * schedule that the run had left to training.epochs keeps the length that it had. */
EPX_CHECKED epx_status_t run_check_resume(const char *folder, epx_experiment_t *experiment,
                                          epx_error_t *error);

/* Says on stderr what is changed, where the run stands, and what that makes of the learning rate.
 */
EPX_CHECKED epx_status_t run_say_resume(const char *folder, const epx_experiment_t *experiment,
                                        const epx_trainer_state_t *state, epx_error_t *error);

/* Says on stderr where a run's config.yaml is no longer what it was trained with: a command that
 * measures the run then measures something else. Nothing where the record does not tell. */
void run_say_edits(const char *folder);

#endif
