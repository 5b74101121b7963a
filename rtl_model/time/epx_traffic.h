/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between the tiles of a plan, counted in closed form: their flits over every link, and
 * what their receivers take, by owner (epx_ledger.h). Not for callers.
 *
 * Each function adds one kind of packet of one command, as the SystemC nodes send it. */
#ifndef EPX_TRAFFIC_H
#define EPX_TRAFFIC_H

#include "epx_ledger.h"
#include "epx_plan.h"

enum { TRAFFIC_PORTS = 5 };

typedef struct traffic_t {
  const epx_plan_t *plan;
  uint64_t
      flit_hops[EPX_OWNERS];   /* flits of each sender, counted at every router that they leave */
  uint64_t values[EPX_OWNERS]; /* that each receiver takes */
  uint64_t *load; /* flits over each link: of every router's outputs, then from every tile and
                     the host into their routers */
  unsigned char *sums;
  unsigned char *reads; /* scratch: channels of a pixel */
  unsigned char *owner; /* of each tile */
} traffic_t;

EPX_CHECKED epx_status_t traffic_create(const epx_plan_t *plan, traffic_t *traffic,
                                        epx_error_t *error);
void traffic_destroy(traffic_t *traffic);
void traffic_clear(traffic_t *traffic);
/* Cycles between flits on a link between routers or into one: 1, or more where an input's buffer is
 * too small to cover the router's latency. */
double traffic_flit_cycles(const epx_plan_t *plan);
/* Cycles that the busiest link is at work. */
double traffic_hottest(const traffic_t *traffic);

/* One packet of so many payload bits, `times` times. */
void traffic_packet(traffic_t *traffic, int from, int to, int64_t bits, uint64_t times);

/* l: tile layer. States of pixels [first, end) of the layer below (of layer 0: of the image) to the
 * tiles of l. */
void traffic_inputs(traffic_t *traffic, int l, int first, int end);
/* Partial sums of `vectors` along every chain of layer l, and their credits. */
void traffic_partials(traffic_t *traffic, int l, uint64_t vectors);
/* Post codes and `sets` switches each of `positions` from every home of layer l to its row blocks.
 */
void traffic_posts(traffic_t *traffic, int l, uint64_t positions, int sets);
/* All switches of layer l between its homes and those of its feedback arrays, both ways. */
void traffic_switches(traffic_t *traffic, int l);
/* What fired in state layer l, positions [first, end), to all that need it in the next step: tiles
 * of the layer above and of its feedback arrays where they pool, and the homes of l's own feedback
 * arrays. */
void traffic_states(traffic_t *traffic, int l, int first, int end);
/* Sums of pixels [first, end) from the tiles of layer l to the homes of layer l - 1; of a
 * convolution, gathered along its row blocks. */
void traffic_feedback(traffic_t *traffic, int l, int first, int end);
/* Logits to the softmax unit; errors back to all tiles of the read-out. */
void traffic_logits(traffic_t *traffic);
void traffic_errors(traffic_t *traffic);
/* The prediction, or the last layer's states, to the host. */
void traffic_scores(traffic_t *traffic);
/* Biases of layer l from row block 0 to the homes. */
void traffic_biases(traffic_t *traffic, int l);

#endif
