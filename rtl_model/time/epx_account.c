/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm: a layer's tiles fall into at most six groups of equal shape; each operation is counted
 * for one tile of a group and multiplied, then the packets of each command are added (epx_traffic),
 * and what nodes do beside their tiles. Times are in epx_account_time.c. */
#include "epx_account.h"

#include <stdlib.h>
#include <string.h>

#include "epx_account_internal.h"
#include "epx_patch.h"

static const char *const part_names[EPX_PART_COUNT] = {"input drive",
                                                       "forward products",
                                                       "backward products",
                                                       "read-out and nudge",
                                                       "network and neurons",
                                                       "state stores",
                                                       "correlations",
                                                       "update (share of the batch)",
                                                       "barriers"};
const char *epx_part_name(epx_part_t part) {
  return part_names[part];
}

double epx_account_array_share(const epx_account_t *account) {
  static const epx_part_t at_work[] = {EPX_PART_FORWARD, EPX_PART_BACKWARD, EPX_PART_CORRELATIONS,
                                       EPX_PART_UPDATE};
  double arrays = 0.0, all = 0.0;
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    all += account->training_cycles[i];
  }
  for (size_t i = 0; i < sizeof at_work / sizeof at_work[0]; ++i) {
    arrays += account->training_cycles[at_work[i]];
  }
  return arrays / all;
}

bool epx_account_applies(const epx_account_t *account, const epx_chip_t *chip) {
  return epx_account_array_share(account) >= 0.92 && account->free_step_cycles >= 5000.0 &&
         chip->buffer_flits > chip->router_cycles && chip->psum_buffer >= 3;
}

/* ---- what the tiles of one layer do ---- */

typedef enum operation_t { FORWARD, FIRE, BACKWARD, CORRELATE, UPDATE } operation_t;

/* Events of tile layer l in the command at work. */
static epx_events_t *of_layer(account_t *a, int l) {
  return &a->events[l];
}

/* times: words for each position, of correlations. */
static void run_tiles(account_t *a, int l, operation_t operation, int times) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  for (int i = 0; i < layer->groups; ++i) {
    const epx_tile_shape_t *tile = &layer->group[i].tile;
    epx_events_t one = {0};
    switch (operation) {
      case FORWARD:
        epx_tile_forward(plan->chip, tile, layer->positions * (uint64_t)layer->window, &one);
        break;
      case FIRE:
        if (tile->pools) {
          epx_tile_fire(tile, layer->positions, &one);
        }
        break;
      case BACKWARD:
        epx_tile_backward(plan->chip, tile, layer->positions, &one);
        break;
      case CORRELATE:
        epx_tile_correlate(tile, layer->positions * (uint64_t)times, &one);
        break;
      case UPDATE:
        epx_tile_update(plan->chip, tile, &one);
        break;
    }
    epx_events_add(of_layer(a, l), &one, layer->group[i].count);
  }
}

static uint64_t out_size(const epx_plan_layer_t *layer) {
  return (uint64_t)layer->g.out_size;
}

static int pixels(const epx_plan_layer_t *layer) {
  return layer->g.in_height * layer->g.in_width;
}

/* Packets of one kind, sent between begin_packets and here: `bits` of each value are written to its
 * receiver's memory. */
static void written(account_t *a, const uint64_t before[EPX_OWNERS], int bits) {
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    a->events[owner].state_bits_written +=
        (a->traffic.values[owner] - before[owner]) * (uint64_t)bits;
  }
}

static void begin_packets(const account_t *a, uint64_t before[EPX_OWNERS]) {
  memcpy(before, a->traffic.values, sizeof a->traffic.values);
}

static void send_inputs(account_t *a, int l) {
  uint64_t before[EPX_OWNERS];
  begin_packets(a, before);
  traffic_inputs(&a->traffic, l, 0, pixels(&a->at.plan->layer[l]));
  written(a, before, a->at.plan->layer[l].code_bits);
}

/* States that fired or were recalled, to all that need them in the next step. */
static void send_states(account_t *a, int l) {
  uint64_t before[EPX_OWNERS];
  begin_packets(a, before);
  traffic_states(&a->traffic, l, 0, (int)a->at.plan->layer[l].positions);
  written(a, before, epx_qformat_bits(a->at.plan->chip->state));
}

static void send_posts(account_t *a, int l, int sets) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  uint64_t before[EPX_OWNERS];
  begin_packets(a, before);
  traffic_posts(&a->traffic, l, layer->positions, sets);
  written(a, before, epx_qformat_bits(a->at.plan->chip->state) + sets * layer->switch_bits);
}

static void send_switches(account_t *a, int l) {
  uint64_t before[EPX_OWNERS];
  begin_packets(a, before);
  traffic_switches(&a->traffic, l);
  written(a, before, a->at.plan->layer[l].switch_bits);
}

static void send_errors(account_t *a) {
  uint64_t before[EPX_OWNERS];
  begin_packets(a, before);
  traffic_errors(&a->traffic);
  written(a, before, EPX_SOFTMAX_ERROR_BITS);
}

static void forward(account_t *a, int l) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  run_tiles(a, l, FORWARD, 1);
  traffic_partials(&a->traffic, l, layer->positions * (uint64_t)layer->window);
}

/* Backward products, their sums gathered where windows overlap, then sent down and added up. */
static void backward(account_t *a, int l) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  const epx_geometry_t *g = &layer->g;
  uint64_t before[EPX_OWNERS], adds[EPX_OWNERS];
  run_tiles(a, l, BACKWARD, 1);
  begin_packets(a, before);
  traffic_feedback(&a->traffic, l, 0, pixels(layer));
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    adds[owner] = a->traffic.values[owner] - before[owner];
  }
  if (layer->convolves && !a->at.plan->chip->event_driven) {
    adds[l] += epx_patch_taps(g) * (uint64_t)g->in_channels * (uint64_t)layer->map.column_blocks;
  }
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    a->events[owner].psum_adds += adds[owner];
    a->events[owner].accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * adds[owner];
  }
}

/* ---- commands ---- */

static void logits(account_t *a) {
  send_inputs(a, a->at.plan->layers);
  forward(a, a->at.plan->layers);
  traffic_logits(&a->traffic);
  of_layer(a, a->at.plan->layers)->softmax_ops +=
      (uint64_t)a->at.plan->layer[a->at.plan->layers].g.units;
}

static void load(account_t *a) {
  const epx_plan_layer_t *first = &a->at.plan->layer[0];
  a->events[EPX_OWNER_HOST].input_bits += (uint64_t)first->g.in_size * (uint64_t)first->code_bits;
  of_layer(a, 0)->accumulator_bits += out_size(first) * EPX_ACCUMULATOR_BITS;
  send_inputs(a, 0);
  forward(a, 0);
}

/* Forward products of state layer l and of its feedback arrays where they pool. */
static void forward_both(account_t *a, int l) {
  const int back = epx_plan_back(a->at.plan, l);
  forward(a, l);
  if (back != l && a->at.plan->layer[back].fed) {
    forward(a, back);
  }
}

void account_step(account_t *a, bool nudged) {
  const epx_plan_t *plan = a->at.plan;
  for (int l = 0; l < plan->layers; ++l) {
    const epx_plan_layer_t *layer = &plan->layer[l];
    run_tiles(a, l, FIRE, 1);
    of_layer(a, l)->accumulator_bits += out_size(layer) * EPX_ACCUMULATOR_BITS * (l > 0 ? 2 : 1);
    send_states(a, l);
    if (l > 0) {
      forward_both(a, l);
      send_posts(a, epx_plan_back(plan, l), 1);
      backward(a, epx_plan_back(plan, l));
    }
  }
  if (nudged) {
    const uint64_t size = out_size(&plan->layer[plan->layers - 1]);
    of_layer(a, plan->layers - 1)->scale_ops += size;
    of_layer(a, plan->layers - 1)->psum_adds += plan->readout ? 0 : size;
  }
  if (nudged && plan->readout) {
    logits(a);
    send_errors(a);
    backward(a, plan->layers);
  }
}

static void predict(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  if (plan->readout) {
    logits(a);
  } else {
    a->events[EPX_OWNER_HOST].softmax_ops += out_size(&plan->layer[plan->layers - 1]);
  }
  traffic_scores(&a->traffic);
}

/* Every state read from one memory and written to another; recalled ones travel again. */
static void store(account_t *a, bool recall, bool switches) {
  const epx_plan_t *plan = a->at.plan;
  for (int l = 0; l < plan->layers; ++l) {
    const epx_plan_layer_t *layer = &plan->layer[l];
    const uint64_t bits = out_size(layer) * (uint64_t)(epx_qformat_bits(plan->chip->state) +
                                                       (switches ? layer->switch_bits : 0));
    of_layer(a, l)->state_bits_read += bits;
    of_layer(a, l)->state_bits_written += bits;
    if (recall) {
      send_states(a, l);
    }
  }
}

static void correlate_tiles(account_t *a, int i) {
  const int sets = a->at.plan->layer[i].sets;
  send_posts(a, i, sets);
  run_tiles(a, i, CORRELATE, sets);
}

static void correlate(account_t *a, bool readout) {
  const epx_plan_t *plan = a->at.plan;
  correlate_tiles(a, 0); /* its switches are static */
  for (int l = 1; l < plan->layers; ++l) {
    const int back = epx_plan_back(plan, l);
    forward_both(a, l);
    correlate_tiles(a, l);
    if (back != l) {
      correlate_tiles(a, back);
      if (!plan->layer[back].fed) { /* it has the states of the layer below for this alone */
        send_inputs(a, back);
      }
    }
    if (plan->layer[l].sets > 1) {
      send_switches(a, l);
    }
  }
  if (readout) {
    logits(a);
    send_errors(a);
    run_tiles(a, plan->layers, CORRELATE, 1);
  }
}

static void update(account_t *a) {
  for (int l = 0; l < a->at.plan->tile_layers; ++l) {
    run_tiles(a, l, UPDATE, 1);
    if (a->at.plan->layer[l].role != EPX_ROLE_FEEDBACK) {
      traffic_biases(&a->traffic, l);
    }
  }
}

/* Events of one command, by owner, and its cycles. */
static void command(account_t *a, epx_command_kind_t kind, bool readout, bool switches,
                    work_t *work) {
  const uint64_t flit_bits = (uint64_t)a->at.plan->chip->flit_bits;
  memset(work, 0, sizeof *work);
  memset(a->events, 0, sizeof a->events);
  traffic_clear(&a->traffic);
  switch (kind) {
    case EPX_COMMAND_LOAD:
      load(a);
      break;
    case EPX_COMMAND_FREE_STEP:
    case EPX_COMMAND_NUDGED_STEP:
      account_step(a, kind == EPX_COMMAND_NUDGED_STEP);
      break;
    case EPX_COMMAND_PREDICT:
      predict(a);
      break;
    case EPX_COMMAND_STORE:
    case EPX_COMMAND_RECALL:
      store(a, kind == EPX_COMMAND_RECALL, switches);
      break;
    case EPX_COMMAND_CORRELATE:
      correlate(a, readout);
      break;
    default:
      update(a);
      break;
  }
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    a->events[owner].noc_bits += a->traffic.flit_hops[owner] * flit_bits;
    work->events[owner] = a->events[owner];
  }
  work->busiest_link = traffic_hottest(&a->traffic);
  a->at.pace = a->pace == NULL ? NULL : &a->pace[kind];
  account_time(a, kind, readout, work->parts);
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    work->cycles += work->parts[i];
  }
}

/* Adds a command's work to the account of training, and of inference. */
static void add(epx_account_t *account, const epx_command_t *command, const work_t *work,
                bool inference) {
  const uint64_t times = (uint64_t)command->times;
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    epx_events_add(&account->training_at.at[owner][command->kind], &work->events[owner], times);
    if (inference) {
      epx_events_add(&account->inference_at.at[owner][command->kind], &work->events[owner], times);
    }
  }
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    account->training_cycles[i] += (double)times * work->parts[i];
    account->inference_cycles[i] += inference ? (double)times * work->parts[i] : 0.0;
  }
  account->kind_cycles[command->kind] += (double)times * work->cycles;
  account->kind_count[command->kind] += times;
  account->training_commands[command->kind] += (double)times;
  account->inference_commands[command->kind] += inference ? (double)times : 0.0;
}

/* One step of either phase, whether the program has it or not. */
static void count_steps(account_t *a, works_t *works, epx_account_t *account) {
  command(a, EPX_COMMAND_FREE_STEP, false, false, &works->free_step);
  command(a, EPX_COMMAND_NUDGED_STEP, false, false, &works->nudged_step);
  const work_t *step = &works->free_step;
  memcpy(account->free_step_at, step->events, sizeof step->events);
  memcpy(account->free_step_parts, step->parts, sizeof step->parts);
  account->free_step_cycles = step->cycles;
  account->network_load = step->busiest_link / step->cycles;
  step = &works->nudged_step;
  memcpy(account->nudged_step_at, step->events, sizeof step->events);
  memcpy(account->nudged_step_parts, step->parts, sizeof step->parts);
  account->nudged_step_cycles = step->cycles;
}

static const work_t *work_of(account_t *a, const epx_command_t *c, works_t *works) {
  if (c->kind == EPX_COMMAND_FREE_STEP || c->kind == EPX_COMMAND_NUDGED_STEP) {
    return c->kind == EPX_COMMAND_FREE_STEP ? &works->free_step : &works->nudged_step;
  }
  const bool readout =
      c->kind == EPX_COMMAND_CORRELATE && a->at.plan->readout && c->terms.readout_coefficient != 0;
  command(a, c->kind, readout, c->switches, &works->other);
  return &works->other;
}

static void count_image(account_t *a, const epx_program_t *program, works_t *works,
                        epx_account_t *account) {
  for (int i = 0; i < program->count; ++i) {
    add(account, &program->command[i], work_of(a, &program->command[i], works),
        i < program->inference);
  }
}

/* The update's cycles are shared by the images of its mini-batch; its events stay whole. */
static void count_update(account_t *a, int batch, work_t *work, epx_account_t *account) {
  command(a, EPX_COMMAND_UPDATE, false, false, work);
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    account->training_at.at[owner][EPX_COMMAND_UPDATE] = work->events[owner];
  }
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    account->training_cycles[i] += work->parts[i] / batch;
  }
  account->kind_cycles[EPX_COMMAND_UPDATE] = work->cycles;
  account->kind_count[EPX_COMMAND_UPDATE] = 1;
  account->training_commands[EPX_COMMAND_UPDATE] = 1.0 / batch;
}

static epx_events_t sum_of(const epx_events_t by_owner[EPX_OWNERS]) {
  epx_events_t sum = {0};
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    epx_events_add(&sum, &by_owner[owner], 1);
  }
  return sum;
}

static void total(epx_account_t *account) {
  account->inference = epx_ledger_total(&account->inference_at);
  account->update = epx_ledger_of_command(&account->training_at, EPX_COMMAND_UPDATE);
  account->training = epx_ledger_total(&account->training_at);
  epx_events_add(&account->training, &account->update, UINT64_MAX); /* -1, modulo 2^64 */
  account->free_step = sum_of(account->free_step_at);
  account->nudged_step = sum_of(account->nudged_step_at);
  for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
    const double count = (double)account->kind_count[kind];
    account->command_cycles[kind] = count > 0.0 ? account->kind_cycles[kind] / count : 0.0;
  }
}

epx_status_t epx_account_of(const epx_plan_t *plan, const epx_dynamics_t *dynamics,
                            const epx_estimator_t *estimator, int batch,
                            const epx_measured_t *measured, epx_account_t *account,
                            epx_error_t *error) {
  const epx_chip_t *chip = plan->chip;
  if (batch < 1 || dynamics->free_steps < 1 || dynamics->nudged_steps < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "an account of %d images, %d free and %d nudged steps; expected at least 1",
                    batch, dynamics->free_steps, dynamics->nudged_steps);
  }
  account_t *a = calloc(1, sizeof *a);
  works_t *works = malloc(sizeof *works);
  epx_status_t status =
      a == NULL || works == NULL
          ? epx_fail(error, EPX_ERR_MEMORY, "out of memory for the account of the chip")
          : traffic_create(plan, &a->traffic, error);
  if (status == EPX_OK) {
    const epx_program_t program = epx_program_of(dynamics, estimator, 1);
    a->at.plan = plan;
    if (measured != NULL && chip->event_driven) {
      a->pace = measured->training.images > 0 ? measured->training.pace : measured->inference.pace;
    }
    if (measured != NULL && chip->pulse_preset > 0) {
      a->pulsing = &measured->training.pulsing;
    }
    *account = (epx_account_t){.tiles = plan->floor.tiles};
    for (int l = 0; l < plan->tile_layers; ++l) {
      account->synapses += (uint64_t)plan->layer[l].g.units * (uint64_t)plan->layer[l].g.fan_in;
    }
    count_steps(a, works, account);
    count_image(a, &program, works, account);
    count_update(a, batch, &works->other, account);
    total(account);
    traffic_destroy(&a->traffic);
    account->inference_images = account->training_images = account->updates = 1;
    if (measured != NULL) {
      account_measure(chip, dynamics, measured, account);
    }
  }
  free(a);
  free(works);
  return status;
}
