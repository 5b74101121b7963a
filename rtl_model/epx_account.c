/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm: a layer's tiles fall into at most six groups of equal shape; each operation is counted
 * for one tile of a group and multiplied, then the traffic between tiles is added. */
#include "epx_account.h"

#include <string.h>

#include "epx_plan.h"

/* What one thing that the chip does takes. */
typedef struct work_t {
  epx_events_t events;
  double cycles[EPX_PART_COUNT];
} work_t;

static const char *const part_names[EPX_PART_COUNT] = {"input drive",
                                                       "forward products",
                                                       "backward products",
                                                       "neuron units",
                                                       "read-out and nudge",
                                                       "state stores",
                                                       "correlations",
                                                       "update (share of the batch)",
                                                       "barriers"};

const char *epx_part_name(epx_part_t part) {
  return part_names[part];
}

static void work_add(work_t *sum, const work_t *work, int times) {
  epx_events_add(&sum->events, &work->events, (uint64_t)times);
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    sum->cycles[i] += times * work->cycles[i];
  }
}

/* ---- operations on one layer: each returns the cycles of its slowest tile ---- */

typedef enum operation_t { FORWARD, FIRE, BACKWARD, CORRELATE, UPDATE } operation_t;

static uint64_t run_tiles(const plan_t *plan, const plan_layer_t *layer, operation_t operation,
                          epx_events_t *events) {
  uint64_t slowest = 0;
  for (int i = 0; i < layer->groups; ++i) {
    epx_tile_shape_t tile = layer->group[i].tile;
    epx_events_t one = {0};
    uint64_t cycles = 0;
    switch (operation) {
      case FORWARD:
        cycles =
            epx_tile_forward(plan->chip, &tile, layer->positions * (uint64_t)layer->window, &one);
        break;
      case BACKWARD:
        cycles = epx_tile_backward(plan->chip, &tile, layer->positions, &one);
        break;
      case FIRE:
        cycles = tile.pools ? epx_tile_fire(&tile, layer->positions, &one) : 0;
        break;
      case CORRELATE:
        cycles = epx_tile_correlate(&tile, layer->positions, &one);
        break;
      case UPDATE:
        cycles = epx_tile_update(plan->chip, &tile, &one);
        break;
    }
    epx_events_add(events, &one, layer->group[i].count);
    slowest = cycles > slowest ? cycles : slowest;
  }
  return slowest;
}

static uint64_t out_size(const plan_layer_t *layer) {
  return (uint64_t)layer->g.out_size;
}

/* Partial sums between row blocks. */
static uint64_t forward(const plan_t *plan, const plan_layer_t *layer, bool fires,
                        epx_events_t *events) {
  const uint64_t vectors = layer->positions * (uint64_t)layer->window;
  const uint64_t hops = (uint64_t)layer->map.row_blocks - 1;
  events->noc_bits += vectors * (uint64_t)layer->g.units * hops * EPX_ACCUMULATOR_BITS;
  uint64_t cycles = run_tiles(plan, layer, FORWARD, events);
  if (fires) {
    run_tiles(plan, layer, FIRE, events);
  }
  return cycles;
}

/* Codes that go to every tile of `layer` that reads them as its input. */
static void send_input(const plan_layer_t *layer, uint64_t codes, epx_events_t *events) {
  const uint64_t bits = codes * (uint64_t)layer->code_bits * layer->copies;
  events->noc_bits += bits;
  events->state_bits_written += bits;
}

/* States and switches of `layer` that go to its other row blocks, for backward and correlations. */
static void send_posts(const plan_layer_t *layer, int bits, epx_events_t *events) {
  const uint64_t sent = out_size(layer) * (uint64_t)bits * ((uint64_t)layer->map.row_blocks - 1);
  events->noc_bits += sent;
  events->state_bits_written += sent;
}

/* Sums of the rows of `layer`: overlapping windows are gathered beside the array, then added up in
 * the layer below. */
static uint64_t backward(const plan_t *plan, const plan_layer_t *layer, epx_events_t *events) {
  const uint64_t returned = (uint64_t)layer->g.in_size * layer->copies;
  const uint64_t gathered = layer->convolves ? layer->positions * (uint64_t)layer->window *
                                                   (uint64_t)layer->map.fan_in *
                                                   (uint64_t)layer->map.column_blocks
                                             : 0;
  events->psum_adds += gathered + returned;
  events->accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * (gathered + returned);
  events->noc_bits += returned * EPX_ACCUMULATOR_BITS;
  return run_tiles(plan, layer, BACKWARD, events);
}

/* ---- the read-out ---- */

static uint64_t logits(const plan_t *plan, epx_events_t *events) {
  const plan_layer_t *readout = &plan->layer[plan->layers];
  send_input(readout, (uint64_t)readout->g.in_size, events);
  events->softmax_ops += (uint64_t)readout->g.units;
  return forward(plan, readout, false, events) + 2 * (uint64_t)readout->g.units;
}

static void predict(const plan_t *plan, work_t *work) {
  if (plan->readout) {
    work->cycles[EPX_PART_READOUT] += (double)logits(plan, &work->events);
  } else {
    const uint64_t classes = out_size(&plan->layer[plan->layers - 1]);
    work->events.softmax_ops += classes;
    work->cycles[EPX_PART_READOUT] += (double)classes;
  }
}

/* The nudge on the last layer, from the states of this step. */
static uint64_t nudge(const plan_t *plan, epx_events_t *events) {
  const plan_layer_t *last = &plan->layer[plan->layers - 1];
  events->scale_ops += out_size(last);
  if (!plan->readout) {
    events->psum_adds += out_size(last);
    return 2 + last->positions;
  }
  const plan_layer_t *readout = &plan->layer[plan->layers];
  const uint64_t cycles = logits(plan, events);
  send_posts(readout, PLAN_ERROR_BITS, events);
  return cycles + backward(plan, readout, events) + last->positions;
}

/* ---- a step ---- */

static void step_neurons(const plan_t *plan, const plan_layer_t *layer, bool first, bool waits,
                         epx_events_t *events) {
  const uint64_t neurons = out_size(layer);
  if (first) { /* fired without a product of its own */
    events->neuron_ops += neurons;
    events->state_bits_written += neurons * (uint64_t)epx_qformat_bits(plan->chip->state);
    events->accumulator_bits += neurons * EPX_ACCUMULATOR_BITS;
  } else if (waits) {
    events->accumulator_bits += 2 * neurons * EPX_ACCUMULATOR_BITS;
  }
}

/* The slowest chain: an array, or the nudge, then the neurons that wait for it. */
typedef struct chain_t {
  uint64_t forward, backward, nudge, neurons;
} chain_t;

static uint64_t chain_cycles(chain_t chain) {
  return chain.forward + chain.backward + chain.nudge + chain.neurons;
}

static void keep_slowest(chain_t *slowest, chain_t chain) {
  if (chain_cycles(chain) > chain_cycles(*slowest)) {
    *slowest = chain;
  }
}

static work_t step(const plan_t *plan, bool nudged) {
  work_t work = {{0}, {0}};
  chain_t slowest = {0, 0, 0, 0}, array[EPX_MAX_LAYERS + 1];
  memset(array, 0, sizeof array);
  for (int l = 0; l < plan->layers; ++l) {
    const plan_layer_t *layer = &plan->layer[l];
    const bool last = l + 1 == plan->layers;
    step_neurons(plan, layer, l == 0, !last || nudged, &work.events);
    if (l > 0) {
      array[l].forward = forward(plan, layer, true, &work.events);
      array[l].backward = backward(plan, layer, &work.events);
      send_posts(layer, epx_qformat_bits(plan->chip->state) + layer->switch_bits, &work.events);
    }
    if (!last) {
      send_input(&plan->layer[l + 1], out_size(layer), &work.events);
    }
  }
  if (nudged) {
    array[plan->layers].nudge = nudge(plan, &work.events);
  }
  for (int l = 0; l < plan->layers; ++l) {
    const uint64_t neurons =
        plan->layer[l].positions + EPX_HOP_CYCLES * (uint64_t)plan->layer[l].map.row_blocks;
    array[l].neurons = neurons;
    keep_slowest(&slowest, array[l]);
    chain_t fed = array[l + 1];
    fed.neurons = neurons;
    keep_slowest(&slowest, fed);
  }
  work.cycles[EPX_PART_FORWARD] = (double)slowest.forward;
  work.cycles[EPX_PART_BACKWARD] = (double)slowest.backward;
  work.cycles[EPX_PART_READOUT] = (double)slowest.nudge;
  work.cycles[EPX_PART_NEURONS] = (double)slowest.neurons;
  work.cycles[EPX_PART_BARRIERS] = EPX_BARRIER_CYCLES;
  return work;
}

/* ---- phases ---- */

static void load_image(const plan_t *plan, work_t *work) {
  const plan_layer_t *first = &plan->layer[0];
  work->events.input_bits += (uint64_t)first->g.in_size * (uint64_t)first->code_bits;
  send_input(first, (uint64_t)first->g.in_size, &work->events);
  work->events.accumulator_bits += out_size(first) * EPX_ACCUMULATOR_BITS;
  work->cycles[EPX_PART_INPUT] += (double)forward(plan, first, false, &work->events);
}

/* All states read from or written to their store, a position a cycle; recalled ones travel again.
 */
static void store_states(const plan_t *plan, bool recall, bool switches, work_t *work) {
  uint64_t slowest = 0;
  for (int l = 0; l < plan->layers; ++l) {
    const plan_layer_t *layer = &plan->layer[l];
    const uint64_t bits = out_size(layer) * (uint64_t)(epx_qformat_bits(plan->chip->state) +
                                                       (switches ? layer->switch_bits : 0));
    work->events.state_bits_read += bits;
    work->events.state_bits_written += bits;
    if (recall && l + 1 < plan->layers) {
      send_input(&plan->layer[l + 1], out_size(layer), &work->events);
    }
    slowest = layer->positions > slowest ? layer->positions : slowest;
  }
  work->cycles[EPX_PART_STORES] += (double)slowest;
}

static void correlate(const plan_t *plan, const epx_phase_t *phase, work_t *work) {
  uint64_t slowest = 0;
  epx_events_t *events = &work->events;
  for (int l = 0; l < plan->layers; ++l) {
    const plan_layer_t *layer = &plan->layer[l];
    uint64_t cycles = l > 0 ? forward(plan, layer, false, events) : 0; /* layer 0's are static */
    send_posts(layer, epx_qformat_bits(plan->chip->state) + layer->switch_bits, events);
    cycles += run_tiles(plan, layer, CORRELATE, events);
    slowest = cycles > slowest ? cycles : slowest;
  }
  if (plan->readout && phase->readout_coefficient != 0) {
    const plan_layer_t *readout = &plan->layer[plan->layers];
    uint64_t cycles = logits(plan, events);
    send_posts(readout, PLAN_ERROR_BITS, events);
    cycles += run_tiles(plan, readout, CORRELATE, events);
    slowest = cycles > slowest ? cycles : slowest;
  }
  work->cycles[EPX_PART_CORRELATIONS] += (double)slowest;
}

static work_t free_phase(const plan_t *plan, int steps) {
  work_t work = {{0}, {0}};
  const work_t one = step(plan, false);
  load_image(plan, &work);
  work_add(&work, &one, steps);
  predict(plan, &work);
  return work;
}

static work_t train_image(const plan_t *plan, const epx_dynamics_t *dynamics,
                          const epx_estimator_t *estimator) {
  const epx_estimator_table_row_t *row = epx_estimator_row(estimator->kind);
  work_t work = free_phase(plan, dynamics->free_steps);
  const work_t nudged = step(plan, true), free = step(plan, false);
  store_states(plan, false, false, &work); /* s* */
  for (int i = 0; i < row->phase_count; ++i) {
    store_states(plan, true, false, &work);
    if (epx_estimator_relaxes(estimator, &row->phases[i])) {
      work_add(&work, row->phases[i].nudge != 0 ? &nudged : &free, dynamics->nudged_steps);
    }
    store_states(plan, false, true, &work); /* s^beta and its switches */
    correlate(plan, &row->phases[i], &work);
  }
  return work;
}

epx_status_t epx_account_make(const epx_network_t *network, const epx_chip_t *chip,
                              const epx_dynamics_t *dynamics, const epx_estimator_t *estimator,
                              int batch, epx_account_t *account, epx_error_t *error) {
  plan_t plan;
  if (batch < 1 || dynamics->free_steps < 1 || dynamics->nudged_steps < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "an account of %d images, %d free and %d nudged steps; expected at least 1",
                    batch, dynamics->free_steps, dynamics->nudged_steps);
  }
  const epx_status_t status = plan_make(network, chip, &plan, error);
  if (status != EPX_OK) {
    return status;
  }
  const work_t inference = free_phase(&plan, dynamics->free_steps);
  work_t training = train_image(&plan, dynamics, estimator);
  epx_account_t result = {.inference = inference.events, .training = training.events};
  uint64_t update = 0;
  for (int l = 0; l < plan.parameter_layers; ++l) {
    const plan_layer_t *layer = &plan.layer[l];
    const uint64_t cycles = run_tiles(&plan, layer, UPDATE, &result.update);
    update = cycles > update ? cycles : update;
    result.tiles += layer->map.row_blocks * layer->map.column_blocks;
  }
  training.cycles[EPX_PART_UPDATE] = (double)update / batch;
  memcpy(result.inference_cycles, inference.cycles, sizeof result.inference_cycles);
  memcpy(result.training_cycles, training.cycles, sizeof result.training_cycles);
  *account = result;
  return EPX_OK;
}
