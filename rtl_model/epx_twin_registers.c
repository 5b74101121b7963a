/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's registers: from and to real parameters, and to checkpoints. */
#include <stdio.h>
#include <string.h>

#include "epx_quantize.h"
#include "epx_twin_internal.h"

static void reset_optimiser(twin_t *twin, int i) {
  twin_layer_t *layer = &twin->layer[i];
  const size_t units = (size_t)layer->g.units;
  memset(layer->velocity, 0, units * (size_t)layer->g.fan_in * sizeof *layer->velocity);
  if (layer->bias != NULL) {
    memset(layer->bias_velocity, 0, units * sizeof *layer->bias_velocity);
  }
  for (int rb = 0; rb < layer->map.row_blocks; ++rb) {
    for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
      layer->lfsr[rb * layer->map.column_blocks + cb] = epx_tile_lfsr(&twin->chip, i, rb, cb);
    }
  }
}

epx_status_t twin_load(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  (void)error;
  for (int i = 0; i < twin->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const double *weight = twin_weights_of(layer, params);
    const size_t fan_in = (size_t)layer->g.fan_in;
    for (int u = 0; u < layer->g.units; ++u) {
      for (size_t k = 0; k < fan_in; ++k) {
        const size_t at = (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->g, (int)k);
        layer->shadow[at] = (int32_t)epx_quantize(weight[(size_t)u * fan_in + k],
                                                  layer->shadow_format, EPX_ROUND_NEAREST_EVEN, 0);
      }
      if (layer->bias != NULL) {
        layer->bias[u] =
            (int32_t)epx_quantize(params->bias[i][u], twin->chip.bias, EPX_ROUND_NEAREST_EVEN, 0);
      }
    }
    reset_optimiser(twin, i);
    twin_pack(twin, i);
  }
  return EPX_OK;
}

epx_status_t twin_store(epx_substrate_t *self, epx_params_t *params, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  (void)error;
  for (int i = 0; i < twin->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    double *weight = twin_weights_of(layer, params);
    const size_t fan_in = (size_t)layer->g.fan_in;
    for (int u = 0; u < layer->g.units; ++u) {
      for (size_t k = 0; k < fan_in; ++k) {
        const size_t at = (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->g, (int)k);
        weight[(size_t)u * fan_in + k] = epx_dequantize(layer->code[at], layer->synapse);
      }
      if (layer->bias != NULL) {
        params->bias[i][u] = epx_dequantize(layer->bias[u], twin->chip.bias);
      }
    }
  }
  return EPX_OK;
}

typedef struct register_t {
  const char *suffix;
  void *data;
  size_t count;
  epx_dtype_t dtype;
} register_t;

enum { REGISTERS = 5 };

/* Everything of a tile layer that training changes; of feedback arrays, biases are NULL. */
static void registers_of(const twin_layer_t *layer, register_t list[REGISTERS]) {
  const size_t units = (size_t)layer->g.units, weights = units * (size_t)layer->g.fan_in;
  const size_t tiles = (size_t)(layer->map.row_blocks * layer->map.column_blocks);
  list[0] = (register_t){"shadow", layer->shadow, weights, EPX_DTYPE_I32};
  list[1] = (register_t){"velocity", layer->velocity, weights, EPX_DTYPE_I32};
  list[2] = (register_t){"bias", layer->bias, units, EPX_DTYPE_I32};
  list[3] = (register_t){"bias_velocity", layer->bias_velocity, units, EPX_DTYPE_I32};
  list[4] = (register_t){"lfsr", layer->lfsr, tiles, EPX_DTYPE_U32};
}

static void name_register(const twin_layer_t *layer, const register_t *r,
                          char name[EPX_NPZ_NAME_SIZE]) {
  snprintf(name, EPX_NPZ_NAME_SIZE, "twin.%d.%s%s", layer->parameter,
           layer->role == EPX_ROLE_FEEDBACK ? "backward_" : "", r->suffix);
}

epx_status_t twin_save(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  for (int t = 0; t < twin->tile_layers; ++t) {
    register_t list[REGISTERS];
    registers_of(&twin->layer[t], list);
    for (int i = 0; i < REGISTERS; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      if (list[i].data == NULL) {
        continue;
      }
      name_register(&twin->layer[t], &list[i], name);
      const epx_status_t status =
          epx_npz_add(npz, name, list[i].dtype, 1, &list[i].count, list[i].data, NULL, error);
      if (status != EPX_OK) {
        return status;
      }
    }
  }
  return EPX_OK;
}

epx_status_t twin_restore(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  for (int t = 0; t < twin->tile_layers; ++t) {
    register_t list[REGISTERS];
    registers_of(&twin->layer[t], list);
    for (int i = 0; i < REGISTERS; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      epx_array_t *found;
      if (list[i].data == NULL) {
        continue;
      }
      name_register(&twin->layer[t], &list[i], name);
      const epx_status_t status =
          epx_npz_require(npz, label, name, list[i].dtype, list[i].count, &found, error);
      if (status != EPX_OK) {
        return status;
      }
      memcpy(list[i].data, found->data, list[i].count * sizeof(int32_t));
    }
    twin_pack(twin, t);
  }
  return EPX_OK;
}
