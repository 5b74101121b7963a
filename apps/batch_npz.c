/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_npz.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_npz.h"

enum { MAX_IMAGES = 1 << 20 };

static epx_status_t find(const epx_npz_t *npz, const char *path, const char *name, const char *what,
                         epx_npz_array_t **array, epx_error_t *error) {
  *array = epx_npz_find(npz, name);
  return *array != NULL ? EPX_OK
                        : epx_fail(error, EPX_ERR_NOT_FOUND, "%s: no array '%s'; expected %s", path,
                                   name, what);
}

static epx_status_t check_images(const char *path, const epx_npz_array_t *x,
                                 const epx_network_t *network, epx_error_t *error) {
  const bool real = x->dtype == EPX_DTYPE_F32 || x->dtype == EPX_DTYPE_F64;
  bool fits = x->dimensions == 4 && x->shape[0] >= 1 && x->shape[0] <= MAX_IMAGES;
  for (int d = 1; fits && d < 4; ++d) {
    fits = x->shape[d] == (size_t)network->input[d - 1];
  }
  if (real && fits) {
    return EPX_OK;
  }
  char found[128];
  int at = snprintf(found, sizeof found, "(");
  for (int d = 0; d < x->dimensions; ++d) {
    at += snprintf(found + at, sizeof found - (size_t)at, "%s%zu", d > 0 ? ", " : "", x->shape[d]);
  }
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: array 'x' is %s of shape %s); expected float32 or float64 of shape (N, %d, "
                  "%d, %d), as network.input says, N from 1 to %d",
                  path, real ? "real" : "not real", found, network->input[0], network->input[1],
                  network->input[2], MAX_IMAGES);
}

static epx_status_t take_images(const char *path, const epx_npz_array_t *x, batch_npz_t *batch,
                                epx_error_t *error) {
  const size_t bytes = x->count * epx_dtype_size(x->dtype);
  batch->dtype = x->dtype;
  batch->x = malloc(bytes);
  if (batch->x == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the images of %s", path);
  }
  memcpy(batch->x, x->data, bytes);
  const epx_batch_t whole = batch_npz_whole(batch);
  for (size_t i = 0; i < x->count; ++i) {
    if (!isfinite(epx_batch_value(&whole, i))) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: array 'x', element %zu of %zu: %g; expected finite numbers", path, i,
                      x->count, epx_batch_value(&whole, i));
    }
  }
  return EPX_OK;
}

/* Element i of an integer array; false for other types. */
static bool integer_at(const epx_npz_array_t *array, size_t i, int64_t *value) {
  switch (array->dtype) {
    case EPX_DTYPE_I8:
      *value = ((const int8_t *)array->data)[i];
      return true;
    case EPX_DTYPE_U8:
      *value = ((const uint8_t *)array->data)[i];
      return true;
    case EPX_DTYPE_I16:
      *value = ((const int16_t *)array->data)[i];
      return true;
    case EPX_DTYPE_U16:
      *value = ((const uint16_t *)array->data)[i];
      return true;
    case EPX_DTYPE_I32:
      *value = ((const int32_t *)array->data)[i];
      return true;
    case EPX_DTYPE_U32:
      *value = ((const uint32_t *)array->data)[i];
      return true;
    case EPX_DTYPE_I64:
      *value = ((const int64_t *)array->data)[i];
      return true;
    case EPX_DTYPE_U64: {
      const uint64_t wide = ((const uint64_t *)array->data)[i];
      *value = wide > INT64_MAX ? INT64_MAX : (int64_t)wide;
      return true;
    }
    case EPX_DTYPE_F32:
    case EPX_DTYPE_F64:
      break;
  }
  return false;
}

static epx_status_t take_labels(const char *path, const epx_npz_array_t *y, size_t n, int classes,
                                uint8_t *out, epx_error_t *error) {
  if (y->dimensions != 1 || y->count != n) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: array 'y' has %d dimensions and %zu elements; expected 1 dimension and "
                    "%zu, as many as images in 'x'",
                    path, y->dimensions, y->count, n);
  }
  for (size_t i = 0; i < n; ++i) {
    int64_t label;
    if (!integer_at(y, i, &label)) {
      return epx_fail(error, EPX_ERR_FORMAT, "%s: array 'y' holds real numbers; expected integers",
                      path);
    }
    if (label < 0 || label >= classes) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: array 'y', element %zu: label %lld; expected 0 to %d (network.classes)",
                      path, i, (long long)label, classes - 1);
    }
    out[i] = (uint8_t)label;
  }
  return EPX_OK;
}

epx_status_t batch_npz_read(const char *path, const epx_network_t *network, batch_npz_t *out,
                            epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_npz_array_t *x = NULL, *y = NULL;
  batch_npz_t batch = {.n = 0};
  epx_status_t status = epx_npz_read(path, &npz, error);
  if (status == EPX_OK) {
    status = find(npz, path, "x", "the images", &x, error);
  }
  if (status == EPX_OK) {
    status = find(npz, path, "y", "the labels", &y, error);
  }
  status = status == EPX_OK ? check_images(path, x, network, error) : status;
  if (status == EPX_OK) {
    batch.n = (int)x->shape[0];
    batch.labels = malloc(x->shape[0]);
    if (batch.labels == NULL) {
      status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the labels of %s", path);
    }
  }
  status = status == EPX_OK ? take_images(path, x, &batch, error) : status;
  status = status == EPX_OK
               ? take_labels(path, y, x->shape[0], network->classes, batch.labels, error)
               : status;
  epx_npz_destroy(npz);
  if (status != EPX_OK) {
    batch_npz_clear(&batch);
    return status;
  }
  *out = batch;
  return EPX_OK;
}

void batch_npz_clear(batch_npz_t *batch) {
  free(batch->x);
  free(batch->labels);
  *batch = (batch_npz_t){.n = 0};
}

epx_status_t params_npz_read(const char *path, epx_params_t *params, epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_status_t status = epx_npz_read(path, &npz, error);
  if (status == EPX_OK) {
    char name[EPX_NPZ_NAME_SIZE];
    snprintf(name, sizeof name, "param.%s.weight", params->name[0]);
    const char *prefix = epx_npz_find(npz, name) != NULL ? "param." : "";
    status = epx_params_from_npz(npz, path, prefix, params, error);
    epx_npz_destroy(npz);
  }
  return status;
}
