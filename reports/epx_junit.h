/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as JUnit XML, which continuous-integration servers read. */
#ifndef EPX_JUNIT_H
#define EPX_JUNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_junit_case_t {
  const char *name;
  int64_t compared, differing;
  const char *message; /* of a failure or an error; "" or NULL: none */
  bool broken;         /* an error: it did not come to comparing */
} epx_junit_case_t;

/* One test suite; a case with differing > 0 is a failure. Written whole and atomically. */
EPX_CHECKED epx_status_t epx_junit_write(const char *path, const char *suite,
                                         const epx_junit_case_t *cases, int count, double seconds,
                                         epx_error_t *error);

/* The suite of a run that ended in an error: one case, "run", with its message. */
EPX_CHECKED epx_status_t epx_junit_write_error(const char *path, const char *suite,
                                               const char *message, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
