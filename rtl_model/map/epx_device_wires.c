/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_device_wires.h"

bool epx_device_wires_resist(const epx_device_wires_t *wires) {
  return wires->wordline_ohm != 0.0 || wires->bitline_ohm != 0.0 || wires->driver_ohm != 0.0 ||
         wires->sense_ohm != 0.0;
}

epx_status_t epx_wires_check_ohm(const char *name, double ohm, epx_error_t *error) {
  if (ohm == 0.0 || (ohm >= EPX_WIRES_MIN_OHM && ohm <= EPX_WIRES_MAX_OHM)) {
    return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_ARGUMENT, "wires: %s is %g ohm; expected 0, or %g to %g", name,
                  ohm, EPX_WIRES_MIN_OHM, EPX_WIRES_MAX_OHM);
}

epx_status_t epx_device_wires_check(const epx_device_wires_t *wires, epx_error_t *error) {
  if (!epx_device_wires_resist(wires)) {
    return EPX_OK;
  }
  const double least = 1.0 / EPX_WIRES_MAX_SIEMENS;
  if (!(wires->on_ohm >= least && wires->on_ohm <= EPX_WIRES_MAX_OHM)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "wires.on_ohm: found %g; expected %g to %g",
                    wires->on_ohm, least, EPX_WIRES_MAX_OHM);
  }
  epx_status_t status = epx_wires_check_ohm("wordline_ohm", wires->wordline_ohm, error);
  status =
      status == EPX_OK ? epx_wires_check_ohm("bitline_ohm", wires->bitline_ohm, error) : status;
  status = status == EPX_OK ? epx_wires_check_ohm("driver_ohm", wires->driver_ohm, error) : status;
  return status == EPX_OK ? epx_wires_check_ohm("sense_ohm", wires->sense_ohm, error) : status;
}
