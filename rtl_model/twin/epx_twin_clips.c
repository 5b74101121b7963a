/* SPDX-License-Identifier: Apache-2.0 */
/* How many conversions of the twin's arrays clipped, and ranges that follow. */
#include <string.h>

#include "epx_twin_internal.h"

bool twin_converts(const twin_t *twin) {
  return twin->plan->chip->array_kind == EPX_ARRAY_ANALOG &&
         twin->plan->chip->adc.converter.kind != EPX_CONVERTER_IDEAL;
}

void twin_clips_total(const twin_t *twin, epx_clips_t total[EPX_MAX_TILE_LAYERS][2]) {
  memcpy(total, twin->clips, sizeof twin->clips);
  for (int i = 0; i < twin->workspaces; ++i) {
    for (int t = 0; t < twin->plan->tile_layers; ++t) {
      epx_clips_add(&total[t][0], twin->workspace[i].clips[t][0]);
      epx_clips_add(&total[t][1], twin->workspace[i].clips[t][1]);
    }
  }
}

void twin_clips_set(twin_t *twin, epx_clips_t total[EPX_MAX_TILE_LAYERS][2]) {
  memcpy(twin->clips, total, sizeof twin->clips);
  for (int i = 0; i < twin->workspaces; ++i) {
    memset(twin->workspace[i].clips, 0, sizeof twin->workspace[i].clips);
  }
}

void epx_twin_clips(const epx_substrate_t *substrate, epx_twin_clips_t *clips) {
  const twin_t *twin = (const twin_t *)substrate;
  *clips = (epx_twin_clips_t){.layers = twin_converts(twin) ? twin->plan->tile_layers : 0};
  twin_clips_total(twin, clips->layer);
}

void epx_twin_clips_forget(epx_substrate_t *substrate) {
  epx_clips_t none[EPX_MAX_TILE_LAYERS][2] = {0};
  twin_clips_set((twin_t *)substrate, none);
}

void twin_clips_begin_step(const twin_t *twin, twin_workspace_t *w, int step) {
  if (twin_converts(twin)) {
    memcpy(w->clips_before[step % 2], w->clips, (size_t)twin->plan->tile_layers * sizeof *w->clips);
  }
}

void twin_clips_repeat(const twin_t *twin, twin_workspace_t *w, int step, int period, int times) {
  if (!twin_converts(twin) || w->held != NULL) {
    return;
  }
  epx_clips_t(*before)[2] = w->clips_before[(step + 1 - period) % 2];
  for (int t = 0; t < twin->plan->tile_layers; ++t) {
    for (int side = 0; side < 2; ++side) {
      epx_clips_t *now = &w->clips[t][side];
      now->conversions += (now->conversions - before[t][side].conversions) * (uint64_t)times;
      now->clips += (now->clips - before[t][side].clips) * (uint64_t)times;
    }
  }
}

/* ---- ranges that follow ---- */

static bool follows(const twin_t *twin) {
  return epx_chip_calibrates(twin->plan->chip) && twin->plan->chip->adc.follow_batches > 0;
}

static int tiles_of(const twin_layer_t *layer) {
  return layer->plan->map.row_blocks * layer->plan->map.column_blocks;
}

epx_status_t twin_follow_create(twin_t *twin, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; follows(twin) && i < twin->plan->tile_layers; ++i) {
    for (int tile = 0; status == EPX_OK && tile < tiles_of(&twin->layer[i]); ++tile) {
      status = epx_array_follow(twin->layer[i].array[tile], error);
    }
  }
  return status;
}

void twin_follow_forget(twin_t *twin) {
  for (int i = 0; follows(twin) && i < twin->plan->tile_layers; ++i) {
    for (int tile = 0; tile < tiles_of(&twin->layer[i]); ++tile) {
      epx_array_forget(twin->layer[i].array[tile]);
    }
  }
}

/* A share of clips is one of all conversions that a chip makes; whether there are any shows without
 * the steps of samples that have settled. */
bool twin_counts_shares(const twin_t *twin) {
  return follows(twin) && twin->plan->chip->adc.coverage < 1.0;
}

epx_status_t twin_follow(epx_substrate_t *self, epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  if (!follows(twin)) {
    return EPX_OK;
  }
  bool changed = false;
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    for (int tile = 0; tile < tiles_of(layer); ++tile) {
      changed |= epx_array_widen(layer->array[tile], twin->plan->chip,
                                 layer->reaches + epx_map_reaches(&layer->plan->map, tile));
    }
  }
  return changed ? twin_set_reaches(twin, error) : EPX_OK;
}
