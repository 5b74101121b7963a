/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_params.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_random.h"

epx_status_t epx_params_create(const epx_network_t *network, epx_params_t **out,
                               epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  const epx_status_t status = epx_network_shapes(network, shapes, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_params_t *params = calloc(1, sizeof *params);
  if (params == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for parameters");
  }
  params->layer_count = epx_network_parameter_layers(network);
  for (int l = 0; l < params->layer_count; ++l) {
    const epx_layer_shape_t *shape = &shapes[l];
    epx_network_layer_name(network, l, params->name[l]);
    params->units[l] = shape->out_channels;
    params->fan_in[l] = shape->fan_in;
    params->dimensions[l] = 2;
    params->shape[l][0] = (size_t)shape->out_channels;
    params->shape[l][1] = (size_t)shape->fan_in;
    if (l < network->layer_count && network->layers[l].kind == EPX_LAYER_CONV) {
      params->dimensions[l] = 4;
      params->shape[l][1] = (size_t)shape->in_channels;
      params->shape[l][2] = params->shape[l][3] = (size_t)network->layers[l].kernel;
    }
    params->weight[l] = calloc(shape->weight_count, sizeof(double));
    params->bias[l] = calloc((size_t)shape->out_channels, sizeof(double));
    const bool backward = epx_network_has_backward(network, l) != 0;
    params->backward[l] = backward ? calloc(shape->weight_count, sizeof(double)) : NULL;
    if (params->weight[l] == NULL || params->bias[l] == NULL ||
        (backward && params->backward[l] == NULL)) {
      epx_params_destroy(params);
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the parameters of layer %d", l);
    }
  }
  *out = params;
  return EPX_OK;
}

void epx_params_destroy(epx_params_t *params) {
  if (params == NULL) {
    return;
  }
  for (int l = 0; l < params->layer_count; ++l) {
    free(params->weight[l]);
    free(params->bias[l]);
    free(params->backward[l]);
  }
  free(params);
}

enum { KEY_INIT = 0x696e6974, KEY_INIT_BACKWARD = 0x6261636b };

static void fill_uniform(double *values, size_t count, double bound, uint64_t key) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = (float)(bound * (2.0 * epx_random_uniform(key, i) - 1.0));
  }
}

void epx_params_initialise(epx_params_t *params, uint64_t seed, double scale) {
  const uint64_t key = epx_random_key(seed, KEY_INIT);
  const uint64_t backward_key = epx_random_key(seed, KEY_INIT_BACKWARD);
  for (int l = 0; l < params->layer_count; ++l) {
    const double bound = scale / sqrt((double)params->fan_in[l]);
    const size_t units = (size_t)params->units[l], weights = units * (size_t)params->fan_in[l];
    fill_uniform(params->weight[l], weights, bound, epx_random_key(key, 2u * (uint64_t)l));
    fill_uniform(params->bias[l], units, bound, epx_random_key(key, 2u * (uint64_t)l + 1u));
    if (params->backward[l] != NULL) {
      fill_uniform(params->backward[l], weights, bound, epx_random_key(backward_key, (uint64_t)l));
    }
  }
}

double epx_params_alignment(const epx_params_t *params, int l) {
  if (params->backward[l] == NULL) {
    return NAN;
  }
  const size_t weights = (size_t)params->units[l] * (size_t)params->fan_in[l];
  double product = 0.0, forward = 0.0, backward = 0.0;
  for (size_t i = 0; i < weights; ++i) {
    const double w = params->weight[l][i], b = params->backward[l][i];
    product += w * b;
    forward += w * w;
    backward += b * b;
  }
  const double cosine = product / sqrt(forward * backward);
  if (isnan(cosine)) {
    return NAN;
  }
  return acos(fmin(1.0, fmax(-1.0, cosine))) * (180.0 / 3.14159265358979323846);
}

epx_status_t epx_params_to_npz(const epx_params_t *params, const char *prefix, epx_npz_t *npz,
                               epx_error_t *error) {
  for (int l = 0; l < params->layer_count; ++l) {
    char name[EPX_NPZ_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s.weight", prefix, params->name[l]);
    epx_status_t status = epx_npz_add(npz, name, EPX_DTYPE_F64, params->dimensions[l],
                                      params->shape[l], params->weight[l], NULL, error);
    if (status != EPX_OK) {
      return status;
    }
    const size_t units = (size_t)params->units[l];
    snprintf(name, sizeof name, "%s%s.bias", prefix, params->name[l]);
    status = epx_npz_add(npz, name, EPX_DTYPE_F64, 1, &units, params->bias[l], NULL, error);
    if (status == EPX_OK && params->backward[l] != NULL) {
      snprintf(name, sizeof name, "%s%s.backward", prefix, params->name[l]);
      status = epx_npz_add(npz, name, EPX_DTYPE_F64, params->dimensions[l], params->shape[l],
                           params->backward[l], NULL, error);
    }
    if (status != EPX_OK) {
      return status;
    }
  }
  return EPX_OK;
}

/* "[1, 0, 2]": the place of element `index` in an array. */
static const char *place_text(const epx_npz_array_t *array, size_t index, char text[160]) {
  size_t place[EPX_NPZ_MAX_DIMENSIONS];
  for (int d = array->dimensions - 1; d >= 0; --d) {
    place[d] = index % array->shape[d];
    index /= array->shape[d];
  }
  int at = snprintf(text, 160, "[");
  for (int d = 0; d < array->dimensions; ++d) {
    at += snprintf(text + at, 160 - (size_t)at, d == 0 ? "%zu" : ", %zu", place[d]);
  }
  snprintf(text + at, 160 - (size_t)at, "]");
  return text;
}

static epx_status_t read_array(const epx_npz_t *npz, const char *label, const char *name,
                               int dimensions, const size_t *shape, double *out,
                               epx_error_t *error) {
  const epx_npz_array_t *found = epx_npz_find(npz, name);
  const epx_dtype_t dtype =
      found != NULL && found->dtype == EPX_DTYPE_F32 ? EPX_DTYPE_F32 : EPX_DTYPE_F64;
  epx_npz_array_t *array;
  const epx_status_t status =
      epx_npz_require_shape(npz, label, name, dtype, dimensions, shape, &array, error);
  if (status != EPX_OK) {
    return status;
  }
  for (size_t i = 0; i < array->count; ++i) {
    out[i] = dtype == EPX_DTYPE_F32 ? (double)((const float *)array->data)[i]
                                    : ((const double *)array->data)[i];
    if (!isfinite(out[i])) {
      char place[160];
      return epx_fail(error, EPX_ERR_FORMAT, "%s: %s%s is %g; expected a finite number", label,
                      name, place_text(array, i, place), out[i]);
    }
  }
  return EPX_OK;
}

epx_status_t epx_params_from_npz(const epx_npz_t *npz, const char *label, const char *prefix,
                                 epx_params_t *params, epx_error_t *error) {
  for (int l = 0; l < params->layer_count; ++l) {
    char name[EPX_NPZ_NAME_SIZE];
    const size_t units = (size_t)params->units[l];
    snprintf(name, sizeof name, "%s%s.weight", prefix, params->name[l]);
    epx_status_t status = read_array(npz, label, name, params->dimensions[l], params->shape[l],
                                     params->weight[l], error);
    if (status != EPX_OK) {
      return status;
    }
    snprintf(name, sizeof name, "%s%s.bias", prefix, params->name[l]);
    status = read_array(npz, label, name, 1, &units, params->bias[l], error);
    if (status == EPX_OK && params->backward[l] != NULL) {
      snprintf(name, sizeof name, "%s%s.backward", prefix, params->name[l]);
      status = read_array(npz, label, name, params->dimensions[l], params->shape[l],
                          params->backward[l], error);
    }
    if (status != EPX_OK) {
      return status;
    }
  }
  return EPX_OK;
}

const char *epx_not_finite_name(double value) {
  return isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf";
}

static epx_status_t array_finite(const double *values, size_t count, const char *what,
                                 const char *layer, const char *part, epx_error_t *error) {
  for (size_t i = 0; values != NULL && i < count; ++i) {
    if (!isfinite(values[i])) {
      return epx_fail(error, EPX_ERR_DIVERGED, "%s%s.%s holds %s, element %zu of %zu", what, layer,
                      part, epx_not_finite_name(values[i]), i, count);
    }
  }
  return EPX_OK;
}

epx_status_t epx_params_finite(const epx_params_t *params, const char *what, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int l = 0; status == EPX_OK && l < params->layer_count; ++l) {
    const size_t units = (size_t)params->units[l], weights = units * (size_t)params->fan_in[l];
    const char *name = params->name[l];
    status = array_finite(params->weight[l], weights, what, name, "weight", error);
    status =
        status == EPX_OK ? array_finite(params->bias[l], units, what, name, "bias", error) : status;
    status = status == EPX_OK
                 ? array_finite(params->backward[l], weights, what, name, "backward", error)
                 : status;
  }
  return status;
}
