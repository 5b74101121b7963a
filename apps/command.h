/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program. Each takes its own arguments (argv[0]: "epxbar NAME") and returns
 * the exit code: 0 ok, 1 the run failed, 2 usage, configuration or data. */
#ifndef COMMAND_H
#define COMMAND_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

int command_main(int argc, char **argv);

int command_train(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_gradient(int argc, char **argv);
int command_bias(int argc, char **argv);
int command_converge(int argc, char **argv);
int command_tile(int argc, char **argv);
int command_chip(int argc, char **argv);
int command_report(int argc, char **argv);
int command_config(int argc, char **argv);

/* Prints "epxbar: MESSAGE" to stderr and returns the exit code of the status. */
int command_failed(epx_status_t status, const epx_error_t *error);

/* Options that several commands share: a configuration file, overrides, threads. */
enum {
  COMMAND_MAX_OVERRIDES = 128,
  COMMAND_KEY_DATA = 0x100,
  COMMAND_KEY_SET,
  COMMAND_KEY_THREADS
};

typedef struct command_source_t {
  const char *file; /* NULL: the embedded default */
  const char *overrides[COMMAND_MAX_OVERRIDES];
  char data[600]; /* the override that --data makes */
  int override_count;
} command_source_t;

/* Adds an override; false where there are too many. */
int command_add_override(command_source_t *source, const char *text);

struct argp_state;
/* Takes the positional argument CONFIG.yaml; a second one is an error of usage. */
int command_file_argument(char *argument, struct argp_state *state, command_source_t *source);
/* A whole number from low to high; else an error of usage that names the option. */
int command_number(const char *option, const char *argument, struct argp_state *state, int low,
                   int high);
/* Handles --set, --data and --threads; returns 0 where it did, else ARGP_ERR_UNKNOWN. */
int command_common_option(int key, char *argument, struct argp_state *state,
                          command_source_t *source);

#define COMMAND_COMMON_OPTIONS                                                                       \
  {"set", COMMAND_KEY_SET, "KEY=VALUE", 0, "Override a key, e.g. training.epochs=3 (repeatable)",    \
   0},                                                                                               \
      {"data", COMMAND_KEY_DATA, "DIR", 0, "Folder of the data set (short for --set data.path=DIR)", \
       0},                                                                                           \
  {                                                                                                  \
    "threads", COMMAND_KEY_THREADS, "N", 0, "Threads; results do not depend on it (default: all)",   \
        0                                                                                            \
  }

#ifdef __cplusplus
}
#endif
#endif
