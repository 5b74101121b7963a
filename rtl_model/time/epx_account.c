/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm: a layer's tiles fall into at most six groups of equal shape; each operation is counted
 * for one tile of a group and multiplied, then the packets of each command are added (epx_traffic),
 * and what nodes do beside their tiles. Times are in epx_account_time.c. */
#include "epx_account.h"

#include <string.h>

#include "epx_account_internal.h"
#include "epx_walk.h"

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
    epx_events_add(&a->events, &one, layer->group[i].count);
  }
}

static uint64_t out_size(const epx_plan_layer_t *layer) {
  return (uint64_t)layer->g.out_size;
}

static int pixels(const epx_plan_layer_t *layer) {
  return layer->g.in_height * layer->g.in_width;
}

/* Values that the packets since `before` brought, written to the receivers' memories. */
static void written(account_t *a, uint64_t before, int bits) {
  a->events.state_bits_written += (a->traffic.values - before) * (uint64_t)bits;
}

static void send_inputs(account_t *a, int l) {
  const uint64_t before = a->traffic.values;
  traffic_inputs(&a->traffic, l, 0, pixels(&a->at.plan->layer[l]));
  written(a, before, a->at.plan->layer[l].code_bits);
}

/* States that fired or were recalled, to all that need them in the next step. */
static void send_states(account_t *a, int l) {
  const uint64_t before = a->traffic.values;
  traffic_states(&a->traffic, l, 0, (int)a->at.plan->layer[l].positions);
  written(a, before, epx_qformat_bits(a->at.plan->chip->state));
}

static void send_posts(account_t *a, int l, int sets) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  const uint64_t before = a->traffic.values;
  traffic_posts(&a->traffic, l, layer->positions, sets);
  written(a, before, epx_qformat_bits(a->at.plan->chip->state) + sets * layer->switch_bits);
}

static void send_switches(account_t *a, int l) {
  const uint64_t before = a->traffic.values;
  traffic_switches(&a->traffic, l);
  written(a, before, a->at.plan->layer[l].switch_bits);
}

static void send_errors(account_t *a) {
  const uint64_t before = a->traffic.values;
  traffic_errors(&a->traffic);
  written(a, before, EPX_SOFTMAX_ERROR_BITS);
}

static void forward(account_t *a, int l) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  run_tiles(a, l, FORWARD, 1);
  traffic_partials(&a->traffic, l, layer->positions * (uint64_t)layer->window);
}

/* How many of a kernel's rows (or columns) lie on the image, over all computed positions. */
static uint64_t taps(int positions, int kernel, int stride, int padding, int size) {
  uint64_t sum = 0;
  for (int p = 0; p < positions; ++p) {
    for (int k = 0; k < kernel; ++k) {
      const int at = p * stride - padding + k;
      sum += at >= 0 && at < size;
    }
  }
  return sum;
}

/* Backward products, their sums gathered where windows overlap, then sent down and added up. */
static void backward(account_t *a, int l) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  const epx_geometry_t *g = &layer->g;
  const int pool = g->pool == EPX_POOL_NONE ? 1 : 2;
  run_tiles(a, l, BACKWARD, 1);
  const uint64_t before = a->traffic.values;
  traffic_feedback(&a->traffic, l, 0, pixels(layer));
  uint64_t adds = a->traffic.values - before;
  if (layer->convolves && !a->at.plan->chip->event_driven) {
    adds += taps(g->out_height * pool, g->kernel_height, g->stride, g->padding, g->in_height) *
            taps(g->out_width * pool, g->kernel_width, g->stride, g->padding, g->in_width) *
            (uint64_t)g->in_channels * (uint64_t)layer->map.column_blocks;
  }
  a->events.psum_adds += adds;
  a->events.accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * adds;
}

/* ---- commands ---- */

static void logits(account_t *a) {
  send_inputs(a, a->at.plan->layers);
  forward(a, a->at.plan->layers);
  traffic_logits(&a->traffic);
  a->events.softmax_ops += (uint64_t)a->at.plan->layer[a->at.plan->layers].g.units;
}

static void load(account_t *a) {
  const epx_plan_layer_t *first = &a->at.plan->layer[0];
  a->events.input_bits += (uint64_t)first->g.in_size * (uint64_t)first->code_bits;
  a->events.accumulator_bits += out_size(first) * EPX_ACCUMULATOR_BITS;
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
    a->events.accumulator_bits += out_size(layer) * EPX_ACCUMULATOR_BITS * (l > 0 ? 2 : 1);
    send_states(a, l);
    if (l > 0) {
      forward_both(a, l);
      send_posts(a, epx_plan_back(plan, l), 1);
      backward(a, epx_plan_back(plan, l));
    }
  }
  if (nudged) {
    const uint64_t size = out_size(&plan->layer[plan->layers - 1]);
    a->events.scale_ops += size;
    a->events.psum_adds += plan->readout ? 0 : size;
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
    a->events.softmax_ops += out_size(&plan->layer[plan->layers - 1]);
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
    a->events.state_bits_read += bits;
    a->events.state_bits_written += bits;
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

/* Events and cycles of one command. */
static work_t command(account_t *a, epx_command_kind_t kind, bool readout, bool switches) {
  work_t work = {.busiest_link = 0.0};
  memset(&a->events, 0, sizeof a->events);
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
  work.busiest_link = traffic_hottest(&a->traffic);
  a->events.noc_bits += a->traffic.flit_hops * (uint64_t)a->at.plan->chip->flit_bits;
  work.events = a->events;
  a->at.pace = a->pace == NULL ? NULL : &a->pace[kind];
  account_time(a, kind, readout, work.cycles);
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    work.kind_cycles[kind] += work.cycles[i];
  }
  work.kind_count[kind] = 1;
  return work;
}

static void add(work_t *sum, const work_t *work, int times) {
  epx_events_add(&sum->events, &work->events, (uint64_t)times);
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    sum->cycles[i] += times * work->cycles[i];
  }
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    sum->kind_cycles[i] += times * work->kind_cycles[i];
    sum->kind_count[i] += (uint64_t)times * work->kind_count[i];
  }
}

static void add_command(account_t *a, epx_command_kind_t kind, bool readout, bool switches,
                        work_t *sum) {
  const work_t work = command(a, kind, readout, switches);
  add(sum, &work, 1);
}

/* An image's work so far, as the walk goes through its phases. */
typedef struct image_t {
  account_t *account;
  work_t free, nudged; /* one step each */
  work_t sum, inference;
} image_t;

static epx_status_t count_act(void *context, const epx_act_t *act, epx_error_t *error) {
  image_t *image = context;
  account_t *a = image->account;
  (void)error;
  switch (act->kind) {
    case EPX_ACT_PRESENT:
      add_command(a, EPX_COMMAND_LOAD, false, false, &image->sum);
      break;
    case EPX_ACT_RELAX:
      add(&image->sum, act->beta != 0.0 ? &image->nudged : &image->free, act->steps);
      break;
    case EPX_ACT_PREDICT:
      add_command(a, EPX_COMMAND_PREDICT, false, false, &image->sum);
      image->inference = image->sum;
      break;
    case EPX_ACT_KEEP_FREE:
      add_command(a, EPX_COMMAND_STORE, false, false, &image->sum);
      break;
    case EPX_ACT_RECALL:
      add_command(a, EPX_COMMAND_RECALL, false, false, &image->sum);
      break;
    case EPX_ACT_ACCUMULATE:
      add_command(a, EPX_COMMAND_STORE, false, true, &image->sum);
      add_command(a, EPX_COMMAND_CORRELATE,
                  a->at.plan->readout && act->terms.readout_coefficient != 0, false, &image->sum);
      break;
    case EPX_ACT_UPDATE: /* of the mini-batch, not of an image */
      break;
  }
  return EPX_OK;
}

static epx_status_t count_image(account_t *a, const epx_dynamics_t *dynamics,
                                const epx_estimator_t *estimator, epx_account_t *account,
                                epx_error_t *error) {
  image_t image = {.account = a,
                   .free = command(a, EPX_COMMAND_FREE_STEP, false, false),
                   .nudged = command(a, EPX_COMMAND_NUDGED_STEP, false, false)};
  const epx_walk_t walk = {dynamics, estimator, 1, count_act, &image};
  epx_status_t status = epx_walk_free(&walk, error);
  status = status == EPX_OK ? epx_walk_nudged(&walk, error) : status;
  const work_t free = image.free, nudged = image.nudged, work = image.sum;
  account->network_load = free.busiest_link / free.kind_cycles[EPX_COMMAND_FREE_STEP];
  account->inference = image.inference.events;
  memcpy(account->inference_cycles, image.inference.cycles, sizeof work.cycles);
  account->free_step = free.events;
  account->nudged_step = nudged.events;
  account->free_step_cycles = free.kind_cycles[EPX_COMMAND_FREE_STEP];
  account->nudged_step_cycles = nudged.kind_cycles[EPX_COMMAND_NUDGED_STEP];
  memcpy(account->free_step_parts, free.cycles, sizeof free.cycles);
  memcpy(account->nudged_step_parts, nudged.cycles, sizeof nudged.cycles);
  account->training = work.events;
  memcpy(account->training_cycles, work.cycles, sizeof work.cycles);
  memcpy(account->kind_cycles, work.kind_cycles, sizeof work.kind_cycles);
  memcpy(account->kind_count, work.kind_count, sizeof work.kind_count);
  return status;
}

epx_status_t epx_account_of(const epx_plan_t *plan, const epx_dynamics_t *dynamics,
                            const epx_estimator_t *estimator, int batch,
                            const epx_measured_t *measured, epx_account_t *account,
                            epx_error_t *error) {
  const epx_chip_t *chip = plan->chip;
  account_t a = {.at = {.plan = plan}};
  if (measured != NULL && chip->event_driven) {
    a.pace = measured->training.images > 0 ? measured->training.pace : measured->inference.pace;
  }
  if (measured != NULL && chip->pulse_preset > 0) {
    a.pulsing = &measured->training.pulsing;
  }
  if (batch < 1 || dynamics->free_steps < 1 || dynamics->nudged_steps < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "an account of %d images, %d free and %d nudged steps; expected at least 1",
                    batch, dynamics->free_steps, dynamics->nudged_steps);
  }
  epx_status_t status = traffic_create(plan, &a.traffic, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_account_t result = {.tiles = plan->floor.tiles};
  for (int l = 0; l < plan->tile_layers; ++l) {
    result.synapses += (uint64_t)plan->layer[l].g.units * (uint64_t)plan->layer[l].g.fan_in;
  }
  status = count_image(&a, dynamics, estimator, &result, error);
  const work_t last = command(&a, EPX_COMMAND_UPDATE, false, false);
  result.update = last.events;
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    result.training_cycles[i] += last.cycles[i] / batch;
  }
  result.kind_cycles[EPX_COMMAND_UPDATE] = last.kind_cycles[EPX_COMMAND_UPDATE];
  result.kind_count[EPX_COMMAND_UPDATE] = 1;
  traffic_destroy(&a.traffic);
  if (status != EPX_OK) {
    return status;
  }
  if (measured != NULL) {
    account_measure(chip, dynamics, measured, &result);
  }
  *account = result;
  return EPX_OK;
}

epx_status_t epx_account_make(const epx_network_t *network, const epx_chip_t *chip,
                              const epx_dynamics_t *dynamics, const epx_estimator_t *estimator,
                              int batch, const epx_measured_t *measured, epx_account_t *account,
                              epx_error_t *error) {
  epx_plan_t *plan = NULL;
  epx_status_t status = epx_plan_make(network, chip, dynamics, &plan, error);
  status = status == EPX_OK
               ? epx_account_of(plan, dynamics, estimator, batch, measured, account, error)
               : status;
  epx_plan_destroy(plan);
  return status;
}
