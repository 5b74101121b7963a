/* SPDX-License-Identifier: Apache-2.0 */
/* What the account's files share. Not for callers. */
#ifndef EPX_ACCOUNT_INTERNAL_H
#define EPX_ACCOUNT_INTERNAL_H

#include "epx_account.h"
#include "epx_plan.h"
#include "epx_tile_events.h"
#include "epx_traffic.h"

/* What one command takes. */
typedef struct work_t {
  epx_events_t events[EPX_OWNERS];
  double parts[EPX_PART_COUNT], cycles; /* cycles: of all parts */
  double busiest_link;                  /* cycles in which the busiest link is at work */
} work_t;

/* Steps of the two phases are counted once. */
typedef struct works_t {
  work_t free_step, nudged_step, other;
} works_t;

/* The plan, and what was measured of the command at work. */
typedef struct account_view_t {
  const epx_plan_t *plan;
  const epx_pace_t *pace; /* NULL: everything is driven */
} account_view_t;

typedef struct account_t {
  account_view_t at;
  const epx_pace_t *pace;          /* by command, measured; NULL: everything is driven */
  const epx_pulsing_t *pulsing;    /* NULL: a synapse takes a cycle */
  traffic_t traffic;               /* of the command at work */
  epx_events_t events[EPX_OWNERS]; /* likewise */
} account_t;

/* epx_account_measured.c: turns *account into that of the mean image and the mean update that were
 * measured; cycles of drives and of updates are left to the functions below. */
void account_measure(const epx_chip_t *chip, const epx_dynamics_t *dynamics,
                     const epx_measured_t *measured, epx_account_t *account);

/* epx_account.c: adds the events and packets of a step. */
void account_step(account_t *a, bool nudged);

/* ---- epx_account_layer.c: cycles of layer l's tiles (l: tile layer) ---- */

static inline double account_larger(double a, double b) {
  return a > b ? a : b;
}
static inline int account_last_row(const epx_plan_layer_t *layer) {
  return layer->map.row_blocks - 1;
}
/* The tile with most rows and units: the slowest. */
epx_tile_shape_t account_slowest(const epx_plan_t *plan, int l);
/* Whether the twin has measured the command at work; the input is driven whole. */
bool account_measured(const account_view_t *at, int l);
/* Where the command was measured: the mean edge at which the layer was done in a step; `last`: over
 * the steps in which it was the last layer to be done. */
double account_step_end(const account_view_t *at, int l, bool last);
/* Cycles of one word in an array: of a vector forward, of a position backward. */
double account_vector_cycles(const account_view_t *at, int l);
double account_position_cycles(const account_view_t *at, int l);
/* Cycles from a packet's entering an empty queue to its delivery, on an idle network. */
double account_packet_cycles(const epx_plan_t *plan, int from, int to, int64_t bits);
/* The longest way between the tiles of a row block of layer l, or all, and the homes of layer
 * `below` (-1: the host): cycles of a header. */
double account_row_block_way(const epx_plan_t *plan, int l, int rb, int below);
double account_way(const epx_plan_t *plan, int l, int below);
int64_t account_partial_bits(const epx_plan_t *plan, int l);
/* Cycles of partial sums from the first row block to the last, where no array holds them up. */
double account_chain_cycles(const epx_plan_t *plan, int l);
/* The edge at which the home's node has the sums of the last vector. */
double account_sums_at_home(const account_view_t *at, int l);
/* Three ways, in cycles. post_pace: between one row block's copy of a position's posts and the next
 * one's, as they leave the home, with `sets` of switches. post_cycles: from a position's posts'
 * leaving the home to row block rb's having them. feedback_way: from row block rb to the homes
 * below; of a convolution, along the row blocks behind rb first. */
double account_post_pace(const epx_plan_t *plan, int l, int sets);
double account_post_cycles(const epx_plan_t *plan, int l, int rb, int sets);
double account_feedback_way(const epx_plan_t *plan, int l, int rb);
/* The edge at which the last of the layer's tiles has done a word of `word` cycles for every
 * position, after the forward products where the layer makes any. The words are backward products
 * or correlations, which need `sets` of switches. With `feedback`, the edge at which the homes
 * below have the feedback of the last word. Overwrites a->traffic. */
double account_words_end(account_t *a, int l, double word, int sets, bool feedback);

/* ---- epx_account_time.c ---- */

/* Cycles of the busiest link from the end of the last row of positions of a layer l that acts back
 * until this row's feedback has come down and the states that it makes have gone up. Overwrites
 * a->traffic. */
double account_drain(account_t *a, int l);

/* Fills the cycles of a command on its critical path, by part. a->traffic has the command's
 * packets, and is overwritten. */
void account_time(account_t *a, epx_command_kind_t kind, bool readout,
                  double cycles[EPX_PART_COUNT]);

#endif
