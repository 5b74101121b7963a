/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys may change when a run goes on. Whatever says what is trained on which images by which
 * machine may not: that would be another experiment under the name of the first. */
#include <string.h>

#include "epx_config.h"

static const char *const keys[] = {
    "training.epochs",
    "training.schedule_epochs",
    "training.batch",
    "training.momentum",
    "training.learning_rate",
    "training.final_learning_rate",
    "estimator.kind",
    "training.weight_decay",
    "estimator.beta",
    "estimator.free_leg",
    "dynamics.free_steps",
    "dynamics.nudged_steps",
    "data.path",
    "data.augment",
    "chip.technology",
    "chip.timing.clock_mhz",
};

const char *const *epx_config_resume_keys(int *count) {
  *count = (int)(sizeof keys / sizeof keys[0]);
  return keys;
}

bool epx_config_may_change(const char *key) {
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i) {
    if (strcmp(keys[i], key) == 0) {
      return true;
    }
  }
  return false;
}
