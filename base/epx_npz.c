/* SPDX-License-Identifier: Apache-2.0 */
/* The archive in memory: a growing list of arrays, searched from the front (archives hold tens). */
#include "epx_npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_npy.h"

struct epx_npz_t {
  epx_npz_array_t **arrays; /* one block each, so that pointers stay valid while the list grows */
  size_t count, capacity;
};

epx_status_t epx_npz_create(epx_npz_t **npz, epx_error_t *error) {
  epx_npz_t *created = calloc(1, sizeof *created);
  if (!created) return epx_fail(error, EPX_ERR_MEMORY, "No memory for an archive of arrays.");
  *npz = created;
  return EPX_OK;
}

void epx_npz_destroy(epx_npz_t *npz) {
  if (!npz) return;
  for (size_t i = 0; i < npz->count; i++) {
    free(npz->arrays[i]->data);
    free(npz->arrays[i]);
  }
  free(npz->arrays);
  free(npz);
}

static epx_status_t epx_npz_check(const epx_npz_t *npz, const char *name, epx_dtype_t dtype,
                                  int dimensions, epx_error_t *error) {
  size_t length = strlen(name);
  if (length == 0 || length >= EPX_NPZ_NAME_SIZE) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "Array name of %zu characters ('%.40s'), expected 1 to %d.", length, name,
                    EPX_NPZ_NAME_SIZE - 1);
  }
  if (epx_npz_find(npz, name)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "The archive already holds an array named '%s'.",
                    name);
  }
  if (epx_dtype_size(dtype) == 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "Array '%s': unknown element type %d.", name,
                    (int)dtype);
  }
  if (dimensions < 0 || dimensions > EPX_NPZ_MAX_DIMENSIONS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "Array '%s': %d dimensions, expected 0 to %d.", name,
                    dimensions, EPX_NPZ_MAX_DIMENSIONS);
  }
  return EPX_OK;
}

static epx_status_t epx_npz_reserve(epx_npz_t *npz, epx_error_t *error) {
  if (npz->count < npz->capacity) return EPX_OK;
  size_t capacity = npz->capacity ? 2 * npz->capacity : 16;
  epx_npz_array_t **arrays = realloc(npz->arrays, capacity * sizeof *arrays);
  if (!arrays) return epx_fail(error, EPX_ERR_MEMORY, "No memory for %zu arrays.", capacity);
  npz->arrays = arrays;
  npz->capacity = capacity;
  return EPX_OK;
}

epx_status_t epx_npz_add(epx_npz_t *npz, const char *name, epx_dtype_t dtype, int dimensions,
                         const size_t *shape, const void *data, epx_npz_array_t **array,
                         epx_error_t *error) {
  epx_status_t status = epx_npz_check(npz, name, dtype, dimensions, error);
  if (status != EPX_OK) return status;
  size_t count, bytes;
  if (epx_npy_measure(dtype, dimensions, shape, &count, &bytes) != EPX_OK) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "Array '%s': the shape needs more than 2^64 bytes.",
                    name);
  }
  status = epx_npz_reserve(npz, error);
  if (status != EPX_OK) return status;
  epx_npz_array_t *added = calloc(1, sizeof *added);
  void *copy = calloc(1, bytes ? bytes : 1);
  if (!added || !copy) {
    free(added);
    free(copy);
    return epx_fail(error, EPX_ERR_MEMORY, "Array '%s': no memory for %zu bytes.", name, bytes);
  }
  if (data && bytes) memcpy(copy, data, bytes);
  memcpy(added->name, name, strlen(name) + 1);
  added->dtype = dtype;
  added->dimensions = dimensions;
  for (int d = 0; d < dimensions; d++) added->shape[d] = shape[d];
  added->count = count;
  added->data = copy;
  npz->arrays[npz->count++] = added;
  if (array) *array = added;
  return EPX_OK;
}

epx_npz_array_t *epx_npz_find(const epx_npz_t *npz, const char *name) {
  for (size_t i = 0; i < npz->count; i++) {
    if (strcmp(npz->arrays[i]->name, name) == 0) return npz->arrays[i];
  }
  return NULL;
}

size_t epx_npz_count(const epx_npz_t *npz) {
  return npz->count;
}

epx_npz_array_t *epx_npz_at(const epx_npz_t *npz, size_t index) {
  return index < npz->count ? npz->arrays[index] : NULL;
}

epx_status_t epx_npz_require(const epx_npz_t *npz, const char *label, const char *name,
                             epx_dtype_t dtype, size_t count, epx_npz_array_t **array,
                             epx_error_t *error) {
  epx_npz_array_t *found = epx_npz_find(npz, name);
  if (!found) {
    return epx_fail(error, EPX_ERR_NOT_FOUND,
                    "%s: no array '%s' among its %zu arrays, expected %zu elements of type %s.",
                    label, name, npz->count, count, epx_npy_descr(dtype));
  }
  if (found->dtype != dtype || found->count != count) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: array '%s' has %zu elements of type %s, expected %zu of type %s.", label,
                    name, found->count, epx_npy_descr(found->dtype), count, epx_npy_descr(dtype));
  }
  *array = found;
  return EPX_OK;
}

const char *epx_npz_shape_text(int dimensions, const size_t *shape, char text[EPX_NPZ_SHAPE_SIZE]) {
  int at = snprintf(text, EPX_NPZ_SHAPE_SIZE, "[");
  for (int d = 0; d < dimensions; d++) {
    at += snprintf(text + at, EPX_NPZ_SHAPE_SIZE - (size_t)at, d == 0 ? "%zu" : ", %zu", shape[d]);
  }
  snprintf(text + at, EPX_NPZ_SHAPE_SIZE - (size_t)at, "]");
  return text;
}

epx_status_t epx_npz_require_shape(const epx_npz_t *npz, const char *label, const char *name,
                                   epx_dtype_t dtype, int dimensions, const size_t *shape,
                                   epx_npz_array_t **array, epx_error_t *error) {
  size_t count = 1;
  for (int d = 0; d < dimensions; d++) count *= shape[d];
  const epx_npz_array_t *found = epx_npz_find(npz, name);
  if (found && (found->dimensions != dimensions ||
                memcmp(found->shape, shape, (size_t)dimensions * sizeof *shape) != 0)) {
    char have[EPX_NPZ_SHAPE_SIZE], want[EPX_NPZ_SHAPE_SIZE];
    return epx_fail(error, EPX_ERR_FORMAT, "%s: %s has shape %s; expected %s.", label, name,
                    epx_npz_shape_text(found->dimensions, found->shape, have),
                    epx_npz_shape_text(dimensions, shape, want));
  }
  return epx_npz_require(npz, label, name, dtype, count, array, error);
}
