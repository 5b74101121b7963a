/* SPDX-License-Identifier: Apache-2.0 */
/* What the twin allocates: all of it at creation. */
#include <stdlib.h>

#include "epx_array.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_parallel.h"
#include "epx_twin_internal.h"

/* Zeroed, 64-byte aligned; sets *failed where memory runs out, so that a caller checks once. */
static void *zeroed(size_t count, size_t size, bool *failed) {
  const size_t whole = (count * size / 64 + 1) * 64;
  void *memory = aligned_alloc(64, whole);
  if (memory == NULL) {
    *failed = true;
    return NULL;
  }
  for (size_t i = 0; i < whole; ++i) {
    ((uint8_t *)memory)[i] = 0;
  }
  return memory;
}

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

static void allocate_layer(twin_t *twin, int i, bool *failed) {
  twin_layer_t *layer = &twin->layer[i];
  const epx_geometry_t *g = &layer->plan->g;
  const size_t units = (size_t)g->units, weights = units * (size_t)g->fan_in;
  layer->shadow = zeroed(weights, sizeof *layer->shadow, failed);
  layer->velocity = zeroed(weights, sizeof *layer->velocity, failed);
  if (layer->plan->role != EPX_ROLE_FEEDBACK) {
    layer->bias = zeroed(units, sizeof *layer->bias, failed);
    layer->bias_velocity = zeroed(units, sizeof *layer->bias_velocity, failed);
  }
  layer->lfsr = zeroed((size_t)(layer->plan->map.row_blocks * layer->plan->map.column_blocks),
                       sizeof *layer->lfsr, failed);
  if (!epx_chip_exact(twin->plan->chip)) {
    layer->written = zeroed(weights, sizeof *layer->written, failed);
  }
  if (epx_chip_calibrates(twin->plan->chip)) {
    layer->reaches = zeroed(twin_reach_count(layer), sizeof *layer->reaches, failed);
  }
  layer->code = zeroed(weights, 1, failed);
  layer->offset = zeroed(units, sizeof *layer->offset, failed);
  layer->packed_forward = zeroed(epx_conv_packed_size(&layer->plan->conv), 1, failed);
  layer->packed_backward =
      zeroed(epx_conv_packed_transpose_size(&layer->plan->feedback), 1, failed);
  layer->forward_rows =
      zeroed((size_t)epx_conv_row_count(&layer->plan->conv), sizeof *layer->forward_rows, failed);
  if (twin_shares_gradient(twin, i)) {
    layer->correlation = twin->layer[layer->plan->parameter].correlation;
    layer->bias_correlation = twin->layer[layer->plan->parameter].bias_correlation;
    return;
  }
  layer->correlation = zeroed(weights, sizeof *layer->correlation, failed);
  layer->bias_correlation = zeroed(units, sizeof *layer->bias_correlation, failed);
}

/* What the kernels of one layer want, one after another. */
static size_t scratch_size(const twin_layer_t *layer) {
  const size_t products = larger(epx_conv_forward_workspace_size(&layer->plan->conv),
                                 epx_conv_transpose_workspace_size(&layer->plan->feedback));
  return larger(products, epx_conv_correlate_workspace_size(&layer->plan->conv));
}

/* Of a state layer: images, states, products. */
static void allocate_dynamics(const twin_t *twin, twin_workspace_t *w, int l, bool *failed) {
  const twin_layer_t *layer = &twin->layer[l];
  w->previous[l] = zeroed(layer->plan->g.out_size, 1, failed);
  if (l > 0) { /* layer 0's product is static: twin->input_product */
    w->forward[l] = zeroed(layer->plan->g.out_size, sizeof *w->forward[l], failed);
  }
  if (l + 1 < twin->plan->layers) {
    const twin_layer_t *above = &twin->layer[l + 1];
    const size_t positions =
        above->plan->dense ? 1 : (size_t)(above->plan->g.in_height * above->plan->g.in_width);
    w->backward[l] =
        zeroed(positions * (size_t)twin_backward_ldc(above), sizeof *w->backward[l], failed);
  }
}

/* What one thread multiplies many words with. */
static void allocate_words(const twin_t *twin, twin_workspace_t *w, bool *failed) {
  size_t codes = 0, products = 0;
  int passes = 1;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    const epx_geometry_t *g = &layer->plan->g;
    const bool readout = layer->plan->role == EPX_ROLE_READOUT;
    const int words = readout ? 1 : TWIN_WORDS;
    codes = larger(codes, epx_words_size(words, g->fan_in > g->units ? g->fan_in : g->units));
    products = larger(products, (size_t)words * larger((size_t)g->fan_in, (size_t)g->units));
    for (int side = 0; side < 2; ++side) {
      const int own = epx_driver_pass_count(&layer->driver[side]);
      passes = own > passes ? own : passes;
    }
  }
  w->word_products = zeroed(products + EPX_ARRAY_LINES, sizeof *w->word_products, failed);
  *failed = epx_words_create(codes, passes, &w->words, NULL) != EPX_OK || *failed;
}

/* What one thread drives arrays with, line by line, and what they give. */
static void allocate_drives(const twin_t *twin, twin_workspace_t *w, bool *failed) {
  const bool exact = epx_chip_exact(twin->plan->chip), events = twin->held_size > 0;
  size_t fan_in = 0, units = 0, blocks = 0;
  int tile_rows = 0, tile_units = 0;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    const epx_layer_map_t *map = &layer->plan->map;
    int first, row_end, unit_end;
    fan_in = larger(fan_in, (size_t)layer->plan->g.fan_in);
    units = larger(units, (size_t)layer->plan->g.units);
    blocks = larger(blocks, larger((size_t)map->row_blocks, (size_t)map->column_blocks));
    epx_map_rows(map, 0, &first, &row_end); /* the first block is the largest */
    epx_map_units(map, 0, &first, &unit_end);
    tile_rows = row_end > tile_rows ? row_end : tile_rows;
    tile_units = unit_end > tile_units ? unit_end : tile_units;
  }
  if (!exact || events) {
    w->lines = zeroed(2 * fan_in, 1, failed);
    w->posts = zeroed(units, sizeof *w->posts, failed);
    w->no_switches = zeroed(units, 1, failed);
  }
  if (!exact) {
    allocate_words(twin, w, failed);
    w->sums =
        zeroed((size_t)(tile_rows > tile_units ? tile_rows : tile_units), sizeof *w->sums, failed);
    w->products = zeroed(units, sizeof *w->products, failed);
    *failed =
        epx_array_workspace_create(tile_rows, tile_units, &w->array, NULL) != EPX_OK || *failed;
  }
  if (events) {
    w->change = zeroed(larger(fan_in, units), sizeof *w->change, failed);
    w->cycles = zeroed(blocks, sizeof *w->cycles, failed);
    w->word = zeroed(blocks, sizeof *w->word, failed);
    w->edges = zeroed(twin->pace_size, sizeof *w->edges, failed);
  }
}

static void allocate_workspace(const twin_t *twin, twin_workspace_t *w, bool *failed) {
  size_t scratch = 0;
  for (int l = 0; l < twin->plan->parameter_layers; ++l) {
    const twin_layer_t *layer = &twin->layer[l];
    scratch = larger(scratch, scratch_size(layer));
    w->image[l] = zeroed(twin_image_size(layer), 1, failed);
    if (l < twin->plan->layers) {
      allocate_dynamics(twin, w, l, failed);
    }
  }
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    w->switches[i] = zeroed(layer->plan->g.out_size, 1, failed);
    if (layer->plan->role == EPX_ROLE_READOUT) {
      w->readout_correlation = zeroed(layer->plan->g.in_size * (size_t)layer->plan->g.units,
                                      sizeof *w->readout_correlation, failed);
    } else if (!twin_shares_gradient(twin, i)) {
      w->correlation[i] = zeroed(twin_raw_size(layer), sizeof *w->correlation[i], failed);
    }
    w->bias_correlation[i] =
        zeroed((size_t)layer->plan->g.units, sizeof *w->bias_correlation[i], failed);
  }
  if (!twin->plan->readout) {
    w->image[twin->plan->layers] =
        zeroed(twin->layer[twin->plan->layers - 1].plan->g.out_size, 1, failed);
  }
  w->scratch = zeroed(scratch, 1, failed);
  w->nudge = zeroed(twin->layer[twin->plan->layers - 1].plan->g.out_size, sizeof *w->nudge, failed);
  allocate_drives(twin, w, failed);
}

bool twin_allocate(twin_t *twin) {
  bool failed = false;
  const size_t samples = (size_t)twin->base.capacity;
  size_t pack = 0;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    allocate_layer(twin, i, &failed);
    pack = larger(pack, epx_conv_pack_buffer_size(&layer->plan->conv));
    pack = larger(pack, epx_conv_pack_transpose_buffer_size(&layer->plan->feedback));
  }
  for (int l = 0; l < twin->plan->layers; ++l) {
    twin->state[l] = zeroed(samples * twin->layer[l].plan->g.out_size, 1, &failed);
    twin->free_state[l] = zeroed(samples * twin->layer[l].plan->g.out_size, 1, &failed);
  }
  const epx_geometry_t *first = &twin->layer[0].plan->g;
  twin->labels = zeroed(samples, 1, &failed);
  twin->input = zeroed(samples * first->in_size, 1, &failed);
  twin->input_product = zeroed(samples * first->out_size, sizeof *twin->input_product, &failed);
  twin->input_switches = zeroed(samples * first->out_size, 1, &failed);
  twin->pack_buffer = zeroed(pack, 1, &failed);
  twin->held_size = twin_event_size(twin);
  twin->pace_size = twin_pace_size(twin);
  twin->held = twin->held_size > 0 ? zeroed(samples, twin->held_size, &failed) : NULL;
  twin->workspaces = epx_parallel_threads();
  twin->workspace = zeroed((size_t)twin->workspaces, sizeof *twin->workspace, &failed);
  for (int i = 0; !failed && i < twin->workspaces; ++i) {
    allocate_workspace(twin, &twin->workspace[i], &failed);
  }
  return !failed;
}

static void free_workspace(twin_workspace_t *w) {
  for (int l = 0; l < EPX_MAX_LAYERS; ++l) {
    free(w->image[l]);
    free(w->previous[l]);
    free(w->forward[l]);
    free(w->backward[l]);
  }
  for (int i = 0; i < EPX_MAX_TILE_LAYERS; ++i) {
    free(w->switches[i]);
    free(w->correlation[i]);
    free(w->bias_correlation[i]);
  }
  free(w->image[EPX_MAX_LAYERS]);
  free(w->scratch);
  free(w->nudge);
  free(w->readout_correlation);
  free(w->lines);
  free(w->posts);
  free(w->no_switches);
  epx_words_destroy(&w->words);
  free(w->word_products);
  epx_array_workspace_destroy(w->array);
  free(w->sums);
  free(w->products);
  free(w->change);
  free(w->cycles);
  free(w->word);
  free(w->edges);
}

void twin_destroy(epx_substrate_t *self) {
  twin_t *twin = (twin_t *)self;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    twin_analog_destroy(layer);
    twin_pulsed_destroy(layer);
    twin_pace_destroy(layer);
    free(layer->shadow);
    free(layer->velocity);
    free(layer->bias);
    free(layer->bias_velocity);
    free(layer->lfsr);
    free(layer->written);
    free(layer->reaches);
    free(layer->code);
    free(layer->offset);
    free(layer->packed_forward);
    free(layer->packed_backward);
    free(layer->forward_rows);
    if (!twin_shares_gradient(twin, i)) {
      free(layer->correlation);
      free(layer->bias_correlation);
    }
  }
  for (int l = 0; l < twin->plan->layers; ++l) {
    free(twin->state[l]);
    free(twin->free_state[l]);
  }
  for (int i = 0; twin->workspace != NULL && i < twin->workspaces; ++i) {
    free_workspace(&twin->workspace[i]);
  }
  free(twin->workspace);
  free(twin->labels);
  free(twin->input);
  free(twin->held);
  free(twin->input_product);
  free(twin->input_switches);
  free(twin->pack_buffer);
  epx_plan_destroy(twin->plan);
  free(twin);
}
