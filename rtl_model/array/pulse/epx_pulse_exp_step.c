/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential step: f_d = max(0, 1 - A_d e^(d gamma_d (2 a w / (w_max - w_min) + b))). */
#include "epx_pulse_step.h"

static epx_status_t check(const epx_pulse_device_t *device, epx_error_t *error) {
  const struct {
    const char *key;
    double value, limit;
  } reals[] = {{"gamma_up", device->gamma_up, 20.0},
               {"gamma_down", device->gamma_down, 20.0},
               {"a", device->a, 5.0},
               {"b", device->b, 5.0},
               {"A_up", device->A_up, 1e6},
               {"A_down", device->A_down, 1e6}};
  epx_status_t status = EPX_OK;
  for (size_t i = 0; status == EPX_OK && i < sizeof reals / sizeof *reals; ++i) {
    status =
        epx_pulse_check_real(reals[i].key, reals[i].value, -reals[i].limit, reals[i].limit, error);
  }
  return status;
}

/* 2 a / (w_max - w_min), with the cell's own bounds. */
static void spread(epx_pulse_cells_t *cells, uint64_t key) {
  (void)key;
  for (size_t cell = 0; cell < cells->count; ++cell) {
    const double range =
        cells->column[EPX_PULSE_W_MAX][cell] - cells->column[EPX_PULSE_W_MIN][cell];
    cells->column[EPX_PULSE_FIFTH][cell] = range > 0.0 ? 2.0 * cells->device.a / range : 0.0;
  }
}

EPX_PULSE_INLINE double shape(double w, double p0, double p1, double p2) {
  const double f = 1.0 - p2 * epx_math_exp(p0 * w + p1);
  return f < 0.0 ? 0.0 : f;
}

EPX_PULSE_INLINE void load(const epx_pulse_cells_t *cells, epx_pulse_walk_t *walk) {
  const epx_pulse_device_t *d = &cells->device;
  for (int k = 0; k < walk->count; ++k) {
    const bool up = walk->step[k] > 0.0;
    const double gamma = up ? d->gamma_up : -d->gamma_down;
    walk->p0[k] = gamma * cells->column[EPX_PULSE_FIFTH][walk->cell[k]];
    walk->p1[k] = gamma * d->b;
    walk->p2[k] = up ? d->A_up : d->A_down;
  }
}

EPX_CLONES static void apply(const epx_pulse_cells_t *cells, uint64_t event_key, size_t first,
                             int count, const int16_t *pulses, double *value) {
  epx_pulse_walk(cells, event_key, first, count, pulses, value, load, shape);
}

const epx_pulse_model_t epx_pulse_exp_step = {"exp_step", true, check, spread, apply};
