/* SPDX-License-Identifier: Apache-2.0 */
/* How long a command takes: as long as its slowest chain of tiles.
 *
 * Times are clock edges counted from the one at which the nodes see the command, register by
 * register as epx_node, epx_tile, epx_network_port and epx_router have them. A step goes so in each
 * layer:
 *
 *   forward    the tiles drive V vectors; the last one's partial sums reach the home through the
 *              chain of row blocks
 *   backward   the tiles drive P positions
 *   network    the feedback of a finished row of positions leaves while the next row is computed
 *   fire       the neurons below fire, and their states travel to the tiles that drive them next
 *
 * So only the packets of the last row of positions remain at the end of a step. They take as many
 * cycles as the busiest link carries flits of them. Where all packets of the step take the busiest
 * link longer than the arrays work from the second row on, the network decides.
 *
 * The slowest layer is the step. Its cycles are booked on the parts of epx_part_t. */
#include <string.h>

#include "epx_account_internal.h"
#include "epx_patch.h"

/* The first pixel of layer l's input that needs the last row of positions for its feedback; all
 * pixels from this one on do. */
static int last_pixels(const epx_plan_layer_t *layer) {
  return epx_patch_pixels_done(&layer->g, layer->g.out_height - 1);
}

static int pixels(const epx_plan_layer_t *layer) {
  return layer->g.in_height * layer->g.in_width;
}

/* Cycles of the busiest link while feedback of the pixels from `first` on comes down from layer l
 * and, with `states`, the states that this feedback makes go up again. A pixel's states leave only
 * when its neurons have fired, so the two streams do not wholly overlap. */
static double drain_cycles(account_t *a, int l, int first, bool states) {
  const epx_plan_t *plan = a->at.plan;
  const int end = pixels(&plan->layer[l]);
  traffic_clear(&a->traffic);
  traffic_feedback(&a->traffic, l, first, end);
  const double down = account_larger(traffic_hottest(&a->traffic), (double)(end - first));
  if (!states) {
    return down;
  }
  const int below = plan->layer[l].parameter - 1;
  traffic_states(&a->traffic, below, first, end);
  const double both = traffic_hottest(&a->traffic);
  traffic_clear(&a->traffic);
  traffic_states(&a->traffic, below, first, end);
  const double up = traffic_hottest(&a->traffic);
  const double pixel = up / (end - first);
  return account_larger(both, account_larger(down + pixel, up + down / (end - first)));
}

typedef struct chain_t {
  double cycles[EPX_PART_COUNT], total;
} chain_t;

static void spend(chain_t *chain, epx_part_t part, double cycles) {
  chain->cycles[part] += cycles;
  chain->total += cycles;
}

static void keep(chain_t *slow, const chain_t *chain) {
  if (chain->total > slow->total) {
    *slow = *chain;
  }
}

/* The longest way of a header, in cycles, from the homes below layer l to the tiles that their
 * states drive: those of the layer above the homes and, where they take states, of its feedback
 * arrays. */
static double states_way(const epx_plan_t *plan, int l) {
  const epx_plan_layer_t *layer = &plan->layer[l];
  const double way = account_way(plan, layer->parameter, layer->parameter - 1);
  return layer->fed ? account_larger(way, account_way(plan, l, layer->parameter - 1)) : way;
}

double account_drain(account_t *a, int l) {
  return drain_cycles(a, l, last_pixels(&a->at.plan->layer[l]), true);
}

/* The chain of a layer l that acts back, in a step: forward, backward until the edge `words`, and
 * the neurons below. hottest: cycles of the busiest link for all packets of the step. */
static chain_t layer_chain(account_t *a, int l, double words, double hottest) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  chain_t chain = {{0}, 0};
  const double vectors = layer->fed ? (double)layer->positions * layer->window : 0.0;
  const double backward = (double)layer->positions * account_position_cycles(&a->at, l);
  spend(&chain, EPX_PART_FORWARD, vectors * account_vector_cycles(&a->at, l));
  spend(&chain, EPX_PART_BACKWARD, backward);
  spend(&chain, EPX_PART_NETWORK, words + 2.0 - chain.total);
  if (!account_measured(&a->at, l)) { /* else the network's time is in it */
    const double rows_after_first = backward * (layer->g.out_height - 1) / layer->g.out_height;
    const double drain = account_drain(a, l);
    spend(&chain, EPX_PART_NETWORK, account_larger(drain, hottest - rows_after_first));
  }
  spend(&chain, EPX_PART_NETWORK, states_way(plan, l) + 2.0);
  return chain;
}

/* The number of the last pixel that a row block reads. */
static int last_pixel_read(account_t *a, int l, int row_block) {
  const epx_plan_layer_t *layer = &a->at.plan->layer[l];
  int pixel = pixels(layer) - 1;
  while (pixel > 0 && epx_patch_reads(&layer->g, &layer->map, row_block, pixel / layer->g.in_width,
                                      pixel % layer->g.in_width, a->traffic.reads) == 0) {
    --pixel;
  }
  return pixel;
}

/* The edge at which the home of layer l has the sums of the last vector, where inputs arrive pixel
 * by pixel and take at least `pace` cycles in all. A row block starts when the pixels that it reads
 * are there. */
static double inputs_to_sums(account_t *a, int l, double pace) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  traffic_clear(&a->traffic);
  traffic_inputs(&a->traffic, l, 0, pixels(layer));
  const double sent = account_larger(traffic_hottest(&a->traffic), pace);
  const double arrays = account_sums_at_home(&a->at, l) - account_chain_cycles(plan, l);
  double chain = account_chain_cycles(plan, l), end = 0.0;
  for (int rb = 0; rb <= account_last_row(layer); ++rb) {
    const double share = (double)(last_pixel_read(a, l, rb) + 1) / pixels(layer);
    const double way = account_row_block_way(plan, l, rb, layer->parameter - 1);
    end = account_larger(end, sent * share + way + arrays + chain);
    if (rb < account_last_row(layer)) {
      const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
      chain -= account_packet_cycles(plan, from, from + 1, account_partial_bits(plan, l)) + 2.0;
    }
  }
  return end;
}

/* The edge at which states have gone to the read-out and the softmax of its logits is done. */
static double logits_at(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  const int l = plan->layers;
  double at = inputs_to_sums(a, l, (double)plan->layer[l - 1].positions);
  if (plan->layer[l].map.column_blocks > 1) {
    traffic_clear(&a->traffic);
    traffic_logits(&a->traffic);
    at += traffic_hottest(&a->traffic) + account_way(plan, l, l);
  }
  return at + 2.0 * plan->layer[l].g.units - 1.0;
}

/* Errors from the softmax unit to the last of the read-out's tiles. */
static double error_cycles(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  if (plan->layer[plan->layers].map.row_blocks * plan->layer[plan->layers].map.column_blocks == 1) {
    return 0.0;
  }
  traffic_clear(&a->traffic);
  traffic_errors(&a->traffic);
  return traffic_hottest(&a->traffic) + account_way(plan, plan->layers, plan->layers);
}

static chain_t readout_chain(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  const int l = plan->layers;
  chain_t chain = {{0}, 0};
  spend(&chain, EPX_PART_READOUT, logits_at(a) + 1.0);
  spend(&chain, EPX_PART_READOUT, error_cycles(a) + 1.0);
  spend(&chain, EPX_PART_READOUT, account_position_cycles(&a->at, l) + 2.0);
  spend(&chain, EPX_PART_READOUT, drain_cycles(a, l, 0, false) + account_way(plan, l, l - 1));
  spend(&chain, EPX_PART_READOUT, 2.0);
  return chain;
}

/* The chain of homes that wait for no feedback: they fire a position a cycle, as its sums come. */
static chain_t firing_chain(const account_view_t *at, int l, double sums) {
  const epx_plan_t *plan = at->plan;
  chain_t chain = {{0}, 0};
  const epx_plan_layer_t *layer = &plan->layer[l];
  const double end = account_larger((double)layer->positions + 1.0, sums + 2.0);
  if (l > 0) {
    spend(&chain, EPX_PART_FORWARD,
          (double)layer->positions * layer->window * account_vector_cycles(at, l));
  }
  spend(&chain, EPX_PART_NETWORK, end - chain.total);
  return chain;
}

/* The chain of tile layer l in a step. `end`: the edge at which its tiles are done with backward
 * products, or, where it makes none, with its sums. */
static chain_t step_chain(account_t *a, int l, double end, double hottest) {
  return a->at.plan->layer[l].acts_back ? layer_chain(a, l, end, hottest)
                                        : firing_chain(&a->at, l, end);
}

/* The mean step of an event-driven chip. Which layer is the last to be done changes from step to
 * step, and the mean over steps of the slowest layer is more than the slowest layer's mean. So each
 * layer's chain counts with the share of the steps that the layer ended, at its mean edge in those
 * steps. Without a measurement the chain is empty. */
static chain_t mean_step(account_t *a, double hottest) {
  const epx_plan_t *plan = a->at.plan;
  chain_t mean = {{0}, 0};
  for (int l = 1; l < plan->tile_layers && account_measured(&a->at, l); ++l) {
    const double times = (double)a->at.pace->last[l] / (double)a->at.pace->commands;
    const chain_t chain = step_chain(a, l, account_step_end(&a->at, l, true), hottest);
    for (int i = 0; i < EPX_PART_COUNT; ++i) {
      mean.cycles[i] += times * chain.cycles[i];
    }
    mean.total += times * chain.total;
  }
  return mean;
}

static chain_t step_time(account_t *a, bool nudged) {
  const epx_plan_t *plan = a->at.plan;
  const double hottest = traffic_hottest(&a->traffic);
  chain_t slow = firing_chain(&a->at, 0, 0.0);
  for (int l = 1; l < plan->layers; ++l) {
    const int back = epx_plan_back(plan, l);
    const double word = account_position_cycles(&a->at, back);
    const double end = account_words_end(a, back, word, 1, true);
    const chain_t chain = layer_chain(a, back, end, hottest);
    /* With feedback arrays, layer l's own forward products are not part of that chain. */
    const chain_t own = firing_chain(&a->at, l, account_sums_at_home(&a->at, l));
    keep(&slow, &chain);
    keep(&slow, &own);
  }
  const chain_t mean = mean_step(a, hottest);
  keep(&slow, &mean);
  if (nudged && plan->readout) {
    const chain_t chain = readout_chain(a);
    keep(&slow, &chain);
  }
  return slow;
}

static chain_t load_time(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *first = &plan->layer[0];
  chain_t chain = {{0}, 0};
  const double sums = inputs_to_sums(a, 0, (double)pixels(first));
  spend(&chain, EPX_PART_INPUT, sums + 2.0);
  return chain;
}

static chain_t predict_time(account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  chain_t chain = {{0}, 0};
  if (plan->readout) {
    const int home = epx_floorplan_tile(&plan->floor, plan->layers,
                                        account_last_row(&plan->layer[plan->layers]), 0);
    spend(&chain, EPX_PART_READOUT,
          logits_at(a) + account_packet_cycles(plan, home, EPX_HOST, EPX_ACCUMULATOR_BITS));
    return chain;
  }
  const int l = plan->layers - 1;
  spend(
      &chain, EPX_PART_READOUT,
      traffic_hottest(&a->traffic) + account_way(plan, l, -1) + (double)plan->layer[l].g.out_size);
  return chain;
}

static chain_t store_time(account_t *a, bool recall) {
  const epx_plan_t *plan = a->at.plan;
  const double hottest = traffic_hottest(&a->traffic);
  chain_t chain = {{0}, 0};
  double most = 1.0, way = 0.0;
  for (int l = 0; l < plan->layers; ++l) {
    most = account_larger(most, (double)plan->layer[l].positions - 1.0);
    way = l > 0 ? account_larger(way, states_way(plan, epx_plan_back(plan, l))) : way;
  }
  spend(&chain, EPX_PART_STORES,
        recall && plan->layers > 1 ? account_larger(most, account_larger(hottest, most) + way)
                                   : most);
  return chain;
}

/* The edge at which the last of a layer's tiles has taken its correlations. hottest: cycles of the
 * busiest link for all packets of the command. */
static double correlated_at(account_t *a, int l, double hottest) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  const double word = (1.0 + account_slowest(plan, l).rows) * layer->sets;
  if (layer->role == EPX_ROLE_FEEDBACK &&
      !layer->fed) { /* the states of the layer below come now */
    const int below = layer->parameter - 1;
    const double sent = account_larger(hottest, (double)pixels(layer));
    return sent + account_way(plan, l, below) + 2.0 + (double)layer->positions * word;
  }
  return account_words_end(a, l, word, layer->sets, false);
}

static chain_t correlate_time(account_t *a, bool readout) {
  const epx_plan_t *plan = a->at.plan;
  const double hottest = traffic_hottest(&a->traffic);
  chain_t slow = {{0}, 0};
  for (int l = 0; l < plan->tile_layers; ++l) {
    if (plan->layer[l].role != EPX_ROLE_READOUT) {
      chain_t chain = {{0}, 0};
      spend(&chain, EPX_PART_CORRELATIONS, correlated_at(a, l, hottest) + 1.0);
      keep(&slow, &chain);
    }
  }
  if (readout) {
    chain_t chain = {{0}, 0};
    spend(&chain, EPX_PART_CORRELATIONS,
          logits_at(a) + 1.0 + error_cycles(a) + 1.0 + account_slowest(plan, plan->layers).rows +
              2.0);
    keep(&slow, &chain);
  }
  return slow;
}

/* Cycles of a layer's update circuits: the slowest of row block 0, and the slowest of the others.
 */
typedef struct update_cycles_t {
  double first, others;
} update_cycles_t;

static update_cycles_t update_cycles(const account_t *a, int l) {
  const epx_pulsing_t *pulsing = a->pulsing;
  const epx_tile_shape_t tile = account_slowest(a->at.plan, l);
  if (pulsing != NULL && pulsing->updates > 0) {
    const double updates = (double)pulsing->updates;
    return (update_cycles_t){(double)pulsing->first[l] / updates,
                             (double)pulsing->others[l] / updates};
  }
  return (update_cycles_t){(double)((tile.rows + (tile.bias ? 1 : 0)) * tile.units),
                           (double)(tile.rows * tile.units)};
}

static chain_t update_time(const account_t *a) {
  const epx_plan_t *plan = a->at.plan;
  chain_t slow = {{0}, 0};
  for (int l = 0; l < plan->tile_layers; ++l) {
    const epx_tile_shape_t tile = account_slowest(plan, l);
    const bool blocks = plan->layer[l].map.row_blocks > 1;
    const update_cycles_t ends = update_cycles(a, l);
    double end = ends.first;
    if (tile.bias && blocks) {
      const int from = plan->floor.first_tile[l];
      end += account_packet_cycles(plan, from, from + account_last_row(&plan->layer[l]),
                                   (int64_t)tile.units * epx_qformat_bits(plan->chip->bias));
    }
    chain_t chain = {{0}, 0};
    spend(&chain, EPX_PART_UPDATE, (blocks ? account_larger(end, ends.others) : end) + 4.0);
    keep(&slow, &chain);
  }
  return slow;
}

void account_time(account_t *a, epx_command_kind_t kind, bool readout,
                  double cycles[EPX_PART_COUNT]) {
  chain_t chain = {{0}, 0};
  switch (kind) {
    case EPX_COMMAND_LOAD:
      chain = load_time(a);
      break;
    case EPX_COMMAND_FREE_STEP:
    case EPX_COMMAND_NUDGED_STEP:
      chain = step_time(a, kind == EPX_COMMAND_NUDGED_STEP);
      break;
    case EPX_COMMAND_PREDICT:
      chain = predict_time(a);
      break;
    case EPX_COMMAND_STORE:
    case EPX_COMMAND_RECALL:
      chain = store_time(a, kind == EPX_COMMAND_RECALL);
      break;
    case EPX_COMMAND_CORRELATE:
      chain = correlate_time(a, readout);
      break;
    default:
      chain = update_time(a);
      break;
  }
  memcpy(cycles, chain.cycles, sizeof chain.cycles);
  cycles[EPX_PART_BARRIERS] += EPX_BARRIER_CYCLES;
}
