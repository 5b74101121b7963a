/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML file and, after NULs, overrides "key=value". What is accepted must be written as a file
 * that loads to the same experiment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_config.h"
#include "fuzz_support.h"

enum { MAX_OVERRIDES = 8 };

/* The experiment as the file that epx_config_write makes. */
static char *written(const epx_experiment_t *experiment, size_t *size) {
  char *text = NULL;
  epx_error_t error = {{0}};
  FILE *out = open_memstream(&text, size);
  if (out == NULL || epx_config_write(experiment, out, &error) != EPX_OK || fclose(out) != 0) {
    fuzz_fail("cannot write what was loaded", error.message);
  }
  return text;
}

static void check_round_trip(const epx_experiment_t *experiment) {
  char path[256];
  size_t first_size, second_size;
  epx_error_t error = {{0}};
  char *first = written(experiment, &first_size);
  fuzz_put("back.yaml", first, first_size, path);
  epx_experiment_t back;
  if (epx_config_load(path, NULL, 0, &back, &error) != EPX_OK) {
    fuzz_fail("what was written does not load", error.message);
  }
  char *second = written(&back, &second_size);
  if (first_size != second_size || memcmp(first, second, first_size) != 0) {
    fuzz_fail("loads to another experiment", first);
  }
  free(first);
  free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[256];
  const char *overrides[MAX_OVERRIDES];
  int count = 0;
  char *text = malloc(size + 1);
  if (text == NULL) {
    return 0;
  }
  memcpy(text, data, size);
  text[size] = '\0';
  const size_t file = strlen(text);
  for (size_t at = file + 1; at < size && count < MAX_OVERRIDES; at += strlen(text + at) + 1) {
    overrides[count++] = text + at;
  }
  fuzz_put("x.yaml", text, file, path);
  epx_experiment_t experiment;
  epx_error_t error = {{0}};
  const epx_status_t status = epx_config_load(path, overrides, count, &experiment, &error);
  fuzz_check(status, &error);
  if (status == EPX_OK) {
    check_round_trip(&experiment);
  }
  free(text);
  return 0;
}
