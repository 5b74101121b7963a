/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on a terminal: images/s, loss, error, time left. Silent where stderr is no
 * terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "epx_trainer.h"

typedef struct progress_t {
  bool enabled;
  double phase_start, last_drawn;
  const char *phase;
  int epoch, phase_first; /* images done when the phase (or its resumption) began */
} progress_t;

/* "850 images/s", or "2.5 s/image" where less than one comes in a second; returns text. */
enum { RATE_SIZE = 32 };
const char *rate_text(double images_per_second, char text[RATE_SIZE]);

/* quiet: never draw. */
void progress_start(progress_t *progress, bool quiet);
void progress_draw(progress_t *progress, const epx_progress_t *now);
/* Wipes the bar so that a line can be printed. */
void progress_clear(progress_t *progress);

#endif
