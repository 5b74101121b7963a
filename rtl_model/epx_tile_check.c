/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_gemm_u8s8s32.h"
#include "epx_twin_internal.h"

/* Stimulus, expectation and the tile's own answer, for one tile. */
typedef struct bench_t {
  twin_t *twin;
  const epx_tile_check_request_t *request;
  twin_layer_t *layer;
  int row0, rows, unit0, units; /* the tile's part of the layer */
  int neurons;                  /* pooled positions of the layer */
  epx_sc_tile_job_t job;
  epx_sc_memory_t memory;
  uint8_t *x, *post, *post_switches, *pre, *term_post, *term_switches;
  int64_t *psum_in, *operand;
  int *coefficient;
  /* expected */
  int64_t *psum, *backward, *correlation, *bias_correlation;
  uint8_t *state;
  int32_t *shadow, *velocity, *bias, *bias_velocity;
  int8_t *weight;
  epx_sc_tile_result_t result;
} bench_t;

static void *zeroed(size_t count, size_t size, bool *failed) {
  void *memory = calloc(count > 0 ? count : 1, size);
  *failed = *failed || memory == NULL;
  return memory;
}

static bool allocate_stimulus(bench_t *b, int terms) {
  bool failed = false;
  const size_t positions = (size_t)(b->neurons * b->request->images);
  const size_t vectors = positions * (size_t)b->layer->window;
  const size_t rows = (size_t)b->rows, units = (size_t)b->units;
  b->x = zeroed(vectors * rows, 1, &failed);
  b->psum_in = zeroed(vectors * units, sizeof *b->psum_in, &failed);
  b->operand = zeroed(positions * units, sizeof *b->operand, &failed);
  b->post = zeroed(positions * units, 1, &failed);
  b->post_switches = zeroed(positions * units, 1, &failed);
  b->pre = zeroed(vectors * rows * (size_t)terms, 1, &failed);
  b->term_post = zeroed(positions * units * (size_t)terms, 1, &failed);
  b->term_switches = zeroed(positions * units * (size_t)terms, 1, &failed);
  b->coefficient = zeroed(positions * (size_t)terms, sizeof *b->coefficient, &failed);
  b->memory.weight = zeroed(rows * units, 1, &failed);
  b->memory.shadow = zeroed(rows * units, sizeof(int32_t), &failed);
  b->memory.velocity = zeroed(rows * units, sizeof(int32_t), &failed);
  b->memory.bias = zeroed(units, sizeof(int32_t), &failed);
  b->memory.bias_velocity = zeroed(units, sizeof(int32_t), &failed);
  return !failed;
}

static bool allocate_answers(bench_t *b) {
  bool failed = false;
  const size_t positions = (size_t)(b->neurons * b->request->images);
  const size_t vectors = positions * (size_t)b->layer->window;
  const size_t rows = (size_t)b->rows, units = (size_t)b->units;
  b->psum = zeroed(vectors * units, sizeof *b->psum, &failed);
  b->state = zeroed(positions * units, 1, &failed);
  b->backward = zeroed(vectors * rows, sizeof *b->backward, &failed);
  b->correlation = zeroed(rows * units, sizeof *b->correlation, &failed);
  b->bias_correlation = zeroed(units, sizeof *b->bias_correlation, &failed);
  b->shadow = zeroed(rows * units, sizeof *b->shadow, &failed);
  b->velocity = zeroed(rows * units, sizeof *b->velocity, &failed);
  b->weight = zeroed(rows * units, 1, &failed);
  b->bias = zeroed(units, sizeof *b->bias, &failed);
  b->bias_velocity = zeroed(units, sizeof *b->bias_velocity, &failed);
  b->result.psum = zeroed(vectors * units, sizeof(int64_t), &failed);
  b->result.state = zeroed(positions * units, 1, &failed);
  b->result.switches = zeroed(positions * units, 1, &failed);
  b->result.backward = zeroed(vectors * rows, sizeof(int64_t), &failed);
  b->result.correlation = zeroed(rows * units, sizeof(int64_t), &failed);
  b->result.bias_correlation = zeroed(units, sizeof(int64_t), &failed);
  return !failed;
}

static void release(bench_t *b) {
  void *const all[] = {b->x,
                       b->psum_in,
                       b->operand,
                       b->post,
                       b->post_switches,
                       b->pre,
                       b->term_post,
                       b->term_switches,
                       b->coefficient,
                       b->memory.weight,
                       b->memory.shadow,
                       b->memory.velocity,
                       b->memory.bias,
                       b->memory.bias_velocity,
                       b->psum,
                       b->state,
                       b->backward,
                       b->correlation,
                       b->bias_correlation,
                       b->shadow,
                       b->velocity,
                       b->weight,
                       b->bias,
                       b->bias_velocity,
                       b->result.psum,
                       b->result.state,
                       b->result.switches,
                       b->result.backward,
                       b->result.correlation,
                       b->result.bias_correlation};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    free(all[i]);
  }
}

/* The tile's wordlines of convolution row m (window by window) of a sample in workspace w. */
static void gather_rows(const bench_t *b, const twin_workspace_t *w, int m, uint8_t *out) {
  const epx_geometry_t *g = &b->layer->g;
  const uint8_t *patch = w->image[b->request->layer] + epx_conv_patch_at(&b->layer->conv, m);
  for (int k = b->row0; k < b->row0 + b->rows; ++k) {
    const int c = k % g->in_channels, area = k / g->in_channels;
    const int ky = area / g->kernel_width, kx = area % g->kernel_width;
    *out++ = patch[(size_t)ky * (size_t)twin_image_pitch(b->layer) +
                   (size_t)(kx * b->layer->padded_channels + c)];
  }
}

static int64_t input_offset(const bench_t *b) {
  return b->request->layer == 0 ? INT64_C(1) << (epx_qformat_bits(b->twin->chip.input) - 1) : 0;
}

static int8_t code_at(const bench_t *b, int u, int k) {
  return b->layer
      ->code[(size_t)(b->unit0 + u) * (size_t)b->layer->g.fan_in + (size_t)(b->row0 + k)];
}

/* Forward stimulus of one sample: vectors, and the whole layer's sums from the twin's own kernel.
 */
static bool take_forward(bench_t *b, twin_workspace_t *w, int sample) {
  const epx_geometry_t *g = &b->layer->g;
  const int count = b->neurons * b->layer->window, ldc = epx_gemm_padded_n(g->units);
  int32_t *sums = malloc((size_t)count * (size_t)ldc * sizeof *sums);
  if (sums == NULL) {
    return false;
  }
  epx_conv_products_u8s8s32(&b->layer->conv, w->image[b->request->layer], b->layer->forward_rows,
                            b->layer->packed_forward, w->scratch, sums, ldc);
  for (int m = 0; m < count; ++m) {
    const size_t vector = (size_t)sample * (size_t)count + (size_t)m;
    uint8_t *x = b->x + vector * (size_t)b->rows;
    gather_rows(b, w, m, x);
    for (int u = 0; u < b->units; ++u) {
      int64_t all = 0, own = 0;
      for (int k = 0; k < g->fan_in; ++k) {
        all += b->layer->code[(size_t)(b->unit0 + u) * (size_t)g->fan_in + (size_t)k];
      }
      for (int k = 0; k < b->rows; ++k) {
        own += (x[k] - input_offset(b)) * code_at(b, u, k);
      }
      const int64_t whole =
          sums[(size_t)m * (size_t)ldc + (size_t)(b->unit0 + u)] - input_offset(b) * all;
      b->psum[vector * (size_t)b->units + (size_t)u] = whole;
      b->psum_in[vector * (size_t)b->units + (size_t)u] = whole - own;
    }
  }
  free(sums);
  return true;
}

/* Bias, feedback and nudge of one sample's neurons, from the drives in w. */
static void take_operands(bench_t *b, const twin_workspace_t *w, int sample) {
  const twin_t *twin = b->twin;
  const int l = b->request->layer;
  const twin_layer_t *above = l + 1 < twin->layers ? &twin->layer[l + 1] : NULL;
  const size_t stride = above == NULL  ? 0
                        : above->dense ? (size_t)b->layer->g.units
                                       : (size_t)twin_backward_ldc(above);
  for (int p = 0; p < b->neurons; ++p) {
    for (int u = 0; u < b->units; ++u) {
      const size_t unit = (size_t)(b->unit0 + u);
      const size_t neuron = (size_t)p * (size_t)b->layer->g.units + unit;
      int64_t operand =
          epx_round_shift(b->layer->bias[unit], twin->chip.bias.fraction_bits - b->layer->fraction,
                          EPX_ROUND_NEAREST_EVEN, 0);
      operand += above == NULL ? w->nudge[neuron]
                               : w->backward[l][(size_t)p * stride + unit] *
                                     (INT64_C(1) << b->layer->backward_shift);
      b->operand[((size_t)sample * (size_t)b->neurons + (size_t)p) * (size_t)b->units + (size_t)u] =
          operand;
    }
  }
}

/* The layer's post codes and switches of one sample, the tile's channels only. */
static void take_post(const bench_t *b, const twin_workspace_t *w, int sample, uint8_t *post,
                      uint8_t *switches) {
  const int l = b->request->layer, units = b->layer->g.units;
  const uint8_t *state = twin_sample(b->twin, b->twin->state, l, sample);
  for (int p = 0; p < b->neurons; ++p) {
    for (int u = 0; u < b->units; ++u) {
      const size_t at =
          ((size_t)sample * (size_t)b->neurons + (size_t)p) * (size_t)b->units + (size_t)u;
      const size_t neuron = (size_t)(p * units + b->unit0 + u);
      post[at] = state[neuron];
      switches[at] = b->layer->window == 4 ? w->switches[l][neuron] : 0;
    }
  }
}

static void load_sample(const bench_t *b, twin_workspace_t *w, int sample, double beta) {
  twin_load_input(b->twin, w, sample);
  twin_load_images(b->twin, w, sample);
  twin_drives(b->twin, w, sample, beta);
}

/* Before the last step of the first nudged phase: what drives the tile. */
static bool take_step(bench_t *b, double beta) {
  twin_workspace_t *w = &b->twin->workspace[0];
  bool whole = true;
  for (int sample = 0; whole && sample < b->request->images; ++sample) {
    load_sample(b, w, sample, beta);
    whole = take_forward(b, w, sample);
    take_operands(b, w, sample);
    take_post(b, w, sample, b->post, b->post_switches);
  }
  for (int p = 0; p < b->neurons * b->request->images; ++p) {
    for (int u = 0; u < b->units; ++u) {
      const size_t at = (size_t)p * (size_t)b->units + (size_t)u;
      for (int k = 0; k < b->rows; ++k) {
        b->backward[((size_t)p * (size_t)b->layer->window + b->post_switches[at]) *
                        (size_t)b->rows +
                    (size_t)k] += (int64_t)b->post[at] * code_at(b, u, k);
      }
    }
  }
  return whole;
}

/* After that step: the states it must have produced. */
static void take_states(bench_t *b) {
  for (int sample = 0; sample < b->request->images; ++sample) {
    const uint8_t *state = twin_sample(b->twin, b->twin->state, b->request->layer, sample);
    for (int p = 0; p < b->neurons; ++p) {
      memcpy(b->state + ((size_t)sample * (size_t)b->neurons + (size_t)p) * (size_t)b->units,
             state + (size_t)(p * b->layer->g.units + b->unit0), (size_t)b->units);
    }
  }
}

/* At the end of phase `index`: pre vectors, post codes and switches for the local update. */
static void take_terms(bench_t *b, int index, int coefficient) {
  twin_workspace_t *w = &b->twin->workspace[0];
  const size_t positions = (size_t)(b->neurons * b->request->images);
  const size_t first = (size_t)index * positions;
  const int count = b->neurons * b->layer->window;
  for (int sample = 0; sample < b->request->images; ++sample) {
    load_sample(b, w, sample, 0.0);
    take_post(b, w, sample, b->term_post + first * (size_t)b->units,
              b->term_switches + first * (size_t)b->units);
    for (int m = 0; m < count; ++m) {
      const size_t vector =
          first * (size_t)b->layer->window + (size_t)sample * (size_t)count + (size_t)m;
      gather_rows(b, w, m, b->pre + vector * (size_t)b->rows);
    }
  }
  for (size_t p = 0; p < positions; ++p) {
    b->coefficient[first + p] = coefficient;
  }
}

/* The tile's registers in the twin, now. */
static void take_registers(const bench_t *b, int8_t *weight, int32_t *shadow, int32_t *velocity,
                           int32_t *bias, int32_t *bias_velocity) {
  for (int u = 0; u < b->units; ++u) {
    for (int k = 0; k < b->rows; ++k) {
      const size_t from =
          (size_t)(b->unit0 + u) * (size_t)b->layer->g.fan_in + (size_t)(b->row0 + k);
      const size_t to = (size_t)k * (size_t)b->units + (size_t)u;
      weight[to] = b->layer->code[from];
      shadow[to] = b->layer->shadow[from];
      velocity[to] = b->layer->velocity[from];
    }
    bias[u] = b->layer->bias[b->unit0 + u];
    bias_velocity[u] = b->layer->bias_velocity[b->unit0 + u];
  }
}

static void take_correlations(bench_t *b) {
  for (int u = 0; u < b->units; ++u) {
    for (int k = 0; k < b->rows; ++k) {
      b->correlation[(size_t)k * (size_t)b->units + (size_t)u] =
          b->layer->correlation[(size_t)(b->unit0 + u) * (size_t)b->layer->g.fan_in +
                                (size_t)(b->row0 + k)];
    }
    b->bias_correlation[u] = b->layer->bias_correlation[b->unit0 + u];
  }
}

/* One training step of the twin, stopped where the tile's stimulus and expectation show. */
static epx_status_t run_twin(bench_t *b, epx_error_t *error) {
  const epx_tile_check_request_t *request = b->request;
  epx_substrate_t *twin = &b->twin->base;
  const epx_estimator_table_row_t *row = epx_estimator_row(request->estimator.kind);
  twin->ops->present(twin, request->x, request->labels, request->images);
  twin->ops->relax(twin, request->dynamics.free_steps, 0.0);
  twin->ops->keep_free(twin);
  twin->ops->clear_gradient(twin);
  take_registers(b, b->memory.weight, b->memory.shadow, b->memory.velocity, b->memory.bias,
                 b->memory.bias_velocity);
  b->memory.lfsr =
      b->layer->lfsr[request->row_block * b->layer->map.column_blocks + request->column_block]
          .state;
  for (int i = 0; i < row->phase_count; ++i) {
    const double beta = row->phases[i].nudge * request->estimator.beta;
    twin->ops->recall_free(twin);
    if (i == 0) {
      twin->ops->relax(twin, request->dynamics.nudged_steps - 1, beta);
      if (!take_step(b, beta)) {
        return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile check");
      }
      twin->ops->relax(twin, 1, beta);
      take_states(b);
    } else if (epx_estimator_relaxes(&request->estimator, &row->phases[i])) {
      twin->ops->relax(twin, request->dynamics.nudged_steps, beta);
    }
    take_terms(b, i, row->phases[i].coefficient);
    twin->ops->accumulate(twin, &row->phases[i]);
  }
  take_correlations(b);
  b->job.weight_circuit =
      twin_circuit(b->twin, request->layer, false, &request->estimator, &request->rule);
  b->job.bias_circuit =
      twin_circuit(b->twin, request->layer, true, &request->estimator, &request->rule);
  twin->ops->update(twin, &request->estimator, &request->rule);
  take_registers(b, b->weight, b->shadow, b->velocity, b->bias, b->bias_velocity);
  return EPX_OK;
}

static void fill_job(bench_t *b) {
  const int terms = epx_estimator_row(b->request->estimator.kind)->phase_count;
  const int positions = b->neurons * b->request->images;
  epx_sc_tile_job_t *job = &b->job;
  job->chip = &b->twin->chip;
  job->map = &b->layer->map;
  job->layer = b->request->layer;
  job->row_block = b->request->row_block;
  job->column_block = b->request->column_block;
  job->window = b->layer->window;
  job->vectors = positions * b->layer->window;
  job->x = b->x;
  job->psum_in = b->layer->map.row_blocks > 1 ? b->psum_in : NULL;
  job->operand = b->operand;
  job->forward_shift = b->layer->forward_shift;
  job->neuron = b->layer->neuron;
  job->positions = b->request->layer > 0 ? positions : 0;
  job->post = b->post;
  job->post_switches = b->post_switches;
  job->terms = positions * terms;
  job->pre = b->pre;
  job->term_post = b->term_post;
  job->term_switches = b->term_switches;
  job->coefficient = b->coefficient;
  job->update = true;
  job->vcd_path = b->request->vcd_path;
}

/* Compares arrays of any integer type through a reader. */
#define COMPARE(NAME, TYPE, GOT, EXPECTED, COUNT)                                                \
  do {                                                                                           \
    const TYPE *got_ = (GOT), *expected_ = (EXPECTED);                                           \
    epx_tile_check_row_t *row_ = &check->rows[kind++];                                           \
    row_->name = (NAME);                                                                         \
    for (size_t i_ = 0; i_ < (COUNT); ++i_) {                                                    \
      ++row_->compared;                                                                          \
      if (got_[i_] != expected_[i_]) {                                                           \
        if (check->differing + row_->differing == 0) {                                           \
          snprintf(check->first_difference, sizeof check->first_difference,                      \
                   "%s[%zu]: SystemC %" PRId64 ", twin %" PRId64, (NAME), i_, (int64_t)got_[i_], \
                   (int64_t)expected_[i_]);                                                      \
        }                                                                                        \
        ++row_->differing;                                                                       \
      }                                                                                          \
    }                                                                                            \
    check->compared += row_->compared;                                                           \
    check->differing += row_->differing;                                                         \
  } while (0)

static void compare(const bench_t *b, epx_tile_check_t *check) {
  const size_t positions = (size_t)(b->neurons * b->request->images);
  const size_t vectors = positions * (size_t)b->layer->window;
  const size_t rows = (size_t)b->rows, units = (size_t)b->units;
  const size_t biases = b->request->row_block == 0 ? units : 0;
  int kind = 0;
  COMPARE("partial sums", int64_t, b->result.psum, b->psum, vectors * units);
  COMPARE("states", uint8_t, b->result.state, b->state, positions * units);
  if (b->layer->window == 4) {
    COMPARE("switches", uint8_t, b->result.switches, b->post_switches, positions * units);
  }
  if (b->job.positions > 0) {
    COMPARE("transposed products", int64_t, b->result.backward, b->backward, vectors * rows);
  }
  COMPARE("correlations", int64_t, b->result.correlation, b->correlation, rows * units);
  COMPARE("shadow weights", int32_t, b->memory.shadow, b->shadow, rows * units);
  COMPARE("velocities", int32_t, b->memory.velocity, b->velocity, rows * units);
  COMPARE("new weights", int8_t, b->memory.weight, b->weight, rows * units);
  if (biases > 0) {
    COMPARE("biases", int32_t, b->memory.bias, b->bias, biases);
  }
}

/* The closed form of the same job: equal events, equal cycles. */
static void expect_cost(const bench_t *b, epx_tile_check_t *check) {
  const epx_tile_shape_t shape = epx_sc_tile_shape(&b->job);
  const epx_chip_t *chip = b->job.chip;
  const epx_sc_tile_result_t *result = &b->result;
  check->events = result->events;
  check->cycles = result->forward_cycles + result->fire_cycles + result->backward_cycles +
                  result->correlate_cycles + result->update_cycles;
  check->expected_cycles =
      epx_tile_forward(chip, &shape, (uint64_t)b->job.vectors, &check->expected_events);
  check->expected_cycles +=
      epx_tile_fire(&shape, (uint64_t)(b->job.vectors / b->job.window), &check->expected_events);
  if (b->job.positions > 0) {
    check->expected_cycles +=
        epx_tile_backward(chip, &shape, (uint64_t)b->job.positions, &check->expected_events);
  }
  check->expected_cycles +=
      epx_tile_correlate(&shape, (uint64_t)b->job.terms, &check->expected_events);
  check->expected_cycles += epx_tile_update(chip, &shape, &check->expected_events);
}

static epx_status_t locate(bench_t *b, epx_error_t *error) {
  const epx_tile_check_request_t *request = b->request;
  const int layers = b->twin->layers;
  if (request->layer < 0 || request->layer >= layers) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "layer %d; expected 0 to %d (the state layers)",
                    request->layer, layers - 1);
  }
  b->layer = &b->twin->layer[request->layer];
  const epx_layer_map_t *map = &b->layer->map;
  if (request->row_block < 0 || request->row_block >= map->row_blocks ||
      request->column_block < 0 || request->column_block >= map->column_blocks) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "tile %d,%d of layer %d; expected row block 0 to %d, column block 0 to %d",
                    request->row_block, request->column_block, request->layer, map->row_blocks - 1,
                    map->column_blocks - 1);
  }
  b->row0 = request->row_block * map->rows;
  b->rows = map->fan_in - b->row0 < map->rows ? map->fan_in - b->row0 : map->rows;
  b->unit0 = request->column_block * map->weights_per_tile;
  b->units =
      map->units - b->unit0 < map->weights_per_tile ? map->units - b->unit0 : map->weights_per_tile;
  b->neurons = b->layer->g.out_height * b->layer->g.out_width;
  return EPX_OK;
}

epx_status_t epx_tile_check_run(epx_substrate_t *twin, const epx_tile_check_request_t *request,
                                epx_tile_check_t *check, epx_error_t *error) {
  bench_t b = {.twin = (twin_t *)twin, .request = request};
  memset(check, 0, sizeof *check);
  epx_status_t status = locate(&b, error);
  if (status != EPX_OK) {
    return status;
  }
  const int terms = epx_estimator_row(request->estimator.kind)->phase_count;
  if (!allocate_stimulus(&b, terms) || !allocate_answers(&b)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile check of %d images",
                      request->images);
  }
  status = status == EPX_OK ? run_twin(&b, error) : status;
  if (status == EPX_OK) {
    fill_job(&b);
    status = epx_sc_tile_run(&b.job, &b.memory, &b.result, error);
  }
  if (status == EPX_OK) {
    compare(&b, check);
    expect_cost(&b, check);
  }
  release(&b);
  return status;
}
