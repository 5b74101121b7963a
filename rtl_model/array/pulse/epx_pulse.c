/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_pulse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array_random.h"
#include "epx_pulse_internal.h"

/* A new model is one file and one row here. */
static const epx_pulse_model_t *const models[] = {&epx_pulse_constant, &epx_pulse_linear,
                                                  &epx_pulse_soft_bounds, &epx_pulse_exp_step,
                                                  &epx_pulse_exponential};
enum { MODELS = sizeof models / sizeof *models };

const char *epx_pulse_model_name(int index) {
  return index >= 0 && index < MODELS ? models[index]->name : NULL;
}

static const epx_pulse_model_t *find_model(const char *name) {
  for (int i = 0; i < MODELS; ++i) {
    if (name != NULL && strcmp(models[i]->name, name) == 0) {
      return models[i];
    }
  }
  return NULL;
}

epx_status_t epx_pulse_check_real(const char *key, double value, double low, double high,
                                  epx_error_t *error) {
  return value >= low && value <= high ? EPX_OK
                                       : epx_fail(error, EPX_ERR_ARGUMENT,
                                                  "device.%s: found %g; expected a number in "
                                                  "[%g, %g]",
                                                  key, value, low, high);
}

static epx_status_t check_common(const epx_pulse_device_t *d, const epx_pulse_model_t *model,
                                 epx_error_t *error) {
  if (!(d->w_min < d->w_max && fabs(d->w_min) <= 1e6 && fabs(d->w_max) <= 1e6)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "device.w_min, device.w_max: found %g and %g; expected w_min < w_max within "
                    "+-1e6",
                    d->w_min, d->w_max);
  }
  epx_status_t status = epx_pulse_check_real("c2c", d->c2c, 0.0, 100.0, error);
  if (status != EPX_OK || !model->steps) {
    return status;
  }
  const struct {
    const char *key;
    double value, low, high;
  } reals[] = {{"dw", d->dw, 1e-12, d->w_max - d->w_min}, {"dw_d2d", d->dw_d2d, 0.0, 1.0},
               {"up_down", d->up_down, -0.99, 0.99},      {"up_down_d2d", d->up_down_d2d, 0.0, 1.0},
               {"w_min_d2d", d->w_min_d2d, 0.0, 1.0},     {"w_max_d2d", d->w_max_d2d, 0.0, 1.0}};
  for (size_t i = 0; status == EPX_OK && i < sizeof reals / sizeof *reals; ++i) {
    status = epx_pulse_check_real(reals[i].key, reals[i].value, reals[i].low, reals[i].high, error);
  }
  if (status == EPX_OK && (d->w_min_d2d != 0.0 || d->w_max_d2d != 0.0) &&
      !(d->w_min <= 0.0 && d->w_max >= 0.0)) {
    status = epx_fail(error, EPX_ERR_ARGUMENT,
                      "device.w_min, device.w_max: found %g and %g with spread bounds; expected "
                      "w_min <= 0 <= w_max",
                      d->w_min, d->w_max);
  }
  return status;
}

epx_status_t epx_pulse_device_check(const epx_pulse_device_t *device, epx_error_t *error) {
  const epx_pulse_model_t *model = find_model(device->model);
  if (model == NULL) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "device.model: found %.40s; expected constant, linear, soft_bounds, exp_step "
                    "or exponential",
                    device->model != NULL ? device->model : "nothing");
  }
  const epx_status_t status = check_common(device, model, error);
  return status == EPX_OK ? model->check(device, error) : status;
}

double epx_pulse_device_step(const epx_pulse_device_t *device) {
  const epx_pulse_model_t *model = find_model(device->model);
  return model != NULL && model->steps ? device->dw
                                       : (device->w_max - device->w_min) / device->levels;
}

/* Bounds and, for step models, steps. Draws 8 * cell to 8 * cell + 3. */
static void spread_common(epx_pulse_cells_t *cells, uint64_t key) {
  const epx_pulse_device_t *d = &cells->device;
  const double up_bias = d->up_down < 0.0 ? d->up_down : 0.0;
  const double down_bias = d->up_down > 0.0 ? -d->up_down : 0.0;
  for (size_t cell = 0; cell < cells->count; ++cell) {
    double w_min = d->w_min, w_max = d->w_max;
    if (cells->model->steps) {
      const double gain = 1.0 + d->dw_d2d * epx_array_normal(key, 8 * cell);
      const double skew = d->up_down_d2d * epx_array_normal(key, 8 * cell + 1);
      cells->column[EPX_PULSE_UP][cell] = fabs(d->dw * (gain + skew + up_bias));
      cells->column[EPX_PULSE_DOWN][cell] = fabs(d->dw * (gain - skew + down_bias));
      if (d->w_max_d2d != 0.0) {
        w_max = fabs(w_max * (1.0 + d->w_max_d2d * epx_array_normal(key, 8 * cell + 2)));
      }
      if (d->w_min_d2d != 0.0) {
        w_min = -fabs(w_min * (1.0 + d->w_min_d2d * epx_array_normal(key, 8 * cell + 3)));
      }
    }
    cells->column[EPX_PULSE_W_MIN][cell] = w_min;
    cells->column[EPX_PULSE_W_MAX][cell] = w_max;
  }
}

void epx_pulse_cells_destroy(epx_pulse_cells_t *cells) {
  if (cells != NULL) {
    free(cells->column[0]);
    free(cells);
  }
}

epx_status_t epx_pulse_cells_create(const epx_pulse_device_t *device, size_t count, uint64_t seed,
                                    uint64_t tile, epx_pulse_cells_t **out, epx_error_t *error) {
  const epx_status_t status = epx_pulse_device_check(device, error);
  if (status != EPX_OK) {
    return status;
  }
  if (count < 1 || count > EPX_PULSE_MAX_CELLS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "device: found %zu cells; expected 1 to %d", count,
                    EPX_PULSE_MAX_CELLS);
  }
  epx_pulse_cells_t *cells = calloc(1, sizeof *cells);
  double *columns = calloc(count * EPX_PULSE_COLUMNS, sizeof *columns);
  if (cells == NULL || columns == NULL) {
    free(cells);
    free(columns);
    return epx_fail(error, EPX_ERR_MEMORY, "No memory for the devices of %zu cells.", count);
  }
  cells->device = *device;
  cells->model = find_model(device->model);
  cells->count = count;
  cells->cycle_key = epx_array_key(seed, EPX_ARRAY_PULSE_CYCLE, tile);
  for (int i = 0; i < EPX_PULSE_COLUMNS; ++i) {
    cells->column[i] = columns + (size_t)i * count;
  }
  const uint64_t key =
      epx_array_draw_key(epx_array_key(seed, EPX_ARRAY_PULSE_DEVICE, tile), EPX_ARRAY_STATIC);
  spread_common(cells, key);
  cells->model->spread(cells, key);
  *out = cells;
  return EPX_OK;
}

void epx_pulse_bounds(const epx_pulse_cells_t *cells, size_t cell, double *w_min, double *w_max) {
  *w_min = cells->column[EPX_PULSE_W_MIN][cell];
  *w_max = cells->column[EPX_PULSE_W_MAX][cell];
}

void epx_pulse_limit(const epx_pulse_cells_t *cells, size_t first, size_t count, double *value) {
  const double *w_min = cells->column[EPX_PULSE_W_MIN] + first;
  const double *w_max = cells->column[EPX_PULSE_W_MAX] + first;
  for (size_t i = 0; i < count; ++i) {
    const double w = value[i] < w_min[i] ? w_min[i] : value[i];
    value[i] = w > w_max[i] ? w_max[i] : w;
  }
}

void epx_pulse_apply(const epx_pulse_cells_t *cells, uint64_t draw, size_t first, size_t count,
                     const int16_t *pulses, double *value) {
  const uint64_t key = epx_array_draw_key(cells->cycle_key, draw);
  for (size_t done = 0; done < count; done += EPX_PULSE_BLOCK) {
    const size_t size = count - done < EPX_PULSE_BLOCK ? count - done : EPX_PULSE_BLOCK;
    cells->model->apply(cells, key, first + done, (int)size, pulses + done, value + done);
  }
}
