/* SPDX-License-Identifier: Apache-2.0 */
/* The twin's products where arrays are not exact: tile by tile and bit by bit, as the chip makes
 * them. Far slower than the exact kernels: a converter decides for every line and bit. */
#include <stdlib.h>
#include <string.h>

#include "epx_array.h"
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

/* One convolution row's products, in w->products. */
static epx_clips_t multiply(const twin_layer_t *layer, twin_workspace_t *w, const uint8_t *image,
                            int m) {
  int64_t *const products = w->products, *const sums = w->sums;
  epx_clips_t clips = {0};
  twin_gather_lines(layer, image, m, 0, layer->plan->g.fan_in, w->lines);
  memset(products, 0, (size_t)layer->plan->g.units * sizeof *products);
  for (int cb = 0; cb < layer->plan->map.column_blocks; ++cb) {
    for (int rb = 0; rb < layer->plan->map.row_blocks && !twin_stopped(layer); ++rb) {
      const part_t part = part_of(layer, rb, cb);
      epx_clips_add(&clips,
                    epx_array_forward(part.array, w->draw, m, w->lines + part.row, w->array, sums));
      for (int u = part.unit; u < part.unit_end; ++u) {
        products[u] += sums[u - part.unit];
      }
    }
  }
  return clips;
}

void twin_pool_place(const int64_t *products, int units, int place, int32_t *out,
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

epx_clips_t twin_analog_forward(const twin_layer_t *layer, twin_workspace_t *w,
                                const uint8_t *image, int32_t *out, uint8_t *switches) {
  const int units = layer->plan->g.units,
            positions = layer->plan->g.out_height * layer->plan->g.out_width;
  epx_clips_t clips = {0};
  for (int p = 0; p < positions; ++p, out += units) {
    for (int place = 0; place < layer->plan->window; ++place) {
      epx_clips_add(&clips, multiply(layer, w, image, p * layer->plan->window + place));
      twin_pool_place(w->products, units, place, out, switches);
    }
    switches += switches == NULL ? 0 : units;
  }
  return clips;
}

void twin_scatter(const twin_layer_t *layer, int row_block, const int64_t *sums, int position,
                  int place, int32_t *out, int64_t *held, int ldc) {
  const epx_geometry_t *g = &layer->plan->g;
  const size_t pitch = (size_t)(layer->plan->dense ? g->in_channels : ldc);
  int row, row_end;
  epx_map_rows(&layer->plan->map, row_block, &row, &row_end);
  epx_patch_t run = epx_patch_of(g, position, place, row, row_end);
  while (epx_patch_next(&run)) {
    const size_t at =
        run.inside ? (size_t)(run.y * g->in_width + run.x) * pitch + (size_t)run.channel : 0;
    for (int i = 0; run.inside && i < run.count; ++i) {
      if (held != NULL) {
        held[at + (size_t)i] += sums[run.row - row + i];
      } else {
        out[at + (size_t)i] += (int32_t)sums[run.row - row + i];
      }
    }
  }
}

static epx_clips_t backward_position(const twin_layer_t *layer, twin_workspace_t *w,
                                     const int32_t *posts, const uint8_t *switches, int p,
                                     int32_t *out, int ldc) {
  epx_clips_t clips = {0};
  for (int cb = 0; cb < layer->plan->map.column_blocks; ++cb) {
    for (int rb = 0; rb < layer->plan->map.row_blocks; ++rb) {
      const part_t part = part_of(layer, rb, cb);
      for (int place = 0; place < layer->plan->window && !twin_stopped(layer); ++place) {
        epx_clips_add(&clips, epx_array_backward(part.array, w->draw, p, posts + part.unit,
                                                 switches + part.unit, place, w->array, w->sums));
        twin_scatter(layer, rb, w->sums, p, place, out, NULL, ldc);
      }
    }
  }
  return clips;
}

epx_clips_t twin_analog_backward(const twin_layer_t *layer, twin_workspace_t *w, twin_place_t place,
                                 const uint8_t *switches, int32_t *out, int ldc) {
  const epx_geometry_t *g = &layer->plan->g;
  const size_t pixels = (size_t)(g->in_height * g->in_width);
  epx_clips_t clips = {0};
  memset(out, 0, (layer->plan->dense ? g->in_size : pixels * (size_t)ldc) * sizeof *out);
  for (int p = 0; p < g->out_height * g->out_width; ++p) {
    const uint8_t *state = place.at + (size_t)(p / g->out_width) * place.row_stride +
                           (size_t)(p % g->out_width) * place.pixel_stride;
    for (int u = 0; u < g->units; ++u) {
      w->posts[u] = state[u];
    }
    const uint8_t *own =
        layer->plan->window == 1 ? w->no_switches : switches + (size_t)p * (size_t)g->units;
    epx_clips_add(&clips, backward_position(layer, w, w->posts, own, p, out, ldc));
  }
  return clips;
}

epx_clips_t twin_analog_errors(const twin_layer_t *readout, twin_workspace_t *w,
                               const int32_t *error, int32_t *nudge) {
  memset(nudge, 0, readout->plan->g.in_size * sizeof *nudge);
  return backward_position(readout, w, error, w->no_switches, 0, nudge,
                           readout->plan->g.in_channels);
}
