/* SPDX-License-Identifier: Apache-2.0 */
/* NeuroSim's exponential curve. With g = w - w_min and E = e^(-d n / A): inverting for P, adding d
 * n and evaluating again is
 *
 *   g' = B (1 - e^(-(P + d n)/A)) = g E + B (1 - E)
 *
 * with no logarithm. A label of 0 (A infinite) is g' = g + d n (w_max - w_min) / levels, kept as
 * 1/A = 0 and that step in B's place. */
#include <math.h>

#include "epx_array_random.h"
#include "epx_clones.h"
#include "epx_nonlinearity.h"
#include "epx_pulse_internal.h"

enum { INVERSE_A_UP = EPX_PULSE_UP, INVERSE_A_DOWN, B_UP, B_DOWN };

static epx_status_t check_label(const char *key, double nl, epx_error_t *error) {
  const double size = fabs(nl);
  if (!(nl == 0.0 || (size >= EPX_NONLINEARITY_MIN && size <= EPX_NONLINEARITY_MAX))) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "device.%s: found %g; expected 0, or a magnitude in [%g, %g]", key, nl,
                    EPX_NONLINEARITY_MIN, EPX_NONLINEARITY_MAX);
  }
  return EPX_OK;
}

static epx_status_t check(const epx_pulse_device_t *device, epx_error_t *error) {
  epx_status_t status = check_label("nl_up", device->nl_up, error);
  status = status == EPX_OK ? check_label("nl_down", device->nl_down, error) : status;
  status =
      status == EPX_OK ? epx_pulse_check_real("nl_d2d", device->nl_d2d, 0.0, 9.0, error) : status;
  return status == EPX_OK ? epx_pulse_check_real("levels", device->levels, 1.0, 65536.0, error)
                          : status;
}

/* 1/A and B of one polarity of a cell. */
static void curve(double nl, int levels, double range, double *inverse_a, double *b) {
  if (fabs(nl) < EPX_NONLINEARITY_MIN) {
    *inverse_a = 0.0;
    *b = range / levels;
    return;
  }
  *inverse_a = 1.0 / (epx_nonlinearity_a(nl) * levels);
  *b = range / (1.0 - epx_math_exp(-levels * *inverse_a));
}

static void spread(epx_pulse_cells_t *cells, uint64_t key) {
  const epx_pulse_device_t *d = &cells->device;
  double *const *column = cells->column;
  for (size_t cell = 0; cell < cells->count; ++cell) {
    if (cell > 0 && d->nl_d2d == 0.0) {
      for (int i = INVERSE_A_UP; i <= B_DOWN; ++i) {
        column[i][cell] = column[i][0];
      }
      continue;
    }
    const double shift = d->nl_d2d * epx_array_normal(key, 8 * cell + 4);
    const double range = column[EPX_PULSE_W_MAX][cell] - column[EPX_PULSE_W_MIN][cell];
    curve(d->nl_up + shift, d->levels, range, &column[INVERSE_A_UP][cell], &column[B_UP][cell]);
    curve(d->nl_down + shift, d->levels, range, &column[INVERSE_A_DOWN][cell],
          &column[B_DOWN][cell]);
  }
}

EPX_CLONES static void apply(const epx_pulse_cells_t *cells, uint64_t event_key, size_t first,
                             int count, const int16_t *restrict pulses, double *restrict value) {
  const double *const *column = (const double *const *)cells->column;
  const double *restrict w_min = column[EPX_PULSE_W_MIN] + first;
  const double *restrict w_max = column[EPX_PULSE_W_MAX] + first;
  const double *restrict a_up = column[INVERSE_A_UP] + first;
  const double *restrict a_down = column[INVERSE_A_DOWN] + first;
  const double *restrict b_up = column[B_UP] + first;
  const double *restrict b_down = column[B_DOWN] + first;
  const double sigma = cells->device.c2c;
  double normal[EPX_PULSE_BLOCK] = {0.0};
  if (sigma != 0.0) {
    epx_array_normals(event_key, first, (size_t)count, normal);
  }
  for (int i = 0; i < count; ++i) {
    const double n = pulses[i], size = n < 0.0 ? -n : n;
    const double inverse_a = n > 0.0 ? a_up[i] : a_down[i], b = n > 0.0 ? b_up[i] : b_down[i];
    const double e = epx_math_exp(-n * inverse_a);
    const double added = inverse_a == 0.0 ? n * b : b * (1.0 - e);
    double w = w_min[i] + ((value[i] - w_min[i]) * e + added) +
               sigma * sqrt(size) * (w_max[i] - w_min[i]) * normal[i];
    w = w < w_min[i] ? w_min[i] : w;
    w = w > w_max[i] ? w_max[i] : w;
    value[i] = n == 0.0 ? value[i] : w;
  }
}

const epx_pulse_model_t epx_pulse_exponential = {"exponential", false, check, spread, apply};
