/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_device.h"

#include <stddef.h>

const char *epx_device_effect(const epx_device_t *device) {
  const epx_program_error_t *program = &device->program_error;
  if (program->device != 0.0 || program->cycle != 0.0) {
    return "chip.array.program_error";
  }
  if (device->drift.nu != 0.0) {
    return "chip.array.drift";
  }
  if (device->retention.tau != 0.0) {
    return "chip.array.retention";
  }
  if (device->faults.stuck_min != 0.0 || device->faults.stuck_max != 0.0) {
    return "chip.array.faults";
  }
  if (epx_device_wires_resist(&device->wires)) {
    return "chip.array.wires";
  }
  if (device->read_noise.sigma != 0.0) {
    return "chip.array.read_noise";
  }
  return NULL;
}

bool epx_device_ideal(const epx_device_t *device) {
  return epx_device_effect(device) == NULL;
}

epx_retention_t epx_device_retention(const epx_device_t *device) {
  epx_retention_t retention = device->retention;
  retention.rest = device->g_min + (1.0 - device->g_min) * retention.rest;
  return retention;
}

/* The message of an effect's own check, with its key in full. */
static epx_status_t in_full(epx_status_t status, const epx_error_t *why, epx_error_t *error) {
  return status == EPX_OK ? EPX_OK : epx_fail(error, status, "chip.array.%s", why->message);
}

epx_status_t epx_device_check(const epx_device_t *device, epx_error_t *error) {
  const double lowest = 0.0, highest = 0.5;
  if (!(device->g_min >= lowest && device->g_min <= highest)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "chip.array.g_min: found %g; expected 0 to 0.5",
                    device->g_min);
  }
  if (!(device->age >= lowest && device->age <= 1e12)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "chip.array.age: found %g; expected 0 to 1e12 seconds",
                    device->age);
  }
  const epx_cell_range_t range = {device->g_min, 1.0};
  const epx_retention_t retention = epx_device_retention(device);
  epx_error_t why = {.message = ""};
  epx_status_t status = epx_program_error_check(&device->program_error, range, &why);
  if (status == EPX_OK && device->drift.nu != 0.0) {
    status = epx_drift_check(&device->drift, &why);
  }
  if (status == EPX_OK && device->retention.tau != 0.0) {
    status = epx_retention_check(&retention, range, &why);
  }
  status = status == EPX_OK ? epx_faults_check(&device->faults, &why) : status;
  status = status == EPX_OK ? epx_device_wires_check(&device->wires, &why) : status;
  status = status == EPX_OK ? epx_read_noise_check(&device->read_noise, range, &why) : status;
  if (status == EPX_OK && device->read_noise.sigma > 1.0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.array.read_noise.sigma: found %g; expected 0 to 1",
                    device->read_noise.sigma);
  }
  return in_full(status, &why, error);
}
