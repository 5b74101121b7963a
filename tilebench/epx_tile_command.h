/* SPDX-License-Identifier: Apache-2.0 */
/* A tile bench as a command: its options, its vectors, the run, the verdict. `epxbar tile` and the
 * programs of designers (epx_tile_main.h) share it. */
#ifndef EPX_TILE_COMMAND_H
#define EPX_TILE_COMMAND_H

#include "epx_experiment.h"
#include "epx_options.h"
#include "epx_tile_check.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_TILE_COMMAND_READOUT = -2 };

typedef struct epx_tile_command_t {
  const char *vectors; /* .npz, or NULL */
  int random;          /* positions; 0: none asked for */
  uint64_t seed;
  epx_tile_place_t place; /* -1: not given; layer: EPX_TILE_COMMAND_READOUT too */
  bool role;              /* place.feedback was given */
  epx_tile_bench_options_t bench;
  const char *write, *junit; /* files, or NULL */
} epx_tile_command_t;

/* What nothing on the command line means. */
epx_tile_command_t epx_tile_command_default(void);

/* The options --vectors, --random, --seed, --layer, --role, --row-block, --column-block,
 * --write-vectors, --stalls, --stall-percent, --watchdog, --vcd, --update-log, --pulse-log and
 * --junit, to stand beside a program's own; their values are an epx_tile_command_t. */
extern const epx_option_t epx_tile_command_options[];

/* After the last option: what was not given takes its default. */
void epx_tile_command_check(epx_tile_command_t *command);

/* The tile that was asked for, or layer 1 (0 if there is one only), blocks 0, 0. */
epx_tile_place_t epx_tile_command_place(const epx_tile_command_t *command,
                                        const epx_experiment_t *experiment);

/* Vectors of --vectors or --random, for the twin that the experiment describes. Options may name
 * the tile where the file does not, and must agree where it does. */
EPX_CHECKED epx_status_t epx_tile_command_open(const epx_tile_command_t *command,
                                               const epx_experiment_t *experiment,
                                               epx_tile_vectors_t **vectors, epx_error_t *error);

/* Where the vectors could not be had: JUnit XML with the error, where asked for. */
void epx_tile_command_give_up(const epx_tile_command_t *command, const char *suite,
                              const epx_error_t *why);

/* Writes the vectors where asked for, runs them, prints a line and the table to `out`, writes JUnit
 * XML where asked for, also of a run that ended in an error. `from`: where the vectors come from,
 * in words. EPX_ERR_MISMATCH where anything differs, after all that; *check then is whole too. */
EPX_CHECKED epx_status_t epx_tile_command_run(const epx_tile_command_t *command,
                                              const epx_experiment_t *experiment,
                                              epx_tile_vectors_t *vectors, const char *from,
                                              const char *suite, FILE *out, epx_tile_check_t *check,
                                              epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
