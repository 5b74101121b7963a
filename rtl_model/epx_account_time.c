/* SPDX-License-Identifier: Apache-2.0 */
/* How long a command takes: the slowest chain of tiles.
 *
 * Times count edges from the one at which the nodes see the command, register by register as
 * epx_node, epx_tile, epx_network_port and epx_router have them. A layer's step: its tiles drive V
 * vectors (the partial sums of the last reach the home a chain later), then P positions backward;
 * feedback of finished image rows leaves while the next is computed, so that what remains at the
 * end is the last rows' packets, as many cycles as the busiest link carries flits of them; then
 * neurons fire and their states travel. Where the network as a whole is slower, from the first row
 * on, it decides. */
#include <string.h>

#include "epx_account_internal.h"

static double larger(double a, double b) {
  return a > b ? a : b;
}

/* Layers here are tile layers. The tile of one with most rows and units: the slowest. */
static epx_tile_shape_t slowest(const plan_t *plan, int l) {
  return plan_tile(plan, l, 0, 0);
}

/* The input is driven whole. */
static bool measured(const plan_t *plan, int l) {
  return l > 0 && plan->pace != NULL && plan->pace->commands > 0;
}

static double vector_cycles(const plan_t *plan, int l) {
  const plan_layer_t *layer = &plan->layer[l];
  if (measured(plan, l)) {
    return (double)plan->pace->forward[l] / (double)plan->pace->commands /
           ((double)layer->positions * layer->window);
  }
  const epx_tile_shape_t tile = slowest(plan, l);
  return 1.0 + (double)tile.input_bits *
                   (double)epx_tile_reading_cycles(plan->chip, tile.units * tile.slices);
}

static double position_cycles(const plan_t *plan, int l) {
  if (measured(plan, l)) {
    return (double)plan->pace->backward[l] / (double)plan->pace->commands /
           (double)plan->layer[l].positions;
  }
  const epx_tile_shape_t tile = slowest(plan, l);
  return 1.0 + (double)(tile.window * tile.slices * tile.state_bits) *
                   (double)epx_tile_reading_cycles(plan->chip, tile.rows);
}

/* From a packet's entering an empty queue to its delivery, the network being idle. */
static double packet_cycles(const plan_t *plan, int from, int to, int64_t bits) {
  return (double)(epx_floorplan_hops(&plan->floor, from, to) * plan->chip->router_cycles) + 1.0 +
         (double)(epx_packet_flits(plan->chip, bits) - 1) * traffic_flit_cycles(plan);
}

/* The longest way between tiles of layer l and the homes of layer `below` (-1: the host): cycles of
 * a header. */
static double way_cycles(const plan_t *plan, int l, int below) {
  const epx_layer_map_t *map = &plan->layer[l].map;
  double most = 0.0;
  for (int tile = 0; tile < map->row_blocks * map->column_blocks; ++tile) {
    const int to = plan->floor.first_tile[l] + tile;
    const int homes = below < 0 ? 1 : plan->layer[below].map.column_blocks;
    for (int cb = 0; cb < homes; ++cb) {
      const int home = below < 0 ? EPX_HOST
                                 : epx_floorplan_tile(&plan->floor, below,
                                                      plan->layer[below].map.row_blocks - 1, cb);
      most = larger(most, packet_cycles(plan, home, to, 0) - 1.0);
    }
  }
  return most;
}

static int last_row(const plan_layer_t *layer) {
  return layer->map.row_blocks - 1;
}

static int64_t partial_bits(const plan_t *plan, int l) {
  return (int64_t)slowest(plan, l).units * EPX_ACCUMULATOR_BITS;
}

/* Partial sums from the first row block to the last, the arrays being done. */
static double chain_cycles(const plan_t *plan, int l) {
  double sum = 0.0;
  for (int rb = 0; rb < last_row(&plan->layer[l]); ++rb) {
    const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
    sum += packet_cycles(plan, from, from + 1, partial_bits(plan, l)) + 2.0;
  }
  return sum;
}

/* From one vector to the next: the array's time, or that of its partial sums on their link, or of a
 * credit's way there and back. */
static double vector_period(const plan_t *plan, int l) {
  double period = vector_cycles(plan, l);
  if (plan->layer[l].map.row_blocks > 1) {
    const int from = plan->floor.first_tile[l];
    const double there = packet_cycles(plan, from, from + 1, partial_bits(plan, l));
    const double back = packet_cycles(plan, from + 1, from, 0);
    const int flits = epx_packet_flits(plan->chip, partial_bits(plan, l));
    period = larger(period, flits * traffic_flit_cycles(plan));
    period = larger(period, (there + back + 2.0) / plan->chip->psum_buffer);
  }
  return period;
}

/* The edge at which the home's node has the sums of the last vector. */
static double sums_at_home(const plan_t *plan, int l) {
  const plan_layer_t *layer = &plan->layer[l];
  const double vectors = (double)layer->positions * layer->window;
  return 3.0 + vector_cycles(plan, l) + (vectors - 1.0) * vector_period(plan, l) +
         chain_cycles(plan, l);
}

/* Image rows of layer l's input that only the last row of positions completes: [first, end). */
static int last_pixels(const plan_layer_t *layer) {
  const epx_geometry_t *g = &layer->g;
  const int pool = g->pool == EPX_POOL_NONE ? 1 : 2;
  const int complete = (g->out_height - 1) * pool * g->stride - g->padding;
  return (complete < 0 ? 0 : complete > g->in_height ? g->in_height : complete) * g->in_width;
}

static int pixels(const plan_layer_t *layer) {
  return layer->g.in_height * layer->g.in_width;
}

/* Cycles of the busiest link, while feedback of pixels from `first` on comes down from layer l and
 * the states that it makes go up again; each pixel's states can leave only when it has fired. */
static double drain_cycles(account_t *a, int l, int first, bool states) {
  const plan_t *plan = a->plan;
  const int end = pixels(&plan->layer[l]);
  traffic_clear(&a->traffic);
  traffic_feedback(&a->traffic, l, first, end);
  const double down = larger(traffic_hottest(&a->traffic), (double)(end - first));
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
  return larger(both, larger(down + pixel, up + down / (end - first)));
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

/* A position's posts from the home to the last of its row blocks. */
static double post_cycles(const plan_t *plan, int l, int sets) {
  const plan_layer_t *layer = &plan->layer[l];
  const int bits = epx_qformat_bits(plan->chip->state) + sets * layer->switch_bits;
  const int64_t payload = (int64_t)slowest(plan, l).units * bits;
  const int home = epx_floorplan_tile(&plan->floor, l, last_row(layer), 0);
  double most = 0.0;
  for (int rb = 0; rb < last_row(layer); ++rb) {
    const double queued = rb * epx_packet_flits(plan->chip, payload) * traffic_flit_cycles(plan);
    most = larger(
        most,
        queued + packet_cycles(plan, home, epx_floorplan_tile(&plan->floor, l, rb, 0), payload));
  }
  return most;
}

/* The edges at which a layer's tiles have taken a word for every position in turn, each `word`
 * cycles long: backward products or correlations, after the forward products. */
typedef struct ends_t {
  double home, others;
} ends_t;

/* Without forward products: posts leave the home's memory a position a cycle, or as the link takes
 * them. */
static ends_t ends_from_memory(account_t *a, int l, double word) {
  const plan_t *plan = a->plan;
  const double positions = (double)plan->layer[l].positions, post = post_cycles(plan, l, 1);
  traffic_clear(&a->traffic);
  traffic_posts(&a->traffic, l, plan->layer[l].positions, 1);
  const double sent = traffic_hottest(&a->traffic);
  return (ends_t){.home = 2.0 + positions * word,
                  .others = larger(2.0 + post + positions * word, sent + post + word)};
}

/* From a position's sums at the home to its posts' leaving: where two sets of switches are needed,
 * the way of the other one. */
static double exchange_cycles(const plan_t *plan, int l, int sets) {
  const plan_layer_t *layer = &plan->layer[l];
  if (sets == 1) {
    return 0.0;
  }
  const int back = plan_back(plan, layer->parameter), blocks = last_row(layer);
  return 1.0 + packet_cycles(plan, epx_floorplan_tile(&plan->floor, layer->parameter, blocks, 0),
                             epx_floorplan_tile(&plan->floor, back, blocks, 0),
                             (int64_t)slowest(plan, l).units * layer->switch_bits);
}

static ends_t second_ends(const plan_t *plan, int l, double word, int sets) {
  const plan_layer_t *layer = &plan->layer[l];
  const double positions = (double)layer->positions;
  const double at_home = sums_at_home(plan, l), vectors = positions * layer->window;
  const double first_at_home = at_home - (vectors - layer->window) * vector_period(plan, l);
  const double array = 1.0 + vector_cycles(plan, l) + (vectors - 1.0) * vector_period(plan, l);
  /* The home's sums wait for the chain. A tile before it starts when its array is free and the
   * first posts are there, and ends no sooner than one word after the last. */
  const double home = larger(array, at_home - vector_period(plan, l)) + positions * word;
  const double wait = exchange_cycles(plan, l, sets);
  ends_t ends = {.home = larger(home, at_home + wait + 1.0 + word)};
  if (last_row(layer) > 0) {
    const double post = post_cycles(plan, l, sets) + wait;
    const double start = larger(array, first_at_home + post + 1.0);
    ends.others = larger(start + positions * word, at_home + post + 1.0 + word);
  }
  return ends;
}

/* A pixel's sums along the row blocks of a convolution. */
static double gather_cycles(const plan_t *plan, int l) {
  const plan_layer_t *layer = &plan->layer[l];
  const int64_t bits = (int64_t)layer->g.in_channels * EPX_ACCUMULATOR_BITS;
  double sum = 0.0;
  for (int rb = 0; layer->convolves && rb < last_row(layer); ++rb) {
    const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
    sum += packet_cycles(plan, from, from + 1, bits);
  }
  return sum;
}

/* From the homes below a layer that acts back to all that their states drive: cycles of a header.
 */
static double states_way(const plan_t *plan, int l) {
  const plan_layer_t *layer = &plan->layer[l];
  const double way = way_cycles(plan, layer->parameter, layer->parameter - 1);
  return layer->fed ? larger(way, way_cycles(plan, l, layer->parameter - 1)) : way;
}

/* Layer l of a step, which acts back: forward, backward, and the neurons below. hottest: of all the
 * step's packets. */
static chain_t layer_chain(account_t *a, int l, double hottest) {
  const plan_t *plan = a->plan;
  const plan_layer_t *layer = &plan->layer[l];
  chain_t chain = {{0}, 0};
  const double vectors = layer->fed ? (double)layer->positions * layer->window : 0.0;
  const double word = position_cycles(plan, l), backward = (double)layer->positions * word;
  /* What the row blocks before the home have for a pixel comes along the chain. */
  const ends_t ends = layer->fed ? second_ends(plan, l, word, 1) : ends_from_memory(a, l, word);
  const double end = larger(ends.home, ends.others + gather_cycles(plan, l)) + 2.0;
  spend(&chain, EPX_PART_FORWARD, vectors * vector_cycles(plan, l));
  spend(&chain, EPX_PART_BACKWARD, backward);
  spend(&chain, EPX_PART_NETWORK, end - chain.total);
  const double drain = drain_cycles(a, l, last_pixels(layer), true);
  const double rows_after_first = backward * (layer->g.out_height - 1) / layer->g.out_height;
  spend(&chain, EPX_PART_NETWORK, larger(drain, hottest - rows_after_first));
  spend(&chain, EPX_PART_NETWORK, gather_cycles(plan, l) + 2.0);
  spend(&chain, EPX_PART_NETWORK, way_cycles(plan, l, layer->parameter - 1) + states_way(plan, l));
  return chain;
}

/* The last pixel that a row block reads, by number. */
static int last_pixel_read(account_t *a, int l, int row_block) {
  const plan_layer_t *layer = &a->plan->layer[l];
  int pixel = pixels(layer) - 1;
  while (pixel > 0 &&
         epx_floorplan_reads(&layer->g, &layer->map, row_block, pixel / layer->g.in_width,
                             pixel % layer->g.in_width, a->traffic.reads) == 0) {
    --pixel;
  }
  return pixel;
}

/* Inputs that arrive pixel by pixel, at least `pace` cycles in all; a row block starts when its own
 * are there. The edge at which the home has the sums of the last vector. */
static double inputs_to_sums(account_t *a, int l, double pace, double way) {
  const plan_t *plan = a->plan;
  const plan_layer_t *layer = &plan->layer[l];
  traffic_clear(&a->traffic);
  traffic_inputs(&a->traffic, l, 0, pixels(layer));
  const double sent = larger(traffic_hottest(&a->traffic), pace);
  const double arrays = sums_at_home(plan, l) - chain_cycles(plan, l);
  double chain = chain_cycles(plan, l), end = 0.0;
  for (int rb = 0; rb <= last_row(layer); ++rb) {
    const double share = (double)(last_pixel_read(a, l, rb) + 1) / pixels(layer);
    end = larger(end, sent * share + way + arrays + chain);
    if (rb < last_row(layer)) {
      const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
      chain -= packet_cycles(plan, from, from + 1, partial_bits(plan, l)) + 2.0;
    }
  }
  return end;
}

/* States to the read-out, its logits and their softmax: the edge at which it is done. */
static double logits_at(account_t *a) {
  const plan_t *plan = a->plan;
  const int l = plan->layers;
  double at =
      inputs_to_sums(a, l, (double)plan->layer[l - 1].positions, way_cycles(plan, l, l - 1));
  if (plan->layer[l].map.column_blocks > 1) {
    traffic_clear(&a->traffic);
    traffic_logits(&a->traffic);
    at += traffic_hottest(&a->traffic) + way_cycles(plan, l, l);
  }
  return at + 2.0 * plan->layer[l].g.units - 1.0;
}

/* Errors from the softmax unit to the last of the read-out's tiles. */
static double error_cycles(account_t *a) {
  const plan_t *plan = a->plan;
  if (plan->layer[plan->layers].map.row_blocks * plan->layer[plan->layers].map.column_blocks == 1) {
    return 0.0;
  }
  traffic_clear(&a->traffic);
  traffic_errors(&a->traffic);
  return traffic_hottest(&a->traffic) + way_cycles(plan, plan->layers, plan->layers);
}

static chain_t readout_chain(account_t *a) {
  const plan_t *plan = a->plan;
  const int l = plan->layers;
  chain_t chain = {{0}, 0};
  spend(&chain, EPX_PART_READOUT, logits_at(a) + 1.0);
  spend(&chain, EPX_PART_READOUT, error_cycles(a) + 1.0);
  spend(&chain, EPX_PART_READOUT, position_cycles(plan, l) + 2.0);
  spend(&chain, EPX_PART_READOUT, drain_cycles(a, l, 0, false) + way_cycles(plan, l, l - 1));
  spend(&chain, EPX_PART_READOUT, 2.0);
  return chain;
}

/* Homes without feedback to wait for: a position a cycle, as their sums come. */
static chain_t firing_chain(const plan_t *plan, int l) {
  chain_t chain = {{0}, 0};
  const plan_layer_t *layer = &plan->layer[l];
  const double sums = l > 0 ? sums_at_home(plan, l) : 0.0;
  const double end = larger((double)layer->positions + 1.0, sums + 2.0);
  if (l > 0) {
    spend(&chain, EPX_PART_FORWARD,
          (double)layer->positions * layer->window * vector_cycles(plan, l));
  }
  spend(&chain, EPX_PART_NETWORK, end - chain.total);
  return chain;
}

static chain_t step_time(account_t *a, bool nudged) {
  const plan_t *plan = a->plan;
  const double hottest = traffic_hottest(&a->traffic);
  chain_t slow = firing_chain(plan, plan->layers - 1);
  for (int l = 1; l < plan->layers; ++l) {
    const chain_t chain = layer_chain(a, plan_back(plan, l), hottest);
    const chain_t own = firing_chain(plan, l); /* with feedback arrays it is not in the other */
    keep(&slow, &chain);
    keep(&slow, &own);
  }
  if (nudged && plan->readout) {
    const chain_t chain = readout_chain(a);
    keep(&slow, &chain);
  }
  return slow;
}

static chain_t load_time(account_t *a) {
  const plan_t *plan = a->plan;
  const plan_layer_t *first = &plan->layer[0];
  chain_t chain = {{0}, 0};
  const double sums = inputs_to_sums(a, 0, (double)pixels(first), way_cycles(plan, 0, -1));
  spend(&chain, EPX_PART_INPUT, sums + 2.0);
  return chain;
}

static chain_t predict_time(account_t *a) {
  const plan_t *plan = a->plan;
  chain_t chain = {{0}, 0};
  if (plan->readout) {
    const int home =
        epx_floorplan_tile(&plan->floor, plan->layers, last_row(&plan->layer[plan->layers]), 0);
    spend(&chain, EPX_PART_READOUT,
          logits_at(a) + packet_cycles(plan, home, EPX_HOST, EPX_ACCUMULATOR_BITS));
    return chain;
  }
  const int l = plan->layers - 1;
  spend(&chain, EPX_PART_READOUT,
        traffic_hottest(&a->traffic) + way_cycles(plan, l, -1) + (double)plan->layer[l].g.out_size);
  return chain;
}

static chain_t store_time(account_t *a, bool recall) {
  const plan_t *plan = a->plan;
  const double hottest = traffic_hottest(&a->traffic);
  chain_t chain = {{0}, 0};
  double most = 1.0, way = 0.0;
  for (int l = 0; l < plan->layers; ++l) {
    most = larger(most, (double)plan->layer[l].positions - 1.0);
    way = l > 0 ? larger(way, states_way(plan, plan_back(plan, l))) : way;
  }
  spend(&chain, EPX_PART_STORES,
        recall && plan->layers > 1 ? larger(most, larger(hottest, most) + way) : most);
  return chain;
}

/* The edge at which the last of a layer's tiles has taken its correlations. hottest: of all the
 * command's packets. */
static double correlated_at(account_t *a, int l, double hottest) {
  const plan_t *plan = a->plan;
  const plan_layer_t *layer = &plan->layer[l];
  const double word = (1.0 + slowest(plan, l).rows) * layer->sets;
  if (layer->role == EPX_ROLE_FEEDBACK &&
      !layer->fed) { /* the states of the layer below come now */
    const int below = layer->parameter - 1;
    const double sent = larger(hottest, (double)pixels(layer));
    return sent + way_cycles(plan, l, below) + 2.0 + (double)layer->positions * word;
  }
  const ends_t ends =
      l == 0 ? ends_from_memory(a, l, word) : second_ends(plan, l, word, layer->sets);
  return larger(ends.home, ends.others);
}

static chain_t correlate_time(account_t *a, bool readout) {
  const plan_t *plan = a->plan;
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
          logits_at(a) + 1.0 + error_cycles(a) + 1.0 + slowest(plan, plan->layers).rows + 2.0);
    keep(&slow, &chain);
  }
  return slow;
}

/* Of a layer's update circuits: those of row block 0, and the others. */
typedef struct update_cycles_t {
  double first, others;
} update_cycles_t;

static update_cycles_t update_cycles(const account_t *a, int l) {
  const epx_pulsing_t *pulsing = a->pulsing;
  const epx_tile_shape_t tile = slowest(a->plan, l);
  if (pulsing != NULL && pulsing->updates > 0) {
    const double updates = (double)pulsing->updates;
    return (update_cycles_t){(double)pulsing->first[l] / updates,
                             (double)pulsing->others[l] / updates};
  }
  return (update_cycles_t){(double)((tile.rows + (tile.bias ? 1 : 0)) * tile.units),
                           (double)(tile.rows * tile.units)};
}

static chain_t update_time(const account_t *a) {
  const plan_t *plan = a->plan;
  chain_t slow = {{0}, 0};
  for (int l = 0; l < plan->tile_layers; ++l) {
    const epx_tile_shape_t tile = slowest(plan, l);
    const bool blocks = plan->layer[l].map.row_blocks > 1;
    const update_cycles_t ends = update_cycles(a, l);
    double end = ends.first;
    if (tile.bias && blocks) {
      const int from = plan->floor.first_tile[l];
      end += packet_cycles(plan, from, from + last_row(&plan->layer[l]),
                           (int64_t)tile.units * epx_qformat_bits(plan->chip->bias));
    }
    chain_t chain = {{0}, 0};
    spend(&chain, EPX_PART_UPDATE, (blocks ? larger(end, ends.others) : end) + 4.0);
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
