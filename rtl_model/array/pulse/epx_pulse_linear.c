/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that change linearly with the value: f_d = 1 - slope_d w.
 *
 * linear: slope_d = gamma_d / bound_d with the mean device's bounds; soft_bounds: slope_d = 1 /
 * bound_d with the cell's own, so that steps vanish there. */
#include <math.h>

#include "epx_pulse_step.h"

static epx_status_t check_bounds(const epx_pulse_device_t *device, epx_error_t *error) {
  if (!(device->w_min < 0.0 && device->w_max > 0.0)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "device.w_min, device.w_max: found %g and %g; model %s expects "
                    "w_min < 0 < w_max",
                    device->w_min, device->w_max, device->model);
  }
  return EPX_OK;
}

static epx_status_t check_linear(const epx_pulse_device_t *device, epx_error_t *error) {
  epx_status_t status = epx_pulse_check_real("gamma_up", device->gamma_up, 0.0, 1.0, error);
  status = status == EPX_OK
               ? epx_pulse_check_real("gamma_down", device->gamma_down, 0.0, 1.0, error)
               : status;
  status = status == EPX_OK ? epx_pulse_check_real("gamma_d2d", device->gamma_d2d, 0.0, 1.0, error)
                            : status;
  return status == EPX_OK ? check_bounds(device, error) : status;
}

static void spread_linear(epx_pulse_cells_t *cells, uint64_t key) {
  const epx_pulse_device_t *d = &cells->device;
  for (size_t cell = 0; cell < cells->count; ++cell) {
    const double up = d->gamma_up + d->gamma_d2d * epx_array_normal(key, 8 * cell + 4);
    const double down = d->gamma_down + d->gamma_d2d * epx_array_normal(key, 8 * cell + 5);
    cells->column[EPX_PULSE_FIFTH][cell] = fabs(up) / d->w_max;
    cells->column[EPX_PULSE_SIXTH][cell] = fabs(down) / d->w_min;
  }
}

static void spread_soft_bounds(epx_pulse_cells_t *cells, uint64_t key) {
  (void)key;
  for (size_t cell = 0; cell < cells->count; ++cell) {
    const double w_max = cells->column[EPX_PULSE_W_MAX][cell];
    const double w_min = cells->column[EPX_PULSE_W_MIN][cell];
    cells->column[EPX_PULSE_FIFTH][cell] = 1.0 / w_max;
    cells->column[EPX_PULSE_SIXTH][cell] = 1.0 / w_min;
  }
}

EPX_PULSE_INLINE double shape(double w, double p0, double p1, double p2) {
  (void)p1;
  (void)p2;
  return 1.0 - p0 * w;
}

EPX_PULSE_INLINE void load(const epx_pulse_cells_t *cells, epx_pulse_walk_t *walk) {
  for (int k = 0; k < walk->count; ++k) {
    const int column = walk->step[k] > 0.0 ? EPX_PULSE_FIFTH : EPX_PULSE_SIXTH;
    walk->p0[k] = cells->column[column][walk->cell[k]];
    walk->p1[k] = walk->p2[k] = 0.0;
  }
}

EPX_CLONES static void apply(const epx_pulse_cells_t *cells, uint64_t event_key, size_t first,
                             int count, const int16_t *pulses, double *value) {
  epx_pulse_walk(cells, event_key, first, count, pulses, value, load, shape);
}

const epx_pulse_model_t epx_pulse_linear = {"linear", true, check_linear, spread_linear, apply};
const epx_pulse_model_t epx_pulse_soft_bounds = {"soft_bounds", true, check_bounds,
                                                 spread_soft_bounds, apply};
