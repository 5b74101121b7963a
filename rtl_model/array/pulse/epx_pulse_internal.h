/* SPDX-License-Identifier: Apache-2.0 */
/* A pulse model: its row in the table of epx_pulse.c, and what it is given. */
#ifndef EPX_PULSE_INTERNAL_H
#define EPX_PULSE_INTERNAL_H

#include "epx_pulse.h"

/* Columns of a cell's parameters. The first two are every model's; step models share the next two.
 */
enum {
  EPX_PULSE_W_MIN,
  EPX_PULSE_W_MAX,
  EPX_PULSE_UP,
  EPX_PULSE_DOWN,
  EPX_PULSE_FIFTH,
  EPX_PULSE_SIXTH,
  EPX_PULSE_COLUMNS
};

struct epx_pulse_cells_t {
  epx_pulse_device_t device;
  const struct epx_pulse_model_t *model;
  size_t count;
  uint64_t cycle_key;                /* array key of events */
  double *column[EPX_PULSE_COLUMNS]; /* count values each */
};

typedef struct epx_pulse_model_t {
  const char *name;
  bool steps; /* a step model: uses dw and its spreads */
  /* The model's own parameters; the common ones have been checked. */
  epx_status_t (*check)(const epx_pulse_device_t *device, epx_error_t *error);
  /* Fills the columns from EPX_PULSE_UP (not a step model) or EPX_PULSE_FIFTH on; `key` draws:
   * numbers 8 * cell + 4 to 8 * cell + 7 are the model's. */
  void (*spread)(epx_pulse_cells_t *cells, uint64_t key);
  /* As epx_pulse_apply, for at most EPX_PULSE_BLOCK cells. */
  void (*apply)(const epx_pulse_cells_t *cells, uint64_t event_key, size_t first, int count,
                const int16_t *pulses, double *value);
} epx_pulse_model_t;

enum { EPX_PULSE_BLOCK = 256 };

extern const epx_pulse_model_t epx_pulse_constant, epx_pulse_linear, epx_pulse_soft_bounds,
    epx_pulse_exp_step, epx_pulse_exponential;

/* A key of the device within [low, high]. */
EPX_CHECKED epx_status_t epx_pulse_check_real(const char *key, double value, double low,
                                              double high, epx_error_t *error);

#endif
