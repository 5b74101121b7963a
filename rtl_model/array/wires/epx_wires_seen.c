/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_wires_seen.h"

#include <stdlib.h>
#include <string.h>

#include "epx_wires_exact.h"
#include "epx_wires_fast.h"
#include "epx_wires_kernel.h"

static epx_wires_t model_of(const epx_device_wires_t *wires, int rows, int columns, bool backward) {
  const epx_wires_read_t ends =
      wires->backward == EPX_WIRES_SHARED ? EPX_WIRES_BACKWARD_SHARED : EPX_WIRES_BACKWARD;
  return (epx_wires_t){.rows = rows,
                       .columns = columns,
                       .wordline_ohm = wires->wordline_ohm,
                       .bitline_ohm = wires->bitline_ohm,
                       .driver_ohm = wires->driver_ohm,
                       .sense_ohm = wires->sense_ohm,
                       .read = backward ? ends : EPX_WIRES_FORWARD};
}

/* Vectors between two looks at the stop: whole blocks of the solvers' lanes, so that they solve
 * each vector as they would in one go. */
enum { AT_A_TIME = 4 * EPX_WIRES_LANES };

/* Currents of some vectors, by either solver. */
typedef epx_status_t solve_some_t(void *solver, int vectors, const double *volts, double *amps,
                                  epx_error_t *error);

/* A volt on each driven line in turn. */
static epx_status_t solve_all(void *solver, solve_some_t *solve_some, const epx_wires_t *model,
                              double *seen, const epx_stop_t *stop, epx_error_t *error) {
  const size_t inputs = (size_t)epx_wires_inputs(model), outputs = (size_t)epx_wires_outputs(model);
  double *volts = malloc(AT_A_TIME * inputs * sizeof *volts);
  epx_status_t status = volts != NULL
                            ? EPX_OK
                            : epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's wires");
  for (size_t first = 0; status == EPX_OK && first < inputs; first += AT_A_TIME) {
    const size_t some = inputs - first < AT_A_TIME ? inputs - first : AT_A_TIME;
    memset(volts, 0, some * inputs * sizeof *volts);
    for (size_t i = 0; i < some; ++i) {
      volts[i * inputs + first + i] = 1.0;
    }
    status = epx_stop_status(stop, error);
    status = status == EPX_OK ? solve_some(solver, (int)some, volts, seen + first * outputs, error)
                              : status;
  }
  free(volts);
  return status;
}

static epx_status_t iterate_some(void *solver, int vectors, const double *volts, double *amps,
                                 epx_error_t *error) {
  const epx_wires_limits_t limits = {.tolerance = 1e-9};
  return epx_wires_fast_solve(solver, &limits, vectors, volts, amps, NULL, error);
}

static epx_status_t iterate(const epx_wires_t *model, const double *siemens, double *seen,
                            const epx_stop_t *stop, epx_error_t *error) {
  epx_wires_fast_t *fast = NULL;
  epx_status_t status = epx_wires_fast_create(model, &fast, error);
  status = status == EPX_OK ? epx_wires_fast_program(fast, siemens, error) : status;
  status = status == EPX_OK ? solve_all(fast, iterate_some, model, seen, stop, error) : status;
  epx_wires_fast_destroy(fast);
  return status;
}

static epx_status_t solve_some(void *solver, int vectors, const double *volts, double *amps,
                               epx_error_t *error) {
  return epx_wires_exact_solve(solver, vectors, volts, amps, error);
}

static epx_status_t solve(const epx_wires_t *model, const double *siemens, double *seen,
                          const epx_stop_t *stop, epx_error_t *error) {
  epx_wires_exact_t *exact = NULL;
  epx_status_t status = epx_wires_exact_create(model, &exact, error);
  status = status == EPX_OK ? epx_stop_status(stop, error) : status;
  status = status == EPX_OK ? epx_wires_exact_program(exact, siemens, error) : status;
  status = status == EPX_OK ? solve_all(exact, solve_some, model, seen, stop, error) : status;
  epx_wires_exact_destroy(exact);
  return status;
}

epx_status_t epx_wires_seen(const epx_device_wires_t *wires, int rows, int columns, bool backward,
                            const double *g, double *seen, const epx_stop_t *stop,
                            epx_error_t *error) {
  const size_t cells = (size_t)rows * (size_t)columns;
  const epx_wires_t model = model_of(wires, rows, columns, backward);
  double *siemens = malloc(cells * sizeof *siemens);
  if (siemens == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's wires");
  }
  for (size_t i = 0; i < cells; ++i) {
    siemens[i] = g[i] > 0.0 ? g[i] / wires->on_ohm : 0.0;
  }
  epx_status_t status = wires->solver == EPX_WIRES_DIRECT
                            ? EPX_ERR_NO_CONVERGENCE
                            : iterate(&model, siemens, seen, stop, error);
  if (status == EPX_ERR_NO_CONVERGENCE) {
    status = solve(&model, siemens, seen, stop, error);
  }
  for (size_t i = 0; status == EPX_OK && i < cells; ++i) {
    seen[i] *= wires->on_ohm;
  }
  free(siemens);
  return status;
}
