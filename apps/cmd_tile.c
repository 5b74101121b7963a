/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one tile's vectors on the SystemC bench, against the reference and given expectations. The
 * bench's options and verdict are tilebench/epx_tile_command.h's; here are runs and their record.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "epx_config.h"
#include "epx_records.h"
#include "epx_tile_command.h"
#include "epx_tile_source.h"
#include "run.h"

typedef struct arguments_t {
  command_source_t source;
  epx_tile_command_t tile;
  const char *run;   /* folder, or NULL */
  int image, images; /* the first, and how many */
} arguments_t;

static void take_config(void *values, char *argument, struct argp_state *state) {
  command_take_file(&((arguments_t *)values)->source, argument, state);
}

static const epx_option_t options[] = {
    {"config", 0, "FILE", "Configuration of --vectors and --random (or CONFIG.yaml)",
     EPX_OPTION_CALL, .take = take_config},
    {"from-run", 0, "DIR", "Vectors from a training step on a trained twin's run folder",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, run)},
    {"run", .kind = EPX_OPTION_ALIAS},
    {"image", 0, "K", "With --from-run: this test image, from 0; with --images N from it",
     EPX_OPTION_WHOLE, EPX_OPTION_AT(arguments_t, image), .high = INT32_MAX},
    {"images", 0, "N", "With --from-run: number of test images (default 2, with --image 1)",
     EPX_OPTION_WHOLE, EPX_OPTION_AT(arguments_t, images), .low = 1, .high = 256},
    {0}};

static void check_arguments(void *values, struct argp_state *state) {
  arguments_t *arguments = values;
  const epx_tile_command_t *tile = &arguments->tile;
  if ((tile->vectors != NULL) + (tile->random > 0) + (arguments->run != NULL) != 1) {
    argp_error(state, "expected --vectors FILE, --random N or --from-run DIR");
  }
  command_check_run("from-run", arguments->run, &arguments->source, state);
  if (arguments->run == NULL && (arguments->image >= 0 || arguments->images > 0)) {
    argp_error(state, "--image and --images go with --from-run");
  }
  arguments->images = arguments->images > 0 ? arguments->images : arguments->image >= 0 ? 1 : 2;
  arguments->image = arguments->image >= 0 ? arguments->image : 0;
  epx_tile_command_check(&arguments->tile);
}

static const char help[] =
    "Runs one tile in SystemC (forward product, pooling, neurons, backward product, correlations, "
    "update), with vectors from a file, a generator or a training step of the twin, and compares "
    "every value with a functional reference and with given or the twin's results; events and "
    "cycles with the closed form.\v"
    "With --from-run, tile.json is written into the run folder. Exit code 1 where a single bit, "
    "event or cycle differs.";

/* The record of a run folder, which `epxbar report` shows. */
static epx_status_t write_record(const epx_tile_check_t *check, const epx_experiment_t *experiment,
                                 const epx_tile_place_t *place, const arguments_t *arguments,
                                 epx_error_t *error) {
  epx_tile_count_t compared[EPX_TILE_OUTPUTS], events[EPX_EVENT_COUNT];
  char layer[40];
  int count = 0;
  int64_t cycles = 0;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    if (check->rows[i].name != NULL) {
      compared[count++] = (epx_tile_count_t){check->rows[i].name, check->rows[i].compared};
    }
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    events[i] =
        (epx_tile_count_t){epx_event_rows()[i].name, (int64_t)epx_event_get(&check->events, i)};
  }
  for (int i = 0; i < EPX_TILE_OPERATIONS; ++i) {
    cycles += (int64_t)check->cycles[i].cycles;
  }
  epx_network_layer_name(&experiment->network, place->layer, layer);
  if (place->feedback) {
    strcat(layer, " backward");
  }
  const epx_tile_record_t record = {
      .layer = layer,
      .row_block = place->row_block,
      .column_block = place->column_block,
      .images = arguments->images,
      .compared = compared,
      .compared_count = count,
      .differing = check->differing,
      .first_difference = check->differing > 0 ? epx_tile_check_first(check) : NULL,
      .events = events,
      .event_count = EPX_EVENT_COUNT,
      .cycles = cycles,
      .vcd = arguments->tile.bench.vcd_path,
  };
  return epx_tile_record_write(arguments->run, &record, error);
}

/* The tile's share of a training step on the run's twin. */
static epx_status_t cut_vectors(const arguments_t *arguments, epx_experiment_t *experiment,
                                epx_tile_vectors_t **vectors, epx_error_t *error) {
  epx_substrate_t *twin = NULL;
  float *x = NULL;
  uint8_t *labels = NULL;
  epx_status_t status =
      run_load(arguments->run, &arguments->source, arguments->images, experiment, &twin, error);
  if (status == EPX_OK && !epx_experiment_kind(experiment)->on_chip) {
    status =
        epx_fail(error, EPX_ERR_ARGUMENT, "%s: substrate.kind is %s; tiles are those of a twin",
                 arguments->run, epx_experiment_kind(experiment)->name);
  }
  if (status == EPX_OK) {
    status = run_test_images(experiment, arguments->image, arguments->images, &x, &labels, error);
  }
  if (status == EPX_OK) {
    const epx_tile_step_t step = {
        .place = epx_tile_command_place(&arguments->tile, experiment),
        .dynamics = experiment->dynamics,
        .estimator = experiment->estimator,
        .rule = epx_trainer_rule(&experiment->training, 0),
        .x = x,
        .labels = labels,
        .images = arguments->images,
    };
    status = epx_tile_from_twin(twin, &step, vectors, error);
  }
  epx_substrate_destroy(twin);
  free(x);
  free(labels);
  return status;
}

static epx_status_t open_vectors(const arguments_t *arguments, epx_experiment_t *experiment,
                                 epx_tile_vectors_t **vectors, char from[], size_t size,
                                 epx_error_t *error) {
  const epx_tile_command_t *tile = &arguments->tile;
  if (arguments->run != NULL) {
    snprintf(from, size, "%d image%s from number %d", arguments->images,
             arguments->images == 1 ? "" : "s", arguments->image);
    return cut_vectors(arguments, experiment, vectors, error);
  }
  if (tile->vectors != NULL) {
    snprintf(from, size, "%s", tile->vectors);
  } else {
    snprintf(from, size, "%d random positions, seed %" PRIu64, tile->random, tile->seed);
  }
  const command_source_t *source = &arguments->source;
  const epx_status_t status =
      epx_config_load(source->file, source->overrides, source->override_count, experiment, error);
  return status == EPX_OK ? epx_tile_command_open(tile, experiment, vectors, error) : status;
}

int command_tile(int argc, char **argv) {
  arguments_t arguments = {.tile = epx_tile_command_default(), .image = -1};
  epx_experiment_t experiment;
  epx_tile_vectors_t *vectors = NULL;
  epx_tile_check_t check = {.compared = 0};
  epx_error_t error = {0};
  char from[512];
  const epx_command_line_t line = {
      .arguments = "[CONFIG.yaml]",
      .help = help,
      .sets = {{options, &arguments},
               {epx_tile_command_options, &arguments.tile},
               {command_common_options, &arguments.source}},
      .argument = command_take_file,
      .argument_values = &arguments.source,
      .check = check_arguments,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  status = open_vectors(&arguments, &experiment, &vectors, from, sizeof from, &error);
  if (status == EPX_OK) {
    status = epx_tile_command_run(&arguments.tile, &experiment, vectors, from, "epxbar tile",
                                  stdout, &check, &error);
  } else {
    epx_tile_command_give_up(&arguments.tile, "epxbar tile", &error);
  }
  if (arguments.run != NULL && check.ran && (status == EPX_OK || status == EPX_ERR_MISMATCH)) {
    epx_error_t record_error = {0};
    const epx_status_t written =
        write_record(&check, &experiment, &vectors->setup.place, &arguments, &record_error);
    if (written != EPX_OK && status == EPX_OK) {
      status = written;
      error = record_error;
    }
  }
  epx_tile_vectors_destroy(vectors);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
