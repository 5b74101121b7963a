/* SPDX-License-Identifier: Apache-2.0 */
/* The four files of an IDX set: three lengths of two bytes, then their bytes one after another. */
#include <stdio.h>

#include "epx_dataset_internal.h"
#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                       "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
  char path[256];
  if (size < 6) {
    return 0;
  }
  size_t at = 6;
  for (size_t i = 0; i < 4; ++i) {
    size_t length = i < 3 ? (size_t)data[2 * i] << 8 | data[2 * i + 1] : size;
    length = length > size - at ? size - at : length;
    fuzz_put(names[i], data + at, length, path);
    at += length;
  }
  epx_data_config_t config = {.set = EPX_DATA_IDX, .classes = 10};
  epx_dataset_t *train = NULL, *test = NULL;
  epx_error_t error = {{0}};
  snprintf(config.path, sizeof config.path, "%s", fuzz_folder());
  const epx_status_t status = epx_idx_open(&config, &train, &test, &error);
  fuzz_check(status, &error);
  if (status == EPX_OK) {
    static float x[EPX_DATASET_MAX_SIDE * EPX_DATASET_MAX_SIDE];
    const uint32_t last = (uint32_t)train->count - 1;
    uint8_t label = 0;
    epx_dataset_batch(train, &last, 1, true, 1, x, &label);
    for (int i = 0; i < train->count + test->count; ++i) {
      label = i < train->count ? train->labels[i] : test->labels[i - train->count];
      if (label >= config.classes) {
        fuzz_fail("a label beyond the classes", config.path);
      }
    }
  }
  epx_dataset_destroy(train);
  epx_dataset_destroy(test);
  return 0;
}
