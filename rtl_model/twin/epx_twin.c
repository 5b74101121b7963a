/* SPDX-License-Identifier: Apache-2.0 */
/* Building a twin: what is modelled, the formats of every layer, the vtable. */
#include "epx_twin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_parallel.h"
#include "epx_twin_internal.h"

static void states(epx_substrate_t *self, int l, double *out) {
  const twin_t *twin = (const twin_t *)self;
  const epx_geometry_t *g = &twin->layer[l].g;
  const size_t area = (size_t)(g->out_height * g->out_width);
  const double step = 1.0 / (double)(1 << twin->chip.state.fraction_bits);
  for (int sample = 0; sample < twin->samples; ++sample) {
    const uint8_t *s = twin_sample(twin, twin->state, l, sample);
    for (size_t i = 0; i < g->out_size; ++i) {
      out[(size_t)sample * g->out_size + i] = step * s[i % area * (size_t)g->units + i / area];
    }
  }
}

static void copy_states(const twin_t *twin, uint8_t *const *from, uint8_t *const *to) {
  for (int l = 0; l < twin->layers; ++l) {
    memcpy(to[l], from[l], (size_t)twin->samples * twin->layer[l].g.out_size);
  }
}

static epx_status_t keep_free(epx_substrate_t *self, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  (void)error;
  copy_states(twin, twin->state, twin->free_state);
  return EPX_OK;
}

static void recall_free(epx_substrate_t *self) {
  const twin_t *twin = (const twin_t *)self;
  copy_states(twin, twin->free_state, twin->state);
}

static const epx_substrate_ops_t ops = {
    .name = "twin",
    .destroy = twin_destroy,
    .load = twin_load,
    .store = twin_store,
    .save = twin_save,
    .restore = twin_restore,
    .calibrate = twin_calibrate,
    .uncalibrated = twin_uncalibrated,
    .follow = twin_follow,
    .present = twin_present,
    .relax = twin_relax,
    .predict = twin_predict,
    .keep_free = keep_free,
    .recall_free = recall_free,
    .clear_gradient = twin_clear_gradient,
    .accumulate = twin_accumulate,
    .gradient = twin_gradient,
    .update = twin_update,
    .sums_dtype = EPX_DTYPE_I64,
    .sums_count = twin_sums_count,
    .sums = twin_sums,
    .states = states,
    .health = twin_health,
};

static epx_status_t check_formats(const epx_chip_t *chip, epx_error_t *error) {
  const int state = epx_qformat_bits(chip->state), input = epx_qformat_bits(chip->input);
  if (chip->state.is_signed || chip->state.integer_bits != 0 || state < 1 || state > 8) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.state: the twin holds states in UQ0.1 to UQ0.8");
  }
  if (!chip->input.is_signed || input < 2 || input > 8) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.input: the twin takes signed inputs of 2 to 8 bits");
  }
  if (chip->state_rounding != EPX_ROUND_NEAREST_EVEN &&
      chip->state_rounding != EPX_ROUND_TRUNCATE) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.rounding.state: the neuron unit rounds nearest_even or truncate");
  }
  if (!chip->bias.is_signed || !chip->velocity.is_signed) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "chip.bias and chip.velocity: expected signed formats");
  }
  return EPX_OK;
}

static epx_status_t check_converters(const epx_chip_t *chip, epx_error_t *error) {
  epx_converter_t converter = chip->adc;
  converter.bits = chip->adc_bits;
  converter.lines_each = chip->columns_per_adc;
  epx_status_t status = epx_converter_check(&converter, "chip.array.adc", error);
  status = status == EPX_OK ? epx_dac_check(&chip->dac, "chip.array.dac", error) : status;
  if (status == EPX_OK && chip->adc.kind != EPX_CONVERTER_IDEAL &&
      (chip->adc_bits < 2 || !(chip->adc_range > 0.0 && chip->adc_range <= 1.0))) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.array: a lossy converter needs adc_bits of at least 2, and a range above "
                    "0 and at most 1");
  }
  return status;
}

/* Arrays that are not exact: what the twin's tile-by-tile products can hold. */
static epx_status_t check_analog(const epx_network_t *network, const epx_chip_t *chip,
                                 const twin_layer_t *layer, int l, epx_error_t *error) {
  const char *effect = chip->adc.noise != 0.0               ? "chip.array.adc.noise"
                       : chip->dac.bits > 1                 ? "chip.array.dac.bits"
                       : chip->dac_codes == EPX_DAC_ROUNDED ? "chip.array.dac.codes"
                       : !epx_dac_exact(&chip->dac)         ? "chip.array.dac"
                                                            : epx_device_effect(&chip->device);
  if (chip->array_kind == EPX_ARRAY_DIGITAL && effect != NULL) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: a digital array has none; expected chip.array.kind analog", effect);
  }
  epx_status_t status =
      chip->array_kind == EPX_ARRAY_ANALOG ? check_converters(chip, error) : EPX_OK;
  status = status == EPX_OK ? epx_pulsed_check(chip, layer->synapse, error) : status;
  if (status != EPX_OK || epx_array_exact(chip)) {
    return status;
  }
  if (layer->g.fan_in > EPX_TWIN_ANALOG_LINES || layer->g.units > EPX_TWIN_ANALOG_LINES) {
    char key[EPX_LAYER_KEY_SIZE];
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "%s: a fan-in of %d and %d units; on arrays that are not exact "
                    "the twin multiplies at most %d of each",
                    epx_network_layer_key(network, l, key), layer->g.fan_in, layer->g.units,
                    EPX_TWIN_ANALOG_LINES);
  }
  return epx_device_check(&chip->device, error);
}

static epx_status_t check_layer(const epx_network_t *network, int l, epx_error_t *error) {
  const epx_layer_t *layer = &network->layers[l];
  if (layer->kind != EPX_LAYER_CONV) {
    return EPX_OK;
  }
  if (layer->pool == EPX_POOL_AVG || layer->padding >= layer->kernel) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: the twin models pool max or none and padding "
                    "below the kernel; the golden substrate models the rest",
                    l);
  }
  return EPX_OK;
}

static int round_up4(int n) {
  return (n + 3) / 4 * 4;
}

static epx_status_t build_layer(twin_t *twin, int l, epx_error_t *error) {
  twin_layer_t *layer = &twin->layer[l];
  const epx_chip_t *chip = &twin->chip;
  layer->parameter = l;
  layer->role = epx_tile_layer(&twin->base.network, l).role;
  layer->g = epx_geometry_of(&twin->base.network, twin->base.shapes, l);
  const epx_geometry_t *g = &layer->g;
  layer->synapse = epx_chip_synapse(chip, l);
  const int bits = epx_qformat_bits(layer->synapse);
  if (!layer->synapse.is_signed || bits < 2 || bits > 8 || chip->shadow_bits < 0 ||
      chip->shadow_bits > 16) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.synapse: the twin holds signed synapses of 2 to 8 bits and 0 to 16 "
                    "shadow bits (parameter layer %d, the read-out last)",
                    l);
  }
  layer->shadow_format = layer->synapse;
  layer->shadow_format.fraction_bits =
      (int8_t)(layer->shadow_format.fraction_bits + chip->shadow_bits);
  layer->pre_fraction = l == 0 ? chip->input.fraction_bits : chip->state.fraction_bits;
  layer->padded_channels = round_up4(g->in_channels);
  layer->dense =
      g->kernel_height == g->in_height && g->kernel_width == g->in_width && g->padding == 0;
  layer->window = g->pool == EPX_POOL_MAX ? 4 : 1;
  twin_make_convolutions(layer);
  if (l < twin->layers && (int64_t)g->out_height * g->out_width > INT32_MAX / (255 * 255)) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: %d x %d positions; the twin correlates one sample in 32 "
                    "bits, which hold %d",
                    l, g->out_height, g->out_width, INT32_MAX / (255 * 255));
  }
  const epx_status_t status = check_analog(&twin->base.network, chip, layer, l, error);
  return status == EPX_OK ? epx_map_layer(chip, l, g->units, g->fan_in, &layer->map, error)
                          : status;
}

/* Proof that 32 bits hold every sum of one neuron: from below, from above, bias and nudge. */
static epx_status_t check_sums(const twin_t *twin, int l, const twin_layer_t *above,
                               epx_error_t *error) {
  const twin_layer_t *layer = &twin->layer[l];
  char key[EPX_LAYER_KEY_SIZE];
  const double up = ldexp(255.0 * 128.0 * layer->g.fan_in, layer->forward_shift);
  const double terms_above =
      above == NULL ? 0.0
                    : (double)(above->g.fan_in / above->g.in_channels) * (double)above->g.units;
  const double down = ldexp(255.0 * 128.0 * terms_above, layer->backward_shift);
  /* A lossy converter's highest level may lie up to its step beyond what the line can reach, and
   * what cells count up to twice the digits' range below it (g_min); noise is limited to 8 times
   * that range (epx_array_cells.h), and what DACs carry to 4 times their largest digit, of which
   * the error is one of the whole conductance: 8.5 times. */
  const epx_chip_t *chip = &twin->chip;
  const bool limited = chip->adc.kind != EPX_CONVERTER_IDEAL ||
                       (!epx_array_noisy(chip) && epx_dac_exact(&chip->dac));
  const double beyond = epx_array_exact(chip) ? 1.0 : limited ? 2.0 : 16.0;
  const int bits = ilogb((up * (l == 0 ? 2.0 : 1.0) + down) * beyond + 0x1p29) + 2;
  if (layer->forward_shift > 16 || layer->backward_shift > 16 || bits > 32) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "%s: its accumulator would need %d bits for a fan-in of %d from "
                    "below and %.0f from above, whose products lie %d bits apart; the twin has 32 "
                    "bits, products at most 16 apart; bring the synapse formats of neighbouring "
                    "layers closer or make the layer smaller",
                    epx_network_layer_key(&twin->base.network, l, key), bits, layer->g.fan_in,
                    terms_above, layer->forward_shift + layer->backward_shift);
  }
  /* The product's rows are padded to four channels each, at most: counted in its limit. */
  const int64_t area = (int64_t)layer->g.kernel_height * layer->g.kernel_width;
  const int64_t forward_k = area * layer->padded_channels;
  const int64_t backward_k = (layer->dense ? 1 : area) * ((layer->g.units + 3) / 4 * 4);
  if (forward_k > EPX_GEMM_MAX_K || (l > 0 && l < twin->layers && backward_k > EPX_GEMM_MAX_K)) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "%s: a fan-in of %d, which padding to 4 channels makes %lld, "
                    "and %lld from above; the twin's products have at most %d terms",
                    epx_network_layer_key(&twin->base.network, l, key), layer->g.fan_in,
                    (long long)forward_k, (long long)backward_k, EPX_GEMM_MAX_K);
  }
  return EPX_OK;
}

/* The accumulator's fraction, and proof that 32 bits hold every sum. */
static epx_status_t build_accumulator(twin_t *twin, int l, epx_error_t *error) {
  twin_layer_t *layer = &twin->layer[l];
  const twin_layer_t *above = l + 1 < twin->layers ? &twin->layer[l + 1] : NULL;
  const int forward = layer->pre_fraction + layer->synapse.fraction_bits;
  const int backward =
      above == NULL ? forward : twin->chip.state.fraction_bits + above->synapse.fraction_bits;
  layer->fraction = forward > backward ? forward : backward;
  layer->forward_shift = layer->fraction - forward;
  layer->backward_shift = layer->fraction - backward;
  const double term = 255.0 * 255.0 * layer->g.out_height * layer->g.out_width;
  const int most = EPX_ESTIMATOR_MAX_COEFFICIENT * epx_switch_sets(&twin->base.network, l);
  if (l < twin->layers && term * most >= 0x1p31) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: one image's correlation over its %d x %d neurons would "
                    "need more than 32 bits",
                    l, layer->g.out_height, layer->g.out_width);
  }
  const epx_status_t status = check_sums(twin, l, above, error);
  if (status != EPX_OK) {
    return status;
  }
  const epx_activation_t activation = twin->base.network.activation;
  if (activation != EPX_ACTIVATION_HARD_SIGMOID && activation != EPX_ACTIVATION_HARD_SIGMOID_HALF) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.activation: the twin's neuron unit has hard_sigmoid and "
                    "hard_sigmoid_half");
  }
  if (l < twin->layers && layer->fraction < twin->chip.state.fraction_bits) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.synapse.format: parameter layer %d has fewer fraction bits in its "
                    "accumulator than chip.state",
                    l);
  }
  layer->neuron =
      epx_neuron_make(activation, twin->chip.state, layer->fraction, twin->chip.state_rounding);
  return EPX_OK;
}

static epx_status_t build(twin_t *twin, const epx_network_t *network, const epx_chip_t *chip,
                          epx_error_t *error) {
  epx_status_t status = epx_network_shapes(network, twin->base.shapes, error);
  twin->base.ops = &ops;
  twin->base.network = *network;
  twin->chip = *chip;
  twin->layers = network->layer_count;
  status = status == EPX_OK ? check_formats(chip, error) : status;
  for (int l = 0; status == EPX_OK && l < twin->layers; ++l) {
    status = check_layer(network, l, error);
  }
  const int parameter_layers = epx_network_parameter_layers(network);
  for (int l = 0; status == EPX_OK && l < parameter_layers; ++l) {
    status = build_layer(twin, l, error);
  }
  for (int l = 0; status == EPX_OK && l < parameter_layers; ++l) {
    status = build_accumulator(twin, l, error);
  }
  for (int i = parameter_layers; status == EPX_OK && i < epx_tile_layers(network); ++i) {
    const epx_tile_layer_t feedback = epx_tile_layer(network, i);
    twin->layer[i] = twin->layer[feedback.parameter];
    twin->layer[i].role = feedback.role;
  }
  return status;
}

epx_status_t epx_twin_check(const epx_network_t *network, const epx_chip_t *chip,
                            epx_error_t *error) {
  twin_t *twin = calloc(1, sizeof *twin);
  if (twin == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the twin");
  }
  const epx_status_t status = build(twin, network, chip, error);
  free(twin);
  return status;
}

epx_status_t epx_twin_create(const epx_network_t *network, const epx_chip_t *chip, int capacity,
                             epx_substrate_t **substrate, epx_error_t *error) {
  if (capacity < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "mini-batch of %d samples; expected at least 1",
                    capacity);
  }
  twin_t *twin = calloc(1, sizeof *twin);
  if (twin == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the twin");
  }
  const epx_status_t status = build(twin, network, chip, error);
  if (status != EPX_OK) {
    free(twin);
    return status;
  }
  twin->base.capacity = capacity;
  twin->parameter_layers = epx_network_parameter_layers(network);
  twin->tile_layers = epx_tile_layers(network);
  if (!twin_allocate(twin)) {
    twin_destroy(&twin->base);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the twin with mini-batches of %d",
                    capacity);
  }
  const epx_status_t ways = chip->event_driven ? twin_pace_create(twin, error) : EPX_OK;
  if (ways != EPX_OK) {
    twin_destroy(&twin->base);
    return ways;
  }
  int tiles = 0;
  for (int placed = 0; placed < twin->tile_layers; ++placed) {
    const int i = epx_tile_layer_placed(network, placed);
    epx_status_t made = epx_array_exact(chip) ? EPX_OK : twin_analog_create(twin, i, tiles, error);
    made = made == EPX_OK && epx_pulsed(chip) ? twin_pulsed_create(twin, i, tiles, error) : made;
    if (made != EPX_OK) {
      twin_destroy(&twin->base);
      return made;
    }
    tiles += twin->layer[i].map.row_blocks * twin->layer[i].map.column_blocks;
  }
  for (int i = 0; i < twin->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const epx_tile_shape_t shape = twin_tile_shape(twin, layer, 0);
    layer->driver[0] = epx_driver_of(chip, &shape, false);
    layer->driver[1] = epx_driver_of(chip, &shape, true);
    epx_conv_rows(&layer->conv, layer->forward_rows);
  }
  epx_softmax_init(&twin->softmax);
  twin->noisy = epx_array_noisy(chip) || twin_counts_shares(twin);
  const epx_status_t follows = twin_follow_create(twin, error);
  if (follows != EPX_OK) {
    twin_destroy(&twin->base);
    return follows;
  }
  *substrate = &twin->base;
  return EPX_OK;
}

void epx_twin_activity(const epx_substrate_t *substrate, epx_activity_t *activity) {
  const twin_t *twin = (const twin_t *)substrate;
  *activity = (epx_activity_t){.images = twin->presented, .pulsing = twin->pulsing};
  for (int i = 0; i < twin->workspaces; ++i) {
    const twin_workspace_t *w = &twin->workspace[i];
    activity->free_steps += w->made[0];
    activity->nudged_steps += w->made[1];
    epx_events_add(&activity->driven, &w->events, 1);
    for (int k = 0; k < EPX_COMMAND_KINDS; ++k) {
      epx_pace_add(&activity->pace[k], &w->pace[k], 1);
    }
  }
}

void epx_twin_steps(const epx_substrate_t *substrate, uint64_t *asked, uint64_t *computed) {
  const twin_t *twin = (const twin_t *)substrate;
  *asked = *computed = 0;
  for (int i = 0; i < twin->workspaces; ++i) {
    *asked += twin->workspace[i].asked;
    *computed += twin->workspace[i].computed;
  }
}
