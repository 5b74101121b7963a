/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of folders, in place of libFuzzer's main: plain regression. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz_support.h"

static void replay(const char *path) {
  static uint8_t buffer[1 << 20];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fuzz_fail("cannot open", path);
  }
  const size_t size = fread(buffer, 1, sizeof buffer, file);
  fclose(file);
  uint8_t *exact = malloc(size + 1); /* so that valgrind or ASan see reads beyond */
  if (exact == NULL) {
    fuzz_fail("no memory for", path);
  }
  for (size_t i = 0; i < size; ++i) {
    exact[i] = buffer[i];
  }
  printf("%s\n", path);
  fflush(stdout);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    DIR *entries = opendir(argv[i]);
    if (entries == NULL) {
      fuzz_fail("cannot open the folder", argv[i]);
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
      char path[1024];
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (entry->d_name[0] != '.') {
        replay(path);
        ++count;
      }
    }
    closedir(entries);
  }
  printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
