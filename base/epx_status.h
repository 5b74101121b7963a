/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and the caller-owned error message.
 *
 * A fallible function returns epx_status_t, takes `epx_error_t *error` (NULL allowed) and leaves
 * its out-parameters untouched on failure. Values are grouped and pinned: they never change
 * meaning. */
#ifndef EPX_STATUS_H
#define EPX_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#define EPX_CHECKED __attribute__((warn_unused_result))

typedef enum epx_status_t {
  EPX_OK = 0,
  /* 1xx: what the user asked for */
  EPX_ERR_ARGUMENT = 100,    /* a value out of its range */
  EPX_ERR_CONFIG = 101,      /* a configuration file: syntax, unknown key, type, range */
  EPX_ERR_UNSUPPORTED = 102, /* a legal request that this version does not model */
  /* 2xx: files and data */
  EPX_ERR_IO = 200,        /* open, read, write, rename failed */
  EPX_ERR_FORMAT = 201,    /* a file is truncated, corrupt or mislabelled */
  EPX_ERR_NOT_FOUND = 202, /* a file, key or array is missing */
  /* 3xx: resources */
  EPX_ERR_MEMORY = 300,
  EPX_ERR_INTERRUPTED = 301, /* the user asked to stop */
  /* 4xx: a check failed */
  EPX_ERR_MISMATCH = 400,       /* two models that must agree do not */
  EPX_ERR_NO_CONVERGENCE = 401, /* an iteration did not reach its tolerance */
  EPX_ERR_DIVERGED = 402        /* a number that training depends on is no longer finite */
} epx_status_t;

enum { EPX_ERROR_MESSAGE_SIZE = 1024 };

/* A message for people. Initialise with {0}; holds the newest failure, whole sentences, no newline.
 */
typedef struct epx_error_t {
  char message[EPX_ERROR_MESSAGE_SIZE];
} epx_error_t;

/* Short English name of a status ("configuration error"); never NULL. */
const char *epx_status_string(epx_status_t status);

/* Exit code of the command line for a status: 0 ok, 2 usage, configuration or data, 1 all else. */
int epx_status_exit_code(epx_status_t status);

/* Writes the formatted message into *error (if not NULL) and returns status. */
epx_status_t epx_fail(epx_error_t *error, epx_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
