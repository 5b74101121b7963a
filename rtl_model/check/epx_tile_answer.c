/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_answer.h"

#include <stdlib.h>
#include <string.h>

#include "epx_array.h"

static const struct {
  epx_tile_output_t output;
  epx_tile_input_t input;
} registers[] = {
    {EPX_TILE_OUT_WEIGHT, EPX_TILE_WEIGHT},
    {EPX_TILE_OUT_SHADOW, EPX_TILE_SHADOW},
    {EPX_TILE_OUT_VELOCITY, EPX_TILE_VELOCITY},
    {EPX_TILE_OUT_BIAS, EPX_TILE_BIAS},
    {EPX_TILE_OUT_LFSR, EPX_TILE_LFSR},
    {EPX_TILE_OUT_BIAS_VELOCITY, EPX_TILE_BIAS_VELOCITY},
    {EPX_TILE_OUT_WRITTEN, EPX_TILE_WRITTEN},
};

static size_t bytes_of(const epx_tile_vectors_t *vectors, int output) {
  const epx_tile_array_t *row = &epx_tile_outputs()[output];
  return epx_tile_array_count(vectors, row) * epx_dtype_size(row->dtype);
}

epx_status_t epx_tile_answer_create(const epx_tile_vectors_t *vectors, epx_tile_answer_t *answer,
                                    epx_error_t *error) {
  epx_tile_answer_t created = {.pulses = 0};
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    created.output[i] = calloc(bytes_of(vectors, i) + 1, 1);
    if (created.output[i] == NULL) {
      epx_tile_answer_clear(&created);
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile's answer");
    }
  }
  for (size_t i = 0; i < sizeof registers / sizeof registers[0]; ++i) {
    const void *from = vectors->input[registers[i].input];
    if (from != NULL) {
      memcpy(created.output[registers[i].output], from, bytes_of(vectors, registers[i].output));
    }
  }
  *answer = created;
  return EPX_OK;
}

void epx_tile_answer_clear(epx_tile_answer_t *answer) {
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    free(answer->output[i]);
    free(answer->came_ps[i]);
    answer->output[i] = NULL;
    answer->came_ps[i] = NULL;
  }
}

static int input_offset(const epx_tile_vectors_t *v) {
  return v->shape.offset ? 1 << (v->shape.input_bits - 1) : 0;
}

/* The tile's array, and what its products need; NULL where products are exact. */
typedef struct multiplier_t {
  epx_array_t *array;
  epx_array_workspace_t *workspace;
} multiplier_t;

/* sums[units] of wordline vector i. */
static void multiply(const epx_tile_vectors_t *v, const multiplier_t *m, int i, int64_t *sums) {
  const uint8_t *x = (const uint8_t *)v->input[EPX_TILE_X] + (size_t)i * (size_t)v->shape.rows;
  const int8_t *weight = v->input[EPX_TILE_WEIGHT];
  const size_t rows = (size_t)v->shape.rows, units = (size_t)v->shape.units;
  if (m->array != NULL) {
    const epx_sc_tile_read_t read = epx_sc_tile_read(&v->draw, v->counts.vectors, i);
    epx_array_forward(m->array, read.command, read.word, x, m->workspace, sums);
  } else {
    memset(sums, 0, units * sizeof *sums);
  }
  for (size_t r = 0; r < rows; ++r) {
    const int64_t code = (m->array != NULL ? 0 : x[r]) - input_offset(v);
    for (size_t u = 0; u < units; ++u) {
      sums[u] += code * weight[r * units + u];
    }
  }
}

static void forward(const epx_tile_vectors_t *v, const multiplier_t *m, int64_t *psum) {
  const int64_t *psum_in = v->input[EPX_TILE_PSUM_IN];
  const size_t units = (size_t)v->shape.units;
  for (size_t i = 0; i < (size_t)v->counts.vectors; ++i) {
    multiply(v, m, (int)i, psum + i * units);
    for (size_t u = 0; psum_in != NULL && u < units; ++u) {
      psum[i * units + u] += psum_in[i * units + u];
    }
  }
}

/* The largest sum of a window (of equals the first) through the neuron unit. */
static void fire(const epx_tile_vectors_t *v, const int64_t *psum, uint8_t *state,
                 uint8_t *switches) {
  const int64_t *operand = v->input[EPX_TILE_OPERAND];
  const size_t units = (size_t)v->shape.units, window = (size_t)v->setup.window;
  const size_t neurons = operand != NULL ? (size_t)v->counts.vectors / window * units : 0;
  for (size_t n = 0; n < neurons; ++n) {
    const int64_t *sums = psum + n / units * window * units + n % units;
    size_t best = 0;
    for (size_t place = 1; place < window; ++place) {
      best = sums[place * units] > sums[best * units] ? place : best;
    }
    const int64_t product = sums[best * units] * (INT64_C(1) << v->setup.forward_shift);
    state[n] = epx_neuron_fire(&v->setup.neuron, product + operand[n]);
    switches[n] = (uint8_t)best;
  }
}

static void backward(const epx_tile_vectors_t *v, const multiplier_t *m, int64_t *out) {
  const int32_t *post = v->input[EPX_TILE_POST];
  const uint8_t *switches = v->input[EPX_TILE_POST_SWITCHES];
  const int8_t *weight = v->input[EPX_TILE_WEIGHT];
  const size_t rows = (size_t)v->shape.rows, units = (size_t)v->shape.units;
  const size_t window = (size_t)v->setup.window;
  for (size_t p = 0; p < (size_t)v->counts.positions; ++p, post += units, switches += units) {
    const epx_sc_tile_read_t read = epx_sc_tile_read(&v->draw, v->counts.positions, (int)p);
    for (size_t place = 0; m->array != NULL && place < window; ++place) {
      epx_array_backward(m->array, read.command, read.word, post, switches, (int)place,
                         m->workspace, out + (p * window + place) * rows);
    }
    for (size_t u = 0; m->array == NULL && u < units; ++u) {
      for (size_t r = 0; r < rows; ++r) {
        out[(p * window + switches[u]) * rows + r] += (int64_t)post[u] * weight[r * units + u];
      }
    }
  }
}

static void correlate(const epx_tile_vectors_t *v, int64_t *correlation, int64_t *bias) {
  const uint8_t *pre = v->input[EPX_TILE_PRE];
  const int32_t *post = v->input[EPX_TILE_TERM_POST];
  const uint8_t *switches = v->input[EPX_TILE_TERM_SWITCHES];
  const int32_t *coefficient = v->input[EPX_TILE_COEFFICIENT];
  const size_t rows = (size_t)v->shape.rows, units = (size_t)v->shape.units;
  for (size_t t = 0; t < (size_t)v->counts.terms; ++t) {
    for (size_t u = 0; u < units; ++u) {
      const int64_t factor = (int64_t)coefficient[t] * post[t * units + u];
      const size_t line = (t * (size_t)v->setup.window + switches[t * units + u]) * rows;
      for (size_t r = 0; r < rows; ++r) {
        correlation[r * units + u] += factor * (pre[line + r] - input_offset(v));
      }
      bias[u] += v->shape.bias ? factor : 0;
    }
  }
}

static void update(const epx_tile_vectors_t *v, const epx_pulsed_t *pulsed,
                   epx_tile_answer_t *answer) {
  const epx_update_circuit_t *circuit = &v->setup.weight_circuit;
  const int64_t *correlation = answer->output[EPX_TILE_OUT_CORRELATION];
  const int64_t *bias_correlation = answer->output[EPX_TILE_OUT_BIAS_CORRELATION];
  int32_t *shadow = answer->output[EPX_TILE_OUT_SHADOW];
  int32_t *velocity = answer->output[EPX_TILE_OUT_VELOCITY];
  int32_t *bias = answer->output[EPX_TILE_OUT_BIAS];
  int32_t *bias_velocity = answer->output[EPX_TILE_OUT_BIAS_VELOCITY];
  int8_t *weight = answer->output[EPX_TILE_OUT_WEIGHT];
  uint32_t *written = answer->output[EPX_TILE_OUT_WRITTEN];
  const epx_qformat_t synapse = epx_chip_synapse(&v->setup.chip, v->setup.place.layer);
  epx_lfsr_t lfsr = {*(uint32_t *)answer->output[EPX_TILE_OUT_LFSR]};
  for (int i = 0; i < v->shape.rows * v->shape.units; ++i) {
    if (pulsed != NULL) {
      const int pulses = abs(epx_pulsed_update(pulsed, circuit, v->draw.update, i / v->shape.units,
                                               i % v->shape.units, correlation[i], &shadow[i],
                                               &velocity[i], &lfsr));
      answer->pulses += (uint64_t)pulses;
      answer->pulse_cycles += pulses > 1 ? (uint64_t)(pulses - 1) : 0;
    } else {
      epx_update_synapse(circuit, correlation[i], &shadow[i], &velocity[i], &lfsr);
    }
    const int8_t code = epx_update_visible(shadow[i], v->setup.chip.shadow_bits, synapse);
    written[i] = code != weight[i] ? v->draw.update : written[i];
    weight[i] = code;
  }
  for (int u = 0; v->shape.bias && u < v->shape.units; ++u) {
    epx_update_synapse(&v->setup.bias_circuit, bias_correlation[u], &bias[u], &bias_velocity[u],
                       &lfsr);
  }
  *(uint32_t *)answer->output[EPX_TILE_OUT_LFSR] = lfsr.state;
}

static void release(multiplier_t *m) {
  epx_array_destroy(m->array);
  epx_array_workspace_destroy(m->workspace);
}

/* The array with these weights where cells or converters are not ideal; else nothing: products are
 * exact. For release, also after a failure. */
static epx_status_t make_multiplier(const epx_tile_vectors_t *v, multiplier_t *m,
                                    epx_error_t *error) {
  const int8_t *weight = v->input[EPX_TILE_WEIGHT];
  const uint32_t *written = v->input[EPX_TILE_WRITTEN];
  const epx_tile_shape_t *shape = &v->shape;
  epx_status_t status = epx_array_create(&v->setup.chip, shape, v->setup.number, &m->array, error);
  if (status == EPX_OK && epx_chip_exact(&v->setup.chip)) { /* its settings were checked */
    epx_array_destroy(m->array);
    m->array = NULL;
    return EPX_OK;
  }
  status = status == EPX_OK
               ? epx_array_workspace_create(shape->rows, shape->units, &m->workspace, error)
               : status;
  for (int i = 0; status == EPX_OK && i < shape->rows * shape->units; ++i) {
    epx_array_write(m->array, i / shape->units, i % shape->units, weight[i],
                    written != NULL ? written[i] : 0);
  }
  status = status == EPX_OK ? epx_array_settle(m->array, NULL, error) : status;
  if (status == EPX_OK && v->input[EPX_TILE_ADC_REACHES] != NULL) {
    status = epx_array_set_reaches(m->array, v->input[EPX_TILE_ADC_REACHES], error);
  }
  return status;
}

epx_status_t epx_tile_answer_compute(const epx_tile_vectors_t *vectors, epx_tile_answer_t *answer,
                                     epx_error_t *error) {
  void **output = answer->output;
  multiplier_t multiplier = {NULL, NULL};
  epx_pulsed_t *pulsed = NULL;
  epx_status_t status = make_multiplier(vectors, &multiplier, error);
  status = status == EPX_OK ? epx_tile_vectors_pulsed(vectors, &pulsed, error) : status;
  if (status == EPX_OK) {
    forward(vectors, &multiplier, output[EPX_TILE_OUT_PSUM]);
    fire(vectors, output[EPX_TILE_OUT_PSUM], output[EPX_TILE_OUT_STATE],
         output[EPX_TILE_OUT_SWITCHES]);
    backward(vectors, &multiplier, output[EPX_TILE_OUT_BACKWARD]);
    correlate(vectors, output[EPX_TILE_OUT_CORRELATION], output[EPX_TILE_OUT_BIAS_CORRELATION]);
  }
  if (status == EPX_OK && vectors->update) {
    update(vectors, pulsed, answer);
  }
  epx_pulsed_destroy(pulsed);
  release(&multiplier);
  return status;
}

epx_status_t epx_tile_answer_expect(const epx_tile_answer_t *answer, epx_tile_vectors_t *vectors,
                                    epx_error_t *error) {
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    if (epx_tile_output_given(vectors, (epx_tile_output_t)i)) {
      const size_t size = bytes_of(vectors, i);
      void *copy = malloc(size + 1);
      if (copy == NULL) {
        return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the expected results");
      }
      memcpy(copy, answer->output[i], size);
      free(vectors->expect[i]);
      vectors->expect[i] = copy;
    }
  }
  return EPX_OK;
}
