/* SPDX-License-Identifier: Apache-2.0 */
/* How long the tiles of one layer work: its words, its chain of row blocks, and the ways between
 * tiles. Times count edges from the one at which the nodes see the command. */
#include "epx_account_internal.h"
#include "epx_driver.h"

/* Layers here are tile layers. Tile (0, 0) of a layer has the most rows and units: it is the
 * slowest. */
epx_tile_shape_t account_slowest(const epx_plan_t *plan, int l) {
  return epx_plan_tile(plan, l, 0, 0);
}

static double mean(uint64_t sum, uint64_t count) {
  return count == 0 ? 0.0 : (double)sum / (double)count;
}

bool account_measured(const account_view_t *at, int l) {
  return l > 0 && at->pace != NULL && at->pace->commands > 0;
}

double account_vector_cycles(const account_view_t *at, int l) {
  const epx_plan_t *plan = at->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  if (account_measured(at, l)) {
    return mean(at->pace->forward[l], at->pace->driven[l]) /
           ((double)layer->positions * layer->window);
  }
  const epx_tile_shape_t tile = account_slowest(plan, l);
  const epx_driver_t driver = epx_driver_of(plan->chip, &tile, false);
  return 1.0 + (double)epx_driver_pass_count(&driver) *
                   (double)epx_tile_reading_cycles(plan->chip, tile.units * tile.slices);
}

double account_position_cycles(const account_view_t *at, int l) {
  const epx_plan_t *plan = at->plan;
  if (account_measured(at, l)) {
    return mean(at->pace->backward[l], at->pace->commands) / (double)plan->layer[l].positions;
  }
  const epx_tile_shape_t tile = account_slowest(plan, l);
  const epx_driver_t driver = epx_driver_of(plan->chip, &tile, true);
  return 1.0 + (double)(tile.window * tile.slices * epx_driver_pass_count(&driver)) *
                   (double)epx_tile_reading_cycles(plan->chip, tile.rows);
}

/* From a packet's entering an empty queue to its delivery, the network being idle. */
double account_packet_cycles(const epx_plan_t *plan, int from, int to, int64_t bits) {
  return (double)(epx_floorplan_hops(&plan->floor, from, to) * plan->chip->router_cycles) + 1.0 +
         (double)(epx_packet_flits(plan->chip, bits) - 1) * traffic_flit_cycles(plan);
}

double account_row_block_way(const epx_plan_t *plan, int l, int rb, int below) {
  const int homes = below < 0 ? 1 : plan->layer[below].map.column_blocks;
  double most = 0.0;
  for (int to = 0; to < plan->layer[l].map.column_blocks; ++to) {
    const int tile = epx_floorplan_tile(&plan->floor, l, rb, to);
    for (int cb = 0; cb < homes; ++cb) {
      const int home = below < 0 ? EPX_HOST
                                 : epx_floorplan_tile(&plan->floor, below,
                                                      account_last_row(&plan->layer[below]), cb);
      most = account_larger(most, account_packet_cycles(plan, home, tile, 0) - 1.0);
    }
  }
  return most;
}

double account_way(const epx_plan_t *plan, int l, int below) {
  double most = 0.0;
  for (int rb = 0; rb <= account_last_row(&plan->layer[l]); ++rb) {
    most = account_larger(most, account_row_block_way(plan, l, rb, below));
  }
  return most;
}

int64_t account_partial_bits(const epx_plan_t *plan, int l) {
  return (int64_t)account_slowest(plan, l).units * EPX_ACCUMULATOR_BITS;
}

/* Partial sums from the first row block to the last, the arrays being done. */
double account_chain_cycles(const epx_plan_t *plan, int l) {
  double sum = 0.0;
  for (int rb = 0; rb < account_last_row(&plan->layer[l]); ++rb) {
    const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
    sum += account_packet_cycles(plan, from, from + 1, account_partial_bits(plan, l)) + 2.0;
  }
  return sum;
}

/* Cycles from one vector to the next: the longest of the array's, those of a vector's partial sums
 * on their link, and a psum_buffer-th of a partial sum's way there and its credit's way back. */
static double vector_period(const account_view_t *at, int l) {
  const epx_plan_t *plan = at->plan;
  double period = account_vector_cycles(at, l);
  if (plan->layer[l].map.row_blocks > 1) {
    const int from = plan->floor.first_tile[l];
    const double there = account_packet_cycles(plan, from, from + 1, account_partial_bits(plan, l));
    const double back = account_packet_cycles(plan, from + 1, from, 0);
    const int flits = epx_packet_flits(plan->chip, account_partial_bits(plan, l));
    period = account_larger(period, flits * traffic_flit_cycles(plan));
    period = account_larger(period, (there + back + 2.0) / plan->chip->psum_buffer);
  }
  return period;
}

/* The edge at which the home's node has the sums of the last vector. */
double account_sums_at_home(const account_view_t *at, int l) {
  const epx_plan_t *plan = at->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  if (account_measured(at, l)) {
    return mean(at->pace->sums[l], at->pace->driven[l]);
  }
  const double vectors = (double)layer->positions * layer->window;
  return 3.0 + account_vector_cycles(at, l) + (vectors - 1.0) * vector_period(at, l) +
         account_chain_cycles(plan, l);
}

/* Cycles of a position's posts on their way out of the home, to one row block after the other. */
double account_post_pace(const epx_plan_t *plan, int l, int sets) {
  const epx_plan_layer_t *layer = &plan->layer[l];
  const int bits = plan->state_bits + sets * layer->switch_bits;
  return epx_packet_flits(plan->chip, (int64_t)account_slowest(plan, l).units * bits) *
         traffic_flit_cycles(plan);
}

/* From a position's posts' leaving the home to row block rb's having them. */
double account_post_cycles(const epx_plan_t *plan, int l, int rb, int sets) {
  const double pace = account_post_pace(plan, l, sets);
  const int home = epx_floorplan_tile(&plan->floor, l, account_last_row(&plan->layer[l]), 0);
  const int to = epx_floorplan_tile(&plan->floor, l, rb, 0);
  return account_packet_cycles(plan, home, to, 0) + (rb + 1) * pace - traffic_flit_cycles(plan);
}

/* From a position's sums at the home to its posts' leaving: where two sets of switches are needed,
 * the way of the other one. */
static double exchange_cycles(const epx_plan_t *plan, int l, int sets) {
  const epx_plan_layer_t *layer = &plan->layer[l];
  if (sets == 1) {
    return 0.0;
  }
  const int back = epx_plan_back(plan, layer->parameter), blocks = account_last_row(layer);
  return 1.0 + account_packet_cycles(plan,
                                     epx_floorplan_tile(&plan->floor, layer->parameter, blocks, 0),
                                     epx_floorplan_tile(&plan->floor, back, blocks, 0),
                                     (int64_t)account_slowest(plan, l).units * layer->switch_bits);
}

/* The edge at which row block rb ends its last word, where the layer makes no forward products:
 * posts leave the home's memory a position a cycle, or as slowly as the busiest link takes them,
 * which is `sent` cycles for all. */
static double end_from_memory(const epx_plan_t *plan, int l, int rb, double word, double sent) {
  const epx_plan_layer_t *layer = &plan->layer[l];
  const double words = (double)layer->positions * word;
  if (rb == account_last_row(layer)) {
    return 2.0 + words;
  }
  const double post = account_post_cycles(plan, l, rb, 1);
  const double last = sent - account_last_row(layer) * account_post_pace(plan, l, 1) + post;
  return account_larger(2.0 + post + words, 2.0 + last + word);
}

/* The same after forward products, when a position's posts leave as its sums are there. */
static double end_after_sums(const account_view_t *at, int l, int rb, double word, int sets) {
  const epx_plan_t *plan = at->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  const double words = (double)layer->positions * word, period = vector_period(at, l);
  const double at_home = account_sums_at_home(at, l);
  const double vectors = (double)layer->positions * layer->window;
  const double array = 1.0 + account_vector_cycles(at, l) + (vectors - 1.0) * period;
  const double wait = exchange_cycles(plan, l, sets);
  if (rb == account_last_row(layer)) { /* its sums wait for the chain */
    return account_larger(account_larger(array, at_home - period) + words,
                          at_home + wait + 1.0 + word);
  }
  /* A tile before it starts when its array is free and the first posts are there, and ends no
   * sooner than one word after the last. */
  const double post = account_post_cycles(plan, l, rb, sets) + wait + 1.0;
  const double first_at_home = at_home - (vectors - layer->window) * period;
  return account_larger(account_larger(array, first_at_home + post) + words, at_home + post + word);
}

/* From row block rb to the homes below: first, of a convolution, along the row blocks. */
double account_feedback_way(const epx_plan_t *plan, int l, int rb) {
  const epx_plan_layer_t *layer = &plan->layer[l];
  const int64_t bits = (int64_t)layer->g.in_channels * EPX_ACCUMULATOR_BITS;
  double sum = 0.0;
  for (; layer->convolves && rb < account_last_row(layer); ++rb) {
    const int from = epx_floorplan_tile(&plan->floor, l, rb, 0);
    sum += account_packet_cycles(plan, from, from + 1, bits);
  }
  return sum + account_row_block_way(plan, l, rb, layer->parameter - 1);
}

double account_step_end(const account_view_t *at, int l, bool last) {
  const epx_pace_t *pace = at->pace;
  return last ? mean(pace->last_ends[l], pace->last[l]) : mean(pace->ends[l], pace->commands);
}

double account_words_end(account_t *a, int l, double word, int sets, bool feedback) {
  const epx_plan_t *plan = a->at.plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  double sent = 0.0, most = 0.0;
  if (feedback && account_measured(&a->at, l)) {
    return account_step_end(&a->at, l, false);
  }
  if (!layer->fed) {
    traffic_clear(&a->traffic);
    traffic_posts(&a->traffic, l, layer->positions, 1);
    sent = traffic_hottest(&a->traffic);
  }
  for (int rb = 0; rb <= account_last_row(layer); ++rb) {
    const double end = layer->fed ? end_after_sums(&a->at, l, rb, word, sets)
                                  : end_from_memory(plan, l, rb, word, sent);
    most = account_larger(most, end + (feedback ? account_feedback_way(plan, l, rb) : 0.0));
  }
  return most;
}
