/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one tile's vectors on the SystemC bench, against the reference and given expectations. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "epx_clock.h"
#include "epx_records.h"
#include "junit.h"
#include "tile_source.h"

enum {
  KEY_CONFIG = 0x200,
  KEY_VECTORS,
  KEY_RANDOM,
  KEY_SEED,
  KEY_RUN,
  KEY_IMAGE,
  KEY_IMAGES,
  KEY_LAYER,
  KEY_ROW_BLOCK,
  KEY_COLUMN_BLOCK,
  KEY_WRITE,
  KEY_VCD,
  KEY_LOG,
  KEY_STALLS,
  KEY_PERCENT,
  KEY_JUNIT
};

typedef struct arguments_t {
  tile_source_t source;
  epx_tile_bench_options_t bench;
  const char *write, *junit;
} arguments_t;

static const struct argp_option options[] = {
    {0, 0, 0, 0, "Vectors, from one of", 1},
    {"vectors", KEY_VECTORS, "FILE", 0, "Arrays of an .npz file (rtl_model/bench/epx_tile_npz.h)",
     1},
    {"random", KEY_RANDOM, "N", 0, "N positions drawn at random", 1},
    {"from-run", KEY_RUN, "DIR", 0, "A training step on a trained twin's run folder", 1},
    {"run", 0, 0, OPTION_ALIAS, 0, 1},
    {0, 0, 0, 0, "Which tile", 2},
    {"config", KEY_CONFIG, "FILE", 0, "Configuration of --vectors and --random (or CONFIG.yaml)",
     2},
    {"layer", KEY_LAYER, "N", 0, "State layer, from 0 (default 1, or 0 if there is one only)", 2},
    {"row-block", KEY_ROW_BLOCK, "N", 0, "Tile's row block (default 0)", 2},
    {"column-block", KEY_COLUMN_BLOCK, "N", 0, "Tile's column block (default 0)", 2},
    {0, 0, 0, 0, "The bench", 3},
    {"seed", KEY_SEED, "N", 0, "Of --random (default 1)", 3},
    {"image", KEY_IMAGE, "K", 0,
     "With --from-run: this test image, from 0; with --images N from it", 3},
    {"images", KEY_IMAGES, "N", 0,
     "With --from-run: number of test images (default 2, with --image 1)", 3},
    {"write-vectors", KEY_WRITE, "FILE", 0, "Write vectors and expected results as .npz", 3},
    {"stalls", KEY_STALLS, "SEED", 0, "Let every channel stall at random", 3},
    {"stall-percent", KEY_PERCENT, "P", 0, "Chance of a stall in a cycle, 0 to 90 (default 20)", 3},
    {"vcd", KEY_VCD, "FILE", 0, "Write the waveform", 3},
    {"update-log", KEY_LOG, "FILE", 0,
     "Write every synapse's update as CSV (rtl_model/sc/epx_update_log.h)", 3},
    {"junit", KEY_JUNIT, "FILE", 0, "Write the verdict as JUnit XML", 3},
    COMMAND_COMMON_OPTIONS,
    {0},
};

static void check_arguments(const arguments_t *arguments, struct argp_state *state) {
  const tile_source_t *source = &arguments->source;
  const int sources = (source->vectors != NULL) + (source->random > 0) + (source->run != NULL);
  if (sources != 1) {
    argp_error(state, "expected --vectors FILE, --random N or --from-run DIR");
  }
  if (source->run != NULL && source->config.file != NULL) {
    argp_error(state, "--from-run %s brings its own configuration; leave out %s", source->run,
               source->config.file);
  }
  if (source->run == NULL && (source->image >= 0 || source->images > 0)) {
    argp_error(state, "--image and --images go with --from-run");
  }
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  arguments_t *arguments = state->input;
  tile_source_t *source = &arguments->source;
  epx_tile_bench_options_t *bench = &arguments->bench;
  switch (key) {
    case KEY_CONFIG:
      return command_file_argument(argument, state, &source->config);
    case KEY_VECTORS:
      source->vectors = argument;
      return 0;
    case KEY_RANDOM:
      source->random = command_number("--random", argument, state, 1, 1 << 20);
      return 0;
    case KEY_SEED:
      source->seed = (uint64_t)command_number("--seed", argument, state, 0, INT32_MAX);
      return 0;
    case KEY_RUN:
      source->run = argument;
      return 0;
    case KEY_IMAGE:
      source->image = command_number("--image", argument, state, 0, INT32_MAX);
      return 0;
    case KEY_IMAGES:
      source->images = command_number("--images", argument, state, 1, 256);
      return 0;
    case KEY_LAYER:
      source->place.layer = command_number("--layer", argument, state, 0, EPX_MAX_LAYERS);
      return 0;
    case KEY_ROW_BLOCK:
      source->place.row_block = command_number("--row-block", argument, state, 0, 1 << 20);
      return 0;
    case KEY_COLUMN_BLOCK:
      source->place.column_block = command_number("--column-block", argument, state, 0, 1 << 20);
      return 0;
    case KEY_WRITE:
      arguments->write = argument;
      return 0;
    case KEY_VCD:
      bench->vcd_path = argument;
      return 0;
    case KEY_LOG:
      bench->update_log_path = argument;
      return 0;
    case KEY_STALLS:
      bench->stall_seed = (uint32_t)command_number("--stalls", argument, state, 0, INT32_MAX);
      bench->stall_percent = bench->stall_percent < 0 ? 20 : bench->stall_percent;
      return 0;
    case KEY_PERCENT:
      bench->stall_percent = command_number("--stall-percent", argument, state, 0, 90);
      return 0;
    case KEY_JUNIT:
      arguments->junit = argument;
      return 0;
    case ARGP_KEY_END:
      check_arguments(arguments, state);
      bench->stall_percent = bench->stall_percent < 0 ? 0 : bench->stall_percent;
      source->images = source->images > 0 ? source->images : source->image >= 0 ? 1 : 2;
      source->image = source->image >= 0 ? source->image : 0;
      return 0;
    case ARGP_KEY_ARG:
      return command_file_argument(argument, state, &source->config);
    default:
      return command_common_option(key, argument, state, &source->config);
  }
}

static const struct argp argp = {
    options,
    parse,
    "[CONFIG.yaml]",
    "Runs one tile in SystemC (forward product, pooling, neurons, backward product, correlations, "
    "update), with vectors from a file, a generator or a training step of the twin, and compares "
    "every value with a functional reference and with given or the twin's results; events and "
    "cycles with the closed form.\v"
    "With --from-run, tile.json is written into the run folder. Exit code 1 where a single bit, "
    "event or cycle differs.",
    0,
    0,
    0};

/* The record of a run folder, which `epxbar report` shows. */
static epx_status_t write_record(const epx_tile_check_t *check, const tile_vectors_t *tile,
                                 const arguments_t *arguments, epx_error_t *error) {
  epx_tile_count_t compared[EPX_TILE_OUTPUTS], events[EPX_EVENT_COUNT];
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
  const epx_tile_place_t *place = &tile->vectors->setup.place;
  const epx_tile_record_t record = {
      .layer = tile->layer,
      .row_block = place->row_block,
      .column_block = place->column_block,
      .images = arguments->source.images,
      .compared = compared,
      .compared_count = count,
      .differing = check->differing,
      .first_difference = check->differing > 0 ? epx_tile_check_first(check) : NULL,
      .events = events,
      .event_count = EPX_EVENT_COUNT,
      .cycles = cycles,
      .vcd = arguments->bench.vcd_path,
  };
  return epx_tile_record_write(arguments->source.run, &record, error);
}

static epx_status_t write_junit(const epx_tile_check_t *check, const char *path, double seconds,
                                epx_error_t *error) {
  junit_case_t cases[EPX_TILE_OUTPUTS + 2];
  int count = 0;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    const epx_tile_check_row_t *row = &check->rows[i];
    if (row->name != NULL) {
      cases[count++] =
          (junit_case_t){row->name, row->compared, row->differing, row->first_difference};
    }
  }
  cases[count++] = (junit_case_t){"event counters", EPX_EVENT_COUNT, check->unequal_events, ""};
  if (check->timed) {
    cases[count++] = (junit_case_t){"cycles", EPX_TILE_OPERATIONS, check->unequal_cycles, ""};
  }
  return junit_write(path, "epxbar tile", cases, count, seconds, error);
}

/* The given expectations, else the reference's, and the vectors. */
static epx_status_t write_vectors(epx_tile_vectors_t *vectors, const char *path,
                                  epx_error_t *error) {
  epx_tile_answer_t reference;
  bool given = false;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    given = given || vectors->expect[i] != NULL;
  }
  if (!given) {
    epx_status_t status = epx_tile_answer_create(vectors, &reference, error);
    if (status != EPX_OK) {
      return status;
    }
    epx_tile_answer_compute(vectors, &reference);
    status = epx_tile_answer_expect(&reference, vectors, error);
    epx_tile_answer_clear(&reference);
    if (status != EPX_OK) {
      return status;
    }
  }
  return epx_tile_npz_write(path, vectors, error);
}

static epx_status_t run_bench(const arguments_t *arguments, const tile_vectors_t *tile,
                              epx_error_t *error) {
  epx_tile_check_t check;
  const epx_tile_place_t *place = &tile->vectors->setup.place;
  const double start = epx_clock_seconds();
  epx_status_t status = epx_tile_check_run(tile->vectors, &arguments->bench, &check, error);
  if (status != EPX_OK) {
    return status;
  }
  printf("tile %s, row block %d, column block %d; %s\n", tile->layer, place->row_block,
         place->column_block, tile->source);
  epx_tile_check_print(&check, stdout);
  if (arguments->source.run != NULL) {
    status = write_record(&check, tile, arguments, error);
  }
  if (status == EPX_OK && arguments->junit != NULL) {
    status = write_junit(&check, arguments->junit, epx_clock_seconds() - start, error);
  }
  if (status == EPX_OK && epx_tile_check_failed(&check)) {
    status = epx_fail(error, EPX_ERR_MISMATCH,
                      "%" PRId64 " of %" PRId64
                      " values, %d event counters and the cycles of %d operations differ",
                      check.differing, check.compared, check.unequal_events, check.unequal_cycles);
  }
  return status;
}

int command_tile(int argc, char **argv) {
  arguments_t arguments = {.source = {.place = {-1, -1, -1}, .image = -1, .seed = 1},
                           .bench = {.stall_percent = -1}};
  tile_vectors_t tile = {.vectors = NULL};
  epx_error_t error = {0};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  epx_status_t status = tile_vectors_open(&arguments.source, &tile, &error);
  if (status == EPX_OK && arguments.write != NULL) {
    status = write_vectors(tile.vectors, arguments.write, &error);
  }
  status = status == EPX_OK ? run_bench(&arguments, &tile, &error) : status;
  epx_tile_vectors_destroy(tile.vectors);
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
