/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_pulse_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "epx_output.h"

enum { BUFFER_SIZE = 1 << 16, LONGEST_LINE = 256 };

struct epx_pulse_log_t {
  epx_output_t *output;
  int file;  /* of the output */
  off_t end; /* of the last complete line in the file */
  size_t used;
  epx_status_t status; /* of the first failure */
  epx_error_t failure;
  char *path;
  char buffer[BUFFER_SIZE];
};

static epx_status_t again(const epx_pulse_log_t *log, epx_error_t *error) {
  if (log->status != EPX_OK && error != NULL) {
    *error = log->failure;
  }
  return log->status;
}

/* Writes the buffer, or cuts the file back to where it ended before. */
static void flush(epx_pulse_log_t *log) {
  size_t done = 0;
  while (log->status == EPX_OK && done < log->used) {
    const ssize_t written = write(log->file, log->buffer + done, log->used - done);
    if (written >= 0) {
      done += (size_t)written;
    } else if (errno != EINTR) {
      const int reason = errno;
      const bool cut = ftruncate(log->file, log->end) == 0;
      log->status = epx_fail(&log->failure, EPX_ERR_IO, "cannot write the pulse log %.400s: %s%s",
                             log->path, strerror(reason), cut ? "" : "; it may end within a line");
    }
  }
  log->end += log->status == EPX_OK ? (off_t)log->used : 0;
  log->used = 0;
}

static void put(epx_pulse_log_t *log, const char *line, size_t length) {
  if (log->used + length > BUFFER_SIZE) {
    flush(log);
  }
  memcpy(log->buffer + log->used, line, length);
  log->used += length;
}

epx_status_t epx_pulse_log_open(const char *path, epx_pulse_log_t **out, epx_error_t *error) {
  static const char header[] =
      "step,tile,layer,row_block,column_block,row,column,polarity,pulses,before,after\n";
  epx_pulse_log_t *log = calloc(1, sizeof *log);
  char *copy = strdup(path);
  epx_status_t status = EPX_OK;
  if (log == NULL || copy == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the pulse log %.400s", path);
  }
  status = status == EPX_OK ? epx_output_open(path, NULL, &log->output, error) : status;
  if (status != EPX_OK) {
    free(copy);
    free(log);
    return status;
  }
  log->path = copy;
  log->file = fileno(epx_output_stream(log->output));
  put(log, header, sizeof header - 1);
  *out = log;
  return EPX_OK;
}

epx_status_t epx_pulse_log_write(epx_pulse_log_t *log, const epx_pulse_record_t *r,
                                 epx_error_t *error) {
  if (log->status == EPX_OK) {
    char line[LONGEST_LINE];
    const int length = snprintf(line, sizeof line, "%llu,%d,%d,%d,%d,%d,%d,%s,%d,%d,%d\n",
                                (unsigned long long)r->step, r->tile, r->layer, r->row_block,
                                r->column_block, r->row, r->column, r->pulses < 0 ? "down" : "up",
                                r->pulses < 0 ? -r->pulses : r->pulses, r->before, r->after);
    put(log, line, (size_t)length);
  }
  return again(log, error);
}

epx_status_t epx_pulse_log_close(epx_pulse_log_t *log, epx_error_t *error) {
  if (log == NULL) {
    return EPX_OK;
  }
  flush(log);
  epx_status_t status = again(log, error);
  if (status == EPX_OK) {
    status = epx_output_commit(log->output, error);
  } else {
    epx_output_set_aside(log->output, error);
  }
  free(log->path);
  free(log);
  return status;
}

void epx_pulse_log_abandon(epx_pulse_log_t *log, bool keep, epx_error_t *error) {
  if (log == NULL) {
    return;
  }
  if (keep) {
    flush(log);
    epx_output_set_aside(log->output, error);
  } else {
    epx_output_discard(log->output);
  }
  free(log->path);
  free(log);
}
