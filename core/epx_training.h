/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a training run. Plain data. */
#ifndef EPX_TRAINING_H
#define EPX_TRAINING_H

#include <stdint.h>

#include "epx_network.h"

typedef struct epx_training_t {
  int epochs;
  int batch;
  int learning_rate_count;                  /* 1: the same for every parameter layer */
  double learning_rate[EPX_MAX_LAYERS + 1]; /* first epoch, by parameter layer, read-out last */
  double final_learning_rate;               /* cosine annealing ends here */
  int schedule_epochs;                      /* length of the cosine; 0: `epochs`; constant after */
  double momentum;
  double weight_decay;
  double init_scale; /* times uniform(+-1/sqrt(fan_in)) */
  uint64_t seed;
} epx_training_t;

#endif
