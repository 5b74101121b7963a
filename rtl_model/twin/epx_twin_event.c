/* SPDX-License-Identifier: Apache-2.0 */
/* The event-driven chip (epx_drive.h) in the twin: what each array was last driven with is held by
 * sample, and every drive counts what its tiles do about the change. Exact arrays give the sums
 * that a whole drive gives, so their products stay with the kernels; where converters lose bits,
 * the sums themselves are held and changed, tile by tile. Errors of every drive stay in them, so
 * that no product of a drive bounds them: they are held in 64 bits, and leave limited
 * (epx_neuron_held). */
#include <string.h>

#include "epx_drive.h"
#include "epx_patch.h"
#include "epx_tile_events.h"
#include "epx_twin_internal.h"

/* What a layer's arrays hold of one sample. */
typedef struct held_t {
  uint8_t *image; /* bordered */
  int32_t *posts; /* [positions][units] */
  uint8_t *switches;
  int64_t *forward;  /* lossy: [vectors][units] */
  int64_t *backward; /* lossy: as the layer's backward product */
} held_t;

static int positions_of(const twin_layer_t *layer) {
  return layer->plan->g.out_height * layer->plan->g.out_width;
}

static size_t backward_size(const twin_layer_t *layer) {
  const epx_geometry_t *g = &layer->plan->g;
  return layer->plan->dense
             ? g->in_size
             : (size_t)(g->in_height * g->in_width) * (size_t)twin_backward_ldc(layer);
}

/* The tile layers but the first, one after another; every part at a multiple of 8. */
size_t twin_event_size(twin_t *twin) {
  const bool lossy = !epx_chip_exact(twin->plan->chip);
  size_t sum = 0;
  for (int i = 1; twin->plan->chip->event_driven && i < twin->plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    const size_t neurons = layer->plan->g.out_size;
    const size_t bytes[TWIN_HELD_PARTS] = {
        twin_image_size(layer), neurons * sizeof(int32_t), neurons,
        lossy ? neurons * (size_t)layer->plan->window * sizeof(int64_t) : 0,
        lossy ? backward_size(layer) * sizeof(int64_t) : 0};
    for (int part = 0; part < TWIN_HELD_PARTS; ++part) {
      layer->held_at[part] = sum;
      sum += (bytes[part] + 7) / 8 * 8;
    }
  }
  return sum;
}

void twin_event_forget(twin_t *twin) {
  if (twin->held != NULL) {
    memset(twin->held, 0, (size_t)twin->samples * twin->held_size);
  }
}

void twin_event_sample(const twin_t *twin, twin_workspace_t *w, int sample) {
  w->held = twin->held == NULL ? NULL : twin->held + (size_t)sample * twin->held_size;
}

void twin_event_command(twin_workspace_t *w, epx_command_kind_t kind) {
  w->at_work = &w->pace[kind];
  w->nudged = kind == EPX_COMMAND_NUDGED_STEP;
  ++w->at_work->commands;
}

void twin_event_idle(const twin_t *twin, twin_workspace_t *w, int steps) {
  if (w->held == NULL) {
    return;
  }
  epx_pace_t *const pace = w->at_work;
  epx_pace_t idle = {.commands = 1};
  w->at_work = &idle;
  for (int i = 1; i < twin->plan->tile_layers; ++i) { /* each word is taken, and drives nothing */
    const twin_layer_t *layer = &twin->layer[i];
    const bool drives = layer->plan->role != EPX_ROLE_READOUT || w->nudged;
    if (drives && twin_fed(layer)) {
      twin_pace_idle_forward(twin, layer, w);
    }
    if (drives && (layer->plan->role != EPX_ROLE_STATES ||
                   epx_plan_back(twin->plan, layer->plan->parameter) == i)) {
      twin_pace_idle_backward(twin, layer, w);
    }
  }
  twin_pace_end_step(twin, w);
  epx_pace_add(pace, &idle, (uint64_t)steps);
  w->at_work = pace;
}

static held_t held_of(const twin_layer_t *layer, const twin_workspace_t *w) {
  const size_t *at = layer->held_at;
  return (held_t){w->held + at[0], (int32_t *)(void *)(w->held + at[1]), w->held + at[2],
                  (int64_t *)(void *)(w->held + at[3]), (int64_t *)(void *)(w->held + at[4])};
}

/* ---- forward ---- */

static int row_block_rows(const epx_layer_map_t *map, int rb) {
  int row, row_end;
  epx_map_rows(map, rb, &row, &row_end);
  return row_end - row;
}

/* Drives the change of convolution row m in row block rb; returns the passes. */
static int drive_rows(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int m,
                      int rb, int64_t *sums) {
  const epx_layer_map_t *map = &layer->plan->map;
  const uint8_t *before = w->lines, *now = w->lines + layer->plan->g.fan_in;
  int row, row_end;
  epx_map_rows(map, rb, &row, &row_end);
  const int rows = row_end - row;
  const epx_driver_t *driver = &layer->driver[0];
  for (int i = row; i < row_end && layer->array != NULL; ++i) {
    w->change[i] = epx_driver_code(driver, now[i]) - epx_driver_code(driver, before[i]);
  }
  const epx_drive_t drive = layer->array != NULL
                                ? epx_drive_of(w->change + row, rows)
                                : epx_drive_of_codes(before + row, now + row, rows);
  const int passes = epx_drive_passes(driver, &drive, NULL);
  if (passes == 0) {
    return 0;
  }
  const uint64_t units = (uint64_t)layer->plan->g.units;
  epx_events_t *events = &w->at_work->events[layer - twin->layer];
  events->psum_adds += units;
  events->accumulator_bits += units * EPX_ACCUMULATOR_BITS;
  for (int cb = 0; cb < map->column_blocks; ++cb) {
    int unit, unit_end;
    epx_map_units(map, cb, &unit, &unit_end);
    epx_drive_events(twin->plan->chip, driver, &drive, 1, (unit_end - unit) * map->slices, rows,
                     events);
    if (layer->array != NULL && !twin_stopped(layer)) {
      epx_clips_add(&w->clips[layer - twin->layer][0],
                    epx_array_forward_change(twin_array(layer, rb, cb), w->draw, m, &drive,
                                             w->change + row, w->array, w->sums));
      for (int u = unit; u < unit_end; ++u) {
        sums[u] += w->sums[u - unit];
      }
    }
  }
  return passes;
}

/* Takes the products of one place of a window into the largest so far; of equals, the first. */
static void pool_place(const int64_t *products, int units, int place, int32_t *out,
                       uint8_t *switches) {
  for (int u = 0; u < units; ++u) {
    if (place == 0 || products[u] > out[u]) {
      out[u] = (int32_t)products[u];
      if (switches != NULL) {
        switches[u] = (uint8_t)place;
      }
    }
  }
}

void twin_event_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w,
                        const uint8_t *image, int32_t *out, uint8_t *switches) {
  const held_t held = held_of(layer, w);
  const int vectors = positions_of(layer) * layer->plan->window, units = layer->plan->g.units;
  const size_t size = twin_image_size(layer);
  if (memcmp(held.image, image, size) != 0) {
    const int widest =
        layer->plan->map.column_blocks > 1 ? layer->plan->map.weights_per_tile : units;
    const uint64_t reading =
        epx_tile_reading_cycles(twin->plan->chip, widest * layer->plan->map.slices);
    twin_pace_begin_forward(layer, w);
    for (int m = 0; m < vectors; ++m) {
      twin_gather_lines(layer, held.image, m, 0, layer->plan->g.fan_in, w->lines);
      twin_gather_lines(layer, image, m, 0, layer->plan->g.fan_in,
                        w->lines + layer->plan->g.fan_in);
      for (int rb = 0; rb < layer->plan->map.row_blocks; ++rb) {
        const int passes =
            drive_rows(twin, layer, w, m, rb, held.forward + (size_t)m * (size_t)units);
        w->word[rb] = 1 + (passes == 0 ? 1 : (uint64_t)passes * reading);
      }
      twin_pace_vector(twin, layer, w, m);
    }
    twin_pace_end_forward(twin, layer, w);
    memcpy(held.image, image, size);
  } else {
    twin_pace_idle_forward(twin, layer, w);
  }
  for (int m = 0; layer->array != NULL && m < vectors; ++m) {
    const size_t neuron = (size_t)(m / layer->plan->window) * (size_t)units;
    for (int u = 0; u < units; ++u) {
      const int64_t sum = held.forward[(size_t)m * (size_t)units + (size_t)u];
      w->products[u] = epx_neuron_held(sum, layer->plan->forward_shift);
    }
    pool_place(w->products, units, m % layer->plan->window, out + neuron,
               switches == NULL ? NULL : switches + neuron);
  }
}

/* ---- backward ---- */

/* Rows of a row block that lie on the image at one place of a window. */
static uint64_t rows_on_image(const twin_layer_t *layer, int row, int row_end, int position,
                              int place) {
  uint64_t count = 0;
  epx_patch_t run = epx_patch_of(&layer->plan->g, position, place, row, row_end);
  while (epx_patch_next(&run)) {
    count += run.inside ? (uint64_t)run.count : 0;
  }
  return count;
}

/* Adds a row block's sums of one place to the pixels that its patch covers. */
static void scatter(const twin_layer_t *layer, int row_block, const int64_t *sums, int position,
                    int place, int64_t *held) {
  int row, row_end;
  epx_map_rows(&layer->plan->map, row_block, &row, &row_end);
  epx_patch_t run = epx_patch_of(&layer->plan->g, position, place, row, row_end);
  while (epx_patch_next(&run)) {
    const size_t at = run.inside ? twin_feedback_at(layer, &run, twin_backward_ldc(layer)) : 0;
    for (int i = 0; run.inside && i < run.count; ++i) {
      held[at + (size_t)i] += sums[run.row - row + i];
    }
  }
}

/* Drives what changed of one column block's posts at one place of position p's window; returns the
 * passes of a slice. */
static int drive_units(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int cb,
                       int p, int place, const held_t *held) {
  const epx_layer_map_t *map = &layer->plan->map;
  int unit, unit_end;
  epx_map_units(map, cb, &unit, &unit_end);
  const int units = unit_end - unit;
  const epx_drive_t drive = epx_drive_of(w->change + unit, units);
  const int passes = epx_drive_passes(&layer->driver[1], &drive, NULL);
  if (passes == 0) {
    return 0;
  }
  epx_events_t *events = &w->at_work->events[layer - twin->layer];
  for (int rb = 0; rb < map->row_blocks; ++rb) {
    int row, row_end;
    epx_map_rows(map, rb, &row, &row_end);
    const uint64_t adds = rows_on_image(layer, row, row_end, p, place);
    epx_drive_events(twin->plan->chip, &layer->driver[1], &drive, map->slices, row_end - row, units,
                     events);
    events->psum_adds += adds;
    events->accumulator_bits += 2 * EPX_ACCUMULATOR_BITS * adds;
    if (layer->array != NULL && !twin_stopped(layer)) {
      epx_clips_add(&w->clips[layer - twin->layer][1],
                    epx_array_backward_change(twin_array(layer, rb, cb), w->draw, p, place, &drive,
                                              w->change + unit, w->array, w->sums));
      scatter(layer, rb, w->sums, p, place, held->backward);
    }
  }
  return passes;
}

/* Posts of position p as they are now; its switches. Row blocks of one column block drive the same:
 * the first, which has most rows, takes longest. */
static void drive_position(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w,
                           int p, const int32_t *posts, const uint8_t *switches,
                           const held_t *held) {
  const epx_layer_map_t *map = &layer->plan->map;
  const size_t units = (size_t)layer->plan->g.units, at = (size_t)p * units;
  const uint64_t reading =
      epx_tile_reading_cycles(twin->plan->chip, row_block_rows(map, 0)) * (uint64_t)map->slices;
  if (memcmp(held->posts + at, posts, units * sizeof *posts) == 0 &&
      memcmp(held->switches + at, switches, units) == 0) {
    for (int cb = 0; cb < map->column_blocks; ++cb) {
      w->word[cb] = 1 + (uint64_t)layer->plan->window;
    }
    return;
  }
  for (int cb = 0; cb < map->column_blocks; ++cb) {
    w->word[cb] = 1;
  }
  for (int place = 0; place < layer->plan->window; ++place) {
    epx_drive_change(&layer->driver[1], held->posts + at, held->switches + at, posts, switches,
                     place, (int)units, w->change);
    for (int cb = 0; cb < map->column_blocks; ++cb) {
      const int passes = drive_units(twin, layer, w, cb, p, place, held);
      w->word[cb] += passes == 0 ? 1 : (uint64_t)passes * reading;
    }
  }
  memcpy(held->posts + at, posts, units * sizeof *posts);
  memcpy(held->switches + at, switches, units);
}

void twin_event_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w,
                         twin_place_t place, const uint8_t *switches, int32_t *out) {
  const held_t held = held_of(layer, w);
  const size_t units = (size_t)layer->plan->g.units;
  twin_pace_begin_backward(twin, layer, w);
  for (int p = 0; p < positions_of(layer); ++p) {
    const uint8_t *state = place.at + (size_t)(p / layer->plan->g.out_width) * place.row_stride +
                           (size_t)(p % layer->plan->g.out_width) * place.pixel_stride;
    for (size_t u = 0; u < units; ++u) {
      w->posts[u] = state[u];
    }
    const uint8_t *of_position =
        layer->plan->window == 1 ? w->no_switches : switches + (size_t)p * units;
    drive_position(twin, layer, w, p, w->posts, of_position, &held);
    twin_pace_position(twin, layer, w, p);
  }
  twin_pace_end_backward(twin, layer, w);
  const int shift = twin->plan->layer[layer->plan->parameter - 1].backward_shift;
  for (size_t i = 0; layer->array != NULL && i < backward_size(layer); ++i) {
    out[i] = (int32_t)epx_neuron_held(held.backward[i], shift);
  }
}

void twin_event_errors(const twin_t *twin, twin_workspace_t *w, const int32_t *error,
                       int32_t *nudge) {
  const twin_layer_t *readout = &twin->layer[twin->plan->layers];
  const held_t held = held_of(readout, w);
  twin_pace_begin_backward(twin, readout, w);
  drive_position(twin, readout, w, 0, error, w->no_switches, &held);
  twin_pace_position(twin, readout, w, 0);
  twin_pace_end_backward(twin, readout, w);
  for (size_t i = 0; readout->array != NULL && i < readout->plan->g.in_size; ++i) {
    nudge[i] = (int32_t)epx_neuron_held(held.backward[i], 0);
  }
}
