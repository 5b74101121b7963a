/* SPDX-License-Identifier: Apache-2.0 */
/* Constant step: f = 1. */
#include "epx_pulse_step.h"

static epx_status_t check(const epx_pulse_device_t *device, epx_error_t *error) {
  (void)device;
  (void)error;
  return EPX_OK;
}

static void spread(epx_pulse_cells_t *cells, uint64_t key) {
  (void)cells;
  (void)key;
}

EPX_PULSE_INLINE double shape(double w, double p0, double p1, double p2) {
  (void)w;
  (void)p0;
  (void)p1;
  (void)p2;
  return 1.0;
}

EPX_PULSE_INLINE void load(const epx_pulse_cells_t *cells, epx_pulse_walk_t *walk) {
  (void)cells;
  for (int k = 0; k < walk->count; ++k) {
    walk->p0[k] = walk->p1[k] = walk->p2[k] = 0.0;
  }
}

EPX_CLONES static void apply(const epx_pulse_cells_t *cells, uint64_t event_key, size_t first,
                             int count, const int16_t *pulses, double *value) {
  epx_pulse_walk(cells, event_key, first, count, pulses, value, load, shape);
}

const epx_pulse_model_t epx_pulse_constant = {"constant", true, check, spread, apply};
