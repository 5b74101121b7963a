/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "epx_clock.h"
#include "epx_format.h"

void progress_start(progress_t *progress, bool quiet) {
  memset(progress, 0, sizeof *progress);
  progress->enabled = !quiet && isatty(STDERR_FILENO);
}

const char *rate_text(double images_per_second, char text[RATE_SIZE]) {
  char number[EPX_FORMAT_SIZE];
  if (images_per_second >= 1.0) {
    snprintf(text, RATE_SIZE, images_per_second < 9.95 ? "%.1f images/s" : "%.0f images/s",
             images_per_second);
  } else if (images_per_second > 0.0) {
    snprintf(text, RATE_SIZE, "%s s/image", epx_format_short(1.0 / images_per_second, number));
  } else {
    snprintf(text, RATE_SIZE, "- images/s");
  }
  return text;
}

static void format_time(double seconds, char text[32]) {
  const long whole = (long)(seconds + 0.5);
  if (whole >= 3600) {
    snprintf(text, 32, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
  } else {
    snprintf(text, 32, "%ldm%02lds", whole / 60, whole % 60);
  }
}

void progress_draw(progress_t *progress, const epx_progress_t *now) {
  const double time = epx_clock_seconds();
  if (!progress->enabled) {
    return;
  }
  if (progress->phase == NULL || strcmp(progress->phase, now->phase) != 0 ||
      progress->epoch != now->epoch) {
    progress->phase = now->phase;
    progress->epoch = now->epoch;
    progress->phase_start = time;
    progress->phase_first = now->done;
    return;
  }
  if (time - progress->last_drawn < 0.1 && now->done < now->total) {
    return;
  }
  progress->last_drawn = time;
  const double rate = (now->done - progress->phase_first) / (time - progress->phase_start + 1e-9);
  const int filled = (int)(20.0 * now->done / now->total);
  char left[32], bar[21], speed[RATE_SIZE];
  memset(bar, '.', 20);
  memset(bar, '#', (size_t)filled);
  bar[20] = '\0';
  format_time((now->total - now->done) / (rate + 1e-9) +
                  (strcmp(now->phase, "train") == 0
                       ? (now->epochs - now->epoch) * (now->total / (rate + 1e-9))
                       : 0.0),
              left);
  fprintf(stderr,
          "\r\033[Kepoch %d/%d %-5s [%s] %5.1f %%  %s  loss %.4f  error %.1f %%  "
          "%s left",
          now->epoch, now->epochs, now->phase, bar, 100.0 * now->done / now->total,
          rate_text(rate, speed), now->loss, 100.0 * now->error, left);
  fflush(stderr);
}

void progress_clear(progress_t *progress) {
  if (progress->enabled) {
    fprintf(stderr, "\r\033[K");
  }
}
