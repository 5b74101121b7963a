/* SPDX-License-Identifier: Apache-2.0 */
/* Conductance updates by programming pulses.
 *
 * The value w of a cell is a weight in the device's own unit, between bounds of the cell. n pulses
 * of polarity d = +1 (up, potentiation) or -1 (down, depression) change it by the device's model:
 *
 * Step models repeat n times, with a fresh xi for each pulse (sigma = c2c):
 *
 *   w <- limit(w + d s_d (f_d(w) + sigma xi f_d(w)))
 *   w <- limit(w + d s_d (f_d(w) + sigma xi))               with c2c_additive
 *
 *   constant      f = 1
 *   linear        f_up = 1 - gamma_up w / w_max, f_down = 1 - gamma_down w / w_min: mean bounds
 *   soft_bounds   f_up = 1 - w / w_max, f_down = 1 - w / w_min: bounds of the cell
 *   exp_step      f_d = max(0, 1 - A_d e^(d gamma_d z)), z = 2 a w / (w_max - w_min) + b
 *
 * The curve model moves once for all n pulses, with one xi:
 *
 *   exponential   w = w_min + B_d (1 - e^(-P/A_d)), P -> P + d n; then
 *                 w <- limit(w + sigma sqrt(n) (w_max - w_min) xi)
 *
 * with B_d = (w_max - w_min) / (1 - e^(-levels/A_d)) and A_d from a label (epx_nonlinearity.h). A
 * label of 0 is a straight line. `limit` takes w into the cell's bounds. What differs from device
 * to device is drawn once for each cell:
 *
 *   s_up = |dw (1 + dw_d2d xi1 + up_down_d2d xi2 + min(up_down, 0))|
 *   s_down = |dw (1 + dw_d2d xi1 - up_down_d2d xi2 - max(up_down, 0))|
 *   w_max = |w_max (1 + w_max_d2d xi3)|,  w_min = -|w_min (1 + w_min_d2d xi4)|    (step models)
 *   gamma_d = |gamma_d + gamma_d2d xi|  (linear);  label_d + nl_d2d xi  (exponential, one xi)
 *
 * Sources: step models and presets, IBM's aihwkit (rpucuda, MIT; simulator/presets/devices.py,
 * Apache-2.0; docs); exponential, NeuroSim (Cell.cpp and formula.cpp of MLP_NeuroSim_V3.0). Facts
 * and equations only, no code.
 *
 * Random numbers are functions of (seed, tile, draw number, cell, pulse); see epx_array_random.h.
 * The same cells with the same draw number give the same bits, one by one or all at once. */
#ifndef EPX_PULSE_H
#define EPX_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_PULSE_MAX = 4095,         /* pulses of a cell in an update */
  EPX_PULSE_MAX_CELLS = 1 << 24 /* of one array */
};

/* Plain data. A model reads its own fields only. */
typedef struct epx_pulse_device_t {
  const char *name;  /* of a preset, or any text */
  const char *model; /* constant, linear, soft_bounds, exp_step, exponential */
  double w_min, w_max;
  double w_min_d2d, w_max_d2d; /* relative; step models */
  double dw;                   /* step at w = 0 of a mean device; step models */
  double dw_d2d;               /* relative */
  double up_down, up_down_d2d; /* asymmetry of the steps, relative */
  double c2c; /* sigma: of a pulse relative to its step; exponential: sqrt(n) sigma, to the range */
  bool c2c_additive;
  double gamma_up, gamma_down, gamma_d2d; /* linear; exp_step takes no spread */
  double a, b, A_up, A_down;              /* exp_step */
  double nl_up, nl_down, nl_d2d;          /* exponential: labels, |NL| 0 or 0.01 to 9 */
  int levels;                             /* exponential: Pmax */
  /* What a pulse costs and a read needs; 0 where the source does not say. */
  double on_ohm, on_off_ratio, write_volts, write_ns, read_volts, read_ns;
  const char *source;
} epx_pulse_device_t;

/* ---- presets and models, by name ---- */

/* The preset of that name; EPX_ERR_NOT_FOUND lists the names. */
EPX_CHECKED epx_status_t epx_pulse_preset(const char *name, epx_pulse_device_t *device,
                                          epx_error_t *error);
/* Names of presets and of models; NULL from the index of the first that is not there. */
const char *epx_pulse_preset_name(int index);
const char *epx_pulse_model_name(int index);

/* "device.dw: found -1; expected ..." */
EPX_CHECKED epx_status_t epx_pulse_device_check(const epx_pulse_device_t *device,
                                                epx_error_t *error);

/* The change that one pulse makes, for reckoning pulses (epx_pulsed_rate): dw, or
 * (w_max - w_min) / levels. */
double epx_pulse_device_step(const epx_pulse_device_t *device);

/* ---- cells: one per cell of an array, with its own spread ---- */

typedef struct epx_pulse_cells_t epx_pulse_cells_t;

EPX_CHECKED epx_status_t epx_pulse_cells_create(const epx_pulse_device_t *device, size_t count,
                                                uint64_t seed, uint64_t tile,
                                                epx_pulse_cells_t **cells, epx_error_t *error);
void epx_pulse_cells_destroy(epx_pulse_cells_t *cells);

/* A cell's bounds. */
void epx_pulse_bounds(const epx_pulse_cells_t *cells, size_t cell, double *w_min, double *w_max);

/* Limits the values of cells [first, first + count) to their bounds: what programming from outside
 * must do first. */
void epx_pulse_limit(const epx_pulse_cells_t *cells, size_t first, size_t count, double *value);

/* pulses[i], of either sign and at most EPX_PULSE_MAX, on cell first + i, whose value is value[i]
 * within its bounds. 0 leaves a value alone. */
void epx_pulse_apply(const epx_pulse_cells_t *cells, uint64_t draw, size_t first, size_t count,
                     const int16_t *pulses, double *value);

#ifdef __cplusplus
}
#endif
#endif
