/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_traffic.h"

#include <stdlib.h>
#include <string.h>

#include "epx_patch.h"

enum { EAST, WEST, SOUTH, NORTH, LOCAL };

static size_t outputs(const epx_plan_t *plan) {
  return (size_t)(plan->floor.columns * plan->floor.rows) * TRAFFIC_PORTS;
}

static size_t links(const epx_plan_t *plan) {
  return outputs(plan) + (size_t)plan->floor.tiles + 1;
}

epx_status_t traffic_create(const epx_plan_t *plan, traffic_t *traffic, epx_error_t *error) {
  int channels = 1;
  for (int l = 0; l < plan->tile_layers; ++l) {
    channels = plan->layer[l].g.in_channels > channels ? plan->layer[l].g.in_channels : channels;
  }
  *traffic = (traffic_t){.plan = plan,
                         .load = calloc(links(plan), sizeof *traffic->load),
                         .reads = malloc((size_t)channels),
                         .sums = malloc((size_t)channels),
                         .owner = malloc((size_t)plan->floor.tiles)};
  if (traffic->load == NULL || traffic->reads == NULL || traffic->sums == NULL ||
      traffic->owner == NULL) {
    traffic_destroy(traffic);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the account of the network");
  }
  for (int tile = 0; tile < plan->floor.tiles; ++tile) {
    traffic->owner[tile] = (unsigned char)epx_plan_owner(plan, tile);
  }
  return EPX_OK;
}

void traffic_destroy(traffic_t *traffic) {
  free(traffic->load);
  free(traffic->reads);
  free(traffic->sums);
  free(traffic->owner);
}

void traffic_clear(traffic_t *traffic) {
  memset(traffic->load, 0, links(traffic->plan) * sizeof *traffic->load);
  memset(traffic->flit_hops, 0, sizeof traffic->flit_hops);
  memset(traffic->values, 0, sizeof traffic->values);
}

double traffic_flit_cycles(const epx_plan_t *plan) {
  const double covered = (double)plan->chip->router_cycles / plan->chip->buffer_flits;
  return covered > 1.0 ? covered : 1.0;
}

double traffic_hottest(const traffic_t *traffic) {
  const double between = traffic_flit_cycles(traffic->plan);
  double most = 0.0;
  for (size_t i = 0; i < links(traffic->plan); ++i) {
    const bool out = i < outputs(traffic->plan) && i % TRAFFIC_PORTS == LOCAL;
    const double busy = (double)traffic->load[i] * (out ? 1.0 : between); /* tiles always take */
    most = busy > most ? busy : most;
  }
  return most;
}

/* The way of epx_router: along the row, then along the column. */
void traffic_packet(traffic_t *traffic, int from, int to, int64_t bits, uint64_t times) {
  const epx_floorplan_t *floor = &traffic->plan->floor;
  const uint64_t flits = times * (uint64_t)epx_packet_flits(traffic->plan->chip, bits);
  uint64_t *hops = &traffic->flit_hops[from == EPX_HOST ? EPX_OWNER_HOST : traffic->owner[from]];
  int x, y, to_x, to_y;
  traffic->load[outputs(traffic->plan) + (size_t)(from == EPX_HOST ? floor->tiles : from)] += flits;
  epx_floorplan_place(floor, from == EPX_HOST ? 0 : from, &x, &y);
  epx_floorplan_place(floor, to == EPX_HOST ? 0 : to, &to_x, &to_y);
  for (bool arrived = false; !arrived;) {
    const int along = y % 2 == 0 ? x : floor->columns - 1 - x;
    const int port = x < to_x         ? EAST
                     : x > to_x       ? WEST
                     : y < to_y       ? SOUTH
                     : y > to_y       ? NORTH
                     : to == EPX_HOST ? WEST
                                      : LOCAL;
    traffic->load[(size_t)(y * floor->columns + along) * TRAFFIC_PORTS + (size_t)port] += flits;
    *hops += flits;
    arrived = x == to_x && y == to_y;
    x += port == EAST ? 1 : port == WEST ? -1 : 0;
    y += port == SOUTH ? 1 : port == NORTH ? -1 : 0;
  }
}

/* Channels [first, end) that are set. */
static int count(const unsigned char *reads, int first, int end) {
  int sum = 0;
  for (int c = first; c < end; ++c) {
    sum += reads[c];
  }
  return sum;
}

static void reads_of(traffic_t *traffic, const epx_plan_layer_t *layer, int row_block, int pixel) {
  epx_patch_reads(&layer->g, &layer->map, row_block, pixel / layer->g.in_width,
                  pixel % layer->g.in_width, traffic->reads);
}

/* A packet for each column block below (below = -1: the host) and column block of layer l with the
 * channels in traffic->reads: up to row block `rb` of l, or down from it. */
static void exchange(traffic_t *traffic, int l, int rb, bool down) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  const int lower = layer->parameter - 1;
  const epx_layer_map_t *below = lower >= 0 ? &plan->layer[lower].map : NULL;
  const int bits = down ? EPX_ACCUMULATOR_BITS : layer->code_bits;
  for (int cb = 0; cb < (below == NULL ? 1 : below->column_blocks); ++cb) {
    int unit = 0, unit_end = layer->g.in_channels, home = EPX_HOST;
    if (below != NULL) {
      epx_map_units(below, cb, &unit, &unit_end);
      home = epx_floorplan_tile(&plan->floor, lower, below->row_blocks - 1, cb);
    }
    const int values = count(traffic->reads, unit, unit_end);
    for (int to = 0; values > 0 && to < layer->map.column_blocks; ++to) {
      const int tile = epx_floorplan_tile(&plan->floor, l, rb, to);
      traffic_packet(traffic, down ? tile : home, down ? home : tile, (int64_t)values * bits, 1);
      traffic->values[down ? lower : l] += (uint64_t)values;
    }
  }
}

void traffic_inputs(traffic_t *traffic, int l, int first, int end) {
  const epx_plan_layer_t *layer = &traffic->plan->layer[l];
  for (int pixel = first; pixel < end; ++pixel) {
    for (int rb = 0; rb < layer->map.row_blocks; ++rb) {
      reads_of(traffic, layer, rb, pixel);
      exchange(traffic, l, rb, false);
    }
  }
}

/* The sums of a pixel so far, from row block rb to the next, in every column block. */
static void gather(traffic_t *traffic, int l, int rb) {
  const epx_plan_layer_t *layer = &traffic->plan->layer[l];
  const int values = count(traffic->sums, 0, layer->g.in_channels);
  for (int cb = 0; values > 0 && cb < layer->map.column_blocks; ++cb) {
    const int tile = epx_floorplan_tile(&traffic->plan->floor, l, rb, cb);
    traffic_packet(traffic, tile, tile + 1, (int64_t)values * EPX_ACCUMULATOR_BITS, 1);
    traffic->values[l] += (uint64_t)values;
  }
}

void traffic_feedback(traffic_t *traffic, int l, int first, int end) {
  const epx_plan_layer_t *layer = &traffic->plan->layer[l];
  const int channels = layer->g.in_channels, last = layer->map.row_blocks - 1;
  for (int pixel = first; pixel < end; ++pixel) {
    memset(traffic->sums, 0, (size_t)channels);
    for (int rb = 0; rb <= last; ++rb) {
      reads_of(traffic, layer, rb, pixel);
      if (!layer->convolves) {
        exchange(traffic, l, rb, true);
        continue;
      }
      for (int c = 0; c < channels; ++c) {
        traffic->sums[c] |= traffic->reads[c];
      }
      if (rb < last) {
        gather(traffic, l, rb);
      } else {
        memcpy(traffic->reads, traffic->sums, (size_t)channels);
        exchange(traffic, l, rb, true);
      }
    }
  }
}

static int units_of(const epx_plan_layer_t *layer, int column_block) {
  int first, end;
  epx_map_units(&layer->map, column_block, &first, &end);
  return end - first;
}

void traffic_partials(traffic_t *traffic, int l, uint64_t vectors) {
  const epx_plan_layer_t *layer = &traffic->plan->layer[l];
  for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
    const int64_t bits = (int64_t)units_of(layer, cb) * EPX_ACCUMULATOR_BITS;
    for (int rb = 0; rb + 1 < layer->map.row_blocks; ++rb) {
      const int tile = epx_floorplan_tile(&traffic->plan->floor, l, rb, cb);
      traffic_packet(traffic, tile, tile + 1, bits, vectors);
      traffic_packet(traffic, tile + 1, tile, 0, vectors);
    }
  }
}

static int home_of(const epx_plan_t *plan, int l, int column_block) {
  return epx_floorplan_tile(&plan->floor, l, plan->layer[l].map.row_blocks - 1, column_block);
}

void traffic_posts(traffic_t *traffic, int l, uint64_t positions, int sets) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  const int bits = epx_qformat_bits(plan->chip->state) + sets * layer->switch_bits;
  for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
    const int units = units_of(layer, cb), last = layer->map.row_blocks - 1;
    for (int rb = 0; rb < last; ++rb) {
      traffic_packet(traffic, home_of(plan, l, cb), epx_floorplan_tile(&plan->floor, l, rb, cb),
                     (int64_t)units * bits, positions);
      traffic->values[l] += positions * (uint64_t)units;
    }
  }
}

/* `bits` a neuron of layer l, from its homes to those of its feedback arrays, or back. */
static void between_homes(traffic_t *traffic, int l, uint64_t positions, int bits, bool back) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  for (int cb = 0; cb < layer->map.column_blocks; ++cb) {
    const int own = home_of(plan, l, cb), feedback = home_of(plan, epx_plan_back(plan, l), cb);
    const uint64_t units = (uint64_t)units_of(layer, cb);
    traffic_packet(traffic, back ? feedback : own, back ? own : feedback, (int64_t)units * bits,
                   positions);
    traffic->values[back ? l : epx_plan_back(plan, l)] += positions * units;
  }
}

void traffic_switches(traffic_t *traffic, int l) {
  const epx_plan_layer_t *layer = &traffic->plan->layer[l];
  between_homes(traffic, l, layer->positions, layer->switch_bits, false);
  between_homes(traffic, l, layer->positions, layer->switch_bits, true);
}

void traffic_states(traffic_t *traffic, int l, int first, int end) {
  const epx_plan_t *plan = traffic->plan;
  const int above = l + 1;
  if (above < plan->layers) {
    const int back = epx_plan_back(plan, above);
    traffic_inputs(traffic, above, first, end);
    if (back != above && plan->layer[back].fed) {
      traffic_inputs(traffic, back, first, end);
    }
  }
  if (epx_plan_back(plan, l) != l) {
    between_homes(traffic, l, (uint64_t)(end - first), epx_qformat_bits(plan->chip->state), false);
  }
}

static int softmax_tile(const epx_plan_t *plan) {
  return home_of(plan, plan->layers, 0);
}

void traffic_logits(traffic_t *traffic) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *readout = &plan->layer[plan->layers];
  for (int cb = 1; cb < readout->map.column_blocks; ++cb) {
    traffic_packet(traffic, home_of(plan, plan->layers, cb), softmax_tile(plan),
                   (int64_t)units_of(readout, cb) * EPX_ACCUMULATOR_BITS, 1);
  }
}

void traffic_errors(traffic_t *traffic) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *readout = &plan->layer[plan->layers];
  const int from = softmax_tile(plan);
  for (int cb = 0; cb < readout->map.column_blocks; ++cb) {
    const int units = units_of(readout, cb);
    for (int rb = 0; rb < readout->map.row_blocks; ++rb) {
      const int to = epx_floorplan_tile(&plan->floor, plan->layers, rb, cb);
      if (to != from) {
        traffic_packet(traffic, from, to, (int64_t)units * EPX_SOFTMAX_ERROR_BITS, 1);
        traffic->values[plan->layers] += (uint64_t)units;
      }
    }
  }
}

void traffic_scores(traffic_t *traffic) {
  const epx_plan_t *plan = traffic->plan;
  if (plan->readout) {
    traffic_packet(traffic, softmax_tile(plan), EPX_HOST, EPX_ACCUMULATOR_BITS, 1);
    return;
  }
  const int l = plan->layers - 1;
  const epx_plan_layer_t *last = &plan->layer[l];
  for (int cb = 0; cb < last->map.column_blocks; ++cb) {
    traffic_packet(traffic, home_of(plan, l, cb), EPX_HOST,
                   (int64_t)units_of(last, cb) * epx_qformat_bits(plan->chip->state),
                   last->positions);
  }
}

void traffic_biases(traffic_t *traffic, int l) {
  const epx_plan_t *plan = traffic->plan;
  const epx_plan_layer_t *layer = &plan->layer[l];
  const int last = layer->map.row_blocks - 1;
  for (int cb = 0; last > 0 && cb < layer->map.column_blocks; ++cb) {
    const int tile = epx_floorplan_tile(&plan->floor, l, 0, cb);
    traffic_packet(traffic, tile, tile + last,
                   (int64_t)units_of(layer, cb) * epx_qformat_bits(plan->chip->bias), 1);
  }
}
