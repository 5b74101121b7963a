/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_output_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "epx_output.h"

/* The folder that a path lies in, on the heap: "a/b" gives "a", "/b" gives "/", "b" gives ".". */
static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    return strdup(".");
  }
  return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static const char *kind_of(mode_t mode) {
  return S_ISLNK(mode)    ? "a symbolic link"
         : S_ISFIFO(mode) ? "a FIFO"
         : S_ISCHR(mode)  ? "a device"
         : S_ISBLK(mode)  ? "a device"
         : S_ISSOCK(mode) ? "a socket"
         : S_ISDIR(mode)  ? "a folder"
                          : "no regular file";
}

/* Whether `folder` is one and may be written; `what`: the output in it. */
static epx_status_t check_folder(const char *what, const char *folder, epx_error_t *error) {
  struct stat info;
  if (stat(folder, &info) != 0) {
    return epx_fail(error, EPX_ERR_IO, "%s: cannot write there: %s: %s.", what, folder,
                    strerror(errno));
  }
  if (!S_ISDIR(info.st_mode)) {
    return epx_fail(error, EPX_ERR_IO, "%s: cannot write there: %s is %s; expected a folder.", what,
                    folder, S_ISREG(info.st_mode) ? "a file" : kind_of(info.st_mode));
  }
  return access(folder, W_OK | X_OK) == 0
             ? EPX_OK
             : epx_fail(error, EPX_ERR_IO, "%s: cannot write there: %s: %s.", what, folder,
                        strerror(errno));
}

epx_status_t epx_output_check(const char *path, epx_error_t *error) {
  struct stat info;
  if (*name_of(path) == '\0') {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s: expected the name of a file to write.",
                    path[0] != '\0' ? path : "''");
  }
  if (lstat(path, &info) == 0) {
    if (!S_ISREG(info.st_mode)) {
      return epx_fail(error, EPX_ERR_ARGUMENT,
                      "%s: is %s; expected a regular file to replace, or a new name.", path,
                      kind_of(info.st_mode));
    }
  } else if (errno != ENOENT && errno != ENOTDIR) {
    return epx_fail(error, EPX_ERR_IO, "%s: cannot write there: %s.", path, strerror(errno));
  }
  char *folder = folder_of(path);
  if (folder == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  const epx_status_t status = check_folder(path, folder, error);
  free(folder);
  return status;
}

epx_status_t epx_output_check_folder(const char *path, epx_error_t *error) {
  struct stat info;
  char *folder = strdup(path);
  while (folder != NULL && stat(folder, &info) != 0 && errno == ENOENT &&
         strcmp(folder, ".") != 0 && strcmp(folder, "/") != 0) {
    char *parent = folder_of(folder);
    free(folder);
    folder = parent;
  }
  if (folder == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path);
  }
  const epx_status_t status = check_folder(path, folder, error);
  free(folder);
  return status;
}

bool epx_output_same(const char *a, const char *b) {
  struct stat folder_a, folder_b;
  char *in_a = folder_of(a), *in_b = folder_of(b);
  const bool same = strcmp(name_of(a), name_of(b)) == 0 && in_a != NULL && in_b != NULL &&
                    (strcmp(in_a, in_b) == 0 ||
                     (stat(in_a, &folder_a) == 0 && stat(in_b, &folder_b) == 0 &&
                      folder_a.st_dev == folder_b.st_dev && folder_a.st_ino == folder_b.st_ino));
  free(in_a);
  free(in_b);
  return same;
}

bool epx_output_sync_folder(const char *path) {
  char *folder = folder_of(path);
  if (folder == NULL) {
    errno = ENOMEM;
    return false;
  }
  const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(folder);
  if (file < 0) {
    return errno == EACCES; /* a folder that may be written but not read */
  }
  const bool ok = fsync(file) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP;
  const int reason = errno;
  close(file);
  errno = reason;
  return ok;
}
