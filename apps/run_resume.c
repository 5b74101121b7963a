/* SPDX-License-Identifier: Apache-2.0 */
#include "run_resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_config.h"
#include "epx_record_file.h"
#include "epx_run_history.h"

void run_fix_schedule(epx_experiment_t *experiment) {
  epx_training_t *training = &experiment->training;
  if (training->schedule_epochs == 0) {
    training->schedule_epochs = training->epochs;
  }
}

/* The settings of before and of now; the caller clears both. */
static epx_status_t read_both(const char *folder, const epx_experiment_t *experiment,
                              epx_settings_t *was, epx_settings_t *now, epx_error_t *error) {
  const epx_status_t status = epx_run_settings_read(folder, was, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_config_each(experiment, epx_settings_visit, now);
  return epx_settings_check(now, error);
}

typedef struct refusal_t {
  int count;
  char first[400];
} refusal_t;

static void refuse(void *context, const char *key, const char *was, const char *now) {
  refusal_t *refusal = context;
  if (!epx_config_may_change(key) && refusal->count++ == 0) {
    snprintf(refusal->first, sizeof refusal->first,
             "%s=%.120s would make another run of it, which was made with %.120s", key, now, was);
  }
}

epx_status_t run_check_resume(const char *folder, epx_experiment_t *experiment,
                              epx_error_t *error) {
  epx_settings_t was = {0}, now = {0};
  refusal_t refusal = {0};
  epx_status_t status = read_both(folder, experiment, &was, &now, error);
  if (status == EPX_OK) {
    const char *schedule = epx_settings_get(&was, "training.schedule_epochs");
    const char *epochs = epx_settings_get(&was, "training.epochs");
    if (experiment->training.schedule_epochs == 0 && schedule != NULL && epochs != NULL &&
        strcmp(schedule, "0") == 0) {
      experiment->training.schedule_epochs = (int)strtol(epochs, NULL, 10);
    }
    run_fix_schedule(experiment);
    epx_settings_changes(&was, &now, refuse, &refusal);
  }
  epx_settings_clear(&was);
  epx_settings_clear(&now);
  if (refusal.count == 0) {
    return status;
  }
  char others[48] = "";
  if (refusal.count > 1) {
    snprintf(others, sizeof others, " (and %d other settings)", refusal.count - 1);
  }
  return epx_fail(error, EPX_ERR_ARGUMENT,
                  "--resume %.300s: %s%s. Take it back in config.yaml, or start a new run with "
                  "--out; docs/configuration.md lists what may change.",
                  folder, refusal.first, others);
}

static void say(void *context, const char *key, const char *was, const char *now) {
  int *count = context;
  if ((*count)++ == 0) {
    fprintf(stderr, "with other settings, which its history in manifest.json keeps:\n");
  }
  fprintf(stderr, "  %s: %s, was %s\n", key, now, was);
}

epx_status_t run_say_resume(const char *folder, const epx_experiment_t *experiment,
                            const epx_trainer_state_t *state, epx_error_t *error) {
  const epx_training_t *training = &experiment->training;
  epx_settings_t was = {0}, now = {0};
  int changes = 0;
  const epx_status_t status = read_both(folder, experiment, &was, &now, error);
  if (status == EPX_OK) {
    if (state->epoch < training->epochs) {
      fprintf(stderr, "%s goes on after epoch %d", folder, state->epoch);
      if (state->next_image > 0) {
        fprintf(stderr, " and %d images", state->next_image);
      }
      fputs("\n", stderr);
    }
    epx_settings_changes(&was, &now, say, &changes);
  }
  if (status == EPX_OK && state->epoch < training->epochs &&
      training->epochs > training->schedule_epochs) {
    const int first =
        state->epoch > training->schedule_epochs ? state->epoch : training->schedule_epochs;
    fprintf(stderr,
            "epochs %d to %d train at training.final_learning_rate %g, for the schedule is of "
            "training.schedule_epochs %d; --set training.schedule_epochs=%d stretches it\n",
            first + 1, training->epochs, training->final_learning_rate, training->schedule_epochs,
            training->epochs);
  } else if (status == EPX_OK && changes > 0 && state->epoch < training->epochs) {
    fprintf(stderr, "learning rate of epoch %d: %g\n", state->epoch + 1,
            epx_trainer_learning_rate(training, 0, state->epoch));
  }
  epx_settings_clear(&was);
  epx_settings_clear(&now);
  return status;
}

static void say_edit(void *context, const char *key, const char *was, const char *now) {
  const char **folder = context;
  if (*folder != NULL) {
    fprintf(stderr, "%s/config.yaml was edited after the training that its manifest records:\n",
            *folder);
    *folder = NULL;
  }
  fprintf(stderr, "  %s: %s, was %s\n", key, now, was);
}

void run_say_edits(const char *folder) {
  char path[EPX_PATH_SIZE];
  epx_experiment_t experiment;
  epx_settings_t was = {0}, now = {0};
  if (epx_path_join(folder, "config.yaml", path, NULL) == EPX_OK &&
      epx_config_load_network(path, NULL, 0, &experiment, NULL) == EPX_OK &&
      read_both(folder, &experiment, &was, &now, NULL) == EPX_OK) {
    epx_settings_changes(&was, &now, say_edit, &folder);
  }
  epx_settings_clear(&was);
  epx_settings_clear(&now);
}
