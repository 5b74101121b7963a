/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "epx_clock.h"
#include "epx_junit.h"
#include "epx_tile_npz.h"
#include "epx_tile_source.h"
#include "epx_trainer.h"

static void take_layer(void *values, char *argument, struct argp_state *state) {
  epx_tile_command_t *command = values;
  command->place.layer = strcmp(argument, "readout") == 0
                             ? EPX_TILE_COMMAND_READOUT
                             : (int)epx_options_number("layer", argument, state, 0, EPX_MAX_LAYERS);
}

static void take_role(void *values, char *argument, struct argp_state *state) {
  epx_tile_command_t *command = values;
  if (strcmp(argument, "forward") != 0 && strcmp(argument, "backward") != 0) {
    argp_error(state, "--role %s: expected forward or backward", argument);
  }
  command->place.feedback = strcmp(argument, "backward") == 0;
  command->role = true;
}

static void take_stalls(void *values, char *argument, struct argp_state *state) {
  epx_tile_bench_options_t *bench = &((epx_tile_command_t *)values)->bench;
  bench->stall_seed = (uint32_t)epx_options_number("stalls", argument, state, 0, INT32_MAX);
  bench->stall_percent = bench->stall_percent < 0 ? 20 : bench->stall_percent;
}

#define AT(member) EPX_OPTION_AT(epx_tile_command_t, member)

const epx_option_t epx_tile_command_options[] = {
    {"vectors", 0, "FILE",
     "Vectors from the arrays of an .npz file (rtl_model/check/epx_tile_npz.h)", EPX_OPTION_TEXT,
     AT(vectors)},
    {"random", 0, "N", "Vectors of N positions drawn at random", EPX_OPTION_WHOLE, AT(random),
     .low = 1, .high = 1 << 20},
    {"seed", 0, "N", "Of --random (default 1)", EPX_OPTION_WHOLE, AT(seed), .high = INT32_MAX},
    {"write-vectors", 0, "FILE", "Write vectors and expected results as .npz", EPX_OPTION_OUTPUT,
     AT(write)},
    {"layer", 0, "N",
     "Layer, from 0, or `readout` (default 1, or 0 if there is one state layer only)",
     EPX_OPTION_CALL, .take = take_layer},
    {"role", 0, "forward|backward",
     "Where connections are unidirectional, the arrays that drive the layer (default), or its "
     "feedback arrays",
     EPX_OPTION_CALL, .take = take_role},
    {"row-block", 0, "N", "Tile's row block (default 0)", EPX_OPTION_WHOLE, AT(place.row_block),
     .high = 1 << 20},
    {"column-block", 0, "N", "Tile's column block (default 0)", EPX_OPTION_WHOLE,
     AT(place.column_block), .high = 1 << 20},
    {"stalls", 0, "SEED", "Let every channel stall at random", EPX_OPTION_CALL,
     .take = take_stalls},
    {"stall-percent", 0, "P", "Chance of a stall in a cycle, 0 to 90 (default 20)",
     EPX_OPTION_WHOLE, AT(bench.stall_percent), .high = 90},
    {"watchdog", 0, "N", "Give up after N cycles without progress (default: from the tile's size)",
     EPX_OPTION_WHOLE, AT(bench.watchdog_cycles), .low = 1, .high = INT32_MAX},
    {"vcd", 0, "FILE", "Write the waveform; that of a run that fails goes to FILE.partial",
     EPX_OPTION_OUTPUT, AT(bench.vcd_path)},
    {"update-log", 0, "FILE",
     "Write every synapse's update as CSV (rtl_model/sc/tile/epx_update_log.h)", EPX_OPTION_OUTPUT,
     AT(bench.update_log_path)},
    {"pulse-log", 0, "FILE",
     "Write every device that the update pulsed as CSV (rtl_model/array/pulse/epx_pulse_log.h)",
     EPX_OPTION_OUTPUT, AT(bench.pulse_log_path)},
    {"junit", 0, "FILE", "Write the verdict as JUnit XML", EPX_OPTION_OUTPUT, AT(junit)},
    {0}};

epx_tile_command_t epx_tile_command_default(void) {
  return (epx_tile_command_t){
      .seed = 1, .place = {-1, -1, -1, false}, .bench = {.stall_percent = -1 /* not given */}};
}

void epx_tile_command_check(epx_tile_command_t *command) {
  epx_tile_bench_options_t *bench = &command->bench;
  bench->stall_percent = bench->stall_percent < 0 ? 0 : bench->stall_percent;
}

epx_tile_place_t epx_tile_command_place(const epx_tile_command_t *command,
                                        const epx_experiment_t *experiment) {
  epx_tile_place_t place = command->place;
  const int layers = experiment->network.layer_count;
  place.layer = place.layer == EPX_TILE_COMMAND_READOUT ? layers
                : place.layer >= 0                      ? place.layer
                                                        : layers > 1;
  place.row_block = place.row_block >= 0 ? place.row_block : 0;
  place.column_block = place.column_block >= 0 ? place.column_block : 0;
  return place;
}

static epx_status_t file_place(const epx_tile_command_t *command, const epx_npz_t *npz,
                               const epx_experiment_t *experiment, epx_tile_place_t *place,
                               epx_error_t *error) {
  epx_tile_place_t file;
  bool given = false;
  const epx_status_t status = epx_tile_npz_place(npz, command->vectors, &file, &given, error);
  if (status != EPX_OK || !given) {
    *place = epx_tile_command_place(command, experiment);
    return status;
  }
  const epx_tile_place_t *asked = &command->place;
  if ((asked->layer != -1 && epx_tile_command_place(command, experiment).layer != file.layer) ||
      (asked->row_block >= 0 && asked->row_block != file.row_block) ||
      (asked->column_block >= 0 && asked->column_block != file.column_block) ||
      (command->role && asked->feedback != file.feedback)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: array 'tile' says layer %d, row block %d, column block %d%s; the options "
                    "ask for another",
                    command->vectors, file.layer, file.row_block, file.column_block,
                    file.feedback ? ", feedback arrays" : "");
  }
  *place = file;
  return EPX_OK;
}

static epx_status_t make_setup(const epx_experiment_t *experiment, epx_tile_place_t place,
                               epx_tile_setup_t *setup, epx_error_t *error) {
  epx_plan_t *plan = NULL;
  const epx_update_rule_t rule = epx_trainer_rule(&experiment->training, 0);
  epx_status_t status = epx_plan_make(&experiment->network, &experiment->chip, NULL, &plan, error);
  if (status == EPX_OK) {
    status = epx_tile_setup_make(plan, place, &experiment->estimator, &rule,
                                 experiment->training.batch, setup, error);
  }
  epx_plan_destroy(plan);
  return status;
}

epx_status_t epx_tile_command_open(const epx_tile_command_t *command,
                                   const epx_experiment_t *experiment, epx_tile_vectors_t **vectors,
                                   epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_tile_setup_t setup;
  epx_tile_place_t place = epx_tile_command_place(command, experiment);
  epx_status_t status = EPX_OK;
  if (!epx_experiment_kind(experiment)->on_chip) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "substrate.kind is %s; tiles are those of a twin",
                    epx_experiment_kind(experiment)->name);
  }
  if (command->vectors != NULL) {
    status = epx_npz_read(command->vectors, &npz, error);
    status = status == EPX_OK ? file_place(command, npz, experiment, &place, error) : status;
  }
  status = status == EPX_OK ? make_setup(experiment, place, &setup, error) : status;
  if (status == EPX_OK && npz != NULL && !epx_tile_npz_says_formats(npz)) {
    fprintf(stderr,
            "%s: no array 'formats'; its codes are taken in the formats of the "
            "configuration\n",
            command->vectors);
  }
  if (status == EPX_OK) {
    status = npz != NULL ? epx_tile_npz_read(npz, command->vectors, &setup, vectors, error)
                         : epx_tile_random(&setup, command->random, command->seed, vectors, error);
  }
  epx_npz_destroy(npz);
  return status;
}

/* The given expectations, else the reference's, and the vectors. */
static epx_status_t write_vectors(epx_tile_vectors_t *vectors, const char *path,
                                  epx_error_t *error) {
  epx_tile_answer_t reference;
  bool given = false;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    given = given || vectors->expect[i] != NULL;
  }
  epx_status_t status = given ? EPX_OK : epx_tile_answer_create(vectors, &reference, error);
  if (!given && status == EPX_OK) {
    status = epx_tile_answer_compute(vectors, &reference, error);
    status = status == EPX_OK ? epx_tile_answer_expect(&reference, vectors, error) : status;
    epx_tile_answer_clear(&reference);
  }
  return status == EPX_OK ? epx_tile_npz_write(path, vectors, error) : status;
}

static epx_status_t write_junit(const epx_tile_check_t *check, const char *path, const char *suite,
                                double seconds, epx_error_t *error) {
  epx_junit_case_t cases[EPX_TILE_OUTPUTS + 2];
  int count = 0;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    const epx_tile_check_row_t *row = &check->rows[i];
    if (row->name != NULL) {
      cases[count++] = (epx_junit_case_t){row->name, row->compared, row->differing,
                                          row->first_difference, false};
    }
  }
  if (check->counted) {
    cases[count++] =
        (epx_junit_case_t){"event counters", EPX_EVENT_COUNT, check->unequal_events, "", false};
  }
  if (check->timed) {
    cases[count++] =
        (epx_junit_case_t){"cycles", EPX_TILE_OPERATIONS, check->unequal_cycles, "", false};
  }
  return epx_junit_write(path, suite, cases, count, seconds, error);
}

void epx_tile_command_give_up(const epx_tile_command_t *command, const char *suite,
                              const epx_error_t *why) {
  epx_error_t second = {0}; /* of less interest than why there is no verdict */
  if (command->junit != NULL) {
    const epx_status_t written =
        epx_junit_write_error(command->junit, suite, why->message, &second);
    (void)written;
  }
}

epx_status_t epx_tile_command_run(const epx_tile_command_t *command,
                                  const epx_experiment_t *experiment, epx_tile_vectors_t *vectors,
                                  const char *from, const char *suite, FILE *out,
                                  epx_tile_check_t *check, epx_error_t *error) {
  const epx_tile_place_t *place = &vectors->setup.place;
  char layer[24];
  const double start = epx_clock_seconds();
  epx_status_t status =
      command->write != NULL ? write_vectors(vectors, command->write, error) : EPX_OK;
  if (status == EPX_OK) {
    status = epx_tile_check_run(vectors, &command->bench, check, error);
  }
  if (status != EPX_OK) {
    epx_tile_command_give_up(command, suite, error);
    return status;
  }
  epx_network_layer_name(&experiment->network, place->layer, layer);
  fprintf(out, "tile %s%s, row block %d, column block %d; %s\n", layer,
          place->feedback ? " backward" : "", place->row_block, place->column_block, from);
  epx_tile_check_print(check, out);
  if (command->junit != NULL) {
    status = write_junit(check, command->junit, suite, epx_clock_seconds() - start, error);
  }
  if (status == EPX_OK && epx_tile_check_failed(check)) {
    status =
        epx_fail(error, EPX_ERR_MISMATCH,
                 "%" PRId64 " of %" PRId64
                 " values, %d event counters and the cycles of %d operations differ",
                 check->differing, check->compared, check->unequal_events, check->unequal_cycles);
  }
  return status;
}
