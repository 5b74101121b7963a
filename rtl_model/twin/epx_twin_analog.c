/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's products where arrays are not exact: tile by tile, TWIN_WORDS words at once
 * (epx_array_multiply). The codes of the words are gathered once for all tiles of a layer. */
#include <stdlib.h>
#include <string.h>

#include "epx_array.h"
#include "epx_clones.h"
#include "epx_patch.h"
#include "epx_twin_internal.h"

/* The rows and units of a tile of the layer. */
typedef struct part_t {
  int row, row_end, unit, unit_end;
  const epx_array_t *array;
} part_t;

epx_array_t *twin_array(const twin_layer_t *layer, int row_block, int column_block) {
  return layer->array[column_block * layer->plan->map.row_blocks + row_block];
}

static part_t part_of(const twin_layer_t *layer, int row_block, int column_block) {
  part_t part = {.array = twin_array(layer, row_block, column_block)};
  epx_map_rows(&layer->plan->map, row_block, &part.row, &part.row_end);
  epx_map_units(&layer->plan->map, column_block, &part.unit, &part.unit_end);
  return part;
}

epx_status_t twin_analog_create(twin_t *twin, int i, int first_tile, epx_error_t *error) {
  twin_layer_t *layer = &twin->layer[i];
  const epx_layer_map_t *map = &layer->plan->map;
  layer->stop = &twin->base.stop;
  layer->array = calloc((size_t)(map->row_blocks * map->column_blocks), sizeof(epx_array_t *));
  if (layer->array == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the arrays of a layer");
  }
  epx_status_t status = EPX_OK;
  for (int tile = 0; status == EPX_OK && tile < map->row_blocks * map->column_blocks; ++tile) {
    const epx_tile_shape_t shape = twin_tile_shape(twin, layer, tile);
    status = epx_stop_status(twin->base.stop, error);
    if (status != EPX_OK) {
      break;
    }
    status =
        epx_array_create(twin->plan->chip, &shape, first_tile + tile, &layer->array[tile], error);
    status = status == EPX_OK ? epx_array_serve_words(layer->array[tile], error) : status;
  }
  return status;
}

void twin_analog_destroy(twin_layer_t *layer) {
  const int tiles = layer->plan->map.row_blocks * layer->plan->map.column_blocks;
  for (int i = 0; layer->array != NULL && i < tiles; ++i) {
    epx_array_destroy(layer->array[i]);
  }
  free(layer->array);
}

epx_status_t twin_analog_pack(const twin_layer_t *layer, const epx_stop_t *stop,
                              epx_error_t *error) {
  const epx_layer_map_t *map = &layer->plan->map;
  for (int i = 0; i < map->row_blocks * map->column_blocks; ++i) {
    const part_t part = part_of(layer, i % map->row_blocks, i / map->row_blocks);
    for (int k = part.row; k < part.row_end; ++k) {
      for (int u = part.unit; u < part.unit_end; ++u) {
        const size_t at = (size_t)u * (size_t)map->fan_in + (size_t)k;
        epx_array_write(layer->array[i], k - part.row, u - part.unit, layer->code[at],
                        layer->written[at]);
      }
    }
    epx_status_t status = epx_stop_status(stop, error);
    status = status == EPX_OK ? epx_array_settle(layer->array[i], stop, error) : status;
    if (status != EPX_OK) {
      return status;
    }
  }
  return EPX_OK;
}

void twin_gather_lines(const twin_layer_t *layer, const uint8_t *image, int m, int row, int row_end,
                       uint8_t *lines) {
  const int window = layer->plan->window;
  epx_patch_t run = epx_patch_of(&layer->plan->g, m / window, m % window, row, row_end);
  while (epx_patch_next(&run)) { /* the border has the code of zero */
    memcpy(lines + (run.row - row),
           image + twin_image_at(layer, run.y, run.x) + (size_t)run.channel, (size_t)run.count);
  }
}

uint64_t twin_draw(const twin_t *twin, int sample, int ahead) {
  return epx_array_command(twin->first_image + (uint64_t)sample, twin->reads + (uint64_t)ahead);
}

/* Adds the products of w->words to w->word_products; words lie `ldc` apart. */
static epx_clips_t multiply(const twin_layer_t *layer, twin_workspace_t *w, bool backward,
                            int ldc) {
  const epx_layer_map_t *map = &layer->plan->map;
  epx_clips_t clips = {0};
  memset(w->word_products, 0, (size_t)w->words.count * (size_t)ldc * sizeof *w->word_products);
  for (int i = 0; i < map->row_blocks * map->column_blocks && !twin_stopped(layer); ++i) {
    const part_t part = part_of(layer, i % map->row_blocks, i / map->row_blocks);
    const int driven = backward ? part.unit : part.row, read = backward ? part.row : part.unit;
    epx_clips_add(&clips, epx_array_multiply(part.array, w->draw, backward, &w->words, driven,
                                             w->array, w->word_products + read, (size_t)ldc));
  }
  return clips;
}

/* The largest of the products of a window's places, or its only one; of equals, the first. */
EPX_CLONES static void pool(const int32_t *products, int units, int window, int32_t *out,
                            uint8_t *switches) {
  memcpy(out, products, (size_t)units * sizeof *out);
  if (window > 1) {
    memset(switches, 0, (size_t)units);
  }
  for (int place = 1; place < window; ++place) {
    const int32_t *own = products + (size_t)place * (size_t)units;
    for (int u = 0; u < units; ++u) {
      switches[u] = own[u] > out[u] ? (uint8_t)place : switches[u];
      out[u] = own[u] > out[u] ? own[u] : out[u];
    }
  }
}

static int smaller(int a, int b) {
  return a < b ? a : b;
}

epx_clips_t twin_analog_forward(const twin_layer_t *layer, twin_workspace_t *w,
                                const uint8_t *image, int32_t *out, uint8_t *switches) {
  const epx_geometry_t *g = &layer->plan->g;
  const int window = layer->plan->window, all = g->out_height * g->out_width * window;
  epx_clips_t clips = {0};
  for (int first = 0; first < all; first += TWIN_WORDS) {
    const int count = smaller(TWIN_WORDS, all - first);
    uint8_t *codes = epx_words_begin(&w->words, first, 1, count, g->fan_in);
    for (int i = 0; i < count; ++i) {
      twin_gather_lines(layer, image, first + i, 0, g->fan_in, codes + (size_t)i * w->words.pitch);
    }
    epx_words_drive(&w->words, &layer->driver[0]);
    epx_clips_add(&clips, multiply(layer, w, false, g->units));
    for (int i = 0; i < count; i += window) {
      const size_t at = (size_t)((first + i) / window) * (size_t)g->units;
      pool(w->word_products + (size_t)i * (size_t)g->units, g->units, window, out + at,
           switches == NULL ? NULL : switches + at);
    }
  }
  return clips;
}

EPX_CLONES static void add(int count, const int32_t *restrict from, int32_t *restrict to) {
  for (int i = 0; i < count; ++i) {
    to[i] += from[i];
  }
}

/* Adds a backward product to the pixels that its word's patch covers. */
static void scatter(const twin_layer_t *layer, const int32_t *products, int position, int place,
                    int32_t *out, int ldc) {
  epx_patch_t run = epx_patch_of(&layer->plan->g, position, place, 0, layer->plan->g.fan_in);
  while (epx_patch_next(&run)) {
    if (run.inside) {
      add(run.count, products + run.row, out + twin_feedback_at(layer, &run, ldc));
    }
  }
}

/* What the words of a position carry: each unit's post in the word of its switch, else 0. */
EPX_CLONES static void place_posts(const uint8_t *posts, const uint8_t *switches, int units,
                                   int window, uint8_t *codes, size_t pitch) {
  if (window == 1) {
    memcpy(codes, posts, (size_t)units);
    return;
  }
  for (int place = 0; place < window; ++place, codes += pitch) {
    for (int u = 0; u < units; ++u) {
      codes[u] = switches[u] == place ? posts[u] : 0;
    }
  }
}

epx_clips_t twin_analog_backward(const twin_layer_t *layer, twin_workspace_t *w, twin_place_t place,
                                 const uint8_t *switches, int32_t *out, int ldc) {
  const epx_geometry_t *g = &layer->plan->g;
  const int window = layer->plan->window, positions = g->out_height * g->out_width;
  const int most = TWIN_WORDS / window;
  const size_t pixels = (size_t)(g->in_height * g->in_width);
  epx_clips_t clips = {0};
  memset(out, 0, (layer->plan->dense ? g->in_size : pixels * (size_t)ldc) * sizeof *out);
  for (int first = 0; first < positions; first += most) {
    const int count = smaller(most, positions - first);
    uint8_t *codes = epx_words_begin(&w->words, first, window, count * window, g->units);
    for (int p = first; p < first + count; ++p, codes += (size_t)window * w->words.pitch) {
      const uint8_t *posts = place.at + (size_t)(p / g->out_width) * place.row_stride +
                             (size_t)(p % g->out_width) * place.pixel_stride;
      place_posts(posts, switches + (size_t)p * (size_t)g->units, g->units, window, codes,
                  w->words.pitch);
    }
    epx_words_drive(&w->words, &layer->driver[1]);
    epx_clips_add(&clips, multiply(layer, w, true, g->fan_in));
    for (int i = 0; i < count * window; ++i) {
      scatter(layer, w->word_products + (size_t)i * (size_t)g->fan_in, first + i / window,
              i % window, out, ldc);
    }
  }
  return clips;
}

epx_clips_t twin_analog_errors(const twin_layer_t *readout, twin_workspace_t *w,
                               const int32_t *error, int32_t *nudge) {
  const epx_geometry_t *g = &readout->plan->g;
  memset(nudge, 0, g->in_size * sizeof *nudge);
  epx_words_drive_one(&w->words, &readout->driver[1], error, 0, g->units);
  const epx_clips_t clips = multiply(readout, w, true, g->fan_in);
  scatter(readout, w->word_products, 0, 0, nudge, g->in_channels);
  return clips;
}
