/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program. Each takes its own arguments (argv[0]: "epxbar NAME") and returns
 * the exit code: 0 ok, 1 the run failed, 2 usage, configuration or data. */
#ifndef COMMAND_H
#define COMMAND_H

#include "epx_options.h"
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

/* What several commands share: a configuration file, overrides, threads. */
enum { COMMAND_MAX_OVERRIDES = 128 };

typedef struct command_source_t {
  const char *file; /* NULL: the embedded default */
  const char *overrides[COMMAND_MAX_OVERRIDES];
  char data[600]; /* the override that --data makes */
  int override_count;
} command_source_t;

/* Adds an override; false where there are too many. */
int command_add_override(command_source_t *source, const char *text);

/* --set, --data and --threads; their values are a command_source_t. */
extern const epx_option_t command_common_options[];

/* Takes the positional argument CONFIG.yaml into the command_source_t `source`; a second one is an
 * error of usage. */
void command_take_file(void *source, char *argument, struct argp_state *state);

/* An error of usage where a run folder (or NULL) and a configuration are given; `option` names the
 * run folder. */
void command_check_run(const char *option, const char *run, const command_source_t *source,
                       struct argp_state *state);

/* A nudging factor of an option, in the range of the key estimator.beta; false where it is none. */
bool command_take_beta(const char *text, double *beta);

#ifdef __cplusplus
}
#endif
#endif
