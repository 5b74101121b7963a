/* SPDX-License-Identifier: Apache-2.0 */
/* Whether registers hold every sum that can arrive: what converters can put out, through slices,
 * passes and blocks, to the 32 bits of an accumulator.
 *
 * Of exact arrays a product is at most 255 * 128 a synapse. Of others a line's converter decides.
 * Its N = 2^bits levels lie a step q apart, at least one whole sum (epx_array_range.c), so the last
 * one may lie far beyond what the line can reach; converters without errors stay within a step of
 * the line's sums, and errors of e steps and a gain of 1 + g bring them e steps further, and no
 * further than the last level. Two rows of 4-bit cells behind a 16-bit converter reach 30, and with
 * noise of 65536 steps 65535. */
#include <math.h>

#include "epx_estimator.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_plan_internal.h"

static const double largest_normal = 8.21; /* of array/random's draws */

typedef struct span_t {
  double low, high;
} span_t;

static double larger(double a, double b) {
  return a > b ? a : b;
}
static double smaller(double a, double b) {
  return a < b ? a : b;
}

/* What `lines` driven lines of the largest digit sum up to in one slice; the last counts its
 * highest bit negatively. */
static span_t reach_of(const epx_chip_t *chip, int synapse_bits, int slice, int slices, int lines) {
  const bool last = slice + 1 == slices;
  const int bits = last ? synapse_bits - slice * chip->bits_per_cell : chip->bits_per_cell;
  const double most = (ldexp(1.0, chip->dac.converter.bits) - 1.0) * lines;
  return (span_t){last ? -ldexp(most, bits - 1) : 0.0,
                  most * (last ? ldexp(1.0, bits - 1) - 1.0 : ldexp(1.0, bits) - 1.0)};
}

/* What DACs carry, as a share of the digit: within EPX_DAC_MOST. */
static double carried_of(const epx_converter_t *dac) {
  const double lsb = fabs(dac->offset) + largest_normal * (dac->offset_spread + dac->noise);
  const double most = 1.0 + fabs(dac->gain) + largest_normal * dac->gain_spread +
                      lsb / (ldexp(1.0, dac->bits) - 1.0);
  return smaller(most, EPX_DAC_MOST);
}

/* The most that noise of reads adds to a line, as a share of all its cells at their largest digit;
 * within 8 (epx_array_cells.h). */
static double noise_of(const epx_device_t *device) {
  const bool inverse = device->read_noise.kind == EPX_NOISE_INVERSE;
  const double sigma = device->read_noise.sigma;
  return sigma == 0.0 ? 0.0
                      : smaller(largest_normal * sigma / (1.0 - device->g_min) /
                                    (inverse ? device->g_min : 1.0),
                                8.0);
}

/* What the line's sums can be: what cells of devices count lies up to the digits' range below it,
 * where conductances fall below g_min. */
static span_t sums_of(const epx_chip_t *chip, span_t reach) {
  const double width = reach.high - reach.low;
  if (!epx_device_ideal(&chip->device)) {
    const double noise = noise_of(&chip->device) * width;
    reach.low -= width + noise;
    reach.high += noise;
  }
  const double carried = carried_of(&chip->dac.converter);
  return (span_t){carried * reach.low, carried * reach.high};
}

/* What a lossy converter makes of the sums of a pass whose digits are at most `share` of the
 * largest. A range that follows weights or a batch is one of what the sums can be. Where levels
 * outnumber the sums the range goes on upward. Sums below half a step read as 0 where converters
 * have no errors. */
static span_t converted(const epx_chip_t *chip, span_t reach, double share) {
  const epx_converter_t *adc = &chip->adc.converter;
  const double levels = ldexp(1.0, chip->adc.converter.bits);
  const bool digits = chip->adc.reach == EPX_ADC_REACH_DIGITS;
  span_t sums = sums_of(chip, reach);
  span_t range = digits ? reach : sums;
  sums.low *= share;
  sums.high *= share;
  range.high = larger(range.high, (digits ? range.low * chip->adc.range : 0.0) + levels - 1.0);
  const double step = (range.high - range.low) / larger(levels - 2.0, 1.0) + 0x1p-11;
  const double errors = fabs(adc->offset) + largest_normal * (adc->offset_spread + adc->noise);
  const double gain = 1.0 + fabs(adc->gain) + largest_normal * adc->gain_spread;
  if (digits && errors == 0.0 && gain * larger(-sums.low, sums.high) < 0.5 * (step - 0x1p-10)) {
    return (span_t){0.0, 0.0};
  }
  return (span_t){larger(range.low - step, gain * sums.low - (errors + 0.5) * step),
                  smaller(range.high + step, gain * sums.high + (errors + 0.5) * step)};
}

/* The largest magnitude of what a pass over `lines` lines gives, slices put together. */
static double pass_of(const epx_chip_t *chip, int synapse_bits, int slices, int lines,
                      double share) {
  span_t sum = {0.0, 0.0};
  for (int slice = 0; slice < slices; ++slice) {
    const span_t one = converted(chip, reach_of(chip, synapse_bits, slice, slices, lines), share);
    const double weight = ldexp(1.0, slice * chip->bits_per_cell);
    sum.low += weight * smaller(one.low, 0.0);
    sum.high += weight * larger(one.high, 0.0);
  }
  return larger(-sum.low, sum.high);
}

/* The same of all passes of a code of so many bits, its sign's among them (epx_driver.h). */
static double product_of(const epx_chip_t *chip, int synapse_bits, int slices, int lines,
                         int code_bits, bool is_signed) {
  const int end = code_bits - (is_signed ? 1 : 0), width = chip->dac.converter.bits;
  const double most = ldexp(1.0, width) - 1.0;
  const int first = chip->dac.codes == EPX_DAC_ROUNDED && end > width ? end - width : 0;
  double sum = 0.0;
  for (int bit = first; bit < end; bit += width) {
    const double largest = ldexp(1.0, bit + width < end ? width : end - bit) - 1.0;
    sum += ldexp(pass_of(chip, synapse_bits, slices, lines, largest / most), bit);
  }
  return is_signed ? sum + ldexp(pass_of(chip, synapse_bits, slices, lines, 1.0 / most), end) : sum;
}

/* The largest forward product of a unit of a layer; and what a row of its arrays gives back. */
static double forward_most(const epx_plan_t *plan, const epx_plan_layer_t *layer) {
  const int bits = epx_qformat_bits(layer->synapse);
  double sum = 0.0;
  for (int rb = 0; rb < layer->map.row_blocks; ++rb) {
    int first, end;
    epx_map_rows(&layer->map, rb, &first, &end);
    sum += product_of(plan->chip, bits, layer->map.slices, end - first, layer->code_bits, false);
  }
  return sum;
}
static double backward_most(const epx_plan_t *plan, const epx_plan_layer_t *layer) {
  const int bits = epx_qformat_bits(layer->synapse);
  const bool readout = layer->role == EPX_ROLE_READOUT;
  const int code_bits = readout ? EPX_SOFTMAX_ERROR_BITS : epx_qformat_bits(plan->chip->state);
  double sum = 0.0;
  for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
    int first, end;
    epx_map_units(&layer->map, cb, &first, &end);
    sum += product_of(plan->chip, bits, layer->map.slices, end - first, code_bits, readout);
  }
  return sum;
}

static bool lossy(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_ANALOG && chip->adc.converter.kind != EPX_CONVERTER_IDEAL;
}

typedef struct accumulator_t {
  double up, down; /* largest magnitudes from below and from above, at the accumulator's fraction */
  double terms_above; /* synapses from above */
} accumulator_t;

static accumulator_t accumulator_of(const epx_plan_t *plan, const epx_plan_layer_t *layer) {
  const epx_chip_t *chip = plan->chip;
  const int l = layer->parameter;
  const epx_plan_layer_t *above =
      l + 1 < plan->layers ? &plan->layer[epx_plan_back(plan, l + 1)] : NULL;
  const double area = above == NULL ? 0.0 : (double)(above->g.fan_in / above->g.in_channels);
  accumulator_t sums = {.terms_above = above == NULL ? 0.0 : area * above->g.units};
  if (lossy(chip)) {
    sums.up = forward_most(plan, layer);
    sums.down = above == NULL ? 0.0 : area * backward_most(plan, above);
  } else {
    /* Noise is limited to 8 times the range of digits (epx_array_cells.h), and what DACs carry to 4
     * times their largest digit, of which the error is one of the whole conductance: 8.5 times;
     * what cells count lies up to twice that range below it (g_min). */
    const bool limited = !epx_chip_noisy(chip) && epx_dac_exact(&chip->dac.converter);
    const double beyond = epx_chip_exact(chip) ? 1.0 : limited ? 2.0 : 16.0;
    sums.up = 255.0 * 128.0 * layer->g.fan_in * beyond;
    sums.down = 255.0 * 128.0 * sums.terms_above * beyond;
  }
  sums.up = ldexp(sums.up, layer->forward_shift) * (l == 0 ? 2.0 : 1.0); /* the input's offset */
  sums.down = ldexp(sums.down, layer->backward_shift);
  return sums;
}

static epx_status_t refuse_accumulator(const epx_plan_t *plan, const epx_plan_layer_t *layer,
                                       epx_error_t *error) {
  const accumulator_t sums = accumulator_of(plan, layer);
  const int apart = layer->forward_shift + layer->backward_shift;
  const int bits = ilogb(sums.up + sums.down + 0x1p29) + 2; /* bias and nudge: 2^28 each */
  char key[EPX_LAYER_KEY_SIZE];
  if (apart <= 16 && bits <= EPX_ACCUMULATOR_BITS) {
    return EPX_OK;
  }
  epx_network_layer_key(plan->network, layer->parameter, key);
  if (apart <= 16 && lossy(plan->chip)) {
    return epx_fail(
        error, EPX_ERR_UNSUPPORTED,
        "%s: its accumulator would need %d bits for what %d-bit converters with these "
        "errors can put out over %d row blocks from below and %.0f synapses from above; "
        "it has %d; make chip.array.adc_bits or the errors of chip.array.adc smaller, "
        "or chip.array.rows larger",
        key, bits, plan->chip->adc.converter.bits, layer->map.row_blocks, sums.terms_above,
        EPX_ACCUMULATOR_BITS);
  }
  return epx_fail(error, EPX_ERR_UNSUPPORTED,
                  "%s: its accumulator would need %d bits for a fan-in of %d from "
                  "below and %.0f from above, whose products lie %d bits apart; the twin has 32 "
                  "bits, products at most 16 apart; bring the synapse formats of neighbouring "
                  "layers closer or make the layer smaller",
                  key, bits, layer->g.fan_in, sums.terms_above, apart);
}

/* The product's rows are padded to four channels each, at most: counted in its limit. */
static epx_status_t refuse_kernels(const epx_plan_t *plan, const epx_plan_layer_t *layer,
                                   epx_error_t *error) {
  const int l = layer->parameter;
  const int64_t area = (int64_t)layer->g.kernel_height * layer->g.kernel_width;
  const int64_t forward_k = area * layer->padded_channels;
  const int64_t backward_k = (layer->dense ? 1 : area) * ((layer->g.units + 3) / 4 * 4);
  char key[EPX_LAYER_KEY_SIZE];
  if (forward_k > EPX_GEMM_MAX_K || (l > 0 && l < plan->layers && backward_k > EPX_GEMM_MAX_K)) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "%s: a fan-in of %d, which padding to 4 channels makes %lld, "
                    "and %lld from above; the twin's products have at most %d terms",
                    epx_network_layer_key(plan->network, l, key), layer->g.fan_in,
                    (long long)forward_k, (long long)backward_k, EPX_GEMM_MAX_K);
  }
  return EPX_OK;
}

/* Errors of the softmax unit come back through the read-out's arrays into 32 bits. */
static epx_status_t refuse_push(const epx_plan_t *plan, const epx_plan_layer_t *readout,
                                epx_error_t *error) {
  if (!lossy(plan->chip) || backward_most(plan, readout) < 0x1p31) {
    return EPX_OK;
  }
  return epx_fail(
      error, EPX_ERR_UNSUPPORTED,
      "network.classes (the read-out): errors of %d bits through %d-bit converters with "
      "these errors can give more than %d bits; make chip.array.adc_bits or the errors "
      "of chip.array.adc smaller",
      EPX_SOFTMAX_ERROR_BITS, plan->chip->adc.converter.bits, EPX_ACCUMULATOR_BITS);
}

epx_status_t plan_refuse_sums(const epx_plan_t *plan, int i, epx_error_t *error) {
  const epx_plan_layer_t *layer = &plan->layer[i];
  const int l = layer->parameter;
  const double term = 255.0 * 255.0 * layer->g.out_height * layer->g.out_width;
  const int most = EPX_ESTIMATOR_MAX_COEFFICIENT * epx_switch_sets(plan->network, l);
  if (l < plan->layers && term * most >= 0x1p31) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.layers[%d]: one image's correlation over its %d x %d neurons would "
                    "need more than 32 bits",
                    l, layer->g.out_height, layer->g.out_width);
  }
  epx_status_t status = refuse_accumulator(plan, layer, error);
  status = status == EPX_OK ? refuse_kernels(plan, layer, error) : status;
  if (status == EPX_OK && layer->role == EPX_ROLE_READOUT) {
    status = refuse_push(plan, layer, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  const epx_activation_t activation = plan->network->activation;
  if (activation != EPX_ACTIVATION_HARD_SIGMOID && activation != EPX_ACTIVATION_HARD_SIGMOID_HALF) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "network.activation: the twin's neuron unit has hard_sigmoid and "
                    "hard_sigmoid_half");
  }
  if (l < plan->layers && layer->fraction < plan->chip->state.fraction_bits) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "chip.synapse.format: parameter layer %d has fewer fraction bits in its "
                    "accumulator than chip.state",
                    l);
  }
  return EPX_OK;
}
