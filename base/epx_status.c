/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_status.h"

#include <stdarg.h>
#include <stdio.h>

const char *epx_status_string(epx_status_t status) {
  switch (status) {
    case EPX_OK:
      return "ok";
    case EPX_ERR_ARGUMENT:
      return "invalid argument";
    case EPX_ERR_CONFIG:
      return "configuration error";
    case EPX_ERR_UNSUPPORTED:
      return "not supported";
    case EPX_ERR_IO:
      return "input/output error";
    case EPX_ERR_FORMAT:
      return "malformed file";
    case EPX_ERR_NOT_FOUND:
      return "not found";
    case EPX_ERR_MEMORY:
      return "out of memory";
    case EPX_ERR_INTERRUPTED:
      return "interrupted";
    case EPX_ERR_MISMATCH:
      return "models disagree";
    case EPX_ERR_NO_CONVERGENCE:
      return "no convergence";
    case EPX_ERR_DIVERGED:
      return "diverged";
  }
  return "unknown status";
}

int epx_status_exit_code(epx_status_t status) {
  switch (status) {
    case EPX_OK:
      return 0;
    case EPX_ERR_ARGUMENT:
    case EPX_ERR_CONFIG:
    case EPX_ERR_UNSUPPORTED:
    case EPX_ERR_FORMAT:
    case EPX_ERR_NOT_FOUND:
      return 2;
    case EPX_ERR_IO:
    case EPX_ERR_MEMORY:
    case EPX_ERR_INTERRUPTED:
    case EPX_ERR_MISMATCH:
    case EPX_ERR_NO_CONVERGENCE:
    case EPX_ERR_DIVERGED:
      return 1;
  }
  return 1;
}

epx_status_t epx_fail(epx_error_t *error, epx_status_t status, const char *format, ...) {
  if (error != NULL) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return status;
}
