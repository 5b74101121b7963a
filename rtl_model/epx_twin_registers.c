/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's registers: from and to real parameters, and to checkpoints. */
#include <stdio.h>
#include <string.h>

#include "epx_quantize.h"
#include "epx_twin_internal.h"

static void reset_optimiser(twin_t *twin, int l) {
  twin_layer_t *layer = &twin->layer[l];
  const size_t units = (size_t)layer->g.units;
  memset(layer->velocity, 0, units * (size_t)layer->g.fan_in * sizeof *layer->velocity);
  memset(layer->bias_velocity, 0, units * sizeof *layer->bias_velocity);
  if (layer->written != NULL) {
    memset(layer->written, 0, units * (size_t)layer->g.fan_in * sizeof *layer->written);
  }
  for (int rb = 0; rb < layer->map.row_blocks; ++rb) {
    for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
      layer->lfsr[rb * layer->map.column_blocks + cb] = epx_tile_lfsr(&twin->chip, l, rb, cb);
    }
  }
}

/* An array that broke in an update is reported by what is done next with the registers. */
static epx_status_t whole(const twin_t *twin, epx_error_t *error) {
  return twin->broken == EPX_OK ? EPX_OK : epx_fail(error, twin->broken, "%s", twin->why.message);
}

epx_status_t twin_load(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  twin->broken = EPX_OK;
  memset(&twin->counters, 0, sizeof twin->counters);
  for (int l = 0; l < twin->parameter_layers; ++l) {
    twin_layer_t *layer = &twin->layer[l];
    const size_t fan_in = (size_t)layer->g.fan_in;
    for (int u = 0; u < layer->g.units; ++u) {
      for (size_t i = 0; i < fan_in; ++i) {
        const size_t at = (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->g, (int)i);
        layer->shadow[at] = (int32_t)epx_quantize(params->weight[l][(size_t)u * fan_in + i],
                                                  layer->shadow_format, EPX_ROUND_NEAREST_EVEN, 0);
      }
      layer->bias[u] =
          (int32_t)epx_quantize(params->bias[l][u], twin->chip.bias, EPX_ROUND_NEAREST_EVEN, 0);
    }
    reset_optimiser(twin, l);
    twin_pack(twin, l);
  }
  return whole(twin, error);
}

epx_status_t twin_store(epx_substrate_t *self, epx_params_t *params, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  for (int l = 0; l < twin->parameter_layers; ++l) {
    const twin_layer_t *layer = &twin->layer[l];
    const size_t fan_in = (size_t)layer->g.fan_in;
    for (int u = 0; u < layer->g.units; ++u) {
      for (size_t i = 0; i < fan_in; ++i) {
        const size_t at = (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->g, (int)i);
        params->weight[l][(size_t)u * fan_in + i] = epx_dequantize(layer->code[at], layer->synapse);
      }
      params->bias[l][u] = epx_dequantize(layer->bias[u], twin->chip.bias);
    }
  }
  return whole(twin, error);
}

typedef struct register_t {
  const char *suffix;
  void *data;
  size_t count;
  epx_dtype_t dtype;
} register_t;

enum { REGISTERS = 6 };

/* Everything of layer l that training changes; returns how many. */
static int registers_of(const twin_layer_t *layer, register_t list[REGISTERS]) {
  const size_t units = (size_t)layer->g.units, weights = units * (size_t)layer->g.fan_in;
  const size_t tiles = (size_t)(layer->map.row_blocks * layer->map.column_blocks);
  list[0] = (register_t){"shadow", layer->shadow, weights, EPX_DTYPE_I32};
  list[1] = (register_t){"velocity", layer->velocity, weights, EPX_DTYPE_I32};
  list[2] = (register_t){"bias", layer->bias, units, EPX_DTYPE_I32};
  list[3] = (register_t){"bias_velocity", layer->bias_velocity, units, EPX_DTYPE_I32};
  list[4] = (register_t){"lfsr", layer->lfsr, tiles, EPX_DTYPE_U32};
  list[5] = (register_t){"written", layer->written, weights, EPX_DTYPE_U32};
  return layer->written != NULL ? REGISTERS : REGISTERS - 1;
}

/* What arrays that are not exact count, beside the layers. */
static register_t counters_of(const twin_t *twin) {
  return (register_t){"counters", (void *)&twin->counters, sizeof twin->counters / sizeof(uint32_t),
                      EPX_DTYPE_U32};
}

static epx_status_t save_register(epx_npz_t *npz, const char *name, const register_t *r,
                                  epx_error_t *error) {
  return epx_npz_add(npz, name, r->dtype, 1, &r->count, r->data, NULL, error);
}

epx_status_t twin_save(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  epx_status_t status = whole(twin, error);
  for (int l = 0; l < twin->parameter_layers; ++l) {
    register_t list[REGISTERS];
    const int count = registers_of(&twin->layer[l], list);
    for (int i = 0; status == EPX_OK && i < count; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      snprintf(name, sizeof name, "twin.%d.%s", l, list[i].suffix);
      status = save_register(npz, name, &list[i], error);
    }
  }
  const register_t counters = counters_of(twin);
  return status == EPX_OK && twin->layer[0].written != NULL
             ? save_register(npz, "twin.counters", &counters, error)
             : status;
}

static epx_status_t restore_register(const epx_npz_t *npz, const char *label, const char *name,
                                     const register_t *r, epx_error_t *error) {
  epx_array_t *found;
  const epx_status_t status = epx_npz_require(npz, label, name, r->dtype, r->count, &found, error);
  if (status == EPX_OK) {
    memcpy(r->data, found->data, r->count * sizeof(int32_t));
  }
  return status;
}

epx_status_t twin_restore(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  twin->broken = EPX_OK;
  const register_t counters = counters_of(twin);
  epx_status_t status = twin->layer[0].written != NULL
                            ? restore_register(npz, label, "twin.counters", &counters, error)
                            : EPX_OK;
  for (int l = 0; status == EPX_OK && l < twin->parameter_layers; ++l) {
    register_t list[REGISTERS];
    const int count = registers_of(&twin->layer[l], list);
    for (int i = 0; status == EPX_OK && i < count; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      snprintf(name, sizeof name, "twin.%d.%s", l, list[i].suffix);
      status = restore_register(npz, label, name, &list[i], error);
    }
    if (status == EPX_OK) {
      twin_pack(twin, l);
    }
  }
  return status == EPX_OK ? whole(twin, error) : status;
}
