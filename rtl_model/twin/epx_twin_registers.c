/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's registers: from and to real parameters, and to checkpoints. */
#include <stdio.h>
#include <string.h>

#include "epx_code_formats.h"
#include "epx_quantize.h"
#include "epx_twin_internal.h"

static void reset_optimiser(twin_t *twin, int i) {
  twin_layer_t *layer = &twin->layer[i];
  const size_t units = (size_t)layer->plan->g.units;
  memset(layer->velocity, 0, units * (size_t)layer->plan->g.fan_in * sizeof *layer->velocity);
  if (layer->written != NULL) {
    memset(layer->written, 0, units * (size_t)layer->plan->g.fan_in * sizeof *layer->written);
  }
  if (layer->reaches != NULL) {
    memset(layer->reaches, 0, twin_reach_count(layer) * sizeof *layer->reaches);
  }
  if (layer->bias != NULL) {
    memset(layer->bias_velocity, 0, units * sizeof *layer->bias_velocity);
  }
  for (int rb = 0; rb < layer->plan->map.row_blocks; ++rb) {
    for (int cb = 0; cb < layer->plan->map.column_blocks; ++cb) {
      layer->lfsr[rb * layer->plan->map.column_blocks + cb] =
          epx_tile_lfsr(twin->plan->chip, i, rb, cb);
    }
  }
}

epx_status_t twin_load(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  epx_status_t status = EPX_OK;
  memset(&twin->counters, 0, sizeof twin->counters);
  epx_twin_clips_forget(self);
  for (int i = 0; status == EPX_OK && i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const double *weight = twin_weights_of(layer, params);
    const size_t fan_in = (size_t)layer->plan->g.fan_in;
    for (int u = 0; u < layer->plan->g.units; ++u) {
      for (size_t k = 0; k < fan_in; ++k) {
        const size_t at =
            (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->plan->g, (int)k);
        layer->shadow[at] = (int32_t)epx_quantize(weight[(size_t)u * fan_in + k],
                                                  layer->plan->shadow, EPX_ROUND_NEAREST_EVEN, 0);
      }
      if (layer->bias != NULL) {
        layer->bias[u] = (int32_t)epx_quantize(params->bias[i][u], twin->plan->chip->bias,
                                               EPX_ROUND_NEAREST_EVEN, 0);
      }
    }
    twin_pulsed_limit(layer);
    reset_optimiser(twin, i);
    status = twin_pack(twin, i, error);
  }
  return status == EPX_OK ? twin_set_reaches(twin, error) : status;
}

epx_status_t twin_store(epx_substrate_t *self, epx_params_t *params, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  (void)error;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    double *weight = twin_weights_of(layer, params);
    const size_t fan_in = (size_t)layer->plan->g.fan_in;
    for (int u = 0; u < layer->plan->g.units; ++u) {
      for (size_t k = 0; k < fan_in; ++k) {
        const size_t at =
            (size_t)u * fan_in + (size_t)epx_geometry_weight_index(&layer->plan->g, (int)k);
        weight[(size_t)u * fan_in + k] = epx_dequantize(layer->code[at], layer->plan->synapse);
      }
      if (layer->bias != NULL) {
        params->bias[i][u] = epx_dequantize(layer->bias[u], twin->plan->chip->bias);
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
  bool optional; /* in a checkpoint */
} register_t;

enum { REGISTERS = 7 };

/* Everything of a tile layer that training changes; what a layer lacks is NULL: biases of feedback
 * arrays, and what only arrays that are not exact have. */
static void registers_of(const twin_layer_t *layer, register_t list[REGISTERS]) {
  const size_t units = (size_t)layer->plan->g.units,
               weights = units * (size_t)layer->plan->g.fan_in;
  const size_t tiles = (size_t)(layer->plan->map.row_blocks * layer->plan->map.column_blocks);
  list[0] = (register_t){"shadow", layer->shadow, weights, EPX_DTYPE_I32, false};
  list[1] = (register_t){"velocity", layer->velocity, weights, EPX_DTYPE_I32, false};
  list[2] = (register_t){"bias", layer->bias, units, EPX_DTYPE_I32, false};
  list[3] = (register_t){"bias_velocity", layer->bias_velocity, units, EPX_DTYPE_I32, false};
  list[4] = (register_t){"lfsr", layer->lfsr, tiles, EPX_DTYPE_U32, false};
  list[5] = (register_t){"written", layer->written, weights, EPX_DTYPE_U32, true};
  list[6] =
      (register_t){"adc_reaches", layer->reaches, twin_reach_count(layer), EPX_DTYPE_I64, true};
}

/* Whether anything is drawn by number: arrays that are not exact, and pulses. */
static bool twin_draws(const twin_t *twin) {
  return twin->layer[0].written != NULL || twin->layer[0].pulsed != NULL;
}

/* What they count, beside the layers. */
static register_t counters_of(const twin_t *twin) {
  return (register_t){"counters", (void *)&twin->counters, sizeof twin->counters / sizeof(uint32_t),
                      EPX_DTYPE_U32, true};
}

/* Conversions and clips, by tile layer and direction. */
static register_t clips_of(const twin_t *twin, epx_clips_t total[EPX_MAX_TILE_LAYERS][2]) {
  const size_t count = (size_t)twin->plan->tile_layers * sizeof *total / sizeof(uint64_t);
  return (register_t){"clips", total, count, EPX_DTYPE_U64, true};
}

static epx_status_t save_register(epx_npz_t *npz, const char *name, const register_t *r,
                                  epx_error_t *error) {
  return epx_npz_add(npz, name, r->dtype, 1, &r->count, r->data, NULL, error);
}

static void name_register(const twin_layer_t *layer, const register_t *r,
                          char name[EPX_NPZ_NAME_SIZE]) {
  snprintf(name, EPX_NPZ_NAME_SIZE, "twin.%d.%s%s", layer->plan->parameter,
           layer->plan->role == EPX_ROLE_FEEDBACK ? "backward_" : "", r->suffix);
}

static const char formats_name[] = "twin.formats";

/* What a register's codes mean. A shadow register's format says how the array reads it, too; whole
 * sums of converters' ranges mean what codes, digits and cells make of them. */
static void format_register(const twin_t *twin, const twin_layer_t *layer, const register_t *r,
                            epx_code_format_t *out) {
  const epx_chip_t *chip = twin->plan->chip;
  const epx_qformat_t codes = layer->plan->parameter == 0 ? chip->input : chip->state;
  char text[2][EPX_QFORMAT_TEXT_SIZE];
  name_register(layer, r, out->array);
  if (r->data == layer->shadow) {
    out->keys = "chip.synapse.format, chip.synapse.shadow_bits";
    snprintf(out->format, sizeof out->format, "%s read as %s",
             epx_qformat_print(layer->plan->shadow, text[0]),
             epx_qformat_print(layer->plan->synapse, text[1]));
  } else if (r->data == layer->reaches) {
    out->keys = "chip.input or chip.state, chip.array.dac, chip.array.bits_per_cell";
    snprintf(out->format, sizeof out->format, "codes %s, DAC digits of %d bits%s, cells of %d",
             epx_qformat_print(codes, text[0]), chip->dac.converter.bits,
             chip->dac.codes == EPX_DAC_ROUNDED ? ", rounded" : "", chip->bits_per_cell);
  } else {
    const bool bias = r->data == layer->bias;
    out->keys = bias ? "chip.bias" : "chip.velocity";
    epx_qformat_print(bias ? chip->bias : chip->velocity, out->format);
  }
}

/* Of all registers that hold codes. Returns how many. */
static size_t formats_of(const twin_t *twin, epx_code_format_t *formats) {
  size_t count = 0;
  for (int t = 0; t < twin->plan->tile_layers; ++t) {
    const twin_layer_t *layer = &twin->layer[t];
    register_t list[REGISTERS];
    registers_of(layer, list);
    for (int i = 0; i < REGISTERS; ++i) {
      if (list[i].data != NULL && list[i].dtype != EPX_DTYPE_U32) { /* draws have no format */
        format_register(twin, layer, &list[i], &formats[count++]);
      }
    }
  }
  return count;
}

enum { FORMATS = EPX_MAX_TILE_LAYERS * REGISTERS };

static epx_status_t save_formats(const twin_t *twin, epx_npz_t *npz, epx_error_t *error) {
  epx_code_format_t formats[FORMATS];
  return epx_code_formats_add(npz, formats_name, formats, formats_of(twin, formats), error);
}

static epx_status_t check_formats(const twin_t *twin, const epx_npz_t *npz, const char *label,
                                  epx_error_t *error) {
  epx_code_format_t formats[FORMATS];
  return epx_code_formats_check(npz, label, formats_name, formats, formats_of(twin, formats),
                                error);
}

epx_status_t twin_save(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  epx_status_t status = save_formats(twin, npz, error);
  for (int t = 0; t < twin->plan->tile_layers; ++t) {
    register_t list[REGISTERS];
    registers_of(&twin->layer[t], list);
    for (int i = 0; status == EPX_OK && i < REGISTERS; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      if (list[i].data != NULL) {
        name_register(&twin->layer[t], &list[i], name);
        status = save_register(npz, name, &list[i], error);
      }
    }
  }
  const register_t counters = counters_of(twin);
  if (status == EPX_OK && twin_draws(twin)) {
    status = save_register(npz, "twin.counters", &counters, error);
  }
  epx_clips_t total[EPX_MAX_TILE_LAYERS][2];
  twin_clips_total(twin, total);
  const register_t clips = clips_of(twin, total);
  return status == EPX_OK && twin_converts(twin) ? save_register(npz, "twin.clips", &clips, error)
                                                 : status;
}

/* Numbers of draws are missing where the run drew nothing, ranges where it took none from batches:
 * a network trained on an exact chip may go on on another. */
static epx_status_t restore_register(const epx_npz_t *npz, const char *label, const char *name,
                                     const register_t *r, epx_error_t *error) {
  epx_npz_array_t *found;
  if (r->optional && epx_npz_find(npz, name) == NULL) {
    memset(r->data, 0, r->count * epx_dtype_size(r->dtype));
    return EPX_OK;
  }
  const epx_status_t status = epx_npz_require(npz, label, name, r->dtype, r->count, &found, error);
  if (status == EPX_OK) {
    memcpy(r->data, found->data, r->count * epx_dtype_size(r->dtype));
  }
  return status;
}

epx_status_t twin_restore(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  const register_t counters = counters_of(twin);
  epx_status_t status = check_formats(twin, npz, label, error);
  if (status == EPX_OK && twin_draws(twin)) {
    status = restore_register(npz, label, "twin.counters", &counters, error);
  }
  for (int t = 0; status == EPX_OK && t < twin->plan->tile_layers; ++t) {
    register_t list[REGISTERS];
    registers_of(&twin->layer[t], list);
    for (int i = 0; status == EPX_OK && i < REGISTERS; ++i) {
      char name[EPX_NPZ_NAME_SIZE];
      if (list[i].data != NULL) {
        name_register(&twin->layer[t], &list[i], name);
        status = restore_register(npz, label, name, &list[i], error);
      }
    }
    if (status == EPX_OK) {
      twin_pulsed_limit(&twin->layer[t]);
      status = twin_pack(twin, t, error);
    }
  }
  epx_clips_t total[EPX_MAX_TILE_LAYERS][2] = {0};
  const register_t clips = clips_of(twin, total);
  if (status == EPX_OK && twin_converts(twin)) {
    status = restore_register(npz, label, "twin.clips", &clips, error);
  }
  twin_clips_set(twin, total);
  return status == EPX_OK ? twin_set_reaches(twin, error) : status;
}
