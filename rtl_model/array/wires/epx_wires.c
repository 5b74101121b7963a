/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_wires.h"

#include "epx_wires_internal.h"

static epx_status_t check_lines(const char *name, int lines, epx_error_t *error) {
  if (lines >= 1 && lines <= EPX_WIRES_MAX_LINES) {
    return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_ARGUMENT, "wires: %s is %d; expected 1 to %d", name, lines,
                  EPX_WIRES_MAX_LINES);
}

epx_status_t epx_wires_check(const epx_wires_t *wires, epx_error_t *error) {
  epx_status_t status = check_lines("rows", wires->rows, error);
  status = status == EPX_OK ? check_lines("columns", wires->columns, error) : status;
  status =
      status == EPX_OK ? epx_wires_check_ohm("wordline_ohm", wires->wordline_ohm, error) : status;
  status =
      status == EPX_OK ? epx_wires_check_ohm("bitline_ohm", wires->bitline_ohm, error) : status;
  status = status == EPX_OK ? epx_wires_check_ohm("driver_ohm", wires->driver_ohm, error) : status;
  status = status == EPX_OK ? epx_wires_check_ohm("sense_ohm", wires->sense_ohm, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  switch (wires->read) {
    case EPX_WIRES_FORWARD:
    case EPX_WIRES_BACKWARD:
    case EPX_WIRES_BACKWARD_SHARED:
      return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_ARGUMENT,
                  "wires: read is %d; expected a value of epx_wires_read_t", (int)wires->read);
}

epx_status_t epx_wires_check_conductance(const epx_wires_t *wires, const double *conductance,
                                         epx_error_t *error) {
  for (int r = 0; r < wires->rows; ++r) {
    for (int c = 0; c < wires->columns; ++c) {
      const double g = conductance[(size_t)r * wires->columns + c];
      if (!(g >= 0.0 && g <= EPX_WIRES_MAX_SIEMENS)) {
        return epx_fail(error, EPX_ERR_ARGUMENT,
                        "wires: the conductance of cell (row %d, column %d) is %g S; "
                        "expected 0 to %g",
                        r, c, g, EPX_WIRES_MAX_SIEMENS);
      }
    }
  }
  return EPX_OK;
}

epx_status_t epx_wires_check_volts(const epx_wires_t *wires, int vectors, const double *volts,
                                   epx_error_t *error) {
  const int inputs = epx_wires_inputs(wires);
  if (vectors < 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "wires: %d vectors; expected 0 or more", vectors);
  }
  for (int n = 0; n < vectors; ++n) {
    for (int i = 0; i < inputs; ++i) {
      const double v = volts[(size_t)n * inputs + i];
      if (!(v >= -EPX_WIRES_MAX_VOLTS && v <= EPX_WIRES_MAX_VOLTS)) {
        return epx_fail(error, EPX_ERR_ARGUMENT,
                        "wires: voltage %d of vector %d is %g V; expected -%g to %g", i, n, v,
                        EPX_WIRES_MAX_VOLTS, EPX_WIRES_MAX_VOLTS);
      }
    }
  }
  return EPX_OK;
}

epx_ladder_t epx_ladder_of(const epx_wires_t *wires) {
  const bool forward = wires->read == EPX_WIRES_FORWARD;
  epx_ladder_t ladder = {
      .inputs = epx_wires_inputs(wires),
      .outputs = epx_wires_outputs(wires),
      .driven_ohm = forward ? wires->wordline_ohm : wires->bitline_ohm,
      .sensed_ohm = forward ? wires->bitline_ohm : wires->wordline_ohm,
      .driver_ohm = wires->driver_ohm,
      .sense_ohm = wires->sense_ohm,
      /* Drivers at the bottom and sensors at the left: seen from the opposite corner, drivers come
       * first and sensors last, as in the other reads. */
      .flipped = wires->read == EPX_WIRES_BACKWARD_SHARED,
  };
  return ladder;
}

void epx_ladder_arrange(const epx_wires_t *wires, const double *conductance, double *out) {
  const epx_ladder_t ladder = epx_ladder_of(wires);
  for (int i = 0; i < ladder.inputs; ++i) {
    for (int j = 0; j < ladder.outputs; ++j) {
      const size_t input = epx_ladder_input(&ladder, i), output = epx_ladder_output(&ladder, j);
      const size_t row = wires->read == EPX_WIRES_FORWARD ? input : output;
      const size_t column = wires->read == EPX_WIRES_FORWARD ? output : input;
      out[(size_t)i * ladder.outputs + j] = conductance[row * (size_t)wires->columns + column];
    }
  }
}
