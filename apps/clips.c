/* SPDX-License-Identifier: Apache-2.0 */
#include "clips.h"

#include <stdio.h>

#include "epx_array.h"
#include "epx_clip_record.h"
#include "epx_twin.h"

/* Clips that are worth a line, beside those that the coverage leaves out. */
static const double worth_a_line = 0.01;

static double allowed(const epx_experiment_t *experiment) {
  return worth_a_line +
         (epx_chip_calibrates(&experiment->chip) ? 1.0 - experiment->chip.adc.coverage : 0.0);
}

static void print_rows(const epx_clip_row_t *rows, int count, double share) {
  int printed = 0;
  for (int i = 0; i < count; ++i) {
    if (epx_clip_share(&rows[i]) > share) {
      if (printed++ == 0) {
        fprintf(stderr, "epoch %d  sums beyond their converter's range", rows[i].epoch);
      }
      fprintf(stderr, "  %s %s %.1f %%", rows[i].layer, rows[i].backward ? "backward" : "forward",
              100.0 * epx_clip_share(&rows[i]));
    }
  }
  if (printed > 0) {
    fprintf(stderr, "; wider ranges: chip.array.adc.range, reach, headroom, coverage\n");
  }
}

static epx_clip_row_t make_row(const epx_network_t *network, int epoch, int tile_layer,
                               bool backward, epx_clips_t clips) {
  const epx_tile_layer_t at = epx_tile_layer(network, tile_layer);
  epx_clip_row_t row = {.epoch = epoch,
                        .backward = backward,
                        .conversions = (int64_t)clips.conversions,
                        .clips = (int64_t)clips.clips};
  char name[24];
  epx_network_layer_name(network, at.parameter, name);
  snprintf(row.layer, sizeof row.layer, "%s%s", name,
           at.role == EPX_ROLE_FEEDBACK ? " feedback" : "");
  return row;
}

epx_status_t clips_record(const char *folder, int epoch, int quiet,
                          const epx_experiment_t *experiment, epx_substrate_t *substrate,
                          epx_error_t *error) {
  epx_clip_row_t rows[2 * EPX_MAX_TILE_LAYERS];
  epx_twin_clips_t clips;
  int count = 0;
  if (experiment->substrate.kind != EPX_SUBSTRATE_TWIN) {
    return EPX_OK;
  }
  epx_twin_clips(substrate, &clips);
  for (int i = 0; i < clips.layers; ++i) {
    for (int side = 0; side < 2; ++side) {
      if (clips.layer[i][side].conversions > 0) {
        rows[count++] = make_row(&experiment->network, epoch, i, side != 0, clips.layer[i][side]);
      }
    }
  }
  if (count == 0) {
    return EPX_OK;
  }
  epx_twin_clips_forget(substrate);
  if (quiet == 0) {
    print_rows(rows, count, allowed(experiment));
  }
  return folder != NULL ? epx_clips_append(folder, rows, count, error) : EPX_OK;
}
