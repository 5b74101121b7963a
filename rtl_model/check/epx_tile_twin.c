/* SPDX-License-Identifier: Apache-2.0 */
/* A tile's share of one training step of the twin. */
#include <stdlib.h>
#include <string.h>

#include "epx_array.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_tile_answer.h"
#include "epx_tile_source.h"
#include "epx_twin_internal.h"
#include "epx_walk.h"

typedef struct cut_t {
  twin_t *twin;
  const epx_tile_step_t *step;
  twin_layer_t *layer;
  int row0, rows, unit0, units; /* the tile's part of the layer */
  int neurons;                  /* pooled positions of the layer */
  epx_tile_vectors_t *v;
  epx_tile_answer_t answer; /* what the twin holds */
  int learning;             /* phases so far from which the layer learns */
} cut_t;

/* Wordlines [first, end) of convolution row m (window by window) of a sample in workspace w. */
static void gather_rows(const cut_t *c, const twin_workspace_t *w, int m, int first, int end,
                        uint8_t *out) {
  twin_gather_lines(c->layer, w->image[c->step->place.layer], m, first, end, out);
}

static int64_t input_offset(const cut_t *c) {
  return c->step->place.layer == 0
             ? INT64_C(1) << (epx_qformat_bits(c->twin->plan->chip->input) - 1)
             : 0;
}

static int8_t code_at(const cut_t *c, int u, int k) {
  return c->layer
      ->code[(size_t)(c->unit0 + u) * (size_t)c->layer->plan->g.fan_in + (size_t)(c->row0 + k)];
}

/* A convolution row's products with the tile's units: of all row blocks, and its own. */
typedef struct products_t {
  int64_t all, own;
} products_t;

static void exact_products(const cut_t *c, const int32_t *sums, const uint8_t *x, products_t *out) {
  for (int u = 0; u < c->units; ++u) {
    out[u] = (products_t){sums[c->unit0 + u], 0};
    for (int k = 0; k < c->rows; ++k) {
      out[u].own += (int64_t)x[k] * code_at(c, u, k);
    }
  }
}

/* Through the twin's arrays. */
static void array_products(const cut_t *c, twin_workspace_t *w, uint64_t draw, int m,
                           products_t *out) {
  const epx_layer_map_t *map = &c->layer->plan->map;
  const epx_tile_place_t *place = &c->step->place;
  gather_rows(c, w, m, 0, map->fan_in, w->lines);
  memset(out, 0, (size_t)c->units * sizeof *out);
  for (int rb = 0; rb < map->row_blocks; ++rb) {
    epx_array_forward(twin_array(c->layer, rb, place->column_block), draw, m,
                      w->lines + rb * map->rows, w->array, w->sums);
    for (int u = 0; u < c->units; ++u) {
      out[u].all += w->sums[u];
      out[u].own += rb == place->row_block ? w->sums[u] : 0;
    }
  }
}

/* Sums of unit u's codes over [first, end) of the layer's rows. */
static int64_t sum_codes(const cut_t *c, int u, int first, int end) {
  int64_t sum = 0;
  for (int k = first; k < end; ++k) {
    sum += c->layer->code[(size_t)(c->unit0 + u) * (size_t)c->layer->plan->g.fan_in + (size_t)k];
  }
  return sum;
}

/* Forward stimulus of one sample: vectors, and the whole layer's sums as the twin makes them; less
 * the tile's own part they are the partial sums of the other row blocks. */
static bool take_forward(cut_t *c, twin_workspace_t *w, int sample) {
  const epx_geometry_t *g = &c->layer->plan->g;
  const int count = c->neurons * c->layer->plan->window, ldc = epx_gemm_padded_n(g->units);
  const uint64_t draw =
      epx_array_command((uint64_t)c->v->draw.image + (uint64_t)sample, c->v->draw.read);
  int64_t *psum = c->answer.output[EPX_TILE_OUT_PSUM], *psum_in = c->v->input[EPX_TILE_PSUM_IN];
  int32_t *sums = malloc((size_t)count * (size_t)ldc * sizeof *sums);
  products_t *products = malloc((size_t)c->units * sizeof *products);
  const bool made = sums != NULL && products != NULL;
  if (made && c->layer->array == NULL) {
    epx_conv_products_u8s8s32(&c->layer->plan->conv, w->image[c->step->place.layer],
                              c->layer->forward_rows, c->layer->packed_forward, w->scratch, sums,
                              ldc);
  }
  for (int m = 0; made && m < count; ++m) {
    const size_t vector = (size_t)sample * (size_t)count + (size_t)m;
    uint8_t *x = (uint8_t *)c->v->input[EPX_TILE_X] + vector * (size_t)c->rows;
    gather_rows(c, w, m, c->row0, c->row0 + c->rows, x);
    if (c->layer->array == NULL) {
      exact_products(c, sums + (size_t)m * (size_t)ldc, x, products);
    } else {
      array_products(c, w, draw, m, products);
    }
    for (int u = 0; u < c->units; ++u) {
      const size_t at = vector * (size_t)c->units + (size_t)u;
      psum[at] = products[u].all - input_offset(c) * sum_codes(c, u, 0, g->fan_in);
      if (psum_in != NULL) {
        psum_in[at] = psum[at] - (products[u].own -
                                  input_offset(c) * sum_codes(c, u, c->row0, c->row0 + c->rows));
      }
    }
  }
  free(sums);
  free(products);
  return made;
}

/* Bias, feedback and nudge of one sample's neurons, from the drives in w. */
static void take_operands(cut_t *c, const twin_workspace_t *w, int sample) {
  const twin_t *twin = c->twin;
  const int l = c->step->place.layer;
  const twin_layer_t *above = l + 1 < twin->plan->layers ? &twin->layer[l + 1] : NULL;
  const size_t stride = above == NULL        ? 0
                        : above->plan->dense ? (size_t)c->layer->plan->g.units
                                             : (size_t)twin_backward_ldc(above);
  int64_t *out = (int64_t *)c->v->input[EPX_TILE_OPERAND] +
                 (size_t)sample * (size_t)c->neurons * (size_t)c->units;
  for (int p = 0; p < c->neurons; ++p) {
    for (int u = 0; u < c->units; ++u) {
      const size_t unit = (size_t)(c->unit0 + u);
      const size_t neuron = (size_t)p * (size_t)c->layer->plan->g.units + unit;
      int64_t operand =
          epx_neuron_bias(c->layer->bias[unit], twin->plan->chip->bias, c->layer->plan->fraction);
      operand += above == NULL ? w->nudge[neuron]
                               : w->backward[l][(size_t)p * stride + unit] *
                                     (INT64_C(1) << c->layer->plan->backward_shift);
      *out++ = operand;
    }
  }
}

/* The read-out's errors of one sample, the tile's classes only. */
static void take_errors(const cut_t *c, twin_workspace_t *w, int sample, int32_t *post) {
  const twin_t *twin = c->twin;
  int64_t logits[256];
  int32_t error[256];
  twin_logits(twin, w, logits);
  epx_softmax_error(&twin->softmax, logits, c->layer->plan->g.units, c->layer->plan->fraction,
                    twin->labels[sample], error);
  memcpy(post + (size_t)sample * (size_t)c->units, error + c->unit0,
         (size_t)c->units * sizeof *post);
}

/* The layer's post codes, among `states`, and their switches `from`, of one sample; the tile's
 * channels only. */
static void take_post(const cut_t *c, twin_workspace_t *w, uint8_t *const *states,
                      const uint8_t *from, int sample, int32_t *post, uint8_t *switches) {
  const int units = c->layer->plan->g.units;
  if (c->v->setup.role == EPX_ROLE_READOUT) {
    take_errors(c, w, sample, post);
    return; /* switches are 0: no window */
  }
  const uint8_t *state = twin_sample(c->twin, states, c->step->place.layer, sample);
  for (int p = 0; p < c->neurons; ++p) {
    for (int u = 0; u < c->units; ++u) {
      const size_t at =
          ((size_t)sample * (size_t)c->neurons + (size_t)p) * (size_t)c->units + (size_t)u;
      const size_t neuron = (size_t)(p * units + c->unit0 + u);
      post[at] = state[neuron];
      switches[at] = c->layer->plan->window == 4 ? from[neuron] : 0;
    }
  }
}

/* Its images, and what drives it. */
static void load_sample(const cut_t *c, twin_workspace_t *w, int sample, double beta) {
  twin_load_input(c->twin, w, sample);
  twin_load_images(c->twin, w, sample);
  w->draw = twin_draw(c->twin, sample, 0);
  twin_products(c->twin, w, sample, beta);
}

/* Before the last step of the first nudged phase: what drives the tile. The posts of layer 0 drive
 * nothing: no state lies below. */
static bool take_step(cut_t *c, double beta) {
  twin_workspace_t *w = &c->twin->workspace[0];
  const size_t neurons = (size_t)(c->neurons * c->step->images) * (size_t)c->units;
  int32_t *post = calloc(neurons, sizeof *post);
  uint8_t *switches = calloc(neurons, 1);
  bool whole = post != NULL && switches != NULL;
  c->v->draw = (epx_sc_tile_draw_t){
      .image = c->twin->first_image,
      .images = (uint32_t)c->step->images,
      .read = c->step->place.layer == 0 ? 0 : c->twin->reads, /* layer 0's product is static */
      .update = c->twin->counters.updates + 1,
  };
  for (int sample = 0; whole && sample < c->step->images; ++sample) {
    load_sample(c, w, sample, beta);
    whole = c->v->counts.vectors == 0 || take_forward(c, w, sample);
    const int tiles = c->v->setup.tile_layer;
    const uint8_t *from =
        tiles > 0 ? w->switches[tiles]
                  : c->twin->input_switches + (size_t)sample * c->layer->plan->g.out_size;
    take_post(c, w, c->twin->state, from, sample, post, switches);
    if (c->v->setup.role == EPX_ROLE_STATES) {
      take_operands(c, w, sample);
    }
  }
  if (whole && c->v->setup.role == EPX_ROLE_STATES) {
    memcpy(c->answer.output[EPX_TILE_OUT_SWITCHES], switches, neurons);
  }
  if (whole && c->v->counts.positions > 0) {
    memcpy(c->v->input[EPX_TILE_POST], post, neurons * sizeof *post);
    memcpy(c->v->input[EPX_TILE_POST_SWITCHES], switches, neurons);
  }
  free(post);
  free(switches);
  return whole;
}

/* After that step: the states it must have produced. */
static void take_states(cut_t *c) {
  uint8_t *out = c->answer.output[EPX_TILE_OUT_STATE];
  for (int sample = 0; sample < c->step->images; ++sample) {
    const uint8_t *state = twin_sample(c->twin, c->twin->state, c->step->place.layer, sample);
    for (int p = 0; p < c->neurons; ++p, out += c->units) {
      memcpy(out, state + (size_t)(p * c->layer->plan->g.units + c->unit0), (size_t)c->units);
    }
  }
}

/* One sample's terms through the switches of tile layer `through`, from position `first` on. Where
 * feedback arrays learn what the layer's own arrays learn, these are the own arrays' terms. */
static void take_sample_terms(cut_t *c, int through, int sample, size_t first) {
  const twin_t *twin = c->twin;
  const epx_tile_setup_t *setup = &c->v->setup;
  twin_workspace_t *w = &c->twin->workspace[0];
  const bool readout = setup->role == EPX_ROLE_READOUT;
  const bool free_post = setup->role == EPX_ROLE_FEEDBACK && twin_rule_different(twin);
  const size_t units = (size_t)c->units, at = first + (size_t)sample * (size_t)c->neurons;
  const int count = c->neurons * c->layer->plan->window;
  twin_load_images(twin, w, sample);
  w->draw = twin_draw(twin, sample, 0);
  const uint8_t *from = readout ? NULL : twin_learning_switches(twin, w, through, sample);
  take_post(c, w, free_post ? twin->free_state : twin->state, from, sample,
            (int32_t *)c->v->input[EPX_TILE_TERM_POST] + first * units,
            (uint8_t *)c->v->input[EPX_TILE_TERM_SWITCHES] + first * units);
  uint8_t *pre =
      (uint8_t *)c->v->input[EPX_TILE_PRE] + at * (size_t)c->layer->plan->window * (size_t)c->rows;
  for (int m = 0; m < count; ++m, pre += c->rows) {
    gather_rows(c, w, m, c->row0, c->row0 + c->rows, pre);
  }
}

static int sets_of(const cut_t *c) {
  return epx_switch_sets(&c->twin->base.network, c->step->place.layer);
}

/* At the end of a phase: pre vectors, post codes and switches for the local update, after `index`
 * phases' terms. */
static void take_terms(cut_t *c, int index, int coefficient) {
  const int l = c->step->place.layer, tile_layer = c->v->setup.tile_layer, sets = sets_of(c);
  const int learner = twin_shares_gradient(c->twin, tile_layer) ? l : tile_layer;
  const size_t positions = (size_t)(c->neurons * c->step->images);
  for (int set = 0; set < sets; ++set) {
    const size_t first = (size_t)(index * sets + set) * positions;
    for (int sample = 0; sample < c->step->images; ++sample) {
      take_sample_terms(c, set == 0 ? learner : twin_back(c->twin, l), sample, first);
    }
    for (size_t p = 0; p < positions; ++p) {
      ((int32_t *)c->v->input[EPX_TILE_COEFFICIENT])[first + p] = coefficient;
    }
  }
}

/* The tile's registers in the twin, now. */
static void take_registers(const cut_t *c, int8_t *weight, int32_t *shadow, int32_t *velocity,
                           int32_t *bias, int32_t *bias_velocity, uint32_t *lfsr,
                           uint32_t *written) {
  const epx_tile_place_t *place = &c->step->place;
  for (int u = 0; u < c->units; ++u) {
    for (int k = 0; k < c->rows; ++k) {
      const size_t from =
          (size_t)(c->unit0 + u) * (size_t)c->layer->plan->g.fan_in + (size_t)(c->row0 + k);
      const size_t to = (size_t)k * (size_t)c->units + (size_t)u;
      weight[to] = c->layer->code[from];
      shadow[to] = c->layer->shadow[from];
      velocity[to] = c->layer->velocity[from];
      if (written != NULL && c->layer->written != NULL) {
        written[to] = c->layer->written[from];
      }
    }
    if (bias != NULL && c->layer->bias != NULL) {
      bias[u] = c->layer->bias[c->unit0 + u];
      bias_velocity[u] = c->layer->bias_velocity[c->unit0 + u];
    }
  }
  *lfsr = c->layer->lfsr[place->row_block * c->layer->plan->map.column_blocks + place->column_block]
              .state;
}

static void take_correlations(cut_t *c) {
  int64_t *correlation = c->answer.output[EPX_TILE_OUT_CORRELATION];
  int64_t *bias = c->answer.output[EPX_TILE_OUT_BIAS_CORRELATION];
  for (int u = 0; u < c->units; ++u) {
    for (int k = 0; k < c->rows; ++k) {
      correlation[(size_t)k * (size_t)c->units + (size_t)u] =
          c->layer->correlation[(size_t)(c->unit0 + u) * (size_t)c->layer->plan->g.fan_in +
                                (size_t)(c->row0 + k)];
    }
    bias[u] = c->layer->bias_correlation[c->unit0 + u];
  }
}

/* What a phase's correlations count in this layer. */
static int coefficient_of(const epx_phase_t *phase, epx_array_role_t role) {
  return role == EPX_ROLE_READOUT ? phase->readout_coefficient : phase->coefficient;
}

/* What the tile's converters reach. */
static void take_reaches(const cut_t *c, int64_t *reaches) {
  const epx_layer_map_t *map = &c->layer->plan->map;
  const int tile = c->step->place.column_block * map->row_blocks + c->step->place.row_block;
  if (reaches != NULL) {
    memcpy(reaches, c->layer->reaches + epx_map_reaches(map, tile),
           epx_tile_reach_count(&c->v->shape) * sizeof *reaches);
  }
}

/* A phase of the twin's training step; of the first, the last step is the tile's. */
static epx_status_t relax(cut_t *c, const epx_act_t *act, epx_error_t *error) {
  epx_substrate_t *twin = &c->twin->base;
  if (act->phase != 0) {
    return epx_substrate_relax(twin, act->steps, act->beta, error);
  }
  epx_status_t status = epx_substrate_relax(twin, act->steps - 1, act->beta, error);
  if (status == EPX_OK && !take_step(c, act->beta)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile's vectors");
  }
  status = status == EPX_OK ? epx_substrate_relax(twin, 1, act->beta, error) : status;
  if (status == EPX_OK && c->v->setup.role == EPX_ROLE_STATES) {
    take_states(c);
  }
  return status;
}

/* The twin does an act of its training step; the tile's stimulus or expectation is taken there. */
static epx_status_t cut_act(void *context, const epx_act_t *act, epx_error_t *error) {
  cut_t *c = context;
  const epx_tile_step_t *step = c->step;
  epx_substrate_t *twin = &c->twin->base;
  void **in = c->v->input, **out = c->answer.output;
  const epx_batch_t batch = epx_batch_f32(step->x, step->labels, step->images);
  epx_status_t status = EPX_OK;
  switch (act->kind) {
    case EPX_ACT_PRESENT:
      return epx_substrate_present(twin, &batch, error);
    case EPX_ACT_RELAX:
      return relax(c, act, error);
    case EPX_ACT_PREDICT:
      return EPX_OK; /* vectors hold no predictions */
    case EPX_ACT_KEEP_FREE:
      epx_substrate_clear_gradient(twin);
      take_registers(c, in[EPX_TILE_WEIGHT], in[EPX_TILE_SHADOW], in[EPX_TILE_VELOCITY],
                     in[EPX_TILE_BIAS], in[EPX_TILE_BIAS_VELOCITY], in[EPX_TILE_LFSR],
                     in[EPX_TILE_WRITTEN]);
      take_reaches(c, in[EPX_TILE_ADC_REACHES]);
      return epx_substrate_keep_free(twin, error);
    case EPX_ACT_RECALL:
      epx_substrate_recall_free(twin);
      return EPX_OK;
    case EPX_ACT_ACCUMULATE: {
      const int coefficient = coefficient_of(&act->terms, c->v->setup.role);
      if (coefficient != 0) {
        take_terms(c, c->learning++, coefficient);
      }
      return epx_substrate_accumulate(twin, &act->terms, error);
    }
    case EPX_ACT_UPDATE:
      take_correlations(c);
      status = epx_substrate_update(twin, &step->estimator, &step->rule, error);
      take_registers(c, out[EPX_TILE_OUT_WEIGHT], out[EPX_TILE_OUT_SHADOW],
                     out[EPX_TILE_OUT_VELOCITY], out[EPX_TILE_OUT_BIAS],
                     out[EPX_TILE_OUT_BIAS_VELOCITY], out[EPX_TILE_OUT_LFSR],
                     out[EPX_TILE_OUT_WRITTEN]);
      return status;
  }
  return EPX_OK;
}

static epx_status_t run_twin(cut_t *c, epx_error_t *error) {
  const epx_walk_t walk = {&c->step->dynamics, &c->step->estimator, 1, cut_act, c};
  return epx_walk_training(&walk, 1, error);
}

static void locate(cut_t *c, const epx_tile_setup_t *setup) {
  int row_end, unit_end;
  c->layer = &c->twin->layer[setup->tile_layer];
  c->neurons = c->layer->plan->g.out_height * c->layer->plan->g.out_width;
  epx_map_rows(&setup->map, setup->place.row_block, &c->row0, &row_end);
  epx_map_units(&setup->map, setup->place.column_block, &c->unit0, &unit_end);
  c->rows = row_end - c->row0;
  c->units = unit_end - c->unit0;
}

epx_status_t epx_tile_from_twin(epx_substrate_t *twin, const epx_tile_step_t *step,
                                epx_tile_vectors_t **vectors, epx_error_t *error) {
  cut_t c = {.twin = (twin_t *)twin, .step = step};
  epx_tile_setup_t setup;
  epx_status_t status = epx_tile_setup_make(twin, step->place, &step->estimator, &step->rule,
                                            step->images, &setup, error);
  if (status != EPX_OK) {
    return status;
  }
  locate(&c, &setup);
  const epx_estimator_table_row_t *row = epx_estimator_row(step->estimator.kind);
  int learning = 0;
  for (int i = 0; i < row->phase_count; ++i) {
    learning += coefficient_of(&row->phases[i], setup.role) != 0;
  }
  const int positions = c.neurons * step->images;
  const epx_tile_counts_t counts = {setup.fed ? positions * setup.window : 0,
                                    setup.acts_back ? positions : 0,
                                    positions * learning * sets_of(&c)};
  const epx_tile_parts_t parts = {.psum_in = setup.map.row_blocks > 1, .operand = true, true};
  status = epx_tile_vectors_create(&setup, counts, parts, &c.v, error);
  if (status == EPX_OK) {
    status = epx_tile_answer_create(c.v, &c.answer, error);
  }
  uint8_t *const held = c.twin->held; /* the bench has no step before: all is driven whole */
  c.twin->held = NULL;
  status = status == EPX_OK ? run_twin(&c, error) : status;
  c.twin->held = held;
  twin_event_forget(c.twin);
  status = status == EPX_OK ? epx_tile_answer_expect(&c.answer, c.v, error) : status;
  epx_tile_answer_clear(&c.answer);
  if (status == EPX_OK) {
    /* Its feedback is a sum over tiles: of one tile's part the twin knows nothing. */
    free(c.v->expect[EPX_TILE_OUT_BACKWARD]);
    c.v->expect[EPX_TILE_OUT_BACKWARD] = NULL;
    *vectors = c.v;
  } else {
    epx_tile_vectors_destroy(c.v);
  }
  return status;
}
