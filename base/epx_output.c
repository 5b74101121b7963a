/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "epx_output_internal.h"

struct epx_output_t {
  char *path, *temporary, *partial;
  FILE *stream;
  int reason; /* errno of a write of our own that failed, or 0 */
  bool whole; /* written at once: a part of it is of no use */
};

/* Files on their way, for a signal handler; a program has few at a time, opened by one thread. */
enum { MOST_OPEN = 16 };
static epx_output_t *volatile on_their_way[MOST_OPEN];

static void note(epx_output_t *from, epx_output_t *to) {
  for (int i = 0; i < MOST_OPEN; ++i) {
    if (on_their_way[i] == from) {
      on_their_way[i] = to;
      return;
    }
  }
}

static void release(epx_output_t *output) {
  if (output->stream != NULL) {
    fclose(output->stream);
  }
  note(output, NULL);
  free(output->path);
  free(output->temporary);
  free(output->partial);
  free(output);
}

/* A new file beside path; -1 leaves errno. */
static int make_temporary(const char *path, const char *ending, char *name, size_t size) {
  for (unsigned attempt = 0; attempt < 1000; ++attempt) {
    snprintf(name, size, "%s.%ld-%u.tmp%s", path, (long)getpid(), attempt, ending);
    const int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) {
      return file;
    }
  }
  return -1;
}

epx_status_t epx_output_open(const char *path, const char *ending, epx_output_t **out,
                             epx_error_t *error) {
  const epx_status_t status = epx_output_check(path, error);
  if (status != EPX_OK) {
    return status;
  }
  ending = ending != NULL ? ending : "";
  const size_t room = strlen(path) + strlen(ending) + 48;
  const size_t partial_room = strlen(path) + sizeof ".partial";
  epx_output_t *output = calloc(1, sizeof *output);
  if (output == NULL || (output->path = strdup(path)) == NULL ||
      (output->temporary = malloc(room)) == NULL ||
      (output->partial = malloc(partial_room)) == NULL) {
    if (output != NULL) {
      release(output);
    }
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  snprintf(output->partial, partial_room, "%s.partial", path);
  const int file = make_temporary(path, ending, output->temporary, room);
  output->stream = file >= 0 ? fdopen(file, "w") : NULL;
  if (output->stream == NULL) {
    epx_fail(error, EPX_ERR_IO, "%s: cannot write the file: %s.", path, strerror(errno));
    if (file >= 0) {
      close(file);
      unlink(output->temporary);
    }
    release(output);
    return EPX_ERR_IO;
  }
  note(NULL, output);
  *out = output;
  return EPX_OK;
}

FILE *epx_output_stream(epx_output_t *output) {
  return output->stream;
}

const char *epx_output_temporary(const epx_output_t *output) {
  return output->temporary;
}

/* Flushes to the disk and closes; false leaves errno. */
static bool finish(epx_output_t *output) {
  errno = 0;
  const bool earlier = ferror(output->stream) != 0;
  bool ok = fflush(output->stream) == 0 && !earlier && fsync(fileno(output->stream)) == 0;
  int reason = output->reason != 0 ? output->reason : errno != 0 ? errno : EIO;
  if (fclose(output->stream) != 0 && ok) {
    ok = false;
    reason = errno;
  }
  output->stream = NULL;
  errno = reason;
  return ok;
}

epx_status_t epx_output_commit(epx_output_t *output, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  if (!finish(output)) {
    status = epx_fail(error, EPX_ERR_IO, "%s: cannot write: %s.", output->path, strerror(errno));
  }
  status = status == EPX_OK ? epx_output_check(output->path, error) : status;
  if (status == EPX_OK && rename(output->temporary, output->path) != 0) {
    status = epx_fail(error, EPX_ERR_IO, "%s: cannot write: %s.", output->path, strerror(errno));
  }
  if (status != EPX_OK) {
    unlink(output->temporary);
  } else if (!epx_output_sync_folder(output->path)) {
    status = epx_fail(error, EPX_ERR_IO, "%s: cannot flush its folder: %s.", output->path,
                      strerror(errno));
  }
  release(output);
  return status;
}

void epx_output_discard(epx_output_t *output) {
  if (output != NULL) {
    unlink(output->temporary);
    release(output);
  }
}

void epx_output_set_aside(epx_output_t *output, epx_error_t *error) {
  if (output == NULL) {
    return;
  }
  struct stat info;
  fflush(output->stream); /* what a full disk lets through */
  if (stat(output->temporary, &info) != 0 || info.st_size == 0 ||
      epx_output_check(output->partial, NULL) != EPX_OK ||
      rename(output->temporary, output->partial) != 0) {
    unlink(output->temporary);
  } else if (error != NULL) {
    const size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, " (what there is of it: %s)",
             output->partial);
  }
  release(output);
}

void epx_output_end_all(void) {
  for (int i = 0; i < MOST_OPEN; ++i) {
    const epx_output_t *output = on_their_way[i];
    struct stat info;
    if (output == NULL) {
      continue;
    }
    const bool keep = !output->whole && stat(output->temporary, &info) == 0 && info.st_size > 0 &&
                      (lstat(output->partial, &info) != 0 || S_ISREG(info.st_mode));
    if (!keep || rename(output->temporary, output->partial) != 0) {
      unlink(output->temporary);
    }
  }
}

epx_status_t epx_output_write(const char *path, const void *bytes, size_t size,
                              epx_error_t *error) {
  epx_output_t *output = NULL;
  const epx_status_t status = epx_output_open(path, NULL, &output, error);
  if (status != EPX_OK) {
    return status;
  }
  output->whole = true;
  if (size > 0 && fwrite(bytes, 1, size, output->stream) != size) {
    output->reason = errno; /* the stream is marked, which commit looks at */
  }
  return epx_output_commit(output, error);
}

epx_status_t epx_output_flush(FILE *stream, const char *name, epx_error_t *error) {
  errno = 0;
  const bool earlier = ferror(stream) != 0;
  if (fflush(stream) == 0 && !earlier) {
    return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_IO, "%s: cannot write: %s.", name,
                  errno != 0 ? strerror(errno) : "an earlier write failed");
}
