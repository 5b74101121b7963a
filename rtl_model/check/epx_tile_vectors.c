/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_vectors.h"

#include <stdlib.h>
#include <string.h>

#include "epx_softmax.h"

static const epx_tile_array_t inputs[EPX_TILE_INPUTS] = {
    {"x", "", EPX_DTYPE_U8, "vr"},
    {"psum_in", "", EPX_DTYPE_I64, "vu"},
    {"operand", "", EPX_DTYPE_I64, "nu"},
    {"post", "", EPX_DTYPE_I32, "pu"},
    {"post_switches", "", EPX_DTYPE_U8, "pu"},
    {"pre", "", EPX_DTYPE_U8, "twr"},
    {"term_post", "", EPX_DTYPE_I32, "tu"},
    {"term_switches", "", EPX_DTYPE_U8, "tu"},
    {"coefficient", "", EPX_DTYPE_I32, "t"},
    {"weight", "", EPX_DTYPE_I8, "ru"},
    {"shadow", "", EPX_DTYPE_I32, "ru"},
    {"velocity", "", EPX_DTYPE_I32, "ru"},
    {"bias", "", EPX_DTYPE_I32, "u"},
    {"bias_velocity", "", EPX_DTYPE_I32, "u"},
    {"lfsr", "", EPX_DTYPE_U32, ""},
    {"written", "", EPX_DTYPE_U32, "ru"},
    {"adc_reaches", "", EPX_DTYPE_I64, "le"},
};

static const epx_tile_array_t outputs[EPX_TILE_OUTPUTS] = {
    {"psum", "forward product", EPX_DTYPE_I64, "vu"},
    {"switches", "pooling switches", EPX_DTYPE_U8, "nu"},
    {"state", "neuron states", EPX_DTYPE_U8, "nu"},
    {"backward", "backward product", EPX_DTYPE_I64, "pwr"},
    {"correlation", "correlations", EPX_DTYPE_I64, "ru"},
    {"bias_correlation", "bias correlations", EPX_DTYPE_I64, "u"},
    {"shadow", "shadow weights", EPX_DTYPE_I32, "ru"},
    {"velocity", "velocities", EPX_DTYPE_I32, "ru"},
    {"weight", "new weights", EPX_DTYPE_I8, "ru"},
    {"bias", "biases", EPX_DTYPE_I32, "u"},
    {"bias_velocity", "bias velocities", EPX_DTYPE_I32, "u"},
    {"lfsr", "LFSR", EPX_DTYPE_U32, ""},
    {"written", "writes of cells", EPX_DTYPE_U32, "ru"},
};

const epx_tile_array_t *epx_tile_inputs(void) {
  return inputs;
}

const epx_tile_array_t *epx_tile_outputs(void) {
  return outputs;
}

int64_t epx_tile_get(epx_dtype_t dtype, const void *data, size_t i) {
  switch (dtype) {
    case EPX_DTYPE_I8:
      return ((const int8_t *)data)[i];
    case EPX_DTYPE_U8:
      return ((const uint8_t *)data)[i];
    case EPX_DTYPE_I16:
      return ((const int16_t *)data)[i];
    case EPX_DTYPE_U16:
      return ((const uint16_t *)data)[i];
    case EPX_DTYPE_I32:
      return ((const int32_t *)data)[i];
    case EPX_DTYPE_U32:
      return ((const uint32_t *)data)[i];
    case EPX_DTYPE_I64:
      return ((const int64_t *)data)[i];
    case EPX_DTYPE_U64: {
      const uint64_t value = ((const uint64_t *)data)[i];
      return value > INT64_MAX ? INT64_MAX : (int64_t)value;
    }
    case EPX_DTYPE_F32:
    case EPX_DTYPE_F64:
      break;
  }
  return 0;
}

void epx_tile_set(epx_dtype_t dtype, void *data, size_t i, int64_t value) {
  switch (epx_dtype_size(dtype)) {
    case 1:
      ((uint8_t *)data)[i] = (uint8_t)value;
      break;
    case 4:
      ((uint32_t *)data)[i] = (uint32_t)value;
      break;
    case 8:
      ((int64_t *)data)[i] = value;
      break;
    default:
      break;
  }
}

static size_t extent(const epx_tile_vectors_t *v, char letter) {
  const int window = v->setup.window;
  switch (letter) {
    case 'v':
      return (size_t)v->counts.vectors;
    case 'n':
      return (size_t)(v->counts.vectors / window);
    case 'p':
      return (size_t)v->counts.positions;
    case 't':
      return (size_t)v->counts.terms;
    case 'w':
      return (size_t)window;
    case 'r':
      return (size_t)v->shape.rows;
    case 'l':
      return epx_tile_reach_count(&v->shape) / 2;
    case 'e':
      return 2;
    default:
      return (size_t)v->shape.units;
  }
}

int epx_tile_array_shape(const epx_tile_vectors_t *vectors, const epx_tile_array_t *row,
                         size_t shape[EPX_NPZ_MAX_DIMENSIONS]) {
  int dimensions = 0;
  for (const char *letter = row->shape; *letter != '\0'; ++letter) {
    shape[dimensions++] = extent(vectors, *letter);
  }
  return dimensions;
}

size_t epx_tile_array_count(const epx_tile_vectors_t *vectors, const epx_tile_array_t *row) {
  size_t shape[EPX_NPZ_MAX_DIMENSIONS], count = 1;
  const int dimensions = epx_tile_array_shape(vectors, row, shape);
  for (int d = 0; d < dimensions; ++d) {
    count *= shape[d];
  }
  return count;
}

bool epx_tile_output_given(const epx_tile_vectors_t *v, epx_tile_output_t output) {
  const bool fires = v->input[EPX_TILE_OPERAND] != NULL;
  switch (output) {
    case EPX_TILE_OUT_PSUM:
      return v->counts.vectors > 0;
    case EPX_TILE_OUT_SWITCHES:
      return fires && v->setup.window > 1;
    case EPX_TILE_OUT_STATE:
      return fires;
    case EPX_TILE_OUT_BACKWARD:
      return v->counts.positions > 0;
    case EPX_TILE_OUT_CORRELATION:
      return v->counts.terms > 0;
    case EPX_TILE_OUT_BIAS_CORRELATION:
      return v->counts.terms > 0 && v->shape.bias;
    case EPX_TILE_OUT_BIAS:
    case EPX_TILE_OUT_BIAS_VELOCITY:
      return v->update && v->shape.bias;
    case EPX_TILE_OUT_WRITTEN:
      return v->update && v->input[EPX_TILE_WRITTEN] != NULL;
    default:
      return v->update;
  }
}

static void format_range(epx_qformat_t format, int64_t *low, int64_t *high) {
  *low = epx_qformat_min(format);
  *high = epx_qformat_max(format);
}

static void bits_range(bool is_signed, int bits, int64_t *low, int64_t *high) {
  *low = is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
  *high = (INT64_C(1) << (bits - (is_signed ? 1 : 0))) - 1;
}

void epx_tile_input_range(const epx_tile_vectors_t *v, epx_tile_input_t input, int64_t *low,
                          int64_t *high) {
  switch (input) {
    case EPX_TILE_X:
    case EPX_TILE_PRE:
      bits_range(false, v->shape.input_bits, low, high);
      return;
    case EPX_TILE_POST:
    case EPX_TILE_TERM_POST:
      bits_range(false, v->shape.state_bits, low, high);
      if (v->setup.role == EPX_ROLE_READOUT) {
        *high = 1 << EPX_SOFTMAX_FRACTION;
        *low = -*high;
      }
      return;
    case EPX_TILE_POST_SWITCHES:
    case EPX_TILE_TERM_SWITCHES:
      *low = 0;
      *high = v->setup.window - 1;
      return;
    case EPX_TILE_COEFFICIENT:
      *high = EPX_ESTIMATOR_MAX_COEFFICIENT;
      *low = -*high;
      return;
    case EPX_TILE_WEIGHT:
      format_range(epx_chip_synapse(&v->setup.chip, v->setup.place.layer), low, high);
      return;
    case EPX_TILE_SHADOW:
      format_range(v->setup.weight_circuit.shadow_format, low, high);
      return;
    case EPX_TILE_BIAS:
      format_range(v->setup.bias_circuit.shadow_format, low, high);
      return;
    case EPX_TILE_VELOCITY:
    case EPX_TILE_BIAS_VELOCITY:
      format_range(v->setup.chip.velocity, low, high);
      return;
    case EPX_TILE_LFSR:
      *low = 1;
      *high = UINT32_MAX;
      return;
    case EPX_TILE_ADC_REACHES:
      *high = (INT64_C(1) << (EPX_CONVERTER_SUM_BITS - 1)) - 1;
      *low = -*high;
      return;
    case EPX_TILE_WRITTEN:
      *low = 0;
      *high = UINT32_MAX;
      return;
    default:
      bits_range(true, EPX_ACCUMULATOR_BITS, low, high);
      return;
  }
}

/* Whether the job has that input. */
static bool wanted(const epx_tile_vectors_t *v, epx_tile_parts_t parts, int input) {
  switch (input) {
    case EPX_TILE_PSUM_IN:
      return parts.psum_in && v->counts.vectors > 0;
    case EPX_TILE_OPERAND:
      return parts.operand && v->counts.vectors > 0 && v->setup.role == EPX_ROLE_STATES;
    case EPX_TILE_SHADOW:
    case EPX_TILE_VELOCITY:
      return parts.update;
    case EPX_TILE_BIAS:
    case EPX_TILE_BIAS_VELOCITY:
      return parts.update && v->shape.bias;
    case EPX_TILE_ADC_REACHES:
      return epx_chip_calibrates(&v->setup.chip);
    case EPX_TILE_WRITTEN:
      return !epx_device_ideal(&v->setup.chip.device);
    default:
      return true;
  }
}

epx_status_t epx_tile_vectors_create(const epx_tile_setup_t *setup, epx_tile_counts_t counts,
                                     epx_tile_parts_t parts, epx_tile_vectors_t **vectors,
                                     epx_error_t *error) {
  /* Correlations then stay within 46 bits (epx_scale_apply). */
  const int most = setup->role == EPX_ROLE_READOUT ? 1 << 19 : 1 << 24;
  if (counts.vectors < 0 || counts.positions < 0 || counts.terms < 0 || counts.vectors > most ||
      counts.positions > most || counts.terms > most || counts.vectors % setup->window != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%d vectors, %d backward positions, %d correlation terms; expected 0 to %d of "
                    "each, and vectors in whole windows of %d",
                    counts.vectors, counts.positions, counts.terms, most, setup->window);
  }
  epx_tile_vectors_t *v = calloc(1, sizeof *v);
  bool failed = v == NULL;
  if (!failed) {
    v->setup = *setup;
    v->counts = counts;
    v->update = parts.update;
    v->draw = (epx_sc_tile_draw_t){.images = 1, .update = 1};
    const epx_sc_tile_job_t job = epx_tile_vectors_job(v);
    v->shape = epx_sc_tile_shape(&job);
  }
  for (int i = 0; !failed && i < EPX_TILE_INPUTS; ++i) {
    if (wanted(v, parts, i)) {
      const size_t count = epx_tile_array_count(v, &inputs[i]);
      v->input[i] = calloc(count > 0 ? count : 1, epx_dtype_size(inputs[i].dtype));
      failed = v->input[i] == NULL;
    }
  }
  if (failed) {
    epx_tile_vectors_destroy(v);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile's vectors");
  }
  const epx_sc_tile_job_t job = epx_tile_vectors_job(v);
  v->shape = epx_sc_tile_shape(&job); /* now with what its inputs say */
  const epx_lfsr_t lfsr = epx_tile_lfsr(&setup->chip, setup->tile_layer, setup->place.row_block,
                                        setup->place.column_block);
  *(uint32_t *)v->input[EPX_TILE_LFSR] = lfsr.state;
  *vectors = v;
  return EPX_OK;
}

void epx_tile_vectors_destroy(epx_tile_vectors_t *vectors) {
  if (vectors == NULL) {
    return;
  }
  for (int i = 0; i < EPX_TILE_INPUTS; ++i) {
    free(vectors->input[i]);
  }
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    free(vectors->expect[i]);
  }
  free(vectors);
}

epx_sc_tile_job_t epx_tile_vectors_job(const epx_tile_vectors_t *v) {
  const epx_tile_setup_t *setup = &v->setup;
  return (epx_sc_tile_job_t){
      .chip = &setup->chip,
      .map = &setup->map,
      .layer = setup->place.layer,
      .row_block = setup->place.row_block,
      .column_block = setup->place.column_block,
      .number = setup->number,
      .window = setup->window,
      .role = setup->role,
      .vectors = v->counts.vectors,
      .x = v->input[EPX_TILE_X],
      .psum_in = v->input[EPX_TILE_PSUM_IN],
      .operand = v->input[EPX_TILE_OPERAND],
      .forward_shift = setup->forward_shift,
      .neuron = setup->neuron,
      .positions = v->counts.positions,
      .post = v->input[EPX_TILE_POST],
      .post_switches = v->input[EPX_TILE_POST_SWITCHES],
      .terms = v->counts.terms,
      .pre = v->input[EPX_TILE_PRE],
      .term_post = v->input[EPX_TILE_TERM_POST],
      .term_switches = v->input[EPX_TILE_TERM_SWITCHES],
      .coefficient = v->input[EPX_TILE_COEFFICIENT],
      .update = v->update,
      .weight_circuit = setup->weight_circuit,
      .bias_circuit = setup->bias_circuit,
      .draw = v->draw,
  };
}
