/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as JUnit XML, which continuous-integration servers read. */
#ifndef JUNIT_H
#define JUNIT_H

#include <stdint.h>

#include "epx_status.h"

typedef struct junit_case_t {
  const char *name;
  int64_t compared, differing;
  const char *message; /* of a failure; "" or NULL: none */
} junit_case_t;

/* One test suite; a case with differing > 0 is a failure. Written whole and atomically. */
EPX_CHECKED epx_status_t junit_write(const char *path, const char *suite, const junit_case_t *cases,
                                     int count, double seconds, epx_error_t *error);

#endif
