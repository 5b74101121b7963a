/* SPDX-License-Identifier: Apache-2.0 */
/* CIFAR-10 with one record in each file. First byte: 0 an archive, packed or not; 1 an archive
 * whose headers get the right checksums, so that mutations come past them; 2 six files of equal
 * parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_dataset_internal.h"
#include "fuzz_support.h"

static void mend_checksums(uint8_t *tar, size_t size) {
  for (size_t at = 0; at + 512 <= size; at += 512) {
    if (memcmp(tar + at + 257, "ustar", 5) == 0) {
      unsigned sum = 0;
      char text[8];
      memset(tar + at + 148, ' ', 8);
      for (int i = 0; i < 512; ++i) {
        sum += tar[at + (size_t)i];
      }
      snprintf(text, sizeof text, "%06o", sum & 0777777u);
      memcpy(tar + at + 148, text, 7);
    }
  }
}

static void open_set(const char *path) {
  epx_data_config_t config = {.set = EPX_DATA_CIFAR10};
  epx_dataset_t *train = NULL, *test = NULL;
  epx_error_t error = {{0}};
  snprintf(config.path, sizeof config.path, "%s", path);
  fuzz_check(epx_cifar10_open(&config, 1, &train, &test, &error), &error);
  epx_dataset_destroy(train);
  epx_dataset_destroy(test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[256], name[32];
  if (size < 1) {
    return 0;
  }
  const uint8_t mode = data[0];
  uint8_t *bytes = malloc(size);
  if (bytes == NULL) {
    return 0;
  }
  memcpy(bytes, data + 1, --size);
  if (mode == 2) {
    for (int i = 0; i < 6; ++i) {
      snprintf(name, sizeof name, i < 5 ? "data_batch_%d.bin" : "test_batch.bin", i + 1);
      fuzz_put(name, bytes + (size_t)i * (size / 6), size / 6, path);
    }
    open_set(fuzz_folder());
  } else {
    if (mode == 1) {
      mend_checksums(bytes, size);
    }
    fuzz_put("x.tar.gz", bytes, size, path);
    open_set(path);
  }
  free(bytes);
  return 0;
}
