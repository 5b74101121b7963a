/* SPDX-License-Identifier: Apache-2.0 */
/* Checks one tile of a trained network in SystemC against the twin, on real images. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "epx_records.h"
#include "epx_tile_check.h"
#include "run.h"

enum { KEY_RUN = 0x200, KEY_LAYER, KEY_ROW_BLOCK, KEY_COLUMN_BLOCK, KEY_IMAGES, KEY_VCD };

typedef struct arguments_t {
  command_source_t source;
  const char *run, *vcd;
  int layer, row_block, column_block, images;
} arguments_t;

static const struct argp_option options[] = {
    {"run", KEY_RUN, "DIR", 0, "Run folder of a trained twin (required)", 0},
    {"layer", KEY_LAYER, "N", 0, "State layer, from 0 (default 1, or 0 if there is one only)", 0},
    {"row-block", KEY_ROW_BLOCK, "N", 0, "Tile's row block (default 0)", 0},
    {"column-block", KEY_COLUMN_BLOCK, "N", 0, "Tile's column block (default 0)", 0},
    {"images", KEY_IMAGES, "N", 0, "Test images to drive it with (default 2)", 0},
    {"vcd", KEY_VCD, "FILE", 0, "Write the waveform", 0},
    COMMAND_COMMON_OPTIONS,
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  arguments_t *arguments = state->input;
  switch (key) {
    case KEY_RUN:
      arguments->run = argument;
      return 0;
    case KEY_VCD:
      arguments->vcd = argument;
      return 0;
    case KEY_LAYER:
      arguments->layer = command_number("--layer", argument, state, 0, EPX_MAX_LAYERS);
      return 0;
    case KEY_ROW_BLOCK:
      arguments->row_block = command_number("--row-block", argument, state, 0, 1 << 20);
      return 0;
    case KEY_COLUMN_BLOCK:
      arguments->column_block = command_number("--column-block", argument, state, 0, 1 << 20);
      return 0;
    case KEY_IMAGES:
      arguments->images = command_number("--images", argument, state, 1, 256);
      return 0;
    case ARGP_KEY_END:
      if (arguments->run == NULL) {
        argp_error(state, "expected --run DIR");
      }
      return 0;
    case ARGP_KEY_ARG:
      argp_error(state, "unexpected argument %s", argument);
      return 0;
    default:
      return command_common_option(key, argument, state, &arguments->source);
  }
}

static const struct argp argp = {
    options,
    parse,
    "",
    "Runs one training step of the twin on test images, gives one tile of it to the SystemC model "
    "(drive, settle, convert, accumulate, neuron unit, local update) and compares every value.\v"
    "Writes tile.json into the run folder. Exit code 1 where a single bit differs.",
    0,
    0,
    0};

static void print_check(const epx_tile_check_t *check, const char *layer,
                        const arguments_t *arguments) {
  printf("tile %s, row block %d, column block %d; %d images\n", layer, arguments->row_block,
         arguments->column_block, arguments->images);
  for (int i = 0; i < EPX_TILE_CHECK_KINDS && check->rows[i].name != NULL; ++i) {
    printf("  %-20s %10" PRId64 " compared  %" PRId64 " differing\n", check->rows[i].name,
           check->rows[i].compared, check->rows[i].differing);
  }
  printf("  %-20s %10" PRId64 " compared  %" PRId64 " differing\n", "all values", check->compared,
         check->differing);
  printf("  cycles: SystemC %" PRIu64 ", closed form %" PRIu64 "\n", check->cycles,
         check->expected_cycles);
  int unequal = 0;
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    unequal += epx_event_get(&check->events, i) != epx_event_get(&check->expected_events, i);
  }
  printf("  event counters: %d, of which %d differ from the closed form\n", (int)EPX_EVENT_COUNT,
         unequal);
  if (check->differing > 0) {
    printf("  first difference: %s\n", check->first_difference);
  }
}

static epx_status_t write_record(const epx_tile_check_t *check, const char *layer,
                                 const arguments_t *arguments, epx_error_t *error) {
  epx_tile_count_t compared[EPX_TILE_CHECK_KINDS], events[EPX_EVENT_COUNT];
  int count = 0;
  for (; count < EPX_TILE_CHECK_KINDS && check->rows[count].name != NULL; ++count) {
    compared[count] = (epx_tile_count_t){check->rows[count].name, check->rows[count].compared};
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    events[i] =
        (epx_tile_count_t){epx_event_rows()[i].name, (int64_t)epx_event_get(&check->events, i)};
  }
  const epx_tile_record_t record = {
      .layer = layer,
      .row_block = arguments->row_block,
      .column_block = arguments->column_block,
      .images = arguments->images,
      .compared = compared,
      .compared_count = count,
      .differing = check->differing,
      .first_difference = check->differing > 0 ? check->first_difference : NULL,
      .events = events,
      .event_count = EPX_EVENT_COUNT,
      .cycles = (int64_t)check->cycles,
      .vcd = arguments->vcd,
  };
  return epx_tile_record_write(arguments->run, &record, error);
}

static epx_status_t run_check(const arguments_t *arguments, epx_error_t *error) {
  epx_experiment_t experiment;
  epx_substrate_t *twin = NULL;
  float *x = NULL;
  uint8_t *labels = NULL;
  char layer[24];
  epx_tile_check_t check;
  epx_status_t status =
      run_load(arguments->run, &arguments->source, arguments->images, &experiment, &twin, error);
  if (status == EPX_OK && experiment.substrate.kind != EPX_SUBSTRATE_TWIN) {
    status = epx_fail(error, EPX_ERR_ARGUMENT,
                      "%s: substrate.kind is golden; tiles are compared with a twin's run",
                      arguments->run);
  }
  if (status == EPX_OK) {
    status = run_first_images(&experiment, arguments->images, &x, &labels, error);
  }
  if (status == EPX_OK) {
    epx_tile_check_request_t request = {
        .layer = arguments->layer >= 0 ? arguments->layer : experiment.network.layer_count > 1,
        .row_block = arguments->row_block,
        .column_block = arguments->column_block,
        .dynamics = experiment.dynamics,
        .estimator = experiment.estimator,
        .rule = {.momentum = experiment.training.momentum,
                 .weight_decay = experiment.training.weight_decay},
        .x = x,
        .labels = labels,
        .images = arguments->images,
        .vcd_path = arguments->vcd,
    };
    for (int l = 0; l <= EPX_MAX_LAYERS; ++l) {
      request.rule.learning_rate[l] = epx_trainer_learning_rate(&experiment.training, l, 0);
    }
    status = epx_tile_check_run(twin, &request, &check, error);
    if (status == EPX_OK) {
      epx_network_layer_name(&experiment.network, request.layer, layer);
      print_check(&check, layer, arguments);
      status = write_record(&check, layer, arguments, error);
    }
    if (status == EPX_OK && check.differing > 0) {
      status = epx_fail(error, EPX_ERR_MISMATCH,
                        "%" PRId64 " of %" PRId64 " values differ between SystemC and the twin",
                        check.differing, check.compared);
    }
  }
  epx_substrate_destroy(twin);
  free(x);
  free(labels);
  return status;
}

int command_tile(int argc, char **argv) {
  arguments_t arguments = {.layer = -1, .images = 2};
  epx_error_t error = {0};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  const epx_status_t status = run_check(&arguments, &error);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
