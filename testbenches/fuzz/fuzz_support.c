/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[128];

static void remove_folder(void) {
  DIR *entries = opendir(folder);
  if (entries == NULL) {
    return;
  }
  for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (entry->d_name[0] != '.') {
      char path[512];
      snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
      unlink(path);
    }
  }
  closedir(entries);
  rmdir(folder);
}

const char *fuzz_folder(void) {
  if (folder[0] == '\0') {
    const char *parent = getenv("TMPDIR"); /* script/fuzz: a folder in memory */
    snprintf(folder, sizeof folder, "%.100s/epx-fuzz-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(folder) == NULL) {
      fuzz_fail("cannot make the folder", folder);
    }
    atexit(remove_folder);
  }
  return folder;
}

void fuzz_put(const char *name, const void *data, size_t size, char path[256]) {
  snprintf(path, 256, "%.120s/%.100s", fuzz_folder(), name);
  FILE *file = fopen(path, "wb");
  if (file == NULL || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0) {
    fuzz_fail("cannot write", path);
  }
}

void fuzz_fail(const char *what, const char *detail) {
  fprintf(stderr, "fuzz: %s: %s\n", what, detail);
  abort();
}

void fuzz_check(epx_status_t status, const epx_error_t *error) {
  if (status != EPX_OK && error->message[0] == '\0') {
    fuzz_fail("a failure without a message", epx_status_string(status));
  }
}
