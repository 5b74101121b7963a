/* SPDX-License-Identifier: Apache-2.0 */
/* How long the drives of an event-driven chip take.
 *
 * A word takes as many cycles as its changes need, so that sizes alone do not tell. Each tile's
 * words are followed in the order in which they come, with what tiles wait for each other. All
 * times are clock edges counted from the one at which the nodes see the command, as in
 * epx_account_layer.c, where all words are alike.
 *
 * Forward, each vector goes through the row blocks of a chain:
 *
 *   array    row block rb has made the vector's product: its array takes one after another
 *   added    and has added the sums that came from row block rb - 1
 *   left     and has sent them on: the link is free, and a credit of row block rb + 1 is there
 *
 * Backward, each position's posts leave the home when the sums of its window are there; each tile
 * drives them when they have come and its array is free; feedback goes down the network row of
 * positions by row of positions. Example: with words of 3, 9, 3 cycles in row block 0 and of 5, 5,
 * 5 in row block 1 and partial sums that travel for 10 cycles and always find room, row block 0
 * has its products at edges 4, 13, 16; the sums are added in row block 1 at 14, 23 and, if the link
 * takes a packet in 3 cycles, 26. */
#include <stdlib.h>
#include <string.h>

#include "epx_account_internal.h"
#include "epx_twin_internal.h"

static int last_row(const twin_layer_t *layer) {
  return layer->plan->map.row_blocks - 1;
}

static int vectors_of(const twin_layer_t *layer) {
  return layer->plan->g.out_height * layer->plan->g.out_width * layer->plan->window;
}

/* Fills the cycles that a layer's packets take on the idle network. */
static bool make_ways(const epx_plan_t *plan, int i, twin_ways_t *ways) {
  const epx_plan_layer_t *layer = &plan->layer[i];
  const int blocks = layer->map.row_blocks, first = plan->floor.first_tile[i];
  const int64_t bits = account_partial_bits(plan, i);
  ways->post = calloc((size_t)blocks, sizeof *ways->post);
  ways->feedback = calloc((size_t)blocks, sizeof *ways->feedback);
  if (ways->post == NULL || ways->feedback == NULL) {
    return false;
  }
  if (blocks > 1) {
    ways->partial = account_packet_cycles(plan, first, first + 1, bits) + 2.0;
    ways->credit = account_packet_cycles(plan, first + 1, first, 0);
    ways->link = epx_packet_flits(plan->chip, bits) * traffic_flit_cycles(plan);
    ways->position = (blocks - 1) * account_post_pace(plan, i, 1);
  }
  for (int rb = 0; rb < blocks && layer->acts_back; ++rb) {
    ways->post[rb] = rb + 1 < blocks ? account_post_cycles(plan, i, rb, 1) : 0.0;
    ways->feedback[rb] = layer->role == EPX_ROLE_READOUT ? 0.0 : account_feedback_way(plan, i, rb);
  }
  return true;
}

/* Fills the cycles that the busiest link takes for a step's packets, for each layer that acts back.
 */
static epx_status_t make_network(twin_t *twin, const epx_plan_t *plan, epx_error_t *error) {
  account_t a = {.at = {.plan = plan}};
  const epx_status_t status = traffic_create(plan, &a.traffic, error);
  for (int nudged = 0; status == EPX_OK && nudged < 2; ++nudged) {
    traffic_clear(&a.traffic);
    account_step(&a, nudged != 0);
    const double hottest = traffic_hottest(&a.traffic);
    for (int i = 1; i < twin->plan->tile_layers; ++i) {
      const epx_plan_layer_t *layer = &plan->layer[i];
      if (layer->acts_back && layer->role != EPX_ROLE_READOUT) {
        twin->layer[i].ways.row[nudged] = layer->convolves ? hottest / layer->g.out_height : 0.0;
        twin->layer[i].ways.drain = account_drain(&a, i);
      }
    }
  }
  traffic_destroy(&a.traffic);
  return status;
}

epx_status_t twin_pace_create(twin_t *twin, epx_error_t *error) {
  for (int i = 1; i < twin->plan->tile_layers; ++i) {
    if (!make_ways(twin->plan, i, &twin->layer[i].ways)) {
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the chip's ways");
    }
  }
  return make_network(twin, twin->plan, error);
}

void twin_pace_destroy(twin_layer_t *layer) {
  free(layer->ways.post);
  free(layer->ways.feedback);
}

/* Edges that a workspace keeps. Each layer has its own: when the array of each row block is free,
 * and when its home has the sums of each position. Behind them is room for one layer at a time, the
 * one at work: forward, when the sums of the last psum_buffer + 2 vectors were added and left in
 * each row block; backward, when each tile ends its word. */
size_t twin_pace_size(twin_t *twin) {
  size_t own = 0, shared = 0;
  for (int i = 1; i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const size_t blocks = (size_t)layer->plan->map.row_blocks;
    const size_t left = blocks * (2 * ((size_t)twin->plan->chip->psum_buffer + 2) + 1);
    const size_t tiles = blocks * (size_t)layer->plan->map.column_blocks;
    layer->pace_at = own;
    own += blocks + (size_t)(vectors_of(layer) / layer->plan->window);
    shared = left > shared ? left : shared;
    shared = tiles > shared ? tiles : shared;
  }
  twin->pace_shared = own;
  return own + shared;
}

static double *free_at(const twin_layer_t *layer, const twin_workspace_t *w) {
  return w->edges + layer->pace_at;
}

static double *home_at(const twin_layer_t *layer, const twin_workspace_t *w) {
  return free_at(layer, w) + layer->plan->map.row_blocks;
}

static double larger(double a, double b) {
  return a > b ? a : b;
}

static uint64_t longest(const uint64_t *cycles, int count) {
  uint64_t most = 0;
  for (int i = 0; i < count; ++i) {
    most = cycles[i] > most ? cycles[i] : most;
  }
  return most;
}

static void begin(twin_workspace_t *w, int blocks) {
  memset(w->cycles, 0, (size_t)blocks * sizeof *w->cycles);
}

void twin_pace_begin_forward(const twin_layer_t *layer, twin_workspace_t *w) {
  begin(w, layer->plan->map.row_blocks);
  for (int rb = 0; rb <= last_row(layer); ++rb) {
    free_at(layer, w)[rb] = 1.0;
  }
}

/* Vector m through the row blocks. While one vector's sums wait for those of the row block before,
 * the array makes the next product, and a further vector's sums may wait for the link or a credit.
 * Row block rb + 1 gives the credit for vector m back when it takes the sums of vector m - room out
 * of its buffer: when these have come, and vector m - room - 1 has been added there. */
void twin_pace_vector(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int m) {
  const twin_ways_t *ways = &layer->ways;
  const int room = twin->plan->chip->psum_buffer, slots = room + 2,
            blocks = layer->plan->map.row_blocks;
  double *const shared = w->edges + twin->pace_shared, *const array = free_at(layer, w);
  double *const added = shared + (m % slots) * blocks, *const left = shared + slots * blocks;
  const double *const before = shared + ((m + slots - 1) % slots) * blocks;
  const double *const used = shared + ((m + 1) % slots) * blocks; /* of vector m - room - 1 */
  double *const sent = left + blocks; /* [slots][blocks]: when sums left */
  for (int rb = 0; rb < blocks; ++rb) {
    const double last = m > 0 ? sent[((m + slots - 1) % slots) * blocks + rb] : 0.0;
    w->cycles[rb] += w->word[rb];
    array[rb] = larger(array[rb] + (double)w->word[rb], m > 0 ? before[rb] : 0.0);
    added[rb] = larger(array[rb], last);
    added[rb] = larger(added[rb], rb > 0 ? left[rb - 1] + ways->partial : 0.0);
    left[rb] = added[rb];
    if (rb + 1 < blocks) {
      left[rb] = larger(left[rb], m > 0 ? last + ways->link : 0.0);
      if (m >= room) {
        const double came = sent[((m + 2) % slots) * blocks + rb] + ways->partial;
        left[rb] = larger(left[rb], larger(came, m > room ? used[rb + 1] : 0.0) + ways->credit);
      }
    }
    sent[(m % slots) * blocks + rb] = left[rb];
  }
  if ((m + 1) % layer->plan->window == 0) {
    home_at(layer, w)[m / layer->plan->window] = added[blocks - 1] + 2.0;
  }
}

void twin_pace_end_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w) {
  const size_t i = (size_t)(layer - twin->layer);
  w->at_work->forward[i] += longest(w->cycles, layer->plan->map.row_blocks);
  const double sums = home_at(layer, w)[vectors_of(layer) / layer->plan->window - 1];
  w->at_work->sums[i] += (uint64_t)sums;
  ++w->at_work->driven[i];
  w->end[i] = sums;
}

void twin_pace_begin_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w) {
  const int columns = layer->plan->map.column_blocks;
  double *const ends = w->edges + twin->pace_shared;
  begin(w, columns);
  w->carried = 0.0;
  for (int rb = 0; rb <= last_row(layer); ++rb) {
    for (int cb = 0; cb < columns; ++cb) {
      ends[rb * columns + cb] = twin_fed(layer) ? free_at(layer, w)[rb] : 0.0;
    }
  }
}

/* Position p in every tile. The row blocks of a column block drive the same posts, so their words
 * are equally long, but the posts reach each row block at another edge. When a row of positions is
 * done in all tiles, its feedback goes down, after that of the row before. */
void twin_pace_position(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int p) {
  const twin_ways_t *ways = &layer->ways;
  const int columns = layer->plan->map.column_blocks,
            last = vectors_of(layer) / layer->plan->window - 1;
  double *end = w->edges + twin->pace_shared, most = 0.0;
  for (int rb = 0; rb <= last_row(layer); ++rb) {
    const double out = twin_fed(layer)        ? home_at(layer, w)[p] + 1.0
                       : rb < last_row(layer) ? 2.0 + p * ways->position
                                              : 2.0;
    for (int cb = 0; cb < columns; ++cb, ++end) {
      *end = larger(*end, out + ways->post[rb]) + (double)w->word[cb];
      most = larger(most, *end + ways->feedback[rb]);
    }
  }
  for (int cb = 0; cb < columns; ++cb) {
    w->cycles[cb] += w->word[cb];
  }
  if ((p + 1) % layer->plan->g.out_width == 0) {
    const double row = ways->row[w->nudged];
    w->carried = larger(w->carried, most) + (p == last ? larger(row, ways->drain) : row);
  }
}

void twin_pace_end_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w) {
  const size_t i = (size_t)(layer - twin->layer);
  w->at_work->backward[i] += longest(w->cycles, layer->plan->map.column_blocks);
  w->end[i] = w->carried;
}

void twin_pace_end_step(const twin_t *twin, twin_workspace_t *w) {
  int last = 0;
  for (int i = 1; i < twin->plan->tile_layers; ++i) {
    if (twin->layer[i].plan->role != EPX_ROLE_READOUT) {
      w->at_work->ends[i] += (uint64_t)w->end[i];
      last = last == 0 || w->end[i] > w->end[last] ? i : last;
    }
  }
  if (last > 0) {
    ++w->at_work->last[last];
    w->at_work->last_ends[last] += (uint64_t)w->end[last];
  }
}

void twin_pace_idle_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w) {
  twin_pace_begin_forward(layer, w);
  for (int rb = 0; rb <= last_row(layer); ++rb) {
    w->word[rb] = 2;
  }
  for (int m = 0; m < vectors_of(layer); ++m) {
    twin_pace_vector(twin, layer, w, m);
  }
  twin_pace_end_forward(twin, layer, w);
}

void twin_pace_idle_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w) {
  twin_pace_begin_backward(twin, layer, w);
  for (int cb = 0; cb < layer->plan->map.column_blocks; ++cb) {
    w->word[cb] = 1 + (uint64_t)layer->plan->window;
  }
  for (int p = 0; p < vectors_of(layer) / layer->plan->window; ++p) {
    twin_pace_position(twin, layer, w, p);
  }
  twin_pace_end_backward(twin, layer, w);
}
